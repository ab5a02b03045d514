use super::*;
use crate::facts::Level;
use crate::graph::{
    Boundary, Condition, Framework, ManagedPolicy, Origin, Secret, SecretKind, Store, StoreKind,
};
use crate::iam::Deed;
use crate::known::{Attribute, Piece, Setting, Text};
use crate::source::{Place, SourceTree};

fn place() -> Place {
    Place::whole(SourceTree::new().add("template.yaml", Vec::new()))
}

/// `${Orders}` is a name, `${Orders.Arn}` an ARN, `${?x}` a parameter, `${!}` unknown, `${AWS::X}` the provider's.
fn text(written: &str) -> Text {
    let mut text = Text { pieces: Vec::new(), place: place() };
    let mut rest = written;
    while let Some((before, tail)) = rest.split_once("${") {
        let (inner, after) = tail.split_once('}').unwrap();
        if !before.is_empty() {
            text.push(Piece::Literal(before.to_owned()));
        }
        text.push(match inner.split_once('.') {
            Some((node, "Arn")) => Piece::Of { node: node.into(), attribute: Attribute::Arn },
            _ if inner == "!" => Piece::Unknown("nobody says".to_owned()),
            _ if inner.starts_with("AWS::") => Piece::Provider(inner.to_owned()),
            _ if inner.starts_with('?') => Piece::Parameter(inner.to_owned()),
            _ => Piece::Of { node: inner.into(), attribute: Attribute::Name },
        });
        rest = after;
    }
    if !rest.is_empty() {
        text.push(Piece::Literal(rest.to_owned()));
    }
    text
}

/// `Allow|Deny actions on resources [if key]`; `not` before either list turns it around.
fn statement(written: &str) -> Statement {
    let mut statement = Statement::allow(place(), Origin::Written);
    let (effect, rest) = written.split_once(' ').unwrap();
    statement.effect = match effect {
        "Allow" => Known::Value(Effect::Allow),
        "Deny" => Known::Value(Effect::Deny),
        _ => Known::Unknown("the effect is a parameter".to_owned()),
    };
    let (rest, key) = rest.split_once(" if ").map_or((rest, None), |(rest, key)| (rest, Some(key)));
    let (actions, resources) = rest.split_once(" on ").unwrap();
    let (actions, resources) = (actions.strip_prefix("not ").unwrap_or(actions), resources);
    statement.not_actions = written.contains(" not ") && written.find(" not ") < written.find(" on ");
    statement.not_resources = resources.starts_with("not ");
    let resources = resources.strip_prefix("not ").unwrap_or(resources);
    statement.actions = actions.split(' ').map(|action| Setting::new(place(), action.to_owned())).collect();
    statement.resources = resources.split(' ').map(text).collect();
    statement.conditions = key
        .into_iter()
        .map(|key| {
            let (key, value) = key.split_once('=').unwrap_or((key, "x"));
            Condition { operator: "StringEquals".to_owned(), key: key.to_owned(), values: vec![text(value)] }
        })
        .collect();
    statement
}

fn store(name: &str, kind: StoreKind, physical: Option<&str>) -> Store {
    Store {
        name: name.into(),
        place: place(),
        kind,
        physical: physical.map(text),
        encryption: None,
        policy: Vec::new(),
        public: crate::graph::PublicAccess::default(),
        website: false,
        recovery: None,
        stream: false,
    }
}

fn app(statements: &[&str]) -> App {
    let mut app = App::new("shop", Framework::Sam, place().file, "");
    app.stores = vec![
        store("Orders", StoreKind::Table, None),
        store("Users", StoreKind::Table, Some("users-${?Stage}")),
        store("Photos", StoreKind::Bucket, Some("shop-photos")),
        store("Thumbs", StoreKind::Bucket, Some("${Photos}-small")),
        store("Jobs", StoreKind::Queue, None),
    ];
    app.secrets = vec![
        Secret {
            name: "Key".into(),
            place: place(),
            kind: SecretKind::SecretsManager,
            physical: Some(text("prod/key")),
            value: None,
            policy: Vec::new(),
            rotated: false,
        },
        Secret {
            name: "Flag".into(),
            place: place(),
            kind: SecretKind::SecureParameter,
            physical: Some(text("/prod/flag")),
            value: None,
            policy: Vec::new(),
            rotated: false,
        },
    ];
    let mut function = Function::new("Mailer".into(), place());
    function.physical = Some(text("shop-mailer"));
    app.functions = vec![function, Function::new("Worker".into(), place())];
    app.roles = vec![Role {
        name: "Role".into(),
        place: place(),
        statements: statements.iter().map(|written| statement(written)).collect(),
        managed: Vec::new(),
        trust: Vec::new(),
        boundary: None,
        implicit: true,
    }];
    app
}

fn target<'a>(app: &'a App, name: &str) -> Target<'a> {
    let name = Name::from(name);
    let store = app.store(&name).map(Target::Store);
    let secret = || app.secret(&name).map(Target::Secret);
    store.or_else(secret).or_else(|| app.function(&name).map(Target::Function)).unwrap()
}

/// `yes`, `no`, `unknown`.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Yes => "yes",
        Verdict::No => "no",
        Verdict::Unknown(_) => "unknown",
    }
}

#[test]
fn what_a_role_may_do() {
    let check = |statements: &[&str], action: &str, to: &str, expect: &str| {
        let app = app(statements);
        let grants = Grants::of(&app);
        let verdict = grants.role(&"Role".into()).unwrap().may(action, target(&app, to));
        assert_eq!(word(&verdict), expect, "{statements:?}: {action} to {to}: {verdict:?}");
    };
    let put = "dynamodb:PutItem";
    check(&[], put, "Orders", "no");
    check(&["Allow dynamodb:PutItem on *"], put, "Orders", "yes");
    check(&["Allow * on *"], put, "Orders", "yes");
    check(&["Allow dynamodb:Get* on *"], put, "Orders", "no");
    check(&["Allow DynamoDB:put* on ${Orders.Arn}"], put, "Orders", "yes");
    check(&["Allow dynamodb:* on ${Users.Arn}"], put, "Orders", "no");
    check(&["Allow dynamodb:* on ${Users.Arn}"], put, "Users", "yes");
    check(
        &[
            "Allow dynamodb:* on arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Orders}",
        ],
        put,
        "Orders",
        "yes",
    );
    check(&["Allow dynamodb:* on arn:aws:dynamodb:eu-west-1:123456789012:table/*"], put, "Orders", "yes");
    check(&["Allow dynamodb:* on arn:aws:dynamodb:*:*:table/orders"], put, "Orders", "no");
    check(&["Allow dynamodb:* on arn:aws:dynamodb:*:*:table/shop-*"], put, "Orders", "unknown");
    check(&["Allow dynamodb:* on arn:aws:dynamodb:*:*:table/users-*"], put, "Users", "yes");
    check(&["Allow dynamodb:* on arn:aws:dynamodb:*:*:table/users-${?Stage}"], put, "Users", "yes");
    check(&["Allow dynamodb:* on arn:aws:dynamodb:*:*:table/users-dev"], put, "Users", "unknown");
    check(&["Allow dynamodb:* on ${?TableArn}"], put, "Users", "unknown");
    check(&["Allow dynamodb:* on ${?TableArn}"], put, "Orders", "no");
    check(&["Allow dynamodb:* on ${!}"], put, "Orders", "unknown");
    check(&["Allow dynamodb:* on arn:aws:sqs:*:*:*"], put, "Orders", "no");
    check(&["Allow dynamodb:Query on ${Orders.Arn}/index/*"], "dynamodb:Query", "Orders", "yes");
    check(&["Allow dynamodb:PutItem on ${Orders.Arn}/index/*"], put, "Orders", "no");
    // Objects are within buckets.
    check(&["Allow s3:GetObject on ${Photos.Arn}"], "s3:GetObject", "Photos", "no");
    check(&["Allow s3:GetObject on ${Photos.Arn}/*"], "s3:GetObject", "Photos", "yes");
    check(&["Allow s3:GetObject on arn:aws:s3:::shop-photos/public/*"], "s3:GetObject", "Photos", "yes");
    check(&["Allow s3:* on arn:aws:s3:::shop-photos*"], "s3:GetObject", "Thumbs", "yes");
    check(&["Allow s3:* on arn:aws:s3:::shop-photos"], "s3:ListBucket", "Thumbs", "no");
    check(&["Allow s3:* on arn:aws:s3:::shop-photos-small"], "s3:ListBucket", "Thumbs", "yes");
    // Secrets end in characters that nobody knows.
    check(
        &["Allow secretsmanager:* on arn:aws:secretsmanager:*:*:secret:prod/*"],
        "secretsmanager:GetSecretValue",
        "Key",
        "yes",
    );
    check(
        &["Allow secretsmanager:* on arn:aws:secretsmanager:*:*:secret:prod/key-??????"],
        "secretsmanager:GetSecretValue",
        "Key",
        "yes",
    );
    check(
        &["Allow secretsmanager:* on arn:aws:secretsmanager:*:*:secret:prod/key"],
        "secretsmanager:GetSecretValue",
        "Key",
        "no",
    );
    check(&["Allow secretsmanager:* on ${Key.Arn}"], "secretsmanager:GetSecretValue", "Key", "yes");
    check(&["Allow ssm:Get* on arn:aws:ssm:*:*:parameter/prod/*"], "ssm:GetParameter", "Flag", "yes");
    check(
        &["Allow lambda:InvokeFunction on arn:aws:lambda:*:*:function:shop-*"],
        "lambda:InvokeFunction",
        "Mailer",
        "yes",
    );
    check(
        &["Allow lambda:InvokeFunction on arn:aws:lambda:*:*:function:shop-mailer:live"],
        "lambda:InvokeFunction",
        "Mailer",
        "yes",
    );
    check(&["Allow lambda:InvokeFunction on ${Worker.Arn}"], "lambda:InvokeFunction", "Mailer", "no");
    // All but.
    check(&["Allow not iam:* on *"], put, "Orders", "yes");
    check(&["Allow not dynamodb:* on *"], put, "Orders", "no");
    check(&["Allow dynamodb:* on not ${Orders.Arn}"], put, "Orders", "no");
    check(&["Allow dynamodb:* on not ${Orders.Arn}"], put, "Users", "yes");
    // Denied.
    check(&["Allow dynamodb:* on *", "Deny dynamodb:Put* on *"], put, "Orders", "no");
    check(&["Allow dynamodb:* on *", "Deny dynamodb:Put* on ${Users.Arn}"], put, "Orders", "yes");
    check(&["Allow dynamodb:* on *", "Deny dynamodb:* on * if aws:SourceVpc"], put, "Orders", "unknown");
    check(&["Allow dynamodb:* on *", "Deny * on ${!}"], put, "Orders", "unknown");
    check(&["Perhaps dynamodb:* on *"], put, "Orders", "unknown");
    // Under conditions.
    check(&["Allow dynamodb:* on * if dynamodb:LeadingKeys"], put, "Orders", "unknown");
    check(&["Allow dynamodb:* on * if aws:RequestedRegion"], put, "Orders", "yes");
    // What cannot be.
    check(&["Allow * on *"], "sqs:SendMessage", "Orders", "no");
    check(&["Allow * on *"], "sqs:SendMessages", "Jobs", "unknown");
}

/// A boundary: a policy of the provider, or one that is not in the files.
fn bounded_by(policy: &str) -> Boundary {
    let policy = text(policy);
    let known = policy.as_literal().and_then(facts::managed_policy).and_then(|fact| fact.at(place()));
    let statements = known.map_or_else(|| Known::Unknown("it is not in the files".to_owned()), Known::Value);
    Boundary { policy, statements }
}

#[test]
fn policies_that_nobody_has_read() {
    let check = |statements: &[&str], boundary: Option<&str>, unread: bool, expect: &str| {
        let mut app = app(statements);
        app.roles[0].boundary = boundary.map(bounded_by);
        let known =
            if unread { Known::Unknown("it is not in the files".to_owned()) } else { Known::Value(()) };
        app.roles[0].managed = vec![ManagedPolicy { policy: text("${?PolicyArn}"), statements: known }];
        let grants = Grants::of(&app);
        let verdict = grants.role(&"Role".into()).unwrap().may("dynamodb:PutItem", target(&app, "Orders"));
        assert_eq!(word(&verdict), expect, "{statements:?} {boundary:?} {unread}");
    };
    check(&[], None, true, "unknown");
    check(&[], None, false, "no");
    check(&["Allow dynamodb:* on *"], None, true, "yes");
    check(&["Allow dynamodb:* on *"], Some("${?Boundary}"), false, "unknown");
    check(&["Allow dynamodb:* on *"], Some("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"), false, "yes");
    check(&["Allow dynamodb:* on *"], Some("arn:aws:iam::aws:policy/AmazonS3FullAccess"), false, "no");
    check(&[], Some("${?Boundary}"), false, "no");
}

#[test]
fn what_a_role_reaches() {
    let check = |statements: &[&str], holds: &[(&str, &[Deed])], wide: &[&str], everything: &str| {
        let app = app(statements);
        let grants = Grants::of(&app);
        let reach = grants.role(&"Role".into()).unwrap().reach();
        let deeds = |hold: &crate::iam::Hold<'_>| {
            hold.deeds.iter().filter(|(_, found)| found.is_yes()).map(|(deed, _)| *deed).collect::<Vec<_>>()
        };
        let found: Vec<_> =
            reach.holds.iter().map(|hold| (hold.target.name().unwrap().as_str(), deeds(hold))).collect();
        let expect: Vec<_> = holds.iter().map(|(name, deeds)| (*name, deeds.to_vec())).collect();
        assert_eq!(found, expect, "{statements:?}");
        let services: Vec<_> = reach
            .wide
            .iter()
            .map(|hold| match hold.target {
                Target::All(service) => service,
                _ => "",
            })
            .collect();
        assert_eq!(services, wide, "{statements:?}");
        assert_eq!(word(&reach.everything), everything, "{statements:?}");
        assert!(reach.holds.iter().all(|hold| !grants.role(&"Role".into()).unwrap().places(hold).is_empty()));
    };
    check(&[], &[], &[], "no");
    check(
        &["Allow dynamodb:PutItem dynamodb:GetItem on ${Orders.Arn}"],
        &[("Orders", &[Deed::Changes, Deed::Reads])],
        &[],
        "no",
    );
    check(&["Allow sqs:SendMessage on *"], &[("Jobs", &[Deed::Sends])], &["sqs"], "no");
    check(&["Allow dynamodb:DescribeTable on ${Orders.Arn}"], &[("Orders", &[])], &[], "no");
    check(
        &["Allow lambda:UpdateFunctionCode on ${Worker.Arn}"],
        &[("Worker", &[Deed::TakesOver])],
        &[],
        "no",
    );
    let app = app(&["Allow * on *"]);
    let grants = Grants::of(&app);
    let reach = grants.role(&"Role".into()).unwrap().reach();
    assert!(reach.everything.is_yes());
    assert_eq!(reach.holds.len(), app.stores.len() + app.secrets.len() + app.functions.len());
    let orders = &reach.holds[0];
    assert_eq!(orders.levels.get(&Level::Permissions), Some(&Verdict::Yes));
    assert_eq!(orders.deeds.get(&Deed::Destroys), Some(&Verdict::Yes));
    assert_eq!(reach.wide.len(), crate::iam::deed_services().count());
}

/// An app of so many functions and tables, each function with a role of its own.
fn large(functions: usize, action: &dyn Fn(usize) -> String) -> App {
    use crate::graph::sketch::Sketch as _;
    let mut app = crate::graph::sketch::app();
    for at in 0..functions {
        app.draw_store(&format!("Table{at}"), crate::graph::StoreKind::Table);
        app.draw_function(&format!("F{at}"), vec![crate::graph::sketch::allow(&[&action(at)], &["*"])]);
    }
    app
}

#[test]
fn roles_that_say_the_same_are_compared_once() {
    let app = large(50, &|_| "dynamodb:*".to_owned());
    let grants = Grants::of(&app);
    let roles: Vec<_> = app.roles.iter().filter_map(|role| grants.role(&role.name)).collect();
    let first = roles[0].reach();
    assert!(roles.iter().all(|role| std::rc::Rc::ptr_eq(&role.reach(), &first)));
    assert!(roles.iter().all(|role| std::rc::Rc::ptr_eq(&role.without_unread().reach(), &first)));
    assert_eq!((first.holds.len(), grants.reaches.compared()), (50, 1));
    // What all things have alike is kept once.
    assert!(first.holds.iter().all(|hold| std::rc::Rc::ptr_eq(&hold.deeds, &first.holds[0].deeds)));
    // Where it stands differs.
    let mut moved = large(2, &|_| "dynamodb:*".to_owned());
    moved.roles[1].statements.iter_mut().for_each(|statement| statement.place.start += 7);
    let grants = Grants::of(&moved);
    let places = |at: usize| {
        let role = grants.role(&moved.roles[at].name).unwrap();
        role.places(&role.reach().holds[0])
    };
    assert_eq!(
        grants.role(&moved.roles[0].name).unwrap().class(),
        grants.role(&moved.roles[1].name).unwrap().class()
    );
    assert_ne!(places(0), places(1));
    // A condition, a policy that nobody has read: these are others.
    moved.roles[1].managed =
        vec![ManagedPolicy { policy: text("${?P}"), statements: Known::Unknown("it is a parameter".into()) }];
    let grants = Grants::of(&moved);
    let class = |at: usize| grants.role(&moved.roles[at].name).unwrap().class();
    assert_ne!(class(0), class(1));
}

#[test]
fn too_many_roles_for_too_many_things_are_left_out_and_told() {
    // Roles that differ, so that each has to be compared with each table.
    let app = large(30, &|at| format!("dynamodb:*{}", "*".repeat(at)));
    let left_out = |room: usize| {
        let grants = Grants::of(&app);
        grants.reaches.limit(room);
        let left_out = |role: &&crate::graph::Role| grants.role(&role.name).unwrap().reach().left_out;
        let found = app.roles.iter().filter(left_out).count();
        assert_eq!(grants.left_out(), found > 0);
        found
    };
    assert_eq!(left_out(30 * 30), 0);
    assert_eq!(left_out(10 * 30), 20);
}

#[test]
fn every_deed_is_an_action() {
    for service in crate::iam::deed_services() {
        assert!(facts::service_exists(service), "{service}");
        let found = facts::actions_of(service).filter(|fact| crate::iam::deed(*fact).is_some()).count();
        assert!(found > 0, "{service}");
    }
}

#[test]
fn somewhere_and_everywhere() {
    let app = app(&[
        "Allow logs:PutLogEvents on arn:aws:logs:*:*:log-group:/aws/lambda/x:*",
        "Allow logs:CreateLogGroup on *",
    ]);
    let grants = Grants::of(&app);
    let role = grants.role(&"Role".into()).unwrap();
    assert!(role.may_somewhere("logs:PutLogEvents").is_yes());
    assert!(role.may_somewhere("logs:DeleteLogGroup").is_no());
    assert!(role.may_everywhere(facts::action("logs:PutLogEvents").unwrap(), None).is_no());
    assert!(role.may_everywhere(facts::action("logs:CreateLogGroup").unwrap(), None).is_yes());
    let some = self::app(&["Allow logs:* on *", "Deny logs:PutLogEvents on arn:aws:logs:*:*:log-group:x:*"]);
    assert!(Grants::of(&some).role(&"Role".into()).unwrap().may_somewhere("logs:PutLogEvents").is_yes());
    let all = self::app(&["Allow logs:* on *", "Deny logs:PutLogEvents on *"]);
    assert!(Grants::of(&all).role(&"Role".into()).unwrap().may_somewhere("logs:PutLogEvents").is_no());
    let arn = text("arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/x:log-stream:y");
    assert!(role.may("logs:PutLogEvents", Target::Arn(&arn)).is_yes());
    assert_eq!(role.because(facts::action("logs:CreateLogGroup").unwrap(), Target::All("logs")).len(), 1);
}

#[test]
fn comparing_is_bounded() {
    let long = format!("Allow s3:* on {}", vec![format!("arn:aws:s3:::{}", "*a".repeat(900)); 400].join(" "));
    let app = app(&[&long]);
    let grants = Grants::of(&app);
    let verdict = grants.role(&"Role".into()).unwrap().may("s3:ListBucket", target(&app, "Photos"));
    assert_eq!(word(&verdict), "no");
    for _ in 0..50 {
        let _ = grants.role(&"Role".into()).unwrap().may("s3:ListBucket", target(&app, "Photos"));
    }
    assert!(grants.spent.get() < MAX_WORK + 20_000_000);
}

#[test]
fn names_in_a_circle_end() {
    let mut app = app(&["Allow s3:* on ${Photos.Arn}"]);
    app.stores[2].physical = Some(text("${Thumbs}${Thumbs}"));
    app.stores[3].physical = Some(text("${Photos}${Photos}"));
    let grants = Grants::of(&app);
    assert!(grants.role(&"Role".into()).unwrap().may("s3:ListBucket", target(&app, "Photos")).is_possible());
}

pub(in crate::iam) fn role_of(statements: &[&str]) -> App {
    app(statements)
}
