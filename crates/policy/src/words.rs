//! Casemate's words in Cedar: the schema, and the entities of principals, actions, resources and roles.
//!
//! Invariant: an entity is built from its type and its identifier, never from text, so no name can break out of a literal.
//! Not here: who has which role (`directory`), what policies say of them (`compile`, `written`).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use casemate_core::{ACTIONS, Action, ActionSpec, AppId, Audience, Principal, Resource, RoleName};
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};

/// The built-in policies' text.
pub(crate) const BUILT_IN_TEXT: &str = include_str!("../../../policies/casemate.cedar");
const SCHEMA_TEXT: &str = include_str!("../../../policies/casemate.cedarschema");

/// The schema.
#[expect(clippy::expect_used, reason = "an embedded constant; every test of this room reads it")]
pub(crate) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::from_cedarschema_str(SCHEMA_TEXT).expect("the embedded schema parses").0);

/// An entity's type, by the name that `core` gives it.
fn entity_type(kind: &str) -> EntityTypeName {
    static TYPES: LazyLock<HashMap<String, EntityTypeName>> =
        LazyLock::new(|| SCHEMA.entity_types().map(|name| (name.to_string(), name.clone())).collect());
    #[expect(clippy::expect_used, reason = "a kind of `core`; a test compares them all with the schema")]
    TYPES.get(kind).cloned().expect("the schema has every kind of entity")
}

fn entity(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type(kind), EntityId::new(id))
}

/// A principal.
pub(crate) fn principal_uid(principal: &Principal) -> EntityUid {
    entity(principal.kind(), &principal.uid())
}

/// A resource.
pub(crate) fn resource_uid(resource: &Resource) -> EntityUid {
    entity(resource.kind(), &resource.uid())
}

/// A role, as a group.
pub(crate) fn role_uid(app: &AppId, role: &RoleName) -> EntityUid {
    entity("Role", &format!("{app}/{role}"))
}

/// The group of everyone who has any role in an app. No role can have this name.
pub(crate) fn members_uid(app: &AppId) -> EntityUid {
    entity("Role", &format!("{app}/*"))
}

/// An action.
pub(crate) fn action_uid(action: Action) -> EntityUid {
    static ACTION_UIDS: LazyLock<HashMap<String, EntityUid>> = LazyLock::new(|| {
        SCHEMA.actions().map(|uid| (uid.id().unescaped().to_owned(), uid.clone())).collect()
    });
    #[expect(
        clippy::expect_used,
        reason = "a row of the action table; a test compares the table with the schema"
    )]
    ACTION_UIDS.get(action.name()).cloned().expect("the schema has every action of the table")
}

/// The group of a door's actions.
pub(crate) const fn group_name(audience: Audience) -> &'static str {
    match audience {
        Audience::Data => "data",
        Audience::Control => "control",
        Audience::Guest => "guest",
    }
}

/// Whether the schema lets this kind of principal ask for this action at all.
pub(crate) fn applies(principal: &Principal, action: Action) -> bool {
    /// For each action of the table, one bit for each kind of principal: every decision looks here first.
    static APPLIES: LazyLock<Box<[u8]>> = LazyLock::new(|| {
        let kinds = |action| SCHEMA.principals_for_action(&action_uid(action)).into_iter().flatten();
        let bits = |row: &ActionSpec| kinds(row.action).map(|name| bit(&name.to_string())).sum();
        ACTIONS.iter().map(bits).collect()
    });
    APPLIES.get(action as usize).is_some_and(|bits| bits & bit(principal.kind()) != 0)
}

const fn bit(kind: &str) -> u8 {
    match kind.as_bytes() {
        b"User" => 1,
        b"Service" => 2,
        b"Function" => 4,
        b"External" => 8,
        b"Anonymous" => 16,
        b"Setup" => 32,
        b"System" => 64,
        _ => 0,
    }
}

/// A resource with what it belongs to.
pub(crate) fn resource_entity(resource: &Resource) -> Entity {
    let platform = resource_uid(&Resource::Platform);
    let parents = match resource {
        Resource::Platform => HashSet::new(),
        Resource::App(_) => HashSet::from([platform]),
        Resource::Function(_) | Resource::KvStore(_) | Resource::Host(_) => {
            HashSet::from([platform, resource_uid(&Resource::App(resource.app()))])
        }
    };
    Entity::new_no_attrs(resource_uid(resource), parents)
}

/// An action with the group of its door.
pub(crate) fn action_entity(action: Action) -> Entity {
    let uid = action_uid(action);
    let group = EntityUid::from_type_name_and_id(
        uid.type_name().clone(),
        EntityId::new(group_name(action.spec().audience)),
    );
    Entity::new_no_attrs(uid, HashSet::from([group]))
}
