//! What `access` and `grants` of a manifest mean: each line becomes one Cedar policy with a readable id.
//!
//! Invariant: everything that a manifest puts into a policy is an entity, written by Cedar itself with its escapes; nothing
//! is pasted into text. A missing line yields no policy, and so a deny. Not here: what else is allowed (`policies/`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use casemate_core::manifest::{Access, Egress, Function, KvRight};
use casemate_core::resource::HostId;
use casemate_core::{Action, AppId, FunctionId, FunctionName, Manifest, Resource, StoreId, StoreName};

use crate::PolicyOrigin;
use crate::words;

/// A policy that came out of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) origin: PolicyOrigin,
}

/// Compiles a manifest.
pub(crate) fn compile(manifest: &Manifest) -> Vec<Compiled> {
    let app = &manifest.app;
    let mut policies = tokens(manifest);
    for (name, function) in &manifest.functions {
        let id = FunctionId { app: app.clone(), name: name.clone() };
        policies.extend(access(&id, &function.access));
        for (store, rights) in &function.grants.kv {
            policies.extend(kv_grant(&id, function, store, rights));
        }
        for (number, egress) in function.grants.egress.iter().enumerate() {
            policies.push(egress_grant(&id, function, number, egress));
        }
    }
    policies
}

/// Who may exchange a control token for a token of this app: whoever could use one.
fn tokens(manifest: &Manifest) -> Vec<Compiled> {
    let app = &manifest.app;
    let scope = format!(
        "action == {}, resource == {}",
        words::action_uid(Action::TokenIssue),
        words::resource_uid(&Resource::App(app.clone()))
    );
    let origin = PolicyOrigin::Manifest {
        app: app.to_string(),
        table: String::new(),
        line: format!("app = {:?}", app.as_str()),
    };
    let mut policies = vec![Compiled {
        id: format!("{app}#members-token"),
        text: format!("permit(principal in {}, {scope});", words::members_uid(app)),
        origin: origin.clone(),
    }];
    if manifest.functions.values().any(|function| function.access == Access::SignedIn) {
        policies.push(Compiled {
            id: format!("{app}#signed-in-token"),
            text: format!("permit(principal, {scope})\nwhen {{ {SIGNED_IN} }};"),
            origin,
        });
    }
    policies
}

const SIGNED_IN: &str = "principal is User || principal is Service || principal is External";

fn access(id: &FunctionId, access: &Access) -> Option<Compiled> {
    let roles = |roles: &BTreeSet<_>| {
        roles.iter().map(|role| words::role_uid(&id.app, role).to_string()).collect::<Vec<_>>()
    };
    let (principal, condition) = match access {
        Access::Closed => return None,
        Access::Public => ("principal".to_owned(), None),
        Access::SignedIn => ("principal".to_owned(), Some(SIGNED_IN.to_owned())),
        Access::Roles(names) => match roles(names).as_slice() {
            [one] => (format!("principal in {one}"), None),
            many => ("principal".to_owned(), Some(format!("principal in [{}]", many.join(", ")))),
        },
    };
    let mut text = format!(
        "permit({principal}, action == {}, resource == {})",
        words::action_uid(Action::Invoke),
        words::resource_uid(&Resource::Function(id.clone()))
    );
    if let Some(condition) = condition {
        let _ = write!(text, "\nwhen {{ {condition} }}");
    }
    text.push(';');
    Some(Compiled {
        id: format!("{id}#access"),
        text,
        origin: PolicyOrigin::Manifest {
            app: id.app.to_string(),
            table: function_table(&id.name),
            line: access_line(access),
        },
    })
}

fn kv_grant(
    id: &FunctionId,
    function: &Function,
    store: &StoreName,
    rights: &BTreeSet<KvRight>,
) -> Option<Compiled> {
    let actions: Vec<_> =
        rights.iter().map(|right| words::action_uid(kv_action(*right)).to_string()).collect();
    let resource = Resource::KvStore(StoreId { app: id.app.clone(), name: store.clone() });
    (!actions.is_empty()).then(|| Compiled {
        id: format!("{id}#grant-kv-{store}"),
        text: format!(
            "permit(principal == {}, action in [{}], resource == {});",
            words::resource_uid(&Resource::Function(id.clone())),
            actions.join(", "),
            words::resource_uid(&resource)
        ),
        origin: grants_origin(id, kv_line(function, None)),
    })
}

fn egress_grant(id: &FunctionId, function: &Function, number: usize, egress: &Egress) -> Compiled {
    let host = HostId { app: id.app.clone(), origin: egress.origin.clone() };
    Compiled {
        id: format!("{id}#egress-{number}"),
        text: format!(
            "permit(principal == {}, action == {}, resource == {});",
            words::resource_uid(&Resource::Function(id.clone())),
            words::action_uid(Action::HttpSend),
            words::resource_uid(&Resource::Host(host))
        ),
        origin: grants_origin(id, egress_line(function, None)),
    }
}

fn grants_origin(id: &FunctionId, line: String) -> PolicyOrigin {
    PolicyOrigin::Manifest { app: id.app.to_string(), table: grants_table(&id.name), line }
}

/// The action that a right grants.
const fn kv_action(right: KvRight) -> Action {
    match right {
        KvRight::Get => Action::KvGet,
        KvRight::Set => Action::KvSet,
        KvRight::Delete => Action::KvDelete,
        KvRight::List => Action::KvList,
    }
}

/// The right that grants an action.
pub(crate) const fn kv_right(action: Action) -> Option<KvRight> {
    match action {
        Action::KvGet => Some(KvRight::Get),
        Action::KvSet => Some(KvRight::Set),
        Action::KvDelete => Some(KvRight::Delete),
        Action::KvList => Some(KvRight::List),
        _ => None,
    }
}

const fn right_name(right: KvRight) -> &'static str {
    match right {
        KvRight::Get => "get",
        KvRight::Set => "set",
        KvRight::Delete => "delete",
        KvRight::List => "list",
    }
}

/// The header of a function's table.
pub(crate) fn function_table(name: &FunctionName) -> String {
    format!("[functions.{name}]")
}

/// The header of a function's grants.
pub(crate) fn grants_table(name: &FunctionName) -> String {
    format!("[functions.{name}.grants]")
}

/// The manifest line of an access.
pub(crate) fn access_line(access: &Access) -> String {
    match access {
        Access::Closed => "# no `access` line: closed".to_owned(),
        Access::Public => "access = \"public\"".to_owned(),
        Access::SignedIn => "access = \"signed-in\"".to_owned(),
        Access::Roles(roles) => {
            let roles: Vec<_> = roles.iter().map(|role| format!("{:?}", role.as_str())).collect();
            format!("access = {{ roles = [{}] }}", roles.join(", "))
        }
    }
}

/// The manifest line of a function's rights on stores, with one more if asked for.
pub(crate) fn kv_line(function: &Function, more: Option<(&StoreName, KvRight)>) -> String {
    let mut kv = function.grants.kv.clone();
    if let Some((store, right)) = more {
        kv.entry(store.clone()).or_default().insert(right);
    }
    let stores: Vec<_> = kv
        .iter()
        .map(|(store, rights)| {
            let rights: Vec<_> = rights.iter().map(|right| format!("{:?}", right_name(*right))).collect();
            format!("{store} = [{}]", rights.join(", "))
        })
        .collect();
    format!("kv = {{ {} }}", stores.join(", "))
}

/// The manifest line of a function's egress, with one more origin if asked for.
pub(crate) fn egress_line(function: &Function, more: Option<&Egress>) -> String {
    let origins: Vec<_> = function
        .grants
        .egress
        .iter()
        .chain(more)
        .map(|egress| {
            let origin = format!("{:?}", egress.origin.to_string());
            if egress.dangerous_private_address {
                format!("{{ origin = {origin}, dangerous_private_address = true }}")
            } else {
                origin
            }
        })
        .collect();
    format!("egress = [{}]", origins.join(", "))
}

/// The app whose manifest has nothing to say on a function that it does not declare.
pub(crate) fn function_of<'a>(manifest: &'a Manifest, id: &FunctionId) -> Option<&'a Function> {
    (manifest.app == id.app).then(|| manifest.functions.get(&id.name)).flatten()
}

/// Whether any signed-in principal has some business with the app.
pub(crate) fn is_open(manifest: &Manifest) -> Option<AppId> {
    let open = |function: &Function| matches!(function.access, Access::Public | Access::SignedIn);
    manifest.functions.values().any(open).then(|| manifest.app.clone())
}

#[cfg(test)]
mod tests;
