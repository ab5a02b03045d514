//! Roles that anyone may take on.
//!
//! Not here: what roles may do (`roles`).

use super::opening::{Opening, narrowed, to_everyone};
use super::words::list;
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Severity};
use crate::graph::{Condition, Effect, Principal, Role, Statement};
use crate::known::Text;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    for role in &sight.app.roles {
        for statement in &role.trust {
            if let Some(finding) = judge(sight, role, statement, verdict) {
                verdict.report(finding);
                break;
            }
        }
    }
}

fn judge(sight: &Sight<'_>, role: &Role, statement: &Statement, verdict: &mut Verdict) -> Option<Finding> {
    let (who, how) = match to_everyone(statement) {
        Opening::Open => ("Every account of the provider".to_owned(), "no condition narrows `*`"),
        Opening::Unknown(why) => {
            let why = format!("who may take on `{}` cannot be told: {why}", role.name);
            verdict.unknown(Some(&role.name), statement.place, why);
            return None;
        }
        Opening::Narrow => (outsiders(statement)?, "no condition says which of them"),
    };
    let functions: Vec<_> = sight.app.functions_of(&role.name).map(|function| &function.name).collect();
    let with = if functions.is_empty() {
        String::new()
    } else {
        format!(" with which {} run,", list(functions.iter().map(|name| name.as_str())))
    };
    let reach = sight.reach_of(role);
    let may = reach.clause().map_or(String::new(), |may| format!(" Whoever does {may}."));
    let message = format!("{who} may take on the role `{}`:{with} {how}.{may}", role.name);
    let severity = super::reach::severity_of(Some(&reach)).max(Severity::High);
    Some(
        Finding::new(&catalogue::OPEN_TRUST, format!("trust of {}", role.name), statement.place, message)
            .touching([&role.name])
            .touching(functions)
            .severity(severity)
            .advice("Name the account, role or service; for an outside issuer add conditions on its `sub` and `aud`, for a partner `sts:ExternalId`."),
    )
}

/// Issuers for which anybody can get a token: only the subject says whose it is.
const FOR_ALL: [&str; 6] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "accounts.google.com",
    "api.bitbucket.org",
    "www.amazon.com",
];

/// Users of an outside issuer, when no condition says which.
fn outsiders(statement: &Statement) -> Option<String> {
    if statement.effect.value() != Some(&Effect::Allow) {
        return None;
    }
    let unknown = statement.conditions.iter().flat_map(|condition| &condition.values);
    if unknown.into_iter().any(|value: &Text| value.why_unknown().is_some()) {
        return None;
    }
    statement.principals.iter().find_map(|principal| match principal {
        Principal::Federated(issuer) => users_of(issuer, &statement.conditions),
        _ => None,
    })
}

/// Users of one issuer, when no condition says which of them.
fn users_of(issuer: &Text, conditions: &[Condition]) -> Option<String> {
    if issuer.why_unknown().is_some() {
        return None;
    }
    let name = issuer.to_string();
    if name.contains(":saml-provider/") {
        // The provider is one of this account, made for one company's users.
        return None;
    }
    let for_all = FOR_ALL.iter().any(|known| name.contains(known));
    // Every account has pools of identities, with and without a sign-in: only the pool says whose they are.
    let of_pools = name.contains("cognito-identity.amazonaws.com");
    let says_who = |condition: &&Condition| {
        let key = condition.key.to_ascii_lowercase();
        key.ends_with(":sub")
            || (!for_all && key.ends_with(":aud"))
            || (!for_all && !of_pools && key.ends_with(":amr"))
    };
    let conditions: Vec<_> = conditions.iter().filter(says_who).cloned().collect();
    (narrowed(&conditions) == Opening::Open).then(|| format!("Every user of `{name}`"))
}
