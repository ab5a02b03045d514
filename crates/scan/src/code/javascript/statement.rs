//! Statements, classes, imports and exports.

use tree_sitter::Node;

use super::super::program::{
    Call, ClassCode, Export, Expression, Field, Handler, ImportCode, ImportedName, Kind, Pattern, Statement,
    setter,
};
use super::super::syntax::{parts, span};
use super::Lowering;

impl Lowering<'_, '_> {
    pub(super) fn statements(&mut self, block: Node<'_>) -> Vec<Statement> {
        let mut found = Vec::new();
        for node in parts(block) {
            self.statement(node, &mut found);
        }
        found
    }

    fn body(&mut self, node: Node<'_>, field: &str) -> Vec<Statement> {
        let mut found = Vec::new();
        if let Some(part) = node.child_by_field_name(field) {
            self.statement(part, &mut found);
        }
        found
    }

    fn value(&mut self, node: Node<'_>, field: &str) -> Option<Expression> {
        node.child_by_field_name(field).map(|part| self.expression(part))
    }

    fn statement(&mut self, node: Node<'_>, to: &mut Vec<Statement>) {
        let lowered = self.deeper(Vec::new(), |lowering| lowering.statement_here(node));
        to.extend(lowered);
    }

    fn statement_here(&mut self, node: Node<'_>) -> Vec<Statement> {
        let statement = match node.kind() {
            "lexical_declaration" | "variable_declaration" => return self.declarations(node),
            "function_declaration" | "generator_function_declaration" => {
                Statement::Function(self.function(node))
            }
            "class_declaration" | "abstract_class_declaration" => Statement::Class(self.class(node)),
            "return_statement" => Statement::Return(self.first_or_nothing(node)),
            "throw_statement" => Statement::Throw(Some(self.first_or_nothing(node))),
            "if_statement" => Statement::If {
                test: self.value(node, "condition").unwrap_or_else(|| self.nothing(node)),
                then: self.body(node, "consequence"),
                otherwise: self.body(node, "alternative"),
            },
            "for_statement" => return self.count(node),
            "for_in_statement" => Statement::Loop {
                each: match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                    (Some(left), Some(right)) => Some((self.pattern(left), self.gone_through(node, right))),
                    _ => None,
                },
                test: None,
                body: self.body(node, "body"),
            },
            "while_statement" | "do_statement" => Statement::Loop {
                each: None,
                test: self.value(node, "condition"),
                body: self.body(node, "body"),
            },
            "switch_statement" => self.switch(node),
            "try_statement" => self.attempt(node),
            "statement_block"
            | "else_clause"
            | "finally_clause"
            | "class_static_block"
            | "labeled_statement"
            | "internal_module"
            | "module"
            | "ambient_declaration" => match node.child_by_field_name("body") {
                Some(body) => Statement::Block(self.statements(body)),
                None => Statement::Block(self.statements(node)),
            },
            "break_statement" | "continue_statement" => Statement::Leave,
            "import_statement" => return self.import(node),
            "export_statement" => return self.export(node),
            "expression_statement" => {
                return parts(node).into_iter().map(|part| self.run(part)).collect();
            }
            "interface_declaration"
            | "type_alias_declaration"
            | "function_signature"
            | "empty_statement"
            | "hash_bang_line"
            | "debugger_statement"
            | "statement_identifier" => return Vec::new(),
            _ => Statement::Run(self.expression(node)),
        };
        vec![statement]
    }

    fn run(&mut self, node: Node<'_>) -> Statement {
        // `namespace X { … }` is parsed as an expression.
        if node.kind() == "internal_module" {
            return Statement::Block(self.body(node, "body"));
        }
        match self.expression(node) {
            Expression { kind: Kind::Assign(pattern, value), .. } => {
                Statement::Bind { pattern: *pattern, value: *value, declares: false }
            }
            expression => Statement::Run(expression),
        }
    }

    fn first_or_nothing(&mut self, node: Node<'_>) -> Expression {
        match parts(node).first() {
            Some(part) => self.expression(*part),
            None => self.nothing(node),
        }
    }

    fn declarations(&mut self, node: Node<'_>) -> Vec<Statement> {
        let mut found = Vec::new();
        for declarator in parts(node) {
            let Some(name) = declarator.child_by_field_name("name") else { continue };
            let value = self.value(declarator, "value").unwrap_or_else(|| self.nothing(declarator));
            found.push(Statement::Bind { pattern: self.pattern(name), value, declares: true });
        }
        found
    }

    fn count(&mut self, node: Node<'_>) -> Vec<Statement> {
        let mut found = self.body(node, "initializer");
        let test = self.value(node, "condition");
        found.push(Statement::Loop { each: None, test, body: self.body(node, "body") });
        found
    }

    /// What a loop goes through: `for (… in x)` goes through the names of what `x` has.
    fn gone_through(&mut self, node: Node<'_>, over: Node<'_>) -> Expression {
        let over = self.expression(over);
        if node.child_by_field_name("operator").is_none_or(|operator| operator.kind() != "in") {
            return over;
        }
        let at = over.span;
        let object = Expression::new(Kind::Name("Object".to_owned()), at);
        let callee = Expression::new(Kind::Member(Box::new(object), "keys".to_owned()), at);
        let call = Call { callee, arguments: vec![over], named: Vec::new(), spread: Vec::new() };
        Expression::new(Kind::Call(Box::new(call)), at)
    }

    fn switch(&mut self, node: Node<'_>) -> Statement {
        let subject = self.value(node, "value").unwrap_or_else(|| self.nothing(node));
        let mut cases = Vec::new();
        for case in node.child_by_field_name("body").map(parts).unwrap_or_default() {
            let value = self.value(case, "value");
            let mut body = Vec::new();
            let mut cursor = case.walk();
            for statement in case.children_by_field_name("body", &mut cursor) {
                self.statement(statement, &mut body);
            }
            cases.push((value, body));
        }
        Statement::Switch { subject, cases }
    }

    fn attempt(&mut self, node: Node<'_>) -> Statement {
        let body = self.body(node, "body");
        let handlers = match node.child_by_field_name("handler") {
            Some(handler) => {
                let name = handler.child_by_field_name("parameter").map(|name| self.pattern(name));
                vec![Handler { name, takes_all: false, body: self.body(handler, "body") }]
            }
            None => Vec::new(),
        };
        Statement::Try { body, handlers, last: self.body(node, "finalizer") }
    }

    pub(super) fn class(&mut self, node: Node<'_>) -> usize {
        let name = self.name(node.child_by_field_name("name"));
        let heritage = parts(node).into_iter().find(|part| part.kind() == "class_heritage");
        let base = heritage.and_then(|heritage| parts(heritage).first().copied()).map(|base| {
            let value = base.child_by_field_name("value").unwrap_or(base);
            self.expression(value)
        });
        let mut class = ClassCode { name, base, fields: Vec::new(), methods: Vec::new() };
        for member in node.child_by_field_name("body").map(parts).unwrap_or_default() {
            self.class_member(member, &mut class);
        }
        self.program.classes.push(class);
        self.program.classes.len() - 1
    }

    fn class_member(&mut self, node: Node<'_>, class: &mut ClassCode) {
        let field = |name| node.child_by_field_name(name);
        match node.kind() {
            "method_definition" => {
                if let Some(name) = field("name").and_then(|name| self.key(name)) {
                    let function = self.function(node);
                    let mut cursor = node.walk();
                    let marks: Vec<&str> = node.children(&mut cursor).map(|part| part.kind()).collect();
                    let name = if marks.contains(&"set") { setter(&name) } else { name };
                    // What is read like a field is what Python calls a property.
                    if marks.contains(&"get") {
                        let mark = Expression::new(Kind::Name("property".to_owned()), span(node));
                        if let Some(made) = self.program.functions.get_mut(function) {
                            made.decorators.push(mark);
                        }
                    }
                    class.methods.push((name, function));
                }
            }
            "field_definition" | "public_field_definition" => {
                let name = field("property").or_else(|| field("name")).and_then(|name| self.key(name));
                if let (Some(name), Some(value)) = (name, self.value(node, "value")) {
                    let shared = self.words(node).split_whitespace().take(3).any(|word| word == "static");
                    class.fields.push(Field { name, value, shared });
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, node: Node<'_>) -> Vec<Statement> {
        // `import type` is gone once it is built.
        if self.words(node).split_whitespace().nth(1) == Some("type") {
            return Vec::new();
        }
        let clause = parts(node).into_iter().find(|part| part.kind().starts_with("import_"));
        let source = node.child_by_field_name("source");
        let required = clause.and_then(|clause| clause.child_by_field_name("source"));
        let Some(source) = source.or(required) else { return Vec::new() };
        let mut names = Vec::new();
        for part in clause.map(parts).unwrap_or_default() {
            match part.kind() {
                "identifier" if required.is_some() => {
                    names.push(ImportedName::Whole(self.words(part).to_owned()))
                }
                "identifier" => names.push(ImportedName::One {
                    exported: "default".to_owned(),
                    local: self.words(part).to_owned(),
                }),
                "namespace_import" => {
                    let name = parts(part).first().map(|name| self.words(*name).to_owned());
                    names.extend(name.map(ImportedName::Whole));
                }
                "named_imports" => names.extend(parts(part).into_iter().filter_map(|part| {
                    let exported = self.name(part.child_by_field_name("name"))?;
                    let local =
                        self.name(part.child_by_field_name("alias")).unwrap_or_else(|| exported.clone());
                    Some(ImportedName::One { exported, local })
                })),
                _ => {}
            }
        }
        vec![Statement::Import(ImportCode { module: self.string(source), names, span: span(node) })]
    }

    fn export(&mut self, node: Node<'_>) -> Vec<Statement> {
        let source = node.child_by_field_name("source").map(|source| self.string(source));
        if let Some(declaration) = node.child_by_field_name("declaration") {
            let mut found = Vec::new();
            self.statement(declaration, &mut found);
            let default = {
                let mut cursor = node.walk();
                node.children(&mut cursor).any(|child| child.kind() == "default")
            };
            let names = self.declared(&found);
            found.extend(names.into_iter().map(|local| {
                let exported = if default { "default".to_owned() } else { local.clone() };
                Statement::Export(Export::Local { local, exported })
            }));
            return found;
        }
        if let Some(value) = self.value(node, "value") {
            return vec![Statement::Export(Export::Default(value))];
        }
        let children = parts(node);
        let clause = children.iter().find(|part| part.kind() == "export_clause").copied();
        match (clause, source) {
            (Some(clause), source) => self.export_names(clause, source),
            (None, Some(module)) => vec![Statement::Export(Export::AllFrom { module, span: span(node) })],
            // `export = x`
            (None, None) => match children.first() {
                Some(value) => vec![Statement::Export(Export::Default(self.expression(*value)))],
                None => Vec::new(),
            },
        }
    }

    fn export_names(&self, clause: Node<'_>, source: Option<String>) -> Vec<Statement> {
        let names = parts(clause).into_iter().filter_map(|part| {
            let local = self.name(part.child_by_field_name("name"))?;
            let exported = self.name(part.child_by_field_name("alias")).unwrap_or_else(|| local.clone());
            Some((local, exported))
        });
        match source {
            Some(module) => {
                vec![Statement::Export(Export::From { module, names: names.collect(), span: span(clause) })]
            }
            None => {
                names.map(|(local, exported)| Statement::Export(Export::Local { local, exported })).collect()
            }
        }
    }

    /// The names that a declaration declares.
    fn declared(&self, statements: &[Statement]) -> Vec<String> {
        let mut names = Vec::new();
        for statement in statements {
            match statement {
                Statement::Bind { pattern, .. } => names_of(pattern, &mut names),
                Statement::Function(index) => {
                    names.extend(self.program.functions.get(*index).and_then(|code| code.name.clone()));
                }
                Statement::Class(index) => {
                    names.extend(self.program.classes.get(*index).and_then(|code| code.name.clone()));
                }
                _ => {}
            }
        }
        names
    }
}

fn names_of(pattern: &Pattern, to: &mut Vec<String>) {
    match pattern {
        Pattern::Name(name, _) => to.push(name.clone()),
        Pattern::Object(parts) => parts.iter().for_each(|part| names_of(&part.pattern, to)),
        Pattern::List(elements) => elements.iter().for_each(|element| names_of(element, to)),
        Pattern::Default(pattern, _) | Pattern::Rest(pattern) => names_of(pattern, to),
        Pattern::Member(..) | Pattern::Index(..) | Pattern::Ignore => {}
    }
}
