//! Resource policies of functions, interfaces, queues and topics: strangers who are let in, services that act for strangers.
//!
//! Not here: policies of buckets and other data that are open to everyone (`stores`), trust policies of roles (`trust`).

mod uses;

use self::uses::Use;
use super::opening::{Opening, open_statement, to_everyone, to_service};
use super::reach::severity_of;
use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Remedy, Worth};
use crate::graph::{
    Access, Api, App, Endpoint, Framework, Function, Origin, Statement, StoreKind, TriggerKind,
};
use crate::known::{Known, Name};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    for function in app.functions.iter().filter(|function| !function.deployed.is(&false)) {
        for statement in &function.permissions {
            open_function(sight, function, statement, verdict);
        }
        deputies(sight, &function.name, &function.permissions, "invoke", verdict);
    }
    for api in &app.apis {
        open_api(sight, api, verdict);
    }
    for store in &app.stores {
        if matches!(store.kind, StoreKind::Queue | StoreKind::Topic) {
            deputies(sight, &store.name, &store.policy, "send to", verdict);
        }
    }
}

fn open_function(sight: &Sight<'_>, function: &Function, statement: &Statement, verdict: &mut Verdict) {
    if is_for_the_url(function, statement) {
        return;
    }
    match to_everyone(statement) {
        Opening::Narrow => {}
        Opening::Unknown(why) => {
            let why = format!("who may use `{}` directly cannot be told: {why}", function.name);
            verdict.unknown(Some(&function.name), statement.place, why);
        }
        Opening::Open => {
            let good_for = Use::of(statement);
            let reach = sight.reach(function);
            let cause = format!("permission of {}", function.name);
            let message = good_for.message(&function.name, reach.clause());
            let found = Finding::new(&catalogue::OPEN_PERMISSION, cause, statement.place, message);
            verdict.report(
                found
                    .touching([&function.name])
                    .severity(good_for.severity(severity_of(Some(&reach))))
                    .advice(narrowing(sight)),
            );
        }
    }
}

/// Whether every account may start a function as it is, past all routes.
pub(super) fn is_for_everyone(function: &Function) -> bool {
    function.permissions.iter().any(|statement| {
        !is_for_the_url(function, statement)
            && to_everyone(statement) == Opening::Open
            && matches!(Use::of(statement), Use::Invokes | Use::Takes(_))
    })
}

/// What the provider demands beside a URL, so that the URL works: it opens what the URL opens anyway.
fn is_for_the_url(function: &Function, statement: &Statement) -> bool {
    let url_only = !statement.actions.is_empty()
        && statement.actions.iter().all(|action| {
            action.known().is_some_and(|action| action.eq_ignore_ascii_case("lambda:InvokeFunctionUrl"))
        });
    let via_url = statement.conditions.iter().any(|condition| {
        let key = condition.key.to_ascii_lowercase();
        key == "lambda:functionurlauthtype" && condition.values.iter().any(|v| v.as_literal() == Some("NONE"))
            || key == "lambda:invokedviafunctionurl"
    });
    let open_url = function.url.as_ref().is_some_and(|url| !matches!(url.access.known(), Some(Access::Iam)));
    via_url || (url_only && open_url)
}

fn open_api(sight: &Sight<'_>, api: &Api, verdict: &mut Verdict) {
    let app = sight.app;
    if api.endpoint.value.is(&Endpoint::Private) {
        return;
    }
    let routes: Vec<_> = app.routes.iter().filter(|route| route.api.is(&api.name)).collect();
    // What an authorizer guards, the policy does not open: both must let a caller in. What asks nobody is open without it. Signatures
    // alone are of no more worth than the policy is.
    let signed: Vec<_> =
        routes.iter().filter(|route| matches!(route.access.known(), Some(Access::Iam))).collect();
    if signed.is_empty() && !routes.is_empty() {
        return;
    }
    match open_statement(&api.policy) {
        Ok(None) => {}
        Err(why) => {
            let why = format!("whom the policy of `{}` lets in cannot be told: {why}", api.name);
            verdict.unknown(Some(&api.name), api.place, why);
        }
        Ok(Some(statement)) => {
            let functions: Vec<_> = signed.iter().filter_map(|route| route.target.value()).collect();
            let message = format!(
                "The resource policy of `{}` lets everyone call it{}: signatures of any account of the provider will do.",
                api.name,
                if functions.is_empty() {
                    String::new()
                } else {
                    format!(", and so run {}", list(functions.iter().map(|name| name.as_str())))
                }
            );
            let cause = format!("policy of {}", api.name);
            let found = Finding::new(&catalogue::OPEN_PERMISSION, cause, statement.place, message);
            verdict.report(found.touching(functions).advice(narrowing(sight)));
        }
    }
}

fn narrowing(sight: &Sight<'_>) -> &'static str {
    by_format(
        sight.app,
        "Name the account or role as `Principal`, or add a condition on `aws:PrincipalOrgID` or `aws:SourceArn`.",
        "Name the account or service as `Principal`, with `SourceArn`, `SourceAccount` or `PrincipalOrgID`.",
        "Name the account or service as `Principal`, with `SourceArn`, `SourceAccount` or `PrincipalOrgID`.",
        "Name the account or service as `principal`, with `source_arn`, `source_account` or `principal_org_id`.",
    )
}

fn deputies(sight: &Sight<'_>, name: &Name, policy: &[Statement], verb: &str, verdict: &mut Verdict) {
    let app = sight.app;
    let mut open: Vec<(&Statement, &str)> = Vec::new();
    for statement in policy.iter().filter(|statement| statement.origin != Origin::Framework) {
        match to_service(statement) {
            Some((service, Opening::Open)) => open.push((statement, service)),
            Some((service, Opening::Unknown(why))) => {
                let why = format!("on whose behalf `{service}` may {verb} `{name}` cannot be told: {why}");
                verdict.unknown(Some(name), statement.place, why);
            }
            _ => {}
        }
    }
    let Some((first, _)) = open.first() else { return };
    let services: Vec<&str> = open.iter().map(|(_, service)| *service).collect();
    let message = format!(
        "{} may {verb} `{name}` on behalf of any customer of the provider: whoever sets up a source of their own and points it here {}.",
        list(&services),
        if verb == "invoke" {
            "runs the function with events of their making"
        } else {
            "sends messages of their making"
        }
    );
    let cause = format!("services of {name}");
    let mut found = Finding::new(&catalogue::CONFUSED_DEPUTY, cause, first.place, message);
    for (statement, service) in open.iter().skip(1) {
        found = found.seen_at(statement.place, format!("{service} may {verb} {name}"));
    }
    let known = |sender: &&crate::graph::Trigger| sender.function.is(name);
    let functions = app.triggers.iter().filter(known).filter_map(|trigger| match &trigger.function {
        Known::Value(function) => Some(function),
        Known::Unknown(_) => None,
    });
    let remedies = own_account(app, name, &open);
    let found =
        found.touching([name]).touching(functions).advice(naming(app, verb == "invoke", services.first()));
    verdict.report(found.safely_mended_by(remedies));
}

/// How a service is held to one source. What a bucket or an interface is named by differs from what others are.
fn naming(app: &App, is_permission: bool, service: Option<&&str>) -> &'static str {
    let source = service.map_or("", |service| service.split('.').next().unwrap_or_default());
    let terraform = app.framework == Framework::Terraform;
    match (is_permission, source, terraform) {
        (false, _, false) => {
            "Add a condition on the source: `ArnEquals: { aws:SourceArn: <its ARN> }`; for buckets `StringEquals: { aws:SourceAccount: !Ref AWS::AccountId }` too."
        }
        (false, _, true) => {
            "Add a condition on the source: `ArnEquals` of `aws:SourceArn`; for buckets `StringEquals` of `aws:SourceAccount` too."
        }
        (true, "s3", false) => {
            "Add `SourceAccount: !Ref AWS::AccountId`, and the bucket as `SourceArn: arn:aws:s3:::<its name>`; `!GetAtt` of a bucket that notifies the function goes in a circle."
        }
        (true, "s3", true) => {
            "Add `source_arn = aws_s3_bucket.<name>.arn`, and `source_account` with the account that the bucket is in."
        }
        (true, "apigateway", false) => {
            "Add `SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${<the interface>}/*`."
        }
        (true, "apigateway", true) => {
            "Add `source_arn = \"${<the interface>.execution_arn}/*\"`; its `arn` is another one, with which every call fails."
        }
        (true, _, false) => {
            "Add `SourceArn` with the ARN of the source: `!GetAtt <rule or queue>.Arn`, `!Ref <topic>`."
        }
        (true, _, true) => "Add `source_arn` with the ARN of the source: `<rule or topic>.arn`.",
    }
}

/// Admits a bucket's events from this account alone. The buckets that are wired to the function are declared here, so they are of this
/// account, and their events still come.
fn own_account(app: &App, function: &Name, open: &[(&Statement, &str)]) -> Vec<Remedy> {
    let template = matches!(app.framework, Framework::Sam | Framework::CloudFormation);
    let mut sources =
        app.triggers_of(function).filter(|trigger| trigger.kind == TriggerKind::Bucket).peekable();
    let own = sources.peek().is_some()
        && sources
            .all(|trigger| trigger.source.references().next().is_some_and(|name| app.store(name).is_some()));
    if !template || !own || open.iter().any(|(_, service)| *service != "s3.amazonaws.com") {
        return Vec::new();
    }
    let path = &["Properties", "SourceAccount"];
    let value = Worth::Reference("AWS::AccountId");
    open.iter().map(|(one, _)| Remedy::Set { of: one.place, path, value: value.clone() }).collect()
}
