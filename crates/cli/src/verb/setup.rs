//! `casemate setup`: the first administrator.

use serde_json::json;

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::Output;
use crate::verb::{login, read_password};

/// Become the first administrator, with the code that the first `serve` printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  casemate setup --code K7QX-… --username alice")]
pub(crate) struct Arguments {
    /// The code that the server printed at its first start.
    #[arg(long, env = "CASEMATE_SETUP_CODE", hide_env_values = true)]
    code: String,
    /// The administrator's name.
    #[arg(long)]
    username: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let password = read_password(arguments.password_stdin, true)?;
    let body =
        json!({ "code": arguments.code, "username": arguments.username, "password": password.as_str() });
    let waiting = output.spinner("setting the password".to_owned());
    let created = client.call_anonymously("/v1/setup", &body)?;
    login::sign_in(&client, &arguments.username, &password)?;
    waiting.finish_and_clear();
    output.result(&created, || {
        format!("`{}` is the first administrator of {}, and signed in.\nNext: casemate new hello && cd hello && casemate deploy", arguments.username, client.server)
    });
    Ok(())
}
