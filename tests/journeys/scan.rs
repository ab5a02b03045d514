//! `casemate scan` as its users take it: every format and exit code, what is allowed, known or mended, and folders that mean harm.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const DAY: &str = "2026-11-22";

/// An app with an open route whose function may do everything, and a parameter that is shown.
const APP: &str = "Transform: AWS::Serverless-2016-10-31
Parameters:
  DbPassword:
    Type: String
Resources:
  Pay:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: nodejs22.x
      CodeUri: src/
      Policies: [AdministratorAccess]
      Events:
        Go: { Type: HttpApi, Properties: { Path: /pay, Method: post } }
";

/// An app in which nothing is to be found.
const GOOD: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Tick:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: nodejs22.x
      CodeUri: src/
      Events:
        Every: { Type: Schedule, Properties: { Schedule: rate(1 hour) } }
";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// The rules that were reported, in order of their ids.
    fn rules(&self) -> Vec<String> {
        let document = self.json();
        let apps = document["apps"].as_array().unwrap();
        let found = apps.iter().flat_map(|app| app["findings"].as_array().unwrap());
        let mut rules: Vec<_> = found.map(|found| found["rule"].as_str().unwrap().to_owned()).collect();
        rules.sort();
        rules
    }
}

/// Runs `casemate scan …` in a folder, without anybody's advisories.
fn scan(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_casemate"))
        .args(["scan", "--today", DAY])
        .args(arguments)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("nobody"))
        .env("CASEMATE_ADVISORIES", "")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn every_format_tells_the_same() {
    let app = folder(&[("shop/template.yaml", APP)]);
    let at = app.path();
    let text = scan(at, &["."]);
    assert_eq!(text.code, Some(6), "{}", text.err);
    assert!(text.err.contains("findings are at least medium"), "{}", text.err);
    for word in
        ["critical", "admin-role-", "open-route-", "shop/template.yaml:", "AdministratorAccess", "Risk "]
    {
        assert!(text.out.contains(word), "`{word}` in {}", text.out);
    }
    let json = scan(at, &[".", "--format", "json"]);
    let rules = json.rules();
    assert!(
        rules.contains(&"open-route".to_owned()) && rules.contains(&"admin-role".to_owned()),
        "{rules:?}"
    );
    assert_eq!(json.json()["left_out"], serde_json::json!([]));
    let sarif: Value = serde_json::from_str(&scan(at, &[".", "--format", "sarif"]).out).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), rules.len());
    assert_eq!(sarif["version"], "2.1.0");
    let cyclonedx: Value = serde_json::from_str(&scan(at, &[".", "--format", "cyclonedx"]).out).unwrap();
    assert_eq!(cyclonedx["specVersion"], "1.6");
    let page = at.join("report.html");
    let html = scan(at, &["shop", "--format", "html", "--output", page.to_str().unwrap()]);
    assert_eq!((html.code, html.out.as_str()), (Some(6), ""));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.to_lowercase().starts_with("<!doctype html>"), "{page}");
    assert!(page.contains("<svg") && page.contains("admin-role"));
    assert!(scan(at, &[".", "--format", "markdown"]).out.contains("admin-role"));
    // Without `--format` the ending says it.
    for (name, begins) in
        [("a.html", "<!doctype html>"), ("a.sarif", "{"), ("a.cdx.json", "{"), ("a.md", "#")]
    {
        assert_eq!(scan(at, &["shop", "--output", name]).code, Some(6));
        let text = fs::read_to_string(at.join(name)).unwrap();
        assert!(text.to_lowercase().starts_with(begins), "{name}: {text}");
    }
    let bill: Value = serde_json::from_str(&fs::read_to_string(at.join("a.cdx.json")).unwrap()).unwrap();
    assert_eq!(bill["specVersion"], "1.6");
}

#[test]
fn the_exit_code_says_how_bad_it_is() {
    let app =
        folder(&[("bad/template.yaml", APP), ("good/template.yaml", GOOD), ("none/notes.txt", "nothing")]);
    let check = |arguments: &[&str], code: i32| {
        let ran = scan(app.path(), arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}{}", ran.out, ran.err);
        ran
    };
    check(&["bad"], 6);
    check(&["bad", "--fail-on", "critical"], 6);
    check(&["bad", "--fail-on", "never"], 0);
    check(&["good", "--fail-on", "low"], 0);
    assert!(check(&["none"], 0).out.contains("No serverless app was found"));
    check(&["missing"], 4);
    check(&[], 6);
    check(&["bad", "--fail-on", "worst"], 2);
    check(&["bad", "--exclude", "a[b"], 2);
    check(&["bad", "--app", "other", "--fail-on", "low"], 4);
    check(&["--explain", "open-route"], 0);
    check(&["--explain", "open-route-1f6a2b3c"], 0);
    let report: Value = serde_json::from_str(&check(&["bad", "--json"], 6).out).unwrap();
    check(&["bad", "--explain", report["apps"][0]["findings"][0]["id"].as_str().unwrap()], 0);
    let gone = check(&["bad", "--explain", "open-route-00000000"], 4);
    assert!(gone.err.contains("`bad` has no finding `open-route-00000000`"), "{}", gone.err);
    let unknown = check(&["--explain", "open-rout"], 4);
    assert!(unknown.err.contains("there is no rule `open-rout`"), "{}", unknown.err);
}

#[test]
fn what_cannot_be_read_fails() {
    let app = folder(&[("good.yaml", GOOD), ("broken.yaml", &APP.replace("Resources:", "Resources: {"))]);
    let ran = scan(app.path(), &["."]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Not read:") && ran.out.contains("broken.yaml:"), "{}", ran.out);
    assert!(ran.err.contains("--exclude"), "the way out is named: {}", ran.err);
    assert_eq!(scan(app.path(), &[".", "--exclude", "broken.yaml"]).code, Some(0));
    assert_eq!(scan(app.path(), &[".", "--fail-on", "never"]).code, Some(0));
    let baseline = scan(app.path(), &[".", "--write-baseline", "known.json"]);
    assert_eq!(baseline.code, Some(1), "nobody knows what stands there: {}", baseline.err);
    assert!(!app.path().join("known.json").exists());
}

#[test]
fn what_is_known_does_not_fail_and_what_is_new_does() {
    let app = folder(&[("template.yaml", APP)]);
    let at = app.path();
    assert_eq!(scan(at, &[".", "--write-baseline", "known.json"]).code, Some(0));
    let known = scan(at, &[".", "--baseline", "known.json"]);
    assert_eq!(known.code, Some(0), "{}", known.err);
    assert!(
        known.out.contains("Nothing new was found.") && known.err.contains("0 new"),
        "{}{}",
        known.out,
        known.err
    );
    // What the app is made of is not written over, nor the report over the baseline.
    for arguments in [
        [".", "--output", "template.yaml"],
        [".", "--write-baseline", "template.yaml"],
        [".", "--output", "./template.yaml"],
    ] {
        let over = scan(at, &arguments);
        assert!(over.code == Some(2) && over.err.contains("is a file of what is scanned"), "{}", over.err);
    }
    let both = scan(at, &[".", "--baseline", "known.json", "--output", "known.json"]);
    assert!(both.code == Some(2) && both.err.contains("at once"), "{}", both.err);
    assert_eq!(fs::read_to_string(at.join("template.yaml")).unwrap(), APP);
    let more = APP.replace("Resources:\n", "Resources:\n  Open:\n    Type: AWS::Serverless::Function\n    Properties: { Handler: a.b, Runtime: nodejs22.x, FunctionUrlConfig: { AuthType: NONE } }\n");
    fs::write(at.join("template.yaml"), more).unwrap();
    let new = scan(at, &[".", "--baseline", "known.json"]);
    assert_eq!(new.code, Some(6), "{}", new.err);
    assert_eq!(scan(at, &[".", "--baseline", "missing.json"]).code, Some(4));
    let gone = scan(at, &["gone"]);
    assert!(gone.code == Some(4) && gone.err.contains("`gone` is not there"), "{}", gone.err);
    fs::write(at.join("known.json"), "{").unwrap();
    assert_eq!(scan(at, &[".", "--baseline", "known.json"]).code, Some(1));
    #[cfg(unix)]
    {
        // A file without an end is no baseline, and a link in the tree chooses nothing that is written over.
        let endless = scan(at, &[".", "--baseline", "/dev/zero"]);
        assert!(endless.code == Some(1) && endless.err.contains("cannot be read"), "{}", endless.err);
        fs::write(at.join("mine"), "precious").unwrap();
        std::os::unix::fs::symlink("mine", at.join("link.json")).unwrap();
        for option in ["--write-baseline", "--output"] {
            let link = scan(at, &[".", option, "link.json"]);
            assert!(link.code == Some(1) && link.err.contains("is a link to `mine`"), "{}", link.err);
        }
        assert_eq!(fs::read_to_string(at.join("mine")).unwrap(), "precious");
    }
}

/// A repository that is scanned chooses nothing that a report is written over, and neither does a slip of its owner.
#[test]
#[cfg(unix)]
fn reports_replace_reports_and_nothing_else() {
    let code = "exports.handler = async () => 1;\n";
    let page = "<!doctype html>\n<title>Shop</title>\n";
    let files = [
        ("template.yaml", APP),
        ("src/lib.js", code),
        ("package.json", "{ \"name\": \"a\", \"version\": \"1.0.0\" }\n"),
        ("requirements.txt", "requests==2.32.0\n"),
        ("page.html", page),
        ("README.md", "# Shop\n"),
        (".git/config", "[core]\n"),
    ];
    let app = folder(&files);
    let at = app.path();
    for file in files.map(|(path, _)| path).into_iter().chain(["./src/../src/lib.js"]) {
        for more in [&["--output"][..], &["--write-baseline"], &["--need", "Pay", "--output"]] {
            let arguments: Vec<&str> = ["."].into_iter().chain(more.iter().copied()).chain([file]).collect();
            let over = scan(at, &arguments);
            let refused = over.code == Some(2) && over.err.contains("is a file of what is scanned");
            assert!(refused, "{arguments:?}: {}", over.err);
        }
    }
    let alone = scan(at, &["template.yaml", "--output", "src/lib.js"]);
    assert_eq!(alone.code, Some(2), "what lies beside a file that is scanned: {}", alone.err);
    // Its own it writes again, in every form.
    for _ in 0..2 {
        let need = scan(at, &[".", "--need", "Pay", "--output", "need.txt"]);
        assert_eq!(need.code, Some(0), "{}", need.err);
    }
    for format in ["text", "json", "sarif", "html", "markdown", "cyclonedx"] {
        let extension = match format {
            "text" => "txt",
            "markdown" => "md",
            "html" => "html",
            _ => "json",
        };
        let file = format!("report-{format}.{extension}");
        for _ in 0..2 {
            let ran = scan(at, &[".", "--format", format, "--fail-on", "never", "--output", &file]);
            assert_eq!(ran.code, Some(0), "{file}: {}", ran.err);
        }
        assert!(fs::metadata(at.join(&file)).unwrap().len() > 100);
    }
    for _ in 0..2 {
        assert_eq!(scan(at, &[".", "--write-baseline", "known.json"]).code, Some(0));
    }
    // Neither through a folder that leads out, nor into what another name holds too.
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), at.join("out")).unwrap();
    let link = scan(at, &[".", "--output", "out/report.txt"]);
    assert!(link.code == Some(1) && link.err.contains("out of what is scanned"), "{}", link.err);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let chosen = outside.path().join("report.txt");
    let meant = scan(at, &[".", "--fail-on", "never", "--output", chosen.to_str().unwrap()]);
    assert_eq!(meant.code, Some(0), "control: whoever asks may name any place: {}", meant.err);
    fs::hard_link(at.join("template.yaml"), at.join("report.txt")).unwrap();
    scan(at, &[".", "--fail-on", "never", "--output", "report.txt"]);
    for (path, text) in files {
        assert_eq!(fs::read_to_string(at.join(path)).unwrap(), text, "{path}");
    }
}

#[test]
fn a_comment_allows_until_its_day() {
    let marked = |day: &str| {
        APP.replace(
            "      Policies:",
            &format!(
                "      # casemate: allow admin-role until {day} because it is being replaced\n      Policies:"
            ),
        )
    };
    let app = folder(&[("template.yaml", &marked("2027-01-31"))]);
    let ran = scan(app.path(), &[".", "--format", "json"]);
    assert!(!ran.rules().contains(&"admin-role".to_owned()), "{}", ran.out);
    assert_eq!(ran.json()["apps"][0]["suppressed"].as_array().unwrap().len(), 1);
    fs::write(app.path().join("template.yaml"), marked("2026-01-31")).unwrap();
    let late = scan(app.path(), &[".", "--format", "json"]).rules();
    assert!(
        late.contains(&"admin-role".to_owned()) && late.contains(&"invalid-suppression".to_owned()),
        "{late:?}"
    );
}

#[test]
fn a_safe_change_is_shown_then_made_and_nothing_else() {
    let app = folder(&[("template.yaml", APP)]);
    let at = app.path();
    let file = at.join("template.yaml");
    let shown = scan(at, &[".", "--fix", "--dry-run"]);
    assert_eq!(shown.code, Some(6), "what was found is still there");
    assert!(shown.out.contains("+    NoEcho: true"), "{}", shown.out);
    assert_eq!(fs::read_to_string(&file).unwrap(), APP, "nothing is changed yet");
    let made = scan(at, &[".", "--fix", "--format", "json"]);
    assert!(made.err.contains("1 finding mended in 1 file"), "{}", made.err);
    assert!(!made.rules().contains(&"unmasked-parameter".to_owned()));
    let expect = APP.replace("    Type: String\n", "    NoEcho: true\n    Type: String\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), expect);
    let again = scan(at, &[".", "--fix"]);
    assert!(again.err.contains("nothing to change"), "{}", again.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), expect);
    // One file alone, by its own path.
    fs::write(&file, APP).unwrap();
    let alone = scan(at, &["template.yaml", "--fix"]);
    assert!(alone.err.contains("Only this file is read"), "{}", alone.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), expect);
    assert_eq!(scan(at, &[".", "--dry-run"]).code, Some(2));
}

#[test]
fn a_function_is_asked_what_it_needs() {
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  Orders: { Type: AWS::Serverless::SimpleTable }
  Pay:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: nodejs22.x
      CodeUri: src/
      Environment: { Variables: { TABLE: !Ref Orders } }
      Policies: [AmazonDynamoDBFullAccess]
";
    let code = "const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
const client = new DynamoDBClient({});
exports.handler = async (event) => {
  await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { id: { S: event.id } } }));
};
";
    let app = folder(&[("template.yaml", template), ("src/app.js", code)]);
    let ran = scan(app.path(), &[".", "--need", "Pay"]);
    assert_eq!(ran.code, Some(0), "an answer is no judgement: {}{}", ran.out, ran.err);
    for word in ["dynamodb:PutItem", "Orders", "src/app.js:4"] {
        assert!(ran.out.contains(word), "`{word}` in {}", ran.out);
    }
    let document = scan(app.path(), &[".", "--need", "Pay", "--format", "json"]).json();
    assert!(document.to_string().contains("dynamodb:PutItem"), "{document}");
    let none = scan(app.path(), &[".", "--need", "Pai"]);
    assert_eq!(none.code, Some(4));
    assert!(none.err.contains("no function `Pai`") && none.err.contains("Pay"), "{}", none.err);
    assert_eq!(scan(app.path(), &[".", "--need", "pay"]).out, ran.out, "letters of either case are the same");
    let twice =
        folder(&[("a/template.yaml", template), ("b/template.yaml", &template.replace("Pay:", "PAY:"))]);
    let open = scan(twice.path(), &[".", "--need", "pay"]);
    assert_eq!(open.code, Some(4));
    assert!(open.err.contains("any of 2 functions") && open.err.contains("PAY, Pay"), "{}", open.err);
    // The whole report says what is too much, with the policy to put in its place.
    let report = scan(app.path(), &["."]).out;
    assert!(report.contains("wildcard-action-") && report.contains("- dynamodb:PutItem"), "{report}");
}

#[test]
fn what_is_left_out_is_said() {
    let app = folder(&[
        (".gitignore", "ignored.yaml\nserverless.yml\nbuild/\n"),
        ("flow/serverless.yml", "service: s\nprovider: { runtime: nodejs22.x, name: aws }\n"),
        ("file/serverless.yml", "service: s\nprovider: ${file(provider.yml)}\n"),
        ("other/serverless.yml", "service: s\nprovider: { name: azure }\n"),
        (".ignore", "*.yaml\n"),
        ("ignored.yaml", APP),
        ("template.YAML", APP),
        ("node_modules/x/template.yaml", APP),
        ("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n"),
        ("target/template.yaml", APP),
        ("build/notes.yaml", "nothing: here\n"),
        ("real.txt", APP),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("real.txt", app.path().join("linked.yaml")).unwrap();
    let ran = scan(app.path(), &[".", "--format", "json"]);
    let document = ran.json();
    let paths: Vec<_> =
        document["apps"].as_array().unwrap().iter().map(|app| app["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["template.YAML"], "a file `.ignore` decides nothing, the case of an ending neither");
    let left_out: Vec<_> =
        document["left_out"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    // What only looks like the folder of a tool is not passed by in silence.
    let mut expect = vec![
        "file/serverless.yml",
        "flow/serverless.yml",
        "ignored.yaml",
        "linked.yaml",
        "node_modules",
        "target",
    ];
    expect.retain(|path| cfg!(unix) || *path != "linked.yaml");
    assert_eq!(left_out, expect);
    assert!(ran.err.contains("left out: `ignored.yaml`: `.gitignore` names it"), "{}", ran.err);
    // A folder of this name that nothing made is a folder like any other, and a word above the repository decides nothing.
    let app = folder(&[(".gitignore", "*"), ("repo/.git/HEAD", ""), ("repo/target/template.yaml", APP)]);
    assert_eq!(scan(app.path(), &["repo"]).code, Some(6));
    assert_eq!(scan(&app.path().join("repo/target"), &["."]).code, Some(6));
    // Within the repository it decides for every folder below.
    fs::write(app.path().join("repo/.gitignore"), "template.yaml").unwrap();
    let ran = scan(&app.path().join("repo/target"), &["."]);
    assert!(ran.code == Some(0) && ran.err.contains("`.gitignore` names it"), "{}{}", ran.out, ran.err);
}
