//! `casemate list`: the apps, or the functions of one.

use serde_json::Value;

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::verb::segment;

/// Show the apps, or the functions of one app with what they may do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  casemate list\n  casemate list shop")]
pub(crate) struct Arguments {
    /// Show this app's functions.
    app: Option<String>,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    match &arguments.app {
        None => {
            let answer = client.call("GET", "/v1/apps", None)?;
            output.result(&answer, apps);
        }
        Some(app) => {
            let answer = client.call("GET", &format!("/v1/apps/{}", segment(app)?), None)?;
            output.result(&answer, functions);
        }
    }
    Ok(())
}

fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        Some(Value::Null) | None => "–".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn apps(answer: &Value) -> String {
    let apps = answer.get("apps").and_then(Value::as_array).cloned().unwrap_or_default();
    if apps.is_empty() {
        return "No apps yet.\nNext: casemate new hello, which says how to build and deploy it".to_owned();
    }
    let rows: Vec<_> = apps
        .iter()
        .map(|app| {
            ["app", "revision", "functions", "deployed_at", "url"].iter().map(|key| text(app, key)).collect()
        })
        .collect();
    table(&["APP", "REVISION", "FUNCTIONS", "DEPLOYED", "URL"], &rows)
}

/// A revision's functions: who may call each, and what each may do.
pub(crate) fn functions(revision: &Value) -> String {
    let functions = revision.get("functions").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows: Vec<_> = functions
        .iter()
        .map(|function| {
            let mut row: Vec<String> =
                ["name", "routes", "access", "grants"].iter().map(|key| text(function, key)).collect();
            if let Some(grants) = row.last_mut()
                && grants.is_empty()
            {
                "nothing".clone_into(grants);
            }
            row.push(format!("wasi {}", text(function, "wasi")));
            row
        })
        .collect();
    table(&["FUNCTION", "ROUTES", "MAY BE CALLED BY", "MAY DO", "VERSION"], &rows)
}
