//! JavaScript and TypeScript, lowered into the small language. Types are dropped; what has no counterpart keeps its parts.
//!
//! Invariant: no deeper than the depth limit, and iterative along chains that grow with the length of honest code. Not here: what
//! imports and calls mean (`machine`).

mod expression;
mod pattern;
mod statement;

use tree_sitter::{Node, Tree};

use super::program::{
    DEPTH_LIMIT, Expression, FunctionCode, Kind, Parameter, Pattern, Program, Rest, Statement,
};
use super::syntax::{parts, span, unescape, words};

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

    /// The characters of a string, without its quotation marks.
    fn string(&self, node: Node<'_>) -> String {
        let pieces = parts(node).into_iter().map(|part| match part.kind() {
            "escape_sequence" => unescape(self.words(part)),
            _ => self.words(part).to_owned(),
        });
        pieces.collect()
    }

    /// The name of a property; `None` for one that is computed.
    fn key(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "string" => Some(self.string(node)),
            "computed_property_name" => match parts(node).first() {
                Some(inner) if inner.kind() == "string" => Some(self.string(*inner)),
                _ => None,
            },
            _ => Some(self.words(node).to_owned()),
        }
    }

    /// A function of any form, as an index of the program's functions.
    fn function(&mut self, node: Node<'_>) -> usize {
        let name = self.name(node.child_by_field_name("name"));
        let parameters = match (node.child_by_field_name("parameters"), node.child_by_field_name("parameter"))
        {
            (Some(list), _) => parts(list).into_iter().filter_map(|part| self.parameter(part)).collect(),
            (None, Some(one)) => {
                vec![Parameter { pattern: self.pattern(one), default: None, rest: Rest::One }]
            }
            (None, None) => Vec::new(),
        };
        let body = match node.child_by_field_name("body") {
            Some(block) if block.kind() == "statement_block" => self.statements(block),
            Some(value) => vec![Statement::Return(self.expression(value))],
            None => Vec::new(),
        };
        let mut body = body;
        body.splice(0..0, self.parameter_fields(node));
        let code = FunctionCode { name, parameters, body, decorators: Vec::new(), span: span(node) };
        self.program.functions.push(code);
        self.program.functions.len() - 1
    }

    /// Fields that a TypeScript constructor declares by its parameters: `constructor(private readonly db: Db)`.
    fn parameter_fields(&mut self, node: Node<'_>) -> Vec<Statement> {
        let list = node.child_by_field_name("parameters").map(parts).unwrap_or_default();
        let mut fields = Vec::new();
        for part in list.into_iter().filter(|part| part.kind() == "required_parameter") {
            let mut cursor = part.walk();
            let marked = part
                .children(&mut cursor)
                .any(|child| matches!(child.kind(), "accessibility_modifier" | "readonly"));
            let Some(name) = part.child_by_field_name("pattern").filter(|_| marked) else { continue };
            let words = self.words(name).to_owned();
            let this = Expression::new(Kind::This, span(name));
            let value = Expression::new(Kind::Name(words.clone()), span(name));
            fields.push(Statement::Bind { pattern: Pattern::Member(this, words), value, declares: false });
        }
        fields
    }

    fn parameter(&mut self, node: Node<'_>) -> Option<Parameter> {
        let (node, default) = match node.kind() {
            "decorator" => return None,
            // TypeScript wraps each parameter together with its type.
            "required_parameter" | "optional_parameter" => {
                let default = node.child_by_field_name("value").map(|value| self.expression(value));
                let pattern =
                    node.child_by_field_name("pattern").or_else(|| node.child_by_field_name("name"))?;
                if pattern.kind() == "this" {
                    return None;
                }
                (pattern, default)
            }
            _ => (node, None),
        };
        let parameter = match self.pattern(node) {
            Pattern::Default(pattern, default) => {
                Parameter { pattern: *pattern, default: Some(*default), rest: Rest::One }
            }
            Pattern::Rest(pattern) => Parameter { pattern: *pattern, default: None, rest: Rest::Positional },
            pattern => Parameter { pattern, default, rest: Rest::One },
        };
        Some(parameter)
    }

    fn nothing(&self, node: Node<'_>) -> Expression {
        Expression::new(Kind::Null, span(node))
    }
}
