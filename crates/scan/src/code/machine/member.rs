//! Parts of values: named, in order, and any of them.

use std::rc::Rc;

use super::Machine;
use super::errors::CAUGHT;
use crate::code::program::Kind;
use crate::code::value::{Arguments, Class, Closure, ObjectId, Safe, Taint, Trail, Value, What};
use crate::code::{sdk, sinks, switches};
use crate::known::Piece;
use crate::source::Place;

/// Parts of events that the provider fills in, not the caller.
const PROVIDED: [&str; 18] = [
    "requestContext",
    "isBase64Encoded",
    "httpMethod",
    "stageVariables",
    "routeKey",
    "eventSource",
    "eventSourceARN",
    "eventSourceArn",
    "awsRegion",
    "eventName",
    "eventTime",
    "messageId",
    "receiptHandle",
    "bucket",
    "detail-type",
    "triggerSource",
    "userPoolId",
    "eventID",
];

/// What says something about a text or a list and is none of it. Sets have a `size`, and no caller sends one.
const MEASURE: &str = "length";

/// Parts of an event whose own parts the caller names.
const NAMED_BY_CALLERS: [&str; 7] = [
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "headers",
    "multiValueHeaders",
    "arguments",
    "input",
];

/// How long the path of a thing from outside may become.
const PATH_LIMIT_BYTES: usize = 160;

/// Whether `length` of a value is how long it is, rather than something of that name that a caller sent.
fn is_measured(value: &Value) -> bool {
    let name = value.taint.event.as_ref().map(|trail| trail.name.as_str());
    let last = name.and_then(|name| name.rsplit('.').next());
    !last.is_some_and(|last| NAMED_BY_CALLERS.contains(&last))
}

impl Machine<'_> {
    pub(super) fn member(&mut self, value: &Value, name: &str, place: Place) -> Value {
        self.member_of(value, name, false, place)
    }

    /// What stands under a text: never how long something is.
    pub(super) fn entry_of(&mut self, value: &Value, name: &str, place: Place) -> Value {
        let sent = name == MEASURE && matches!(value.what, What::Unknown) && value.taint.event.is_some();
        if sent {
            Value::carrying(value.taint.clone().part(name, place))
        } else {
            self.member(value, name, place)
        }
    }

    pub(super) fn member_of(&mut self, value: &Value, name: &str, numbered: bool, place: Place) -> Value {
        match &value.what {
            What::Object(id) => self.object_member(*id, name, value, place),
            What::List(id) => {
                let item = name.parse::<usize>().ok().filter(|_| numbered);
                let found = item.and_then(|at| self.object(*id)?.items.get(at).cloned());
                match found {
                    Some(item) => item,
                    None if numbered => self.element(value),
                    None => Value::unknown(),
                }
            }
            What::Class(class) => self.class_member(class, name).unwrap_or_default(),
            What::Module(scope) => {
                let found = self.lookup(*scope, name).cloned();
                found.or_else(|| self.starred(*scope, name)).unwrap_or_default()
            }
            What::Outside(outside) => {
                let found = self.outside_member(&outside.path.clone(), name, place);
                // `args` of an error is its text, and so is `message`.
                if matches!(name, "args" | "message") || outside.path.ends_with(".args") {
                    found.with(value.taint.clone())
                } else {
                    found
                }
            }
            What::Environment => self.environment_read(name, place),
            What::Sdk(thing) => {
                let thing = thing.clone();
                if numbered {
                    return value.sdk_element().unwrap_or_default();
                }
                self.sdk_member(&thing, name).unwrap_or_else(|| What::Operation(thing, name.into()).into())
            }
            What::OneOf(values) => {
                let values = values.clone();
                let found = values.iter().map(|value| self.member_of(value, name, numbered, place));
                found.reduce(Value::or).unwrap_or_default()
            }
            What::Function(_) | What::Bound(_) if name == "constructor" => Value::outside("Function"),
            What::Operation(thing, member) if sdk::asks(thing, name) => {
                let (thing, member) = (thing.clone(), member.clone());
                self.unknown_collection(&thing, &member, place);
                Value::unknown()
            }
            // A function may carry settings, such as `handler.timeout`.
            What::Function(_) | What::Bound(_) | What::Operation(..) => Value::unknown(),
            What::Unknown
            | What::Nothing
            | What::Text(_)
            | What::Number(_)
            | What::Bool(_)
            | What::Regex(_) => {
                if value.taint.event.is_none() || (name == MEASURE && is_measured(value)) {
                    return Value::unknown();
                }
                let taint = match name.parse::<usize>() {
                    Ok(number) if numbered => value.taint.clone().part_of_token(number),
                    _ if numbered => value.taint.clone(),
                    _ => value.taint.clone().part(name, place),
                };
                let safe = if PROVIDED.contains(&name) { Safe::ALL } else { Safe::default() };
                Value::carrying(taint.cleaned(safe))
            }
        }
    }

    fn object_member(&mut self, id: ObjectId, name: &str, whole: &Value, place: Place) -> Value {
        let Some(object) = self.object(id) else { return Value::unknown() };
        if let Some((_, found)) = object.entries.iter().rev().find(|(known, _)| known == name) {
            return found.clone();
        }
        if let Some(found) = self.got(id, name) {
            return found;
        }
        let Some(object) = self.object(id) else { return Value::unknown() };
        let (class, rest, from) = (object.class.clone(), object.rest.clone(), object.from.clone());
        let dynamic = self.any_computed(id);
        if let Some(class) = class {
            if let Some(method) = self.method(&class, name, whole) {
                return if self.is_property(&method) {
                    self.call(&method, &Arguments::default(), None).0
                } else {
                    What::Function(method).into()
                };
            }
            if let Some(found) = self.class_member(&class, name) {
                return found;
            }
        }
        if let Some(from) = from {
            return self.member(&from, name, place);
        }
        if name == "stack" {
            return self.stack_of(place);
        }
        let taint = if whole.taint.event.is_some() {
            whole.taint.clone().part(name, place)
        } else {
            Taint::default()
        };
        match (rest, dynamic) {
            (Some(rest), Some(dynamic)) => rest.or(dynamic),
            (Some(found), None) | (None, Some(found)) => found,
            (None, None) => Value::carrying(taint),
        }
    }

    /// What an entry may be whose name was worked out.
    pub(super) fn any_computed(&self, id: ObjectId) -> Option<Value> {
        self.object(id)?.computed.iter().map(|(_, value)| value.clone()).reduce(Value::or)
    }

    fn is_property(&self, method: &Closure) -> bool {
        let code = method.program.functions.get(method.index);
        code.is_some_and(|code| {
            code.decorators.iter().any(|decorator| match &decorator.kind {
                Kind::Name(name) => name == "property" || name == "cached_property",
                Kind::Member(_, name) => name == "cached_property",
                _ => false,
            })
        })
    }

    /// A method of a class or of what it is built on, bound to an object.
    pub(super) fn method(&self, class: &Rc<Class>, name: &str, this: &Value) -> Option<Rc<Closure>> {
        let mut at = Some(class.clone());
        let mut steps = 0;
        while let Some(class) = at {
            let code = class.program.classes.get(class.index)?;
            if let Some((_, index)) = code.methods.iter().rev().find(|(known, _)| known == name) {
                return Some(Rc::new(Closure {
                    program: class.program.clone(),
                    index: *index,
                    scope: class.scope,
                    this: Some(this.clone()),
                    home: Some(class.clone()),
                }));
            }
            steps += 1;
            at = match &class.base {
                Some(Value { what: What::Class(base), .. }) if steps < 8 => Some(base.clone()),
                _ => None,
            };
        }
        None
    }

    fn class_member(&mut self, class: &Rc<Class>, name: &str) -> Option<Value> {
        let shared = self.object(class.shared).and_then(|object| {
            object.entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        });
        if shared.is_some() {
            return shared;
        }
        let whole: Value = What::Class(class.clone()).into();
        if let Some(method) = self.method(class, name, &whole) {
            return Some(What::Function(method).into());
        }
        match &class.base {
            Some(Value { what: What::Class(base), .. }) if !Rc::ptr_eq(base, class) => {
                let base = base.clone();
                self.class_member(&base, name)
            }
            _ => None,
        }
    }

    fn outside_member(&mut self, path: &str, name: &str, place: Place) -> Value {
        if name == "stack" && (path.starts_with(CAUGHT) || path == "Error()") {
            return self.stack_of(place);
        }
        match (path, name) {
            ("process", "env") | ("os", "environ") => return What::Environment.into(),
            // What is global has no other name.
            ("globalThis" | "global" | "builtins" | "__builtins__", _) => {
                return self.global(name).unwrap_or_else(|| Value::outside(name));
            }
            (_, "default") => return Value::outside(path),
            ("lambda.context", _) => return Value::outside(format!("lambda.context.{name}")),
            _ => {}
        }
        let whole = format!("{path}.{name}");
        switches::named(self, &whole, place);
        if sinks::is_source(&whole) {
            return self.sent(&whole, place);
        }
        if whole.len() > PATH_LIMIT_BYTES { Value::unknown() } else { Value::outside(whole) }
    }

    pub(super) fn stack_of(&self, place: Place) -> Value {
        let trail = Trail { source: place, name: "the error's stack".to_owned(), steps: Vec::new() };
        Value::carrying(Taint { stack: Some(Rc::new(trail)), ..Taint::default() })
    }

    /// A part whose name is worked out.
    pub(super) fn any_member(&mut self, value: &Value, key: &Value, place: Place) -> Value {
        match &value.what {
            What::Environment => {
                if let What::Text(pieces) = &key.what
                    && let [Piece::Literal(name)] = pieces.as_slice()
                {
                    return self.environment_read(name, place);
                }
                Value::unknown()
            }
            What::Object(_) | What::List(_) => self.element_of_parts(value),
            What::Sdk(_) => What::Operation(
                match &value.what {
                    What::Sdk(thing) => thing.clone(),
                    _ => return Value::unknown(),
                },
                "".into(),
            )
            .into(),
            What::OneOf(values) => {
                let values = values.clone();
                values
                    .iter()
                    .map(|value| self.any_member(value, key, place))
                    .reduce(Value::or)
                    .unwrap_or_default()
            }
            _ => Value::carrying(value.taint.clone()),
        }
    }

    fn element_of_parts(&self, value: &Value) -> Value {
        let (What::Object(id) | What::List(id)) = &value.what else { return Value::unknown() };
        let Some(object) = self.object(*id) else { return Value::unknown() };
        let named = object.entries.iter().map(|(_, value)| value);
        let computed = object.computed.iter().map(|(_, value)| value);
        let all = named.chain(computed).chain(&object.items).chain(&object.rest).take(64).cloned();
        all.reduce(Value::or).unwrap_or_default().with(value.taint.clone())
    }

    /// Any of the names of something with named parts.
    pub(super) fn any_name(&self, value: &Value) -> Value {
        let other = self.taint_of_names(value);
        self.keys(value).into_iter().reduce(Value::or).unwrap_or_default().with(other)
    }

    /// What names carry that are not known one by one.
    pub(super) fn taint_of_names(&self, value: &Value) -> Taint {
        let rest = match &value.what {
            What::Object(id) => self.object(*id).and_then(|object| object.rest.clone()),
            _ => None,
        };
        rest.map_or_else(|| value.taint.clone(), |rest| value.taint.join(&self.deep(&rest).taint))
    }

    /// Going through something: Python gives the names of what has names.
    pub(super) fn step(&self, frame: &super::Frame, value: &Value) -> Value {
        match &value.what {
            What::Object(id) if Self::is_python(frame) => match self.object(*id) {
                Some(object) if object.class.is_none() && object.items.is_empty() => self.any_name(value),
                _ => self.element(value),
            },
            _ => self.element(value),
        }
    }

    /// The pairs of something with named parts: a name and a value.
    pub(super) fn pair(&mut self, value: &Value) -> Value {
        let parts = vec![self.any_name(value), self.element_of_parts(value)];
        self.list_of(parts)
    }

    /// What one gets by going through a value.
    pub(super) fn element(&self, value: &Value) -> Value {
        match &value.what {
            What::List(_) => self.element_of_parts(value),
            What::Object(id) => {
                let names = self.object(*id).map(|object| object.items.clone()).unwrap_or_default();
                let found = names.into_iter().reduce(Value::or).unwrap_or_default();
                found.with(self.deep(value).taint)
            }
            What::OneOf(values) => {
                values.iter().map(|value| self.element(value)).reduce(Value::or).unwrap_or_default()
            }
            _ => value.sdk_element().unwrap_or_else(|| Value::carrying(value.taint.clone())),
        }
    }

    /// A named part, where it is there.
    pub(in crate::code) fn field(&self, value: &Value, name: &str) -> Option<Value> {
        match &value.what {
            What::Object(id) => {
                let object = self.object(*id)?;
                let known = object
                    .entries
                    .iter()
                    .rev()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone());
                known.or_else(|| object.rest.clone())
            }
            What::OneOf(values) => {
                values.iter().filter_map(|value| self.field(value, name)).reduce(Value::or)
            }
            _ if value.taint.event.is_some() => Some(Value::carrying(value.taint.clone())),
            _ => None,
        }
    }

    /// A named part of a module or object, methods too.
    pub(super) fn part(&mut self, value: &Value, name: &str) -> Option<Value> {
        match &value.what {
            What::Object(id) => {
                let object = self.object(*id)?;
                let known = object
                    .entries
                    .iter()
                    .rev()
                    .find(|(known, _)| known == name)
                    .map(|(_, found)| found.clone());
                let (class, from) = (object.class.clone(), object.from.clone());
                let id = *id;
                let known = known.or_else(|| self.got(id, name));
                let known = known.or_else(|| Some(What::Function(self.method(&class?, name, value)?).into()));
                let path = from.and_then(|from| from.path().map(|path| format!("{path}.{name}")));
                known.or_else(|| path.map(Value::outside))
            }
            What::Module(scope) => {
                let found = self.lookup(*scope, name).cloned();
                found.or_else(|| self.starred(*scope, name))
            }
            What::Class(class) => self.class_member(&class.clone(), name),
            What::OneOf(values) => {
                let values = values.clone();
                values.iter().filter_map(|value| self.part(value, name)).reduce(Value::or)
            }
            _ => None,
        }
    }

    pub(in crate::code) fn items(&self, value: &Value) -> Vec<Value> {
        match &value.what {
            What::List(id) => self.object(*id).map(|object| object.items.clone()).unwrap_or_default(),
            What::OneOf(values) => values.iter().flat_map(|value| self.items(value)).collect(),
            _ => Vec::new(),
        }
    }

    pub(in crate::code) fn keys(&self, value: &Value) -> Vec<Value> {
        let What::Object(id) = &value.what else { return Vec::new() };
        let Some(object) = self.object(*id) else { return Vec::new() };
        let named = object.entries.iter().map(|(name, _)| Value::text(name));
        let named = named.chain(object.getters.iter().map(|(name, _)| Value::text(name)));
        named.chain(object.computed.iter().map(|(key, _)| key.clone())).collect()
    }

    pub(in crate::code) fn values(&self, value: &Value) -> Vec<Value> {
        self.entries(value).iter().map(|(_, value)| value.clone()).collect()
    }

    /// What the parts of an object may be: those with a known name, and all others.
    pub(super) fn parts(&self, value: &Value) -> Vec<Value> {
        let What::Object(id) = &value.what else { return Vec::new() };
        let Some(object) = self.object(*id) else { return Vec::new() };
        let named = object.entries.iter().map(|(_, value)| value);
        named.chain(object.computed.iter().map(|(_, value)| value)).chain(&object.rest).cloned().collect()
    }

    /// The parts of an object by their names.
    pub(in crate::code) fn entries(&self, value: &Value) -> &[(String, Value)] {
        let What::Object(id) = &value.what else { return &[] };
        self.object(*id).map(|object| object.entries.as_slice()).unwrap_or_default()
    }

    pub(in crate::code) fn is_object(&self, value: &Value) -> bool {
        matches!(value.what, What::Object(_))
    }

    pub(super) fn is_list(value: &Value) -> bool {
        matches!(value.what, What::List(_))
    }
}
