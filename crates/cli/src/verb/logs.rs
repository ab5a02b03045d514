//! `casemate logs`: what functions logged and what was decided for them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Client, ServerArguments};
use crate::failure::Failure;
use crate::output::{BAD, DIM, Output, paint};
use crate::verb::segment;

/// Show log lines and decisions of an app, straight from the ledger.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate logs shop -f\n  casemate logs shop --function orders --limit 50\n  casemate logs shop --json | jq .text"
)]
pub(crate) struct Arguments {
    /// The app.
    app: String,
    /// Only this function's.
    #[arg(long)]
    function: Option<String>,
    /// Only what stands after this place in the ledger.
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// At most so many lines.
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Wait for more.
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let client = Client::new(&arguments.server)?;
    let mut after = arguments.after;
    loop {
        let since = Instant::now();
        client.follow(&path(&arguments, after)?, |line| {
            let value: Value = serde_json::from_str(line).unwrap_or_default();
            after = value.get("seq").and_then(Value::as_u64).or(after);
            if !line.is_empty() {
                output.result(&value, words);
            }
            Ok(())
        })?;
        // The server ends a stream with the token that opened it; the next one goes on where this ended, with a new token.
        // A stream that ends at once will do so again.
        if !arguments.follow || since.elapsed() < Duration::from_secs(1) {
            return Ok(());
        }
    }
}

fn path(arguments: &Arguments, after: Option<u64>) -> Result<String, Failure> {
    let (app, limit, follow) = (segment(&arguments.app)?, arguments.limit, arguments.follow);
    let mut path = format!("/v1/apps/{app}/logs?limit={limit}&follow={follow}");
    if let Some(function) = &arguments.function {
        path.push_str(&format!("&function={}", segment(function)?));
    }
    if let Some(after) = after {
        path.push_str(&format!("&after={after}"));
    }
    Ok(path)
}

fn words(line: &Value) -> String {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
    let said = if text("kind") == "decision" && text("text").ends_with("denied") {
        paint(BAD, text("text"))
    } else {
        text("text").to_owned()
    };
    format!("{} {:<12} {said}  {}", paint(DIM, text("time")), text("function"), paint(DIM, text("request")))
}
