//! Operators, conditions and `for`.

use super::{Binding, Context, Evaluator, elements};
use crate::known::Piece;
use crate::source::Place;
use crate::terraform::syntax::{Expr, For, Operator};
use crate::terraform::value::{Key, Kind, MAX_WEIGHT, TOO_LARGE, Value};

impl Evaluator<'_> {
    pub(super) fn conditional(&self, choice: &[Expr; 3], place: Place, context: Context<'_>) -> Value {
        let [condition, then, otherwise] = choice;
        let condition = self.expr(condition, context);
        match condition.as_bool() {
            Some(true) => self.expr(then, context),
            Some(false) => self.expr(otherwise, context),
            None if condition.is_absent() => condition,
            None => {
                let (then, otherwise) = (self.expr(then, context), self.expr(otherwise, context));
                match equal(&then, &otherwise) {
                    Some(true) => then,
                    _ => Value::unknown(place, condition.why_not()),
                }
            }
        }
    }

    pub(super) fn not(&self, inner: &Expr, place: Place, context: Context<'_>) -> Value {
        let value = self.expr(inner, context);
        match value.as_bool() {
            Some(value) => Value::bool(place, !value),
            None => Value::unknown(place, value.why_not()),
        }
    }

    pub(super) fn binary(
        &self,
        (left, operator, right): &(Expr, Operator, Expr),
        place: Place,
        context: Context<'_>,
    ) -> Value {
        let left = self.expr(left, context);
        match (operator, left.as_bool()) {
            (Operator::And, Some(false)) => return Value::bool(place, false),
            (Operator::Or, Some(true)) => return Value::bool(place, true),
            _ => {}
        }
        let right = self.expr(right, context);
        if left.is_absent() || right.is_absent() {
            return if left.is_absent() { left } else { right };
        }
        let unknown = || {
            let side = if left.as_literal().is_none() { &left } else { &right };
            Value::unknown(place, side.why_not())
        };
        let truth = |value: Option<bool>| value.map_or_else(unknown, |value| Value::bool(place, value));
        let sides = || Some((left.as_number()?, right.as_number()?));
        let number = |work: fn(f64, f64) -> f64| match sides().map(|(left, right)| work(left, right)) {
            Some(value) if value.is_finite() => Value::number(place, value),
            _ => unknown(),
        };
        match operator {
            Operator::Equal => truth(equal(&left, &right)),
            Operator::NotEqual => truth(equal(&left, &right).map(|same| !same)),
            Operator::Less => truth(sides().map(|(left, right)| left < right)),
            Operator::LessOrEqual => truth(sides().map(|(left, right)| left <= right)),
            Operator::Greater => truth(sides().map(|(left, right)| left > right)),
            Operator::GreaterOrEqual => truth(sides().map(|(left, right)| left >= right)),
            Operator::Plus => number(|left, right| left + right),
            Operator::Minus => number(|left, right| left - right),
            Operator::Times => number(|left, right| left * right),
            Operator::Divide => number(|left, right| left / right),
            Operator::Modulo => number(|left, right| left % right),
            Operator::And => match (left.as_bool(), right.as_bool()) {
                (_, Some(false)) => Value::bool(place, false),
                (Some(true), Some(true)) => Value::bool(place, true),
                _ => unknown(),
            },
            Operator::Or => match (left.as_bool(), right.as_bool()) {
                (_, Some(true)) => Value::bool(place, true),
                (Some(false), Some(false)) => Value::bool(place, false),
                _ => unknown(),
            },
        }
    }

    pub(super) fn for_expr(&self, found: &For, place: Place, context: Context<'_>) -> Value {
        let collection = self.expr(&found.collection, context);
        let Some(elements) = elements(&collection) else {
            return Value::unknown(place, collection.why_not());
        };
        if !self.spend(collection.weight()) {
            return Value::unknown(place, "the module's expressions take too long to work out");
        }
        let mut gathered = Gathered { list: Vec::new(), map: Vec::new(), weight: 0 };
        for (key, value) in elements {
            let first = Binding { name: &found.value, value, outer: context.names };
            let second = found.key.as_ref().map(|name| Binding { name, value: key, outer: Some(&first) });
            let names = Some(second.as_ref().unwrap_or(&first));
            self.for_element(found, Context { names, ..context }, &mut gathered);
            if gathered.weight > MAX_WEIGHT {
                return Value::unknown(place, TOO_LARGE);
            }
        }
        if found.result_key.is_none() {
            return Value::list(place, gathered.list);
        }
        let more = collection.more();
        if !found.grouping {
            return Value::open_map(place, gathered.map, more);
        }
        Value::open_map(place, group(gathered.map), more)
    }

    fn for_element(&self, found: &For, context: Context<'_>, gathered: &mut Gathered) {
        if let Some(condition) = &found.condition {
            let condition = self.expr(condition, context);
            match condition.as_bool() {
                Some(true) => {}
                Some(false) => return,
                None if found.result_key.is_none() => {
                    gathered.list.push(Value::unknown(condition.place, condition.why_not()));
                    return;
                }
                None => {}
            }
        }
        let result = self.expr(&found.result, context);
        gathered.weight = gathered.weight.saturating_add(result.weight());
        match &found.result_key {
            None => gathered.list.push(result),
            Some(key) => {
                let key = self.expr(key, context);
                gathered.weight = gathered.weight.saturating_add(key.weight());
                gathered.map.push((Key::new(key.to_text().to_string(), key.place), result));
            }
        }
    }
}

struct Gathered {
    list: Vec<Value>,
    map: Vec<(Key, Value)>,
    /// Of all of it, so that a loop ends before it has made too much.
    weight: usize,
}

/// Values of equal keys as lists.
fn group(entries: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
    let mut order: Vec<Key> = Vec::new();
    let mut lists: std::collections::HashMap<std::rc::Rc<str>, Vec<Value>> = std::collections::HashMap::new();
    for (key, value) in entries {
        let list = lists.entry(key.text.clone()).or_default();
        if list.is_empty() {
            order.push(key);
        }
        list.push(value);
    }
    let grouped = order.into_iter().map(|key| {
        let list = lists.remove(&key.text).unwrap_or_default();
        let place = key.place;
        (key, Value::list(place, list))
    });
    grouped.collect()
}

/// Whether two values are the same; `None` when that cannot be told.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Null, Kind::Null) => Some(true),
        (Kind::Null, other) | (other, Kind::Null) => match other {
            Kind::Unknown(_) | Kind::Absent(_) => None,
            Kind::Text(chunks) => {
                let told = chunks
                    .iter()
                    .any(|chunk| !matches!(chunk.piece, Piece::Parameter(_) | Piece::Unknown(_)));
                (told || chunks.is_empty()).then_some(false)
            }
            _ => Some(false),
        },
        (Kind::List(_), Kind::List(_)) => {
            let (left, right) = (left.items(), right.items());
            if left.len() != right.len() {
                return Some(false);
            }
            if left.is_empty() { Some(true) } else { literal_equal(left, right) }
        }
        (Kind::Map(_), Kind::Map(_)) => {
            let open = left.more().is_some() || right.more().is_some();
            let (left, right) = (left.entries(), right.entries());
            let told = if open { left.is_empty() != right.is_empty() } else { left.len() != right.len() };
            match told {
                true => Some(false),
                false => (!open && left.is_empty()).then_some(true),
            }
        }
        (Kind::List(_) | Kind::Map(_), Kind::Bool(_) | Kind::Number(_))
        | (Kind::Bool(_) | Kind::Number(_), Kind::List(_) | Kind::Map(_)) => Some(false),
        _ => text_equal(left, right),
    }
}

/// Whether lists of known scalars are the same.
fn literal_equal(left: &[Value], right: &[Value]) -> Option<bool> {
    let pairs = left.iter().zip(right).map(|(left, right)| Some(left.as_literal()? == right.as_literal()?));
    pairs.collect::<Option<Vec<bool>>>().map(|same| same.iter().all(|same| *same))
}

fn text_equal(left: &Value, right: &Value) -> Option<bool> {
    if let (Some(left), Some(right)) = (left.as_literal(), right.as_literal()) {
        return Some(left == right);
    }
    let (left, right) = (left.to_text(), right.to_text());
    if left.pieces == right.pieces && left.why_unknown().is_none() && right.why_unknown().is_none() {
        return Some(true);
    }
    // What holds any character at all, or refers to a thing of this app, is not the empty text.
    let holds = |text: &crate::known::Text| {
        text.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Of { .. } | Piece::Literal(_) | Piece::Provider(_)))
    };
    let empty = |text: &crate::known::Text| text.as_literal() == Some("");
    ((empty(&left) && holds(&right)) || (empty(&right) && holds(&left))).then_some(false)
}
