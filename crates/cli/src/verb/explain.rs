//! `casemate explain`: who asked for what, which policies decided, which line would change it.

use serde_json::Value;

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{BAD, BOLD, DIM, GOOD, Output, paint};
use crate::verb::segment;

/// Say who asked for what, which policies decided, and for a deny the smallest line that would have allowed it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  casemate explain 019aa7…   # the casemate-request-id of any answer")]
pub(crate) struct Arguments {
    /// The request's id: the header `casemate-request-id` of its answer.
    request: String,
    /// Write the request's inclusion proof to this file, for `casemate audit verify --proof FILE`.
    #[arg(long, value_name = "FILE")]
    proof: Option<std::path::PathBuf>,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let id = segment(&arguments.request)?;
    let answer = client.call("GET", &format!("/v1/requests/{id}"), None)?;
    if let Some(file) = &arguments.proof {
        let proof = client.call("GET", &format!("/v1/requests/{id}/proof"), None)?;
        std::fs::write(file, proof.to_string())
            .map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", file.display())))?;
        output.note(&format!("The proof is in {}.", file.display()));
    }
    output.result(&answer, words);
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn words(answer: &Value) -> String {
    let mut lines = vec![paint(BOLD, format!("request {}", text(answer, "request")))];
    for step in answer.get("steps").and_then(Value::as_array).into_iter().flatten() {
        if let Some(http) = step.get("http_request").filter(|http| !http.is_null()) {
            let (method, host, path) = (text(http, "http_method"), text(http, "host"), text(http, "path"));
            lines.push(format!("  {method} {host}{path} from {}", text(http, "src_endpoint")));
        }
        match text(step, "kind") {
            "decision" => decision(step, &mut lines),
            "outcome" => lines.push(format!(
                "  {} {} {} {}",
                paint(DIM, text(step, "time")),
                step.get("status").and_then(Value::as_u64).unwrap_or(0),
                text(step, "detail"),
                paint(DIM, format!("{} µs", step.get("duration_us").and_then(Value::as_u64).unwrap_or(0))),
            )),
            _ => lines.push(format!(
                "  {} {} {}",
                paint(DIM, text(step, "time")),
                text(step, "kind"),
                text(step, "detail")
            )),
        }
    }
    lines.join("\n")
}

fn decision(step: &Value, lines: &mut Vec<String>) {
    let allowed = text(step, "disposition") == "allow";
    let verdict = if allowed { paint(GOOD, "allowed") } else { paint(BAD, "denied") };
    let detail = match text(step, "detail") {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    lines.push(format!(
        "  {} {} {} on {}{detail}: {verdict}",
        paint(DIM, text(step, "time")),
        text(step, "who"),
        text(step, "action"),
        text(step, "resource")
    ));
    let Some(explanation) = step.get("explanation") else { return };
    for policy in explanation.get("policies").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!("      by policy {}", text(policy, "id")));
        // A policy has lines; they were made plain with everything else.
        for line in text(policy, "text").split("\\u{a}") {
            lines.push(format!("        {}", paint(DIM, line)));
        }
    }
    for error in explanation.get("errors").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!(
            "      {} {}",
            paint(BAD, "error while deciding:"),
            error.as_str().unwrap_or_default()
        ));
    }
    if let Some(advice) = explanation.get("advice").filter(|advice| !advice.is_null()) {
        lines.push(format!("      {} {}", paint(GOOD, "would allow it:"), advise(advice)));
    }
}

fn advise(advice: &Value) -> String {
    match text(advice, "kind") {
        "sign_in" => format!("sign in to app `{}`", text(advice, "app")),
        "grant_role" => text(advice, "command").to_owned(),
        "manifest_line" => {
            format!(
                "in the manifest of `{}`:\n          {}\n          {}",
                text(advice, "app"),
                text(advice, "table"),
                text(advice, "line")
            )
        }
        "step_up" => format!("authenticate with `{}`", text(advice, "method")),
        "change_policy" => format!("policy `{}` forbids it: change or remove it", text(advice, "policy")),
        _ => text(advice, "text").to_owned(),
    }
}
