//! `cargo xtask schemas`: the scanner's SARIF and CycloneDX held against the schemas of their standards.
//!
//! Owns: where the schemas come from: SARIF's from the crate `serde-sarif`, CycloneDX's from the package `cyclonedx-python-lib`. Invariant: a
//! document is valid only when the validator looked at it and it holds something; a broken copy of it must be refused. Not here: what
//! the documents say (`casemate-scan`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::servers;
use crate::facts;

const SCRIPT: &str = include_str!("schemas/validate.py");
const PACKAGES: [&str; 2] = ["cyclonedx-python-lib[json-validation]==11.4.0", "jsonschema==4.25.1"];
const SARIF: (&str, &str) = ("serde-sarif", "=0.8.0");

/// Scans the labelled apps, and validates what comes out.
pub(crate) fn validate(root: &Path) -> Result<()> {
    let casemate = servers::casemate(root)?;
    let place = tempfile::tempdir().context("cannot make a folder for the packages")?;
    let schema = sarif_schema(&place.path().join("schema"))?;
    let python = facts::install(place.path(), &PACKAGES)?;
    let script = place.path().join("validate.py");
    std::fs::write(&script, SCRIPT)?;
    for format in ["sarif", "cyclonedx"] {
        let file = place.path().join(format);
        let status = Command::new(&casemate)
            .args(["scan", "tests/scan/apps", "--fail-on", "never", "--format", format, "--output"])
            .arg(&file)
            .current_dir(root)
            .status()
            .context("cannot run casemate")?;
        ensure!(status.success(), "`casemate scan --format {format}` failed");
        let what = format!("the schema of {format}");
        facts::run(Command::new(&python).arg(&script).arg(format).arg(&file).arg(&schema), &what)?;
    }
    Ok(())
}

/// The schema that a crate carries, fetched as cargo fetches crates.
fn sarif_schema(place: &Path) -> Result<PathBuf> {
    let (name, version) = SARIF;
    std::fs::create_dir_all(place.join("src"))?;
    std::fs::write(place.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"schema\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{name} = \"{version}\"\n"
    );
    std::fs::write(place.join("Cargo.toml"), manifest)?;
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(place).exec()?;
    let found = metadata.packages.iter().find(|package| package.name.as_str() == name);
    let folder =
        found.and_then(|package| package.manifest_path.parent()).context("cargo did not fetch it")?;
    let schema = folder.join("src/schema.json").into_std_path_buf();
    ensure!(schema.is_file(), "`{name}` carries no schema any more");
    Ok(schema)
}
