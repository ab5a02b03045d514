//! Chores of the workspace: `cargo xtask` lists them.
//!
//! Owns: the menu. Invariant: a chore needs nothing but the Rust toolchain, unless its help says what else. Not here:
//! anything that a user of Casemate runs (`cli`).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever runs it")]

mod actions;
mod bench;
mod check;
mod facts;
mod files;
mod fuzz;
mod guests;
mod oracle;
mod schemas;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Chores of the workspace.

Usage: cargo xtask <chore> [options]

  check                 what CI runs: fmt, clippy, tests (tidy is one of them), the demo
  tidy                  the walls of the workspace: arrows, file rules, documents, stamps
  docs                  write docs/actions.md from the action table
  guests [NAME…]        rebuild the sample functions, all or these, and stamp them
                        (needs once: rustup target add wasm32-wasip2)
  guests --check        say which committed component does not come from its source
  guests --js           build the JavaScript example into target/guests/js-hello.wasm
                        (needs Node 20 or newer and npm)
  bench [options]       Casemate under load beside `wasmtime serve` and bare hyper, in one run
                        (needs wrk: apt-get install wrk, and wasmtime: cargo install wasmtime-cli --version 48)
        --seconds 5 --rounds 3 --wasmtime PROGRAM --json
  bench scan [options]  the scanner beside checkov, cfn-lint and cloudsplaining, in one run
                        (needs python3 and those three: python3 -m venv V && V/bin/pip install checkov cfn-lint cloudsplaining)
        --peers V/bin --rounds 3
  facts                 make the scanner's tables of facts: IAM actions, managed policies, SAM templates, runtimes
  oracle                expand the labelled SAM templates with AWS's translator, for the scanner's tests
  schemas               hold the scanner's SARIF and CycloneDX against their standards' schemas
                        (facts, oracle and schemas need python3 with venv, and PyPI)
  fuzz [TARGET]         look for bytes that break a property of a parser, all targets or this one
                        (needs cargo-fuzz: cargo install cargo-fuzz, and a C++ compiler)
        --seconds 60

Examples:
  cargo xtask guests hello orders
  cargo xtask tidy
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Chore {
    Help,
    Check,
    Tidy,
    Docs,
    BuildGuests(Vec<String>),
    CheckGuests,
    BuildJavaScript,
    Bench(bench::Options),
    BenchScan(bench::scan::Options),
    Facts,
    Oracle,
    Schemas,
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match parse(&words).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(words: &[String]) -> Result<Chore> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => Chore::Help,
        ["check"] => Chore::Check,
        ["tidy"] => Chore::Tidy,
        ["docs"] => Chore::Docs,
        ["bench", "scan", options @ ..] => Chore::BenchScan(bench::scan::Options::parse(options)?),
        ["bench", options @ ..] => Chore::Bench(bench::Options::parse(options)?),
        ["facts"] => Chore::Facts,
        ["oracle"] => Chore::Oracle,
        ["schemas"] => Chore::Schemas,
        ["fuzz", options @ ..] => Chore::Fuzz(fuzz::Options::parse(options)?),
        ["guests", "--check"] => Chore::CheckGuests,
        ["guests", "--js"] => Chore::BuildJavaScript,
        ["guests", names @ ..] if !names.iter().any(|name| name.starts_with('-')) => {
            Chore::BuildGuests(names.iter().map(|name| (*name).to_owned()).collect())
        }
        other => bail!("`{}` is no chore; `cargo xtask help` lists them", other.join(" ")),
    })
}

fn run(chore: Chore) -> Result<()> {
    let root = files::root()?;
    match chore {
        Chore::Help => print!("{HELP}"),
        Chore::Check => check::run(&root)?,
        Chore::BenchScan(options) => bench::scan::run(&root, &options)?,
        Chore::Bench(options) => bench::run(&root, &options)?,
        Chore::Facts => facts::write(&root)?,
        Chore::Oracle => oracle::write(&root)?,
        Chore::Schemas => schemas::validate(&root)?,
        Chore::Fuzz(options) => fuzz::run(&root, &options)?,
        Chore::Docs => println!("{}", actions::write(&root)?),
        Chore::BuildGuests(names) => guests::build(&root, &names)?,
        Chore::BuildJavaScript => guests::javascript::build(&root)?,
        Chore::CheckGuests => report("every component comes from its source", &guests::check(&root)?)?,
        Chore::Tidy => report("tidy", &tidy::findings(&root)?)?,
    }
    Ok(())
}

fn report(fine: &str, findings: &[tidy::Finding]) -> Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("{fine}"),
        1 => bail!("one finding"),
        more => bail!("{more} findings"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu() {
        let check = |words: &str, expect: Option<Chore>| {
            let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
            assert_eq!(parse(&words).ok(), expect, "{words:?}");
        };
        check("", Some(Chore::Help));
        check("check", Some(Chore::Check));
        check("guests", Some(Chore::BuildGuests(Vec::new())));
        check("guests hello", Some(Chore::BuildGuests(vec!["hello".into()])));
        check("guests --check", Some(Chore::CheckGuests));
        check("guests --js", Some(Chore::BuildJavaScript));
        check("facts", Some(Chore::Facts));
        check("oracle", Some(Chore::Oracle));
        check("schemas", Some(Chore::Schemas));
        check("guests --jss", None);
        check("tidy up", None);
        check("polish", None);
    }
}
