//! Binding values to names and parts, and what it means when that outlives a call.

use super::{Frame, Machine, Object};
use crate::code::program::{Expression, Kind, Pattern, Span, setter};
use crate::code::switches;
use crate::code::value::{Arguments, Value, What};

/// How long what holds a value may be to be named by its code.
const HOLDER_LIMIT_BYTES: usize = 40;
/// How many named parts one object keeps.
const ENTRY_LIMIT: usize = 600;

impl Machine<'_> {
    pub(super) fn bind(&mut self, frame: &mut Frame, pattern: &Pattern, value: Value, declares: bool) {
        match pattern {
            Pattern::Name(name, span) => self.bind_name(frame, name, *span, value, declares),
            Pattern::Member(object, name) => {
                let holder = self.eval(frame, object);
                let place = frame.program.place(object.span);
                switches::assigned(self, &holder, name, &value, place);
                self.set_part(frame, &holder, name, value, object.span);
            }
            Pattern::Index(object, key) => {
                let (holder, key) = (self.eval(frame, object), self.eval(frame, key));
                let place = frame.program.place(object.span);
                match key.literal().map(str::to_owned) {
                    Some(name) => {
                        switches::assigned(self, &holder, &name, &value, place);
                        self.set_part(frame, &holder, &name, value, object.span);
                    }
                    None => self.set_computed(frame, &holder, key, value, object.span),
                }
            }
            Pattern::Object(parts) => {
                for part in parts {
                    let place = frame.program.place(part.span);
                    let found = match &part.key {
                        Some(key) => self.member(&value, key, place),
                        None => Value::carrying(value.taint.clone()),
                    };
                    self.bind(frame, &part.pattern, found, declares);
                }
            }
            Pattern::List(elements) => self.bind_list(frame, elements, &value, declares),
            Pattern::Default(inner, default) => {
                let default = self.eval(frame, default);
                let value = match value.what {
                    What::Nothing => default.with(value.taint),
                    What::Unknown if value.taint.is_none() => default,
                    _ => self.or_default(value, default),
                };
                self.bind(frame, inner, value, declares);
            }
            Pattern::Rest(inner) => self.bind(frame, inner, value, declares),
            Pattern::Ignore => {}
        }
    }

    fn bind_list(&mut self, frame: &mut Frame, elements: &[Pattern], value: &Value, declares: bool) {
        let items = self.items(value);
        for (number, element) in elements.iter().enumerate() {
            let found = match items.get(number) {
                Some(item) if items.len() > 1 || elements.len() == 1 => item.clone(),
                _ => Value::carrying(self.deep(value).taint.part_of_token(number)),
            };
            self.bind(frame, element, found, declares);
        }
    }

    fn bind_name(&mut self, frame: &mut Frame, name: &str, span: Span, value: Value, declares: bool) {
        if declares {
            return self.declare(frame.scope, name, value, frame.branch);
        }
        let python = Self::is_python(frame);
        let outer =
            self.scope(frame.scope).is_some_and(|scope| scope.outer.iter().any(|outer| outer == name));
        let own = self.scope(frame.scope).is_some_and(|scope| scope.names.contains_key(name));
        // A name that nobody declares belongs to the whole file, and so does one that is said to be global.
        let holder = self.holder(frame.scope, name).or_else(|| self.top_of(frame.scope));
        // In Python a name that is set belongs to the function, unless it says otherwise.
        let target = if python && !outer || own { Some(frame.scope) } else { holder };
        match target {
            Some(target) => {
                if target != frame.scope && self.is_top(target) {
                    switches::kept(self, name, &value, frame.program.place(span));
                }
                let known = self.scope(target).is_some_and(|scope| scope.names.contains_key(name));
                if known {
                    self.set(target, name, value, frame.branch);
                } else {
                    self.declare(target, name, value, frame.branch);
                }
            }
            None => self.declare(frame.scope, name, value, frame.branch),
        }
    }

    pub(super) fn set_part(&mut self, frame: &Frame, holder: &Value, name: &str, value: Value, span: Span) {
        if let What::Object(id) = &holder.what
            && let Some(class) = self.object(*id).and_then(|object| object.class.clone())
            && let Some(method) = self.method(&class, &setter(name), holder)
        {
            self.call(&method, &Arguments::new(vec![value]), None);
            return;
        }
        match &holder.what {
            What::Object(id) | What::List(id) => {
                let id = *id;
                self.kept_part(frame, id, name, &value, span);
                let Some(object) = self.object_mut(id) else { return };
                if let Some((_, known)) = object.entries.iter_mut().rev().find(|(known, _)| known == name) {
                    *known = if known.is_nothing() { value } else { std::mem::take(known).or(value) };
                } else if object.entries.len() < ENTRY_LIMIT {
                    object.entries.push((name.to_owned(), value));
                }
            }
            What::Class(class) => {
                let shared = class.shared;
                self.kept_part(frame, shared, name, &value, span);
                if let Some(object) = self.object_mut(shared) {
                    object.entries.push((name.to_owned(), value));
                }
            }
            What::Module(scope) => self.set(*scope, name, value, frame.branch),
            What::Environment => self.set_global(format!("env.{name}"), value),
            What::Outside(outside) if matches!(outside.path.as_str(), "globalThis" | "global") => {
                switches::kept(self, name, &value, frame.program.place(span));
                self.set_global(name.to_owned(), value);
            }
            _ => {}
        }
    }

    fn set_global(&mut self, name: String, value: Value) {
        if self.globals.len() < ENTRY_LIMIT {
            self.globals.push((name, value));
        }
    }

    pub(super) fn set_computed(
        &mut self,
        frame: &Frame,
        holder: &Value,
        key: Value,
        value: Value,
        span: Span,
    ) {
        let (What::Object(id) | What::List(id)) = &holder.what else { return };
        let id = *id;
        self.kept_part(frame, id, "", &value, span);
        if let Some(object) = self.object_mut(id)
            && object.computed.len() < 64
        {
            object.computed.push((key, value));
        }
    }

    fn kept_part(&mut self, frame: &Frame, id: super::ObjectId, name: &str, value: &Value, span: Span) {
        let lasting = self.object(id).is_some_and(|object| object.lasting && object.class.is_none());
        // `exports.x = …` and what a file sets up when it is loaded is no state of a call.
        if lasting && !self.is_top(frame.scope) {
            let place = frame.program.place(span);
            let holder = self.tree().excerpt(place).trim();
            let what = match name {
                "" if !holder.is_empty() && holder.len() <= HOLDER_LIMIT_BYTES => holder,
                "" => "an entry",
                name => name,
            };
            switches::kept(self, what, value, place);
        }
    }

    /// A value under the name that it is given, as a step of its trail.
    pub(super) fn named_step(&self, frame: &Frame, pattern: &Pattern, value: Value, span: Span) -> Value {
        let Pattern::Name(name, _) = pattern else { return value };
        if value.taint.event.is_none() || !matches!(value.what, What::Text(_)) {
            return value;
        }
        let place = frame.program.place(span);
        let taint = value.taint.step(place, || format!("it becomes part of `{name}`"));
        Value { what: value.what, taint }
    }

    /// Puts values at the end of a list.
    pub(super) fn append(&mut self, frame: &Frame, holder: &Value, values: &[Value], whole: &Expression) {
        let (What::List(id) | What::Object(id)) = &holder.what else { return };
        let id = *id;
        let span = match &whole.kind {
            Kind::Call(call) => match &call.callee.kind {
                Kind::Member(object, _) => object.span,
                _ => whole.span,
            },
            _ => whole.span,
        };
        for value in values {
            self.kept_part(frame, id, "", value, span);
        }
        if let Some(object) = self.object_mut(id)
            && object.items.len() < ENTRY_LIMIT
        {
            object.items.extend(values.iter().cloned());
        }
    }

    pub(super) fn empty_object(&mut self) -> Value {
        What::Object(self.new_object(Object::default())).into()
    }
}
