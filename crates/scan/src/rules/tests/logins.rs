//! Databases and the passwords that they are made with.

use crate::finding::Severity;
use crate::inspect::{Dependencies, Options, inspect};
use crate::source::SourceTree;

/// What is said of secrets in a file: how bad, and the message.
fn said(path: &str, text: &str) -> Vec<(Severity, String)> {
    let mut tree = SourceTree::new();
    tree.add(path, text.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let secret = |found: &&crate::report::Found| found.rule.id.starts_with("secret-in");
    let found = report.apps[0].findings.iter().filter(secret);
    found.map(|found| (found.severity, found.message.clone())).collect()
}

fn check(path: &str, text: &str, expect: &[(Severity, &str)]) {
    let found = said(path, text);
    assert_eq!(found.len(), expect.len(), "{text}: {found:?}");
    for ((severity, message), (expected, part)) in found.iter().zip(expect) {
        assert!(severity == expected && message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_word_that_anyone_tries_is_a_weak_password_of_a_database_and_nothing_elsewhere() {
    const GUESSED: &str = "it is among the first that anyone tries";
    let template = |password: &str, default: &str| {
        format!(
            "Parameters:\n  DbPassword: {{ Type: String, NoEcho: true, Default: {default} }}\nResources:\n  Db:\n    Type: AWS::RDS::DBInstance\n    Properties: {{ Engine: postgres, StorageEncrypted: true, MasterUserPassword: {password} }}\n"
        )
    };
    let check_template = |password: &str, default: &str, expect: &[(Severity, &str)]| {
        check("template.yaml", &template(password, default), expect);
    };
    let made = "`Db` is made with the password";
    check_template("password", "''", &[(Severity::High, made)]);
    check_template("changeme", "''", &[(Severity::High, GUESSED)]);
    // Once, though its name gives it away too.
    check_template("Password1!", "''", &[(Severity::High, GUESSED)]);
    check_template(
        "!Ref DbPassword",
        "changeme",
        &[(Severity::Medium, "the default of `DbPassword` (`c…`) unless another is given")],
    );
    check_template("!Ref DbPassword", "postgres123", &[(Severity::High, "unless another is given")]);
    // A secret by its name, and none at all.
    check_template("'kT9vQ2xLm4Zs'", "''", &[(Severity::High, "a secret by its name")]);
    check_template("'{{resolve:secretsmanager:db}}'", "''", &[]);
    check_template("!Ref DbPassword", "''", &[]);
    // A placeholder that opens nothing here.
    check_template("'{{resolve:secretsmanager:db}}'", "changeme", &[]);

    let terraform = |kind: &str, attribute: &str| {
        format!(
            "variable \"p\" {{\n  default = \"changeme\"\n  sensitive = true\n}}\nresource \"{kind}\" \"db\" {{\n  storage_encrypted = true\n  {attribute}\n}}\n"
        )
    };
    check(
        "main.tf",
        &terraform("aws_db_instance", "password = \"password\""),
        &[(Severity::High, "`aws_db_instance.db` is made with the password")],
    );
    check(
        "main.tofu",
        &terraform("aws_rds_cluster", "master_password = var.p"),
        &[(Severity::Medium, "the default of `p`")],
    );
    check("main.tf", &terraform("aws_db_instance", "manage_master_user_password = true"), &[]);
}

#[test]
fn such_a_word_is_cut_where_it_stands_and_nowhere_else() {
    let text = "resource \"aws_db_instance\" \"changeme\" {\n  password = \"changeme\"\n  storage_encrypted = true\n}\n";
    let mut tree = SourceTree::new();
    tree.add("main.tf", text.as_bytes().to_vec());
    let report = inspect(&tree, &Dependencies::default(), &Options::default());
    let found =
        report.apps[0].findings.iter().find(|found| found.rule.id == "secret-in-template").expect("it");
    let lines: Vec<&str> = found.code.iter().map(|line| line.text.trim()).collect();
    assert_eq!(lines, ["password = \"c…\""]);
    assert!(found.message.contains("`aws_db_instance.changeme`"), "{}", found.message);
}
