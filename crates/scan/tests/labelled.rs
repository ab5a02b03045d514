//! The labelled set: small apps in all four formats, each with its faults and its traps named in `labels.toml` beside it.
//!
//! Recall counts what is labelled and found: each function that a fault names, or the fault itself. Precision counts findings that some label
//! asks for or allows; a finding that walks into a trap is wrong whatever else it says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "tests say what they expect by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use casemate_scan::advisories::{Importer, Store};
use casemate_scan::facts::Day;
use casemate_scan::inspect::{Dependencies, Options, inspect};
use casemate_scan::report::{AppReport, Found};
use casemate_scan::source::SourceTree;
use serde::Deserialize;

/// What is asked for in the issue of this scanner; see SPECIFICATION.md.
const RECALL: f64 = 0.98;
const PRECISION: f64 = 0.97;
/// The day on which everything is judged, so that runtimes do not retire while tests sleep.
const TODAY: &str = "2026-11-22";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    #[allow(dead_code, reason = "for people")]
    about: String,
    /// How many apps the folder holds: 1 where nothing is said.
    apps: Option<usize>,
    /// A folder of advisories to match against.
    advisories: Option<String>,
    #[serde(default)]
    fault: Vec<Label>,
    #[serde(default)]
    trap: Vec<Label>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    rule: String,
    /// What it touches.
    #[serde(default)]
    of: Vec<String>,
    /// `file: text`: the first line that has the text.
    at: Option<String>,
    /// Right if found, not missed if not.
    #[serde(default)]
    optional: bool,
    #[allow(dead_code, reason = "for people")]
    why: Option<String>,
}

fn apps() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scan/apps");
    let mut apps: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    apps.sort();
    apps
}

/// Takes a folder in, without the labels and the advisories.
fn take_in(folder: &Path, below: &str, without: &[&str], tree: &mut SourceTree) {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(below)).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        if without.contains(&name.as_str()) {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            take_in(folder, &path, without, tree);
        } else {
            tree.add(&path, std::fs::read(entry.path()).unwrap());
        }
    }
}

impl Label {
    /// The file and the line that it points at.
    fn spot(&self, folder: &Path) -> Option<(String, u32)> {
        let (file, text) = self.at.as_ref()?.split_once(": ").expect("`at` is `file: text`");
        let lines = std::fs::read_to_string(folder.join(file)).unwrap();
        let line = lines.lines().position(|line| line.contains(text));
        let line = line.unwrap_or_else(|| panic!("{}: no line of {file} has `{text}`", folder.display()));
        Some((file.to_owned(), u32::try_from(line + 1).unwrap()))
    }

    /// Whether a finding is about what the label names.
    fn is_about(&self, folder: &Path, found: &Found) -> bool {
        if found.rule.id != self.rule {
            return false;
        }
        if let Some((file, line)) = self.spot(folder) {
            let places = std::iter::once(&found.at).chain(found.related.iter().map(|(spot, _)| spot));
            return places
                .into_iter()
                .any(|spot| spot.path == file && (spot.line..=spot.end_line.max(spot.line)).contains(&line));
        }
        self.of.is_empty() || self.of.iter().any(|name| found.subjects.contains(name))
    }
}

#[derive(Debug, Default)]
struct Score {
    wanted: usize,
    met: usize,
    found: usize,
    right: usize,
}

#[test]
fn faults_are_found_and_traps_are_not() {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut complaints = Vec::new();
    let apps = apps();
    assert!(apps.len() >= 40, "{} apps", apps.len());
    for folder in &apps {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let labels = std::fs::read_to_string(folder.join("labels.toml")).unwrap();
        let labels: Labels = toml::from_str(&labels).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut tree = SourceTree::new();
        let advisories = labels.advisories.as_deref().unwrap_or("advisories");
        take_in(folder, "", &["labels.toml", advisories], &mut tree);
        let known = labels.advisories.as_ref().map(|below| folder.join(below));
        let report = inspect(&tree, &dependencies(&tree, known.as_deref()), &options());
        assert!(report.unread.is_empty(), "{name}: {:?}", report.unread);
        if report.apps.len() != labels.apps.unwrap_or(1) {
            complaints.push(format!("{name}: {} apps were found", report.apps.len()));
        }
        let found: Vec<&Found> = report.apps.iter().flat_map(|app: &AppReport| &app.findings).collect();
        for fault in labels.fault.iter().filter(|fault| !fault.optional) {
            let about: Vec<&&Found> = found.iter().filter(|found| fault.is_about(folder, found)).collect();
            let score = scores.entry(fault.rule.clone()).or_default();
            let parts: Vec<Option<&String>> =
                if fault.of.is_empty() { vec![None] } else { fault.of.iter().map(Some).collect() };
            for part in parts {
                score.wanted += 1;
                if about.iter().any(|found| part.is_none_or(|part| found.subjects.contains(part))) {
                    score.met += 1;
                } else {
                    complaints.push(format!("{name}: missed {} {part:?} {:?}", fault.rule, fault.at));
                }
            }
        }
        for found in found {
            let score = scores.entry(found.rule.id.to_owned()).or_default();
            score.found += 1;
            let asked = labels.fault.iter().any(|fault| fault.is_about(folder, found));
            let trap = labels.trap.iter().find(|trap| trap.is_about(folder, found));
            if asked && trap.is_none() {
                score.right += 1;
            } else {
                let into = trap.map_or_else(String::new, |trap| format!(", a trap: {:?}", trap.why));
                complaints.push(format!(
                    "{name}: wrong {} {:?} at {}:{}{into}: {}",
                    found.rule.id, found.subjects, found.at.path, found.at.line, found.message
                ));
            }
        }
    }
    let part = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    for (rule, score) in &scores {
        let (recall, precision) = (part(score.met, score.wanted), part(score.right, score.found));
        eprintln!(
            "{rule:<28} recall {recall:.2} ({})  precision {precision:.2} ({})",
            score.wanted, score.found
        );
        if recall < RECALL || precision < PRECISION {
            complaints.push(format!("{rule}: recall {recall:.3}, precision {precision:.3}"));
        }
    }
    let classes = scores.values().filter(|score| score.wanted > 0).count();
    assert!(classes >= 35, "{classes} classes are labelled");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn options() -> Options {
    Options { today: Day::parse(TODAY), ..Options::default() }
}

/// What the lock files name, looked up in a folder of advisories where the app has one.
fn dependencies(tree: &SourceTree, advisories: Option<&Path>) -> Dependencies {
    let mut dependencies = Dependencies::read(tree);
    if let Some(folder) = advisories {
        let mut importer = Importer::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            importer.take(path.to_str().unwrap(), &std::fs::read(&path).unwrap());
        }
        let mut store = Vec::new();
        importer.finish(&mut store).unwrap();
        dependencies.look_up(&Store::open(store).unwrap()).unwrap();
    }
    dependencies
}
