//! Roles, and users and groups, which have permissions in the same way.

use std::collections::{HashMap, HashSet};

use super::Builder;
use super::policy::{self, Policy};
use crate::facts;
use crate::graph::{Boundary, Guest, ManagedPolicy, Role, Statement};
use crate::known::{Known, Name, Text};
use crate::source::Place;
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

/// What has permissions, and the attribute by which others name it.
const HOLDERS: [(&str, &str); 3] =
    [("aws_iam_role", "role"), ("aws_iam_user", "user"), ("aws_iam_group", "group")];

impl Builder<'_> {
    pub(super) fn roles(&mut self) {
        let mut roles: Vec<Role> = Vec::new();
        let mut index: HashMap<Name, usize> = HashMap::new();
        for (kind, _) in HOLDERS {
            for resource in self.of_kind(kind) {
                let role = self.role(resource);
                index.insert(role.name.clone(), roles.len());
                roles.push(role);
            }
        }
        for (kind, attribute) in HOLDERS {
            for resource in self.of_kind(&format!("{kind}_policy")) {
                let written = resource.body.get(attribute);
                let Some(holder) = self.named(written, kind, "name") else {
                    self.lost(resource, written, (kind, resource.body.get("policy")), &mut roles);
                    continue;
                };
                let statements = self.policy_of(resource.body.get("policy"), &holder.name);
                if let Some(role) = index.get(&holder.name).and_then(|at| roles.get_mut(*at)) {
                    role.statements.extend(statements);
                }
            }
            for resource in self.of_kind(&format!("{kind}_policy_attachment")) {
                self.attachment(resource, resource.body.get(attribute), kind, &index, &mut roles);
            }
            for resource in self.of_kind("aws_iam_policy_attachment") {
                for holder in resource.body.blocks(&format!("{attribute}s")) {
                    self.attachment(resource, Some(holder), kind, &index, &mut roles);
                }
            }
            for resource in self.of_kind(&format!("{kind}_policy_attachments_exclusive")) {
                let written = resource.body.get(&format!("{attribute}_name"));
                let Some(holder) = self.named(written, kind, "name") else {
                    self.lost(resource, written, (kind, resource.body.get("policy_arns")), &mut roles);
                    continue;
                };
                if let Some(list) = resource.body.get("policy_arns") {
                    self.app.exclusive.insert(holder.name.clone(), list.place);
                }
                for policy in resource.body.blocks("policy_arns") {
                    self.attach(policy, &holder.name, &index, &mut roles);
                }
            }
        }
        self.app.roles.extend(roles);
        for resource in self.of_kind("aws_cognito_identity_pool_roles_attachment") {
            self.guest(resource);
        }
    }

    /// The role with which an interface itself does what a route asks for.
    pub(super) fn acting(&self, role: Option<&Value>) -> Option<Name> {
        self.name_of(role, &["aws_iam_role"]).value().cloned()
    }

    /// The role that an identity pool hands to guests.
    fn guest(&mut self, resource: &Resource) {
        let body = &resource.body;
        let roles = body.blocks("roles").first();
        let Some(role) = roles.and_then(|roles| roles.get("unauthenticated")) else { return };
        let written = body.get("identity_pool_id");
        let pool = self.named(written, "aws_cognito_identity_pool", "id");
        let admitted = match pool {
            Some(pool) => pool
                .body
                .bool_of("allow_unauthenticated_identities")
                .map_or(Known::Value(false), |setting| setting.value),
            None => Known::Unknown("the identity pool is not among these files".to_owned()),
        };
        let named = || written.map(|value| value.to_text().to_string()).unwrap_or_default();
        let guest = Guest {
            pool: pool.map_or_else(named, |pool| pool.name.to_string()),
            place: role.place,
            role: self.name_of(Some(role), &["aws_iam_role"]),
            admitted,
        };
        self.app.guests.push(guest);
    }

    fn role(&mut self, resource: &Resource) -> Role {
        let body = &resource.body;
        let mut role = Role {
            name: resource.name.clone(),
            place: resource.place,
            statements: Vec::new(),
            managed: Vec::new(),
            trust: Vec::new(),
            boundary: body
                .get("permissions_boundary")
                .filter(|written| written.as_literal().as_deref() != Some(""))
                .map(|arn| {
                    let (policy, statements) = self.policy_named(arn, &resource.name);
                    Boundary { policy, statements }
                }),
            implicit: false,
        };
        if body.get("assume_role_policy").is_some() {
            role.trust = self.policy_of(body.get("assume_role_policy"), &role.name);
        }
        for inline in body.blocks("inline_policy") {
            if inline.get("policy").is_some() || !inline.is_map() {
                let written = inline.get("policy").unwrap_or(inline);
                role.statements.extend(self.policy_of(Some(written), &role.name));
            }
        }
        if let Some(list) = body.get("managed_policy_arns").filter(|list| !list.is_null()) {
            self.app.exclusive.insert(resource.name.clone(), list.place);
        }
        for arn in body.blocks("managed_policy_arns") {
            self.attach_to(&mut role, arn);
        }
        role
    }

    /// The statements of a policy; what cannot be told is written down for `subject`.
    pub(super) fn policy_of(&mut self, written: Option<&Value>, subject: &Name) -> Vec<Statement> {
        let Some(written) = written else { return Vec::new() };
        let statements = if self.evaluator.spend(written.weight() * 4) {
            policy::read(written)
        } else {
            Policy::default()
        };
        // One policy may be attached to many roles, each of which gets its statements.
        if !self.bears(&statements.statements) {
            self.app.unknown(
                Some(subject),
                written.place,
                "the policies of the module are too large to be read in full",
            );
            return Vec::new();
        }
        statements.unfold(self.app, subject)
    }

    /// Whether the budget bears these statements.
    fn bears(&self, statements: &[Statement]) -> bool {
        let size = |statement: &Statement| 4 + statement.actions.len() + statement.resources.len();
        self.evaluator.spend(statements.iter().map(size).sum::<usize>() * 4)
    }

    fn attachment(
        &mut self,
        resource: &Resource,
        holder: Option<&Value>,
        kind: &str,
        index: &HashMap<Name, usize>,
        roles: &mut [Role],
    ) {
        let written = resource.body.get("policy_arn");
        let Some(found) = self.named(holder, kind, "name") else {
            self.lost(resource, holder, (kind, written), roles);
            return;
        };
        let Some(arn) = written else { return };
        self.attach(arn, &found.name, index, roles);
    }

    /// Permissions of which nobody can tell whose they are: any of the app's roles may have them.
    fn lost(
        &mut self,
        resource: &Resource,
        holder: Option<&Value>,
        (kind, policy): (&str, Option<&Value>),
        roles: &mut [Role],
    ) {
        let Some(holder) = holder.filter(|holder| self.may_name(holder)) else { return };
        let why = format!("whose permissions `{}` are cannot be told: {}", resource.name, holder.why_not());
        self.app.unknown(Some(&resource.name), holder.place, &why);
        let named = policy.map_or_else(|| Text::unknown(why.clone(), resource.place), Value::to_text);
        let of_kind: HashSet<&Name> = self.of_kind(kind).iter().map(|found| &found.name).collect();
        for role in roles.iter_mut().filter(|role| of_kind.contains(&role.name)) {
            let statements = Known::Unknown(why.clone());
            role.managed.push(ManagedPolicy { policy: named.clone(), statements });
        }
    }

    fn attach(&mut self, arn: &Value, holder: &Name, index: &HashMap<Name, usize>, roles: &mut [Role]) {
        if let Some(role) = index.get(holder).and_then(|at| roles.get_mut(*at)) {
            self.attach_to(role, arn);
        }
    }

    /// Adds a policy that a role names, with its statements where they are known.
    fn attach_to(&mut self, role: &mut Role, arn: &Value) {
        let (policy, granted) = self.policy_named(arn, &role.name);
        if let Some(why) = granted.why() {
            let why = format!("the permissions of the policy `{policy}` are not known: {why}");
            self.app.unknown(Some(&role.name), arn.place, why);
        }
        role.statements.extend(granted.value().into_iter().flatten().cloned());
        role.managed.push(ManagedPolicy { policy, statements: granted.map(|_| ()) });
    }

    /// The policy that an ARN names, with what it says.
    fn policy_named(&mut self, arn: &Value, subject: &Name) -> (Text, Known<Vec<Statement>>) {
        let policy = arn.to_text();
        if let Some(own) = self.referred(&policy, &["aws_iam_policy"]) {
            let statements = self.policy_of(own.body.get("policy"), subject);
            return (policy, Known::Value(statements));
        }
        let found = self.referred(&policy, &["data.aws_iam_policy"]);
        let written = found.and_then(|data| data.body.get("arn").or_else(|| data.body.get("name")));
        let named = written.map_or_else(|| policy.clone(), Value::to_text);
        let statements = match managed_name(&named) {
            Some(name) => self.managed(&name, arn.place),
            None => Known::Unknown(arn.why_not()),
        };
        (policy, statements)
    }

    /// The statements of a policy that the provider keeps.
    fn managed(&self, name: &str, place: Place) -> Known<Vec<Statement>> {
        match facts::managed_policy(name).and_then(|policy| policy.at(place)) {
            Some(statements) if self.bears(&statements) => Known::Value(statements),
            Some(_) => {
                Known::Unknown("the policies of the module are too large to be read in full".to_owned())
            }
            None => Known::Unknown(format!("the statements of `{name}` are not among the known ones")),
        }
    }
}

/// The name of a policy that the provider keeps, from its ARN or as it stands.
fn managed_name(policy: &Text) -> Option<String> {
    let text = policy.to_string();
    let (before, path) = text.split_once(":policy/").unwrap_or(("", &text));
    let kept = before.is_empty() || before.ends_with(":aws");
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain = !name.is_empty()
        && name.chars().all(|found| found.is_ascii_alphanumeric() || "-_+=.@".contains(found));
    (kept && plain).then(|| name.to_owned())
}
