//! `casemate keys`: token signing keys.

use serde_json::Value;

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::Output;

/// Manage token signing keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  casemate keys rotate")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Sign with the next key from now on; tokens of the old one stay good until they end.
    Rotate,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    match arguments.what {
        What::Rotate => {
            let answer = client.call("POST", "/v1/keys/rotate", None)?;
            output.result(&answer, |answer| {
                format!(
                    "Tokens are now signed with key {}.",
                    answer.get("active").and_then(Value::as_str).unwrap_or("?")
                )
            });
            Ok(())
        }
    }
}
