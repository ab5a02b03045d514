//! Expressions.

use tree_sitter::Node;

use super::super::program::{Call, Comparison, Entry, Expression, Kind};
use super::super::syntax::{parts, span};
use super::Lowering;

impl Lowering<'_, '_> {
    pub(super) fn expression(&mut self, node: Node<'_>) -> Expression {
        let kind = self.deeper(Kind::Opaque(Vec::new()), |lowering| lowering.kind(node));
        Expression::new(kind, span(node))
    }

    fn boxed(&mut self, node: Node<'_>, field: &str) -> Box<Expression> {
        let found = node.child_by_field_name(field).map(|part| self.expression(part));
        Box::new(found.unwrap_or_else(|| self.nothing(node)))
    }

    fn all(&mut self, node: Node<'_>) -> Vec<Expression> {
        parts(node).into_iter().map(|part| self.expression(part)).collect()
    }

    /// The first part of a wrapper that means nothing here: brackets, `await`, type assertions.
    fn inner(&mut self, node: Node<'_>) -> Kind {
        match parts(node).first() {
            Some(part) => self.expression(*part).kind,
            None => Kind::Null,
        }
    }

    fn kind(&mut self, node: Node<'_>) -> Kind {
        match node.kind() {
            "identifier" | "shorthand_property_identifier" => Kind::Name(self.words(node).to_owned()),
            "this" | "super" => Kind::This,
            "string" => Kind::Text(self.string(node)),
            "template_string" => self.template(node),
            "number" => Kind::Number(self.words(node).to_owned()),
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" | "undefined" => Kind::Null,
            "regex" => Kind::Regex(self.words(node).to_owned()),
            "object" => Kind::Object(parts(node).into_iter().filter_map(|part| self.entry(part)).collect()),
            "array" => Kind::List(self.all(node)),
            "spread_element" => Kind::Spread(Box::new(self.first(node))),
            "member_expression" => self.member(node),
            "subscript_expression" => Kind::Index(self.boxed(node, "object"), self.boxed(node, "index")),
            "call_expression" => self.call(node),
            "new_expression" => self.make(node),
            "binary_expression" => self.binary(node),
            "unary_expression" => self.unary(node),
            "update_expression" => Kind::Arithmetic(vec![*self.boxed(node, "argument")]),
            "ternary_expression" => Kind::Choice(
                self.boxed(node, "condition"),
                self.boxed(node, "consequence"),
                self.boxed(node, "alternative"),
            ),
            "assignment_expression" => match node.child_by_field_name("left") {
                Some(left) => Kind::Assign(Box::new(self.pattern(left)), self.boxed(node, "right")),
                None => Kind::Null,
            },
            "augmented_assignment_expression" => self.augmented(node),
            "arrow_function" | "function_expression" | "function" | "generator_function" => {
                Kind::Function(self.function(node))
            }
            "class" => Kind::Class(self.class(node)),
            "sequence_expression" => Kind::Sequence(self.all(node)),
            "yield_expression" => Kind::Yield(Box::new(self.first(node))),
            "type_assertion" => match parts(node).last() {
                Some(part) => self.expression(*part).kind,
                None => Kind::Null,
            },
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression" => self.inner(node),
            _ => Kind::Opaque(self.all(node)),
        }
    }

    fn first(&mut self, node: Node<'_>) -> Expression {
        let kind = self.inner(node);
        Expression::new(kind, span(node))
    }

    fn template(&mut self, node: Node<'_>) -> Kind {
        let mut pieces = Vec::new();
        for part in parts(node) {
            let kind = match part.kind() {
                "template_substitution" => {
                    pieces.extend(parts(part).first().map(|inner| self.expression(*inner)));
                    continue;
                }
                "escape_sequence" => Kind::Text(super::unescape(self.words(part))),
                _ => Kind::Text(self.words(part).to_owned()),
            };
            pieces.push(Expression::new(kind, span(part)));
        }
        match pieces.as_mut_slice() {
            [] => Kind::Text(String::new()),
            [Expression { kind: Kind::Text(text), .. }] => Kind::Text(std::mem::take(text)),
            _ => Kind::Join(pieces),
        }
    }

    fn entry(&mut self, node: Node<'_>) -> Option<Entry> {
        let entry = match node.kind() {
            "pair" => {
                let key = node.child_by_field_name("key")?;
                let value = *self.boxed(node, "value");
                match self.key(key) {
                    Some(name) => Entry::Named(name, value),
                    None => Entry::Computed(self.first(key), value),
                }
            }
            "spread_element" => Entry::Spread(self.first(node)),
            "shorthand_property_identifier" => {
                Entry::Named(self.words(node).to_owned(), self.expression(node))
            }
            "method_definition" => {
                let name = self.key(node.child_by_field_name("name")?)?;
                let function = self.function(node);
                Entry::Named(name, Expression::new(Kind::Function(function), span(node)))
            }
            _ => return None,
        };
        Some(entry)
    }

    fn member(&mut self, node: Node<'_>) -> Kind {
        let object = self.boxed(node, "object");
        let name = self.name(node.child_by_field_name("property")).unwrap_or_default();
        Kind::Member(object, name)
    }

    fn call(&mut self, node: Node<'_>) -> Kind {
        let Some(arguments) = node.child_by_field_name("arguments") else { return Kind::Null };
        let callee = match node.child_by_field_name("function") {
            // `import("./x")` asks for a module as `require` does.
            Some(import) if import.kind() == "import" => {
                Expression::new(Kind::Name("require".to_owned()), span(import))
            }
            // `await (0, module.name)(…)`, as bundlers write it, is parsed as a call of `await`.
            Some(callee) if self.is_await(callee) => {
                let list = callee.child_by_field_name("arguments").map(parts).unwrap_or_default();
                match list.last() {
                    Some(last) => self.expression(*last),
                    None => self.nothing(node),
                }
            }
            Some(callee) => self.expression(callee),
            None => self.nothing(node),
        };
        if arguments.kind() == "template_string" {
            let values = match self.template(arguments) {
                Kind::Join(pieces) => pieces,
                other => vec![Expression::new(other, span(arguments))],
            };
            return Kind::Tagged(Box::new(callee), values);
        }
        let arguments = self.all(arguments);
        Kind::Call(Box::new(Call { callee, arguments, named: Vec::new(), spread: Vec::new() }))
    }

    fn is_await(&self, callee: Node<'_>) -> bool {
        let called = callee.child_by_field_name("function").filter(|_| callee.kind() == "call_expression");
        called.is_some_and(|called| {
            called.kind() == "identifier" && self.name(Some(called)).as_deref() == Some("await")
        })
    }

    fn make(&mut self, node: Node<'_>) -> Kind {
        let callee = *self.boxed(node, "constructor");
        let arguments = node.child_by_field_name("arguments").map(|list| self.all(list)).unwrap_or_default();
        Kind::Call(Box::new(Call { callee, arguments, named: Vec::new(), spread: Vec::new() }))
    }

    fn unary(&mut self, node: Node<'_>) -> Kind {
        let operator = self.name(node.child_by_field_name("operator")).unwrap_or_default();
        let argument = self.boxed(node, "argument");
        match operator.as_str() {
            "!" => match argument.kind {
                // Minifiers write `!0` and `!1`.
                Kind::Number(ref number) if number == "0" => Kind::Bool(true),
                Kind::Number(ref number) if number == "1" => Kind::Bool(false),
                _ => Kind::Not(argument),
            },
            "void" => Kind::Null,
            _ => Kind::Arithmetic(vec![*argument]),
        }
    }

    fn binary(&mut self, node: Node<'_>) -> Kind {
        let operator = self.name(node.child_by_field_name("operator")).unwrap_or_default();
        let comparison = match operator.as_str() {
            "+" => return self.sum(node),
            "||" | "??" => return Kind::Either(self.boxed(node, "left"), self.boxed(node, "right")),
            "&&" => return Kind::Both(self.boxed(node, "left"), self.boxed(node, "right")),
            "==" | "===" => Comparison::Same,
            "!=" | "!==" => Comparison::Different,
            "in" => Comparison::In,
            "<" | ">" | "<=" | ">=" | "instanceof" => Comparison::Other,
            _ => return Kind::Arithmetic(vec![*self.boxed(node, "left"), *self.boxed(node, "right")]),
        };
        Kind::Compare(self.boxed(node, "left"), comparison, self.boxed(node, "right"))
    }

    /// A sum with all its parts. Long texts are put together by long sums, which lean to the left.
    fn sum(&mut self, node: Node<'_>) -> Kind {
        let (mut at, mut found) = (node, Vec::new());
        loop {
            if let Some(right) = at.child_by_field_name("right") {
                found.push(right);
            }
            let Some(left) = at.child_by_field_name("left") else { break };
            let operator = left.child_by_field_name("operator").map(|operator| operator.kind());
            if left.kind() != "binary_expression" || operator != Some("+") {
                found.push(left);
                break;
            }
            at = left;
        }
        Kind::Join(found.into_iter().rev().map(|part| self.expression(part)).collect())
    }

    fn augmented(&mut self, node: Node<'_>) -> Kind {
        let Some(left) = node.child_by_field_name("left") else { return Kind::Null };
        let operator = self.name(node.child_by_field_name("operator")).unwrap_or_default();
        let (old, new) = (self.expression(left), *self.boxed(node, "right"));
        let value = match operator.as_str() {
            "+=" => Kind::Join(vec![old, new]),
            "||=" | "??=" => Kind::Either(Box::new(old), Box::new(new)),
            "&&=" => Kind::Both(Box::new(old), Box::new(new)),
            _ => Kind::Arithmetic(vec![old, new]),
        };
        Kind::Assign(Box::new(self.pattern(left)), Box::new(Expression::new(value, span(node))))
    }
}
