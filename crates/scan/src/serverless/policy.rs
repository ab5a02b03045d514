//! Statements of roles that the framework makes, and of policies written as bare lists of statements.
//!
//! Invariant: a statement that cannot be read is unknown, never left out. Not here: what a statement's parts mean (`cloudformation`),
//! which role they belong to (`roles`).

use crate::cloudformation;
use crate::document::{Node, NodeKind};
use crate::graph::{Origin, Principal, Statement};
use crate::known::{Setting, Text};
use crate::source::Place;

/// The statements of a list; lists within it, as included files make them, count as their items.
pub(super) fn statements(node: &Node) -> Vec<Statement> {
    match &node.kind {
        NodeKind::List(items) => items.iter().flat_map(statements).collect(),
        NodeKind::Null => Vec::new(),
        _ if node.get("Statement").is_some() => cloudformation::statements(node),
        _ => vec![cloudformation::statement(node)],
    }
}

/// A statement that the framework adds by itself.
pub(super) fn added(place: Place, actions: &[&str], resources: Vec<Text>) -> Statement {
    Statement {
        actions: actions.iter().map(|action| Setting::new(place, (*action).to_owned())).collect(),
        resources,
        ..Statement::allow(place, Origin::Framework)
    }
}

/// Who may take on a role that the framework makes.
pub(super) fn trust(place: Place, services: &[&str]) -> Statement {
    let service = |name: &&str| Principal::Service(Text::literal(*name, place));
    Statement {
        principals: services.iter().map(service).collect(),
        ..added(place, &["sts:AssumeRole"], Vec::new())
    }
}
