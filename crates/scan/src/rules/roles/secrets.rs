//! Roles that read every secret of the account.
//!
//! Not here: secrets of the app that a role names, which is what it is for.

use super::escalation::Told;
use super::wildcard::{is_everywhere_for, of_every_service};
use super::{Users, allows};
use crate::facts;
use crate::finding::Severity;
use crate::graph::{Role, Statement};
use crate::iam::{self, Permissions, Target};
use crate::known::Setting;
use crate::rules::words::join;
use crate::rules::{Verdict, catalogue};
use crate::source::Place;

/// What a role reads of every secret, and the statements by which it may.
pub(super) struct EverySecret<'a> {
    ways: Vec<(Vec<&'a Statement>, &'static str, Severity)>,
}

impl<'a> EverySecret<'a> {
    /// Finds them; what cannot be told is written down.
    pub(super) fn of(role: &Role, permissions: &Permissions<'_, 'a>, verdict: &mut Verdict) -> Self {
        let ways = ways(permissions);
        if ways.is_empty() {
            let maybe = |way: &Way| perhaps_every_secret(role, permissions, way.0).is_some();
            if let Some((action, what, _)) = WAYS.into_iter().find(maybe)
                && let Some((place, why)) = perhaps_every_secret(role, permissions, action)
            {
                let why = format!("whether `{}` may read {what} cannot be told: {why}", role.name);
                verdict.unknown(Some(&role.name), place, why);
            }
        }
        Self { ways }
    }

    /// What is read of every secret.
    pub(super) fn what(&self) -> Option<String> {
        let mut what: Vec<String> = self.ways.iter().map(|(_, what, _)| (*what).to_owned()).collect();
        what.dedup();
        (!what.is_empty()).then(|| join(&what, "and"))
    }

    /// Whether nothing but statements about every service give it, and they are told.
    pub(super) fn is_told(&self, told: &Told<'_>) -> bool {
        let told = |statement: &&Statement| {
            of_every_service(statement).is_some_and(|pattern| told.contains(&(statement.place, pattern)))
        };
        self.ways.iter().all(|(statements, _, _)| !statements.is_empty() && statements.iter().all(told))
    }

    /// Reports them, unless they are a part of what is told.
    pub(super) fn report(&self, role: &Role, users: &Users<'_>, told: &Told<'_>, verdict: &mut Verdict) {
        let Some(what) = self.what().filter(|_| !self.is_told(told)) else { return };
        let first = self.ways.first().and_then(|(statements, _, _)| statements.first());
        let place = first.map_or(role.place, |statement| statement.place);
        let severity = self.ways.iter().map(|(_, _, severity)| *severity).max().unwrap_or(Severity::High);
        let message = format!(
            "{} may read {what}: the secrets of every other application are as safe as this code.",
            users.subject,
        );
        verdict.report(
            users
                .finding(&catalogue::ALL_SECRETS_READABLE, role, place, message)
                .severity(severity)
                .advice("Name the one secret or path that the function uses, by its ARN."),
        );
    }
}

/// An action that reads secrets, and what it reads on everything.
type Way = (&'static str, &'static str, Severity);

const SECRETS: &str = "every secret of the account";
const PARAMETERS: &str = "every parameter of the account, encrypted ones too";
const WAYS: [Way; 4] = [
    ("secretsmanager:GetSecretValue", SECRETS, Severity::High),
    ("ssm:GetParameter", PARAMETERS, Severity::Medium),
    ("ssm:GetParameters", PARAMETERS, Severity::Medium),
    ("ssm:GetParametersByPath", PARAMETERS, Severity::Medium),
];

fn ways<'a>(permissions: &Permissions<'_, 'a>) -> Vec<(Vec<&'a Statement>, &'static str, Severity)> {
    let granted = |(action, what, severity): Way| {
        let fact = facts::action(action)?;
        let is_granted = permissions.may_everywhere(fact, None).is_yes();
        is_granted.then(|| (permissions.because(fact, Target::All(fact.service)), what, severity))
    };
    WAYS.into_iter().filter_map(granted).collect()
}

/// Why it cannot be told whether a role may do something to all things, where a statement says so.
fn perhaps_every_secret(
    role: &Role,
    permissions: &Permissions<'_, '_>,
    action: &str,
) -> Option<(Place, String)> {
    let fact = facts::action(action)?;
    let iam::Verdict::Unknown(why) = permissions.without_unread().may_everywhere(fact, None) else {
        return None;
    };
    let speaks = |statement: &&Statement| {
        let patterns = || statement.actions.iter().filter_map(Setting::known);
        !statement.not_actions && patterns().any(|it| iam::wildcard::covers_action(it, action))
    };
    let said = allows(role).filter(speaks).find(|statement| is_everywhere_for(statement, fact));
    said.map(|statement| (statement.place, why))
}
