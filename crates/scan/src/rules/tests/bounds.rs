//! What conditions, denies and the ways to more make of a role's statements.

use super::*;

/// What is found of a function's role, and what cannot be told of it.
fn told(statements: Vec<Statement>) -> (Vec<(&'static str, String)>, Vec<String>) {
    let mut app = sketch::app();
    app.draw_function("F", statements);
    app.mentioned.insert(Name::from("F"));
    let tree = SourceTree::new();
    let verdict = judge(&Context::bare(&tree, &app, &[]));
    let found = verdict.findings.into_iter().map(|finding| (finding.rule.id, finding.message));
    (found.collect(), verdict.unknowns.into_iter().map(|unknown| unknown.why).collect())
}

fn rules_of(statements: Vec<Statement>) -> Vec<&'static str> {
    told(statements).0.into_iter().map(|(rule, _)| rule).collect()
}

fn under(operator: &str, key: &str, value: Text) -> Condition {
    Condition { operator: operator.to_owned(), key: key.to_owned(), values: vec![value] }
}

#[test]
fn a_condition_that_is_not_in_the_files_is_unknown() {
    for (actions, wanted) in [
        (&["*"][..], "may do everything"),
        (&["s3:*"], "every action of `s3:*`"),
        (&["dynamodb:GetItem"], "may use `dynamodb:GetItem` on every resource"),
        (&["iam:PutRolePolicy"], "write itself a policy"),
        (&["secretsmanager:GetSecretValue"], "every secret"),
    ] {
        let open = || Text::unknown("nobody says", place());
        for condition in [under("?", "?", open()), under("StringEquals", "aws:ResourceTag/a", open())] {
            let statement = Statement { conditions: vec![condition], ..allow(actions, &["*"]) };
            let (found, unknown) = told(vec![statement]);
            assert_eq!(found, [], "{actions:?}");
            assert!(unknown.iter().any(|why| why.contains(wanted)), "{actions:?}: {unknown:#?}");
        }
        // What never holds is neither.
        let past = Text::literal("2020-01-01T00:00:00Z", place());
        let condition = under("DateLessThan", "aws:CurrentTime", past);
        let statement = Statement { conditions: vec![condition], ..allow(actions, &["*"]) };
        assert_eq!(told(vec![statement]), (vec![], vec![]), "{actions:?}");
    }
}

#[test]
fn what_is_denied_is_not_blamed() {
    let deny = |actions: &[&str], resources: &[&str]| Statement {
        effect: Known::Value(Effect::Deny),
        ..allow(actions, resources)
    };
    assert_eq!(rules_of(vec![allow(&["s3:*"], &["*"]), deny(&["s3:*"], &["*"])]), [""; 0]);
    assert_eq!(
        rules_of(vec![allow(&["s3:*"], &["*"]), deny(&["s3:DeleteBucket"], &["*"])]),
        ["wildcard-action"]
    );
    let one = deny(&["dynamodb:GetItem"], &["arn:aws:dynamodb:*:*:table/a"]);
    assert_eq!(rules_of(vec![allow(&["dynamodb:GetItem"], &["*"]), one]), ["wildcard-resource"]);
    let but_one = Statement { not_resources: true, ..deny(&["*"], &["arn:aws:dynamodb:*:*:table/a"]) };
    let logs = allow(&["dynamodb:GetItem"], &["*"]);
    assert_eq!(rules_of(vec![logs, but_one]), [""; 0]);
}

#[test]
fn one_statement_is_one_cause() {
    assert_eq!(rules_of(vec![allow(&["iam:*"], &["*"])]), ["privilege-escalation"]);
    assert_eq!(rules_of(vec![allow(&["iam:Put*"], &["*"])]), ["privilege-escalation"]);
    assert_eq!(
        rules_of(vec![allow(&["iam:*", "s3:*"], &["*"])]),
        ["privilege-escalation", "wildcard-action"]
    );
    let all_but = Statement { not_actions: true, ..allow(&["s3:*"], &["*"]) };
    let (found, _) = told(vec![all_but]);
    let rules: Vec<_> = found.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, ["wildcard-action"], "{found:?}");
    assert!(found[0].1.contains("This includes reading every secret of the account"), "{found:?}");
    assert!(found[0].1.contains("With that it can rewrite any policy"), "{found:?}");
}

#[test]
fn each_statement_is_told_as_it_is() {
    let managed =
        Statement { origin: Origin::Managed("AmazonSQSFullAccess".to_owned()), ..allow(&["sqs:*"], &["*"]) };
    let (found, _) = told(vec![allow_on(&["dynamodb:*"], &["Orders"]), managed, allow(&["s3:*"], &["*"])]);
    let said = "`F` holds every action of `s3` on everything in the account, and of `sqs` on everything in the account through the policy `AmazonSQSFullAccess`, and of `dynamodb` on what it names: ";
    assert!(found.len() == 1 && found[0].1.starts_with(said), "{found:?}");
}

#[test]
fn words_of_the_provider_s_own_policies_are_not_the_users() {
    let misspelt = |origin| Statement { origin, ..allow(&["sqs:DeleteMessageBatches"], &["*"]) };
    let unknown = |origin| told(vec![misspelt(origin)]).1.len();
    assert_eq!(unknown(Origin::Written), 1);
    assert_eq!(unknown(Origin::Template("SQSPollerPolicy".to_owned())), 0);
    assert_eq!(unknown(Origin::Managed("AmazonSQSFullAccess".to_owned())), 0);
}

#[test]
fn roles_through_which_callers_act() {
    let check = |principal: Principal, wanted: &[&str]| {
        check(
            |app| {
                let role = app.draw_role("R", vec![allow(&["dynamodb:*"], &["*"])]);
                let aud = under(
                    "StringEquals",
                    "cognito-identity.amazonaws.com:aud",
                    Text::literal("eu:1", place()),
                );
                let conditions =
                    if matches!(principal, Principal::Federated(_)) { vec![aud] } else { Vec::new() };
                let trust = Statement {
                    principals: vec![principal.clone()],
                    conditions,
                    ..allow(&["sts:AssumeRole"], &[])
                };
                role.trust.push(trust);
            },
            wanted,
        );
    };
    for service in ["lambda", "states", "apigateway", "appsync", "ecs-tasks", "pipes"] {
        let service = Text::literal(format!("{service}.amazonaws.com"), place());
        check(Principal::Service(service), &["wildcard-action"]);
    }
    check(
        Principal::Federated(Text::literal("cognito-identity.amazonaws.com", place())),
        &["wildcard-action"],
    );
    // Who deploys needs much.
    check(Principal::Service(Text::literal("cloudformation.amazonaws.com", place())), &[]);
}

/// The advice of the only finding of a rule.
fn advice_of(app: &App, rule: &str) -> Vec<String> {
    let tree = SourceTree::new();
    let found = judge(&Context::bare(&tree, app, &[])).findings.into_iter();
    found.filter(|it| it.rule.id == rule).filter_map(|it| it.change).map(|change| change.advice).collect()
}

#[test]
fn advice_follows_the_resource_that_has_to_change() {
    let check = |kind: ApiKind, written: Option<Written>, wanted: &str, bill: &str| {
        let mut app = sketch::app();
        app.draw_function("F", vec![]);
        app.draw_api("Api", kind);
        app.draw_route("Api", "POST /", "F", Access::Anyone);
        app.written.extend(written.map(|written| (Name::from("Api"), written)));
        let (advice, limit) = (advice_of(&app, "open-route"), advice_of(&app, "unbounded-public-function"));
        assert!(advice.len() == 1 && advice[0].contains(wanted), "{kind:?} {written:?}: {advice:?}");
        assert!(limit.len() == 1 && limit[0].contains(bill), "{kind:?} {written:?}: {limit:?}");
    };
    check(ApiKind::Rest, None, "`DefaultAuthorizer`", "(`MethodSettings: [");
    check(
        ApiKind::Rest,
        Some(Written::Resource),
        "Set `AuthorizationType`",
        "on the stage (`MethodSettings:",
    );
    check(ApiKind::Http, Some(Written::Description), "Write `security`", "`DefaultRouteSettings");
    check(ApiKind::LoadBalancer, None, "`authenticate-oidc`", "`RateBasedStatement`");
    // Words that the resource takes, and the authorizer that is there.
    let terraform = |kind: ApiKind, asks: Option<AuthorizerKind>| {
        let mut app = sketch::app();
        app.framework = Framework::Terraform;
        app.draw_function("F", vec![]);
        app.draw_api("a", kind);
        app.draw_route("a", "POST /", "F", Access::Anyone);
        app.authorizers.extend(asks.map(|kind| Authorizer {
            name: Name::from("x.jwt"),
            place: place(),
            api: Some(Name::from("a")),
            kind,
        }));
        advice_of(&app, "open-route").concat()
    };
    let http = terraform(ApiKind::Http, None);
    assert!(http.contains("`JWT`") && !http.contains("COGNITO_USER_POOLS"), "{http}");
    let rest = terraform(ApiKind::Rest, None);
    assert!(rest.contains("`authorization`") && !rest.contains("`JWT`"), "{rest}");
    let own = terraform(
        ApiKind::Http,
        Some(AuthorizerKind::Jwt { issuer: Text::literal("https://i", place()), audience: vec![] }),
    );
    assert_eq!(own, "Set `authorization_type = \"JWT\"` and `authorizer_id = x.jwt.id` on each route.");
    // A role that is written out takes no policy templates.
    let role = |implicit: bool| {
        let mut app = sketch::app();
        app.draw_function("F", vec![allow(&["dynamodb:*"], &["*"])]);
        app.roles[0].implicit = implicit;
        advice_of(&app, "wildcard-action")
    };
    assert!(role(true)[0].contains("policy template"), "{:?}", role(true));
    assert!(!role(false)[0].contains("policy template"), "{:?}", role(false));
}

#[test]
fn addresses_without_a_rate_are_one_cause() {
    let mut app = sketch::app();
    for name in ["F", "G"] {
        app.draw_function(name, vec![]).url =
            Some(FunctionUrl { place: place(), access: Setting::new(place(), Access::Anyone), cors: None });
    }
    let found = judged(&app);
    let bills: Vec<_> = found.iter().filter(|(rule, _)| *rule == "unbounded-public-function").collect();
    assert!(bills.len() == 1 && bills[0].1.contains("`F` and `G`"), "{found:?}");
}
