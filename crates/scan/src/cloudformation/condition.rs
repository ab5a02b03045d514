//! Conditions of a template: true or false where parameters have defaults, unknown otherwise.
//!
//! Invariant: conditions that refer to one another in a circle are unknown. Not here: what they switch (`stack`, `resolve`).

use super::resolve::intrinsic_of;
use super::stack::Stack;
use super::value::text;
use crate::document::{Node, NodeKind};
use crate::known::{Known, Piece, Text};

impl Stack<'_> {
    /// Whether a named condition holds.
    pub(crate) fn condition(&self, name: &str) -> Known<bool> {
        if let Some(known) = self.conditions.borrow().get(name) {
            return known.clone();
        }
        let Some(node) = self.document().at(&["Conditions", name]) else {
            return Known::Unknown(format!("the condition `{name}` is not in the template"));
        };
        let circle = Known::Unknown(format!("the condition `{name}` refers to itself"));
        self.conditions.borrow_mut().insert(name.to_owned(), circle);
        let found = match self.truth(node, 0) {
            Known::Unknown(why) => Known::Unknown(format!("the condition `{name}` cannot be told: {why}")),
            known => known,
        };
        self.conditions.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }

    /// Whether the value of a condition holds.
    pub(super) fn truth(&self, node: &Node, depth: usize) -> Known<bool> {
        let Some((function, argument)) = intrinsic_of(node) else {
            return match node.as_bool() {
                Some(value) => Known::Value(value),
                None => Known::Unknown("it is no condition".to_owned()),
            };
        };
        if self.spent(depth) {
            return Known::Unknown("conditions stand too deep in one another".to_owned());
        }
        match function {
            "Condition" => match argument.as_str() {
                Some(name) => self.condition(name),
                None => Known::Unknown("a condition is not named".to_owned()),
            },
            "Fn::Not" => self.all_of(argument.one_or_many(), depth, true).map(|value| !value),
            "Fn::And" => self.all_of(argument.items(), depth, true),
            "Fn::Or" => self.all_of(argument.items(), depth, false),
            "Fn::Equals" => match argument.items() {
                [left, right] => self.equal(left, right, depth),
                _ => Known::Unknown("`Fn::Equals` needs two values".to_owned()),
            },
            _ => match self.resolve_at(node, depth + 1).and_then(|value| value.as_bool()) {
                Some(value) => Known::Value(value),
                None => Known::Unknown(format!("`{function}` cannot be told")),
            },
        }
    }

    /// "And" over all values, or "or" where `and` is false: one value that decides outweighs those that are unknown.
    fn all_of(&self, nodes: &[Node], depth: usize, and: bool) -> Known<bool> {
        let mut unknown = None;
        for node in nodes {
            match self.truth(node, depth + 1) {
                Known::Value(value) if value != and => return Known::Value(!and),
                Known::Value(_) => {}
                Known::Unknown(why) => unknown = unknown.or(Some(why)),
            }
        }
        unknown.map_or(Known::Value(and), Known::Unknown)
    }

    fn equal(&self, left: &Node, right: &Node, depth: usize) -> Known<bool> {
        let read = |node| self.resolve_at(node, depth + 1).map(|value| text(&value));
        let (Some(left), Some(right)) = (read(left), read(right)) else {
            return Known::Unknown("a value is missing".to_owned());
        };
        if self.is_another(&left, &right) || self.is_another(&right, &left) {
            return Known::Value(false);
        }
        let (left, right) = (self.with_choice(left), self.with_choice(right));
        if let (Some(left), Some(right)) = (left.as_literal(), right.as_literal()) {
            return Known::Value(left == right);
        }
        if left.pieces == right.pieces && left.why_unknown().is_none() {
            return Known::Value(true);
        }
        Known::Unknown(why_open(&left).or_else(|| why_open(&right)).unwrap_or_default())
    }

    /// A text in which the account or region is the one that a choice names.
    fn with_choice(&self, mut text: Text) -> Text {
        let chosen = |piece: Piece| match &piece {
            Piece::Provider(name) => match self.choice(name) {
                Some(NodeKind::String(word)) => Piece::Literal(word.clone()),
                _ => piece,
            },
            _ => piece,
        };
        let pieces = std::mem::take(&mut text.pieces);
        pieces.into_iter().map(chosen).for_each(|piece| text.push(piece));
        text
    }

    /// Whether a text is about an account or region that a choice says is none of those that conditions name.
    fn is_another(&self, text: &Text, other: &Text) -> bool {
        let another = |piece: &Piece| matches!(piece, Piece::Provider(name) if matches!(self.choice(name), Some(NodeKind::Null)));
        other.as_literal().is_some() && text.pieces.iter().any(another)
    }
}

fn why_open(text: &Text) -> Option<String> {
    text.pieces.iter().find_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Unknown(why) => Some(why.clone()),
        Piece::Parameter(name) => Some(format!("`{name}` has no default")),
        Piece::Provider(name) => Some(format!("`{name}` is filled in by the provider")),
        Piece::Of { node, .. } => Some(format!("`{node}` exists only once it is deployed")),
        Piece::Environment(name) => Some(format!("the environment's `{name}`")),
    })
}
