//! Functions on texts. References within a text stay as they are: only the characters between them change.

use super::Evaluator;
use crate::known::Piece;
use crate::source::Place;
use crate::terraform::value::{Chunk, Kind, MAX_JSON_BYTES, MAX_WEIGHT, TOO_LARGE, Value};

impl Evaluator<'_> {
    pub(super) fn text_function(name: &str, arguments: &[Value], place: Place) -> Option<Value> {
        let first = arguments.first();
        let literal = |at: usize| arguments.get(at).and_then(Value::as_literal);
        Some(match name {
            "format" => format_text(first?, arguments.get(1..).unwrap_or_default(), place),
            "formatlist" => return format_list(arguments, place),
            "join" => return join(first?, arguments.get(1..).unwrap_or_default(), place),
            "lower" => change(first?, |text| text.to_lowercase()),
            "upper" => change(first?, |text| text.to_uppercase()),
            "title" => change(first?, title),
            "chomp" => change(first?, |text| text.trim_end_matches(['\n', '\r']).to_owned()),
            "trimspace" => change(first?, |text| text.trim().to_owned()),
            "trim" => {
                let cut = literal(1)?;
                change(first?, |text| text.trim_matches(|found| cut.contains(found)).to_owned())
            }
            "trimprefix" => {
                let cut = literal(1)?;
                let whole = known(first?, place)?;
                Value::literal(first?.place, whole.strip_prefix(cut.as_str()).unwrap_or(&whole))
            }
            "trimsuffix" => {
                let cut = literal(1)?;
                let whole = known(first?, place)?;
                Value::literal(first?.place, whole.strip_suffix(cut.as_str()).unwrap_or(&whole))
            }
            "replace" => {
                let (from, to) = (literal(1)?, literal(2)?);
                let pattern = from.len() > 1 && from.starts_with('/') && from.ends_with('/');
                if pattern || from.is_empty() {
                    return Some(Value::unknown(place, "it replaces by a pattern"));
                }
                // Replacing multiplies the lengths of its arguments, so that its result is weighed before it is made.
                if occurrences(first?, &from).saturating_mul(to.len()) > MAX_JSON_BYTES {
                    return Some(Value::unknown(place, TOO_LARGE));
                }
                change(first?, |text| text.replace(&from, &to))
            }
            "substr" => {
                let whole = known(first?, place)?;
                let from = arguments.get(1)?.as_number()?;
                let length = arguments.get(2)?.as_number()?;
                Value::literal(first?.place, cut(&whole, from, length))
            }
            "split" => {
                let separator = literal(0)?;
                let text = arguments.get(1)?;
                let Some(whole) = text.as_literal() else {
                    return Some(Value::unknown(place, text.why_not()));
                };
                if separator.is_empty() {
                    return None;
                }
                let parts = whole.split(separator.as_str());
                Value::list(place, parts.map(|part| Value::literal(text.place, part)).collect())
            }
            "startswith" => Value::bool(place, literal(0)?.starts_with(literal(1)?.as_str())),
            "endswith" => Value::bool(place, literal(0)?.ends_with(literal(1)?.as_str())),
            "strcontains" => Value::bool(place, literal(0)?.contains(literal(1)?.as_str())),
            "strrev" => Value::literal(place, literal(0)?.chars().rev().collect::<String>()),
            "indent" => arguments.get(1)?.clone(),
            _ => return None,
        })
    }
}

/// The characters of a text without references.
fn known(value: &Value, _place: Place) -> Option<String> {
    value.as_literal()
}

/// How often something stands in a text.
fn occurrences(value: &Value, wanted: &str) -> usize {
    let Kind::Text(chunks) = &value.kind else { return 0 };
    let count = |chunk: &Chunk| match &chunk.piece {
        Piece::Literal(text) => text.matches(wanted).count(),
        _ => 0,
    };
    chunks.iter().map(count).sum()
}

/// Changes the characters of a text and leaves its references alone.
fn change(value: &Value, change: impl Fn(&str) -> String) -> Value {
    match &value.kind {
        Kind::Text(chunks) => {
            let changed = chunks.iter().map(|chunk| match &chunk.piece {
                Piece::Literal(text) => Chunk::literal(change(text)),
                _ => chunk.clone(),
            });
            Value::text(value.place, changed.collect())
        }
        _ => value.clone(),
    }
}

fn title(text: &str) -> String {
    let mut start = true;
    let raise = |found: char| {
        let raised = if start { found.to_uppercase().to_string() } else { found.to_string() };
        start = !found.is_alphanumeric();
        raised
    };
    text.chars().map(raise).collect()
}

fn cut(text: &str, from: f64, length: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what a text may have"
    )]
    let whole = |number: f64| number.clamp(0.0, 1.0e9) as usize;
    let rest = text.chars().skip(whole(from));
    if length < 0.0 { rest.collect() } else { rest.take(whole(length)).collect() }
}

/// `format("…%s…", …)`.
fn format_text(pattern: &Value, arguments: &[Value], place: Place) -> Value {
    let Some(pattern) = pattern.as_literal() else {
        return Value::unknown(place, pattern.why_not());
    };
    let mut arguments = arguments.iter();
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut text = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(found) = rest.next() {
        if found != '%' {
            text.push(found);
            continue;
        }
        if rest.peek() == Some(&'%') {
            rest.next();
            text.push('%');
            continue;
        }
        let mut width = String::new();
        let verb = loop {
            match rest.next() {
                Some(flag) if flag.is_ascii_digit() || "+-# .".contains(flag) => width.push(flag),
                other => break other,
            }
        };
        chunks.push(Chunk::literal(std::mem::take(&mut text)));
        let Some(argument) = arguments.next() else {
            return Value::unknown(place, "it formats more than it is given");
        };
        chunks.extend(formatted(argument, verb, &width));
    }
    chunks.push(Chunk::literal(text));
    Value::text(place, chunks)
}

fn formatted(argument: &Value, verb: Option<char>, width: &str) -> Vec<Chunk> {
    let quoted = |chunks: Vec<Chunk>| {
        let mark = || std::iter::once(Chunk::literal("\""));
        mark().chain(chunks).chain(mark()).collect()
    };
    match (verb, argument.as_number()) {
        (Some('q'), _) => quoted(argument.chunks()),
        (Some('d'), Some(number)) if width.starts_with('0') => {
            let width: usize = width.parse().unwrap_or(0).min(64);
            vec![Chunk::literal(format!("{number:0width$}"))]
        }
        _ => argument.chunks(),
    }
}

fn format_list(arguments: &[Value], place: Place) -> Option<Value> {
    let (pattern, arguments) = arguments.split_first()?;
    let longest = arguments.iter().filter(|value| matches!(value.kind, Kind::List(_)));
    let longest = longest.map(|value| value.items().len()).max().unwrap_or(1);
    let mut weight = 0;
    let mut line = |at: usize| {
        let pick = |value: &Value| match &value.kind {
            Kind::List(_) => value.items().get(at).cloned().unwrap_or_else(|| Value::null(place)),
            _ => value.clone(),
        };
        let arguments: Vec<Value> = arguments.iter().map(pick).collect();
        let line = if weight > MAX_WEIGHT {
            Value::unknown(place, TOO_LARGE)
        } else {
            format_text(pattern, &arguments, place)
        };
        weight += line.weight();
        line
    };
    Some(Value::list(place, (0..longest).map(&mut line).collect()))
}

fn join(separator: &Value, lists: &[Value], place: Place) -> Option<Value> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut weight = 0;
    for (at, item) in lists.iter().flat_map(Value::one_or_many).enumerate() {
        // A long separator is repeated for every item, so that it has to be weighed before it is copied.
        weight += item.weight() + separator.weight();
        if weight > MAX_WEIGHT {
            return Some(Value::unknown(place, TOO_LARGE));
        }
        if at > 0 {
            chunks.extend(separator.chunks());
        }
        chunks.extend(item.chunks());
    }
    Some(Value::text(place, chunks))
}
