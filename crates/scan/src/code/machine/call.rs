//! Calls: of the tree's own functions and classes, and what each kind of callee leads to.

use std::rc::Rc;

use super::errors::CAUGHT;
use super::{CALL_LIMIT, DEPTH_LIMIT, Frame, Machine, Object};
use crate::code::program::{Call, Expression, Kind, Language, Parameter, Pattern, Rest};
use crate::code::sdk::Thing;
use crate::code::value::{Arguments, Class, Closure, SPREAD, Safe, Taint, Value, What, paths_of};
use crate::source::Place;

/// How many of its arguments a script's function finds in `arguments`.
const ARGUMENT_LIMIT: usize = 32;

/// Names that callbacks give to errors.
const ERROR_NAMES: [&str; 6] = ["err", "error", "e", "ex", "exception", "exc"];

impl Machine<'_> {
    pub(super) fn eval_call(&mut self, frame: &mut Frame, call: &Call, whole: &Expression) -> Value {
        let place = frame.program.place(whole.span);
        if let Kind::Member(object, name) = &call.callee.kind {
            let parent = match &object.kind {
                Kind::Call(inner) if is_super(&inner.callee) => {
                    frame.home.as_ref().and_then(|home| home.base.clone())
                }
                _ => None,
            };
            let receiver = self.eval(frame, object);
            let arguments = self.arguments(frame, call);
            if let Some(parent) = parent {
                return self.call_parent(frame, &parent, name, &arguments);
            }
            let value = self.call_method(frame, &receiver, name, &arguments, whole);
            return self.as_called(frame, whole, value);
        }
        if matches!(call.callee.kind, Kind::This) {
            let arguments = self.arguments(frame, call);
            if let Some(parent) = frame.home.as_ref().and_then(|home| home.base.clone()) {
                self.call_parent(frame, &parent, "constructor", &arguments);
            }
            return Value::unknown();
        }
        if is_super(&call.callee) {
            return frame.this.clone().unwrap_or_default();
        }
        let callee = self.eval(frame, &call.callee);
        let arguments = self.arguments(frame, call);
        self.call_value(frame, &callee, &arguments, place)
    }

    /// What `event.get("x")` gives after checks of it.
    fn as_called(&self, frame: &Frame, whole: &Expression, value: Value) -> Value {
        if value.taint.event.is_none() {
            return value;
        }
        let safe = whole.path().map(|path| self.checked(frame.scope, &path)).unwrap_or_default();
        Value { what: value.what, taint: value.taint.cleaned(safe) }
    }

    fn call_parent(&mut self, frame: &Frame, parent: &Value, name: &str, arguments: &Arguments) -> Value {
        if let Some(this) = &frame.this {
            self.construct_outside(parent, this, arguments);
        }
        let (What::Class(class), Some(this)) = (&parent.what, &frame.this) else { return Value::unknown() };
        match self.method(class, name, this) {
            Some(method) => self.call(&method, arguments, None).0,
            None => Value::unknown(),
        }
    }

    fn arguments(&mut self, frame: &mut Frame, call: &Call) -> Arguments {
        let mut found = Arguments { paths: paths_of(&call.arguments), ..Arguments::default() };
        for argument in &call.arguments {
            let value = self.eval(frame, argument);
            if let Kind::Spread(inner) = &argument.kind {
                let list = self.eval(frame, inner);
                let items = self.items(&list);
                found.open |= items.is_empty();
                if !items.is_empty() {
                    found.values.extend(items);
                    continue;
                }
            }
            found.values.push(value);
        }
        for (name, expression) in &call.named {
            let value = self.eval(frame, expression);
            let place = frame.program.place(expression.span);
            crate::code::switches::entry(self, name, &value, place);
            found.named.push((name.clone(), value));
        }
        for expression in &call.spread {
            let value = self.eval(frame, expression);
            match &value.what {
                What::Object(id) => {
                    let object = self.object(*id);
                    found.open |=
                        object.is_none_or(|object| object.rest.is_some() || !object.computed.is_empty());
                    found.named.extend(object.map(|object| object.entries.clone()).unwrap_or_default());
                }
                _ => {
                    found.open = true;
                    if value.taint.event.is_some() {
                        found.named.push((SPREAD.to_owned(), value));
                    }
                }
            }
        }
        found
    }

    /// Calls whatever a value may be.
    pub(super) fn call_value(
        &mut self,
        frame: &mut Frame,
        callee: &Value,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        match &callee.what {
            What::Function(closure) => self.call_own(frame, closure, arguments, place),
            What::Class(class) => {
                let class = class.clone();
                self.instance(&class, arguments)
            }
            What::Outside(outside) => {
                let (path, wraps) = (outside.path.clone(), outside.wraps.clone());
                self.call_outside(frame, &path, &wraps, arguments, place)
            }
            What::Operation(thing, name) => {
                self.call_operation(&thing.clone(), &name.clone(), arguments, place)
            }
            What::Bound(bound) => {
                let (callee, arguments) = (bound.callee.clone(), arguments.after(bound));
                self.call_value(frame, &callee, &arguments, place)
            }
            What::Object(_) => match self.part(callee, "__call__") {
                Some(method) => self.call_value(frame, &method, arguments, place),
                None => self.call_unknown(frame, arguments, &callee.taint.clone(), place),
            },
            What::OneOf(values) => {
                let values = values.clone();
                let found = values.iter().map(|value| self.call_value(frame, value, arguments, place));
                found.reduce(Value::or).unwrap_or_default()
            }
            _ => self.call_unknown(frame, arguments, &callee.taint.clone(), place),
        }
    }

    pub(super) fn call_operation(
        &mut self,
        thing: &Rc<Thing>,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        let answer = if name.is_empty() {
            self.gap(place, "the operation that is called is worked out".to_owned());
            Value::unknown()
        } else {
            self.sdk_called(thing, name, arguments, place)
        };
        self.callbacks(arguments, &Value::unknown());
        answer
    }

    fn call_own(
        &mut self,
        frame: &mut Frame,
        closure: &Rc<Closure>,
        arguments: &Arguments,
        place: Place,
    ) -> Value {
        let (value, checked) = self.call(closure, arguments, Some(place));
        for (number, safe) in checked {
            if let Some(Some(path)) = arguments.paths.get(number) {
                self.check(frame, path.clone(), safe);
            }
        }
        value
    }

    /// Calls a function of the tree. Gives what it returns, and which of its arguments it checked.
    pub(super) fn call(
        &mut self,
        closure: &Rc<Closure>,
        arguments: &Arguments,
        site: Option<Place>,
    ) -> (Value, Vec<(usize, Safe)>) {
        let key = (closure.program.file(), closure.index);
        let Some(code) = closure.program.functions.get(closure.index) else { return Default::default() };
        let nested = self.calls.iter().filter(|open| **open == key).count();
        if nested > 0 || self.calls.len() >= CALL_LIMIT || self.depth >= DEPTH_LIMIT || self.fuel == 0 {
            return Default::default();
        }
        self.calls.push(key);
        self.reached.insert(key);
        let scope = self.new_scope(Some(closure.scope));
        let branch = self.next_branch();
        let mut frame = Frame {
            program: closure.program.clone(),
            scope,
            this: closure.this.clone(),
            home: closure.home.clone(),
            returned: None,
            branch,
        };
        let mut parameters = code.parameters.as_slice();
        if let Some(this) = &closure.this
            && closure.program.language == Language::Python
            && !is_static(code)
            && let Some((first, rest)) = parameters.split_first()
        {
            self.bind(&mut frame, &first.pattern, this.clone(), true);
            parameters = rest;
        }
        if closure.program.language != Language::Python && !arguments.values.is_empty() {
            let all = arguments.values.iter().take(ARGUMENT_LIMIT).cloned().collect();
            let all = self.list_of(all);
            self.declare(scope, "arguments", all, branch);
        }
        for (number, parameter) in parameters.iter().enumerate() {
            self.take(&mut frame, parameter, number, arguments, site);
        }
        self.block(&mut frame, &code.body);
        let checked = self.checked_parameters(&frame, parameters);
        self.calls.pop();
        (frame.returned.take().unwrap_or_else(|| What::Nothing.into()), checked)
    }

    /// Binds one parameter.
    fn take(
        &mut self,
        frame: &mut Frame,
        parameter: &Parameter,
        number: usize,
        arguments: &Arguments,
        site: Option<Place>,
    ) {
        let name = match &parameter.pattern {
            Pattern::Name(name, _) => Some(name.as_str()),
            _ => None,
        };
        let given = match parameter.rest {
            Rest::One => {
                let named = name.and_then(|name| arguments.named(name));
                named.or_else(|| arguments.at(number)).or_else(|| arguments.named(SPREAD)).cloned()
            }
            Rest::Positional => {
                let items = arguments.values.iter().skip(number).cloned().collect();
                Some(self.list_of(items))
            }
            Rest::Named => Some(self.named_object(arguments)),
        };
        let value = match (given, &parameter.default) {
            (Some(value), _) => value,
            (None, Some(default)) if !arguments.open || self.sweeping => self.eval(frame, default),
            (None, _) if name.is_some_and(|name| ERROR_NAMES.contains(&name)) => Value::outside(CAUGHT),
            (None, _) => Value::unknown(),
        };
        let value = match (site, name) {
            (Some(site), Some(name)) if value.taint.event.is_some() => {
                let taint = value.taint.step(site, || format!("it is handed on as `{name}`"));
                Value { what: value.what, taint }
            }
            _ => value,
        };
        self.bind(frame, &parameter.pattern, value, true);
    }

    fn checked_parameters(&self, frame: &Frame, parameters: &[Parameter]) -> Vec<(usize, Safe)> {
        let checked = parameters.iter().enumerate().filter_map(|(number, parameter)| {
            let Pattern::Name(name, _) = &parameter.pattern else { return None };
            let safe = self.checked(frame.scope, name);
            (safe != Safe::default()).then_some((number, safe))
        });
        checked.collect()
    }

    /// An object of a class, after its constructor.
    pub(super) fn instance(&mut self, class: &Rc<Class>, arguments: &Arguments) -> Value {
        let Some(code) = class.program.classes.get(class.index) else { return Value::unknown() };
        let id = self.new_object(Object { class: Some(class.clone()), ..Object::default() });
        let this: Value = What::Object(id).into();
        let branch = self.next_branch();
        let mut frame = Frame {
            program: class.program.clone(),
            scope: class.scope,
            this: Some(this.clone()),
            home: Some(class.clone()),
            returned: None,
            branch,
        };
        for field in code.fields.iter().filter(|field| !field.shared) {
            let value = self.eval(&mut frame, &field.value);
            if let Some(object) = self.object_mut(id) {
                object.entries.push((field.name.clone(), value));
            }
        }
        let constructor = if class.program.language == Language::Python { "__init__" } else { "constructor" };
        match self.method(class, constructor, &this) {
            Some(method) => {
                self.call(&method, arguments, None);
            }
            // A data class, or one that takes what its outside base takes.
            None => {
                let given = arguments.values.iter().chain(arguments.named(SPREAD));
                let taint = given.fold(Taint::default(), |taint, value| taint.join(&self.deep(value).taint));
                if let Some(object) = self.object_mut(id) {
                    object.entries.extend(arguments.named.iter().cloned());
                    object.rest = Some(Value::carrying(taint)).filter(|rest| !rest.taint.is_none());
                }
            }
        }
        this
    }

    /// Calls the functions that a call is handed, as something unknown would.
    pub(super) fn callbacks(&mut self, arguments: &Arguments, with: &Value) {
        let closures: Vec<Rc<Closure>> = arguments.closures().cloned().collect();
        let within: Vec<Rc<Closure>> = arguments
            .all()
            .flat_map(|value| self.values(value))
            .filter_map(|value| match &value.what {
                What::Function(closure) => Some(closure.clone()),
                _ => None,
            })
            .collect();
        for closure in closures.into_iter().chain(within.into_iter().take(64)) {
            let code = closure.program.functions.get(closure.index);
            let count = code.map_or(0, |code| code.parameters.len());
            let error_first = code.and_then(|code| code.parameters.first()).is_some_and(|first| {
                matches!(&first.pattern, Pattern::Name(name, _) if ERROR_NAMES.contains(&name.as_str()))
            });
            let handed = if error_first {
                Arguments::default()
            } else {
                Arguments::new(vec![with.clone(); count.min(1)])
            };
            self.call(&closure, &handed, None);
        }
    }

    /// A call of something that is not known at all.
    pub(super) fn call_unknown(
        &mut self,
        frame: &mut Frame,
        arguments: &Arguments,
        taint: &crate::code::value::Taint,
        place: Place,
    ) -> Value {
        self.handed_away(arguments, "something that cannot be followed", place);
        let with = Value::carrying(taint.clone());
        self.callbacks(arguments, &with);
        if taint.event.is_some() {
            let others = arguments.values.iter().filter(|value| matches!(value.what, What::Outside(_)));
            let handed = Arguments::new(vec![with]);
            others.cloned().collect::<Vec<_>>().iter().for_each(|other| {
                self.hand(frame, other, &handed, place);
            });
        }
        Value::unknown()
    }

    /// Clients that leave the code that is read take their operations with them.
    pub(super) fn handed_away(&mut self, arguments: &Arguments, to: &str, place: Place) {
        let mut found = arguments.all().flat_map(Value::choices).filter_map(service_of).next();
        if found.is_none() {
            let parts: Vec<Value> = arguments.all().flat_map(|value| self.values(value)).collect();
            found = parts.iter().find_map(service_of);
        }
        if let Some(service) = found {
            self.gap(place, format!("a client of {service} is handed to {to}"));
        }
    }
}

fn service_of(value: &Value) -> Option<String> {
    match &value.what {
        What::Sdk(thing) => match thing.as_ref() {
            Thing::Client { service, .. } | Thing::Handle { service, .. } => Some(service.to_string()),
            Thing::Pages { .. } | Thing::Waits { .. } | Thing::Command => None,
        },
        _ => None,
    }
}

fn is_super(callee: &Expression) -> bool {
    matches!(&callee.kind, Kind::Name(name) if name == "super")
}

fn is_static(code: &crate::code::program::FunctionCode) -> bool {
    code.decorators
        .iter()
        .any(|decorator| matches!(&decorator.kind, Kind::Name(name) if name == "staticmethod"))
}
