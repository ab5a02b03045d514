//! Terraform's functions: which there are, and those on numbers and on errors. Texts, collections and files have files of their own.

use super::{Context, Evaluator};
use crate::known::Piece;
use crate::source::Place;
use crate::terraform::syntax::{Call, Expr};
use crate::terraform::value::{Chunk, Kind, Value};
use crate::terraform::{json, yaml};

impl Evaluator<'_> {
    pub(super) fn call(&self, call: &Call, place: Place, context: Context<'_>) -> Value {
        match call.name.as_str() {
            // These look at one argument after the other, and may leave some alone.
            "try" => return self.first_of(&call.arguments, place, context),
            "can" => return self.can(&call.arguments, place, context),
            "templatefile" => return self.templatefile(&call.arguments, place, context),
            _ => {}
        }
        let mut arguments: Vec<Value> =
            call.arguments.iter().map(|argument| self.expr(argument, context)).collect();
        if call.expand
            && let Some(last) = arguments.pop()
        {
            match &last.kind {
                Kind::List(_) => arguments.extend(last.items().iter().cloned()),
                _ => arguments.push(Value::unknown(last.place, last.why_not())),
            }
        }
        if let Some(absent) = arguments.iter().find(|argument| argument.is_absent()) {
            return absent.clone();
        }
        let weight = arguments.iter().fold(0usize, |sum, value| sum.saturating_add(value.weight()));
        if !self.spend(weight) {
            return Value::unknown(place, "the module's expressions take too long to work out");
        }
        let name = call.name.as_str();
        let list = arguments.first().filter(|list| TAKING_LISTS.contains(&name) && !list.is_null());
        let open = list.filter(|list| matches!(list.kind, Kind::Text(_)));
        if let Some(open) = open.filter(|open| open.to_text().why_unknown().is_some())
            && let Some(made) = derived(name, &arguments, &open.why_not(), place)
        {
            return made;
        }
        let found = Self::text_function(name, &arguments, place)
            .or_else(|| Self::collection_function(name, &arguments, place))
            .or_else(|| self.file_function(name, &arguments, place))
            .or_else(|| Self::number_function(name, &arguments, place))
            .or_else(|| Self::plain_function(name, &arguments, place));
        let found = found
            .unwrap_or_else(|| Value::unknown(place, format!("what `{name}` gives is not worked out here")));
        match &found.kind {
            Kind::Unknown(why) => derived(name, &arguments, why, place).unwrap_or(found),
            _ => found,
        }
    }

    /// `try(a, b, …)`: the first that works.
    fn first_of(&self, arguments: &[Expr], place: Place, context: Context<'_>) -> Value {
        let mut last = Value::absent(place, "nothing is tried");
        for argument in arguments {
            last = self.expr(argument, context);
            if !last.is_absent() {
                break;
            }
        }
        last
    }

    fn can(&self, arguments: &[Expr], place: Place, context: Context<'_>) -> Value {
        let Some(argument) = arguments.first() else { return Value::bool(place, false) };
        let value = self.expr(argument, context);
        match value.kind {
            Kind::Unknown(why) => Value::unknown(place, why),
            Kind::Absent(_) => Value::bool(place, false),
            _ => Value::bool(place, true),
        }
    }

    /// What changes nothing that matters here, and JSON.
    fn plain_function(name: &str, arguments: &[Value], place: Place) -> Option<Value> {
        let first = arguments.first()?;
        Some(match name {
            "sensitive" | "nonsensitive" | "tostring" | "toset" | "tolist" | "tomap" | "ephemeralasnull" => {
                first.clone()
            }
            "tonumber" => {
                converted(first, first.as_number().map(|number| Value::number(first.place, number)))
            }
            "tobool" => converted(first, first.as_bool().map(|value| Value::bool(first.place, value))),
            // JSON is YAML, and whoever reads the text takes both.
            "jsonencode" | "yamlencode" => Value::json(first.place, first.clone()),
            "jsondecode" | "yamldecode" => match &first.kind {
                Kind::Json(inner) => inner.value.clone(),
                Kind::Text(chunks) => {
                    let read = if name == "jsondecode" { json::read } else { yaml::read };
                    read(chunks, first.place).unwrap_or_else(|why| Value::unknown(place, why))
                }
                _ => Value::unknown(place, first.why_not()),
            },
            "coalesce" => {
                let empty = |value: &Value| value.is_null() || value.as_literal().as_deref() == Some("");
                let found = arguments.iter().find(|value| !empty(value));
                found.cloned().unwrap_or_else(|| Value::null(place))
            }
            "coalescelist" => {
                let found = arguments.iter().find(|value| !value.items().is_empty() || value.why().is_some());
                found.cloned().unwrap_or_else(|| Value::list(place, Vec::new()))
            }
            _ => return None,
        })
    }

    fn number_function(name: &str, arguments: &[Value], place: Place) -> Option<Value> {
        if !matches!(name, "max" | "min" | "abs" | "ceil" | "floor" | "parseint" | "pow" | "signum") {
            return None;
        }
        let numbers: Option<Vec<f64>> = arguments.iter().map(Value::as_number).collect();
        let Some(numbers) = numbers else {
            return Some(Value::unknown(place, "it reckons with what is not known"));
        };
        let first = numbers.first().copied()?;
        let value = match name {
            "max" => numbers.iter().copied().fold(first, f64::max),
            "min" => numbers.iter().copied().fold(first, f64::min),
            "abs" => first.abs(),
            "ceil" => first.ceil(),
            "floor" => first.floor(),
            "signum" => first.signum(),
            "pow" => first.powf(*numbers.get(1)?),
            // Only base ten is read as a number of its own.
            _ => first,
        };
        Some(if value.is_finite() {
            Value::number(place, value)
        } else {
            Value::unknown(place, "it is no finite number")
        })
    }
}

/// Functions that give a text, or texts, made from what they are given.
const DERIVING: [&str; 24] = [
    "abspath",
    "basename",
    "chunklist",
    "compact",
    "concat",
    "coalesce",
    "dirname",
    "distinct",
    "element",
    "flatten",
    "format",
    "join",
    "lookup",
    "one",
    "regex",
    "regexall",
    "replace",
    "reverse",
    "slice",
    "split",
    "strrev",
    "substr",
    "trimprefix",
    "trimsuffix",
];

/// Those that take a list, in whose place a text stands when what is in the list is not known.
const TAKING_LISTS: [&str; 9] =
    ["chunklist", "compact", "concat", "distinct", "element", "flatten", "one", "reverse", "slice"];

/// A text that is not known, and yet made from one known thing alone: it still speaks of that thing.
fn derived(name: &str, arguments: &[Value], why: &str, place: Place) -> Option<Value> {
    if !DERIVING.contains(&name) {
        return None;
    }
    let mut only: Option<Piece> = None;
    let mut left: Vec<&Value> = arguments.iter().collect();
    while let Some(value) = left.pop() {
        left.extend(value.items());
        left.extend(value.entries().iter().map(|(_, value)| value));
        let Kind::Text(chunks) = &value.kind else { continue };
        for chunk in chunks.iter() {
            match (&chunk.piece, &only) {
                (Piece::Of { node, .. }, Some(Piece::Of { node: other, .. })) if node != other => {
                    return None;
                }
                (Piece::Of { .. }, None) => only = Some(chunk.piece.clone()),
                _ => {}
            }
        }
    }
    let chunks = [Piece::Unknown(why.to_owned()), only?].map(|piece| Chunk { piece, at: None });
    Some(Value::text(place, chunks.to_vec()))
}

/// A value of another type; what is known and cannot become one is refused.
fn converted(value: &Value, found: Option<Value>) -> Value {
    match found {
        Some(found) => found,
        None if value.as_literal().is_some() => Value::absent(value.place, "it is of another type"),
        None => value.clone(),
    }
}
