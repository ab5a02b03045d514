//! `casemate policy`: check policies offline; write and remove them on a server.

use std::path::PathBuf;

use casemate_core::Manifest;
use casemate_policy::PolicyError;
use serde_json::{Value, json};

use crate::client::{Client, ServerArguments, whole};
use crate::failure::{Failure, Kind};
use crate::output::{GOOD, Output, WARN, paint, plain_lines};
use crate::verb::segment;

/// Check, write and remove policies in Cedar.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate policy check night.cedar --manifest casemate.toml\n  casemate policy put night night.cedar\n  casemate policy list"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Parse and validate policy files, offline. Exit code 6 when one does not hold.
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Manifests whose apps, functions and stores the policies may name.
        #[arg(long)]
        manifest: Vec<PathBuf>,
    },
    /// Write a policy; it is validated first, and in force when this returns.
    Put {
        /// The policy's name.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// Remove a policy.
    Remove {
        /// The policy's name.
        name: String,
    },
    /// Show the written policies.
    List,
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", path.display())))
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    match arguments.what {
        What::Check { files, manifest } => check(&files, &manifest, output),
        What::Put { name, file } => {
            let client = Client::new(&arguments.server)?;
            client.send(
                "PUT",
                &format!("/v1/policies/{}", segment(&name)?),
                "text/plain",
                whole(read(&file)?),
            )?;
            output.result(&json!({ "name": name }), |_| format!("Policy `{name}` is in force."));
            Ok(())
        }
        What::Remove { name } => {
            let client = Client::new(&arguments.server)?;
            client.call("DELETE", &format!("/v1/policies/{}", segment(&name)?), None)?;
            output.result(&json!({ "name": name }), |_| format!("Policy `{name}` is no longer in force."));
            Ok(())
        }
        What::List => {
            let client = Client::new(&arguments.server)?;
            let answer = client.call("GET", "/v1/policies", None)?;
            output.result(&answer, |_| {
                // Not of the plain document: a policy has lines.
                let policies = answer.get("policies").and_then(Value::as_array).cloned().unwrap_or_default();
                let text = |policy: &Value, key: &str| {
                    plain_lines(policy.get(key).and_then(Value::as_str).unwrap_or_default())
                };
                let texts: Vec<_> = policies
                    .iter()
                    .map(|policy| format!("// {}\n{}", text(policy, "name"), text(policy, "text")))
                    .collect();
                if texts.is_empty() {
                    "No written policies: the manifests decide.".to_owned()
                } else {
                    texts.join("\n")
                }
            });
            Ok(())
        }
    }
}

fn check(files: &[PathBuf], manifests: &[PathBuf], output: &Output) -> Result<(), Failure> {
    let mut known = Vec::new();
    for path in manifests {
        let manifest = Manifest::parse(&read(path)?).map_err(|error| {
            let failure = Failure::new(Kind::Found, format!("{}: {error}", path.display()));
            match error.help {
                Some(help) => failure.help(help),
                None => failure,
            }
        })?;
        known.push(manifest);
    }
    let mut findings = Vec::new();
    let mut wrong = 0;
    for path in files {
        match casemate_policy::check(&read(path)?, &known) {
            Ok(warnings) => findings.extend(warnings.iter().map(|warning| {
                json!({ "file": path, "level": "warn", "line": warning.line, "column": warning.column, "message": warning.message })
            })),
            Err(PolicyError::Invalid { line, column, message, help, .. }) => {
                wrong += 1;
                findings.push(json!({ "file": path, "level": "error", "line": line, "column": column, "message": message, "help": help }));
            }
            Err(error) => {
                wrong += 1;
                findings.push(json!({ "file": path, "level": "error", "message": error.to_string() }));
            }
        }
    }
    output.result(&json!({ "files": files.len(), "errors": wrong, "findings": findings }), |document| {
        let findings = document.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
        words(&findings, files.len())
    });
    if wrong > 0 {
        return Err(Failure::new(Kind::Found, format!("{wrong} of {} files would be refused", files.len())));
    }
    Ok(())
}

fn words(findings: &[Value], files: usize) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let text = |key: &str| {
            finding
                .get(key)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .unwrap_or_default()
        };
        lines.push(format!(
            "{}:{}:{}: {}: {}",
            text("file"),
            text("line"),
            text("column"),
            text("level"),
            text("message")
        ));
        if finding.get("help").is_some_and(Value::is_string) {
            lines.push(format!("  {} {}", paint(WARN, "help:"), text("help")));
        }
    }
    if findings.is_empty() {
        lines.push(paint(GOOD, format!("{files} files hold.")));
    }
    lines.join("\n")
}
