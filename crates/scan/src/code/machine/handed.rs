//! Functions as values: called by another name, with some arguments given before, or handed over and called by somebody else.
//!
//! Invariant: whoever calls a function, it gets what it is called with; a function of a package is called like one of the tree. Not here:
//! calls that stand in the code as such (`call`).

use std::rc::Rc;

use super::errors::CAUGHT;
use super::{Frame, Machine, Object};
use crate::code::value::{Arguments, Closure, ObjectId, Value, What};
use crate::source::Place;

/// Functions that call another with what follows it, and how many arguments stand before and between.
const HANDS_ON: [(&str, usize, usize); 9] = [
    (".submit", 0, 0),
    ("asyncio.to_thread", 0, 0),
    (".run_in_executor", 1, 0),
    ("setTimeout", 0, 1),
    ("setInterval", 0, 1),
    ("setImmediate", 0, 0),
    ("process.nextTick", 0, 0),
    ("Executor().map", 0, 0),
    ("Pool().map", 0, 0),
];

/// Packages whose functions take a list and call a function with its elements.
const COLLECTIONS: [&str; 6] = ["lodash.", "_.", "underscore.", "async.", "bluebird.", "Promise."];

/// What the path of a function begins with that resolves a promise; the promise's number follows.
const RESOLVES: &str = "resolve ";
/// How many values one promise keeps.
const RESOLVED_LIMIT: usize = 16;

impl Machine<'_> {
    /// Calls a function that was handed over.
    pub(super) fn hand(
        &mut self,
        frame: &mut Frame,
        callee: &Value,
        handed: &Arguments,
        place: Place,
    ) -> Value {
        match &callee.what {
            What::Function(closure) => self.call(closure, handed, None).0,
            What::OneOf(values) => {
                let values = values.clone();
                let found = values.iter().map(|value| self.hand(frame, value, handed, place));
                found.reduce(Value::or).unwrap_or_default()
            }
            _ if callee.is_callable() => self.call_value(frame, callee, handed, place),
            _ => Value::unknown(),
        }
    }

    /// `call`, `apply` and `bind`: the methods that functions of JavaScript have.
    pub(super) fn function_method(
        &mut self,
        frame: &mut Frame,
        callee: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        // `Reflect` has a method of its own by that name.
        if callee.path() == Some("Reflect") {
            return None;
        }
        // What they are to see as `this` stands first.
        let values: Vec<Value> = arguments.values.iter().skip(1).cloned().collect();
        let rest = Arguments { open: arguments.open, ..Arguments::new(values) };
        match name {
            "call" => Some(self.call_value(frame, callee, &rest, place)),
            "apply" => {
                let spread = self.spread_out(rest.at(0));
                Some(self.call_value(frame, callee, &spread, place))
            }
            "bind" if rest.values.is_empty() => Some(callee.clone()),
            "bind" => Some(callee.bound(&rest)),
            _ => None,
        }
    }

    /// A list as arguments.
    fn spread_out(&self, list: Option<&Value>) -> Arguments {
        let Some(list) = list else { return Arguments::default() };
        let items = self.items(list);
        if items.is_empty() && !Self::is_list(list) {
            let any = Value::carrying(self.deep(list).taint);
            return Arguments { open: true, ..Arguments::new(vec![any]) };
        }
        Arguments::new(items)
    }

    /// Functions of the languages that call what they are handed.
    pub(super) fn calls_on(
        &mut self,
        frame: &mut Frame,
        path: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        let first = arguments.at(0).cloned().unwrap_or_default();
        match path {
            "Promise" => return Some(self.promised(frame, &first, place)),
            _ if path.starts_with(RESOLVES) => return self.resolve(path, first),
            "Array.from" if arguments.values.len() > 1 => {
                let rest = Arguments::new(arguments.values.iter().skip(1).cloned().collect());
                return self.through(frame, &first, "map", &rest, place);
            }
            "functools.reduce" => {
                let element = arguments.at(1).map(|list| self.element(list)).unwrap_or_default();
                let start = arguments.at(2).unwrap_or(&element).clone();
                return Some(self.hand(frame, &first, &Arguments::new(vec![start, element]), place));
            }
            "Reflect.apply" => {
                let spread = self.spread_out(arguments.at(2));
                return Some(self.call_value(frame, &first, &spread, place));
            }
            "Reflect.construct" => {
                let spread = self.spread_out(arguments.at(1));
                return Some(self.call_value(frame, &first, &spread, place));
            }
            "functools.partial" => {
                let values = arguments.values.iter().skip(1).cloned().collect();
                let given = Arguments { named: arguments.named.clone(), ..Arguments::new(values) };
                let bound = first.bound(&given);
                return Some(bound).filter(|bound| !matches!(bound.what, What::Unknown));
            }
            "threading.Thread" | "multiprocessing.Process" | "threading.Timer" => {
                let by_position = usize::from(path == "threading.Timer");
                let name = if by_position == 1 { "function" } else { "target" };
                let callee = arguments.either(by_position, name)?.clone();
                let given = self.spread_out(arguments.either(by_position + 1, "args"));
                self.hand(frame, &callee, &given, place);
                return Some(Value::outside(format!("{path}()")));
            }
            "map" | "filter" if arguments.values.len() == 2 => {
                let element = arguments.at(1).map(|list| self.element(list)).unwrap_or_default();
                let made = self.hand(frame, &first, &Arguments::new(vec![element.clone()]), place);
                let made = if path == "map" { made } else { element.clone() };
                return Some(self.list_of(vec![made.with(element.taint)]));
            }
            _ => {}
        }
        let last = path.rsplit('.').next().unwrap_or(path);
        if COLLECTIONS.iter().any(|root| path.strip_prefix(root) == Some(last)) {
            let known = Self::is_list(&first) || first.taint.event.is_some();
            let rest = Arguments::new(arguments.values.iter().skip(1).cloned().collect());
            return if known { self.through(frame, &first, last, &rest, place) } else { None };
        }
        self.hands_on(frame, path, arguments, place)
    }

    fn hands_on(
        &mut self,
        frame: &mut Frame,
        path: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        let (name, before, between) = HANDS_ON.iter().find(|(name, ..)| path.ends_with(name))?;
        let callee = arguments.at(*before).filter(|value| value.choices().iter().any(Value::is_callable))?;
        let rest = arguments.values.iter().skip(before + 1 + between);
        let rest: Vec<Value> = if name.ends_with(".map") {
            rest.map(|list| self.element(list)).collect()
        } else {
            rest.cloned().collect()
        };
        let handed = Arguments { named: arguments.named.clone(), ..Arguments::new(rest) };
        Some(match &callee.what {
            What::Function(closure) => self.call(closure, &handed, Some(place)).0,
            _ => self.hand(frame, &callee.clone(), &handed, place),
        })
    }

    /// `new Promise((resolve, reject) => …)`: it becomes whatever `resolve` is called with.
    fn promised(&mut self, frame: &mut Frame, run: &Value, place: Place) -> Value {
        let id = self.new_object(Object::default());
        let resolve = Value::outside(format!("{RESOLVES}{}", id.0));
        let handed = Arguments::new(vec![resolve, Value::outside("reject")]);
        self.hand(frame, run, &handed, place);
        let items = self.object(id).map(|object| object.items.clone()).unwrap_or_default();
        items.into_iter().reduce(Value::or).unwrap_or_default()
    }

    fn resolve(&mut self, path: &str, with: Value) -> Option<Value> {
        let id = ObjectId(path.strip_prefix(RESOLVES)?.parse().ok()?);
        let promise = self.object_mut(id)?;
        if promise.items.len() < RESOLVED_LIMIT {
            promise.items.push(with);
        }
        Some(Value::unknown())
    }

    /// `then`, `catch` and `finally` of a promise.
    pub(super) fn promise(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        let callees = arguments.values.iter().filter(|value| value.choices().iter().any(Value::is_callable));
        let callees: Vec<Value> = callees.cloned().collect();
        let mut value = receiver.clone();
        for (number, callee) in callees.iter().enumerate() {
            let failed = name == "catch" || number > 0;
            let handed = match (name, failed) {
                ("finally", _) => Arguments::default(),
                (_, true) => Arguments::new(vec![Value::outside(CAUGHT)]),
                (_, false) => Arguments::new(vec![receiver.clone()]),
            };
            let answer = self.hand(frame, callee, &handed, place);
            value = match (name, failed) {
                ("finally", _) => value,
                (_, true) => value.or(answer),
                (_, false) => answer,
            };
        }
        value
    }

    /// A method that gives a function the elements of what it is called on; `None` where it is none, or is handed no function.
    pub(super) fn through(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        if !GOES_THROUGH.contains(&name) {
            return None;
        }
        let known = Self::is_list(receiver) || receiver.taint.event.is_some();
        let callable = |value: &Value| value.choices().iter().any(Value::is_callable);
        let first = arguments.at(0).filter(|first| known && callable(first)).cloned();
        let closures: Vec<Rc<Closure>> = arguments.closures().cloned().collect();
        if first.is_none() && closures.is_empty() {
            return None;
        }
        let element = self.element(receiver);
        let handed = || match name {
            "reduce" | "reduceRight" => {
                Arguments::new(vec![arguments.at(1).cloned().unwrap_or_default(), element.clone()])
            }
            _ => Arguments::new(vec![element.clone()]),
        };
        let mut made = Value::unknown();
        match first {
            Some(first) => made = self.hand(frame, &first, &handed(), place),
            None => closures.iter().for_each(|closure| made = self.call(closure, &handed(), None).0),
        }
        Some(match name {
            "map" | "flatMap" => self.list_of(vec![made]),
            "filter" | "sort" => receiver.clone(),
            "find" | "findLast" => element,
            "reduce" | "reduceRight" => made,
            _ => Value::unknown(),
        })
    }
}

/// Methods that give a caller's function the elements of what they are called on.
const GOES_THROUGH: [&str; 16] = [
    "map",
    "forEach",
    "filter",
    "flatMap",
    "find",
    "some",
    "every",
    "reduce",
    "reduceRight",
    "sort",
    "findLast",
    "findIndex",
    "each",
    "eachSeries",
    "mapSeries",
    "forEachAsync",
];
