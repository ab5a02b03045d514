//! `cargo xtask oracle`: the labelled SAM templates as AWS's own translator expands them.
//!
//! Owns: which version of the translator, and where its answers lie. Invariant: an answer is written by the translator alone; the tests
//! compare what the scanner reads in a template with what it reads in the expansion. Not here: the comparison (`casemate-scan`,
//! `tests/sam_oracle.rs`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::facts;

const SCRIPT: &str = include_str!("oracle/expand.py");
/// The translator and the parser that it wants, from PyPI.
const PACKAGES: [&str; 2] = ["aws-sam-translator==1.115.0", "pyyaml==6.0.2"];
const TEMPLATES: &str = "tests/scan";
const ANSWERS: &str = "tests/scan/oracle";

/// Expands every labelled SAM template anew.
pub(crate) fn write(root: &Path) -> Result<()> {
    let place = tempfile::tempdir().context("cannot make a folder for the packages")?;
    let python = facts::install(place.path(), &PACKAGES)?;
    let script = place.path().join("expand.py");
    std::fs::write(&script, SCRIPT)?;
    let answers = root.join(ANSWERS);
    std::fs::create_dir_all(&answers)?;
    facts::run(
        Command::new(&python).arg(&script).arg(root.join(TEMPLATES)).arg(&answers),
        "the translator on the labelled templates",
    )?;
    println!("{ANSWERS}  {} templates expanded", std::fs::read_dir(&answers)?.count());
    Ok(())
}
