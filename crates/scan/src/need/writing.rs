//! A policy as text, in the format of its app.
//!
//! Invariant: names come from files of others, so every one of them is quoted as its format asks: none leaves its line. Not here: what stands
//! in a policy (`policy`).

use super::arn::IMPORT;
use super::policy::{Policy, PolicyStatement};
use crate::graph::Framework;
use crate::known::{Attribute, Name, Piece, Text};

impl Policy {
    /// The policy as text: entries of `Policies` for SAM, statements for the others; below, as comments, what is kept as it is.
    #[must_use]
    pub fn text(&self) -> String {
        if self.is_json && self.framework != Framework::Terraform {
            return self.json();
        }
        let statements: Vec<String> = self.statements.iter().map(|statement| self.one(statement)).collect();
        let mut text = match self.framework {
            Framework::Terraform => statements.join("\n"),
            Framework::Sam | Framework::CloudFormation | Framework::Serverless => statements.concat(),
        };
        for kept in &self.kept {
            text.push_str(&comment(kept));
        }
        text
    }

    fn one(&self, statement: &PolicyStatement) -> String {
        let reason = statement.reason.as_deref().map(comment).unwrap_or_default();
        if let Some((template, parameter, name)) = &statement.template {
            let name = self.node(name);
            let value = match *parameter {
                "TopicName" => tagged("!GetAtt", &format!("{name}.TopicName")),
                "StateMachineName" => tagged("!GetAtt", &format!("{name}.Name")),
                _ => tagged("!Ref", name),
            };
            return format!("{reason}- {template}:\n    {parameter}: {value}\n");
        }
        let resources: Vec<String> = statement.resources.iter().map(|text| self.value(text)).collect();
        let lines = |indent: &str, items: &mut dyn Iterator<Item = String>| {
            items.map(|item| format!("{indent}- {item}\n")).collect::<String>()
        };
        match self.framework {
            Framework::Terraform => {
                let actions = list(statement.actions.iter().map(|action| quoted_hcl(action)).collect());
                // As `terraform fmt` lays it out.
                let pad = if actions.contains('\n') { "" } else { "  " };
                let resources = list(resources);
                format!("{reason}statement {{\n  actions{pad} = {actions}\n  resources = {resources}\n}}\n")
            }
            framework => {
                let (head, indent) = match framework {
                    Framework::Sam => ("- Statement:\n    - ", "      "),
                    _ => ("- ", "  "),
                };
                let mut actions = statement.actions.iter().map(|action| plain_yaml(action));
                let actions = lines(&format!("{indent}  "), &mut actions);
                let resources = lines(&format!("{indent}  "), &mut resources.into_iter());
                format!(
                    "{reason}{head}Effect: Allow\n{indent}Action:\n{actions}{indent}Resource:\n{resources}"
                )
            }
        }
    }

    /// A thing's name as it is written beside the function.
    pub(super) fn node<'n>(&self, name: &'n Name) -> &'n str {
        name.as_str().strip_prefix(self.prefix.as_str()).unwrap_or(name.as_str())
    }

    /// How a text is written where it is a value of a format.
    fn value(&self, text: &Text) -> String {
        match self.framework {
            Framework::Terraform => self.hcl(text),
            Framework::Sam | Framework::CloudFormation | Framework::Serverless => self.yaml(text),
        }
    }

    fn hcl(&self, text: &Text) -> String {
        if let Some((node, attribute)) = text.as_reference() {
            return address(&format!("{}.{}", self.node(node), hcl_attribute(attribute)));
        }
        let parts = text.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => inner_hcl(text),
            Piece::Of { node, attribute } => {
                format!("${{{}.{}}}", address(self.node(node)), hcl_attribute(attribute))
            }
            Piece::Provider(name) if name == "AWS::Partition" => "aws".to_owned(),
            Piece::Parameter(name) => format!("${{var.{name}}}"),
            Piece::Provider(_) | Piece::Environment(_) | Piece::Unknown(_) => "*".to_owned(),
        });
        format!("\"{}\"", parts.collect::<String>())
    }

    fn yaml(&self, text: &Text) -> String {
        match (text.as_reference(), text.as_literal()) {
            (Some((node, Attribute::Name)), _) => tagged("!Ref", self.node(node)),
            (Some((node, attribute)), _) => {
                tagged("!GetAtt", &format!("{}.{}", self.node(node), attribute.word()))
            }
            (None, Some(literal)) => quoted_yaml(literal),
            (None, None) if matches!(text.pieces.as_slice(), [only] if import(only).is_some()) => {
                text.pieces.iter().filter_map(import).map(imported_yaml).collect()
            }
            (None, None) if let [Piece::Parameter(name)] = text.pieces.as_slice() => tagged("!Ref", name),
            (None, None) => {
                let text_of_it = quoted_yaml(&self.substituted(text));
                let imports = text.pieces.iter().filter_map(import).enumerate();
                let imports: Vec<String> = imports
                    .map(|(number, name)| format!("Import{number}: {}", imported_yaml(name)))
                    .collect();
                match imports.as_slice() {
                    [] => format!("!Sub {text_of_it}"),
                    imports => format!("!Sub [{text_of_it}, {{ {} }}]", imports.join(", ")),
                }
            }
        }
    }

    /// A text as `Fn::Sub` takes it; what is imported has the names `Import0`, `Import1` and so on.
    pub(super) fn substituted(&self, text: &Text) -> String {
        let mut number = 0;
        let parts = text.pieces.iter().map(|piece| match piece {
            // A brace that stands for itself is marked.
            Piece::Literal(text) => text.replace("${", "${!"),
            Piece::Of { node, attribute: Attribute::Name } => format!("${{{}}}", self.node(node)),
            Piece::Of { node, attribute } => format!("${{{}.{}}}", self.node(node), attribute.word()),
            Piece::Parameter(_) if import(piece).is_some() => {
                number += 1;
                format!("${{Import{}}}", number - 1)
            }
            Piece::Provider(name) | Piece::Parameter(name) => format!("${{{name}}}"),
            Piece::Environment(_) | Piece::Unknown(_) => "*".to_owned(),
        });
        parts.collect()
    }
}

/// The name of the export that a part of a text stands for.
pub(super) fn import(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::Parameter(name) => name.strip_prefix(IMPORT),
        _ => None,
    }
}

/// What another stack exports. The short form of an import holds no other short form.
fn imported_yaml(name: &str) -> String {
    if name.contains("${") {
        format!("{{ 'Fn::ImportValue': !Sub {} }}", quoted_yaml(name))
    } else {
        tagged("!ImportValue", name)
    }
}

/// A line that says something and does nothing.
pub(super) fn comment(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("# {line}\n")
}

/// A short form of YAML with what it refers to, quoted where that could be read as anything else.
fn tagged(tag: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if plain { format!("{tag} {name}") } else { format!("{tag} {}", quoted_yaml(name)) }
}

/// An address of Terraform: on one line, whatever its keys are.
fn address(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn list(items: Vec<String>) -> String {
    match items.as_slice() {
        [only] => format!("[{only}]"),
        _ => {
            let lines: String = items.iter().map(|item| format!("    {item},\n")).collect();
            format!("[\n{lines}  ]")
        }
    }
}

fn hcl_attribute(attribute: &Attribute) -> &str {
    match attribute {
        Attribute::Arn => "arn",
        Attribute::StreamArn => "stream_arn",
        Attribute::Name => "id",
        Attribute::Url => "url",
        Attribute::Other(word) => word,
    }
}

/// A text within quotes of HCL (its specification, "Template Literals").
fn inner_hcl(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => found.extend(['\\', character]),
            character if character.is_control() => {
                found.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            character => found.push(character),
        }
    }
    found.replace("${", "$${").replace("%{", "%%{")
}

fn quoted_hcl(text: &str) -> String {
    format!("\"{}\"", inner_hcl(text))
}

/// A text within quotes of YAML (1.2.2 §7.3): single ones, unless something in it needs an escape.
fn quoted_yaml(text: &str) -> String {
    if text.chars().any(char::is_control) {
        // Quoted YAML takes every escape of JSON.
        return serde_json::Value::from(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// An action as it is, where it cannot be mistaken for anything else.
fn plain_yaml(action: &str) -> String {
    let plain = action.starts_with(|c: char| c.is_ascii_alphanumeric())
        && action.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '*' | '-' | '?'));
    if plain && !action.ends_with(':') { action.to_owned() } else { quoted_yaml(action) }
}
