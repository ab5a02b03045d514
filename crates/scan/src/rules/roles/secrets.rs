//! Roles that read every secret of the account.
//!
//! Not here: secrets of the app that a role names, which is what it is for.

use super::wildcard::is_everywhere_for;
use super::{Users, allows};
use crate::facts;
use crate::finding::Severity;
use crate::graph::{Role, Statement};
use crate::iam::{self, Permissions, Target};
use crate::known::Setting;
use crate::rules::words::join;
use crate::rules::{Verdict, catalogue};
use crate::source::Place;

pub(super) fn every_secret(
    role: &Role,
    users: &Users<'_>,
    permissions: &Permissions<'_, '_>,
    verdict: &mut Verdict,
) {
    const SECRETS: &str = "every secret of the account";
    const PARAMETERS: &str = "every parameter of the account, encrypted ones too";
    const WAYS: [(&str, &str, Severity); 4] = [
        ("secretsmanager:GetSecretValue", SECRETS, Severity::High),
        ("ssm:GetParameter", PARAMETERS, Severity::Medium),
        ("ssm:GetParameters", PARAMETERS, Severity::Medium),
        ("ssm:GetParametersByPath", PARAMETERS, Severity::Medium),
    ];
    let ways: Vec<_> = WAYS
        .into_iter()
        .filter_map(|(action, what, severity)| {
            let fact = facts::action(action)?;
            permissions.may_everywhere(fact, None).is_yes().then(|| {
                let because = permissions.because(fact, Target::All(fact.service));
                (because.first().map_or(role.place, |statement| statement.place), what.to_owned(), severity)
            })
        })
        .collect();
    if ways.is_empty() {
        let maybe = |way: &(&str, &str, Severity)| perhaps_every_secret(role, permissions, way.0).is_some();
        if let Some((action, what, _)) = WAYS.into_iter().find(maybe)
            && let Some((place, why)) = perhaps_every_secret(role, permissions, action)
        {
            let why = format!("whether `{}` may read {what} cannot be told: {why}", role.name);
            verdict.unknown(Some(&role.name), place, why);
        }
    }
    let Some((place, _, _)) = ways.first() else { return };
    let mut what: Vec<String> = ways.iter().map(|(_, what, _)| what.clone()).collect();
    what.dedup();
    let severity = ways.iter().map(|(_, _, severity)| *severity).max().unwrap_or(Severity::High);
    let message = format!(
        "{} may read {}: the secrets of every other application are as safe as this code.",
        users.subject,
        join(&what, "and")
    );
    verdict.report(
        users
            .finding(&catalogue::ALL_SECRETS_READABLE, role, *place, message)
            .severity(severity)
            .advice("Name the one secret or path that the function uses, by its ARN."),
    );
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
