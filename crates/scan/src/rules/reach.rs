//! What a function may do with its role, in the words and with the weight that other findings need.
//!
//! Invariant: a role that cannot be told weighs neither nothing nor everything. Not here: whether that is too much (`roles`).

use std::collections::BTreeSet;

use super::words::list;
use crate::finding::Severity;
use crate::graph::{App, Effect, Function, Origin, Role, Statement, StoreKind};
use crate::known::{Piece, Setting, Text};

/// What a function may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Everything.
    pub(crate) everything: bool,
    /// Every secret of the account.
    pub(crate) all_secrets: bool,
    /// Secrets of this app.
    pub(crate) secrets: BTreeSet<String>,
    /// Stores of this app that it may change.
    pub(crate) changes: BTreeSet<String>,
    /// Stores of this app that it may only read.
    pub(crate) reads: BTreeSet<String>,
    /// Whole services in which it may change any resource.
    pub(crate) broad: BTreeSet<String>,
    /// Why some of it cannot be told.
    pub(crate) unknown: Option<String>,
}

impl Reach {
    /// What a function may do.
    pub(crate) fn of(app: &App, function: &Function) -> Self {
        match app.role_of(function) {
            Some(role) => Self::of_role(app, role),
            None => {
                Self { unknown: Some("its role is not one of these files".to_owned()), ..Self::default() }
            }
        }
    }

    /// What a role may do.
    pub(crate) fn of_role(app: &App, role: &Role) -> Self {
        let unknown = role.managed.iter().find_map(|policy| policy.statements.why().map(str::to_owned));
        let mut reach = Self { unknown, ..Self::default() };
        let allows =
            role.statements.iter().filter(|statement| statement.effect.value() == Some(&Effect::Allow));
        for statement in allows.filter(|statement| statement.origin != Origin::Framework) {
            reach.add(app, statement);
        }
        let changed = reach.changes.clone();
        reach.reads.retain(|name| !changed.contains(name));
        reach
    }

    fn add(&mut self, app: &App, statement: &Statement) {
        let star = statement.not_resources || statement.resources.iter().any(is_star);
        let actions: Vec<(&str, &str)> = statement
            .actions
            .iter()
            .filter_map(Setting::known)
            .filter(|_| !statement.not_actions)
            .map(|action| if action == "*" { ("*", "*") } else { action.split_once(':').unwrap_or(("", "")) })
            .collect();
        let every = statement.not_actions || actions.iter().any(|(service, _)| *service == "*");
        if star && every && statement.conditions.is_empty() {
            self.everything |= !statement.not_actions;
            self.broad.extend(statement.not_actions.then(|| "nearly every service".to_owned()));
        }
        for (service, action) in actions {
            let service = service.to_ascii_lowercase();
            let verb = Verb::of(action);
            if star && verb != Verb::Reads && !QUIET.contains(&service.as_str()) && service != "*" {
                self.broad.insert(service.clone());
            }
            if reads_secrets(&service, action) {
                self.all_secrets |= star || statement.resources.iter().any(is_every_secret);
                let named = app
                    .secrets
                    .iter()
                    .filter(|secret| names(statement, &secret.name, secret.physical.as_ref()));
                self.secrets.extend(named.map(|secret| secret.name.to_string()));
            }
            for store in app
                .stores
                .iter()
                .filter(|store| services(&store.kind).contains(&service.as_str()) || service == "*")
            {
                if !(star || names(statement, &store.name, store.physical.as_ref()))
                    || store.kind == StoreKind::Logs
                {
                    continue;
                }
                let place = if verb == Verb::Reads { &mut self.reads } else { &mut self.changes };
                place.insert(store.name.to_string());
            }
        }
    }

    /// What it may do, to follow "which": `may change `Orders` and read `Users``.
    pub(crate) fn clause(&self) -> Option<String> {
        if self.everything {
            return Some("may do everything in the account".to_owned());
        }
        let mut parts = Vec::new();
        if !self.changes.is_empty() {
            parts.push(format!("change {}", list(&self.changes)));
        }
        if !self.reads.is_empty() {
            parts.push(format!("read {}", list(&self.reads)));
        }
        if self.all_secrets {
            parts.push("read every secret of the account".to_owned());
        } else if !self.secrets.is_empty() {
            parts.push(format!("read the secrets {}", list(&self.secrets)));
        }
        if !self.broad.is_empty() {
            parts.push(format!("act on every resource of {}", list(&self.broad)));
        }
        (!parts.is_empty()).then(|| format!("may {}", super::words::join(&parts, "and")))
    }
}

/// How bad it is when strangers start a function with this reach; `None` where it is not known which function.
pub(crate) fn severity_of(reach: Option<&Reach>) -> Severity {
    let Some(reach) = reach else { return Severity::Low };
    if reach.everything {
        Severity::Critical
    } else if reach.all_secrets
        || !reach.secrets.is_empty()
        || !reach.changes.is_empty()
        || !reach.broad.is_empty()
    {
        Severity::High
    } else if !reach.reads.is_empty() || reach.unknown.is_some() {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// Services whose writing actions harm nobody: logs, traces, metrics, network interfaces.
const QUIET: [&str; 8] = ["logs", "xray", "cloudwatch", "ec2", "sts", "ses", "ssmmessages", "ec2messages"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Reads,
    Changes,
}

impl Verb {
    fn of(action: &str) -> Self {
        const READING: [&str; 16] = [
            "get",
            "list",
            "describe",
            "batchget",
            "query",
            "scan",
            "conditioncheck",
            "head",
            "search",
            "lookup",
            "select",
            "view",
            "read",
            "partiqlselect",
            "decrypt",
            "receive",
        ];
        let action = action.to_ascii_lowercase();
        if READING.iter().any(|verb| action.starts_with(verb)) { Self::Reads } else { Self::Changes }
    }
}

fn reads_secrets(service: &str, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let stem = action.trim_end_matches('*');
    let covers = |wanted: &str| wanted == stem || (action.ends_with('*') && wanted.starts_with(stem));
    match service {
        "secretsmanager" => covers("getsecretvalue") || covers("batchgetsecretvalue"),
        "ssm" => covers("getparameter") || covers("getparameters") || covers("getparametersbypath"),
        _ => false,
    }
}

/// `*`, as a resource.
pub(crate) fn is_star(resource: &Text) -> bool {
    matches!(resource.as_literal(), Some("*" | "arn:aws:*" | "arn:*"))
}

/// An ARN of all secrets or parameters.
fn is_every_secret(resource: &Text) -> bool {
    // What the provider fills in differs between installations and narrows nothing within one.
    let mut text = String::new();
    for piece in &resource.pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Provider(_) => text.push('*'),
            _ => return false,
        }
    }
    let tail = text.splitn(6, ':').nth(5).unwrap_or_default();
    matches!(tail, "*" | "secret:*" | "parameter/*" | "parameter*" | "secret*")
}

/// Whether a statement names a thing of this app, by reference or by its written name.
fn names(statement: &Statement, name: &crate::known::Name, physical: Option<&Text>) -> bool {
    if statement.not_resources {
        return false;
    }
    let written = physical.and_then(Text::as_literal).filter(|written| written.len() > 2);
    statement.resources.iter().any(|resource| {
        resource.references().any(|found| found == name)
            || written.is_some_and(|written| {
                resource.pieces.iter().any(|piece| match piece {
                    Piece::Literal(text) => text.split([':', '/']).any(|part| part == written),
                    _ => false,
                })
            })
    })
}

/// Prefixes of the actions on a kind of store.
fn services(kind: &StoreKind) -> &'static [&'static str] {
    match kind {
        StoreKind::Bucket => &["s3"],
        StoreKind::Table => &["dynamodb"],
        StoreKind::Queue => &["sqs", "mq"],
        StoreKind::Topic => &["sns"],
        StoreKind::Stream => &["kinesis", "firehose", "kafka"],
        StoreKind::Database(_) => &[
            "rds",
            "rds-data",
            "rds-db",
            "docdb",
            "neptune-db",
            "es",
            "aoss",
            "elasticache",
            "redshift-data",
            "timestream",
        ],
        StoreKind::FileSystem => &["elasticfilesystem"],
        StoreKind::EventBus => &["events"],
        StoreKind::StateMachine => &["states"],
        StoreKind::UserPool => &["cognito-idp"],
        StoreKind::Key => &["kms"],
        StoreKind::Registry => &["ecr"],
        StoreKind::Logs => &["logs"],
    }
}

#[cfg(test)]
mod tests;
