//! Roles that may do more than any function needs.
//!
//! Invariants: an action that can only be granted on `*` is not blamed for it; a role that may do everything is one finding, not one for each
//! thing that this includes; one statement is one cause; what a deny or a boundary takes away is not blamed. Not here: who may take a role
//! on (`trust`), what the code really uses (`need`).

mod escalation;
mod left;
mod secrets;
mod wildcard;

use self::left::Left;
use self::secrets::EverySecret;
use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Rule, Severity};
use crate::graph::{Effect, Framework, Function, Origin, Principal, Role, Statement};
use crate::iam::statement::{is_every_action, is_every_resource, misspelt};
use crate::iam::{self, Binding, Permissions};
use crate::known::Setting;
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    for role in &sight.app.roles {
        let Some(permissions) = sight.grants.role(&role.name) else { continue };
        let Some((place, why)) = permissions.why_unbounded() else {
            judge(sight, role, &permissions, verdict);
            continue;
        };
        // What a boundary leaves that nobody can read is neither blamed nor excused.
        let mut found = Verdict::default();
        judge(sight, role, &permissions.without_bounds(), &mut found);
        verdict.unknowns.append(&mut found.unknowns);
        let rules: Vec<&str> = found.findings.iter().map(|finding| finding.rule.id).collect();
        if !rules.is_empty() {
            let why = format!(
                "how much of what `{}` is granted it may do cannot be told: {why}; without it there would be {}",
                role.name,
                list(rules)
            );
            verdict.unknown(Some(&role.name), place, why);
        }
    }
}

fn judge<'a>(sight: &Sight<'a>, role: &'a Role, permissions: &Permissions<'_, '_>, verdict: &mut Verdict) {
    let users = Users::of(sight, role);
    if permissions.everything().is_yes() {
        admin(sight, role, &users, verdict);
        return;
    }
    let before = verdict.findings.len();
    if !users.functions.is_empty() || is_exposed(role) {
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
        let left = Left::of(permissions);
        let ways = escalation::of(role, permissions, verdict);
        let mut told = ways.patterns(role);
        let secrets = EverySecret::of(role, permissions, verdict);
        let and_so = (&ways, &secrets);
        wildcard::whole_services(sight, role, &users, &left, and_so, &mut told, verdict);
        secrets.report(role, &users, &told, verdict);
        ways.report(role, &users, verdict);
        wildcard::every_resource(sight, role, &users, &left, &told, verdict);
    }
    if verdict.findings.len() == before
        && let iam::Verdict::Unknown(why) = permissions.without_unread().everything()
    {
        let why = format!("whether `{}` may do everything in the account cannot be told: {why}", role.name);
        let all = |statement: &&Statement| {
            statement.not_actions
                || statement.actions.iter().filter_map(Setting::known).any(|action| is_every_action(action))
        };
        let place = role.statements.iter().find(all).map_or(role.place, |statement| statement.place);
        verdict.unknown(Some(&role.name), place, why);
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

    fn finding(&self, rule: &'static Rule, role: &Role, place: Place, message: String) -> Finding {
        Finding::new(rule, format!("role {}", role.name), place, message)
            .touching(self.functions.iter().map(|function| &function.name))
            .touching((!role.implicit).then_some(&role.name))
    }
}

/// Whether callers of the app act through a role, even if no function of these files is known to: their code or what the provider does
/// for them runs with it. Roles for deploying and for people are as wide as their work.
fn is_exposed(role: &Role) -> bool {
    const RUNS: [&str; 7] =
        ["lambda.", "edgelambda.", "states.", "apigateway.", "appsync.", "ecs-tasks.", "pipes."];
    role.trust.iter().flat_map(|statement| &statement.principals).any(|principal| match principal {
        Principal::Service(text) => {
            text.as_literal().is_some_and(|service| RUNS.iter().any(|it| service.starts_with(it)))
        }
        Principal::Federated(text) => text.to_string().contains("cognito-identity.amazonaws.com"),
        _ => false,
    })
}

/// Whether only services that set up what is described take a role on.
fn deploys(role: &Role) -> bool {
    const SET_UP: [&str; 4] = ["cloudformation.", "codebuild.", "codepipeline.", "codedeploy."];
    let mut principals = role.trust.iter().flat_map(|statement| &statement.principals).peekable();
    principals.peek().is_some()
        && principals.all(|principal| match principal {
            Principal::Service(text) => {
                text.as_literal().is_some_and(|service| SET_UP.iter().any(|it| service.starts_with(it)))
            }
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
    // What a template or a policy of the provider says nobody who uses it can change.
    let own = if statement.origin == Origin::Written { misspelt(statement) } else { Vec::new() };
    for word in own {
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

/// Managed policies that the provider made for functions and what stands beside them, and that it gives no narrower form of.
fn is_usual(policy: &str) -> bool {
    let name = policy.rsplit('/').next().unwrap_or(policy);
    (name.starts_with("AWSLambda") && name.ends_with("ExecutionRole"))
        || [
            "AWSXRayDaemonWriteAccess",
            "AWSXrayWriteOnlyAccess",
            "AWSLambdaENIManagementAccess",
            "AmazonECSTaskExecutionRolePolicy",
            "AmazonAPIGatewayPushToCloudWatchLogs",
            "AWSAppSyncPushToCloudWatchLogs",
            "CloudWatchAgentServerPolicy",
        ]
        .contains(&name)
        || name.starts_with("CloudWatchLambdaInsights")
}

/// Whether a statement speaks of every resource, whatever its conditions.
fn is_everywhere(statement: &Statement) -> bool {
    statement.not_resources || statement.resources.iter().any(is_every_resource)
}

fn admin(sight: &Sight<'_>, role: &Role, users: &Users<'_>, verdict: &mut Verdict) {
    let known = |statement: &&Statement| {
        is_everywhere(statement)
            && iam::binding(statement) == Binding::Nothing
            && statement.actions.iter().filter_map(Setting::known).any(|action| is_every_action(action))
    };
    let statement = allows(role).find(known);
    let place = statement.map_or(role.place, |statement| statement.place);
    let by = match statement.map(|statement| &statement.origin) {
        Some(Origin::Managed(name)) => format!("the policy `{name}`"),
        _ => "`*` on `*`".to_owned(),
    };
    // What sets up whole accounts needs about as much, and no stranger's data comes near it.
    let (severity, and_so) = match (users.functions.is_empty(), deploys(role)) {
        (false, _) => (
            Severity::Critical,
            "one fault in the code, or one package with a backdoor, and the account is an attacker's",
        ),
        (true, false) if is_exposed(role) => {
            (Severity::High, "one fault in what runs with it, and the account is an attacker's")
        }
        (true, false) => (Severity::High, "whoever takes it on has the account"),
        (true, true) => (Severity::Low, "whoever may change what it sets up has the account"),
    };
    let message = format!("{} may do everything in the account ({by}): {and_so}.", users.subject);
    verdict.report(users.finding(&catalogue::ADMIN_ROLE, role, place, message).severity(severity).advice(by_role(
        sight,
        role,
        "Replace it by what the code uses: a policy template such as `DynamoDBCrudPolicy: { TableName: !Ref … }`, or actions and ARNs.",
        "Replace it by the actions that the code uses, on the ARNs that it uses.",
        "Replace it by the actions that the code uses, on the ARNs that it uses.",
        "Replace it by the actions that the code uses, on the ARNs that it uses.",
    )));
}

/// The advice for what has to change: a role that is written out is a resource, whatever the rest of the app is written in.
fn by_role<'a>(
    sight: &Sight<'_>,
    role: &Role,
    sam: &'a str,
    cloudformation: &'a str,
    serverless: &'a str,
    terraform: &'a str,
) -> &'a str {
    match (role.implicit, sight.app.framework) {
        (false, Framework::Sam | Framework::Serverless) => cloudformation,
        _ => by_format(sight.app, sam, cloudformation, serverless, terraform),
    }
}
