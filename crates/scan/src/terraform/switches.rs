//! Which other values of variables would make another app of a root module: switches, and the words that a variable is compared with.
//!
//! Whoever applies it gives variables, so that a default decides nothing. Invariant: the number of choices is bounded, and what is left
//! out is said. Not here: files of values (`module`), what the app is then (`expand`, `build`).

use std::collections::BTreeSet;

use super::module::Module;
use super::syntax::{Body, Expr, ExprKind, Operator, Part, Start, Step};
use super::value::Value;
use crate::cloudformation::is_stage;

/// How many other apps one root module is read as.
const MAX_CHOICES: usize = 8;

/// What whoever applies a root module gives it.
#[derive(Clone)]
pub(super) enum Given {
    /// Nothing: files of values that are always read, and defaults, hold.
    Nothing,
    /// One of its files of values that must be named.
    File(usize),
    /// A value for a variable.
    Value(String, Value),
}

/// A variable with another value than its default.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) value: Value,
    /// How readers are told: "`public` is `true`".
    pub(super) when: String,
    /// Whether somebody is sure to give it.
    pub(super) planned: bool,
}

/// The choices that a root module leaves, and the variables of those that are not tried.
pub(super) fn choices(module: &Module) -> (Vec<Choice>, BTreeSet<String>) {
    let mut compared = BTreeSet::new();
    let mut see = |name: &str, word: &str| {
        compared.insert((name.to_owned(), word.to_owned()));
    };
    let bodies = module.resources.iter().map(|it| &it.body).chain(module.calls.iter().map(|it| &it.body));
    bodies.for_each(|body| in_body(body, &mut see));
    module.locals.values().chain(module.outputs.values()).for_each(|expr| in_expr(expr, &mut see));
    let mut all = Vec::new();
    for variable in &module.variables {
        let Some(default) = &variable.default else { continue };
        // What files of values say is decided, also by those that must be named: they are read one by one.
        let named = module.others.iter().flat_map(|(_, values)| values);
        if module.given.iter().chain(named).any(|given| given.name == variable.name) {
            continue;
        }
        let name = &variable.name;
        let mut add = |value: Value, word: &str, planned| {
            all.push(Choice { name: name.clone(), value, when: format!("`{name}` is `{word}`"), planned });
        };
        if let ExprKind::Bool(is) = default.kind {
            add(Value::bool(default.place, !is), if is { "false" } else { "true" }, false);
        }
        for (_, word) in compared.iter().filter(|(of, word)| of == name && default.as_literal() != Some(word))
        {
            add(Value::literal(default.place, word.clone()), word, is_stage(word));
        }
    }
    all.sort_by_key(|choice| !choice.planned);
    let left_out = all.iter().skip(MAX_CHOICES).map(|choice| choice.name.clone()).collect();
    all.truncate(MAX_CHOICES);
    (all, left_out)
}

fn in_body(body: &Body, see: &mut impl FnMut(&str, &str)) {
    body.attributes.iter().for_each(|attribute| in_expr(&attribute.value, see));
    body.blocks.iter().for_each(|block| in_body(&block.body, see));
}

/// The variable, where that is all there is.
fn variable(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Path(Start::Name(start), steps) if start == "var" => match steps.as_slice() {
            [Step::Attribute(name)] => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// Expressions are bounded in depth when they are read.
fn in_expr(expr: &Expr, see: &mut impl FnMut(&str, &str)) {
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) => {}
        ExprKind::Template(parts) => in_parts(parts, see),
        ExprKind::List(items) => items.iter().for_each(|item| in_expr(item, see)),
        ExprKind::Object(entries) => entries.iter().for_each(|(key, value)| {
            in_expr(key, see);
            in_expr(value, see);
        }),
        ExprKind::Path(start, steps) => {
            if let Start::Expr(expr) = start {
                in_expr(expr, see);
            }
            for step in steps {
                if let Step::Index(index) = step {
                    in_expr(index, see);
                }
            }
        }
        ExprKind::Conditional(parts) => parts.iter().for_each(|part| in_expr(part, see)),
        ExprKind::Call(call) => {
            // `contains(["prod", "live"], var.stage)`
            if let ("contains", [list, value]) = (call.name.as_str(), call.arguments.as_slice())
                && let (ExprKind::List(words), Some(name)) = (&list.kind, variable(value))
            {
                words.iter().filter_map(Expr::as_literal).for_each(|word| see(name, word));
            }
            call.arguments.iter().for_each(|argument| in_expr(argument, see));
        }
        ExprKind::Not(inner) | ExprKind::Negate(inner) => in_expr(inner, see),
        ExprKind::Binary(binary) => {
            let (left, operator, right) = &**binary;
            if matches!(operator, Operator::Equal | Operator::NotEqual) {
                for (one, other) in [(left, right), (right, left)] {
                    if let (Some(name), Some(word)) = (variable(one), other.as_literal()) {
                        see(name, word);
                    }
                }
            }
            in_expr(left, see);
            in_expr(right, see);
        }
        ExprKind::For(one) => {
            let rest = one.result_key.iter().chain(&one.condition);
            [&one.collection, &one.result].into_iter().chain(rest).for_each(|expr| in_expr(expr, see));
        }
    }
}

fn in_parts(parts: &[Part], see: &mut impl FnMut(&str, &str)) {
    for part in parts {
        match part {
            Part::Literal(..) => {}
            Part::Value(expr) => in_expr(expr, see),
            Part::If(condition, yes, no) => {
                in_expr(condition, see);
                in_parts(yes, see);
                in_parts(no, see);
            }
            Part::For { collection, body, .. } => {
                in_expr(collection, see);
                in_parts(body, see);
            }
        }
    }
}
