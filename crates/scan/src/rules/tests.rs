mod appsync;
mod bounds;
mod certificates;
mod code;
mod formats;
mod graphs;
mod logins;
mod rates;
mod roles;
mod secrets;
mod terraform;

use super::*;
use crate::finding::Severity;
use crate::graph::sketch::{self, Sketch, allow, allow_on, allow_within, place, place_at};
use crate::graph::*;
use crate::known::{Known, Piece, Setting, Text};

/// The ids that the rules report for an app, sorted, with what each says.
fn judged(app: &App) -> Vec<(&'static str, String)> {
    let tree = SourceTree::new();
    let verdict = judge(&Context::bare(&tree, app, &[]));
    let mut found: Vec<_> =
        verdict.findings.into_iter().map(|finding| (finding.rule.id, finding.message)).collect();
    found.sort();
    found
}

/// What is reported, except for what most drawings would have as well: see [`bills`].
fn check(draw: impl FnOnce(&mut App), wanted: &[&str]) {
    let mut app = sketch::app();
    draw(&mut app);
    let found = judged(&app);
    let ids = found.iter().map(|(id, _)| *id);
    let bills = wanted.contains(&"unbounded-public-function")
        || app.routes.iter().any(|r| r.path.is(&"/".to_owned()));
    let ids: Vec<_> = ids.filter(|id| bills || *id != "unbounded-public-function").collect();
    assert_eq!(ids, wanted, "{found:#?}");
}

#[test]
fn routes() {
    let draw = |app: &mut App| {
        app.draw_store("Orders", StoreKind::Table);
        app.draw_function("Create", vec![allow_on(&["dynamodb:PutItem"], &["Orders"])]);
        app.draw_api("Api", ApiKind::Http);
    };
    check(
        |app| {
            draw(app);
            app.draw_route("Api", "POST /orders", "Create", Access::Anyone);
            app.draw_route("Api", "GET /orders", "Create", Access::Anyone);
            app.draw_route("Api", "OPTIONS /orders", "Create", Access::Anyone);
        },
        &["open-route"],
    );
    check(
        |app| {
            draw(app);
            app.draw_route("Api", "POST /orders", "Create", Access::Iam);
            app.draw_route("Api", "OPTIONS /orders", "Create", Access::Anyone);
        },
        &[],
    );
    // Not reachable from the internet.
    check(
        |app| {
            draw(app);
            app.apis[0].endpoint = Setting::new(place(), Endpoint::Private);
            app.draw_route("Api", "POST /orders", "Create", Access::Anyone);
        },
        &[],
    );
    check(
        |app| {
            draw(app);
            app.draw_route("Api", "POST /orders", "Create", Access::Anyone).api_key = true;
        },
        &["api-key-only"],
    );
}

#[test]
fn a_route_says_what_it_leads_to() {
    let mut app = sketch::app();
    app.draw_store("Orders", StoreKind::Table);
    app.draw_function("Create", vec![allow_on(&["dynamodb:PutItem"], &["Orders"])]);
    app.draw_api("Api", ApiKind::Http);
    app.draw_route("Api", "POST /orders", "Create", Access::Anyone);
    let tree = SourceTree::new();
    let verdict = judge(&Context::bare(&tree, &app, &[]));
    let finding = verdict.findings.iter().find(|finding| finding.rule.id == "open-route").unwrap();
    assert_eq!(
        finding.message,
        "Anyone on the internet can call `POST /orders`, which runs `Create`, which may change `Orders`. Nothing asks who calls."
    );
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.subjects, [Name::from("Create")]);
}

#[test]
fn what_an_interface_does_itself_is_open_too() {
    let done = |method: &str, uri: &str| {
        let mut app = sketch::app();
        app.draw_api("Api", ApiKind::Rest);
        app.draw_function("F", vec![]);
        let route = app.draw_route("Api", &format!("{method} /orders"), "F", Access::Anyone);
        route.target = Known::Unknown(format!("`{uri}` answers, which is no function of these files"));
        let tree = SourceTree::new();
        let verdict = judge(&Context::bare(&tree, &app, &[]));
        let finding = verdict.findings.into_iter().find(|finding| finding.rule.id == "open-route").unwrap();
        (finding.severity, finding.message)
    };
    let of = |uri: &str| done("GET", uri);
    let (severity, message) = of("arn:aws:apigateway:${AWS::Region}:dynamodb:action/Scan");
    assert_eq!(severity, Severity::Medium);
    assert!(message.contains("which does `dynamodb:action/Scan` itself"), "{message}");
    assert_eq!(of("https://example.com/orders").0, Severity::Low);
    assert_eq!(of("arn:aws:apigateway:${AWS::Region}:s3:path/site/index.html").0, Severity::Low);
    let (severity, message) = done("DELETE", "arn:aws:apigateway:eu-west-1:s3:path/${Files}/{key}");
    assert_eq!(severity, Severity::Medium);
    assert!(message.contains("which does `s3:path/${Files}/{key}` itself"), "{message}");
}

#[test]
fn exceptions_to_a_default() {
    let authorizer = |app: &mut App| {
        app.draw_function("F", vec![]);
        app.draw_api("Api", ApiKind::Http);
        app.authorizers.push(Authorizer {
            name: Name::from("Pool"),
            place: place(),
            api: Some(Name::from("Api")),
            kind: AuthorizerKind::UserPool(vec![]),
        });
    };
    let guarded = || Access::Authorizer(Name::from("Pool"));
    let none = |app: &mut App, route: &str| {
        app.draw_route("Api", route, "F", Access::Anyone).access.place = place_at(9_000);
    };
    check(
        |app| {
            authorizer(app);
            app.draw_route("Api", "POST /orders", "F", guarded());
            none(app, "GET /health");
        },
        &[],
    );
    check(
        |app| {
            authorizer(app);
            app.draw_route("Api", "POST /orders", "F", guarded());
            none(app, "DELETE /orders");
        },
        &["open-route"],
    );
    check(
        |app| {
            authorizer(app);
            app.draw_route("Api", "GET /orders", "F", Access::Anyone);
        },
        &["open-route", "unused-authorizer"],
    );
    // What it says itself makes nothing of what it reaches public.
    for (framework, method) in [
        (Framework::Sam, "GET /orders"),
        (Framework::CloudFormation, "GET /orders"),
        (Framework::Sam, "OPTIONS /elsewhere"),
    ] {
        check(
            |app| {
                authorizer(app);
                app.framework = framework;
                app.draw_store("Orders", StoreKind::Table);
                app.draw_function("Read", vec![allow_on(&["dynamodb:Scan"], &["Orders"])]);
                app.draw_route("Api", "POST /orders", "F", guarded());
                app.draw_route("Api", method, "Read", Access::Anyone).access.place = place_at(9_000);
            },
            &["open-route"],
        );
    }
    check(
        |app| {
            app.draw_function("F", vec![]);
            app.draw_api("Api", ApiKind::Rest);
            app.draw_route("Api", "OPTIONS /orders", "F", Access::Anyone);
        },
        &[],
    );
    // How the app is, may be asked by everyone.
    check(
        |app| {
            authorizer(app);
            app.draw_store("Orders", StoreKind::Table);
            app.draw_function("Read", vec![allow_on(&["dynamodb:Scan"], &["Orders"])]);
            app.draw_route("Api", "POST /orders", "Read", guarded());
            app.draw_route("Api", "PUT /orders", "F", guarded());
            app.draw_route("Api", "GET /health", "Read", Access::Anyone).access.place = place_at(9_000);
        },
        &[],
    );
    // What cannot be told may use it.
    check(
        |app| {
            authorizer(app);
            let route = app.draw_route("Api", "GET /orders", "F", Access::Anyone);
            route.access = Setting::unknown(place(), "a parameter chooses it");
        },
        &[],
    );
}

#[test]
fn what_cannot_be_told_is_listed() {
    let mut app = sketch::app();
    app.draw_function("F", vec![]);
    app.draw_api("Api", ApiKind::Http);
    app.draw_route("Api", "GET /orders", "F", Access::Anyone).access =
        Setting::unknown(place(), "a parameter chooses it");
    let tree = SourceTree::new();
    let verdict = judge(&Context::bare(&tree, &app, &[]));
    assert_eq!(verdict.findings, []);
    assert_eq!(
        verdict.unknowns.iter().map(|unknown| unknown.why.as_str()).collect::<Vec<_>>(),
        ["who may call `GET /orders` cannot be told: a parameter chooses it"]
    );
}

#[test]
fn websockets_and_urls() {
    let websocket = |route: &'static str, access: Access| {
        move |app: &mut App| {
            app.draw_function("F", vec![]);
            app.draw_api("Chat", ApiKind::Websocket);
            app.draw_route("Chat", route, "F", access);
            app.draw_route("Chat", "send", "F", Access::Anyone);
        }
    };
    check(websocket("$connect", Access::Anyone), &["open-websocket"]);
    check(websocket("$connect", Access::Iam), &[]);
    check(websocket("$disconnect", Access::Anyone), &["open-websocket"]);
    let url = |access: Access, origins: &'static [&'static str], credentials: bool| {
        move |app: &mut App| {
            let origins = origins.iter().map(|origin| Setting::new(place(), (*origin).to_owned())).collect();
            app.draw_function("F", vec![]).url = Some(FunctionUrl {
                place: place(),
                access: Setting::new(place(), access),
                cors: Some(Cors {
                    place: place(),
                    origins,
                    credentials: Some(Setting::new(place(), credentials)),
                    headers: vec![],
                    methods: vec![],
                }),
            });
        }
    };
    check(url(Access::Anyone, &["https://shop.example"], true), &["open-function-url"]);
    check(url(Access::Iam, &["*"], false), &[]);
    check(url(Access::Iam, &["https://*"], true), &["cors-credentials"]);
}

#[test]
fn bills() {
    let public = |limit: Option<u64>, throttled: bool| {
        move |app: &mut App| {
            app.draw_api("Api", ApiKind::Http).throttled = throttled.then(|| Setting::new(place(), true));
            app.draw_function("F", vec![]).concurrency = limit.map(|limit| Setting::new(place(), limit));
            app.draw_route("Api", "GET /", "F", Access::Anyone);
        }
    };
    check(public(None, false), &["open-route", "unbounded-public-function"]);
    check(public(Some(10), false), &["open-route"]);
    check(public(None, true), &["open-route"]);
}

#[test]
fn loops() {
    let copy = |from: &'static str, to: &'static str| {
        move |app: &mut App| {
            app.draw_store("In", StoreKind::Bucket);
            app.draw_store("Out", StoreKind::Bucket);
            app.draw_function("F", vec![allow_within(&["s3:PutObject"], &[to])]);
            app.draw_trigger(TriggerKind::Bucket, from, "F");
        }
    };
    check(copy("In", "Out"), &[]);
    check(copy("In", "In"), &["trigger-loop"]);
    // Round two corners.
    check(
        |app| {
            app.draw_store("In", StoreKind::Bucket);
            app.draw_store("Jobs", StoreKind::Queue);
            app.draw_function("F", vec![allow_on(&["sqs:SendMessage"], &["Jobs"])]);
            app.draw_function("G", vec![allow_within(&["s3:PutObject"], &["In"])]);
            app.draw_trigger(TriggerKind::Bucket, "In", "F");
            app.draw_trigger(TriggerKind::Queue, "Jobs", "G");
        },
        &["trigger-loop"],
    );
}

fn everyone(actions: &[&str]) -> Statement {
    Statement { principals: vec![Principal::Anyone], ..allow(actions, &["*"]) }
}

fn service(name: &str) -> Statement {
    let principals = vec![Principal::Service(Text::literal(name, place()))];
    Statement { principals, ..allow(&["lambda:InvokeFunction"], &["*"]) }
}

#[test]
fn permissions() {
    let with = |statement: Statement| {
        move |app: &mut App| {
            app.draw_function("F", vec![]).permissions.push(statement);
            app.mentioned.insert(Name::from("F"));
        }
    };
    check(with(everyone(&["lambda:InvokeFunction"])), &["open-permission"]);
    check(with(service("s3.amazonaws.com")), &["confused-deputy"]);
    check(with(service("edgelambda.amazonaws.com")), &[]);
    check(with(Statement { origin: Origin::Framework, ..service("s3.amazonaws.com") }), &[]);
    let source = Condition {
        operator: "ArnLike".to_owned(),
        key: "AWS:SourceArn".to_owned(),
        values: vec![Text::literal("arn:aws:s3:::photos", place())],
    };
    check(with(Statement { conditions: vec![source], ..service("s3.amazonaws.com") }), &[]);
}

#[test]
fn a_policy_for_everyone_weakens_only_what_asks_for_signatures() {
    let with = |access: &'static [Access]| {
        move |app: &mut App| {
            app.draw_function("F", vec![]);
            app.draw_api("Api", ApiKind::Rest).policy.push(everyone(&["execute-api:Invoke"]));
            for (path, access) in ["GET /a", "GET /b"].iter().zip(access) {
                app.draw_route("Api", path, "F", access.clone());
            }
        }
    };
    check(with(&[Access::Anyone]), &["open-route"]);
    check(with(&[Access::Iam]), &["open-permission"]);
    check(with(&[Access::Anyone, Access::Iam]), &["open-permission", "open-route"]);
}

#[test]
fn stores() {
    let bucket = |website: bool, actions: &'static [&'static str], block: Option<bool>| {
        move |app: &mut App| {
            let store = app.draw_store("Photos", StoreKind::Bucket);
            store.website = website;
            store.policy.push(everyone(actions));
            store.public.block_policy = block.map(|value| Setting::new(place(), value));
        }
    };
    check(bucket(false, &["s3:GetObject"], None), &["open-store"]);
    check(bucket(false, &["s3:GetObject"], Some(true)), &[]);
    check(bucket(true, &["s3:GetObject"], Some(false)), &[]);
    check(bucket(true, &["s3:GetObject", "s3:PutObject"], Some(false)), &["open-store"]);
    let kind = |kind: StoreKind, encryption: Option<Encryption>| {
        move |app: &mut App| {
            app.draw_store("Data", kind).encryption = encryption.map(|value| Setting::new(place(), value));
        }
    };
    check(kind(StoreKind::Bucket, None), &[]);
    check(kind(StoreKind::Table, Some(Encryption::Off)), &[]);
    check(kind(StoreKind::Database("RDS".to_owned()), None), &["unencrypted-store"]);
    check(kind(StoreKind::Stream, Some(Encryption::Off)), &["unencrypted-store"]);
    check(kind(StoreKind::FileSystem, Some(Encryption::Provider)), &[]);
    let list = |list: &'static str| {
        move |app: &mut App| {
            app.draw_store("Photos", StoreKind::Bucket).public.acl =
                Some(Setting::new(place(), list.to_owned()));
        }
    };
    check(list("PublicRead"), &["open-store"]);
    check(list("public-read-write"), &["open-store"]);
    check(list("LogDeliveryWrite"), &[]);
    // Showing objects needs no list of them.
    let website = |acl: &'static str| {
        move |app: &mut App| {
            list(acl)(app);
            app.stores[0].website = true;
        }
    };
    check(website("PublicRead"), &["open-store"]);
    check(website("Private"), &[]);
    check(
        |app| {
            let store = app.draw_store("Db", StoreKind::Database("RDS".to_owned()));
            store.encryption = Some(Setting::new(place(), Encryption::Provider));
            store.public.reachable = Some(Setting::new(place(), true));
        },
        &["public-database"],
    );
}

#[test]
fn obsolete() {
    check(
        |app| {
            app.draw_function("F", vec![]);
        },
        &["unused-function"],
    );
    check(
        |app| {
            app.draw_function("F", vec![]);
            app.mentioned.insert(Name::from("F"));
        },
        &[],
    );
    check(
        |app| {
            app.draw_function("F", vec![]);
            app.draw_store("Jobs", StoreKind::Queue);
            app.draw_trigger(TriggerKind::Queue, "Jobs", "F").enabled = Known::Value(false);
        },
        &["dead-trigger"],
    );
    check(
        |app| {
            app.draw_store("Jobs", StoreKind::Queue);
            app.draw_trigger(TriggerKind::Queue, "Jobs", "Gone");
        },
        &["dead-trigger"],
    );
}

#[test]
fn hygiene_is_silent_unless_asked_for() {
    let mut app = sketch::app();
    app.draw_function("F", vec![]);
    app.draw_trigger(TriggerKind::Schedule, "Clock", "F");
    let tree = SourceTree::new();
    let ids = |hygiene| {
        let verdict = judge(&Context { hygiene, ..Context::bare(&tree, &app, &[]) });
        verdict.findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(false), [""; 0]);
    let mut advice = ids(true);
    advice.sort_unstable();
    assert_eq!(advice, ["no-concurrency-limit", "no-dead-letter-queue", "no-private-network", "no-tracing"]);
}
