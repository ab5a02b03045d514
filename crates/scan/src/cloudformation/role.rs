//! Roles and policies of IAM.
//!
//! Invariant: a policy that a role names is always among its `managed`, whether its statements are known or not. Not here: what a role
//! may do in the end (`iam`).

use super::policy::statements;
use super::stack::Resource;
use super::value::{text, texts_at, truth_at};
use super::writer::Writer;
use crate::document::Node;
use crate::facts;
use crate::graph::{Boundary, Guest, ManagedPolicy, Origin, Role, Statement};
use crate::known::{Known, Name, Text};
use crate::source::Place;

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    if resource.kind != "AWS::IAM::Role" {
        return false;
    }
    let properties = &resource.properties;
    let mut role = Role {
        name: resource.name.clone(),
        place: resource.place,
        statements: Vec::new(),
        managed: Vec::new(),
        trust: properties.get("AssumeRolePolicyDocument").map(statements).unwrap_or_default(),
        boundary: boundary(writer, properties),
        implicit: false,
    };
    role.statements.extend(inline(properties));
    writer.add_role(role);
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    match resource.kind.as_str() {
        "AWS::IAM::Role" => {
            for policy in texts_at(properties, "ManagedPolicyArns") {
                let (managed, granted) = attached(writer, policy);
                if let Some(role) = writer.role(&resource.name) {
                    role.managed.push(managed);
                    role.statements.extend(granted);
                }
            }
        }
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
            let granted = properties.get("PolicyDocument").map(statements).unwrap_or_default();
            for role in texts_at(properties, "Roles") {
                grant(writer, &role, &granted, resource.place);
            }
        }
        "AWS::IAM::RolePolicy" => {
            let granted = properties.get("PolicyDocument").map(statements).unwrap_or_default();
            if let Some(role) = Writer::text_at(resource, "RoleName") {
                grant(writer, &role, &granted, resource.place);
            }
        }
        "AWS::Cognito::IdentityPoolRoleAttachment" => guest(writer, resource),
        _ => {}
    }
}

/// The statements of the policies that stand within a role. What cannot be told is one statement whose effect is unknown.
pub(crate) fn inline(properties: &Node) -> Vec<Statement> {
    let Some(policies) = properties.get("Policies") else { return Vec::new() };
    if policies.why_open().is_some() {
        return vec![super::policy::statement(policies)];
    }
    let mut made = Vec::new();
    for policy in policies.one_or_many() {
        match policy.get("PolicyDocument") {
            Some(document) => made.extend(statements(document)),
            None => made.extend(policy.why_open().map(|_| super::policy::statement(policy))),
        }
    }
    made
}

/// The role with which an interface itself does what a route asks for.
pub(super) fn acting(writer: &Writer<'_, '_>, integration: Option<&Node>) -> Option<Name> {
    let role = ["Credentials", "CredentialsArn", "credentials"].iter().find_map(|key| integration?.get(key));
    writer.role_of(&text(role?)).value().cloned()
}

/// The role that an identity pool hands to guests.
fn guest(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let Some(roles) = resource.properties.get("Roles") else { return };
    let role = match (roles.get("unauthenticated"), roles.why_open()) {
        (Some(role), _) => role,
        (None, Some(_)) => roles,
        (None, None) => return,
    };
    let named = Writer::text_at(resource, "IdentityPoolId");
    let pool = named.as_ref().and_then(|text| text.references().find_map(|name| writer.resource(name)));
    let admitted = match pool {
        Some(pool) => truth_at(&pool.properties, "AllowUnauthenticatedIdentities", false),
        None => Known::Unknown("the identity pool is not among these files".to_owned()),
    };
    let name = pool.map(|pool| pool.name.to_string()).or_else(|| named.map(|text| text.to_string()));
    let guest = Guest {
        pool: name.unwrap_or_default(),
        place: role.place,
        role: writer.role_of(&text(role)),
        admitted,
    };
    writer.app.guests.push(guest);
}

fn grant(writer: &mut Writer<'_, '_>, role: &Text, granted: &[Statement], place: Place) {
    match writer.role_of(role) {
        Known::Value(name) => {
            if let Some(role) = writer.role(&name) {
                role.statements.extend_from_slice(granted);
            }
        }
        Known::Unknown(why) => writer.app.unknown(None, place, format!("whose policy this is: {why}")),
    }
}

/// The policy that bounds a role.
pub(super) fn boundary(writer: &Writer<'_, '_>, properties: &Node) -> Option<Boundary> {
    let (ManagedPolicy { policy, statements }, granted) =
        attached(writer, text(properties.get("PermissionsBoundary")?));
    Some(Boundary { policy, statements: statements.map(|()| granted) })
}

/// What naming a policy gives: the provider's by the tables, the template's own by its document.
pub(super) fn attached(writer: &Writer<'_, '_>, policy: Text) -> (ManagedPolicy, Vec<Statement>) {
    let own = policy.references().find_map(|name| writer.resource(name));
    let own = own.or_else(|| writer.resource(writer.policy_called(&policy)?));
    if let Some(document) = own.and_then(|own| own.properties.get("PolicyDocument")) {
        let granted = statements(document);
        return (ManagedPolicy { policy, statements: Known::Value(()) }, granted);
    }
    let (files, exports) = (writer.stack.files, writer.stack.exports);
    let imported =
        policy.references().find_map(|name| exports.policy(files, name)).map(<[Statement]>::to_vec);
    if let Some(granted) = imported {
        return (ManagedPolicy { policy, statements: Known::Value(()) }, granted);
    }
    match provided(&policy, None) {
        Known::Value(granted) => (ManagedPolicy { policy, statements: Known::Value(()) }, granted),
        Known::Unknown(why) => (ManagedPolicy { policy, statements: Known::Unknown(why) }, Vec::new()),
    }
}

/// The statements of a policy of the provider, by name or ARN. With `origin`, they come from there.
pub(crate) fn provided(policy: &Text, origin: Option<Origin>) -> Known<Vec<Statement>> {
    if let Some(why) = policy.why_unknown() {
        return Known::Unknown(why.to_owned());
    }
    let written = policy.to_string();
    // The partition is filled in by the provider, and every one of them has these policies.
    let written = written.replace("${AWS::Partition}", "aws");
    let found = facts::managed_policy(&written);
    match found.and_then(|found| found.at(policy.place)) {
        Some(mut granted) => {
            if let Some(origin) = origin {
                granted.iter_mut().for_each(|statement| statement.origin = origin.clone());
            }
            Known::Value(granted)
        }
        None => Known::Unknown(format!("what `{written}` allows is not among the facts")),
    }
}

/// What a framework adds to a role.
pub(super) enum Addition {
    /// A policy of the provider, by name.
    Policy(&'static str, Place),
    /// Actions on resources.
    Actions(&'static [&'static str], Vec<Text>, Place),
}

impl Addition {
    /// Adds it, once.
    pub(super) fn apply(self, role: &mut Role) {
        match self {
            Self::Policy(name, place) => {
                let policy = Text::literal(format!("arn:aws:iam::aws:policy/{name}"), place);
                let same = |managed: &ManagedPolicy| managed.policy.as_literal() == policy.as_literal();
                if role.managed.iter().any(same) {
                    return;
                }
                let known = provided(&policy, Some(Origin::Framework));
                role.statements.extend(known.value().into_iter().flatten().cloned());
                role.managed.push(ManagedPolicy { policy, statements: known.map(|_| ()) });
            }
            Self::Actions(actions, resources, place) => {
                let mut made = Statement::allow(place, Origin::Framework);
                let action = |action: &&str| crate::known::Setting::new(place, (*action).to_owned());
                made.actions = actions.iter().map(action).collect();
                made.resources = resources;
                role.statements.push(made);
            }
        }
    }
}

/// Who takes a framework's role on: a service of the provider.
pub(super) fn trusted(service: &str, place: Place) -> Vec<Statement> {
    let mut made = Statement::allow(place, Origin::Framework);
    made.actions.push(crate::known::Setting::new(place, "sts:AssumeRole".to_owned()));
    made.principals.push(crate::graph::Principal::Service(Text::literal(service, place)));
    vec![made]
}

/// Whether a value is a policy document.
pub(super) fn is_document(node: &Node) -> bool {
    node.get("Statement").is_some()
}
