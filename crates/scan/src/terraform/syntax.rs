//! Terraform's language as a tree of our own, in which every part knows its place.
//!
//! Owns: the types that HCL and `.tf.json` are both read into. Not here: reading them (`parse`, `json_syntax`), what they mean (`evaluate`).

use std::collections::BTreeSet;

use crate::source::Place;

/// What stands between two braces, or in a whole file.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) attributes: Vec<Attribute>,
    pub(super) blocks: Vec<Block>,
}

/// `name = value`.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Expr,
}

/// `kind "label" "label" { … }`.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    /// From the kind to the last label.
    pub(super) head: Place,
    pub(super) body: Body,
}

/// An expression.
#[derive(Debug)]
pub(super) struct Expr {
    pub(super) place: Place,
    pub(super) kind: ExprKind,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    Null,
    Bool(bool),
    Number(f64),
    /// A string; one without references is a single literal.
    Template(Vec<Part>),
    List(Vec<Expr>),
    Object(Vec<(Expr, Expr)>),
    /// `aws_sqs_queue.orders[0].arn`: where it starts, and the steps from there.
    Path(Start, Vec<Step>),
    Conditional(Box<[Expr; 3]>),
    Call(Box<Call>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Box<(Expr, Operator, Expr)>),
    For(Box<For>),
}

/// What a path starts from.
#[derive(Debug)]
pub(super) enum Start {
    /// `aws_sqs_queue`, `var`, `each`.
    Name(String),
    /// Any other expression.
    Expr(Box<Expr>),
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    /// `.name`.
    Attribute(String),
    /// `[expression]` and `.0`.
    Index(Expr),
    /// `[*]`: all steps that follow go on from each item.
    Splat,
    /// `.*`: only attributes that follow directly go on from each item.
    AttributeSplat,
}

/// `name(arguments)`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<Expr>,
    /// Whether the last argument is a list that stands for many.
    pub(super) expand: bool,
}

/// `[for key, value in collection : result if condition]`, with `{ … : key => result }` for maps.
#[derive(Debug)]
pub(super) struct For {
    pub(super) key: Option<String>,
    pub(super) value: String,
    pub(super) collection: Expr,
    /// Present for maps.
    pub(super) result_key: Option<Expr>,
    pub(super) result: Expr,
    pub(super) condition: Option<Expr>,
    /// Whether values of equal keys are gathered in lists.
    pub(super) grouping: bool,
}

/// A part of a template.
#[derive(Debug)]
pub(super) enum Part {
    /// Characters. The place is that of exactly these characters, where they stand unescaped in the file.
    Literal(String, Option<Place>),
    /// `${…}`.
    Value(Expr),
    /// `%{ if … }`.
    If(Box<Expr>, Vec<Part>, Vec<Part>),
    /// `%{ for … }`.
    For { key: Option<String>, value: String, collection: Box<Expr>, body: Vec<Part> },
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    And,
    Or,
}

impl Body {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Expr> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }

    /// Puts what an override says in the place of what is here: each attribute by its name, and all nested blocks of a kind by those
    /// of the override. JSON writes both alike, so that either takes the other's place too.
    pub(super) fn merge(&mut self, over: Self) {
        let said: BTreeSet<&str> = over
            .attributes
            .iter()
            .map(|it| it.name.as_str())
            .chain(over.blocks.iter().map(Block::makes))
            .collect();
        self.attributes.retain(|attribute| !said.contains(attribute.name.as_str()));
        self.blocks.retain(|block| !said.contains(block.makes()));
        self.attributes.extend(over.attributes);
        self.blocks.extend(over.blocks);
    }
}

impl Block {
    /// The kind of the blocks that it stands for: `dynamic "statement"` makes those of `statement`.
    fn makes(&self) -> &str {
        match self.labels.first() {
            Some(label) if self.kind == "dynamic" => label,
            _ => &self.kind,
        }
    }
}

impl Expr {
    /// A text without references, with the place of its characters where they stand as they are.
    pub(super) fn text(place: Place, text: impl Into<String>, at: Option<Place>) -> Self {
        Self { place, kind: ExprKind::Template(vec![Part::Literal(text.into(), at)]) }
    }

    /// The characters of a text without references.
    pub(super) fn as_literal(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Template(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Literal(text, _)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name, when this is one alone.
    pub(super) fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Path(Start::Name(name), steps) if steps.is_empty() => Some(name),
            _ => None,
        }
    }
}
