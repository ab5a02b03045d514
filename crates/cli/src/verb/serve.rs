//! `casemate serve`: run a server until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use casemate_server::{Server, Settings};
use serde_json::json;

use crate::failure::{Failure, Kind};
use crate::output::{BOLD, DIM, Output, WARN, paint};

/// Run a server. Everything it keeps lies in one data folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate serve                              data in ./casemate-data, http://*.localhost:8080, control on :8081
  casemate serve --data /var/lib/casemate --config casemate-server.toml
  casemate serve --listen 127.0.0.1:0 --control 127.0.0.1:0 --json      for scripts: prints where it listens")]
pub(crate) struct Arguments {
    /// Settings in TOML; flags override them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where functions are called.
    #[arg(long, value_name = "ADDRESS", overrides_with = "listen")]
    listen: Option<SocketAddr>,
    /// Where the platform is administered.
    #[arg(long, value_name = "ADDRESS", overrides_with = "control")]
    control: Option<SocketAddr>,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let settings = settings(arguments)?;
    log_to_stderr();
    let data = settings.data.clone();
    let server = Server::start(settings).map_err(|error| Failure::failed(error.to_string()))?;
    let ready = server.ready();
    let document = json!({
        "event": "ready", "listen": ready.listen, "control": ready.control, "url": ready.url,
        "control_url": ready.control_url, "setup_code": ready.setup_code, "ledger_key": ready.ledger_key,
        "data": data, "confinement": ready.confinement,
        "certificate": ready.certificate.as_ref().map(|certificate| json!({
            "path": certificate.path, "fingerprint": certificate.fingerprint,
        })),
    });
    output.result(&document, |_| {
        let mut lines = vec![
            format!("{} {}", paint(BOLD, "functions"), ready.url),
            format!("{}   {}", paint(BOLD, "control"), ready.control_url),
            format!("{}      {}", paint(BOLD, "data"), data.display()),
            format!(
                "{}    {} {}",
                paint(BOLD, "ledger"),
                ready.ledger_key,
                paint(DIM, "(keep this key elsewhere: it verifies the ledger)")
            ),
            format!("{}     {}", paint(BOLD, "walls"), ready.confinement),
        ];
        if let Some(certificate) = &ready.certificate {
            let (path, fingerprint) = (certificate.path.display(), &certificate.fingerprint);
            lines.push(format!(
                "{} {path} ({fingerprint}): clients need it, as --ca {path}",
                paint(BOLD, "tls      ")
            ));
        }
        for warning in &ready.warnings {
            lines.push(paint(WARN, format!("warning: {warning}")));
        }
        if let Some(code) = &ready.setup_code {
            let words = "First start. Become the administrator with this code, which works once:";
            lines.push(format!("\n{} {code}", paint(BOLD, words)));
            lines.push(format!("  casemate setup --server {} --username NAME", ready.control_url));
        }
        lines.join("\n")
    });
    server.wait();
    output.note("stopped");
    Ok(())
}

/// The settings in a file, or the defaults.
pub(crate) fn settings_in(config: Option<&PathBuf>) -> Result<Settings, Failure> {
    let Some(path) = config else { return Ok(Settings::default()) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Kind::Usage, format!("`{}` cannot be read: {error}", path.display()))
    })?;
    Settings::parse(&text).map_err(|error| Failure::new(Kind::Usage, format!("{}: {error}", path.display())))
}

fn settings(arguments: Arguments) -> Result<Settings, Failure> {
    let mut settings = settings_in(arguments.config.as_ref())?;
    if let Some(data) = arguments.data {
        settings.data = data;
    }
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    if let Some(control) = arguments.control {
        settings.control = control;
    }
    Ok(settings)
}

/// The operator's log: warnings and worse, or what CASEMATE_LOG asks for.
pub(crate) fn log_to_stderr() {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("CASEMATE_LOG").unwrap_or_else(|_| "warn".into());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("a log was set up before");
    }
}
