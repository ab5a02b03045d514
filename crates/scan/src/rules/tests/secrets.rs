//! Runtimes, logs and secrets, drawn by hand.

use super::*;

#[test]
fn runtimes_and_logs() {
    let runtime = |name: &'static str| {
        move |app: &mut App| {
            app.draw_function("F", vec![]).runtime = Some(Setting::new(place(), name.to_owned()));
            app.mentioned.insert(Name::from("F"));
        }
    };
    check(runtime("nodejs14.x"), &["retired-runtime"]);
    check(runtime("nodejs24.x"), &[]);
    check(runtime("nodejs99.x"), &[]);
    let logs = |statements: Vec<Statement>, unknown: bool| {
        move |app: &mut App| {
            app.draw_function("F", vec![]);
            app.mentioned.insert(Name::from("F"));
            let managed = ManagedPolicy {
                policy: Text::literal("Own", place()),
                statements: if unknown {
                    Known::Unknown("it is elsewhere".to_owned())
                } else {
                    Known::Value(())
                },
            };
            app.roles[0].statements = statements;
            app.roles[0].managed = vec![managed];
        }
    };
    check(logs(vec![], false), &["unlogged-function"]);
    check(logs(vec![], true), &[]);
    check(logs(vec![allow(&["logs:*"], &["*"])], false), &["wildcard-action"]);
    check(logs(vec![allow(&["*"], &["*"])], false), &["admin-role"]);
    // What bounds the role takes away what its policies give.
    let bounded = |statements: Known<Vec<Statement>>| {
        move |app: &mut App| {
            logs(vec![allow(&["logs:PutLogEvents"], &["*"])], false)(app);
            app.roles[0].boundary = Some(Boundary { policy: Text::literal("B", place()), statements });
        }
    };
    check(bounded(Known::Value(vec![allow(&["s3:*"], &["*"])])), &["unlogged-function"]);
    check(bounded(Known::Value(vec![allow(&["logs:*"], &["*"])])), &[]);
    check(bounded(Known::Unknown("it is elsewhere".to_owned())), &[]);
    let deny = Statement { effect: Known::Value(Effect::Deny), ..allow(&["logs:*"], &["*"]) };
    check(logs(vec![allow(&["logs:PutLogEvents"], &["*"]), deny], false), &["unlogged-function"]);
}

#[test]
fn secrets() {
    let variable = |name: &'static str, value: &'static str| {
        move |app: &mut App| {
            let value = Text::literal(value, place());
            let variable = Variable { name: name.to_owned(), value };
            app.draw_function("F", vec![]).environment.push(variable);
            app.mentioned.insert(Name::from("F"));
        }
    };
    check(variable("DB_PASSWORD", "h0rse-battery"), &["secret-in-environment"]);
    check(variable("DB_PASSWORD", "changeme"), &[]);
    check(variable("NODE_TLS_REJECT_UNAUTHORIZED", "0"), &["tls-verification-off"]);
    check(variable("NODE_TLS_REJECT_UNAUTHORIZED", "1"), &[]);
    let parameter = |name: &'static str, default: Option<&'static str>, secret: bool| {
        move |app: &mut App| {
            app.parameters.push(Parameter {
                name: name.to_owned(),
                place: place(),
                default: default.map(|value| Text::literal(value, place())),
                secret,
            });
        }
    };
    check(parameter("DbPassword", None, true), &[]);
    check(parameter("DbPassword", None, false), &["unmasked-parameter"]);
    check(
        parameter("DbPassword", Some("h0rse-battery"), false),
        &["secret-in-template", "unmasked-parameter"],
    );
    check(parameter("DbPassword", Some("h0rse-battery"), true), &["secret-in-template"]);
    check(parameter("DbPassword", Some("/shop/db/password"), false), &[]);
    check(parameter("DbPasswordArn", None, false), &[]);
    check(parameter("TokenTtl", Some("3600"), false), &[]);
}

#[test]
fn secrets_in_files() {
    let mut tree = SourceTree::new();
    let template = tree.add("template.yaml", "Db:\n  MasterUserPassword: h0rse-battery\n".as_bytes());
    let code = tree.add(
        "src/a.js",
        "const password = 'c0rrect-staple'\nconst again = {password: 'c0rrect-staple'}".as_bytes(),
    );
    let test = tree.add("test/a.js", "const password = 'c0rrect-staple'".as_bytes());
    let app = App::new("shop", Framework::Sam, template, "");
    let files = [(template, Part::Infrastructure), (code, Part::Code), (test, Part::Code)];
    let verdict = judge(&Context::bare(&tree, &app, &files));
    let found: Vec<_> = verdict.findings.iter().map(|f| (f.rule.id, tree.excerpt(f.place))).collect();
    assert_eq!(found, [("secret-in-template", "h0rse-battery"), ("secret-in-source", "c0rrect-staple")]);
    assert!(verdict.findings.iter().all(|finding| !finding.message.contains("battery")));
}
