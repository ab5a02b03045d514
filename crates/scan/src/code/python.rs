//! Python, lowered into the small language.
//!
//! Invariant: no deeper than the depth limit, and iterative along chains that grow with the length of honest code. Not here: what
//! imports and calls mean (`machine`).

mod expression;
mod matching;
mod statement;

use tree_sitter::{Node, Tree};

use super::program::{
    DEPTH_LIMIT, Expression, FunctionCode, Kind, Parameter, Pattern, Program, Rest, Statement,
};
use super::syntax::{parts, span, words};

/// Fills a program from its syntax tree.
pub(super) fn lower(text: &str, tree: &Tree, program: &mut Program) {
    let mut lowering = Lowering { text, program, depth: 0 };
    let body = lowering.statements(tree.root_node());
    lowering.program.body = body;
}

struct Lowering<'s, 'p> {
    text: &'s str,
    program: &'p mut Program,
    depth: u32,
}

impl<'s> Lowering<'s, '_> {
    /// Goes one level down, unless that is too deep.
    fn deeper<T>(&mut self, otherwise: T, lower: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH_LIMIT {
            self.program.holes = true;
            return otherwise;
        }
        self.depth += 1;
        let lowered = lower(self);
        self.depth -= 1;
        lowered
    }

    fn words(&self, node: Node<'_>) -> &'s str {
        words(self.text, node)
    }

    fn name(&self, node: Option<Node<'_>>) -> Option<String> {
        node.map(|node| self.words(node).to_owned())
    }

    fn nothing(&self, node: Node<'_>) -> Expression {
        Expression::new(Kind::Null, span(node))
    }

    /// A function or lambda, as an index of the program's functions.
    fn function(&mut self, node: Node<'_>, decorators: Vec<Expression>) -> usize {
        let name = self.name(node.child_by_field_name("name"));
        let list = node.child_by_field_name("parameters").map(parts).unwrap_or_default();
        let parameters = list.into_iter().filter_map(|part| self.parameter(part)).collect();
        let body = match node.child_by_field_name("body") {
            Some(block) if block.kind() == "block" => self.statements(block),
            Some(value) => vec![Statement::Return(self.expression(value))],
            None => Vec::new(),
        };
        self.program.functions.push(FunctionCode { name, parameters, body, decorators, span: span(node) });
        self.program.functions.len() - 1
    }

    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let default = node.child_by_field_name("value").map(|value| self.expression(value));
        let inner = match node.kind() {
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name")?,
            "typed_parameter" => *parts(node).first()?,
            "keyword_separator" | "positional_separator" => return None,
            _ => node,
        };
        let rest = match inner.kind() {
            "list_splat_pattern" => Rest::Positional,
            "dictionary_splat_pattern" => Rest::Named,
            _ => Rest::One,
        };
        let pattern = match rest {
            Rest::One => self.pattern(inner),
            Rest::Positional | Rest::Named => self.pattern(*parts(inner).first()?),
        };
        Some(Parameter { pattern, default, rest })
    }

    fn pattern(&mut self, node: Node<'_>) -> Pattern {
        self.deeper(Pattern::Ignore, |lowering| lowering.pattern_here(node))
    }

    fn pattern_here(&mut self, node: Node<'_>) -> Pattern {
        let field = |name| node.child_by_field_name(name);
        match node.kind() {
            "identifier" => Pattern::Name(self.words(node).to_owned(), span(node)),
            "attribute" => match (field("object"), field("attribute")) {
                (Some(object), Some(name)) => {
                    Pattern::Member(self.expression(object), self.words(name).to_owned())
                }
                _ => Pattern::Ignore,
            },
            "subscript" => match (field("value"), field("subscript")) {
                (Some(value), Some(index)) => Pattern::Index(self.expression(value), self.expression(index)),
                _ => Pattern::Ignore,
            },
            "pattern_list" | "tuple_pattern" | "list_pattern" | "expression_list" | "tuple" | "list" => {
                Pattern::List(parts(node).into_iter().map(|part| self.pattern(part)).collect())
            }
            "list_splat_pattern" | "list_splat" => match parts(node).first() {
                Some(inner) => Pattern::Rest(Box::new(self.pattern(*inner))),
                None => Pattern::Ignore,
            },
            "as_pattern_target" | "parenthesized_expression" => match parts(node).first() {
                Some(inner) => self.pattern(*inner),
                None => Pattern::Ignore,
            },
            _ => Pattern::Ignore,
        }
    }
}
