//! `casemate user`: people's accounts.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::verb::{read_password, segment, serve};

/// Manage people's accounts.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate user create bob\n  casemate user disable bob\n  casemate user list --json\n  casemate user unlock ada --data casemate-data     the server stopped, for an administrator who is locked out"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Create an account.
    Create {
        /// The user's name.
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show all accounts.
    List,
    /// Stop an account: its sessions and tokens end at once.
    Disable {
        /// The user's name.
        name: String,
    },
    /// Let a disabled account sign in again.
    Enable {
        /// The user's name.
        name: String,
    },
    /// Forget failed attempts, on the account and from every address, so that a locked account may sign in now.
    Unlock {
        /// The user's name.
        name: String,
        /// Work on this data folder, while no server runs on it: for an only administrator who is locked out.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// As `--data`, for the folder in the server's settings; also says where its root key is.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Set a new password: open sessions end.
    Password {
        /// The user's name.
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    if let What::Unlock { name, data, config } = &arguments.what
        && (data.is_some() || config.is_some())
    {
        return unlock_offline(name, data.clone(), config.as_ref(), output);
    }
    let client = Client::new(&arguments.server)?;
    let change = |name: &str, body: Value, done: &str| -> Result<(), Failure> {
        client.call("PATCH", &format!("/v1/users/{}", segment(name)?), Some(&body))?;
        output.result(&json!({ "name": name }), |_| format!("`{name}` {done}."));
        Ok(())
    };
    match arguments.what {
        What::Create { name, password_stdin } => {
            let password = read_password(password_stdin, true)?;
            let created = client.call(
                "POST",
                "/v1/users",
                Some(&json!({ "name": name, "password": password.as_str() })),
            )?;
            output.result(&created, |_| {
                format!("Created `{name}`.\nNext: casemate role grant {name} ROLE --app APP")
            });
            Ok(())
        }
        What::List => {
            let answer = client.call("GET", "/v1/users", None)?;
            output.result(&answer, rows);
            Ok(())
        }
        What::Disable { name } => {
            change(&name, json!({ "enabled": false }), "is disabled, its sessions have ended")
        }
        What::Enable { name } => change(&name, json!({ "enabled": true }), "may sign in again"),
        What::Unlock { name, .. } => change(&name, json!({ "unlock": true }), "may try again now"),
        What::Password { name, password_stdin } => {
            let password = read_password(password_stdin, true)?;
            change(
                &name,
                json!({ "password": password.as_str() }),
                "has a new password, open sessions have ended",
            )
        }
    }
}

fn rows(answer: &Value) -> String {
    let users = answer.get("users").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |user: &Value, key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            let enabled = user.get("enabled").and_then(Value::as_bool).unwrap_or(false);
            let state = match user.get("locked_until") {
                _ if !enabled => "disabled".to_owned(),
                Some(until) if !until.is_null() => locked(user),
                _ => "enabled".to_owned(),
            };
            vec![text(user, "name"), text(user, "id"), state]
        })
        .collect();
    table(&["NAME", "ID", "STATE"], &rows)
}

/// Where failed attempts keep an account out, and until when.
fn locked(user: &Value) -> String {
    let places: Vec<_> = user
        .get("locks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|lock| {
            let text = |key: &str| lock.get(key).and_then(Value::as_str).unwrap_or_default();
            let everywhere = lock.get("everywhere").and_then(Value::as_bool).unwrap_or(false);
            let from = match lock.get("addresses").and_then(Value::as_u64).unwrap_or(0) {
                _ if everywhere => "from new addresses".to_owned(),
                1 => "from 1 address".to_owned(),
                addresses => format!("from {addresses} addresses"),
            };
            format!("{} {from} until {}", text("door"), text("until"))
        })
        .collect();
    format!("locked: {}", places.join(", "))
}

fn unlock_offline(
    name: &str,
    data: Option<PathBuf>,
    config: Option<&PathBuf>,
    output: &Output,
) -> Result<(), Failure> {
    let mut settings = serve::settings_in(config)?;
    settings.data = data.unwrap_or(settings.data);
    serve::log_to_stderr();
    casemate_server::offline::unlock(&settings, name).map_err(|error| Failure::failed(error.to_string()))?;
    output
        .result(&json!({ "name": name }), |_| format!("`{name}` may try again as soon as the server runs."));
    Ok(())
}
