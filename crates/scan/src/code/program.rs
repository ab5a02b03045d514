//! The small language that JavaScript, TypeScript and Python are lowered into.
//!
//! Owns: what is left of a file once only data flow matters. Invariants: no deeper than [`DEPTH_LIMIT`], so that walking it by recursion
//! is safe; what has no counterpart is [`Kind::Opaque`] with its parts kept. Not here: how files are lowered (`javascript`, `python`),
//! what it means (`machine`).

use crate::source::{FileId, Place};

/// How deep expressions and statements may nest. What is deeper is left out and said to be unknown.
pub(super) const DEPTH_LIMIT: u32 = 90;

/// One file.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) language: Language,
    /// What runs when it is loaded.
    pub(super) body: Vec<Statement>,
    pub(super) functions: Vec<FunctionCode>,
    pub(super) classes: Vec<ClassCode>,
    /// Whether parts of it could not be parsed or were too deep.
    pub(super) holes: bool,
    origin: Origin,
}

/// Where the text of a program comes from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) file: FileId,
    /// For code inside another file: where its lines start, in the code and in the file.
    pub(super) lines: Vec<(u32, u32)>,
}

impl Program {
    pub(super) fn new(language: Language, origin: Origin) -> Self {
        let (body, functions, classes) = (Vec::new(), Vec::new(), Vec::new());
        Self { language, body, functions, classes, holes: false, origin }
    }

    pub(super) fn file(&self) -> FileId {
        self.origin.file
    }

    /// Where a stretch of the program stands in its file.
    pub(super) fn place(&self, span: Span) -> Place {
        let (start, end) = (self.origin.offset(span.start), self.origin.offset(span.end));
        Place { file: self.origin.file, start, end: end.max(start) }
    }
}

impl Origin {
    fn offset(&self, at: u32) -> u32 {
        let line = self.lines.partition_point(|(code, _)| *code <= at).checked_sub(1);
        match line.and_then(|line| self.lines.get(line)) {
            Some((code, file)) => file.saturating_add(at - code),
            None => at,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    JavaScript,
    TypeScript,
    Tsx,
    Python,
}

/// A stretch of the program's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Debug)]
pub(super) struct FunctionCode {
    pub(super) name: Option<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Vec<Statement>,
    pub(super) decorators: Vec<Expression>,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) pattern: Pattern,
    pub(super) default: Option<Expression>,
    pub(super) rest: Rest,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    One,
    /// All further arguments by position.
    Positional,
    /// All further arguments by name.
    Named,
}

#[derive(Debug)]
pub(super) struct ClassCode {
    pub(super) name: Option<String>,
    pub(super) base: Option<Expression>,
    pub(super) fields: Vec<Field>,
    /// Methods by name, as indexes of [`Program::functions`].
    pub(super) methods: Vec<(String, usize)>,
}

/// How the method is called that runs when a field is set. No program can name it.
pub(super) fn setter(field: &str) -> String {
    format!("set {field}")
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Expression,
    pub(super) shared: bool,
}

#[derive(Debug)]
pub(super) enum Statement {
    Run(Expression),
    Bind {
        pattern: Pattern,
        value: Expression,
        /// `const`, `let`, `var`, a parameter: a new name; not the change of an old one.
        declares: bool,
    },
    Function(usize),
    Class(usize),
    Return(Expression),
    Throw(Option<Expression>),
    If {
        test: Expression,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Loop {
        each: Option<(Pattern, Expression)>,
        test: Option<Expression>,
        body: Vec<Statement>,
    },
    Switch {
        subject: Expression,
        cases: Vec<(Option<Expression>, Vec<Statement>)>,
    },
    Try {
        body: Vec<Statement>,
        handlers: Vec<Handler>,
        last: Vec<Statement>,
    },
    Block(Vec<Statement>),
    /// `break` and `continue`.
    Leave,
    /// Python's `global` and `nonlocal`.
    Outer(Vec<String>),
    Import(ImportCode),
    Export(Export),
}

/// What is done with errors.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) name: Option<Pattern>,
    /// Whether it says that it takes every error, whoever made it: `except Exception`.
    pub(super) takes_all: bool,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug)]
pub(super) struct ImportCode {
    /// `./db`, `@aws-sdk/client-s3`; for Python dotted, with leading dots where it is relative.
    pub(super) module: String,
    pub(super) names: Vec<ImportedName>,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum ImportedName {
    /// The module itself, or all it exports, under a name.
    Whole(String),
    /// One of its exports (`default` too) under a name.
    One { exported: String, local: String },
    /// Everything, under its own names.
    All,
}

#[derive(Debug)]
pub(super) enum Export {
    /// A local name under an exported one.
    Local { local: String, exported: String },
    /// `export default …`.
    Default(Expression),
    /// What another module exports.
    From { module: String, names: Vec<(String, String)>, span: Span },
    /// Everything another module exports.
    AllFrom { module: String, span: Span },
}

#[derive(Debug)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) enum Kind {
    Name(String),
    This,
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    Regex(String),
    /// Texts and values put together: templates, `+`, `%`, f-strings.
    Join(Vec<Expression>),
    /// A template that a function takes apart: the function and the values.
    Tagged(Box<Expression>, Vec<Expression>),
    Member(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    Call(Box<Call>),
    Object(Vec<Entry>),
    List(Vec<Expression>),
    Spread(Box<Expression>),
    /// The first that is there: `||`, `??`, `or`.
    Either(Box<Expression>, Box<Expression>),
    /// Both: `&&`, `and`.
    Both(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    /// Arithmetic and other operators whose result is no text of the parts.
    Arithmetic(Vec<Expression>),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    Function(usize),
    Class(usize),
    Assign(Box<Pattern>, Box<Expression>),
    /// A comprehension: names bound to elements, tests, and what is made.
    Each {
        bindings: Vec<(Pattern, Expression)>,
        tests: Vec<Expression>,
        made: Vec<Expression>,
    },
    /// Each of them, and the last one's value.
    Sequence(Vec<Expression>),
    /// What gives a value back in steps: `yield`.
    Yield(Box<Expression>),
    /// Anything else, with its parts.
    Opaque(Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Different,
    In,
    NotIn,
    Other,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) callee: Expression,
    pub(super) arguments: Vec<Expression>,
    pub(super) named: Vec<(String, Expression)>,
    /// Mappings that are spread into named arguments.
    pub(super) spread: Vec<Expression>,
}

#[derive(Debug)]
pub(super) enum Entry {
    Named(String, Expression),
    Computed(Expression, Expression),
    Spread(Expression),
}

#[derive(Debug)]
pub(super) enum Pattern {
    Name(String, Span),
    Member(Expression, String),
    Index(Expression, Expression),
    Object(Vec<Part>),
    List(Vec<Pattern>),
    Default(Box<Pattern>, Box<Expression>),
    Rest(Box<Pattern>),
    Ignore,
}

/// A named part of an object pattern.
#[derive(Debug)]
pub(super) struct Part {
    /// `None` for the rest.
    pub(super) key: Option<String>,
    pub(super) pattern: Pattern,
    pub(super) span: Span,
}

impl Expression {
    pub(super) fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span }
    }

    /// What it is called where it can be named: `event.body.name`.
    pub(super) fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.clone()),
            Kind::This => Some("this".to_owned()),
            Kind::Member(object, name) => Some(format!("{}.{name}", object.path()?)),
            Kind::Index(object, key) => match &key.kind {
                Kind::Text(name) => Some(format!("{}.{name}", object.path()?)),
                Kind::Number(number) => Some(format!("{}[{number}]", object.path()?)),
                _ => None,
            },
            // `event.get("body")`
            Kind::Call(call) => match (&call.callee.kind, call.arguments.first().map(|first| &first.kind)) {
                (Kind::Member(object, get), Some(Kind::Text(name))) if get == "get" => {
                    Some(format!("{}.{name}", object.path()?))
                }
                _ => None,
            },
            Kind::Either(first, _) => first.path(),
            _ => None,
        }
    }
}
