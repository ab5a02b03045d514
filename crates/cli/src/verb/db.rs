//! `casemate db`: known vulnerabilities, kept on this machine so that `casemate scan` needs no network.

mod intake;
mod report;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use casemate_scan::advisories::{Affected, Importer, StoreError, holds};
use casemate_scan::packages::Ecosystem;
use casemate_scan::versions::Version;
use serde_json::{Value, json};

use self::report::{kept, left_out, nothing};
use crate::advisories::{default_path, open};
use crate::failure::{Failure, Kind};
use crate::output::{BOLD, GOOD, Output, paint, table};

/// Keep known vulnerabilities of packages on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate db import npm.zip                 OSV records, of one ecosystem or of all
  casemate db import advisory-db/ npm.zip    folders too: OSV (JSON, YAML), RustSec, security-wg
  casemate db show                           what is kept
  casemate db show npm:lodash@4.17.20        what is known about a package or a version of it")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// The file that they are kept in; by default $CASEMATE_ADVISORIES, or casemate/advisories.db in the user's data folder.
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read advisories from folders and archives, in place of those kept before.
    Import {
        /// Folders and ZIP archives.
        #[arg(required = true, value_name = "DIR|ZIP")]
        paths: Vec<PathBuf>,
    },
    /// Show what is kept, or what is known about packages.
    Show {
        /// Packages, such as `npm:lodash`, `PyPI:flask@2.0.1` or `Maven:group:artifact`.
        #[arg(value_name = "PACKAGE")]
        packages: Vec<String>,
    },
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let place = match crate::advisories::named(arguments.db.as_deref()) {
        Some(path) => path,
        None => default_path()?,
    };
    match arguments.what {
        What::Import { paths } => import(&paths, &place, output),
        What::Show { packages } if packages.is_empty() => show(&place, output),
        What::Show { packages } => show_packages(&packages, &place, output),
    }
}

fn import(paths: &[PathBuf], place: &Path, output: &Output) -> Result<(), Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("`{}` cannot be written: {error}", place.display()))
    };
    // Before the work, because the work takes a while.
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
    let mut fresh = tempfile::Builder::new()
        .prefix(".advisories-")
        .tempfile_in(folder)
        .map_err(|error| cannot(&error))?;
    let progress = output.spinner("Reading advisories".to_owned());
    let mut importer = Importer::new();
    let read = paths.iter().try_for_each(|path| intake::take(path, &mut importer, &progress));
    progress.set_message("Writing the store");
    let report = read.and_then(|()| {
        let mut writer = BufWriter::new(&mut fresh);
        let report = importer.finish(&mut writer).map_err(|error| cannot(&error))?;
        writer.flush().map_err(|error| cannot(&error))?;
        Ok(report)
    });
    progress.finish_and_clear();
    let report = report?;
    if report.kept == 0 {
        return Err(nothing(&report));
    }
    // A crash leaves the old store or the new one.
    fresh.as_file().sync_all().map_err(|error| cannot(&error))?;
    fresh.persist(place).map_err(|error| cannot(&error.error))?;
    let store = open(place)?.ok_or_else(|| Failure::failed("the store is not where it was written"))?;
    let document = json!({ "file": place, "store": store.facts(), "import": report });
    output.result(&document, |document| {
        let mut lines = vec![paint(GOOD, kept(document))];
        lines.extend(left_out(&report));
        lines.push(format!("{} casemate scan .", paint(BOLD, "Next:")));
        lines.join("\n")
    });
    Ok(())
}

fn none(place: &Path) -> Failure {
    Failure::new(Kind::Missing, format!("no advisories are kept at `{}`", place.display()))
        .help("casemate db import FOLDER|ZIP…")
}

fn show(place: &Path, output: &Output) -> Result<(), Failure> {
    let store = open(place)?.ok_or_else(|| none(place))?;
    output.result(&json!({ "file": place, "store": store.facts() }), |document| {
        let empty = serde_json::Map::new();
        let counts = document.pointer("/store/ecosystems").and_then(Value::as_object).unwrap_or(&empty);
        let cell = |pair: &Value, at: usize| pair.get(at).map(Value::to_string).unwrap_or_default();
        let rows: Vec<_> =
            counts.iter().map(|(name, pair)| vec![name.clone(), cell(pair, 0), cell(pair, 1)]).collect();
        let newest = document.pointer("/store/newest").and_then(Value::as_str).unwrap_or_default();
        format!(
            "{}\n\n{}\nThe newest record was changed on {newest}.",
            table(&["ECOSYSTEM", "PACKAGES", "ADVISORIES"], &rows),
            kept(document)
        )
    });
    Ok(())
}

/// A package as it is asked for.
struct Asked<'a> {
    ecosystem: Ecosystem,
    name: &'a str,
    version: Option<(&'a str, Version)>,
}

impl<'a> Asked<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::new(Kind::Usage, why).help("casemate db show npm:lodash@4.17.20");
        let (ecosystem, rest) = text.split_once(':').unwrap_or(("", text));
        let ecosystem = named(ecosystem).ok_or_else(|| {
            let names: Vec<_> = Ecosystem::ALL.into_iter().map(Ecosystem::osv).collect();
            wrong(format!("`{text}` does not begin with an ecosystem: {}", names.join(", ")))
        })?;
        // The `@` of an npm scope begins the name and no version.
        let cut = rest.rfind('@').filter(|at| *at > 0);
        let (name, version) = match cut.and_then(|at| rest.split_at_checked(at)) {
            Some((name, version)) => (name, Some(version.trim_start_matches('@'))),
            None => (rest, None),
        };
        let version = match version {
            None => None,
            Some(version) => {
                let parsed = Version::parse(ecosystem, version)
                    .ok_or_else(|| wrong(format!("`{version}` is no version of {}", ecosystem.osv())))?;
                Some((version, parsed))
            }
        };
        Ok(Self { ecosystem, name, version })
    }
}

/// An ecosystem as OSV spells it, or as its own tools and purls do.
fn named(name: &str) -> Option<Ecosystem> {
    Ecosystem::from_osv(name).or_else(|| match name.trim().to_ascii_lowercase().as_str() {
        "cargo" | "crates" | "rust" => Some(Ecosystem::Cargo),
        "pip" | "python" => Some(Ecosystem::PyPi),
        "golang" => Some(Ecosystem::Go),
        "gem" | "ruby" => Some(Ecosystem::RubyGems),
        "composer" => Some(Ecosystem::Packagist),
        _ => None,
    })
}

fn show_packages(packages: &[String], place: &Path, output: &Output) -> Result<(), Failure> {
    let asked = packages.iter().map(|text| Asked::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let store = open(place)?.ok_or_else(|| none(place))?;
    let cannot = |error: StoreError| Failure::failed(format!("`{}`: {error}", place.display()));
    let mut found = Vec::new();
    for asked in asked {
        let known = store.find(asked.ecosystem, &asked.ecosystem.key(asked.name)).map_err(cannot)?;
        for affected in known {
            let holds = asked
                .version
                .as_ref()
                .is_none_or(|(text, version)| holds(&affected, asked.name, text, version));
            if holds {
                found.push(row(&affected));
            }
        }
    }
    output.result(&json!({ "advisories": found }), |document| {
        let list = document.get("advisories").and_then(Value::as_array).cloned().unwrap_or_default();
        if list.is_empty() {
            return "Nothing is known about it.".to_owned();
        }
        let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or("–").to_owned();
        let rows: Vec<_> = list
            .iter()
            .map(|row| {
                ["package", "id", "severity", "affected", "summary"].map(|key| text(row, key)).to_vec()
            })
            .collect();
        table(&["PACKAGE", "ADVISORY", "SEVERITY", "AFFECTED", "SUMMARY"], &rows)
    });
    Ok(())
}

/// An advisory as programs and people read it.
fn row(affected: &Affected) -> Value {
    json!({
        "package": format!("{}:{}", affected.ecosystem.osv(), affected.name),
        "id": affected.advisory.id,
        "aliases": affected.advisory.aliases,
        "severity": affected.advisory.severity,
        "score_tenths": affected.advisory.score_tenths,
        "summary": affected.advisory.summary,
        "affected": affected.ranges().join(" or "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_by_the_names_of_their_tools() {
        let check = |text: &str, expect: Ecosystem| {
            let asked = Asked::parse(text).unwrap();
            assert_eq!((asked.ecosystem, asked.name), (expect, text.split_once(':').unwrap().1), "{text}");
        };
        check("cargo:time", Ecosystem::Cargo);
        check("crates.io:time", Ecosystem::Cargo);
        check("NPM:@s/lodash", Ecosystem::Npm);
        check("pip:flask", Ecosystem::PyPi);
        check("PyPI:flask", Ecosystem::PyPi);
        check("golang:example.com/a", Ecosystem::Go);
        check("GO:example.com/a", Ecosystem::Go);
        check("maven:group:artifact", Ecosystem::Maven);
        assert!(Asked::parse("debian:openssl").is_err());
        assert!(Asked::parse("lodash").is_err());
    }
}
