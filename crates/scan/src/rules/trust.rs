//! Roles that anyone may take on.
//!
//! Not here: what roles may do (`roles`).

use super::opening::{Opening, narrowed, to_everyone};
use super::words::list;
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Severity};
use crate::graph::{Condition, Effect, Guest, Principal, Role, Statement};
use crate::iam::Deed;
use crate::known::{Known, Piece, Text};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    for role in &sight.app.roles {
        for statement in &role.trust {
            if let Some(finding) = judge(sight, role, statement, verdict) {
                verdict.report(finding);
                break;
            }
        }
    }
    for guest in &sight.app.guests {
        hand_out(sight, guest, verdict);
    }
}

/// A role that an identity pool hands to whoever asks. With nothing of worth in it, that is what guests are for.
fn hand_out(sight: &Sight<'_>, guest: &Guest, verdict: &mut Verdict) {
    if guest.admitted.is(&false) {
        return;
    }
    let role = match &guest.role {
        Known::Value(name) => sight.app.role(name),
        Known::Unknown(why) => {
            let why = format!("what guests of `{}` may do cannot be told: {why}", guest.pool);
            verdict.unknown(None, guest.place, why);
            return;
        }
    };
    let told = |role: &Role| {
        let about = |finding: &Finding| {
            finding.rule == &catalogue::OPEN_TRUST && finding.subjects.contains(&role.name)
        };
        verdict.findings.iter().any(about)
    };
    let Some(role) = role.filter(|role| !told(role)) else { return };
    let reach = sight.reach_of(role);
    let Some(may) = reach.clause() else {
        if reach.unknown {
            let why = format!("what guests of `{}` may do with `{}` cannot be told", guest.pool, role.name);
            verdict.unknown(Some(&role.name), guest.place, why);
        }
        return;
    };
    if let Some(why) = guest.admitted.why() {
        let why = format!(
            "whether `{}` hands `{}`, which {may}, to guests cannot be told: {why}",
            guest.pool, role.name
        );
        verdict.unknown(Some(&role.name), guest.place, why);
        return;
    }
    let message = format!(
        "Anyone on the internet may take on the role `{}` without signing in, as a guest of the identity pool `{}`: whoever does {may}.",
        role.name, guest.pool
    );
    let severity = match super::reach::severity_of(Some(&reach)) {
        _ if only_sends(sight, role) => Severity::Low,
        severity => severity,
    };
    verdict.report(
        Finding::new(&catalogue::OPEN_TRUST, format!("guests of {}", guest.pool), guest.place, message)
            .touching([&role.name])
            .severity(severity)
            .advice("Take the rights away from the guests' role, or admit none (`AllowUnauthenticatedIdentities: false`, `allow_unauthenticated_identities = false`)."),
    );
}

/// Whether all that a role may do is to send, as what measures an app's use does.
fn only_sends(sight: &Sight<'_>, role: &Role) -> bool {
    let Some(permissions) = sight.grants.role(&role.name) else { return false };
    let reach = permissions.reach();
    let mut deeds = reach.holds.iter().chain(&reach.wide).flat_map(|hold| hold.deeds.iter());
    deeds.all(|(deed, verdict)| *deed == Deed::Sends || verdict.is_no())
}

fn judge(sight: &Sight<'_>, role: &Role, statement: &Statement, verdict: &mut Verdict) -> Option<Finding> {
    let (who, how) = match to_everyone(statement) {
        Opening::Open => ("Every account of the provider".to_owned(), "no condition narrows who"),
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
        let run = if functions.len() == 1 { "runs" } else { "run" };
        format!(", with which {} {run}", list(functions.iter().map(|name| name.as_str())))
    };
    let reach = sight.reach_of(role);
    let may = reach.clause().map_or(String::new(), |may| format!(" Whoever does {may}."));
    let message = format!("{who} may take on the role `{}`{with}: {how}.{may}", role.name);
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
    // The keys of conditions begin with the issuer, also where its ARN is given at deployment.
    let keyed = conditions.iter().find_map(|condition| {
        let (issuer, _) = condition.key.split_once(':')?;
        FOR_ALL.iter().find(|known| known.eq_ignore_ascii_case(issuer))
    });
    let literal = issuer.pieces.iter().any(|piece| matches!(piece, Piece::Literal(_)));
    if keyed.is_none() && issuer.why_unknown().is_some() {
        return None;
    }
    let name = match keyed {
        Some(known) if !literal => (*known).to_owned(),
        _ => issuer.to_string(),
    };
    if name.contains(":saml-provider/") {
        // The provider is one of this account, made for one company's users.
        return None;
    }
    let for_all = keyed.is_some() || FOR_ALL.iter().any(|known| name.contains(known));
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
