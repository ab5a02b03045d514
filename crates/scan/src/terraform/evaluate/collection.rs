//! Functions on lists and maps. What is not known within a list stays in it as something that is not known.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Evaluator;
use super::operation::equal;
use crate::source::Place;
use crate::terraform::value::{Key, Kind, Value};

impl Evaluator<'_> {
    pub(super) fn collection_function(name: &str, arguments: &[Value], place: Place) -> Option<Value> {
        let first = arguments.first();
        let list = |items: Vec<Value>| Some(Value::list(place, items));
        match name {
            "concat" => list(arguments.iter().flat_map(listed).collect()),
            "setunion" => list(distinct(arguments.iter().flat_map(listed))),
            "flatten" => list(flatten(first?)),
            "distinct" => list(distinct(listed(first?))),
            "compact" => list(compact(first?)),
            "list" => list(arguments.to_vec()),
            "reverse" => list(listed(first?).into_iter().rev().collect()),
            "sort" => sort(first?, place),
            "slice" => slice(arguments, place),
            "range" => range(arguments, place),
            "element" => element(arguments, place),
            "one" => one(first?, place),
            "length" => length(first?, place),
            "contains" => contains(first?, arguments.get(1)?, place),
            "index" => {
                let wanted = arguments.get(1)?;
                let at = first?.items().iter().position(|item| equal(item, wanted) == Some(true))?;
                #[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
                Some(Value::number(place, at as f64))
            }
            "keys" => keyed(first?, place, |key, _| Value::literal(key.place, &*key.text)),
            "values" => keyed(first?, place, |_, value| value.clone()),
            "lookup" => lookup(arguments, place),
            "merge" => Some(merge(arguments, place)),
            "zipmap" => zipmap(first?, arguments.get(1)?, place),
            "setproduct" => setproduct(arguments, place),
            "setsubtract" => filtered(arguments, place, |found| !found),
            "setintersection" => filtered(arguments, place, |found| found),
            "chunklist" | "transpose" | "matchkeys" => None,
            "alltrue" => all(first?, place, false),
            "anytrue" => all(first?, place, true),
            "sum" => {
                let numbers: Option<f64> = first?.items().iter().map(Value::as_number).sum();
                numbers.map(|sum| Value::number(place, sum))
            }
            _ => None,
        }
    }
}

/// The items of a list; what is no list stands as one item that is not known.
fn listed(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::List(_) => value.items().to_vec(),
        Kind::Null => Vec::new(),
        Kind::Map(_) => value.entries().iter().map(|(_, value)| value.clone()).collect(),
        _ => vec![Value::unknown(value.place, value.why_not())],
    }
}

fn flatten(value: &Value) -> Vec<Value> {
    // Lists within lists, the innermost first in line; the evaluator's budget paid for the weight of all.
    let mut flat = Vec::new();
    let mut left: Vec<Value> = listed(value).into_iter().rev().collect();
    while let Some(next) = left.pop() {
        match &next.kind {
            Kind::List(_) => left.extend(next.items().iter().rev().cloned()),
            _ => flat.push(next),
        }
    }
    flat
}

fn distinct(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let fresh = |item: &Value| item.as_literal().is_none_or(|literal| seen.insert(literal));
    items.into_iter().filter(fresh).collect()
}

fn compact(value: &Value) -> Vec<Value> {
    let keep = |item: &Value| !item.is_null() && item.as_literal().as_deref() != Some("");
    listed(value).into_iter().filter(keep).collect()
}

fn sort(value: &Value, place: Place) -> Option<Value> {
    let mut items: Vec<(String, Value)> =
        listed(value).into_iter().map(|item| (item.to_text().to_string(), item)).collect();
    items.sort_by(|left, right| left.0.cmp(&right.0));
    Some(Value::list(place, items.into_iter().map(|(_, item)| item).collect()))
}

fn slice(arguments: &[Value], place: Place) -> Option<Value> {
    let items = arguments.first()?.items();
    let at = |index: usize| arguments.get(index)?.as_u64().and_then(|at| usize::try_from(at).ok());
    Some(Value::list(place, items.get(at(1)?..at(2)?)?.to_vec()))
}

fn range(arguments: &[Value], place: Place) -> Option<Value> {
    let numbers: Vec<f64> = arguments.iter().map(Value::as_number).collect::<Option<_>>()?;
    let (start, limit, step) = match numbers.as_slice() {
        [limit] => (0.0, *limit, 1.0),
        [start, limit] => (*start, *limit, if limit < start { -1.0 } else { 1.0 }),
        [start, limit, step] => (*start, *limit, *step),
        _ => return None,
    };
    let mut items = Vec::new();
    let mut next = start;
    while (step > 0.0 && next < limit) || (step < 0.0 && next > limit) {
        // As many as Terraform itself makes.
        if items.len() >= 1_024 {
            return None;
        }
        items.push(Value::number(place, next));
        next += step;
    }
    Some(Value::list(place, items))
}

fn element(arguments: &[Value], place: Place) -> Option<Value> {
    let (list, index) = (arguments.first()?, arguments.get(1)?);
    if !matches!(list.kind, Kind::List(_)) {
        return Some(Value::unknown(place, list.why_not()));
    }
    let items = list.items();
    let Some(index) = index.as_number() else { return Some(Value::unknown(place, index.why_not())) };
    #[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
    let at = index.rem_euclid(items.len().max(1) as f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and the length"
    )]
    let found = items.get(at as usize).cloned();
    Some(found.unwrap_or_else(|| Value::absent(place, "the list is empty")))
}

fn one(value: &Value, place: Place) -> Option<Value> {
    match &value.kind {
        Kind::List(_) => match value.items() {
            [] => Some(Value::null(place)),
            [only] => Some(only.clone()),
            _ => None,
        },
        _ => Some(value.clone()),
    }
}

fn length(value: &Value, place: Place) -> Option<Value> {
    let open = value.items().iter().any(|item| matches!(item.kind, Kind::Unknown(_) | Kind::Absent(_)))
        || value.more().is_some();
    let length = match &value.kind {
        Kind::List(_) if !open => value.items().len(),
        Kind::Map(_) if !open => value.entries().len(),
        Kind::Text(_) => match value.as_literal() {
            Some(literal) => literal.chars().count(),
            None => return Some(Value::unknown(place, value.why_not())),
        },
        _ => return Some(Value::unknown(place, value.why_not())),
    };
    #[expect(clippy::cast_precision_loss, reason = "no value is 2^53 long")]
    Some(Value::number(place, length as f64))
}

fn contains(list: &Value, wanted: &Value, place: Place) -> Option<Value> {
    let found: Vec<Option<bool>> = listed(list).iter().map(|item| equal(item, wanted)).collect();
    Some(if found.contains(&Some(true)) {
        Value::bool(place, true)
    } else if found.contains(&None) {
        Value::unknown(place, "what the list holds is not known")
    } else {
        Value::bool(place, false)
    })
}

fn keyed(value: &Value, place: Place, pick: impl Fn(&Key, &Value) -> Value) -> Option<Value> {
    match &value.kind {
        Kind::Map(_) => {
            let mut items: Vec<Value> = value.entries().iter().map(|(key, value)| pick(key, value)).collect();
            if let Some(why) = value.more() {
                items.push(Value::unknown(place, why));
            }
            Some(Value::list(place, items))
        }
        // What is one of several whose number is not known stands for all of them.
        Kind::Thing(_) => Some(Value::list(place, vec![value.clone()])),
        _ => Some(Value::unknown(place, value.why_not())),
    }
}

fn lookup(arguments: &[Value], place: Place) -> Option<Value> {
    let (map, key) = (arguments.first()?, arguments.get(1)?);
    if !map.is_map() {
        return Some(Value::unknown(place, map.why_not()));
    }
    let Some(key) = key.as_literal() else { return Some(Value::unknown(place, key.why_not())) };
    if let Some(found) = map.entries().iter().rev().find(|(found, _)| *found.text == *key) {
        return Some(found.1.clone());
    }
    match map.more() {
        Some(why) => Some(Value::unknown(place, why)),
        None => arguments.get(2).cloned(),
    }
}

/// Later maps win. One that is not known may hold anything.
fn merge(arguments: &[Value], place: Place) -> Value {
    let mut entries: Vec<(Key, Value)> = Vec::new();
    let mut index: HashMap<Rc<str>, usize> = HashMap::new();
    let mut more = None;
    for argument in arguments {
        match &argument.kind {
            Kind::Null => {}
            Kind::Map(_) => {
                more = more.or_else(|| argument.more());
                for (key, value) in argument.entries() {
                    match index.get(&key.text).and_then(|at| entries.get_mut(*at)) {
                        Some(entry) => *entry = (key.clone(), value.clone()),
                        None => {
                            index.insert(key.text.clone(), entries.len());
                            entries.push((key.clone(), value.clone()));
                        }
                    }
                }
            }
            _ => more = more.or_else(|| Some(argument.why_not().into())),
        }
    }
    Value::open_map(place, entries, more)
}

fn zipmap(keys: &Value, values: &Value, place: Place) -> Option<Value> {
    if !matches!((&keys.kind, &values.kind), (Kind::List(_), Kind::List(_))) {
        return None;
    }
    let pairs = keys.items().iter().zip(values.items());
    let entries = pairs.map(|(key, value)| (Key::new(key.to_text().to_string(), key.place), value.clone()));
    Some(Value::map(place, entries.collect()))
}

fn setproduct(arguments: &[Value], place: Place) -> Option<Value> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for argument in arguments {
        let Kind::List(_) = argument.kind else { return Some(Value::unknown(place, argument.why_not())) };
        if rows.len().saturating_mul(argument.items().len()) > 2_000 {
            return None;
        }
        let longer = rows.iter().flat_map(|row| {
            argument.items().iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect())
        });
        rows = longer.collect();
    }
    Some(Value::list(place, rows.into_iter().map(|row| Value::list(place, row)).collect()))
}

/// Items of the first list that are, or are not, in the others.
fn filtered(arguments: &[Value], place: Place, keep: impl Fn(bool) -> bool) -> Option<Value> {
    let (first, others) = arguments.split_first()?;
    let others: HashSet<String> =
        others.iter().flat_map(listed).map(|item| item.to_text().to_string()).collect();
    let kept = listed(first).into_iter().filter(|item| keep(others.contains(&item.to_text().to_string())));
    Some(Value::list(place, kept.collect()))
}

/// Whether all are true, or with `any` whether one is.
fn all(value: &Value, place: Place, any: bool) -> Option<Value> {
    let known: Vec<Option<bool>> = listed(value).iter().map(Value::as_bool).collect();
    if known.contains(&Some(any)) {
        return Some(Value::bool(place, any));
    }
    (!known.contains(&None)).then(|| Value::bool(place, !any))
}

/// Keys and values of a collection; `None` when it is none, or not known.
pub(super) fn elements(value: &Value) -> Option<Vec<(Value, Value)>> {
    match &value.kind {
        Kind::List(_) => {
            let items = value.items().iter().enumerate();
            #[expect(clippy::cast_precision_loss, reason = "no list has 2^53 items")]
            Some(items.map(|(at, item)| (Value::number(item.place, at as f64), item.clone())).collect())
        }
        Kind::Map(_) => {
            let entries = value.entries().iter();
            Some(entries.map(|(key, item)| (Value::literal(key.place, &*key.text), item.clone())).collect())
        }
        Kind::Null => Some(Vec::new()),
        _ => None,
    }
}
