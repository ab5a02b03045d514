//! `casemate login`: sign in and keep the session.

use serde_json::json;

use crate::client::{Client, ServerArguments, read_session};
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::output::Output;
use crate::verb::read_password;

/// Sign in to a server. The session is kept in a file with mode 0600; the password is not.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate login --username alice\n  pass show casemate | casemate login --username alice --password-stdin"
)]
pub(crate) struct Arguments {
    /// Who signs in.
    #[arg(long, env = "CASEMATE_USERNAME")]
    username: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let password = read_password(arguments.password_stdin, false)?;
    let waiting = output.spinner("signing in".to_owned());
    sign_in(&client, &arguments.username, &password)?;
    waiting.finish_and_clear();
    let document = json!({ "server": client.server, "username": arguments.username });
    output.result(&document, |_| format!("Signed in to {} as {}.", client.server, arguments.username));
    Ok(())
}

/// Signs in and keeps the session.
pub(crate) fn sign_in(client: &Client, username: &str, password: &str) -> Result<(), Failure> {
    let answer =
        client.call_anonymously("/v1/sign-in", &json!({ "username": username, "password": password }))?;
    let session = read_session(username, &answer)?;
    Credentials::change(|credentials| {
        credentials.servers.insert(client.server.clone(), session);
        credentials.current = Some(client.server.clone());
    })
}
