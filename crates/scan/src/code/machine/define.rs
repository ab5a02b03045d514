//! Properties that are defined one by one: how bundlers and compilers write exports, as functions that give a value when it is asked for.
//!
//! Invariant: what a getter gives is read when it is asked for, never when it is written, for what it gives is often set later; the first
//! definition of a name stays. Not here: entries that are written out or assigned (`bind`).

use std::rc::Rc;

use super::{Frame, Machine};
use crate::code::program::{Pattern, Statement};
use crate::code::value::{Arguments, Closure, ObjectId, Value, What};

/// How many properties are defined one by one: of one object, and by one loop.
const LIMIT: usize = 600;

impl Machine<'_> {
    /// `Object.defineProperty(target, name, descriptor)`: the target with that property.
    pub(super) fn defined(&mut self, arguments: &Arguments) -> Value {
        let at = |number| arguments.at(number).cloned().unwrap_or_default();
        let (target, name, descriptor) = (at(0), at(1), at(2));
        self.define(&target, &name, &descriptor);
        target
    }

    /// `Object.defineProperties(target, descriptors)`.
    pub(super) fn all_defined(&mut self, arguments: &Arguments) -> Value {
        let at = |number| arguments.at(number).cloned().unwrap_or_default();
        let (target, all) = (at(0), at(1));
        for (name, descriptor) in self.keys(&all).into_iter().zip(self.values(&all)).take(LIMIT) {
            self.define(&target, &name, &descriptor);
        }
        target
    }

    fn define(&mut self, target: &Value, name: &Value, descriptor: &Value) {
        let getters: Vec<Rc<Closure>> = self
            .field(descriptor, "get")
            .map(|get| Arguments::new(vec![get]).closures().cloned().collect())
            .unwrap_or_default();
        let value = self.field(descriptor, "value");
        let ids: Vec<ObjectId> = target
            .choices()
            .iter()
            .filter_map(|choice| match choice.what {
                What::Object(id) => Some(id),
                _ => None,
            })
            .collect();
        let Some(name) = name.literal().map(str::to_owned) else {
            let given = getters.iter().map(|getter| self.call(getter, &Arguments::default(), None).0);
            let value = given.chain(value).reduce(Value::or).unwrap_or_default();
            return ids.iter().for_each(|id| {
                if let Some(object) = self.object_mut(*id)
                    && object.computed.len() < 64
                {
                    object.computed.push((Value::unknown(), value.clone()));
                }
            });
        };
        // What marks a module is no part of it.
        if name == "__esModule" {
            return;
        }
        for id in ids {
            let Some(object) = self.object_mut(id) else { continue };
            let known = object.entries.iter().any(|(known, _)| *known == name)
                || object.getters.iter().any(|(known, _)| *known == name);
            if known || object.getters.len() + object.entries.len() >= LIMIT {
                continue;
            }
            object.getters.extend(getters.iter().map(|getter| (name.clone(), getter.clone())));
            object
                .entries
                .extend(value.iter().filter(|_| getters.is_empty()).map(|it| (name.clone(), it.clone())));
        }
    }

    /// What the getter of a name gives; `None` where there is none.
    pub(super) fn got(&mut self, id: ObjectId, name: &str) -> Option<Value> {
        let getters = self.object(id)?.getters.iter().filter(|(known, _)| known == name);
        let getters: Vec<Rc<Closure>> = getters.map(|(_, getter)| getter.clone()).collect();
        let given = getters.iter().map(|getter| self.call(getter, &Arguments::default(), None).0);
        given.reduce(Value::or)
    }

    /// A loop over known names while a file is loaded, which sets up something for each of them: each is gone through by itself, in a
    /// scope of its own. False where it is no such loop.
    pub(super) fn for_each_name(
        &mut self,
        frame: &mut Frame,
        pattern: &Pattern,
        over: &Value,
        body: &[Statement],
    ) -> bool {
        let names = self.items(over);
        let known = names.iter().all(|name| name.literal().is_some());
        if self.running || Self::is_python(frame) || !known || names.len() < 2 || names.len() > LIMIT {
            return false;
        }
        let outer = (frame.scope, frame.branch);
        for name in names {
            frame.scope = self.new_scope(Some(outer.0));
            self.bind(frame, pattern, name, true);
            self.block(frame, body);
            // `var` belongs to the whole function.
            for (name, value) in self.names_of(frame.scope) {
                self.declare(outer.0, &name, value, outer.1);
            }
            frame.scope = outer.0;
        }
        true
    }
}
