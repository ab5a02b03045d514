//! Roles with every action of a service, and roles that reach every resource of a kind.
//!
//! Invariant: what is said is true of each statement that is named. Not here: roles that may do everything (`roles`), secrets (`secrets`).

use std::collections::{BTreeMap, BTreeSet};

use super::escalation::{Told, Ways};
use super::secrets::EverySecret;
use super::{Left, Users, allows, by_role, filled_in, is_everywhere};
use crate::facts::{self, ActionFact, Level};
use crate::finding::Severity;
use crate::graph::{Origin, Role, Statement};
use crate::iam::statement::{is_every_action, whole_service};
use crate::iam::{self, Binding, Deed, Hold, Target, deed};
use crate::known::{Name, Setting};
use crate::rules::words::{join, list};
use crate::rules::{Sight, Verdict, catalogue};

/// The mark of a statement that allows all actions but some.
const ALL_BUT_SOME: &str = "all but some";

/// Where a statement lets every action of a service be done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    Account,
    /// Everything, under conditions on these keys.
    AccountIf(BTreeSet<String>),
    Named,
}

impl Where {
    fn text(&self) -> String {
        match self {
            Self::Account => "everything in the account".to_owned(),
            Self::AccountIf(keys) => {
                format!("everything in the account, under a condition on {}", list(keys))
            }
            Self::Named => "what it names".to_owned(),
        }
    }
}

/// What of whole services a statement allows.
struct Whole<'a> {
    statement: &'a Statement,
    /// `s3:*`, `*`, or [`ALL_BUT_SOME`].
    services: BTreeSet<String>,
    place: Where,
}

impl Whole<'_> {
    fn is_of_every_service(&self) -> bool {
        self.services.contains("*") || self.services.contains(ALL_BUT_SOME)
    }
}

/// The patterns of a statement that allow every action of a service.
fn whole_patterns(statement: &Statement) -> Vec<&str> {
    if statement.not_actions {
        return vec![ALL_BUT_SOME];
    }
    let patterns = statement.actions.iter().filter_map(Setting::known).map(String::as_str);
    patterns.filter(|it| whole_service(it).is_some() || is_every_action(it)).collect()
}

/// The pattern of a statement that allows the actions of every service, or all but some.
pub(super) fn of_every_service(statement: &Statement) -> Option<&str> {
    whole_patterns(statement).into_iter().find(|it| *it == ALL_BUT_SOME || is_every_action(it))
}

/// A pattern as a sentence speaks of it: "`s3`", "every service", "every service except `iam:*`".
fn spoken(statement: &Statement, pattern: &str) -> String {
    if pattern == ALL_BUT_SOME {
        let left_out = list(statement.actions.iter().filter_map(Setting::known));
        return match left_out.as_str() {
            "" => "every service except something that is not known".to_owned(),
            _ => format!("every service except {left_out}"),
        };
    }
    match whole_service(pattern) {
        Some(service) => format!("`{}`", service.to_ascii_lowercase()),
        None => "every service".to_owned(),
    }
}

/// The whole services that a statement allows and that nothing takes away; what cannot be told of them is written down.
fn whole<'a>(
    role: &Role,
    statement: &'a Statement,
    left: &Left<'_, '_, '_>,
    told: &mut Told<'a>,
    verdict: &mut Verdict,
) -> Option<Whole<'a>> {
    let patterns = whole_patterns(statement).into_iter();
    let patterns: Vec<&str> = patterns.filter(|it| !told.contains(&(statement.place, it))).collect();
    if patterns.is_empty() {
        return None;
    }
    let binding = iam::binding(statement);
    let mut unknown = match &binding {
        Binding::Unreadable(why) => Some(why.clone()),
        _ => None,
    };
    let mut services = BTreeSet::new();
    for pattern in &patterns {
        match left.service(whole_service(pattern)) {
            iam::Verdict::Yes => _ = services.insert(*pattern),
            iam::Verdict::Unknown(why) => unknown = unknown.or(Some(why)),
            iam::Verdict::No => {}
        }
    }
    if let Some(why) = unknown.filter(|_| binding != Binding::Never) {
        let written = |pattern: &&str| match whole_service(pattern) {
            Some(_) => format!("`{pattern}`"),
            None => spoken(statement, pattern),
        };
        let why = format!(
            "whether `{}` holds every action of {} cannot be told: {why}",
            role.name,
            join(&patterns.iter().map(written).collect::<Vec<_>>(), "and")
        );
        verdict.unknown(Some(&role.name), statement.place, why);
    }
    if services.is_empty() || matches!(binding, Binding::Never | Binding::Unreadable(_)) {
        return None;
    }
    told.extend(services.iter().map(|pattern| (statement.place, *pattern)));
    let service = |pattern: &&str| match whole_service(pattern) {
        Some(service) => format!("{}:*", service.to_ascii_lowercase()),
        None if is_every_action(pattern) => "*".to_owned(),
        None => (*pattern).to_owned(),
    };
    let place = place_of(statement, &services, &binding);
    Some(Whole { statement, services: services.iter().map(service).collect(), place })
}

fn place_of(statement: &Statement, services: &BTreeSet<&str>, binding: &Binding) -> Where {
    let all_of = |it: &&str| whole_service(it).is_some() && !on_everything(statement, it).is_empty();
    let covers = || !statement.not_actions && services.iter().any(all_of);
    let everywhere = is_everywhere(statement);
    match binding {
        Binding::Nothing if everywhere || covers() => Where::Account,
        // How much such a condition leaves nobody can tell, and all that it leaves is the account.
        Binding::Narrowed if everywhere && services.iter().any(|it| is_every_action(it)) => {
            Where::AccountIf(statement.conditions.iter().map(|condition| condition.key.clone()).collect())
        }
        _ => Where::Named,
    }
}

/// Reports whole services, and adds to what is told.
pub(super) fn whole_services<'a>(
    sight: &Sight<'_>,
    role: &'a Role,
    users: &Users<'_>,
    left: &Left<'_, '_, '_>,
    (ways, secrets): (&Ways, &EverySecret<'_>),
    told: &mut Told<'a>,
    verdict: &mut Verdict,
) {
    let mut found = Vec::new();
    for statement in allows(role) {
        found.extend(whole(role, statement, left, told, verdict));
    }
    let Some(first) = found.first() else { return };
    let harmless = |service: &String| matches!(service.as_str(), "logs:*" | "xray:*" | "cloudwatch:*");
    let severe = |one: &Whole<'_>| match one.place {
        Where::Account => !one.services.iter().all(harmless),
        Where::AccountIf(_) => true,
        Where::Named => false,
    };
    let severity = if found.iter().any(severe) {
        Severity::High
    } else if found.iter().flat_map(|one| &one.services).all(harmless) {
        Severity::Low
    } else {
        Severity::Medium
    };
    let then = match found.iter().any(Whole::is_of_every_service) {
        true => ways.of_every_action(),
        false => String::new(),
    };
    let read = secrets.what().filter(|_| secrets.is_told(told));
    let read = read.map_or(String::new(), |what| format!(" This includes reading {what}."));
    let message = format!(
        "{} {} every action of {}: to delete, to change policies, and whatever the provider adds next.{read}{then}",
        users.subject,
        if role.implicit && users.functions.len() > 1 { "hold" } else { "holds" },
        clauses(&found),
    );
    let place = first.statement.place;
    let mut finding = users.finding(&catalogue::WILDCARD_ACTION, role, place, message).severity(severity);
    for one in &found {
        let named = |service: &String| match service.as_str() {
            ALL_BUT_SOME => spoken(one.statement, service).replacen("every service", "every action", 1),
            _ => service.clone(),
        };
        let actions: Vec<String> = one.services.iter().map(named).collect();
        finding = finding.seen_at(one.statement.place, format!("allows {}", actions.join(", ")));
    }
    let plain = "List the actions that the code uses.";
    let template = found.iter().flat_map(|one| &one.services).find_map(|service| template_of(service));
    let or_template = match template {
        Some(template) => {
            format!("List the actions that the code uses, or take a policy template such as `{template}`.")
        }
        None => plain.to_owned(),
    };
    let advice = by_role(sight, role, &or_template, plain, plain, plain).to_owned();
    verdict.report(finding.advice(advice));
}

/// A policy template of SAM that is often enough of a service.
fn template_of(pattern: &str) -> Option<&'static str> {
    Some(match pattern.split(':').next()? {
        "dynamodb" => "DynamoDBReadPolicy",
        "s3" => "S3ReadPolicy",
        "sqs" => "SQSSendMessagePolicy",
        "sns" => "SNSPublishMessagePolicy",
        "lambda" => "LambdaInvokePolicy",
        "states" => "StepFunctionsExecutionPolicy",
        "kinesis" => "KinesisStreamReadPolicy",
        "secretsmanager" => "AWSSecretsManagerGetSecretValuePolicy",
        "ssm" => "SSMParameterReadPolicy",
        _ => return None,
    })
}

/// Which services on what, each said once: where it reaches furthest.
fn clauses(found: &[Whole<'_>]) -> String {
    let mut groups: BTreeMap<(&Where, Option<&str>), BTreeSet<String>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut by_place: Vec<&Whole<'_>> = found.iter().collect();
    by_place.sort_by_key(|one| &one.place);
    for one in by_place {
        let by = match &one.statement.origin {
            Origin::Managed(name) => Some(name.as_str()),
            _ => None,
        };
        let services = one.services.iter().map(|service| spoken(one.statement, service));
        let new: Vec<String> = services.filter(|service| seen.insert(service.clone())).collect();
        if !new.is_empty() {
            groups.entry((&one.place, by)).or_default().extend(new);
        }
    }
    let clause = |((place, by), services): (&(&Where, Option<&str>), &BTreeSet<String>)| {
        let by = by.map_or(String::new(), |policy| format!(" through the policy `{policy}`"));
        let services: Vec<String> = services.iter().cloned().collect();
        format!("{} on {}{by}", join(&services, "and"), place.text())
    };
    groups.iter().map(clause).collect::<Vec<_>>().join(", and of ")
}

/// Whether a statement speaks of everything that an action is about. Patterns of several services are left to its resources alone.
pub(super) fn is_everywhere_for(statement: &Statement, action: ActionFact) -> bool {
    is_everywhere(statement) || statement.resources.iter().any(|it| iam::is_every_thing_of(action, it))
}

/// A service, and kinds of its resources that an action is about, each with whether one must be named.
type Kinds = (&'static str, Vec<(&'static str, bool)>);

/// The actions of a pattern that a statement grants on everything that they are about, and that matter.
fn on_everything(statement: &Statement, pattern: &str) -> Vec<ActionFact> {
    let several = pattern.split(':').next().is_some_and(|service| service.contains(['*', '?']));
    if several && !is_everywhere(statement) {
        return Vec::new();
    }
    // Actions about things of the same kinds have the same answer, and a service has far fewer kinds than actions.
    let mut known: BTreeMap<Kinds, bool> = BTreeMap::new();
    let mut is_granted = |fact: &ActionFact| {
        let kinds = (fact.service, fact.resource_types().map(|kind| (kind.name, kind.required)).collect());
        *known.entry(kinds).or_insert_with(|| is_everywhere_for(statement, *fact))
    };
    facts::actions_matching(pattern).filter(|fact| matters(*fact) && is_granted(fact)).collect()
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

/// Reports actions that are granted on everything. `told` is reported already.
pub(super) fn every_resource(
    sight: &Sight<'_>,
    role: &Role,
    users: &Users<'_>,
    left: &Left<'_, '_, '_>,
    told: &Told<'_>,
    verdict: &mut Verdict,
) {
    // A policy of the provider with a whole service in it is reported for that.
    let broad: BTreeSet<&str> = allows(role).filter_map(|statement| broad_policy(statement, told)).collect();
    let mut found: Vec<(&Statement, &str, Severity)> = Vec::new();
    for statement in filled_in(role).filter(|statement| !statement.not_actions) {
        if !matches!(&statement.origin, Origin::Managed(name) if broad.contains(name.as_str())) {
            found.extend(granted_on_everything(role, statement, left, told, verdict));
        }
    }
    let Some((first, _, _)) = found.first() else { return };
    let actions: BTreeSet<&str> = found.iter().map(|(_, action, _)| *action).collect();
    let severity = found.iter().map(|(_, _, severity)| *severity).max().unwrap_or(Severity::Medium);
    let own = own_stores(sight, role, &actions);
    let instead = match own.as_slice() {
        [] => String::new(),
        own => format!(" Of these files it could only mean {}.", list(own.iter().copied())),
    };
    let message = format!(
        "{} may use {}, other applications' too.{instead}",
        users.subject,
        uses(found.iter().map(|(statement, action, _)| (*statement, *action)))
    );
    let mut finding =
        users.finding(&catalogue::WILDCARD_RESOURCE, role, first.place, message).severity(severity);
    let mut places = BTreeSet::from([first.place]);
    for (statement, action, _) in &found {
        if places.insert(statement.place) {
            finding = finding.seen_at(statement.place, format!("allows {action}"));
        }
    }
    verdict.report(finding.advice(naming(sight, role, first, &actions, &own)));
}

/// How a statement on everything is held to one thing.
fn naming(
    sight: &Sight<'_>,
    role: &Role,
    statement: &Statement,
    actions: &BTreeSet<&str>,
    own: &[&str],
) -> String {
    let service = |action: &str| action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let services: BTreeSet<String> = actions.iter().map(|action| service(action)).collect();
    let only = services.first().filter(|_| services.len() == 1).map_or("", String::as_str);
    if let Origin::Template(template) = &statement.origin {
        // What such a template is given is a name, as these things have it by these attributes.
        let thing = match own {
            [one] => *one,
            _ => "<Thing>",
        };
        let given = match only {
            "dynamodb" => format!("TableName: !Ref {thing}"),
            "s3" => format!("BucketName: !Ref {thing}"),
            "sqs" => format!("QueueName: !GetAtt {thing}.QueueName"),
            "sns" => format!("TopicName: !GetAtt {thing}.TopicName"),
            "lambda" => format!("FunctionName: !Ref {thing}"),
            "kinesis" => format!("StreamName: !Ref {thing}"),
            _ => {
                return format!(
                    "Give the policy template `{template}` the name of the one thing that is used."
                );
            }
        };
        return format!("Name the thing: `{template}: {{ {given} }}`.");
    }
    if only == "ses" {
        let arn = "ses:<region>:<account>:identity/<domain>";
        return format!("Name the identity that sends, by its ARN: `arn:aws:{arn}`.");
    }
    by_role(
        sight,
        role,
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `Resource: !GetAtt <Thing>.Arn` (for a bucket's objects `!Sub \"${<Bucket>.Arn}/*\"`).",
        "Name the resource: `resources = [aws_….arn]` (for a bucket's objects `\"${aws_s3_bucket.….arn}/*\"`).",
    )
    .to_owned()
}

/// The patterns of a statement that are granted on everything, each with its weight; what cannot be told is written down.
fn granted_on_everything<'a>(
    role: &Role,
    statement: &'a Statement,
    left: &Left<'_, '_, '_>,
    told: &Told<'_>,
    verdict: &mut Verdict,
) -> Vec<(&'a Statement, &'a str, Severity)> {
    let binding = iam::binding(statement);
    if matches!(binding, Binding::Narrowed | Binding::Never) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut unknown: Option<(&str, String)> = None;
    let patterns = statement.actions.iter().filter_map(Setting::known);
    for action in
        patterns.filter(|it| !is_every_action(it) && !told.contains(&(statement.place, it.as_str())))
    {
        let mut worst = None;
        for fact in on_everything(statement, action) {
            let is_left = match &binding {
                Binding::Unreadable(why) => iam::Verdict::Unknown(why.clone()),
                _ => left.everywhere(fact),
            };
            match is_left {
                iam::Verdict::Yes => worst = worst.max(Some(weight(fact))),
                iam::Verdict::Unknown(why) => _ = unknown.get_or_insert((action, why)),
                iam::Verdict::No => {}
            }
        }
        found.extend(worst.map(|severity| (statement, action.as_str(), severity)));
    }
    if let Some((action, why)) = unknown {
        let why = format!(
            "whether `{}` may use `{action}` on every resource of the account cannot be told: {why}",
            role.name
        );
        verdict.unknown(Some(&role.name), statement.place, why);
    }
    found
}

/// Actions on everything, with the policy through which each of them comes.
fn uses<'a>(found: impl Iterator<Item = (&'a Statement, &'a str)>) -> String {
    let mut groups: BTreeMap<Option<&str>, BTreeSet<&str>> = BTreeMap::new();
    for (statement, action) in found {
        let by = match &statement.origin {
            Origin::Managed(name) | Origin::Template(name) => Some(name.as_str()),
            _ => None,
        };
        groups.entry(by).or_default().insert(action);
    }
    let clause = |(by, actions): (&Option<&str>, &BTreeSet<&str>)| {
        let by = by.map_or(String::new(), |policy| format!(" (through the policy `{policy}`)"));
        format!("{} on every resource of the account{by}", list(actions))
    };
    join(&groups.iter().map(clause).collect::<Vec<_>>(), "and")
}

/// The stores of the app that a role may use such actions on.
fn own_stores<'a>(sight: &Sight<'a>, role: &Role, actions: &BTreeSet<&str>) -> Vec<&'a str> {
    let Some(permissions) = sight.grants.role(&role.name) else { return Vec::new() };
    let may = |hold: &&Hold<'a>| actions.iter().any(|action| permissions.may(action, hold.target).is_yes());
    let reach = permissions.reach();
    let stores = reach.holds.iter().filter(|hold| matches!(hold.target, Target::Store(_)));
    stores.filter(may).filter_map(|hold| hold.target.name()).map(Name::as_str).collect()
}

/// The name of a managed policy that allows a whole service, where that is told.
fn broad_policy<'a>(statement: &'a Statement, told: &Told<'_>) -> Option<&'a str> {
    let Origin::Managed(name) = &statement.origin else { return None };
    let whole = |it: &&str| is_every_action(it) || told.contains(&(statement.place, it));
    whole_patterns(statement).iter().any(whole).then_some(name)
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
