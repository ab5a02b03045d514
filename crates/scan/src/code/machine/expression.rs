//! Expressions and what they may be.

use super::{DEPTH_LIMIT, Frame, Machine, Object};
use crate::code::program::{Comparison, Entry, Expression, Kind, Language, Span};
use crate::code::value::{Safe, Taint, Value, What};
use crate::code::{sinks, switches};
use crate::known::Piece;

impl Machine<'_> {
    pub(super) fn eval(&mut self, frame: &mut Frame, expression: &Expression) -> Value {
        if self.fuel == 0 || self.depth >= DEPTH_LIMIT {
            return Value::unknown();
        }
        self.fuel -= 1;
        self.depth += 1;
        let value = self.eval_kind(frame, expression);
        self.depth -= 1;
        value
    }

    /// Kept small: every level of code costs one of these on the stack.
    fn eval_kind(&mut self, frame: &mut Frame, expression: &Expression) -> Value {
        match &expression.kind {
            Kind::Name(name) => self.name(frame, name, expression),
            Kind::This => frame.this.clone().unwrap_or_default(),
            Kind::Text(text) => Value::text(text),
            Kind::Number(number) => What::Number(number.as_str().into()).into(),
            Kind::Bool(value) => What::Bool(*value).into(),
            Kind::Null => What::Nothing.into(),
            Kind::Regex(pattern) => What::Regex(pattern.as_str().into()).into(),
            Kind::Join(parts) => self.join(frame, parts),
            Kind::Tagged(tag, parts) => self.tagged(frame, tag, parts),
            Kind::Member(object, name) => {
                let value = self.eval(frame, object);
                let found = self.member(&value, name, frame.program.place(expression.span));
                self.as_checked(frame, expression, found)
            }
            Kind::Index(object, key) => self.index(frame, object, key, expression),
            Kind::Call(call) => self.eval_call(frame, call, expression),
            Kind::Object(entries) => self.object_value(frame, entries, expression.span),
            Kind::List(items) => self.list(frame, items),
            Kind::Spread(inner) => {
                let value = self.eval(frame, inner);
                self.element(&value)
            }
            Kind::Either(first, second) => self.either(frame, first, second),
            Kind::Both(first, second) => self.both(frame, first, second),
            Kind::Not(inner) => {
                self.eval(frame, inner);
                Value::unknown()
            }
            Kind::Compare(left, comparison, right) => {
                let (left, right) = (self.eval(frame, left), self.eval(frame, right));
                if matches!(comparison, Comparison::Same | Comparison::Different) {
                    switches::compared(self, [&left, &right], frame.program.place(expression.span));
                }
                Value::unknown()
            }
            Kind::Arithmetic(parts) => {
                parts.iter().for_each(|part| drop(self.eval(frame, part)));
                Value::unknown()
            }
            Kind::Choice(test, then, otherwise) => self.choice(frame, test, then, otherwise),
            Kind::Function(index) => self.closure(frame, *index),
            Kind::Class(index) => self.class_value(frame, *index),
            Kind::Assign(pattern, value) => {
                let value = self.eval(frame, value);
                self.bind(frame, pattern, value.clone(), false);
                value
            }
            Kind::Each { bindings, tests, made } => self.each(frame, bindings, tests, made),
            Kind::Sequence(parts) => {
                parts.iter().map(|part| self.eval(frame, part)).last().unwrap_or_default()
            }
            Kind::Yield(inner) => {
                let value = self.eval(frame, inner);
                let list = self.list_of(vec![value]);
                self.give_back(frame, list);
                Value::unknown()
            }
            Kind::Opaque(parts) => {
                let values: Vec<Value> = parts.iter().map(|part| self.eval(frame, part)).collect();
                let taint = values.iter().fold(Taint::default(), |taint, value| taint.join(&value.taint));
                Value::carrying(taint)
            }
        }
    }

    fn name(&mut self, frame: &Frame, name: &str, expression: &Expression) -> Value {
        let found = self.lookup(frame.scope, name).cloned();
        match found {
            Some(value) => self.as_checked(frame, expression, value),
            None if name == "undefined" => What::Nothing.into(),
            None if name == "__file__"
                || name == "__dirname"
                || name == "__filename"
                || name == "__name__" =>
            {
                Value::unknown()
            }
            None if Self::is_python(frame) && !is_built_in(name) => {
                self.starred(frame.scope, name).unwrap_or_else(|| Value::outside(name))
            }
            None => Value::outside(name),
        }
    }

    /// A value after what checks on the way here showed of it.
    fn as_checked(&self, frame: &Frame, expression: &Expression, value: Value) -> Value {
        if value.taint.event.is_none() {
            return value;
        }
        let safe = expression.path().map(|path| self.checked(frame.scope, &path)).unwrap_or_default();
        if safe == Safe::default() {
            return value;
        }
        Value { what: value.what, taint: value.taint.cleaned(safe) }
    }

    fn join(&mut self, frame: &mut Frame, parts: &[Expression]) -> Value {
        let values: Vec<Value> = parts.iter().map(|part| self.eval(frame, part)).collect();
        // Sums of numbers and of lists are written like texts.
        if let Some(first) = values.first()
            && values.iter().all(|value| matches!(value.what, What::List(_)))
            && matches!(first.what, What::List(_))
        {
            let items = values.iter().flat_map(|list| self.items(list)).collect();
            return self.list_of(items);
        }
        let values: Vec<Value> = values.iter().map(|value| self.deep(value)).collect();
        Value::joined(&values)
    }

    /// A template that a function takes apart keeps its values apart from its text, so nothing is put together.
    fn tagged(&mut self, frame: &mut Frame, tag: &Expression, parts: &[Expression]) -> Value {
        let by = self.eval(frame, tag);
        let values: Vec<Value> = parts.iter().map(|part| self.eval(frame, part)).collect();
        if by.path() == Some("String.raw") {
            return Value::joined(&values);
        }
        if by.path().is_some_and(|path| path.starts_with("zx.")) {
            let place = frame.program.place(tag.span);
            values.windows(2).for_each(|pair| sinks::interpreted(self, pair, place));
        }
        Value::unknown()
    }

    fn index(
        &mut self,
        frame: &mut Frame,
        object: &Expression,
        key: &Expression,
        whole: &Expression,
    ) -> Value {
        // A slice of a list is a list of its elements.
        let is_slice = Self::is_python(frame) && matches!(key.kind, Kind::Opaque(_));
        let (value, key) = (self.eval(frame, object), self.eval(frame, key));
        if is_slice && (Self::is_list(&value) || value.sdk_element().is_some()) {
            return value;
        }
        let place = frame.program.place(whole.span);
        let found = match key.literal() {
            Some(name) if !matches!(key.what, What::Number(_)) => self.entry_of(&value, name, place),
            Some(name) => self.member_of(&value, name, true, place),
            None => self.any_member(&value, &key, place),
        };
        self.as_checked(frame, whole, found)
    }

    fn object_value(&mut self, frame: &mut Frame, entries: &[Entry], span: Span) -> Value {
        let mut object = Object::default();
        for entry in entries {
            match entry {
                Entry::Named(name, expression) => {
                    let value = self.eval(frame, expression);
                    let place = frame.program.place(expression.span);
                    switches::entry(self, name, &value, place);
                    object.entries.push((name.clone(), value));
                }
                Entry::Computed(key, expression) => {
                    let (key, value) = (self.eval(frame, key), self.eval(frame, expression));
                    match key.literal() {
                        Some(name) => object.entries.push((name.to_owned(), value)),
                        None => object.computed.push((key, value)),
                    }
                }
                Entry::Spread(expression) => {
                    let value = self.eval(frame, expression);
                    self.spread(&value, &mut object);
                }
            }
        }
        switches::cors::headers(self, &object.entries, frame.program.place(span));
        object.lasting = self.is_top(frame.scope);
        What::Object(self.new_object(object)).into()
    }

    fn spread(&self, value: &Value, into: &mut Object) {
        match &value.what {
            What::Object(id) => {
                if let Some(object) = self.object(*id) {
                    into.entries.extend(object.entries.iter().cloned());
                    into.computed.extend(object.computed.iter().cloned());
                    into.getters.extend(object.getters.iter().cloned());
                    if let Some(rest) = &object.rest {
                        into.rest = Some(into.rest.take().unwrap_or_default().or(rest.clone()));
                    }
                }
            }
            What::Nothing => {}
            What::Outside(_) => into.from = Some(value.clone()),
            _ => {
                let unknown = Value::carrying(value.taint.clone());
                into.rest = Some(into.rest.take().unwrap_or_default().or(unknown));
            }
        }
    }

    fn list(&mut self, frame: &mut Frame, items: &[Expression]) -> Value {
        let mut found = Vec::new();
        for item in items {
            let value = self.eval(frame, item);
            match (&item.kind, &value.what) {
                (Kind::Spread(inner), _) => {
                    let list = self.eval(frame, inner);
                    let items = self.items(&list);
                    if items.is_empty() { found.push(value) } else { found.extend(items) }
                }
                _ => found.push(value),
            }
        }
        let lasting = self.is_top(frame.scope);
        What::List(self.new_object(Object { items: found, lasting, ..Object::default() })).into()
    }

    /// `a || b`: where `a` is a variable of the environment that the template does not set, it is `b`.
    fn either(&mut self, frame: &mut Frame, first: &Expression, second: &Expression) -> Value {
        let left = self.eval(frame, first);
        let outer = frame.branch;
        frame.branch = self.next_branch();
        let checks = self.checks(frame.scope);
        self.assume(frame, first, false);
        let right = self.eval(frame, second);
        self.keep_checks(frame.scope, checks);
        frame.branch = outer;
        self.or_default(left, right)
    }

    pub(super) fn or_default(&self, value: Value, default: Value) -> Value {
        let What::Text(pieces) = &value.what else { return value.or(default) };
        match pieces.as_slice() {
            [Piece::Environment(name)] if self.function.variable(name).is_some() => value,
            [Piece::Environment(_)] => {
                if matches!(default.what, What::Text(_)) {
                    default
                } else {
                    value
                }
            }
            [] => default,
            _ => value.or(default),
        }
    }

    fn both(&mut self, frame: &mut Frame, first: &Expression, second: &Expression) -> Value {
        // Its value comes through only where it is empty.
        self.eval(frame, first);
        let outer = frame.branch;
        frame.branch = self.next_branch();
        let checks = self.checks(frame.scope);
        self.assume(frame, first, true);
        let right = self.eval(frame, second);
        self.keep_checks(frame.scope, checks);
        frame.branch = outer;
        right
    }

    fn choice(
        &mut self,
        frame: &mut Frame,
        test: &Expression,
        then: &Expression,
        otherwise: &Expression,
    ) -> Value {
        self.eval(frame, test);
        let checks = self.checks(frame.scope);
        self.assume(frame, test, true);
        let first = self.eval(frame, then);
        self.keep_checks(frame.scope, checks);
        self.assume(frame, test, false);
        let second = self.eval(frame, otherwise);
        self.keep_checks(frame.scope, checks);
        first.or(second)
    }

    fn each(
        &mut self,
        frame: &mut Frame,
        bindings: &[(crate::code::program::Pattern, Expression)],
        tests: &[Expression],
        made: &[Expression],
    ) -> Value {
        let checks = self.checks(frame.scope);
        for (pattern, over) in bindings {
            let over = self.eval(frame, over);
            let element = self.step(frame, &over);
            self.bind(frame, pattern, element, true);
        }
        for test in tests {
            self.eval(frame, test);
            self.assume(frame, test, true);
        }
        let values: Vec<Value> = made.iter().map(|part| self.eval(frame, part)).collect();
        self.keep_checks(frame.scope, checks);
        match values.as_slice() {
            [key, value] => {
                let computed = vec![(key.clone(), value.clone())];
                What::Object(self.new_object(Object { computed, ..Object::default() })).into()
            }
            _ => self.list_of(values),
        }
    }

    /// A value with all that its parts carry.
    pub(in crate::code) fn deep(&self, value: &Value) -> Value {
        let taint = self.deep_taint(value, 0);
        Value { what: value.what.clone(), taint }
    }

    fn deep_taint(&self, value: &Value, level: u32) -> Taint {
        let mut taint = value.taint.clone();
        if level > 4 {
            return taint;
        }
        match &value.what {
            What::Object(id) | What::List(id) => {
                let Some(object) = self.object(*id) else { return taint };
                let named = object.entries.iter().map(|(_, value)| value);
                let computed = object.computed.iter().map(|(_, value)| value);
                for part in named.chain(computed).chain(&object.items).chain(&object.rest).take(64) {
                    taint = taint.join(&self.deep_taint(part, level + 1));
                }
            }
            What::OneOf(values) => {
                for value in values.iter() {
                    taint = taint.join(&self.deep_taint(value, level + 1));
                }
            }
            _ => {}
        }
        taint
    }

    pub(super) fn is_python(frame: &Frame) -> bool {
        frame.program.language == Language::Python
    }
}

/// Whether Python brings a name along, so that it is no other module's.
fn is_built_in(name: &str) -> bool {
    const NAMES: [&str; 62] = [
        "__import__",
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "bool",
        "breakpoint",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "compile",
        "complex",
        "delattr",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "min",
        "next",
        "object",
        "oct",
        "open",
        "ord",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
    ];
    NAMES.contains(&name) || name.ends_with("Error") || name.ends_with("Exception")
}
