//! The verbs, one file each.

pub(crate) mod audit;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod explain;
pub(crate) mod invoke;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod policy;
pub(crate) mod role;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod setup;
pub(crate) mod user;

use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};

/// Reads a password: from standard input where asked for, from the terminal without showing it otherwise.
pub(crate) fn read_password(from_stdin: bool, confirm: bool) -> Result<Zeroizing<String>, Failure> {
    if from_stdin {
        return read_line();
    }
    let no_terminal = |error: std::io::Error| {
        Failure::new(Kind::Usage, format!("no terminal to ask for a password: {error}"))
            .help("--password-stdin")
    };
    let password = Zeroizing::new(rpassword::prompt_password("Password: ").map_err(no_terminal)?);
    if confirm {
        let again = Zeroizing::new(rpassword::prompt_password("Again: ").map_err(no_terminal)?);
        if *password != *again {
            return Err(Failure::new(Kind::Usage, "the two passwords differ; nothing was changed")
                .help("run the command again, or give it once with --password-stdin"));
        }
    }
    Ok(password)
}

/// Reads the setup code: from standard input where asked for, else from the environment (which other users of the machine cannot
/// read), else from the terminal.
pub(crate) fn read_setup_code(from_stdin: bool) -> Result<Zeroizing<String>, Failure> {
    if from_stdin {
        return read_line();
    }
    if let Ok(code) = std::env::var("CASEMATE_SETUP_CODE") {
        return Ok(Zeroizing::new(code));
    }
    let code = rpassword::prompt_password("Setup code: ").map_err(|error| {
        Failure::new(Kind::Usage, format!("no terminal to ask for the setup code: {error}"))
            .help("--code-stdin")
    })?;
    Ok(Zeroizing::new(code.trim().to_owned()))
}

fn read_line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A path segment that may hold anything.
pub(crate) fn segment(text: &str) -> Result<&str, Failure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@".contains(&b);
    if text.is_empty() || !text.bytes().all(plain) || text.bytes().all(|b| b == b'.') {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{text}` is not a name: use letters, digits, `-`, `.`, `_` and `@`"),
        ));
    }
    Ok(text)
}
