//! A policy as JSON, for templates that are written in it.
//!
//! Invariant: what it says is what `writing` says; JSON has no comments, so they stand behind it.

use serde_json::{Value, json};

use super::policy::{Policy, PolicyStatement};
use super::writing::{comment, import};
use crate::graph::Framework;
use crate::known::{Attribute, Text};

impl Policy {
    /// Its statements as a list, and comments behind it.
    pub(super) fn json(&self) -> String {
        let statements: Vec<Value> =
            self.statements.iter().map(|statement| self.statement(statement)).collect();
        let mut text = match statements.as_slice() {
            [] => String::new(),
            _ => format!("{:#}\n", Value::from(statements)),
        };
        for statement in &self.statements {
            if let Some(reason) = &statement.reason {
                let actions: Vec<&str> = statement.actions.iter().map(String::as_str).collect();
                text.push_str(&comment(&format!("{}: {reason}", actions.join(", "))));
            }
        }
        self.kept.iter().for_each(|kept| text.push_str(&comment(kept)));
        text
    }

    fn statement(&self, statement: &PolicyStatement) -> Value {
        if let Some((template, parameter, name)) = &statement.template {
            let name = self.node(name);
            let value = match *parameter {
                "TopicName" => json!({ "Fn::GetAtt": [name, "TopicName"] }),
                "StateMachineName" => json!({ "Fn::GetAtt": [name, "Name"] }),
                _ => json!({ "Ref": name }),
            };
            return json!({ *template: { *parameter: value } });
        }
        let resources: Vec<Value> = statement.resources.iter().map(|text| self.json_value(text)).collect();
        let written = json!({ "Effect": "Allow", "Action": statement.actions, "Resource": resources });
        if self.framework == Framework::Sam { json!({ "Statement": [written] }) } else { written }
    }

    fn json_value(&self, text: &Text) -> Value {
        let imported = |name: &str| {
            let name = if name.contains("${") { json!({ "Fn::Sub": name }) } else { json!(name) };
            json!({ "Fn::ImportValue": name })
        };
        match (text.as_reference(), text.as_literal(), text.pieces.as_slice()) {
            (Some((node, Attribute::Name)), ..) => json!({ "Ref": self.node(node) }),
            (Some((node, attribute)), ..) => json!({ "Fn::GetAtt": [self.node(node), attribute.word()] }),
            (None, Some(literal), _) => json!(literal),
            (None, None, [only]) if import(only).is_some() => import(only).map(imported).unwrap_or_default(),
            (None, None, pieces) => {
                let names = pieces.iter().filter_map(import).enumerate();
                let imports: serde_json::Map<String, Value> =
                    names.map(|(number, name)| (format!("Import{number}"), imported(name))).collect();
                let written = self.substituted(text);
                if imports.is_empty() {
                    json!({ "Fn::Sub": written })
                } else {
                    json!({ "Fn::Sub": [written, imports] })
                }
            }
        }
    }
}
