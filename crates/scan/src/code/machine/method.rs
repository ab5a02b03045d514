//! Methods of texts, lists, promises and functions, and of what is not known.

use std::rc::Rc;

use super::outside::found_by;
use super::{Frame, Machine};
use crate::code::program::Expression;
use crate::code::sinks;
use crate::code::value::{Arguments, Taint, Token, Value, What};
use crate::known::Piece;
use crate::source::Place;

/// Methods whose results say something about a text and are none of it.
const MEASURES: [&str; 24] = [
    "includes",
    "startsWith",
    "endsWith",
    "startswith",
    "endswith",
    "indexOf",
    "lastIndexOf",
    "test",
    "isdigit",
    "isalnum",
    "isalpha",
    "isnumeric",
    "count",
    "find",
    "index",
    "charCodeAt",
    "localeCompare",
    "hasOwnProperty",
    "every",
    "some",
    "findIndex",
    "has",
    "verify",
    "__len__",
];

impl Machine<'_> {
    pub(super) fn call_method(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        whole: &Expression,
    ) -> Value {
        let place = frame.program.place(whole.span);
        match &receiver.what {
            What::OneOf(values) => {
                let values = values.clone();
                let found = values.iter().map(|value| self.call_method(frame, value, name, arguments, whole));
                return found.reduce(Value::or).unwrap_or_default();
            }
            What::Function(_) | What::Bound(_) => {
                let answer = self.function_method(frame, receiver, name, arguments, place);
                return match (answer, self.member(receiver, name, place)) {
                    (Some(answer), _) => answer,
                    (None, made) if made.is_callable() => self.call_value(frame, &made, arguments, place),
                    (None, _) => receiver.clone(),
                };
            }
            What::Sdk(thing) => {
                let thing = thing.clone();
                if let Some(member) =
                    self.sdk_member(&thing, name).filter(|member| matches!(member.what, What::Sdk(_)))
                {
                    return member;
                }
                return self.call_operation(&thing, name, arguments, place);
            }
            What::Operation(..) | What::Outside(_) | What::Class(_) | What::Module(_) => {
                if !Self::is_python(frame)
                    && let Some(answer) = self.function_method(frame, receiver, name, arguments, place)
                {
                    return answer;
                }
                // A module that is loaded while running is a promise.
                let loaded = receiver.path().is_some_and(|path| !path.contains("()"));
                if loaded && matches!(name, "then" | "catch" | "finally") {
                    return self.promise(frame, receiver, name, arguments, place);
                }
                let method = self.member(receiver, name, place);
                let method = match (&receiver.what, method.what) {
                    // What it wraps goes along a chain of methods.
                    (What::Outside(outside), What::Outside(found)) => {
                        let wraps = outside.wraps.clone();
                        What::Outside(Rc::new(crate::code::value::Outside {
                            path: found.path.clone(),
                            wraps,
                        }))
                        .into()
                    }
                    (_, what) => Value { what, taint: method.taint },
                };
                // What a method makes of something a caller sent still is that.
                return self.call_value(frame, &method, arguments, place).with(receiver.taint.clone());
            }
            What::Object(_) => {
                if let Some(answer) = self.emits(frame, receiver, name, arguments, place) {
                    return answer;
                }
                if let Some(method) = self.part(receiver, name) {
                    return self.call_value(frame, &method, arguments, place);
                }
            }
            What::Environment => return self.environment_method(name, arguments, place),
            _ => {}
        }
        self.value_method(frame, receiver, name, arguments, whole)
    }

    fn environment_method(&mut self, name: &str, arguments: &Arguments, place: Place) -> Value {
        let variable = arguments.at(0).and_then(Value::literal).map(str::to_owned);
        match (name, variable) {
            ("get" | "pop" | "setdefault", Some(variable)) => {
                let value = self.environment_read(&variable, place);
                match arguments.at(1) {
                    Some(default) => self.or_default(value, default.clone()),
                    None => value,
                }
            }
            ("copy", _) => What::Environment.into(),
            _ => Value::unknown(),
        }
    }

    /// Methods that values of the language itself have.
    fn value_method(
        &mut self,
        frame: &mut Frame,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        whole: &Expression,
    ) -> Value {
        let place = frame.program.place(whole.span);
        let full = self.deep(receiver);
        match name {
            "then" | "catch" | "finally" => return self.promise(frame, receiver, name, arguments, place),
            "promise" | "asPromise" if arguments.values.is_empty() => return receiver.clone(),
            "push" | "append" | "unshift" | "extend" | "add" | "insert" => {
                self.append(frame, receiver, &arguments.values, whole);
                return Value::unknown();
            }
            "set" | "setdefault" if self.is_object(receiver) && arguments.values.len() == 2 => {
                return self.set_entry(frame, receiver, arguments, whole);
            }
            "update" if self.is_object(receiver) => {
                self.append(frame, receiver, &arguments.values, whole);
                return self.updated(receiver, arguments);
            }
            "get" if matches!(receiver.what, What::Object(_)) || receiver.taint.event.is_some() => {
                return self.get(receiver, arguments, place);
            }
            "pop" | "shift" | "at" | "slice" | "concat" | "reverse" | "flat" if Self::is_list(receiver) => {
                let more: Vec<Value> = arguments.values.iter().flat_map(|list| self.items(list)).collect();
                if name == "concat" {
                    let items = self.items(receiver).into_iter().chain(more).collect();
                    return self.list_of(items);
                }
                return if matches!(name, "slice" | "reverse" | "flat") {
                    receiver.clone()
                } else {
                    self.element(receiver)
                };
            }
            "match" | "matchAll" if full.taint.event.is_some() => {
                return found_by(arguments.at(0), Some(&full));
            }
            "exec" | "match" | "search" | "fullmatch" | "findall" | "finditer"
                if matches!(receiver.what, What::Regex(_)) =>
            {
                return found_by(Some(receiver), arguments.at(0));
            }
            "items" | "entries" if self.is_object(receiver) => {
                let pair = self.pair(receiver);
                return self.list_of(vec![pair]);
            }
            "items" | "entries" => return self.list_of(vec![Value::carrying(full.taint)]),
            "keys" if self.is_object(receiver) => {
                let (names, others) = (self.keys(receiver), self.taint_of_names(receiver));
                return self.list_of(names).with(others);
            }
            "values" if self.is_object(receiver) => {
                let values = self.parts(receiver);
                return self.list_of(values);
            }
            "format" | "%" | "join" | "concat" | "replace" | "replaceAll" | "format_map" => {
                if let Some(value) = self.text_method(&full, name, arguments) {
                    return value;
                }
            }
            _ => {}
        }
        if let Some(made) = self.through(frame, receiver, name, arguments, place) {
            return made;
        }
        sinks::method(self, &full, name, arguments, place);
        self.opens_address(name, arguments, place);
        self.handed_away(arguments, &format!("`{name}` of something that cannot be followed"), place);
        self.callbacks(arguments, &Value::carrying(Taint::default()));
        if MEASURES.contains(&name) || full.taint.is_none() {
            return Value::unknown();
        }
        let mut taint = full.taint;
        if name == "split" && taint.event.is_some() && arguments.at(0).and_then(Value::literal) == Some(".") {
            taint.token = Token::Parts;
        }
        Value::carrying(taint)
    }

    /// An entry of a map or dictionary.
    fn set_entry(
        &mut self,
        frame: &Frame,
        holder: &Value,
        arguments: &Arguments,
        whole: &Expression,
    ) -> Value {
        let (key, value) = (arguments.at(0).cloned().unwrap_or_default(), arguments.at(1).cloned());
        let value = value.unwrap_or_default();
        match key.literal().map(str::to_owned) {
            Some(name) => self.set_part(frame, holder, &name, value.clone(), whole.span),
            None => self.set_computed(frame, holder, key, value.clone(), whole.span),
        }
        value
    }

    /// A dictionary with the entries of others.
    fn updated(&mut self, receiver: &Value, arguments: &Arguments) -> Value {
        let values = std::iter::once(receiver).chain(&arguments.values).cloned().collect();
        let named = self.named_object(arguments);
        let all = Arguments::new(values);
        self.merged(&all);
        self.merged(&Arguments::new(vec![receiver.clone(), named]));
        Value::unknown()
    }

    fn get(&mut self, receiver: &Value, arguments: &Arguments, place: Place) -> Value {
        let default = arguments.at(1).cloned();
        let found = match arguments.at(0).and_then(Value::literal) {
            Some(key) => match &receiver.what {
                What::Object(id) => self
                    .field(receiver, key)
                    .or_else(|| self.any_computed(*id))
                    .unwrap_or_else(|| Value::carrying(receiver.taint.clone().part(key, place))),
                _ => self.entry_of(receiver, key, place),
            },
            None => {
                let key = arguments.at(0).cloned().unwrap_or_default();
                self.any_member(receiver, &key, place)
            }
        };
        match default {
            Some(default) => found.or(default),
            None => found,
        }
    }

    /// Methods that make texts of texts.
    fn text_method(&mut self, receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
        match name {
            "join" => {
                let python =
                    matches!(receiver.what, What::Text(_)) || arguments.at(0).is_some_and(Self::is_list);
                let (list, between) = if python {
                    (arguments.at(0), Some(receiver))
                } else {
                    (Some(receiver), arguments.at(0))
                };
                let list = list?;
                let items = self.items(list);
                if items.is_empty() {
                    let taint = self.deep(list).taint;
                    return Some(Value::carrying(taint));
                }
                let comma = Value::text(",");
                let mut parts: Vec<Value> = Vec::new();
                for item in &items {
                    if !parts.is_empty() {
                        parts.push(between.cloned().unwrap_or_else(|| comma.clone()));
                    }
                    parts.push(self.deep(item));
                }
                Some(Value::joined(&parts).with(list.taint.clone()))
            }
            "concat" => Some(Value::joined(std::iter::once(receiver).chain(&arguments.values))),
            "replace" | "replaceAll" => Some(replaced(receiver, arguments)),
            _ => {
                let What::Text(pieces) = &receiver.what else { return None };
                let values: Vec<Value> = arguments.values.iter().map(|value| self.deep(value)).collect();
                let named: Vec<(String, Value)> =
                    arguments.named.iter().map(|(name, value)| (name.clone(), self.deep(value))).collect();
                let values = if name == "%" {
                    let items = values.first().map(|list| self.items(list)).unwrap_or_default();
                    if items.is_empty() {
                        values
                    } else {
                        items.iter().map(|value| self.deep(value)).collect()
                    }
                } else {
                    values
                };
                Some(fill(pieces, name == "%", &values, &named).with(receiver.taint.clone()))
            }
        }
    }
}

/// A text after marks in it were replaced.
fn replaced(receiver: &Value, arguments: &Arguments) -> Value {
    let pattern = match arguments.at(0) {
        Some(Value { what: What::Regex(pattern), .. }) => pattern.to_string(),
        Some(value) => value.literal().unwrap_or_default().to_owned(),
        None => String::new(),
    };
    let safe = sinks::stripped(&pattern);
    Value::carrying(receiver.taint.clone().cleaned(safe))
}

/// A text with values in its gaps.
fn fill(pieces: &[Piece], percent: bool, values: &[Value], named: &[(String, Value)]) -> Value {
    let (mut parts, mut next) = (Vec::new(), 0);
    for piece in pieces {
        let Piece::Literal(text) = piece else {
            parts.push(Value::piece(piece.clone()));
            continue;
        };
        let mut rest = text.as_str();
        while let Some((before, name, after)) = gap(rest, percent) {
            parts.push(Value::text(before));
            let found = match name.parse::<usize>() {
                Ok(number) => values.get(number),
                Err(_) if name.is_empty() => {
                    next += 1;
                    values.get(next - 1)
                }
                Err(_) => named.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            };
            parts.push(found.cloned().unwrap_or_else(|| {
                let all = values.iter().chain(named.iter().map(|(_, value)| value));
                Value::carrying(all.fold(Taint::default(), |taint, value| taint.join(&value.taint)))
            }));
            rest = after;
        }
        parts.push(Value::text(rest));
    }
    Value::joined(&parts)
}

/// The first gap of a text: what stands before it, its name, what stands after it.
fn gap(text: &str, percent: bool) -> Option<(&str, &str, &str)> {
    if percent {
        let (before, after) = text.split_once('%')?;
        if let Some((name, rest)) = after.strip_prefix('(').and_then(|named| named.split_once(')')) {
            return Some((before, name, rest.get(1..).unwrap_or_default()));
        }
        let kind = after.chars().next()?;
        return Some((before, "", after.get(kind.len_utf8()..).unwrap_or_default()));
    }
    let (before, after) = text.split_once('{')?;
    let (inner, rest) = after.split_once('}')?;
    let name = inner.split([':', '!', '.', '[']).next().unwrap_or_default();
    Some((before, name, rest))
}
