//! `casemate demo`: a small shop, deployed, used and attacked, on a real server in a temporary folder.
//!
//! Invariant: every row is what a real request got, compared with what it should have got; the exit code is 0 only when every
//! row held, the good ones too. Nothing is simulated but the payment provider.

mod attacks;
mod caller;
mod forge;
mod provider;
mod report;
mod shop;
mod stage;

use crate::failure::{Failure, Kind};
use crate::output::{BOLD, Output, paint};

use report::Report;
use stage::Stage;

/// Deploy a small shop on a temporary server, use it as three people, attack it, and show which wall stopped what.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  casemate demo\n  casemate demo --json | jq '.rows[] | select(.held | not)'\n  casemate demo --keep        leave the server running to play with"
)]
pub(crate) struct Arguments {
    /// Leave the server running and print the next commands to try.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let mut report = Report::new(output.is_json());
    if !output.is_json() {
        output.line(&paint(BOLD, "casemate demo: a shop on a real server in a temporary folder\n"));
    }
    let waiting = output.spinner("starting a server, compiling the components".to_owned());
    let mut stage = Stage::open()?;
    let cast = shop::prepare(&stage)?;
    waiting.finish_and_clear();
    shop::play(&stage, &cast, &mut report, output)?;
    attacks::play(&mut stage, &cast, &mut report, output)?;
    let held = report.finish(output);
    if arguments.keep {
        stage.keep(&cast, output)?;
    }
    if held { Ok(()) } else { Err(Failure::new(Kind::Found, "not every row held")) }
}
