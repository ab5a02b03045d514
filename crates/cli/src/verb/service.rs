//! `casemate service`: service accounts and their API keys.

use serde_json::{Value, json};

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{Output, WARN, paint, table};
use crate::verb::segment;

/// Manage service accounts and their API keys.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate service create ci --app casemate\n  casemate role grant ci admin --app casemate\n  casemate service revoke ci"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Create a service account and its API key, which is shown once.
    Create {
        /// The service's name.
        name: String,
        /// The app that its key is good for; `casemate` is the platform itself.
        #[arg(long)]
        app: String,
    },
    /// Show all service accounts.
    List,
    /// Revoke a service account: its keys stop at once.
    Revoke {
        /// The service's name.
        name: String,
    },
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    match arguments.what {
        What::Create { name, app } => {
            let created = client.call("POST", "/v1/services", Some(&json!({ "name": name, "app": app })))?;
            output.result(&created, |created| {
                let key = created.get("api_key").and_then(Value::as_str).unwrap_or_default();
                format!(
                    "Created `{name}` for app `{app}`. {}\n{key}",
                    paint(WARN, "The key is shown only now:")
                )
            });
        }
        What::List => {
            let answer = client.call("GET", "/v1/services", None)?;
            output.result(&answer, |answer| {
                let services = answer.get("services").and_then(Value::as_array).cloned().unwrap_or_default();
                let text = |service: &Value, key: &str| {
                    service.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let rows: Vec<_> = services
                    .iter()
                    .map(|service| {
                        let enabled = service.get("enabled").and_then(Value::as_bool).unwrap_or(false);
                        let state = if enabled { "enabled" } else { "revoked" };
                        vec![
                            text(service, "name"),
                            text(service, "id"),
                            text(service, "app"),
                            state.to_owned(),
                        ]
                    })
                    .collect();
                table(&["NAME", "ID", "APP", "STATE"], &rows)
            });
        }
        What::Revoke { name } => {
            client.call("DELETE", &format!("/v1/services/{}", segment(&name)?), None)?;
            output.result(&json!({ "name": name }), |_| format!("Revoked `{name}`; its keys have stopped."));
        }
    }
    Ok(())
}
