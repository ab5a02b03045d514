//! What an expression may be, as far as can be told, and whether it carries what a caller sent.
//!
//! Invariants: values are small and shared; sets of possibilities and texts are bounded, and what falls out of the bounds becomes
//! unknown. Not here: how values come about (`machine`).

use std::rc::Rc;
use std::sync::Arc;

use super::program::{Expression, Program};
use super::{Seen, sdk};
use crate::known::Piece;
use crate::source::Place;

/// How many possibilities one value keeps.
const CHOICE_LIMIT: usize = 6;
/// How many parts one text keeps.
const PIECE_LIMIT: usize = 48;
/// How many arguments a function may have already.
const BOUND_LIMIT: usize = 32;
/// How deep functions that have arguments already may be arguments of one another.
const BOUND_DEPTH_LIMIT: u32 = 4;
/// How many steps one trail keeps.
const STEP_LIMIT: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectId(pub(super) usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScopeId(pub(super) usize);

/// A value and what it carries.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    pub(super) what: What,
    pub(super) taint: Taint,
}

#[derive(Debug, Clone, Default)]
pub(super) enum What {
    #[default]
    Unknown,
    Nothing,
    Text(Rc<Vec<Piece>>),
    Number(Rc<str>),
    Bool(bool),
    Regex(Rc<str>),
    /// The whole environment.
    Environment,
    /// Something with named parts.
    Object(ObjectId),
    /// Something with parts in order.
    List(ObjectId),
    Function(Rc<Closure>),
    Class(Rc<Class>),
    /// A Python module of the tree: its names.
    Module(ScopeId),
    /// Something from outside the tree, by path: `pg.Pool().query`.
    Outside(Rc<Outside>),
    /// Something of the provider's SDK.
    Sdk(Rc<sdk::Thing>),
    /// An operation of a client, not yet called.
    Operation(Rc<sdk::Thing>, Rc<str>),
    /// A function that has some of its arguments already.
    Bound(Rc<Bound>),
    /// Any of these.
    OneOf(Rc<Vec<Value>>),
}

/// What `bind` and `partial` make. Invariant: the function is never bound itself, and arguments are bound ones only a few levels deep.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) callee: Value,
    values: Vec<Value>,
    named: Vec<(String, Value)>,
    depth: u32,
}

#[derive(Debug)]
pub(super) struct Outside {
    pub(super) path: String,
    /// Functions of this tree that were handed to it.
    pub(super) wraps: Vec<Rc<Closure>>,
}

#[derive(Debug)]
pub(super) struct Closure {
    pub(super) program: Arc<Program>,
    pub(super) index: usize,
    pub(super) scope: ScopeId,
    /// What `this` or `self` is.
    pub(super) this: Option<Value>,
    /// The class whose method it is.
    pub(super) home: Option<Rc<Class>>,
}

#[derive(Debug)]
pub(super) struct Class {
    pub(super) program: Arc<Program>,
    pub(super) index: usize,
    pub(super) scope: ScopeId,
    pub(super) base: Option<Value>,
    /// What belongs to the class and not to its objects.
    pub(super) shared: ObjectId,
}

/// What a notification of a bucket names: the bucket that sends it.
pub(crate) const BUCKET_OF_EVENT: &str = "it is the bucket that sends the event";

/// Where something dangerous came from and how it got here.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    pub(super) source: Place,
    pub(super) name: String,
    pub(super) steps: Vec<Seen<String>>,
}

/// What a value carries.
#[derive(Debug, Clone, Default)]
pub(super) struct Taint {
    /// What this call was handed. Where `safe` covers all, it does no harm, and still belongs to this call alone.
    pub(super) event: Option<Rc<Trail>>,
    /// Where what a caller sent does no harm any more.
    pub(super) safe: Safe,
    /// The stack of an error.
    pub(super) stack: Option<Rc<Trail>>,
    /// How far a token has been taken apart.
    pub(super) token: Token,
}

/// A signed token that code takes apart by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Token {
    /// It is none, or whole.
    #[default]
    Whole,
    /// Its three parts.
    Parts,
    /// The second one: what it says.
    Payload,
    /// That one, decoded.
    Decoded,
}

/// Sinks that a value was made safe for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Safe(pub(super) u8);

impl Safe {
    pub(super) const SHELL: Self = Self(1);
    pub(super) const SQL: Self = Self(2);
    pub(super) const PATH: Self = Self(4);
    /// An origin that was compared with what is allowed.
    pub(super) const ORIGIN: Self = Self(8);
    pub(super) const ALL: Self = Self(15);

    pub(super) fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Taint {
    pub(super) fn is_none(&self) -> bool {
        self.event.is_none() && self.stack.is_none()
    }

    pub(super) fn join(&self, other: &Self) -> Self {
        let safe = match (&self.event, &other.event) {
            (Some(_), Some(_)) => Safe(self.safe.0 & other.safe.0),
            (Some(_), None) => self.safe,
            (None, _) => other.safe,
        };
        // The less safe one is the one to tell of.
        let worse = if self.safe.0 <= other.safe.0 { &self.event } else { &other.event };
        let event = worse.clone().or_else(|| self.event.clone()).or_else(|| other.event.clone());
        let stack = self.stack.clone().or_else(|| other.stack.clone());
        Self { event, safe, stack, token: self.token.max(other.token) }
    }

    /// The same, made safe for some sinks.
    pub(super) fn cleaned(mut self, safe: Safe) -> Self {
        self.safe = self.safe.and(safe);
        self
    }

    /// The same, as a part of a token that was taken apart: the second says who somebody is.
    pub(super) fn part_of_token(mut self, number: usize) -> Self {
        if self.token == Token::Parts {
            self.token = if number == 1 { Token::Payload } else { Token::Whole };
        }
        self
    }

    /// The same, one step further.
    pub(super) fn step(mut self, place: Place, what: impl FnOnce() -> String) -> Self {
        let Some(trail) = &self.event else { return self };
        if trail.steps.len() < STEP_LIMIT && trail.steps.last().is_none_or(|last| last.place != place) {
            let mut longer = Trail::clone(trail);
            longer.steps.push(Seen { place, value: what() });
            self.event = Some(Rc::new(longer));
        }
        self
    }

    /// The same, as a named part of what it was.
    pub(super) fn part(mut self, name: &str, place: Place) -> Self {
        let Some(trail) = &self.event else { return self };
        if trail.steps.is_empty() && trail.name.len() + name.len() < 60 {
            let name = format!("{}.{name}", trail.name);
            self.event = Some(Rc::new(Trail { source: place, name, steps: Vec::new() }));
        }
        self
    }
}

impl From<What> for Value {
    fn from(what: What) -> Self {
        Self { what, taint: Taint::default() }
    }
}

impl Value {
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    /// Nothing known but what it carries.
    pub(super) fn carrying(taint: Taint) -> Self {
        Self { what: What::Unknown, taint }
    }

    pub(super) fn text(text: &str) -> Self {
        What::Text(Rc::new(vec![Piece::Literal(text.to_owned())])).into()
    }

    pub(super) fn piece(piece: Piece) -> Self {
        What::Text(Rc::new(vec![piece])).into()
    }

    pub(super) fn outside(path: impl Into<String>) -> Self {
        What::Outside(Rc::new(Outside { path: path.into(), wraps: Vec::new() })).into()
    }

    pub(super) fn with(self, taint: Taint) -> Self {
        Self { what: self.what, taint: self.taint.join(&taint) }
    }

    /// The characters, when it is a text that is wholly known.
    pub(super) fn literal(&self) -> Option<&str> {
        match &self.what {
            What::Text(pieces) => match pieces.as_slice() {
                [Piece::Literal(text)] => Some(text),
                _ => None,
            },
            What::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it may be called as a function.
    pub(super) fn is_callable(&self) -> bool {
        matches!(self.what, What::Function(_) | What::Outside(_) | What::Operation(..) | What::Bound(_))
    }

    /// The same function with some of its arguments given already.
    pub(super) fn bound(&self, arguments: &Arguments) -> Self {
        let bound = self.choices().iter().filter(|choice| choice.is_callable()).map(|choice| {
            let (callee, mut values, mut named) = match &choice.what {
                What::Bound(known) => (known.callee.clone(), known.values.clone(), known.named.clone()),
                _ => (choice.clone(), Vec::new(), Vec::new()),
            };
            values.extend(arguments.values.iter().map(Self::shallow));
            named.extend(arguments.named.iter().map(|(name, value)| (name.clone(), value.shallow())));
            if values.len() + named.len() > BOUND_LIMIT {
                return Self::unknown();
            }
            let given = values.iter().chain(named.iter().map(|(_, value)| value));
            let depth = given.map(Self::depth).max().unwrap_or(0) + 1;
            What::Bound(Rc::new(Bound { callee, values, named, depth })).into()
        });
        bound.reduce(Self::or).unwrap_or_default()
    }

    fn depth(&self) -> u32 {
        let depths = self.choices().iter().map(|choice| match &choice.what {
            What::Bound(bound) => bound.depth,
            _ => 0,
        });
        depths.max().unwrap_or(0)
    }

    /// Functions are bound to functions that are bound, and so on, only so far.
    fn shallow(&self) -> Self {
        if self.depth() < BOUND_DEPTH_LIMIT { self.clone() } else { Self::carrying(self.taint.clone()) }
    }

    /// Its path, when it is from outside.
    pub(super) fn path(&self) -> Option<&str> {
        match &self.what {
            What::Outside(outside) => Some(&outside.path),
            _ => None,
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.what, What::Nothing)
    }

    /// All that it may be.
    pub(super) fn choices(&self) -> &[Value] {
        match &self.what {
            What::OneOf(values) => values,
            _ => std::slice::from_ref(self),
        }
    }

    /// Either of two.
    pub(super) fn or(self, other: Self) -> Self {
        let taint = self.taint.join(&other.taint);
        let mut found: Vec<Value> = Vec::new();
        for value in self.choices().iter().chain(other.choices()) {
            let idle = matches!(value.what, What::Unknown | What::Nothing);
            if idle || found.iter().any(|known| known.same(value)) || found.len() >= CHOICE_LIMIT {
                continue;
            }
            found.push(value.clone());
        }
        let nothing = self.is_nothing() && other.is_nothing();
        let what = match (found.pop(), found.is_empty()) {
            (None, _) if nothing => What::Nothing,
            (None, _) => What::Unknown,
            (Some(only), true) => only.what,
            (Some(last), false) => {
                found.push(last);
                What::OneOf(Rc::new(found))
            }
        };
        Self { what, taint }
    }

    fn same(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Text(a), What::Text(b)) => a == b,
            (What::Number(a), What::Number(b)) => a == b,
            (What::Bool(a), What::Bool(b)) => a == b,
            (What::Object(a), What::Object(b)) | (What::List(a), What::List(b)) => a == b,
            (What::Function(a), What::Function(b)) => Rc::ptr_eq(a, b),
            (What::Outside(a), What::Outside(b)) => a.path == b.path,
            (What::Sdk(a), What::Sdk(b)) => Rc::ptr_eq(a, b),
            (What::Environment, What::Environment) => true,
            _ => false,
        }
    }

    /// Its parts as a text within another text.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        match &self.what {
            What::Text(pieces) => pieces.to_vec(),
            What::Number(number) => vec![Piece::Literal(number.to_string())],
            What::OneOf(values) => match values.iter().find(|value| matches!(value.what, What::Text(_))) {
                Some(value) => value.pieces(),
                None => vec![Piece::Unknown("it differs".to_owned())],
            },
            _ => match &self.taint.event {
                Some(trail) if trail.name.ends_with(".s3.bucket.name") => {
                    vec![Piece::Unknown(BUCKET_OF_EVENT.to_owned())]
                }
                Some(_) => vec![Piece::Unknown("the caller sends it".to_owned())],
                None => vec![Piece::Unknown("it is worked out while running".to_owned())],
            },
        }
    }

    /// Texts and values, put together.
    pub(super) fn joined<'v>(parts: impl IntoIterator<Item = &'v Value>) -> Self {
        let (mut pieces, mut taint): (Vec<Piece>, _) = (Vec::new(), Taint::default());
        for part in parts {
            taint = taint.join(&part.taint);
            for piece in part.pieces() {
                let full = pieces.len() >= PIECE_LIMIT;
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Literal(text)), Piece::Literal(more)) if text.len() < 4096 => {
                        text.push_str(&more)
                    }
                    (_, piece) if !full => pieces.push(piece),
                    _ => {}
                }
            }
        }
        Self { what: What::Text(Rc::new(pieces)), taint }
    }
}

/// The name under which a call is handed what a mapping holds whose names cannot be told.
pub(super) const SPREAD: &str = "**";

/// What a call is handed.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) values: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
    /// What expressions by position are called: `event.body`.
    pub(super) paths: Vec<Option<String>>,
    /// Whether some of them could not be told apart.
    pub(super) open: bool,
}

impl Arguments {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values, ..Self::default() }
    }

    pub(super) fn at(&self, index: usize) -> Option<&Value> {
        self.values.get(index)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().rev().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// By position, or by name.
    pub(super) fn either(&self, index: usize, name: &str) -> Option<&Value> {
        self.named(name).or_else(|| self.at(index))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    /// What a function is called with that has some of its arguments already.
    pub(super) fn after(&self, bound: &Bound) -> Self {
        let values = bound.values.iter().chain(&self.values).cloned().collect();
        let named = bound.named.iter().chain(&self.named).cloned().collect();
        Self { values, named, paths: Vec::new(), open: self.open }
    }

    pub(super) fn closures(&self) -> impl Iterator<Item = &Rc<Closure>> {
        self.all().flat_map(Value::choices).filter_map(|value| match &value.what {
            What::Function(closure) => Some(closure),
            What::Bound(bound) => match &bound.callee.what {
                What::Function(closure) => Some(closure),
                _ => None,
            },
            _ => None,
        })
    }
}

/// The names of what is handed over, for guards that functions make.
pub(super) fn paths_of(arguments: &[Expression]) -> Vec<Option<String>> {
    arguments.iter().map(Expression::path).collect()
}
