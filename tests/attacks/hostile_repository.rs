//! A repository that is scanned is made by somebody who means harm: to the machine, to the terminal, to whoever believes the report.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// An app whose function may do everything: what every attack here wants to hide, or needs as a control.
const APP: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Pay:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: nodejs22.x
      Policies: [AdministratorAccess]
";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn scan(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_casemate"));
    command.arg("scan").args(["--today", "2026-11-22"]).args(arguments);
    run(folder, command)
}

fn run(folder: &Path, mut command: Command) -> Ran {
    command.current_dir(folder).env("XDG_DATA_HOME", folder.join("nobody")).env("CASEMATE_ADVISORIES", "");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

fn paths(ran: &Ran) -> Vec<String> {
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let apps = document["apps"].as_array().unwrap();
    apps.iter().map(|app| app["path"].as_str().unwrap().to_owned()).collect()
}

fn put(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[cfg(unix)]
#[test]
fn no_name_takes_the_place_of_another() {
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "sub/template.yaml", APP);
    // On another system these would be one file; here a harmless one would stand for the one that is not.
    put(folder.path(), "sub\\template.yaml", APP.replace("AdministratorAccess", "AWSXRayDaemonWriteAccess"));
    for name in [b"\xff\xfe.yaml", b"\xff\xfd.yaml"] {
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), APP).unwrap();
    }
    let ran = scan(folder.path(), &[".", "--format", "json"]);
    assert_eq!(paths(&ran).len(), 4, "{}", ran.out);
    assert!(ran.out.contains("admin-role-"));
}

#[cfg(unix)]
#[test]
fn names_neither_act_on_a_terminal_nor_make_lines() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "app\n\nNothing was found in 1 app, 1 file.\u{1b}[2J\u{202e}/template.yaml", APP);
    let file = folder.path().join("out.txt");
    let to_file = [".", "--output", file.to_str().unwrap()];
    for arguments in [&["."][..], &to_file, &[".", "--format", "markdown"], &[".", "--format", "sarif"]] {
        let ran = scan(folder.path(), arguments);
        let shown = if ran.out.is_empty() { fs::read_to_string(&file).unwrap() } else { ran.out };
        assert!(shown.contains("admin-role"), "control: there is something to show");
        assert!(!shown.lines().any(|line| line.starts_with("Nothing was found")), "{arguments:?}: {shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {shown}");
        assert!(!ran.err.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn large_files_and_bytes_neither_stop_a_scan_nor_hide_an_app() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    put(at, "template.yaml", APP);
    // Pictures count for nothing, whatever their size.
    for number in 0..7 {
        fs::File::create(at.join(format!("{number}.png"))).unwrap().set_len(15 << 20).unwrap();
    }
    fs::File::create(at.join("large.json")).unwrap().set_len(100 << 20).unwrap();
    let ran = scan(at, &["."]);
    assert_eq!(ran.code, Some(6), "{}", ran.err);
    assert!(ran.err.contains("`large.json`: larger than 16 MB"), "{}", ran.err);
    let alone = scan(at, &["large.json"]);
    assert_eq!(alone.code, Some(1));
    assert!(alone.err.contains("larger than 16 MB"), "{}", alone.err);
    // A zero byte in a comment does not make a template something that nobody reads.
    put(at, "zero/template.yaml", format!("# \0\n{APP}"));
    let ran = scan(at, &["zero"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("Not read:"), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (at, outside) = (folder.path().join("repo"), folder.path().join("outside"));
    put(&at, "template.yaml", APP);
    put(&outside, "template.yaml", APP);
    for (target, link) in
        [("..", "up"), ("/", "root"), ("../outside", "beside"), ("../outside/template.yaml", "b.yaml")]
    {
        std::os::unix::fs::symlink(target, at.join(link)).unwrap();
    }
    assert!(Command::new("mkfifo").arg(at.join("pipe.yaml")).status().unwrap().success());
    let ran = scan(&at, &[".", "--format", "json"]);
    assert_eq!(paths(&ran), ["template.yaml"], "control: what is no link is read");
    assert!(ran.err.contains("`b.yaml`: a link"), "{}", ran.err);
    assert_eq!(scan(&at, &["pipe.yaml"]).code, Some(1), "a pipe is not waited for");
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    put(at, "secret.txt", "planted-outside-4711");
    put(at, "repo/inside.txt", "planted-inside-4711");
    let service = |file: &str| {
        format!(
            "service: s\nprovider: {{ name: aws, runtime: nodejs22.x, environment: {{ X: '${{file({file})}}' }} }}\nfunctions: {{ f: {{ handler: a.b, url: true }} }}\n"
        )
    };
    let outside = at.join("secret.txt");
    for file in ["../secret.txt", outside.to_str().unwrap(), "/etc/passwd"] {
        put(at, "repo/serverless.yml", service(file));
        put(
            at,
            "repo/main.tf",
            format!(
                "locals {{ x = file(\"{file}\") }}\nresource \"aws_lambda_function\" \"f\" {{\n  function_name = local.x\n  handler = \"a.b\"\n  environment {{\n    variables = {{ X = local.x }}\n  }}\n}}\n"
            ),
        );
        for format in ["text", "json", "html", "markdown", "sarif", "cyclonedx"] {
            let ran = scan(at, &["repo", "--format", format]);
            assert!(
                !ran.out.contains("planted-outside") && !ran.out.contains("root:x"),
                "{file}: {}",
                ran.out
            );
        }
    }
    put(
        at,
        "repo/main.tf",
        "resource \"aws_lambda_function\" \"f\" {\n  function_name = file(\"inside.txt\")\n  handler = \"a.b\"\n}\n",
    );
    let inside = scan(at, &["repo", "--format", "json"]);
    assert_eq!(paths(&inside).len(), 2, "control: both are apps: {}", inside.out);
}

/// Runs a scan with so much memory that a bomb would be stopped by the system.
#[cfg(unix)]
fn bounded(folder: &Path) -> Ran {
    let mut command = Command::new("sh");
    let script = "ulimit -v 1500000; ulimit -t 60; exec timeout 120 \"$0\" scan . --today 2026-11-22";
    command.args(["-c", script, env!("CARGO_BIN_EXE_casemate")]);
    run(folder, command)
}

#[cfg(unix)]
#[test]
fn texts_that_grow_without_end_are_unknown() {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let nested =
        (0..24).fold("\"\\\"\"".to_owned(), |inner, _| format!("{{\"Fn::ToJsonString\":[{inner}]}}"));
    let laughs = |at: usize| {
        let below = if at == 0 { "x".to_owned() } else { format!("*a{}", at - 1) };
        format!("  x{at}: &a{at} [{}]\n", vec![below; 9].join(", "))
    };
    let function = "functions: { f: { handler: a.b, url: true } }\n";
    let bombs = [
        (
            "serverless.yml",
            format!(
                "service: s\nprovider: {{ name: aws, runtime: nodejs22.x, environment: {{ X: '${{self:custom.a40}}' }} }}\n{function}custom:\n  a0: '${{env:X}}'\n{}",
                lines(40, &|at| format!("  a{}: '${{self:custom.a{at}}}${{self:custom.a{at}}}'\n", at + 1))
            ),
        ),
        (
            "main.tf",
            format!(
                "resource \"aws_lambda_function\" \"f\" {{\n  function_name = \"f\"\n  handler = \"a.b\"\n  environment {{\n    variables = {{ V = local.a130 }}\n  }}\n}}\nresource \"aws_lambda_function_url\" \"u\" {{\n  function_name = aws_lambda_function.f.function_name\n  authorization_type = \"NONE\"\n}}\nlocals {{\n  a0 = \"\\\"\\\\\"\n{}}}\n",
                lines(130, &|at| format!("  a{} = jsonencode(local.a{at})\n", at + 1))
            ),
        ),
        (
            "template.yaml",
            format!(
                "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n      FunctionUrlConfig: {{ AuthType: NONE }}\n      Environment: {{ Variables: {{ V: {nested} }} }}\n"
            ),
        ),
        ("laughs.yaml", format!("Mappings:\n{}{}", lines(12, &laughs), APP.split_once('\n').unwrap().1)),
    ];
    for (name, text) in bombs {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), name, &text);
        let ran = bounded(folder.path());
        // Six: the open function is found beside what is not known. One: the file is refused, and said to be.
        let ended = ran.code == Some(6) || ran.code == Some(1) && ran.out.contains("Not read:");
        assert!(ended, "{name}: {:?}\n{}\n{}", ran.code, ran.out, ran.err);
    }
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "template.yaml", APP);
    assert_eq!(bounded(folder.path()).code, Some(6), "control: so much memory is enough");
}

#[test]
fn stacks_that_import_from_one_another_in_a_circle_hold_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.yaml",
        "Resources: {T: {Type: AWS::SNS::Topic}, C: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./c.yaml}}}
Outputs: {X: {Value: !Ref T, Export: {Name: xxx-x}}}
",
    );
    put(
        folder.path(),
        "b.yaml",
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue xxx-x}}}
Outputs: {Y: {Value: !Ref Q, Export: {Name: yyy-y}}}
",
    );
    put(
        folder.path(),
        "c.yaml",
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue yyy-y}}}\n",
    );
    // More files than there are processors: threads must not wait for one another either.
    for at in 0..20 {
        put(
            folder.path(),
            &format!("{at}.yaml"),
            "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue yyy-y}}}\n",
        );
    }
    put(folder.path(), "app/template.yaml", APP);
    let ran = bounded(folder.path());
    assert!(ran.code == Some(6) && ran.out.contains("admin-role-"), "{:?} {} {}", ran.code, ran.out, ran.err);
}

#[test]
fn a_template_that_exports_the_same_name_nearer_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = |action: &str| {
        format!(
            "Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{Statement: {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}}}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {{Effect: Allow, Action: '{action}', Resource: '*'}}}}}}]
Outputs: {{R: {{Value: !GetAtt R.Arn, Export: {{Name: shared-role}}}}}}
"
        )
    };
    let role =
        "Role: !ImportValue shared-role\n      Events: {E: {Type: Api, Properties: {Path: /, Method: post}}}";
    let app = APP.replace("Policies: [AdministratorAccess]", role);
    put(folder.path(), "api/template.yaml", app);
    put(folder.path(), "data/template.yaml", data("*"));
    // The control: without a decoy the function is an administrator.
    let ran = bounded(folder.path());
    assert!(ran.out.contains("may do everything"), "{}", ran.out);
    put(folder.path(), "api/test/decoy.yaml", data("ec2:DescribeRegions"));
    let ran = bounded(folder.path());
    assert!(ran.out.contains("`data/template.yaml` export it too"), "{}", ran.out);
    // Whatever is taken, the role itself is judged where it stands.
    assert!(ran.out.contains("admin-role-"), "{}", ran.out);
}

#[test]
fn a_diff_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "Tr0ub4dor-and-3xtra";
    let template = format!("Parameters:\n  DbPassword: {{Type: String, Default: {secret}}}\n{APP}");
    put(folder.path(), "template.yaml", &template);
    for arguments in [&[".", "--fix", "--dry-run"][..], &[".", "--fix", "--dry-run", "--json"]] {
        let ran = scan(folder.path(), arguments);
        assert!(ran.out.contains("NoEcho"), "{}", ran.out);
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{}", ran.out);
    }
    // The control: the change itself leaves the value alone.
    assert_eq!(scan(folder.path(), &[".", "--fix", "--fail-on", "never"]).code, Some(0));
    let after = fs::read_to_string(folder.path().join("template.yaml")).unwrap();
    assert!(after.contains("NoEcho") && after.contains(secret), "{after}");
}
