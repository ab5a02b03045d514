//! `match`: what each case binds names to.
//!
//! Invariant: a name that a case captures is the part of the subject that stands at its place; a case that is a fixed value shows that the
//! subject is that. Not here: what holds in a case (`machine`).

use tree_sitter::Node;

use super::super::program::{Expression, Kind, Part, Pattern, Statement};
use super::super::syntax::{parts, span};
use super::Lowering;

/// The name that a subject gets which has none. No program can use it.
const SUBJECT: &str = "match subject";

/// Up to how many elements of a list pattern each way to read them is kept.
const ELEMENT_LIMIT: usize = 32;

impl Lowering<'_, '_> {
    pub(super) fn select(&mut self, node: Node<'_>) -> Vec<Statement> {
        let subjects = {
            let mut cursor = node.walk();
            node.children_by_field_name("subject", &mut cursor).collect::<Vec<_>>()
        };
        let mut subject = match subjects.as_slice() {
            [only] => self.expression(*only),
            several => {
                let items = several.iter().map(|part| self.expression(*part)).collect();
                Expression::new(Kind::List(items), span(node))
            }
        };
        let mut found = Vec::new();
        let again = match (subject.path(), subjects.first()) {
            (Some(_), Some(first)) => Some(*first),
            _ => {
                let name = Expression::new(Kind::Name(SUBJECT.to_owned()), subject.span);
                let pattern = Pattern::Name(SUBJECT.to_owned(), subject.span);
                found.push(Statement::Bind {
                    pattern,
                    value: std::mem::replace(&mut subject, name),
                    declares: false,
                });
                None
            }
        };
        let clauses = node.child_by_field_name("body").map(parts).unwrap_or_default();
        let cases = clauses.into_iter().filter(|clause| clause.kind() == "case_clause").map(|clause| {
            let body = self.case(clause, again, &subject);
            (self.fixed(clause), body)
        });
        let cases = cases.collect();
        found.push(Statement::Switch { subject, cases });
        found
    }

    /// What a case does: names that it captures, its guard, its statements.
    fn case(&mut self, clause: Node<'_>, again: Option<Node<'_>>, subject: &Expression) -> Vec<Statement> {
        let patterns: Vec<Node<'_>> =
            parts(clause).into_iter().filter(|part| part.kind() == "case_pattern").collect();
        let captured = match patterns.as_slice() {
            [only] => self.captures(*only),
            several => self.elements(several),
        };
        let mut body: Vec<Statement> = Vec::new();
        for pattern in captured.into_iter().filter(binds) {
            let value = match again {
                Some(node) => self.expression(node),
                None => Expression::new(Kind::Name(SUBJECT.to_owned()), subject.span),
            };
            body.push(Statement::Bind { pattern, value, declares: false });
        }
        let then =
            clause.child_by_field_name("consequence").map(|block| self.statements(block)).unwrap_or_default();
        match clause.child_by_field_name("guard").and_then(|guard| parts(guard).first().copied()) {
            Some(guard) => {
                let test = self.expression(guard);
                body.push(Statement::If { test, then, otherwise: Vec::new() });
            }
            None => body.extend(then),
        }
        body
    }

    /// The value that a case compares with, where it does nothing else.
    fn fixed(&mut self, clause: Node<'_>) -> Option<Expression> {
        let patterns = parts(clause).into_iter().filter(|part| part.kind() == "case_pattern");
        let mut patterns = patterns.filter_map(|pattern| parts(pattern).first().copied());
        let (Some(only), None) = (patterns.next(), patterns.next()) else { return None };
        let alternatives = if only.kind() == "union_pattern" { parts(only) } else { vec![only] };
        let is_fixed = |node: &Node<'_>| {
            matches!(node.kind(), "string" | "integer" | "float" | "true" | "false" | "none")
                || node.kind() == "dotted_name" && parts(*node).len() > 1
        };
        let first = alternatives.first().copied().filter(|_| alternatives.iter().all(is_fixed))?;
        Some(self.expression(first))
    }

    /// The patterns that a case binds its subject to; several where a part is named as a whole as well.
    fn captures(&mut self, node: Node<'_>) -> Vec<Pattern> {
        self.deeper(Vec::new(), |lowering| lowering.captures_of(node))
    }

    fn captures_of(&mut self, node: Node<'_>) -> Vec<Pattern> {
        let inner = parts(node);
        match node.kind() {
            "case_pattern" | "union_pattern" => {
                inner.into_iter().flat_map(|part| self.captures(part)).collect()
            }
            "as_pattern" | "identifier" => {
                let name = if node.kind() == "identifier" { Some(node) } else { inner.last().copied() };
                let whole = name.map(|name| Pattern::Name(self.words(name).to_owned(), span(name)));
                let within = inner.first().filter(|_| inner.len() > 1).copied();
                let within = within.map(|part| self.captures(part)).unwrap_or_default();
                whole.into_iter().chain(within).collect()
            }
            "dotted_name" if inner.len() == 1 => vec![Pattern::Name(self.words(node).to_owned(), span(node))],
            "splat_pattern" => inner.into_iter().flat_map(|part| self.captures(part)).collect(),
            "list_pattern" | "tuple_pattern" => self.elements(&inner),
            "dict_pattern" => vec![Pattern::Object(self.entries(node))],
            "class_pattern" => self.class_captures(&inner),
            _ => Vec::new(),
        }
    }

    /// Elements in order. Each further way to read one of them is a pattern of its own.
    fn elements(&mut self, nodes: &[Node<'_>]) -> Vec<Pattern> {
        let (mut first, mut further) = (Vec::new(), Vec::new());
        for (number, node) in nodes.iter().enumerate() {
            let mut found = self.captures(*node).into_iter();
            first.push(found.next().unwrap_or(Pattern::Ignore));
            for pattern in found.filter(|_| nodes.len() <= ELEMENT_LIMIT) {
                let before = (0..number).map(|_| Pattern::Ignore);
                further.push(Pattern::List(before.chain([pattern]).collect()));
            }
        }
        std::iter::once(Pattern::List(first)).chain(further).collect()
    }

    fn entries(&mut self, node: Node<'_>) -> Vec<Part> {
        let (mut cursor, mut other) = (node.walk(), node.walk());
        let keys: Vec<Node<'_>> = node.children_by_field_name("key", &mut cursor).collect();
        let values: Vec<Node<'_>> = node.children_by_field_name("value", &mut other).collect();
        let mut found = Vec::new();
        for (key, value) in keys.into_iter().zip(values) {
            let name = match self.expression(key).kind {
                Kind::Text(name) | Kind::Number(name) => name,
                _ => continue,
            };
            for pattern in self.captures(value) {
                found.push(Part { key: Some(name.clone()), pattern, span: span(value) });
            }
        }
        for rest in parts(node).into_iter().filter(|part| part.kind() == "splat_pattern") {
            for pattern in self.captures(rest) {
                found.push(Part { key: None, pattern, span: span(rest) });
            }
        }
        found
    }

    /// `str(name)` is the subject itself, `Order(id=x)` has a part of that name, and a number does no harm.
    fn class_captures(&mut self, inner: &[Node<'_>]) -> Vec<Pattern> {
        let Some((class, given)) = inner.split_first() else { return Vec::new() };
        if matches!(self.words(*class), "int" | "float" | "bool" | "complex") {
            return Vec::new();
        }
        let mut found = Vec::new();
        for pattern in given {
            let keyword = parts(*pattern).first().copied().filter(|part| part.kind() == "keyword_pattern");
            let Some(keyword) = keyword else {
                found.extend(self.captures(*pattern));
                continue;
            };
            let named = parts(keyword);
            let (Some(name), Some(value)) = (named.first(), named.get(1)) else { continue };
            let key = self.words(*name).to_owned();
            for pattern in self.captures(*value) {
                let part = Part { key: Some(key.clone()), pattern, span: span(*value) };
                found.push(Pattern::Object(vec![part]));
            }
        }
        found
    }
}

/// Whether a pattern binds anything.
fn binds(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Ignore => false,
        Pattern::List(elements) => elements.iter().any(binds),
        Pattern::Object(parts) => parts.iter().any(|part| binds(&part.pattern)),
        _ => true,
    }
}
