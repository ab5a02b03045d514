//! `Policies` of SAM: names of managed policies, ARNs, templates, and statements written out.
//!
//! Invariant: what cannot be told leaves a statement whose effect is unknown. Not here: what SAM grants by itself (`sam`).

use crate::cloudformation::policy::{statement, statements};
use crate::cloudformation::role::{attached, is_document};
use crate::cloudformation::value::text;
use crate::cloudformation::writer::Writer;
use crate::document::{Node, NodeKind};
use crate::facts;
use crate::graph::{ManagedPolicy, Origin, Role, Statement};
use crate::known::{Known, Text};

/// Adds what a list of policies grants.
pub(in crate::cloudformation) fn add(writer: &Writer<'_, '_>, role: &mut Role, policies: Option<&Node>) {
    for policy in policies.map(Node::one_or_many).unwrap_or_default() {
        match &policy.kind {
            NodeKind::String(_) | NodeKind::Composed(_) => {
                let (managed, granted) = attached(writer, text(policy));
                role.managed.push(managed);
                role.statements.extend(granted);
            }
            NodeKind::Map(_) if is_document(policy) => role.statements.extend(statements(policy)),
            NodeKind::Map(_) if policy.get("Effect").is_some() => role.statements.push(statement(policy)),
            NodeKind::Map(entries) => {
                for (key, parameters) in entries {
                    // `{Version: …}` beside a template's name says nothing.
                    if key.text != "Version" {
                        template(role, &key.text, key.place, parameters);
                    }
                }
            }
            _ => {}
        }
    }
}

fn template(role: &mut Role, name: &str, place: crate::source::Place, parameters: &Node) {
    match facts::sam_template(name) {
        Some(fact) => role.statements.extend(fact.at(place, |key| parameters.get(key).map(text))),
        None => {
            let why = format!("what the template `{name}` allows is not among the facts");
            let mut made = Statement::allow(place, Origin::Template(name.to_owned()));
            made.effect = Known::Unknown(why.clone());
            role.statements.push(made);
            let policy = Text::literal(name, place);
            role.managed.push(ManagedPolicy { policy, statements: Known::Unknown(why) });
        }
    }
}
