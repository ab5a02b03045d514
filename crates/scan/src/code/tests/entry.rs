//! Where handlers are found.

use super::*;
use crate::source::Place;

const PUBLISH: &str = "const { SNS } = require('aws-sdk'); exports.handler = async () => new SNS().publish({ TopicArn: 't' }).promise();";

/// Reads a handler of a template in `folder`, whose code is at `location`.
fn found(
    files: &[(&str, &str)],
    folder: &str,
    location: Option<&str>,
    handler: &str,
    runtime: &str,
) -> (String, usize) {
    let mut tree = SourceTree::new();
    let template = tree.add("template.yml", *b"");
    for (path, text) in files {
        tree.add(path, text.as_bytes());
    }
    let app = App::new("test", Framework::Sam, template, folder);
    let place = Place::whole(template);
    let mut function = Function::new(Name::from("Main"), place);
    function.handler = Some(Setting::new(place, handler.to_owned()));
    function.runtime = Some(Setting::new(place, runtime.to_owned()));
    if let Some(location) = location {
        function.code.location = Known::Value(CodeLocation::Folder(location.to_owned()));
    }
    let reading = read(&tree, &app, &function);
    let file = reading.entry.map(|entry| tree.path(entry.file).to_owned()).unwrap_or_default();
    (file, reading.sdk_calls.len())
}

#[test]
fn handlers_are_found_where_projects_keep_them() {
    let python =
        "import boto3\ndef handler(event, context):\n    boto3.client('sns').publish(TopicArn='t')\n";
    let typed = "import { SNS } from '@aws-sdk/client-sns'; export const handler = async (): Promise<void> => { await new SNS({}).publish({ TopicArn: 't' }); };";
    let cases = [
        ("hello/app.js", PUBLISH, "", Some("hello"), "app.handler", "nodejs22.x"),
        ("app/hello/app.js", PUBLISH, "app", Some("hello"), "app.handler", "nodejs22.x"),
        ("src/handlers/x.ts", typed, "", Some(""), "src/handlers/x.handler", "nodejs22.x"),
        ("src/x.ts", typed, "", Some("dist"), "x.handler", "nodejs22.x"),
        ("src/x/index.ts", typed, "", Some(""), "dist/x/index.handler", "nodejs22.x"),
        ("services/orders/src/index.ts", typed, "services/orders", None, "index.handler", "nodejs22.x"),
        (
            "fn/index.mjs",
            "import { SNS } from '@aws-sdk/client-sns'; export const handler = async () => new SNS({}).publish({ TopicArn: 't' });",
            "",
            Some("fn"),
            "index.handler",
            "nodejs22.x",
        ),
        ("fn/app.py", python, "", Some("fn"), "app.handler", "python3.13"),
        ("pkg/mod/app.py", python, "", Some(""), "pkg.mod.app.handler", "python3.13"),
        ("pkg/mod/__init__.py", python, "", Some(""), "pkg/mod.handler", "python3.13"),
    ];
    for (path, code, folder, location, handler, runtime) in cases {
        assert_eq!(
            found(&[(path, code)], folder, location, handler, runtime),
            (path.to_owned(), 1),
            "{path}"
        );
    }
}

#[test]
fn sources_are_read_before_what_is_built_from_them() {
    let files = [("dist/app.js", "exports.handler=async()=>1"), ("src/app.ts", PUBLISH)];
    assert_eq!(found(&files, "", Some(""), "dist/app.handler", "nodejs22.x"), ("src/app.ts".to_owned(), 1));
}

#[test]
fn what_cannot_be_read_is_said() {
    let nothing = (String::new(), 0);
    assert_eq!(found(&[], "", Some(""), "app.handler", "nodejs22.x"), nothing);
    assert_eq!(found(&[("app.go", "package main")], "", Some(""), "app.handler", "provided.al2023"), nothing);
    assert_eq!(
        found(&[("a/app.js", PUBLISH), ("b/app.js", PUBLISH)], "", None, "app.handler", "nodejs22.x"),
        nothing
    );
    assert_eq!(found(&[("node_modules/app.js", PUBLISH)], "", None, "app.handler", "nodejs22.x"), nothing);
}

#[test]
fn inline_code_keeps_its_place() {
    let text = "Code:\n  ZipFile: |\n    import os\n    def handler(event, context):\n        os.system(event['x'])\n";
    let mut tree = SourceTree::new();
    let template = tree.add("template.yml", text.as_bytes());
    let place = Place::new(template, text.find('|').unwrap(), text.len());
    let app = App::new("test", Framework::CloudFormation, template, "");
    let mut function = Function::new(Name::from("Main"), place);
    function.handler = Some(Setting::new(place, "index.handler".to_owned()));
    function.runtime = Some(Setting::new(place, "python3.13".to_owned()));
    function.code.location = Known::Value(CodeLocation::Inline(place));
    let reading = read(&tree, &app, &function);
    let flow = reading.flows.first().expect("a flow");
    assert_eq!(tree.excerpt(flow.sink), "os.system(event['x'])");
    assert_eq!(tree.locate(flow.sink).0.line, 5);
}

#[test]
fn imports_and_environment_are_named() {
    let (_, reading) = read_files(
        &[(
            "app.ts",
            "import axios from 'axios'; import { z } from 'zod/v4'; import * as s from '@scope/pkg/deep'; const x = process.env.A; const { B, C = 'd' } = process.env; export const handler = async () => x;",
        )],
        &[],
    );
    let imports: Vec<&str> = reading.imports.iter().map(|import| import.package.as_str()).collect();
    assert_eq!(imports, ["axios", "zod", "@scope/pkg"]);
    let mut read: Vec<&str> = reading.reads_environment.iter().map(|seen| seen.value.as_str()).collect();
    read.sort_unstable();
    assert_eq!(read, ["A", "B", "C"]);
}

#[test]
fn what_the_runtime_loads_is_read_before_its_decoys() {
    let runs = "const cp = require('child_process'); exports.run = x => cp.exec(x)";
    let quiet = "exports.run = x => 1";
    let calls =
        |module: &str| format!("const l = require('{module}'); exports.handler = async e => l.run(e.body)");
    let flows = |files: &[(&str, &str)]| read_files(files, &[]).1.flows.len();
    assert_eq!(flows(&[("app.js", calls("./lib/").as_str()), ("lib.js", quiet), ("lib/index.js", runs)]), 1);
    assert_eq!(flows(&[("app.js", calls("./lib").as_str()), ("lib.js", quiet), ("lib/index.js", runs)]), 0);
    assert_eq!(
        flows(&[
            ("app.js", calls("./lib").as_str()),
            ("lib.ts", "export const run = x => 1"),
            ("lib.js", runs)
        ]),
        1
    );
    let python = "import os\ndef handler(e, c):\n    os.system(e['a'])\n";
    let still = "def handler(e, c):\n    return 1\n";
    let files = [("app.py", still), ("app/__init__.py", python)];
    assert_eq!(found(&files, "", Some(""), "app.handler", "python3.13").0, "app/__init__.py");
    // A file without an ending is tried first, and is not read here.
    assert_eq!(
        found(&[("app.js", PUBLISH), ("app", PUBLISH)], "", Some(""), "app.handler", "nodejs24.x").0,
        ""
    );
    assert_eq!(found(&[("app.js", PUBLISH)], "", Some(""), "app.handler", "nodejs24.x").0, "app.js");
}

#[test]
fn another_functions_code_is_not_taken_for_ones_own() {
    let nothing = (String::new(), 0);
    let other = [("orders/app.js", PUBLISH)];
    assert_eq!(found(&other, "", Some("payments"), "app.handler", "nodejs22.x"), nothing);
    assert_eq!(found(&[("app.js", PUBLISH)], "", Some("payments"), "app.handler", "nodejs22.x"), nothing);
    let python = [("orders/app.py", "def handler(event, context):\n    return 1\n")];
    assert_eq!(found(&python, "", Some("payments"), "app.handler", "python3.13"), nothing);
    // The folder is there: what is below it is the function's, and nothing else is.
    let both = [("payments/lib.js", ""), ("orders/app.js", PUBLISH)];
    assert_eq!(found(&both, "", Some("payments"), "app.handler", "nodejs22.x"), nothing);
    let below = [("payments/src/app.js", PUBLISH)];
    assert_eq!(found(&below, "", Some("payments"), "app.handler", "nodejs22.x").1, 1);
    // What a build makes is not there, and its sources have the same folder's name.
    assert_eq!(found(&other, "", Some("dist/payments"), "app.handler", "nodejs22.x"), nothing);
    assert_eq!(found(&other, "", Some("dist/orders"), "app.handler", "nodejs22.x").1, 1);
    assert_eq!(found(&other, "", Some("cdk.out/asset.1f2e"), "app.handler", "nodejs22.x").1, 1);
}

#[test]
fn one_file_is_not_the_code_of_two_places() {
    let mut tree = SourceTree::new();
    let template = tree.add("template.yml", *b"");
    tree.add("lambda/index.js", PUBLISH.as_bytes());
    let place = Place::whole(template);
    let mut app = App::new("test", Framework::Sam, template, "");
    for (name, folder) in [("One", "cdk.out/asset.1"), ("Two", "cdk.out/asset.2")] {
        let mut function = Function::new(Name::from(name), place);
        function.handler = Some(Setting::new(place, "index.handler".to_owned()));
        function.runtime = Some(Setting::new(place, "nodejs22.x".to_owned()));
        function.code.location = Known::Value(CodeLocation::Folder(folder.to_owned()));
        app.functions.push(function);
    }
    for function in &app.functions {
        let reading = read(&tree, &app, function);
        assert_eq!((reading.files.len(), reading.unknowns.len()), (0, 1), "{}", function.name);
    }
}

#[test]
fn a_script_and_the_typed_one_beside_it_are_both_read() {
    let runs = "const cp = require('child_process'); exports.handler = async (event) => cp.exec(event.x);";
    let typed =
        "import * as cp from 'child_process'; export const handler = async (event: any) => cp.exec(event.x);";
    let quiet = "export const handler = async () => 1;";
    for (script, other, flows, from) in [
        (runs, quiet, 1, "app.js"),
        ("exports.handler = async () => 1;", typed, 1, "app.ts"),
        (runs, typed, 1, "app.js"),
    ] {
        let (tree, reading) = read_files(&[("app.js", script), ("app.ts", other)], &[]);
        assert_eq!(reading.flows.len(), flows, "{script} {other}");
        assert_eq!(tree.path(reading.flows[0].sink.file), from);
        assert_eq!(reading.entry.map(|entry| tree.path(entry.file)), Some("app.js"));
        assert_eq!(reading.files.len(), 2);
    }
}

#[test]
fn an_archive_of_what_is_not_there_is_not_another_functions_code() {
    let main = r#"
data "archive_file" "pay" {
  type        = "zip"
  source_file = "${path.module}/payments/main.py"
  output_path = "${path.module}/pay.zip"
}
resource "aws_lambda_function" "pay" {
  function_name = "pay"
  handler       = "main.handler"
  runtime       = "python3.13"
  role          = "arn:aws:iam::1:role/x"
  filename      = data.archive_file.pay.output_path
}
"#;
    let was_read = |code: &str| {
        let mut tree = SourceTree::new();
        tree.add("main.tf", main.as_bytes());
        tree.add(code, b"def handler(event, context):\n    return 1\n".as_slice());
        let (none, options) = Default::default();
        let report = crate::inspect::inspect(&tree, &none, &options);
        report.apps.iter().flat_map(|app| &app.needs).any(|need| need.read)
    };
    assert!(was_read("payments/main.py"));
    assert!(!was_read("src/main.py"));
    assert!(!was_read("main.py"));
}

#[test]
fn of_a_file_and_a_folder_of_one_name_the_runtime_loads_one() {
    let quiet = "exports.handler = async () => 1;";
    let cases = [
        (["app.js", "app/index.js"], "nodejs22.x", "app.js"),
        (["app.mjs", "app/index.js"], "nodejs22.x", "app/index.js"),
        (["app.cjs", "app/index.js"], "nodejs22.x", "app/index.js"),
        (["app.cjs", "app/other.js"], "nodejs22.x", "app.cjs"),
        (["app.js", "app.mjs"], "nodejs22.x", "app.js"),
        (["app.cjs", "app.mjs"], "nodejs22.x", "app.mjs"),
        (["app.ts", "app/index.ts"], "nodejs22.x", "app.ts"),
    ];
    for (files, runtime, expected) in cases {
        for files in [[(files[0], quiet), (files[1], PUBLISH)], [(files[1], PUBLISH), (files[0], quiet)]] {
            assert_eq!(found(&files, "", Some(""), "app.handler", runtime).0, expected, "{files:?}");
        }
    }
    let python = "def handler(event, context):\n    return 1\n";
    let files = [("app.py", python), ("app/other.py", python)];
    assert_eq!(found(&files, "", Some(""), "app.handler", "python3.13").0, "app.py");
}

#[test]
fn what_a_build_made_of_the_sources_is_read_too() {
    let runs = "const cp = require('child_process'); exports.handler = async (event) => cp.exec(event.x);";
    let quiet = "exports.handler = async () => 1;";
    for (built, source, from) in
        [(runs, quiet, "dist/app.js"), (quiet, runs, "src/app.ts"), (runs, runs, "src/app.ts")]
    {
        let mut tree = SourceTree::new();
        let template = tree.add("template.yml", *b"");
        tree.add("dist/app.js", built.as_bytes());
        tree.add("src/app.ts", source.as_bytes());
        let app = App::new("test", Framework::Sam, template, "");
        let place = Place::whole(template);
        let mut function = Function::new(Name::from("Main"), place);
        function.handler = Some(Setting::new(place, "dist/app.handler".to_owned()));
        function.runtime = Some(Setting::new(place, "nodejs22.x".to_owned()));
        function.code.location = Known::Value(CodeLocation::Folder(String::new()));
        let reading = read(&tree, &app, &function);
        let sinks: Vec<&str> = reading.flows.iter().map(|flow| tree.path(flow.sink.file)).collect();
        assert_eq!(sinks, [from], "{built} {source}");
    }
}
