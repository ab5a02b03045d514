use proptest::prelude::*;

use super::*;
use crate::finding::Rule;
use crate::graph::sketch::{Sketch, allow, allow_on, app, place};
use crate::graph::{Access, ApiKind, Endpoint, ManagedPolicy, StoreKind, TriggerKind};
use crate::known::{Known, Piece, Setting, Text};
use crate::rules::catalogue;

fn found(id: &str, subjects: &[&str]) -> Finding {
    let rule: &'static Rule =
        catalogue::ALL.iter().find(|rule| rule.id == id).unwrap_or_else(|| panic!("{id}"));
    let names: Vec<_> = subjects.iter().map(|name| Name::from(*name)).collect();
    Finding::new(rule, format!("{id} {}", subjects.join(" ")), place(), "").touching(&names)
}

/// A function behind `POST /orders`, with a role, a table and a secret.
fn shop(access: Access, statements: Vec<crate::graph::Statement>) -> App {
    let mut app = app();
    app.draw_api("Api", ApiKind::Http);
    app.draw_function("Orders", statements);
    app.draw_route("Api", "POST /orders", "Orders", access);
    app.draw_store("Table", StoreKind::Table);
    app.draw_secret("Key");
    app
}

fn crud() -> crate::graph::Statement {
    allow_on(&["dynamodb:GetItem", "dynamodb:PutItem"], &["Table"])
}

fn signed_in() -> Access {
    Access::Authorizer("Pool".into())
}

#[test]
fn what_is_reached_and_how_much_that_weighs() {
    let check = |app: &App, findings: &[Finding], expect: &[(Reached, u8)], points: u8| {
        let assessed = assess(app, findings);
        let paths: Vec<_> = assessed.paths.iter().map(|path| (path.reached.clone(), path.risk)).collect();
        assert_eq!(paths, expect, "{:#?}", assessed.paths);
        assert_eq!(assessed.score.points, points, "{:?}", assessed.score);
    };
    let table = || Reached::Store("Table".into());
    let open = shop(Access::Anyone, vec![crud()]);
    check(&open, &[], &[(table(), 20)], 20);
    check(&shop(signed_in(), vec![crud()]), &[], &[(table(), 3)], 3);
    check(&shop(Access::Iam, vec![crud()]), &[], &[(table(), 1)], 1);
    check(&shop(Access::Anyone, Vec::new()), &[], &[], 0);
    check(&open, &[found("command-injection", &["Orders"])], &[(table(), 50)], 50);
    let admin = || allow(&["*"], &["*"]);
    let all = assess(&shop(Access::Anyone, vec![admin()]), &[]);
    assert_eq!((&all.paths[0].reached, all.paths[0].risk), (&Reached::Account, 25));
    assert_eq!(all.paths.len(), 1, "{:#?}", all.paths);
    let worst = assess(&shop(Access::Anyone, vec![admin()]), &[found("code-injection", &["Orders"])]);
    assert_eq!((worst.score.points, worst.score.grade), (100, Grade::F));
    // Without functions.
    check(&shop(signed_in(), Vec::new()), &[found("open-store", &["Table"])], &[(table(), 50)], 50);
    let trust = shop(signed_in(), vec![allow_on(&["secretsmanager:GetSecretValue"], &["Key"])]);
    let key = Reached::Secret("Key".into());
    check(&trust, &[found("open-trust", &["OrdersRole"])], &[(key, 70)], 70);
    let leak = found("secret-in-template", &[]);
    let cause = Reached::Leak("secret-in-template secret-in-template ".into());
    check(&shop(signed_in(), Vec::new()), &[leak], &[(cause, 18)], 18);
    check(&app(), &[], &[], 0);
}

#[test]
fn what_is_unknown_counts_for_less_and_not_for_nothing() {
    let weigh = |change: &dyn Fn(&mut App)| {
        let mut app = shop(Access::Anyone, vec![crud()]);
        change(&mut app);
        let assessed = assess(&app, &[]);
        let told = assessed.paths.first().is_some_and(|path| !path.unknown.is_empty());
        (assessed.score.points, told)
    };
    let (open, told) = weigh(&|_| {});
    assert!(!told);
    let (half, told) = weigh(&|app| app.routes[0].access = Setting::unknown(place(), "it is a parameter"));
    assert!(told && half > 0 && half < open, "{half}");
    let (half, told) = weigh(&|app| {
        app.roles[0].statements[1].resources = vec![Text::unknown("it is imported", place())];
    });
    assert!(told && half > 0 && half < open, "{half}");
    let (half, told) =
        weigh(&|app| app.functions[0].role = Some(Setting::unknown(place(), "it is a parameter")));
    assert!(told && half > 0 && half < open, "{half}");
    let (some, told) = weigh(&|app| {
        app.roles[0].statements.truncate(1);
        let policy = Text { pieces: vec![Piece::Parameter("Policy".into())], place: place() };
        app.roles[0].managed =
            vec![ManagedPolicy { policy, statements: Known::Unknown("it is a parameter".into()) }];
    });
    assert!(told && some > 0 && some < open, "{some}");
}

#[test]
fn ways_in() {
    let check = |change: &dyn Fn(&mut App), findings: &[Finding], expect: Option<u16>| {
        let mut app = shop(signed_in(), vec![crud()]);
        app.routes.clear();
        change(&mut app);
        let likelihood = assess(&app, findings).paths.first().map(|path| path.likelihood);
        assert_eq!(likelihood, expect);
    };
    let route = |app: &mut App, route: &str, access| {
        app.draw_route("Api", route, "Orders", access);
    };
    check(&|_| {}, &[], None);
    check(&|app| route(app, "POST /", Access::Anyone), &[], Some(400));
    check(&|app| route(app, "GET /", Access::Anyone), &[], Some(250));
    check(&|app| route(app, "OPTIONS /", Access::Anyone), &[], None);
    check(&|app| route(app, "POST /", signed_in()), &[], Some(62));
    check(
        &|app| {
            route(app, "GET /", Access::Anyone);
            route(app, "POST /", Access::Anyone);
        },
        &[],
        Some(400),
    );
    check(
        &|app| {
            route(app, "POST /", Access::Anyone);
            app.routes[0].api_key = true;
        },
        &[],
        Some(150),
    );
    check(
        &|app| {
            route(app, "POST /", Access::Anyone);
            app.apis[0].endpoint = Setting::new(place(), Endpoint::Private);
        },
        &[],
        Some(25),
    );
    check(
        &|app| {
            route(app, "POST /", Access::Anyone);
            app.functions[0].deployed = Known::Value(false);
        },
        &[],
        None,
    );
    let websocket = |access: Access| {
        move |app: &mut App| {
            app.apis[0].kind = ApiKind::Websocket;
            app.draw_route("Api", "$connect", "Orders", access.clone());
            app.draw_route("Api", "send", "Orders", Access::Anyone);
        }
    };
    check(&websocket(signed_in()), &[], Some(62));
    check(&websocket(Access::Anyone), &[], Some(400));
    let bucket = |app: &mut App| {
        app.draw_store("Uploads", StoreKind::Bucket);
        app.draw_trigger(TriggerKind::Bucket, "Uploads", "Orders");
    };
    check(&bucket, &[], None);
    let mut app = shop(signed_in(), vec![crud()]);
    app.routes.clear();
    bucket(&mut app);
    let path = assess(&app, &[found("open-store", &["Uploads"])])
        .paths
        .into_iter()
        .find(|path| path.reached == Reached::Store("Table".into()));
    assert_eq!(
        path.unwrap().steps[0].text,
        "whoever the store lets in, which is everyone, can use `Uploads`"
    );
    check(&|_| {}, &[found("open-permission", &["Orders"])], Some(225));
}

#[test]
fn a_path_goes_on_to_other_functions() {
    let mut app = shop(Access::Anyone, vec![allow_on(&["sqs:SendMessage"], &["Jobs"])]);
    app.draw_store("Jobs", StoreKind::Queue);
    app.draw_function("Worker", vec![crud()]);
    app.draw_trigger(TriggerKind::Queue, "Jobs", "Worker");
    let assessed = assess(&app, &[found("command-injection", &["Worker"])]);
    let path = &assessed.paths[0];
    assert_eq!((&path.reached, path.likelihood), (&Reached::Store("Table".into()), 500));
    let kinds: Vec<_> = path.steps.iter().map(|step| step.kind).collect();
    use StepKind::{Entry, Function, Goal, Hop, Role, Weakness};
    assert_eq!(kinds, [Entry, Function, Hop, Weakness, Role, Goal], "{:#?}", path.steps);
    // Code that may be replaced is controlled at once; a ring of functions ends.
    let mut app = shop(Access::Anyone, vec![allow_on(&["lambda:UpdateFunctionCode"], &["Worker"])]);
    app.draw_function("Worker", vec![crud(), allow_on(&["lambda:InvokeFunction"], &["Orders"])]);
    let path = assess(&app, &[])
        .paths
        .into_iter()
        .find(|path| path.reached == Reached::Store("Table".into()))
        .unwrap();
    assert_eq!(path.likelihood, 250);
    assert!(
        path.steps.iter().any(|step| step.text.contains("runs its own code with the role of `Worker`")),
        "{:#?}",
        path.steps
    );
    assert_eq!(path.needs, ["a flaw in the code of `Orders`"]);
}

#[test]
fn the_one_change() {
    let check = |app: &App, findings: &[Finding], expect: Option<&str>| {
        let assessed = assess(app, findings);
        let text = assessed.best_change.as_ref().map(|change| change.text.as_str());
        assert!(
            text.unwrap_or("").contains(expect.unwrap_or("")) && text.is_some() == expect.is_some(),
            "{:?}",
            assessed.best_change
        );
        if let Some(change) = assessed.best_change {
            assert_eq!(change.remaining + change.saved, assessed.score.points);
        }
    };
    check(&shop(Access::Anyone, vec![crud()]), &[], Some("authorizer ask who calls at `Api`"));
    check(&shop(signed_in(), vec![crud()]), &[], None);
    check(&shop(signed_in(), Vec::new()), &[found("open-store", &["Table"])], Some("Close `Table`"));
    check(
        &shop(signed_in(), vec![allow(&["*"], &["*"])]),
        &[found("code-injection", &["Orders"])],
        Some("Narrow this statement of `OrdersRole`"),
    );
    check(
        &shop(signed_in(), vec![crud()]),
        &[found("code-injection", &["Orders"])],
        Some("Mend the `code-injection`"),
    );
}

#[test]
fn scores_add_up_and_have_letters() {
    for (points, grade) in [
        (0, Grade::A),
        (9, Grade::A),
        (10, Grade::B),
        (25, Grade::C),
        (45, Grade::D),
        (70, Grade::F),
        (100, Grade::F),
    ] {
        assert_eq!(Grade::of(points), grade);
    }
    let check = |risks: &[u32], expect: &[u8]| assert_eq!(score::running(risks), expect, "{risks:?}");
    check(&[], &[]);
    check(&[100_000], &[100]);
    check(&[100_000, 100_000], &[100, 100]);
    check(&[50_000, 50_000, 50_000], &[50, 62, 67]);
    check(&[0; 100], &[0; 100]);
    assert_eq!(score::points(&[50_000; 200]), score::points(&[50_000; 100]));
}

/// An app at random: functions with grants, routes, stores, triggers, findings.
fn any_app() -> impl Strategy<Value = (App, Vec<Finding>)> {
    const FUNCTIONS: [&str; 4] = ["F0", "F1", "F2", "F3"];
    const GRANTS: [(&[&str], &[&str]); 9] = [
        (&["dynamodb:PutItem"], &["S0"]),
        (&["dynamodb:*"], &["S0"]),
        (&["sqs:SendMessage"], &["S1"]),
        (&["s3:*"], &["S2"]),
        (&["lambda:UpdateFunctionCode"], &["F1"]),
        (&["lambda:InvokeFunction"], &["F2"]),
        (&["secretsmanager:GetSecretValue"], &["K"]),
        (&["*"], &[]),
        (&["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], &[]),
    ];
    const RULES: [&str; 8] = [
        "command-injection",
        "sql-injection",
        "open-store",
        "open-trust",
        "open-permission",
        "secret-in-template",
        "retired-runtime",
        "vulnerable-dependency",
    ];
    const SUBJECTS: [&str; 6] = ["F0", "F1", "F2", "S0", "S2", "F0Role"];
    let grants = prop::collection::vec((0..4_usize, 0..GRANTS.len()), 0..7);
    let routes = prop::collection::vec((0..4_usize, 0..5_u8, any::<bool>()), 0..5);
    let triggers = prop::collection::vec((0..4_usize, 0..3_usize), 0..4);
    let findings = prop::collection::vec((0..RULES.len(), 0..SUBJECTS.len()), 0..5);
    (grants, routes, triggers, findings).prop_map(|(grants, routes, triggers, findings)| {
        let mut app = app();
        app.draw_api("Api", ApiKind::Http);
        for (at, name) in FUNCTIONS.iter().enumerate() {
            let own = grants.iter().filter(|(of, _)| *of == at).filter_map(|(_, grant)| GRANTS.get(*grant));
            let statements =
                own.map(
                    |(actions, on)| {
                        if on.is_empty() { allow(actions, &["*"]) } else { allow_on(actions, on) }
                    },
                );
            app.draw_function(name, statements.collect());
        }
        for (number, kind) in [StoreKind::Table, StoreKind::Queue, StoreKind::Bucket].into_iter().enumerate()
        {
            app.draw_store(&format!("S{number}"), kind);
        }
        app.draw_secret("K");
        for (number, (function, access, writes)) in routes.into_iter().enumerate() {
            let method = if writes { "POST" } else { "GET" };
            let route = app.draw_route(
                "Api",
                &format!("{method} /{number}"),
                FUNCTIONS[function],
                match access {
                    0 | 1 => Access::Anyone,
                    2 => Access::Iam,
                    _ => signed_in(),
                },
            );
            if access == 4 {
                route.access = Setting::unknown(place(), "a parameter");
            }
        }
        for (function, store) in triggers {
            app.draw_trigger(TriggerKind::Queue, &format!("S{store}"), FUNCTIONS[function]);
        }
        let findings = findings.into_iter().map(|(rule, subject)| found(RULES[rule], &[SUBJECTS[subject]]));
        (app, findings.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn less_is_never_worse((app, findings) in any_app()) {
        let before = assess(&app, &findings);
        prop_assert_eq!(&before, &assess(&app, &findings));
        let reasons: u32 = before.score.reasons.iter().map(|reason| u32::from(reason.points)).sum();
        prop_assert_eq!(reasons, u32::from(before.score.points));
        prop_assert!(before.score.reasons.iter().all(|reason| reason.path < before.paths.len()));
        prop_assert!(before.paths.iter().all(|path| !path.steps.is_empty() && path.steps.last().unwrap().kind == StepKind::Goal));
        let mut less = Vec::new();
        for route in 0..app.routes.len() {
            let mut closed = app.clone();
            closed.routes[route].access = Setting::new(place(), signed_in());
            if app.routes[route].access.known() != Some(&Access::Iam) {
                less.push((closed, findings.clone()));
            }
            let mut removed = app.clone();
            removed.routes.remove(route);
            less.push((removed, findings.clone()));
        }
        for role in 0..app.roles.len() {
            for statement in 0..app.roles[role].statements.len() {
                let mut narrowed = app.clone();
                narrowed.roles[role].statements.remove(statement);
                less.push((narrowed, findings.clone()));
            }
        }
        for finding in 0..findings.len() {
            let mut mended = findings.clone();
            mended.remove(finding);
            less.push((app.clone(), mended));
        }
        for (app, findings) in less {
            let after = assess(&app, &findings).score.points;
            prop_assert!(after <= before.score.points, "{} became {after}", before.score.points);
        }
    }
}

#[test]
fn a_large_app_is_bounded() {
    let mut app = app();
    app.draw_api("Api", ApiKind::Http);
    for number in 0..100 {
        let name = format!("F{number}");
        app.draw_function(&name, vec![allow(&["sqs:*", "lambda:*", "dynamodb:*"], &["*"])]);
        app.draw_route("Api", &format!("POST /{number}"), &name, Access::Anyone);
        app.draw_store(&format!("S{number}"), StoreKind::Queue);
        app.draw_trigger(TriggerKind::Queue, &format!("S{number}"), &name);
    }
    let assessed = assess(&app, &[]);
    assert_eq!(assessed.paths.len(), story::MAX_PATHS);
    assert!(assessed.left_out > 0);
}

#[test]
fn functions_of_equal_roles_are_told_like_those_of_a_shared_one() {
    // Two functions, with a role each that says the same or with one for both; the second one is the easier way in.
    let two = |shared: bool| {
        let mut app = app();
        app.draw_api("Api", ApiKind::Http);
        app.draw_store("Table", StoreKind::Table);
        app.draw_function("Closed", vec![crud()]);
        app.draw_function("Open", vec![crud()]);
        if shared {
            app.functions[1].role = app.functions[0].role.clone();
        }
        app.draw_route("Api", "POST /closed", "Closed", signed_in());
        app.draw_route("Api", "POST /open", "Open", Access::Anyone);
        app
    };
    let (each, one) = (assess(&two(false), &[]), assess(&two(true), &[]));
    assert_eq!((each.score.points, each.paths.len()), (one.score.points, 1));
    let names = |assessed: &Assessment| -> Vec<_> {
        assessed.paths[0].steps.iter().filter_map(|step| step.name.clone()).collect()
    };
    assert_eq!(names(&each), ["Open", "OpenRole", "Table"].map(Name::from));
    assert_eq!(names(&one), ["Open", "ClosedRole", "Table"].map(Name::from));
    assert!(each.not_looked_at.is_empty());
}

#[test]
fn a_statement_is_narrowed_for_its_own_role_only() {
    // Both roles may read every table of the account; narrowing one of them leaves the other.
    let mut app = app();
    app.draw_api("Api", ApiKind::Http);
    for (at, name) in ["First", "Second"].into_iter().enumerate() {
        let mut statement = allow(&["dynamodb:*"], &["*"]);
        statement.place = crate::graph::sketch::place_at(10 + at);
        app.draw_function(name, vec![statement]);
        app.draw_route("Api", &format!("GET /{name}"), name, Access::Anyone);
    }
    let assessed = assess(&app, &[]);
    assert_eq!(assessed.paths.len(), 1);
    let advice = assessed.best_change.map(|change| change.text).unwrap_or_default();
    assert!(advice.starts_with("Let an authorizer"), "{advice}");
}

#[test]
fn what_is_not_looked_at_is_told() {
    let mut app = app();
    for at in 0..2_001 {
        let mut function = crate::graph::sketch::app();
        function.draw_function(&format!("F{at}"), Vec::new());
        app.functions.append(&mut function.functions);
    }
    let told = assess(&app, &[]).not_looked_at;
    assert!(told.len() == 1 && told[0].contains("more than 2000 functions"), "{told:?}");
}
