//! Which names code mentions, and by which names the functions and classes of a file can be had.
//!
//! What no code that runs mentions, nobody calls: a helper that a function's file imports does not make its neighbours the function's
//! own. Invariant: whatever may name something counts as mentioning it (a member, a string, a name in a pattern); only declarations and
//! lists of exports do not. Not here: which code runs (`machine`).

use std::collections::{BTreeMap, BTreeSet};

use super::program::{
    Call, Entry, Export, Expression, FunctionCode, ImportCode, ImportedName, Kind, Pattern, Program,
    Statement, setter,
};

/// What a stretch of code mentions.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Names, members and strings.
    pub(super) names: BTreeSet<String>,
    /// Names that stand for themselves, and not for what one of their members is.
    pub(super) bare: BTreeSet<String>,
}

/// Names of one function that are kept: what has more of them counts as having none, so that anything may call it.
const MAX_NAMES: usize = 64;

/// By which names a file's own functions and classes can be had.
#[derive(Debug, Default)]
pub(super) struct Names {
    functions: BTreeMap<usize, BTreeSet<String>>,
    classes: BTreeMap<usize, BTreeSet<String>>,
    /// What the file calls the modules that a name stands for as a whole, by the first part of that name.
    wholes: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// Of a file.
    pub(super) fn of(program: &Program) -> Self {
        let mut names = Self::default();
        let mut aliases = Vec::new();
        for statement in &program.body {
            names.declared(program, statement, &mut aliases);
        }
        let mut exported: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (local, name) in aliases {
            exported.entry(local).or_default().insert(name);
        }
        names.functions.retain(|_, known| follow(known, &exported));
        names.classes.retain(|_, known| follow(known, &exported));
        names
    }

    /// The names of a function that the file itself declares; none where it has none, so that anything may call it.
    pub(super) fn function(&self, index: usize) -> Option<&BTreeSet<String>> {
        self.functions.get(&index)
    }

    /// The names of a class that the file itself declares.
    pub(super) fn class(&self, index: usize) -> Option<&BTreeSet<String>> {
        self.classes.get(&index)
    }

    /// What the file calls the modules that a name stands for.
    pub(super) fn modules(&self, name: &str) -> impl Iterator<Item = &str> {
        self.wholes.get(name).into_iter().flatten().map(String::as_str)
    }

    /// `import a.b` binds `a`.
    fn whole(&mut self, local: &str, module: String) {
        let first = local.split('.').next().unwrap_or(local);
        self.wholes.entry(first.to_owned()).or_default().insert(module);
    }

    fn declared(&mut self, program: &Program, statement: &Statement, aliases: &mut Vec<(String, String)>) {
        match statement {
            Statement::Function(index) => {
                let name = program.functions.get(*index).and_then(|code| code.name.clone());
                self.functions.entry(*index).or_default().extend(name);
            }
            Statement::Class(index) => {
                let name = program.classes.get(*index).and_then(|code| code.name.clone());
                self.classes.entry(*index).or_default().extend(name);
            }
            Statement::Bind { pattern, value, .. } => self.bound(pattern, value, aliases),
            Statement::Run(Expression { kind: Kind::Assign(pattern, value), .. }) => {
                self.bound(pattern, value, aliases);
            }
            Statement::Export(Export::Local { local, exported }) => {
                aliases.push((local.clone(), exported.clone()));
            }
            Statement::Export(Export::Default(value)) => self.named("default", value, aliases),
            Statement::Import(import) => self.imported(import),
            Statement::Block(statements) => {
                statements.iter().for_each(|inner| self.declared(program, inner, aliases));
            }
            _ => {}
        }
    }

    fn imported(&mut self, import: &ImportCode) {
        for name in &import.names {
            match name {
                ImportedName::Whole(local) => self.whole(local, import.module.clone()),
                // A name of the module, or in Python a module below it.
                ImportedName::One { exported, local } => {
                    let dot = if import.module.ends_with('.') { "" } else { "." };
                    self.whole(local, format!("{}{dot}{exported}", import.module));
                }
                ImportedName::All => {}
            }
        }
    }

    fn bound(&mut self, pattern: &Pattern, value: &Expression, aliases: &mut Vec<(String, String)>) {
        match pattern {
            Pattern::Name(name, _) => {
                if let Some(module) = required(value) {
                    self.whole(name, module.to_owned());
                }
                self.named(name, value, aliases);
            }
            // What a module is as a whole may be called anything.
            Pattern::Member(object, name) if name == "exports" && is_name(object, "module") => {
                for entry in object_of(value) {
                    if let Entry::Named(name, value) = entry {
                        self.named(name, value, aliases);
                    }
                }
            }
            Pattern::Member(_, name) => self.named(name, value, aliases),
            _ => {}
        }
    }

    /// A value is given a name.
    fn named(&mut self, name: &str, value: &Expression, aliases: &mut Vec<(String, String)>) {
        match &value.kind {
            Kind::Function(index) => {
                self.functions.entry(*index).or_default().insert(name.to_owned());
            }
            Kind::Class(index) => {
                self.classes.entry(*index).or_default().insert(name.to_owned());
            }
            Kind::Name(local) => aliases.push((local.clone(), name.to_owned())),
            _ => {}
        }
    }
}

impl Mentions {
    /// What a file mentions when it is loaded, its exports apart.
    pub(super) fn of_file(program: &Program) -> Self {
        let mut found = Self::default();
        for statement in &program.body {
            found.at_top(statement);
        }
        for class in &program.classes {
            class.base.iter().for_each(|base| found.expression(base));
            class.fields.iter().for_each(|field| found.expression(&field.value));
        }
        found
    }

    /// What a function mentions; what functions within it mention is theirs.
    pub(super) fn of_function(code: &FunctionCode) -> Self {
        let mut found = Self::default();
        for parameter in &code.parameters {
            found.pattern(&parameter.pattern);
            parameter.default.iter().for_each(|default| found.expression(default));
        }
        code.decorators.iter().for_each(|decorator| found.expression(decorator));
        found.statements(&code.body);
        found
    }

    /// A statement of the file itself: what it exports is not mentioned by that alone.
    fn at_top(&mut self, statement: &Statement) {
        match statement {
            Statement::Bind { pattern, value, .. } if exports(pattern) => self.exported(value),
            Statement::Run(Expression { kind: Kind::Assign(pattern, value), .. }) if exports(pattern) => {
                self.exported(value);
            }
            // Python's list of what a star takes.
            Statement::Bind { pattern: Pattern::Name(name, _), .. } if name == "__all__" => {}
            Statement::Export(Export::Default(value)) => self.exported(value),
            Statement::Block(statements) => statements.iter().for_each(|inner| self.at_top(inner)),
            other => self.statement(other),
        }
    }

    fn exported(&mut self, value: &Expression) {
        // A name, or what is exported by another one: `{ load, remove: exports.remove }`.
        let plain = |value: &Expression| match &value.kind {
            Kind::Name(_) => true,
            Kind::Member(object, _) => is_name(object, "exports"),
            _ => false,
        };
        match &value.kind {
            Kind::Name(_) => {}
            Kind::Object(entries) => {
                let others =
                    entries.iter().filter(|entry| !matches!(entry, Entry::Named(_, value) if plain(value)));
                others.for_each(|entry| self.entry(entry));
            }
            _ => self.expression(value),
        }
    }

    fn statements(&mut self, statements: &[Statement]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Run(value) | Statement::Return(value) => self.expression(value),
            Statement::Bind { pattern, value, .. } => {
                self.pattern(pattern);
                // The name that a module is given stands for the module from here on.
                if required(value).is_none() {
                    self.expression(value);
                }
            }
            Statement::Throw(value) => value.iter().for_each(|value| self.expression(value)),
            Statement::If { test, then, otherwise } => {
                self.expression(test);
                self.statements(then);
                self.statements(otherwise);
            }
            Statement::Loop { each, test, body } => {
                if let Some((pattern, value)) = each {
                    self.pattern(pattern);
                    self.expression(value);
                }
                test.iter().for_each(|test| self.expression(test));
                self.statements(body);
            }
            Statement::Switch { subject, cases } => {
                self.expression(subject);
                for (test, body) in cases {
                    test.iter().for_each(|test| self.expression(test));
                    self.statements(body);
                }
            }
            Statement::Try { body, handlers, last } => {
                self.statements(body);
                for handler in handlers {
                    handler.name.iter().for_each(|pattern| self.pattern(pattern));
                    self.statements(&handler.body);
                }
                self.statements(last);
            }
            Statement::Block(statements) => self.statements(statements),
            Statement::Import(import) => self.import(import),
            Statement::Export(Export::From { names, .. }) => {
                let renamed = names.iter().filter(|(name, exported)| name != exported);
                self.names.extend(renamed.map(|(name, _)| name.clone()));
            }
            Statement::Export(Export::Default(value)) => self.expression(value),
            Statement::Export(Export::Local { .. } | Export::AllFrom { .. })
            | Statement::Function(_)
            | Statement::Class(_)
            | Statement::Outer(_)
            | Statement::Leave => {}
        }
    }

    fn import(&mut self, import: &ImportCode) {
        for name in &import.names {
            if let ImportedName::One { exported, .. } = name {
                self.names.insert(exported.clone());
            }
        }
    }

    fn all(&mut self, expressions: &[Expression]) {
        expressions.iter().for_each(|expression| self.expression(expression));
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            Kind::Name(name) => {
                self.names.insert(name.clone());
                self.bare.insert(name.clone());
            }
            Kind::Text(text) => {
                self.names.insert(text.clone());
            }
            Kind::Member(object, name) => {
                self.names.insert(name.clone());
                match &object.kind {
                    Kind::Name(name) => {
                        self.names.insert(name.clone());
                    }
                    _ if required(object).is_some() => {}
                    _ => self.expression(object),
                }
            }
            Kind::Join(parts)
            | Kind::List(parts)
            | Kind::Arithmetic(parts)
            | Kind::Sequence(parts)
            | Kind::Opaque(parts) => self.all(parts),
            Kind::Tagged(tag, parts) => {
                self.expression(tag);
                self.all(parts);
            }
            Kind::Index(one, other)
            | Kind::Either(one, other)
            | Kind::Both(one, other)
            | Kind::Compare(one, _, other) => {
                self.expression(one);
                self.expression(other);
            }
            Kind::Call(call) => self.call(call),
            Kind::Object(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            Kind::Spread(inner) | Kind::Not(inner) | Kind::Yield(inner) => self.expression(inner),
            Kind::Choice(test, one, other) => {
                for part in [test, one, other] {
                    self.expression(part);
                }
            }
            Kind::Assign(pattern, value) => {
                self.pattern(pattern);
                self.expression(value);
            }
            Kind::Each { bindings, tests, made } => {
                for (pattern, value) in bindings {
                    self.pattern(pattern);
                    self.expression(value);
                }
                self.all(tests);
                self.all(made);
            }
            Kind::This
            | Kind::Number(_)
            | Kind::Bool(_)
            | Kind::Null
            | Kind::Regex(_)
            | Kind::Function(_)
            | Kind::Class(_) => {}
        }
    }

    fn call(&mut self, call: &Call) {
        // A module that is asked for on the way, and handed on as a whole.
        if let Some(module) = module_of(call) {
            self.bare.insert(module.to_owned());
        }
        self.expression(&call.callee);
        self.all(&call.arguments);
        call.named.iter().for_each(|(_, value)| self.expression(value));
        self.all(&call.spread);
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Named(_, value) | Entry::Spread(value) => self.expression(value),
            Entry::Computed(key, value) => {
                self.expression(key);
                self.expression(value);
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Object(parts) => {
                for part in parts {
                    self.names.extend(part.key.clone());
                    self.pattern(&part.pattern);
                }
            }
            Pattern::List(parts) => parts.iter().for_each(|part| self.pattern(part)),
            Pattern::Default(inner, value) => {
                self.pattern(inner);
                self.expression(value);
            }
            Pattern::Rest(inner) => self.pattern(inner),
            Pattern::Member(object, name) => {
                self.names.extend([name.clone(), setter(name)]);
                self.expression(object);
            }
            Pattern::Index(object, key) => {
                self.expression(object);
                self.expression(key);
            }
            Pattern::Name(..) | Pattern::Ignore => {}
        }
    }
}

/// Adds what names are also called; false when there are too many.
fn follow(known: &mut BTreeSet<String>, exported: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let mut waiting: Vec<String> = known.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        for other in exported.get(&name).into_iter().flatten() {
            if known.insert(other.clone()) {
                waiting.push(other.clone());
            }
            if known.len() > MAX_NAMES {
                return false;
            }
        }
    }
    true
}

/// The module that an expression asks for: `require("./db")`, also waited for.
fn required(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        Kind::Call(call) => module_of(call),
        _ => None,
    }
}

fn module_of(call: &Call) -> Option<&str> {
    let asks = matches!(&call.callee.kind, Kind::Name(name) if name == "require" || name == "import");
    match call.arguments.as_slice() {
        [Expression { kind: Kind::Text(module), .. }] if asks => Some(module),
        _ => None,
    }
}

fn is_name(expression: &Expression, wanted: &str) -> bool {
    matches!(&expression.kind, Kind::Name(name) if name == wanted)
}

/// Whether a pattern is what a file exports, or one name of it.
fn exports(pattern: &Pattern) -> bool {
    let Pattern::Member(object, name) = pattern else { return false };
    let whole = |object: &Expression, name: &str| name == "exports" && is_name(object, "module");
    let named = match &object.kind {
        Kind::Member(outer, inner) => whole(outer, inner),
        _ => is_name(object, "exports"),
    };
    named || whole(object, name)
}

fn object_of(value: &Expression) -> &[Entry] {
    match &value.kind {
        Kind::Object(entries) => entries,
        _ => &[],
    }
}
