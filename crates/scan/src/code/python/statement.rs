//! Statements, classes and imports.

use tree_sitter::Node;

use super::super::program::{
    ClassCode, Expression, Field, Handler, ImportCode, ImportedName, Kind, Pattern, Statement,
};
use super::super::syntax::{parts, span};
use super::Lowering;

impl Lowering<'_, '_> {
    pub(super) fn statements(&mut self, block: Node<'_>) -> Vec<Statement> {
        let mut found = Vec::new();
        for node in parts(block) {
            let lowered = self.deeper(Vec::new(), |lowering| lowering.statement(node));
            found.extend(lowered);
        }
        found
    }

    fn body(&mut self, node: Node<'_>, field: &str) -> Vec<Statement> {
        node.child_by_field_name(field).map(|block| self.statements(block)).unwrap_or_default()
    }

    /// The statements of the block that stands in a clause.
    fn block(&mut self, node: Node<'_>) -> Vec<Statement> {
        let block = parts(node).into_iter().find(|part| part.kind() == "block");
        block.map(|block| self.statements(block)).unwrap_or_default()
    }

    fn value(&mut self, node: Node<'_>, field: &str) -> Option<Expression> {
        node.child_by_field_name(field).map(|part| self.expression(part))
    }

    fn leading(&mut self, node: Node<'_>) -> Option<Expression> {
        parts(node).first().copied().map(|part| self.expression(part))
    }

    fn statement(&mut self, node: Node<'_>) -> Vec<Statement> {
        let statement = match node.kind() {
            "expression_statement" => {
                return parts(node).into_iter().flat_map(|part| self.run(part)).collect();
            }
            "return_statement" => Statement::Return(self.leading(node).unwrap_or_else(|| self.nothing(node))),
            "raise_statement" => Statement::Throw(self.leading(node)),
            "if_statement" => return vec![self.branches(node)],
            "for_statement" => Statement::Loop {
                each: match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                    (Some(left), Some(right)) => Some((self.pattern(left), self.expression(right))),
                    _ => None,
                },
                test: None,
                body: self.body(node, "body"),
            },
            "while_statement" => Statement::Loop {
                each: None,
                test: self.value(node, "condition"),
                body: self.body(node, "body"),
            },
            "try_statement" => self.attempt(node),
            "with_statement" => return self.with(node),
            "function_definition" => Statement::Function(self.function(node, Vec::new())),
            "class_definition" => Statement::Class(self.class(node)),
            "decorated_definition" => return self.decorated(node),
            "import_statement" | "import_from_statement" => return self.import(node),
            "global_statement" | "nonlocal_statement" => {
                Statement::Outer(parts(node).into_iter().map(|part| self.words(part).to_owned()).collect())
            }
            "match_statement" => return self.select(node),
            "break_statement" | "continue_statement" => Statement::Leave,
            "assert_statement" => match self.leading(node) {
                Some(test) => Statement::If {
                    test: Expression { span: test.span, kind: Kind::Not(Box::new(test)) },
                    then: vec![Statement::Throw(None)],
                    otherwise: Vec::new(),
                },
                None => return Vec::new(),
            },
            "pass_statement" | "future_import_statement" | "type_alias_statement" => return Vec::new(),
            _ => Statement::Run(self.expression(node)),
        };
        vec![statement]
    }

    fn run(&mut self, node: Node<'_>) -> Vec<Statement> {
        match node.kind() {
            "assignment" => {
                // `a = b = value` assigns the value to both.
                let (mut at, mut targets) = (node, Vec::new());
                let value = loop {
                    targets.extend(at.child_by_field_name("left"));
                    match at.child_by_field_name("right") {
                        Some(next) if next.kind() == "assignment" => at = next,
                        Some(value) => break value,
                        None => return Vec::new(),
                    }
                };
                let bind = |left| Statement::Bind {
                    value: self.expression(value),
                    pattern: self.pattern(left),
                    declares: false,
                };
                targets.into_iter().map(bind).collect()
            }
            "augmented_assignment" => {
                let Some(left) = node.child_by_field_name("left") else { return Vec::new() };
                let old = self.expression(left);
                let new = self.value(node, "right").unwrap_or_else(|| self.nothing(node));
                let joins =
                    node.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "+=");
                let kind = if joins { Kind::Join(vec![old, new]) } else { Kind::Arithmetic(vec![old, new]) };
                let value = Expression::new(kind, span(node));
                vec![Statement::Bind { pattern: self.pattern(left), value, declares: false }]
            }
            _ => vec![Statement::Run(self.expression(node))],
        }
    }

    /// `if`, its `elif`s and its `else`, built from the last to the first.
    fn branches(&mut self, node: Node<'_>) -> Statement {
        let clauses: Vec<Node<'_>> = parts(node)
            .into_iter()
            .filter(|part| matches!(part.kind(), "elif_clause" | "else_clause"))
            .collect();
        let mut otherwise = Vec::new();
        let mut arms = vec![(node, self.value(node, "condition"), self.body(node, "consequence"))];
        for clause in clauses {
            if clause.kind() == "else_clause" {
                otherwise = self.body(clause, "body");
            } else {
                arms.push((clause, self.value(clause, "condition"), self.body(clause, "consequence")));
            }
        }
        // A chain of a hundred arms must not become a hundred levels: arms beyond some stand side by side.
        let nested = arms.len() <= 20;
        let mut chain = otherwise;
        for (clause, test, then) in arms.into_iter().rev() {
            let test = test.unwrap_or_else(|| self.nothing(clause));
            if nested {
                chain = vec![Statement::If { test, then, otherwise: chain }];
            } else {
                chain.insert(0, Statement::If { test, then, otherwise: Vec::new() });
            }
        }
        Statement::Block(chain)
    }

    fn attempt(&mut self, node: Node<'_>) -> Statement {
        let mut body = self.body(node, "body");
        let (mut handlers, mut last) = (Vec::new(), Vec::new());
        for clause in parts(node) {
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    let alias = clause.child_by_field_name("alias").or_else(|| alias_of(clause));
                    let name = alias.map(|alias| self.pattern(alias));
                    let takes_all = self.takes_all(clause);
                    handlers.push(Handler { name, takes_all, body: self.block(clause) });
                }
                "else_clause" => body.extend(self.body(clause, "body")),
                "finally_clause" => last = self.block(clause),
                _ => {}
            }
        }
        Statement::Try { body, handlers, last }
    }

    /// Whether a clause names the class of all errors.
    fn takes_all(&self, clause: Node<'_>) -> bool {
        let Some(value) = clause.child_by_field_name("value") else { return false };
        let class = if value.kind() == "as_pattern" { parts(value).first().copied() } else { Some(value) };
        let words = class.map(|class| self.words(class)).unwrap_or_default();
        words.split(['(', ',', ')']).any(|name| matches!(name.trim(), "Exception" | "BaseException"))
    }

    fn with(&mut self, node: Node<'_>) -> Vec<Statement> {
        let mut found = Vec::new();
        let clause = parts(node).into_iter().find(|part| part.kind() == "with_clause");
        for item in clause.map(parts).unwrap_or_default() {
            let Some(value) = item.child_by_field_name("value") else { continue };
            let alias = alias_of(value);
            let opened = match alias {
                Some(_) => parts(value).first().copied().unwrap_or(value),
                None => value,
            };
            let value = self.expression(opened);
            found.push(match alias {
                Some(alias) => Statement::Bind { pattern: self.pattern(alias), value, declares: false },
                None => Statement::Run(value),
            });
        }
        found.extend(self.body(node, "body"));
        found
    }

    fn decorated(&mut self, node: Node<'_>) -> Vec<Statement> {
        let Some(definition) = node.child_by_field_name("definition") else { return Vec::new() };
        let marks = parts(node).into_iter().filter(|part| part.kind() == "decorator");
        let decorators: Vec<Expression> = marks.filter_map(|mark| self.leading(mark)).collect();
        if definition.kind() == "class_definition" {
            return vec![Statement::Class(self.class(definition))];
        }
        vec![Statement::Function(self.function(definition, decorators))]
    }

    fn class(&mut self, node: Node<'_>) -> usize {
        let name = self.name(node.child_by_field_name("name"));
        let base = node.child_by_field_name("superclasses").and_then(|list| self.leading(list));
        let mut class = ClassCode { name, base, fields: Vec::new(), methods: Vec::new() };
        let members = node.child_by_field_name("body").map(|body| self.statements(body)).unwrap_or_default();
        for member in members {
            match member {
                Statement::Function(index) => {
                    let name = self.program.functions.get(index).and_then(|code| code.name.clone());
                    class.methods.extend(name.map(|name| (name, index)));
                }
                Statement::Bind { pattern: Pattern::Name(name, _), value, .. } => {
                    class.fields.push(Field { name, value, shared: true });
                }
                _ => {}
            }
        }
        self.program.classes.push(class);
        self.program.classes.len() - 1
    }

    fn import(&mut self, node: Node<'_>) -> Vec<Statement> {
        let from = self.name(node.child_by_field_name("module_name"));
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
        let named = |lowering: &Self, node: Node<'_>| match node.kind() {
            "aliased_import" => {
                let name = lowering.name(node.child_by_field_name("name")).unwrap_or_default();
                (name, lowering.name(node.child_by_field_name("alias")))
            }
            _ => (lowering.words(node).to_owned(), None),
        };
        let Some(module) = from else {
            let imports = names.into_iter().map(|node| {
                let (module, alias) = named(self, node);
                let local = alias.unwrap_or_else(|| module.clone());
                let names = vec![ImportedName::Whole(local)];
                Statement::Import(ImportCode { module, names, span: span(node) })
            });
            return imports.collect();
        };
        let mut imported: Vec<ImportedName> = names
            .into_iter()
            .map(|node| {
                let (exported, alias) = named(self, node);
                let local = alias.unwrap_or_else(|| exported.clone());
                ImportedName::One { exported, local }
            })
            .collect();
        if parts(node).iter().any(|part| part.kind() == "wildcard_import") {
            imported.push(ImportedName::All);
        }
        vec![Statement::Import(ImportCode { module, names: imported, span: span(node) })]
    }
}

/// The name after `as`.
fn alias_of(node: Node<'_>) -> Option<Node<'_>> {
    let pattern = match node.kind() {
        "as_pattern" => node,
        _ => parts(node).into_iter().find(|part| part.kind() == "as_pattern")?,
    };
    pattern.child_by_field_name("alias")
}
