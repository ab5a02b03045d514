//! Packages of a project's own: followed where they are in the tree, said where they are not.

use super::*;

fn private(code: (&str, &str), others: &[(&str, &str)]) -> (Vec<String>, usize) {
    let files: Vec<(&str, &str)> = std::iter::once(code).chain(others.iter().copied()).collect();
    let (_, reading) = read_files(&files, &[]);
    (gaps(&reading).iter().map(|gap| (*gap).to_owned()).collect(), reading.sdk_calls.len())
}

#[test]
fn what_only_the_project_can_get_is_a_gap() {
    let script = |module: &str| format!("import x from '{module}'; export const handler = async () => x();");
    let cases = [
        ("@acme/shared", "{}", true),
        ("@acme/shared/deep/er", "{\"dependencies\": {\"@acme/shared\": \"^1.0.0\"}}", true),
        ("shared", "{\"dependencies\": {\"shared\": \"file:../shared\"}}", true),
        ("shared", "{\"dependencies\": {\"shared\" : \"workspace:*\"}}", true),
        ("shared", "{\"dependencies\": {\"shared\": \"git+ssh://git@github.com/acme/shared.git\"}}", true),
        ("shared", "{\"dependencies\": {\"shared\": \"acme/shared\"}}", true),
        ("#db", "{}", true),
        ("express", "{\"dependencies\": {\"express\": \"^4.0.0\"}}", false),
        ("lodash/get", "{\"dependencies\": {\"lodash\": \">=4 <5\"}}", false),
        ("uuid", "{\"dependencies\": {\"uuid\": \"npm:uuid@9\"}}", false),
        ("@aws-sdk/client-s3", "{}", false),
        ("@middy/core", "{\"dependencies\": {\"@middy/core\": \"5\"}}", false),
        ("node:fs", "{}", false),
    ];
    for (module, manifest, expected) in cases {
        let code = script(module);
        let (found, _) = private(("app.mjs", &code), &[("package.json", manifest)]);
        let said = found.iter().any(|gap| gap.contains("is no public package"));
        assert_eq!(said, expected, "{module} {manifest} {found:?}");
    }
    let pythons = [
        ("shared_db", "git+ssh://git@github.com/acme/shared-db.git@v1\n", true),
        ("shared_db", "shared-db @ git+https://github.com/acme/x.git\n", true),
        ("shared_db", "-e ./libs/shared_db\n", true),
        ("shared_db", "shared-db==1.0\nother @ git+https://github.com/acme/x.git\n", false),
        ("requests", "requests==2.0\n-e ./libs/shared_db\n", false),
    ];
    for (module, list, expected) in pythons {
        let code = format!("import {module}\ndef handler(event, context):\n    return {module}.get('x')\n");
        let (found, _) = private(("app.py", &code), &[("requirements.txt", list)]);
        let said = found.iter().any(|gap| gap.contains("is no public package"));
        assert_eq!(said, expected, "{module} {list} {found:?}");
    }
    let poetry = "[tool.poetry.dependencies]\nshared-db = { path = \"../shared\" }\n";
    let code = "from shared_db import save\ndef handler(event, context):\n    save(1)\n";
    assert_eq!(private(("app.py", code), &[("pyproject.toml", poetry)]).0.len(), 1);
}

#[test]
fn a_workspace_is_followed() {
    let send = "import { SNS } from '@aws-sdk/client-sns'; export const send = async () => { await new SNS({}).publish({ TopicArn: 't' }); };";
    let cases = [
        ("@acme/shared", "libs/shared/src/index.ts", "{\"name\": \"@acme/shared\"}", "workspace:*"),
        ("@acme/shared", "libs/shared/main.js", "{\"name\": \"@acme/shared\", \"main\": \"main.js\"}", "*"),
        ("@acme/shared/send", "libs/shared/send.ts", "{\"name\": \"@acme/shared\"}", "*"),
        ("shared", "libs/shared/index.js", "{}", "file:libs/shared"),
    ];
    for (module, path, manifest, version) in cases {
        let code = format!("import {{ send }} from '{module}'; export const handler = async () => send();");
        let package = module.trim_end_matches("/send");
        let root = format!("{{\"dependencies\": {{\"{package}\": \"{version}\"}}}}");
        let others = [("package.json", root.as_str()), ("libs/shared/package.json", manifest), (path, send)];
        assert_eq!(private(("app.mjs", &code), &others), (Vec::new(), 1), "{module} {path}");
    }
}
