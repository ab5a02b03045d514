//! Objects that tell listeners: `emitter.on("x", f)`, `emitter.emit("x", value)`.
//!
//! Invariant: only listeners of the same object and the same name are told; how many are kept is bounded. Not here: events that the
//! provider sends (`machine`).

use super::{Frame, Machine, Object};
use crate::code::value::{Arguments, ObjectId, Value, What};
use crate::source::Place;

/// How many listeners one function may have.
const LISTENER_LIMIT: usize = 64;

impl Machine<'_> {
    /// `new EventEmitter()`.
    pub(super) fn emitter(&mut self) -> Value {
        let from = Some(Value::outside("events.EventEmitter()"));
        What::Object(self.new_object(Object { from, ..Object::default() })).into()
    }

    /// A method by which an object tells its listeners, or takes one; `None` where it is no such method, or one of the tree's own.
    pub(super) fn emits(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        let What::Object(id) = receiver.what else { return None };
        let listens =
            matches!(name, "on" | "once" | "addListener" | "prependListener" | "prependOnceListener");
        if !listens && name != "emit" {
            return None;
        }
        if self.part(receiver, name).is_some_and(|method| method.path().is_none()) {
            return None;
        }
        let event = arguments.at(0).and_then(Value::literal)?.to_owned();
        if listens {
            return self.listens(id, event, receiver, arguments);
        }
        let told = self.listeners.iter().filter(|(known, name, _)| *known == id && *name == event);
        let told: Vec<Value> = told.map(|(_, _, listener)| listener.clone()).collect();
        let handed = Arguments::new(arguments.values.iter().skip(1).cloned().collect());
        for listener in told {
            self.call_value(frame, &listener, &handed, place);
        }
        Some(Value::unknown())
    }

    fn listens(
        &mut self,
        id: ObjectId,
        event: String,
        receiver: &Value,
        arguments: &Arguments,
    ) -> Option<Value> {
        let listener = arguments.at(1)?.clone();
        if self.running {
            self.callbacks(arguments, &Value::unknown());
        }
        let known = self
            .listeners
            .iter()
            .any(|(other, name, known)| *other == id && *name == event && same_function(known, &listener));
        if !known && self.listeners.len() < LISTENER_LIMIT {
            self.listeners.push((id, event, listener));
        }
        Some(receiver.clone())
    }
}

fn same_function(one: &Value, other: &Value) -> bool {
    match (&one.what, &other.what) {
        (What::Function(one), What::Function(other)) => std::rc::Rc::ptr_eq(one, other),
        _ => false,
    }
}
