//! What values are bound to: names, properties, and the shapes that take values apart.

use tree_sitter::Node;

use super::super::program::{Part, Pattern};
use super::super::syntax::{parts, span};
use super::Lowering;

impl Lowering<'_, '_> {
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Pattern {
        self.deeper(Pattern::Ignore, |lowering| lowering.pattern_here(node))
    }

    fn pattern_here(&mut self, node: Node<'_>) -> Pattern {
        let field = |name| node.child_by_field_name(name);
        match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" | "shorthand_property_identifier" => {
                Pattern::Name(self.words(node).to_owned(), span(node))
            }
            "object_pattern" | "object" => {
                Pattern::Object(parts(node).into_iter().filter_map(|part| self.part(part)).collect())
            }
            "array_pattern" | "array" => self.list(node),
            "assignment_pattern" | "object_assignment_pattern" | "assignment_expression" => {
                match (field("left"), field("right")) {
                    (Some(left), Some(right)) => {
                        let value = self.expression(right);
                        Pattern::Default(Box::new(self.pattern(left)), Box::new(value))
                    }
                    _ => Pattern::Ignore,
                }
            }
            "rest_pattern" | "spread_element" => match parts(node).first() {
                Some(inner) => Pattern::Rest(Box::new(self.pattern(*inner))),
                None => Pattern::Ignore,
            },
            "member_expression" => match (field("object"), field("property")) {
                (Some(object), Some(property)) => {
                    Pattern::Member(self.expression(object), self.words(property).to_owned())
                }
                _ => Pattern::Ignore,
            },
            "subscript_expression" => match (field("object"), field("index")) {
                (Some(object), Some(index)) => {
                    Pattern::Index(self.expression(object), self.expression(index))
                }
                _ => Pattern::Ignore,
            },
            "non_null_expression" | "parenthesized_expression" | "as_expression" => match parts(node).first()
            {
                Some(inner) => self.pattern(*inner),
                None => Pattern::Ignore,
            },
            _ => Pattern::Ignore,
        }
    }

    /// Elements of an array pattern; holes count.
    fn list(&mut self, node: Node<'_>) -> Pattern {
        let mut cursor = node.walk();
        let mut found: Vec<Option<Node<'_>>> = vec![None];
        for child in node.children(&mut cursor) {
            match (child.kind(), found.last_mut()) {
                (",", _) => found.push(None),
                (kind, Some(slot)) if child.is_named() && kind != "comment" => *slot = Some(child),
                _ => {}
            }
        }
        let elements = found.into_iter().map(|slot| slot.map_or(Pattern::Ignore, |node| self.pattern(node)));
        Pattern::List(elements.collect())
    }

    fn part(&mut self, node: Node<'_>) -> Option<Part> {
        let field = |name| node.child_by_field_name(name);
        let part = match node.kind() {
            "pair_pattern" | "pair" => Part {
                key: self.key(field("key")?),
                pattern: self.pattern(field("value")?),
                span: span(node),
            },
            "rest_pattern" | "spread_element" => {
                Part { key: None, pattern: self.pattern(*parts(node).first()?), span: span(node) }
            }
            "object_assignment_pattern" | "assignment_pattern" => {
                let key = Some(self.words(field("left")?).to_owned());
                Part { key, pattern: self.pattern(node), span: span(node) }
            }
            "shorthand_property_identifier_pattern" | "shorthand_property_identifier" => {
                let key = Some(self.words(node).to_owned());
                Part { key, pattern: self.pattern(node), span: span(node) }
            }
            _ => return None,
        };
        Some(part)
    }
}
