use super::*;
use crate::graph::Statement;
use crate::graph::sketch::{self, Sketch, allow, allow_on};
use crate::rules::Context;
use crate::source::SourceTree;

#[test]
fn what_a_role_reaches() {
    let check = |statements: Vec<Statement>, clause: Option<&str>, severity: Severity| {
        let mut app = sketch::app();
        app.draw_store("Orders", StoreKind::Table);
        app.draw_store("Users", StoreKind::Table);
        app.draw_store("Jobs", StoreKind::Queue);
        app.draw_secret("Key");
        app.draw_function("Create", statements);
        let tree = SourceTree::new();
        let context = Context::bare(&tree, &app, &[]);
        let reach = Sight::of(&context, Rc::new(Grants::of(&app))).reach(&app.functions[0]);
        assert_eq!(reach.clause().as_deref(), clause);
        assert_eq!(severity_of(Some(&reach)), severity, "{clause:?}");
    };
    check(vec![], None, Severity::Low);
    check(vec![allow(&["*"], &["*"])], Some("may do everything in the account"), Severity::Critical);
    check(vec![allow_on(&["dynamodb:PutItem"], &["Orders"])], Some("may change `Orders`"), Severity::High);
    check(vec![allow_on(&["dynamodb:GetItem"], &["Orders"])], Some("may read `Orders`"), Severity::Medium);
    check(
        vec![allow_on(&["dynamodb:GetItem"], &["Users", "Orders"]), allow_on(&["dynamodb:*"], &["Orders"])],
        Some("may change `Orders` and read `Users`"),
        Severity::High,
    );
    check(
        vec![allow_on(&["sqs:SendMessage"], &["Jobs"]), allow_on(&["lambda:InvokeFunction"], &["Create"])],
        Some("may start `Create` and send to `Jobs`"),
        Severity::High,
    );
    check(vec![allow_on(&["sqs:*"], &["Jobs"])], Some("may change `Jobs`"), Severity::High);
    check(vec![allow(&["xray:PutTraceSegments", "ec2:CreateNetworkInterface"], &["*"])], None, Severity::Low);
    check(
        vec![allow(&["secretsmanager:Get*"], &["*"])],
        Some("may read every secret of the account"),
        Severity::High,
    );
    check(
        vec![allow_on(&["secretsmanager:GetSecretValue"], &["Key"])],
        Some("may read the secrets `Key`"),
        Severity::High,
    );
    check(vec![allow(&["s3:PutObject"], &["*"])], Some("may act on every resource of `s3`"), Severity::High);
}
