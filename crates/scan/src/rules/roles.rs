//! Roles that may do more than any function needs.
//!
//! Invariants: an action that can only be granted on `*` is not blamed for it; a role that may do everything is one finding, not one for each
//! thing that this includes. Not here: who may take a role on (`trust`), what the code really uses (`need`).

use std::collections::BTreeSet;

use super::words::{by_format, join, list};
use super::{Sight, Verdict, catalogue};
use crate::facts::{self, ActionFact, Level};
use crate::finding::{Finding, Severity};
use crate::graph::{Condition, Effect, Function, Origin, Principal, Role, Statement};
use crate::iam::statement::{is_every_action, is_every_resource, misspelt, whole_service};
use crate::iam::{self, Deed, Hold, Permissions, Target, deed};
use crate::known::{Name, Setting};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    for role in &sight.app.roles {
        let users = Users::of(sight, role);
        let Some(permissions) = sight.grants.role(&role.name) else { continue };
        if permissions.everything().is_yes() {
            admin(sight, role, &users, verdict);
            continue;
        }
        if users.functions.is_empty() && !is_for_functions(role) {
            continue;
        }
        for statement in &role.statements {
            list_unknowns(role, statement, verdict);
        }
        for policy in &role.managed {
            if let Some(why) = policy.statements.why() {
                let why = format!(
                    "what the policy `{}` of `{}` allows cannot be told: {why}",
                    policy.policy, role.name
                );
                verdict.unknown(Some(&role.name), policy.policy.place, why);
            }
        }
        whole_services(sight, role, &users, verdict);
        every_secret(role, &users, &permissions, verdict);
        let told = escalation(role, &users, &permissions, verdict);
        every_resource(sight, role, &users, &told, verdict);
    }
}

/// Who runs with a role, and how a sentence about it begins.
struct Users<'a> {
    functions: Vec<&'a Function>,
    subject: String,
}

impl<'a> Users<'a> {
    fn of(sight: &Sight<'a>, role: &'a Role) -> Self {
        let functions: Vec<_> =
            sight.app.functions_of(&role.name).filter(|function| !function.deployed.is(&false)).collect();
        let names = list(functions.iter().map(|function| function.name.as_str()));
        let subject = match (functions.is_empty(), role.implicit) {
            (true, _) => format!("The role `{}`", role.name),
            (false, true) => names,
            (false, false) => format!(
                "The role `{}`, with which {names} {}",
                role.name,
                if functions.len() == 1 { "runs," } else { "run," }
            ),
        };
        Self { functions, subject }
    }

    fn finding(
        &self,
        rule: &'static crate::finding::Rule,
        role: &Role,
        place: crate::source::Place,
        message: String,
    ) -> Finding {
        Finding::new(rule, format!("role {}", role.name), place, message)
            .touching(self.functions.iter().map(|function| &function.name))
            .touching((!role.implicit).then_some(&role.name))
    }
}

/// Whether functions may take a role on, even if none of these files is known to.
fn is_for_functions(role: &Role) -> bool {
    role.trust.iter().flat_map(|statement| &statement.principals).any(|principal| match principal {
        Principal::Service(text) => text.as_literal().is_some_and(|service| service.starts_with("lambda.")),
        _ => false,
    })
}

fn list_unknowns(role: &Role, statement: &Statement, verdict: &mut Verdict) {
    for action in &statement.actions {
        if let Some(why) = action.value.why() {
            let why = format!("which actions a statement of `{}` speaks of cannot be told: {why}", role.name);
            verdict.unknown(Some(&role.name), action.place, why);
        }
    }
    if let Some(why) = statement.effect.why() {
        let why = format!("whether a statement of `{}` allows or denies cannot be told: {why}", role.name);
        verdict.unknown(Some(&role.name), statement.place, why);
    }
    for word in misspelt(statement) {
        let meant = word.meant.map_or(String::new(), |meant| format!(", perhaps `{meant}` was meant"));
        let why = format!("no service has an action `{}`{meant}: it allows nothing", word.action);
        verdict.unknown(Some(&role.name), word.place, why);
    }
}

/// Statements whose resources a person wrote or filled in. A template's lone `*` is the provider's own.
fn filled_in(role: &Role) -> impl Iterator<Item = &Statement> {
    let star = |statement: &Statement| statement.resources.iter().all(|it| it.as_literal() == Some("*"));
    let of_template = role.statements.iter().filter(move |statement| {
        matches!(statement.origin, Origin::Template(_))
            && statement.effect.value() == Some(&Effect::Allow)
            && !star(statement)
    });
    allows(role).chain(of_template)
}

/// Statements that certainly allow and that a person wrote or chose.
fn allows(role: &Role) -> impl Iterator<Item = &Statement> {
    role.statements.iter().filter(|statement| {
        statement.effect.value() == Some(&Effect::Allow)
            && match &statement.origin {
                Origin::Written => true,
                Origin::Managed(name) => !is_usual(name),
                Origin::Template(_) | Origin::Framework => false,
            }
    })
}

/// Managed policies that the provider made for functions, and that it gives no narrower form of.
fn is_usual(policy: &str) -> bool {
    let name = policy.rsplit('/').next().unwrap_or(policy);
    (name.starts_with("AWSLambda") && name.ends_with("ExecutionRole"))
        || ["AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess", "AWSLambdaENIManagementAccess"]
            .contains(&name)
        || name.starts_with("CloudWatchLambdaInsights")
}

/// Whether a statement holds under no conditions that say more than which account or transport.
fn is_unbound(statement: &Statement) -> bool {
    const NARROW_NOTHING: [&str; 6] = [
        "aws:securetransport",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:principalaccount",
        "aws:resourceorgid",
        "aws:principalorgid",
    ];
    let bare = |condition: &Condition| {
        NARROW_NOTHING.contains(&condition.key.to_ascii_lowercase().as_str()) || iam::is_void(condition)
    };
    statement.conditions.iter().all(bare)
}

/// Whether a statement speaks of everything that an action is about. Patterns of several services are left to its resources alone.
fn is_everywhere_for(statement: &Statement, action: ActionFact) -> bool {
    is_everywhere(statement) || statement.resources.iter().any(|it| iam::is_every_thing_of(action, it))
}

/// The actions of a pattern that a statement grants on everything that they are about, and that matter.
fn on_everything(statement: &Statement, pattern: &str) -> Vec<ActionFact> {
    let several = pattern.split(':').next().is_some_and(|service| service.contains(['*', '?']));
    if several && !is_everywhere(statement) {
        return Vec::new();
    }
    let facts = facts::actions_matching(pattern).filter(|fact| matters(*fact));
    facts.filter(|fact| is_everywhere_for(statement, *fact)).collect()
}

/// Whether a statement speaks of every resource, under no condition that says more than which account or transport.
fn is_wide(statement: &Statement) -> bool {
    is_everywhere(statement) && is_unbound(statement)
}

/// Whether a statement speaks of every resource, whatever its conditions.
fn is_everywhere(statement: &Statement) -> bool {
    statement.not_resources || statement.resources.iter().any(is_every_resource)
}

fn admin(sight: &Sight<'_>, role: &Role, users: &Users<'_>, verdict: &mut Verdict) {
    let known = |statement: &&Statement| {
        is_wide(statement)
            && statement.actions.iter().filter_map(Setting::known).any(|action| is_every_action(action))
    };
    let statement = allows(role).find(known);
    let place = statement.map_or(role.place, |statement| statement.place);
    let by = match statement.map(|statement| &statement.origin) {
        Some(Origin::Managed(name)) => format!("the policy `{name}`"),
        _ => "`*` on `*`".to_owned(),
    };
    let message = format!(
        "{} may do everything in the account ({by}): one fault in the code, or one package with a backdoor, and the account is an attacker's.",
        users.subject
    );
    let severity = if users.functions.is_empty() { Severity::High } else { Severity::Critical };
    verdict.report(users.finding(&catalogue::ADMIN_ROLE, role, place, message).severity(severity).advice(by_format(
        sight.app,
        "Replace it by what the code uses: a policy template such as `DynamoDBCrudPolicy: { TableName: !Ref … }`, or actions and ARNs.",
        "Replace it by the actions that the code uses, on the ARNs that it uses.",
        "Replace it by the actions that the code uses, on the ARNs that it uses (`provider.iam.role.statements`).",
        "Replace it by the actions that the code uses, on the ARNs that it uses.",
    )));
}

fn whole_services(sight: &Sight<'_>, role: &Role, users: &Users<'_>, verdict: &mut Verdict) {
    let mut services: BTreeSet<String> = BTreeSet::new();
    let mut wide = BTreeSet::new();
    let mut everything_if: BTreeSet<&str> = BTreeSet::new();
    let mut found: Vec<(&Statement, String)> = Vec::new();
    for statement in allows(role) {
        let mut here = BTreeSet::new();
        if statement.not_actions {
            here.insert("all but some".to_owned());
        } else {
            for action in statement.actions.iter().filter_map(Setting::known) {
                here.extend(
                    whole_service(action).map(|service| format!("{}:*", service.to_ascii_lowercase())),
                );
                // Everything, but not everywhere.
                here.extend(is_every_action(action).then(|| "*".to_owned()));
            }
        }
        if here.is_empty() {
            continue;
        }
        let all_of = |it: &String| whole_service(it).is_some() && !on_everything(statement, it).is_empty();
        let covers = || statement.actions.iter().filter_map(Setting::known).any(all_of);
        if is_wide(statement) || is_unbound(statement) && !statement.not_actions && covers() {
            wide.extend(here.iter().cloned());
        } else if here.contains("*") && is_everywhere(statement) {
            // How much such a condition leaves nobody can tell, and all that it leaves is the account.
            everything_if.extend(statement.conditions.iter().map(|condition| condition.key.as_str()));
        }
        found.push((statement, here.iter().cloned().collect::<Vec<_>>().join(", ")));
        services.extend(here);
    }
    let Some((first, _)) = found.first() else { return };
    let harmless = |service: &String| matches!(service.as_str(), "logs:*" | "xray:*" | "cloudwatch:*");
    let severity = if services.iter().all(harmless) {
        Severity::Low
    } else if wide.iter().any(|service| !harmless(service)) || !everything_if.is_empty() {
        Severity::High
    } else {
        Severity::Medium
    };
    let by = match &first.origin {
        Origin::Managed(name) => format!(" through the policy `{name}`"),
        _ => String::new(),
    };
    let place = match (wide.is_empty(), everything_if.is_empty()) {
        (true, true) => "what it names".to_owned(),
        (true, false) => {
            format!("everything in the account, under a condition on {}", list(everything_if))
        }
        (false, _) => "everything in the account".to_owned(),
    };
    let message = format!(
        "{} holds every action of {} on {place}{by}: to delete, to change policies, and whatever the provider adds next.",
        users.subject,
        list(services.iter().map(|service| service.trim_end_matches(":*"))),
    );
    let mut finding =
        users.finding(&catalogue::WILDCARD_ACTION, role, first.place, message).severity(severity);
    for (statement, actions) in &found {
        finding = finding.seen_at(statement.place, format!("allows {actions}"));
    }
    verdict.report(finding.advice(by_format(
        sight.app,
        "List the actions that the code uses, or take a policy template such as `DynamoDBReadPolicy`.",
        "List the actions that the code uses.",
        "List the actions that the code uses.",
        "List the actions that the code uses.",
    )));
}

/// Actions that are granted on everything as a rule, and harm nobody's data.
fn is_quiet(fact: ActionFact) -> bool {
    match fact.service {
        "logs" => matches!(
            fact.name,
            "CreateLogGroup" | "CreateLogStream" | "PutLogEvents" | "PutRetentionPolicy" | "TagResource"
        ),
        "xray" | "cloudwatch" | "appconfig" | "ssmmessages" | "ec2messages" => {
            !matches!(fact.level, Level::Permissions)
        }
        "ec2" => fact.name.contains("NetworkInterface") || fact.name.contains("PrivateIpAddress"),
        _ => false,
    }
}

/// Whether an action that could be bound to a thing reads or changes data, or what runs.
fn matters(fact: ActionFact) -> bool {
    !fact.needs_star
        && !is_quiet(fact)
        && !reads_secrets(fact)
        && (deed(fact).is_some() || matches!(fact.level, Level::Write | Level::Permissions))
}

/// Reported apart, by [`every_secret`].
fn reads_secrets(fact: ActionFact) -> bool {
    match fact.service {
        "secretsmanager" => matches!(fact.name, "GetSecretValue" | "BatchGetSecretValue"),
        "ssm" => fact.name.starts_with("GetParameter"),
        _ => false,
    }
}

fn every_resource(
    sight: &Sight<'_>,
    role: &Role,
    users: &Users<'_>,
    told: &BTreeSet<&str>,
    verdict: &mut Verdict,
) {
    // A policy of the provider with a whole service in it is reported for that.
    let broad: BTreeSet<&str> = allows(role).filter_map(broad_policy).collect();
    let mut found: Vec<(&Statement, &str, Severity)> = Vec::new();
    for statement in filled_in(role).filter(|statement| !statement.not_actions && is_unbound(statement)) {
        if matches!(&statement.origin, Origin::Managed(name) if broad.contains(name.as_str())) {
            continue;
        }
        for action in statement.actions.iter().filter_map(Setting::known) {
            if is_every_action(action) || whole_service(action).is_some() || told.contains(action.as_str()) {
                continue;
            }
            let worst = on_everything(statement, action).into_iter().map(weight).max();
            found.extend(worst.map(|severity| (statement, action.as_str(), severity)));
        }
    }
    let Some((first, _, _)) = found.first() else { return };
    let actions: BTreeSet<&str> = found.iter().map(|(_, action, _)| *action).collect();
    let severity = found.iter().map(|(_, _, severity)| *severity).max().unwrap_or(Severity::Medium);
    let by = match &first.origin {
        Origin::Managed(name) | Origin::Template(name) => format!(" (through the policy `{name}`)"),
        _ => String::new(),
    };
    let instead = match own_stores(sight, role, &actions) {
        own if own.is_empty() => String::new(),
        own => format!(" Of these files it could only mean {}.", list(own)),
    };
    let message = format!(
        "{} may use {} on every resource of the account{by}, other applications' too.{instead}",
        users.subject,
        list(&actions)
    );
    let mut finding =
        users.finding(&catalogue::WILDCARD_RESOURCE, role, first.place, message).severity(severity);
    let mut places = BTreeSet::from([first.place]);
    for (statement, action, _) in &found {
        if places.insert(statement.place) {
            finding = finding.seen_at(statement.place, format!("allows {action}"));
        }
    }
    verdict.report(finding.advice(by_format(
        sight.app,
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `resources = [aws_….arn]` (for a bucket's objects `\"${aws_s3_bucket.….arn}/*\"`).",
    )));
}

/// The stores of the app that a role may use such actions on.
fn own_stores<'a>(sight: &Sight<'a>, role: &Role, actions: &BTreeSet<&str>) -> Vec<&'a str> {
    let Some(permissions) = sight.grants.role(&role.name) else { return Vec::new() };
    let may = |hold: &&Hold<'a>| actions.iter().any(|action| permissions.may(action, hold.target).is_yes());
    let reach = permissions.reach();
    let stores = reach.holds.iter().filter(|hold| matches!(hold.target, Target::Store(_)));
    stores.filter(may).filter_map(|hold| hold.target.name()).map(Name::as_str).collect()
}

/// The name of a managed policy that allows a whole service.
fn broad_policy(statement: &Statement) -> Option<&str> {
    let Origin::Managed(name) = &statement.origin else { return None };
    let whole = |action: &String| whole_service(action).is_some() || is_every_action(action);
    statement.actions.iter().filter_map(Setting::known).any(whole).then_some(name)
}

fn weight(fact: ActionFact) -> Severity {
    match deed(fact) {
        Some(Deed::Sends) => Severity::Low,
        Some(Deed::Destroys | Deed::Opens | Deed::TakesOver) => Severity::High,
        Some(Deed::Reads | Deed::Changes | Deed::Starts) => Severity::Medium,
        None if fact.service == "ses" => Severity::Low,
        None => Severity::Medium,
    }
}

fn every_secret(role: &Role, users: &Users<'_>, permissions: &Permissions<'_, '_>, verdict: &mut Verdict) {
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
) -> Option<(crate::source::Place, String)> {
    let fact = facts::action(action)?;
    let crate::iam::Verdict::Unknown(why) = permissions.without_unread().may_everywhere(fact, None) else {
        return None;
    };
    let speaks = |statement: &&Statement| {
        let patterns = || statement.actions.iter().filter_map(Setting::known);
        !statement.not_actions && patterns().any(|it| iam::wildcard::covers_action(it, action))
    };
    let said = allows(role).filter(speaks).find(|statement| is_everywhere_for(statement, fact));
    said.map(|statement| (statement.place, why))
}

/// Reports ways to more, and says which actions they are made of.
fn escalation(
    role: &Role,
    users: &Users<'_>,
    permissions: &Permissions<'_, '_>,
    verdict: &mut Verdict,
) -> BTreeSet<&'static str> {
    let mut sure = Vec::new();
    for way in permissions.escalations() {
        match &way.verdict {
            crate::iam::Verdict::Yes => sure.push(way),
            crate::iam::Verdict::Unknown(why) => {
                let why =
                    format!("whether `{}` can {} cannot be told: {why}", role.name, way.combination.gives);
                let place = way.places.first().copied().unwrap_or(role.place);
                verdict.unknown(Some(&role.name), place, why);
            }
            crate::iam::Verdict::No => {}
        }
    }
    let told = sure
        .iter()
        .flat_map(|way| way.combination.broad.iter().chain(way.combination.some))
        .copied()
        .collect();
    let Some(first) = sure.first() else { return told };
    let gives: Vec<String> = sure.iter().map(|way| way.combination.gives.to_owned()).collect();
    let message = format!("{} can make itself stronger: it can {}.", users.subject, join(&gives, "and"));
    let place = first.places.first().copied().unwrap_or(role.place);
    let mut finding = users.finding(&catalogue::PRIVILEGE_ESCALATION, role, place, message);
    for way in &sure {
        let actions: Vec<&str> = way.combination.broad.iter().chain(way.combination.some).copied().collect();
        let place = way.places.first().copied().unwrap_or(role.place);
        finding = finding.seen_at(place, format!("{} with {}", way.combination.gives, actions.join(" and ")));
    }
    let severity = if users.functions.is_empty() { Severity::Medium } else { Severity::High };
    verdict.report(finding.severity(severity).advice(
        "Take these actions away, or bind them: `iam:PassRole` to one role and one service (`iam:PassedToService`), the others to named ARNs.",
    ));
    told
}
