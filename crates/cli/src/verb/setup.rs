//! `casemate setup`: the first administrator.

use serde_json::json;

use crate::client::{Client, ServerArguments};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::verb::{login, read_password, read_setup_code};

/// Become the first administrator, with the code that the first `serve` printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate setup --username alice                 asks for the code and a password
  CASEMATE_SETUP_CODE=… casemate setup --username alice
  casemate setup --username alice --code-stdin --password-stdin < two-lines")]
pub(crate) struct Arguments {
    /// Read the code that the server printed at its first start from standard input, before the password. Without this it is
    /// taken from the variable CASEMATE_SETUP_CODE, or asked for. Never an argument: every user of a machine can read those.
    #[arg(long)]
    code_stdin: bool,
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
    let code = read_setup_code(arguments.code_stdin)?;
    let password = read_password(arguments.password_stdin, true)?;
    let body =
        json!({ "code": code.as_str(), "username": arguments.username, "password": password.as_str() });
    let waiting = output.spinner("setting the password".to_owned());
    let created = client.call_anonymously("/v1/setup", &body).map_err(|failure| match failure.kind {
        // Nobody can sign in yet, so neither `login` nor `explain` would help.
        Kind::Denied => Failure::new(Kind::Denied, "the setup code is wrong, or was used already").help(
            "the first `casemate serve` of a data folder prints it; with an account already: casemate login",
        ),
        _ => failure,
    })?;
    login::sign_in(&client, &arguments.username, &password)?;
    waiting.finish_and_clear();
    output.result(&created, |_| {
        format!("`{}` is the first administrator of {}, and signed in.\nNext: casemate new hello, which says how to build and deploy it", arguments.username, client.server)
    });
    Ok(())
}
