//! Expressions.

use tree_sitter::Node;

use super::super::program::{Call, Comparison, Entry, Expression, Kind, Pattern};
use super::super::syntax::{parts, span, unescape};
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

    fn first(&mut self, node: Node<'_>) -> Expression {
        match parts(node).first() {
            Some(part) => self.expression(*part),
            None => self.nothing(node),
        }
    }

    fn kind(&mut self, node: Node<'_>) -> Kind {
        match node.kind() {
            "identifier" => Kind::Name(self.words(node).to_owned()),
            "string" => self.string(node),
            "concatenated_string" => self.strings(node),
            "integer" | "float" => Kind::Number(self.words(node).to_owned()),
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "none" => Kind::Null,
            "list" | "tuple" | "set" | "expression_list" => Kind::List(self.all(node)),
            "dictionary" => {
                Kind::Object(parts(node).into_iter().filter_map(|part| self.entry(part)).collect())
            }
            "attribute" => {
                let name = self.name(node.child_by_field_name("attribute")).unwrap_or_default();
                Kind::Member(self.boxed(node, "object"), name)
            }
            "subscript" => self.subscript(node),
            "call" => self.call(node),
            "binary_operator" => self.binary(node),
            "boolean_operator" => {
                let (left, right) = (self.boxed(node, "left"), self.boxed(node, "right"));
                match node.child_by_field_name("operator").map(|operator| operator.kind()) {
                    Some("or") => Kind::Either(left, right),
                    _ => Kind::Both(left, right),
                }
            }
            "not_operator" => Kind::Not(self.boxed(node, "argument")),
            "unary_operator" => Kind::Arithmetic(vec![*self.boxed(node, "argument")]),
            "comparison_operator" => self.comparison(node),
            "conditional_expression" => {
                let mut found = self.all(node).into_iter();
                match (found.next(), found.next(), found.next()) {
                    (Some(then), Some(test), Some(otherwise)) => {
                        Kind::Choice(Box::new(test), Box::new(then), Box::new(otherwise))
                    }
                    _ => Kind::Null,
                }
            }
            "lambda" => Kind::Function(self.function(node, Vec::new())),
            "named_expression" => match node.child_by_field_name("name") {
                Some(name) => Kind::Assign(Box::new(self.pattern(name)), self.boxed(node, "value")),
                None => Kind::Null,
            },
            "list_comprehension"
            | "set_comprehension"
            | "generator_expression"
            | "dictionary_comprehension" => self.each(node),
            "list_splat" | "dictionary_splat" => Kind::Spread(Box::new(self.first(node))),
            "yield" => Kind::Yield(Box::new(self.first(node))),
            "parenthesized_expression" | "await" => self.first(node).kind,
            "interpolation" | "format_expression" => self.boxed(node, "expression").kind,
            "as_pattern" => self.first(node).kind,
            _ => Kind::Opaque(self.all(node)),
        }
    }

    fn string(&mut self, node: Node<'_>) -> Kind {
        let raw =
            self.words(node).split(['"', '\'']).next().is_some_and(|prefix| prefix.contains(['r', 'R']));
        let mut pieces: Vec<Expression> = Vec::new();
        for part in parts(node) {
            match part.kind() {
                "string_content" => {
                    pieces.push(Expression::new(Kind::Text(self.content(part, raw)), span(part)))
                }
                "interpolation" => pieces.push(self.expression(part)),
                _ => {}
            }
        }
        match pieces.as_mut_slice() {
            [] => Kind::Text(String::new()),
            [Expression { kind: Kind::Text(text), .. }] => Kind::Text(std::mem::take(text)),
            _ => Kind::Join(pieces),
        }
    }

    /// The characters of a string; its escapes are children of it.
    fn content(&self, node: Node<'_>, raw: bool) -> String {
        let escapes = parts(node);
        if raw || escapes.is_empty() {
            return self.words(node).to_owned();
        }
        let (mut text, mut at) = (String::new(), node.start_byte());
        for escape in escapes {
            text.push_str(self.text.get(at..escape.start_byte()).unwrap_or_default());
            match self.words(escape) {
                "{{" => text.push('{'),
                "}}" => text.push('}'),
                words => text.push_str(&unescape(words)),
            }
            at = escape.end_byte();
        }
        text.push_str(self.text.get(at..node.end_byte()).unwrap_or_default());
        text
    }

    /// Strings that stand side by side.
    fn strings(&mut self, node: Node<'_>) -> Kind {
        let found = self.all(node);
        let joined: Option<String> = found
            .iter()
            .map(|part| match &part.kind {
                Kind::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        joined.map_or(Kind::Join(found), Kind::Text)
    }

    fn entry(&mut self, node: Node<'_>) -> Option<Entry> {
        match node.kind() {
            "pair" => {
                let (key, value) = (self.boxed(node, "key"), self.boxed(node, "value"));
                Some(match key.kind {
                    Kind::Text(name) | Kind::Number(name) => Entry::Named(name, *value),
                    _ => Entry::Computed(*key, *value),
                })
            }
            "dictionary_splat" => Some(Entry::Spread(self.first(node))),
            _ => None,
        }
    }

    fn subscript(&mut self, node: Node<'_>) -> Kind {
        let index = match node.child_by_field_name("subscript") {
            Some(slice) if slice.kind() == "slice" => {
                Expression::new(Kind::Opaque(self.all(slice)), span(slice))
            }
            Some(index) => self.expression(index),
            None => self.nothing(node),
        };
        Kind::Index(self.boxed(node, "value"), Box::new(index))
    }

    fn call(&mut self, node: Node<'_>) -> Kind {
        let callee = *self.boxed(node, "function");
        let mut call = Call { callee, arguments: Vec::new(), named: Vec::new(), spread: Vec::new() };
        let Some(list) = node.child_by_field_name("arguments") else { return Kind::Call(Box::new(call)) };
        if list.kind() == "generator_expression" {
            call.arguments.push(self.expression(list));
            return Kind::Call(Box::new(call));
        }
        for part in parts(list) {
            match part.kind() {
                "keyword_argument" => {
                    let name = self.name(part.child_by_field_name("name")).unwrap_or_default();
                    let value = *self.boxed(part, "value");
                    call.named.push((name, value));
                }
                "dictionary_splat" => call.spread.push(self.first(part)),
                _ => call.arguments.push(self.expression(part)),
            }
        }
        Kind::Call(Box::new(call))
    }

    fn binary(&mut self, node: Node<'_>) -> Kind {
        match operator(node) {
            Some("%") => {
                // Filling in a text is a method of it; for numbers nothing comes of that.
                let (left, right) = (self.boxed(node, "left"), *self.boxed(node, "right"));
                let callee = Expression::new(Kind::Member(left, "%".to_owned()), span(node));
                let arguments = vec![right];
                let (named, spread) = (Vec::new(), Vec::new());
                Kind::Call(Box::new(Call { callee, arguments, named, spread }))
            }
            Some("+") => {
                let (mut at, mut found) = (node, Vec::new());
                loop {
                    found.extend(at.child_by_field_name("right"));
                    let Some(left) = at.child_by_field_name("left") else { break };
                    if left.kind() != "binary_operator" || operator(left) != Some("+") {
                        found.push(left);
                        break;
                    }
                    at = left;
                }
                Kind::Join(found.into_iter().rev().map(|part| self.expression(part)).collect())
            }
            // `Path("/tmp") / name`
            Some("/") => Kind::Join(vec![*self.boxed(node, "left"), *self.boxed(node, "right")]),
            _ => Kind::Arithmetic(vec![*self.boxed(node, "left"), *self.boxed(node, "right")]),
        }
    }

    fn comparison(&mut self, node: Node<'_>) -> Kind {
        let operators = {
            let mut cursor = node.walk();
            let found: Vec<_> = node.children_by_field_name("operators", &mut cursor).collect();
            found.into_iter().map(|operator| self.words(operator).to_owned()).collect::<Vec<_>>()
        };
        let mut found = self.all(node);
        if found.len() != 2 {
            return Kind::Arithmetic(found);
        }
        let (right, left) = (found.pop(), found.pop());
        let (Some(left), Some(right)) = (left, right) else { return Kind::Null };
        let comparison = match operators.join(" ").as_str() {
            "==" | "is" => Comparison::Same,
            "!=" | "is not" | "<>" => Comparison::Different,
            "in" => Comparison::In,
            "not in" => Comparison::NotIn,
            _ => Comparison::Other,
        };
        Kind::Compare(Box::new(left), comparison, Box::new(right))
    }

    fn each(&mut self, node: Node<'_>) -> Kind {
        let (mut bindings, mut tests) = (Vec::new(), Vec::new());
        for part in parts(node) {
            match part.kind() {
                "for_in_clause" => {
                    let left =
                        part.child_by_field_name("left").map_or(Pattern::Ignore, |left| self.pattern(left));
                    bindings.push((left, *self.boxed(part, "right")));
                }
                "if_clause" => tests.push(self.first(part)),
                _ => {}
            }
        }
        let made = match node.child_by_field_name("body") {
            Some(pair) if pair.kind() == "pair" => self.all(pair),
            Some(body) => vec![self.expression(body)],
            None => Vec::new(),
        };
        Kind::Each { bindings, tests, made }
    }
}

fn operator<'t>(node: Node<'t>) -> Option<&'t str> {
    node.child_by_field_name("operator").map(|operator| operator.kind())
}
