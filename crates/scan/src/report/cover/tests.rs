use super::*;
use crate::inspect::{Dependencies, Options, inspect};
use crate::report::{Report, html, json, markdown, sarif, text};

fn report(files: &[(&str, &str)]) -> Report {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.add(path, text.as_bytes().to_vec());
    }
    inspect(&tree, &Dependencies::default(), &Options::default())
}

/// Every output of a report in one text.
fn outputs(report: &Report) -> String {
    let json = serde_json::to_string(&json::json(report)).unwrap();
    let text = text::text(report, 100, &text::Plain);
    [json, html::html(report), markdown::markdown(report), sarif::sarif(report), text].join("\n")
}

fn check(files: &[(&str, &str)], hidden: &[&str], shown: &[&str]) {
    let outputs = outputs(&report(files));
    for secret in hidden {
        // The first four characters are what a reader recognises a secret by.
        let rest = secret.get(4..).unwrap();
        assert!(!outputs.contains(rest), "`{secret}` in {outputs}");
    }
    for text in shown {
        assert!(outputs.contains(text), "no `{text}` in {outputs}");
    }
}

#[test]
fn a_secret_of_one_finding_is_cut_in_the_lines_of_every_other() {
    let template = "Transform: AWS::Serverless-2016-10-31\nParameters:\n  \
        DbPassword: { Type: String, Default: \"Pr0d-S3cret-99!\" }\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    \
        Properties:\n      Runtime: nodejs14.x\n      Handler: i.h\n      InlineCode: exports.h = async () => 1\n      \
        Environment: { Variables: { DB: !Sub \"pg:${DbPassword}\", SAME: \"Pr0d-S3cret-99!\", API_TOKEN: !Join ['', ['abcDEF123', 'ghiJKL456xyz']] } }\n";
    let rules: Vec<_> =
        report(&[("template.yaml", template)]).apps[0].findings.iter().map(|found| found.rule.id).collect();
    // The control: two findings show the line of the parameter.
    assert!(rules.contains(&"unmasked-parameter") && rules.contains(&"secret-in-template"), "{rules:?}");
    let shown = ["DbPassword: { Type: String, Default: \"Pr0d…"];
    check(&[("template.yaml", template)], &["Pr0d-S3cret-99!", "abcDEF123", "ghiJKL456xyz"], &shown);
}

#[test]
fn addresses_with_logins_are_cut_in_every_text() {
    let terraform = "module \"orders\" {\n  source = \"git::https://deploy:Gh0stT0ken-9fQz7@git.corp.io/infra/orders.git?ref=v1\"\n}\n\
        module \"priv\" {\n  source = \"git::https://oauth2:glpat-Zx91kLq0Vb77Tt3Qa1Yc@gitlab.com/a/b.git\"\n}\n\
        resource \"aws_lambda_function\" \"f\" {\n  function_name = \"f\"\n  handler = \"i.h\"\n  runtime = \"nodejs24.x\"\n}\n";
    let shown = ["https://deploy:…@git.corp.io", "https://oauth2:…@gitlab.com"];
    check(&[("m.tf", terraform)], &["Gh0stT0ken-9fQz7", "glpat-Zx91kLq0Vb77Tt3Qa1Yc"], &shown);
    let nested = "Transform: AWS::Serverless-2016-10-31\nResources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    \
        Properties: { TemplateURL: \"https://u:Tok3nTok3nZZ9@b.corp.io/t.yaml?X-Amz-Security-Token=abcdef0123456789\" }\n";
    let shown = ["https://u:…@b.corp.io/t.yaml?X-Amz-Security-Token=…"];
    check(&[("template.yaml", nested)], &["Tok3nTok3nZZ9", "abcdef0123456789"], &shown);
    let service = "service: s\nprovider: { name: aws, runtime: nodejs24.x }\nfunctions:\n  f:\n    handler: i.h\n    \
        role: \"https://u:S3cr3tTok97@h.io/x\"\n    events: [{http: {path: a, method: get, authorizer: \"https://u:S3cr3tTok96@h.io/x\"}}, \
        {sqs: \"https://u:S3cr3tTok95@h.io/x\"}, {sns: \"https://u:S3cr3tTok94@h.io/x\"}]\n";
    let secrets = ["S3cr3tTok97", "S3cr3tTok96", "S3cr3tTok95", "S3cr3tTok94"];
    check(&[("serverless.yml", service)], &secrets, &["queue https://u:…@h.io/x"]);
}

/// A file of one line with this many keys in it.
fn keys(count: u32) -> String {
    // Letters that no key is refused for: four base-32 digits of a counter among others.
    let digit = |number: u32, at: u32| char::from(b"ABCDEFGHIJKLMNOP"[((number >> (4 * at)) & 15) as usize]);
    let key =
        |n: u32| format!("\"AKIA{}{}Z7QW3ERT5Y{}{}\"", digit(n, 0), digit(n, 1), digit(n, 2), digit(n, 3));
    let keys: Vec<String> = (0..count).map(|n| key(n).replace("Y", "YU2")).collect();
    format!("var a=[{}];\n", keys.join(","))
}

const APP: &str = "Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {Type: AWS::Serverless::Function, \
    Properties: {Runtime: nodejs24.x, Handler: i.h, CodeUri: .}}\n";

#[test]
fn many_secrets_of_one_line_are_counted_and_shown_in_windows() {
    let code = keys(500);
    let report = report(&[("template.yaml", APP), ("i.js", &code)]);
    let leaks: Vec<_> =
        report.apps[0].findings.iter().filter(|found| found.rule.id == "secret-in-source").collect();
    assert_eq!(leaks.len(), 101);
    let last = leaks.iter().find(|found| found.message.contains("more")).unwrap();
    assert_eq!(last.message, "`i.js` holds 400 more secrets in clear text; this is the first of them.");
    for found in leaks {
        // What is read for a finding is what is shown of it: the line is 12 kB long.
        let [line] = found.code.as_slice() else { panic!("{:?}", found.code) };
        assert!(line.text.chars().count() <= SHOWN_CHARACTERS + 2, "{}", line.text);
        assert!(!line.text.contains("ERT5"), "{}", line.text);
    }
}

#[test]
fn a_window_never_begins_or_ends_within_a_secret_in_clear() {
    let mut tree = SourceTree::new();
    let secret = format!("glpat-{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6jK9mN2pS5vX8zB1");
    for gap in 1..200 {
        let text =
            format!("{}{secret}{}HERE{}{secret}", "-,".repeat(300), ",".repeat(gap), ",".repeat(gap / 2 + 1));
        let file = tree.add("a.js", text.clone().into_bytes());
        let at = text.find("HERE").unwrap();
        let shown = Cover::default().lines(&tree, &Spot::of(&tree, Place::new(file, at, at + 4)));
        assert!(shown[0].text.contains("HERE"), "{gap}: {}", shown[0].text);
        for part in ["aB3dE6", "vW4yZ7", "8zB1"] {
            assert!(secret.contains(part) && !shown[0].text.contains(part), "{gap}: {}", shown[0].text);
        }
    }
}
