//! `casemate logout`: end the session, here and on the server.

use serde_json::json;

use crate::client::{Client, ServerArguments};
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::output::Output;

/// End the session with a server and forget it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    // Forget first: a server that is down must not keep the file.
    let session = Credentials::change(|credentials| {
        if credentials.current.as_deref() == Some(client.server.as_str()) {
            credentials.current = None;
        }
        credentials.servers.remove(&client.server)
    })?;
    if let Some(session) = session {
        client.call_anonymously("/v1/sign-out", &json!({ "session": session.session }))?;
    }
    output.result(&json!({ "server": client.server }), |_| format!("Signed out of {}.", client.server));
    Ok(())
}
