//! Types of variables: an object's attributes that may be left out are null, or what the type says.

use std::rc::Rc;

use super::{Context, Each, Evaluator, Scope};
use crate::terraform::syntax::{Call, Expr, ExprKind};
use crate::terraform::value::{Key, Kind, Value};

impl Evaluator<'_> {
    /// A value with what its type fills in.
    pub(super) fn typed(&self, value: Value, kind: &Expr, scope: &Rc<Scope>) -> Value {
        let ExprKind::Call(call) = &kind.kind else { return value };
        let place = value.place;
        self.deeper(place, || self.typed_by(value, call, scope))
    }

    fn typed_by(&self, value: Value, call: &Call, scope: &Rc<Scope>) -> Value {
        let Some(inner) = call.arguments.first() else { return value };
        if !self.spend(value.weight()) {
            return value;
        }
        match (call.name.as_str(), &value.kind) {
            ("optional", _) => self.typed(value, inner, scope),
            ("object", Kind::Map(_)) => match &inner.kind {
                ExprKind::Object(attributes) => self.object_of(&value, attributes, scope),
                _ => value,
            },
            ("map", Kind::Map(_)) => {
                let entries = value.entries().iter();
                let entries =
                    entries.map(|(key, item)| (key.clone(), self.typed(item.clone(), inner, scope)));
                Value::open_map(value.place, entries.collect(), value.more())
            }
            ("list" | "set", Kind::List(_)) => {
                let items = value.items().iter();
                Value::list(value.place, items.map(|item| self.typed(item.clone(), inner, scope)).collect())
            }
            _ => value,
        }
    }

    fn object_of(&self, value: &Value, attributes: &[(Expr, Expr)], scope: &Rc<Scope>) -> Value {
        let mut entries = value.entries().to_vec();
        for (name, kind) in attributes {
            let Some(name) = name.as_literal() else { continue };
            if let Some((_, found)) =
                entries.iter_mut().find(|(key, found)| &*key.text == name && !found.is_null())
            {
                *found = self.typed(found.clone(), kind, scope);
                continue;
            }
            let ExprKind::Call(call) = &kind.kind else { continue };
            if call.name != "optional" || value.more().is_some() {
                continue;
            }
            let default = match call.arguments.get(1) {
                Some(default) => self.expr(default, Context { scope, each: &Each::default(), names: None }),
                None => Value::null(value.place),
            };
            entries.push((Key::new(name, value.place), self.typed(default, kind, scope)));
        }
        Value::open_map(value.place, entries, value.more())
    }
}
