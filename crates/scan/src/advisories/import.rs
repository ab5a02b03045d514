//! Takes advisory files in, one by one, and makes a store of them.
//!
//! Invariants: what a file is follows from what it holds; nothing of a file is kept but what matching needs; a file that cannot be read is
//! counted and named, and the others go on. Not here: where files come from (`cli`).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::Affected;
use super::store::write::{self, Row};
use super::{osv, rustsec, security_wg};
use crate::document::{self, Node, NodeKind};
use crate::source::SourceTree;

/// The largest advisory file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// How many files that could not be read are named.
const MAX_NAMED: usize = 20;

/// How many ecosystems without lock files here are told apart.
const MAX_STRANGERS: usize = 200;

/// What one file held.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) affected: Vec<Affected>,
    pub(super) withdrawn: bool,
    pub(super) informational: bool,
    pub(super) without_versions: bool,
    pub(super) other_systems: bool,
    pub(super) strangers: Vec<String>,
    pub(super) unreadable_ranges: u64,
}

/// Why a file was refused.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is an advisory, and was counted.
    Advisory,
    /// It is none.
    Other,
    /// It looks like one and cannot be read.
    Unreadable,
}

/// What was taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Advisories that were read; each is in exactly one of the seven numbers that follow.
    pub advisories: u64,
    /// Advisories that the store keeps.
    pub records: u64,
    /// Copies of advisories that are kept or were withdrawn.
    pub copies: u64,
    /// Advisories that were withdrawn, and therefore left out.
    pub withdrawn: u64,
    /// Notes that are no vulnerabilities, such as "not maintained".
    pub informational: u64,
    /// Advisories about systems that functions do not run on, such as Windows.
    pub other_systems: u64,
    /// Advisories that name no versions of a package, such as ranges of commits alone.
    pub without_versions: u64,
    /// Advisories about packages of other ecosystems alone.
    pub of_other_ecosystems: u64,
    /// How many of them name each ecosystem.
    pub other_ecosystems: BTreeMap<String, u64>,
    /// Pairs of a package and an advisory about it that the store keeps.
    pub kept: u64,
    /// Advisories of which a part is left out, because a range has an end that is no version.
    pub unreadable_ranges: u64,
    /// Files that are no advisories.
    pub other_files: u64,
    /// Files that could not be read.
    pub unreadable_files: u64,
    /// The first of them and why.
    pub unreadable: Vec<(String, String)>,
}

impl Report {
    /// Counts an advisory of which nothing is kept, by the first reason that holds.
    fn left_out(&mut self, found: &Found) {
        let reason = match found {
            Found { informational: true, .. } => &mut self.informational,
            Found { other_systems: true, .. } => &mut self.other_systems,
            Found { strangers, .. } if !strangers.is_empty() => &mut self.of_other_ecosystems,
            _ => &mut self.without_versions,
        };
        *reason += 1;
        let names = found.strangers.iter().map(|name| name.split(':').next().unwrap_or_default());
        for name in names.collect::<BTreeSet<_>>() {
            let room = self.other_ecosystems.len() < MAX_STRANGERS;
            if room || self.other_ecosystems.contains_key(name) {
                *self.other_ecosystems.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
}

/// Advisories on their way into a store.
#[derive(Debug, Default)]
pub struct Importer {
    rows: Vec<Row>,
    withdrawn: HashSet<String>,
    report: Report,
    newest: String,
}

impl Importer {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in, by name and content.
    pub fn take(&mut self, name: &str, bytes: &[u8]) -> Taken {
        match read(name, bytes) {
            None => {
                self.report.other_files += 1;
                Taken::Other
            }
            Some(Ok(found)) => {
                self.keep(found);
                Taken::Advisory
            }
            Some(Err(Refused(why))) => {
                self.unreadable(name, &why);
                Taken::Unreadable
            }
        }
    }

    /// Counts a file that could not even be taken in.
    pub fn unreadable(&mut self, name: &str, why: &str) {
        self.report.unreadable_files += 1;
        if self.report.unreadable.len() < MAX_NAMED {
            self.report.unreadable.push((name.to_owned(), why.to_owned()));
        }
    }

    fn keep(&mut self, found: Found) {
        let report = &mut self.report;
        report.advisories += 1;
        if found.withdrawn {
            report.withdrawn += 1;
            self.withdrawn.insert(found.id);
            return;
        }
        if found.affected.is_empty() {
            return report.left_out(&found);
        }
        report.unreadable_ranges += u64::from(found.unreadable_ranges > 0);
        // Until it is known which of them are copies.
        report.copies += 1;
        for affected in found.affected {
            if affected.advisory.modified > self.newest {
                self.newest.clone_from(&affected.advisory.modified);
            }
            self.rows.push(Row::new(&affected));
        }
    }

    /// Writes the store and tells what is in it.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self, output: &mut dyn io::Write) -> io::Result<Report> {
        let withdrawn = &self.withdrawn;
        self.rows.retain(|row| !withdrawn.contains(row.id()));
        let (records, pairs) = write::store(self.rows, &self.newest, output)?;
        self.report.copies = self.report.copies.saturating_sub(records);
        (self.report.records, self.report.kept) = (records, pairs);
        Ok(self.report)
    }
}

/// Reads a file as what it holds; `None` when that is no advisory.
fn read(name: &str, bytes: &[u8]) -> Option<Result<Found, Refused>> {
    let lower = name.to_ascii_lowercase();
    let is = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    if !is(&[".json", ".yaml", ".yml", ".md", ".toml"]) {
        return None;
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Some(Err(Refused("larger than 16 MB".to_owned())));
    }
    if is(&[".md", ".toml"]) {
        return match std::str::from_utf8(bytes) {
            Ok(text) => rustsec::read(name, text),
            Err(_) if bytes.windows(9).any(|window| window == b"[advisory") => {
                Some(Err(Refused("it is not UTF-8".to_owned())))
            }
            Err(_) => None,
        };
    }
    if is(&[".json"]) {
        return json(bytes);
    }
    let mut tree = SourceTree::new();
    let file = tree.add("advisory.yaml", bytes.to_vec());
    match document::yaml(&tree, file) {
        Ok(node) => from_value(plain(&node)),
        Err(unread) => Some(Err(Refused(unread.why))),
    }
}

/// What tells the forms apart.
#[derive(Deserialize)]
struct Signs {
    id: Option<Value>,
    modified: Option<serde::de::IgnoredAny>,
    affected: Option<serde::de::IgnoredAny>,
    module_name: Option<serde::de::IgnoredAny>,
}

impl Signs {
    fn is_osv(&self) -> bool {
        self.id.as_ref().is_some_and(Value::is_string) && (self.modified.is_some() || self.affected.is_some())
    }

    fn is_security_wg(&self) -> bool {
        self.id.as_ref().is_some_and(Value::is_number) && self.module_name.is_some()
    }
}

fn json(bytes: &[u8]) -> Option<Result<Found, Refused>> {
    let refused = |error: serde_json::Error| Refused(format!("not readable as an advisory: {error}"));
    // Nearly all are OSV: reading them twice to be sure first would cost half of the time.
    if let Ok(record) = serde_json::from_slice::<osv::Record>(bytes) {
        let signs: bool = record.has_signs();
        return signs.then(|| osv::read(record));
    }
    let signs: Signs = match serde_json::from_slice(bytes) {
        Ok(signs) => signs,
        Err(error) if error.is_data() => return None,
        Err(error) => return Some(Err(refused(error))),
    };
    if signs.is_osv() {
        return Some(serde_json::from_slice(bytes).map_err(refused).and_then(osv::read));
    }
    if signs.is_security_wg() {
        return Some(serde_json::from_slice(bytes).map_err(refused).and_then(security_wg::read));
    }
    None
}

fn from_value(value: Value) -> Option<Result<Found, Refused>> {
    let has = |name: &str| value.get(name).is_some();
    if !has("id") || !(has("modified") || has("affected")) {
        return None;
    }
    let record = serde_json::from_value::<osv::Record>(value);
    Some(record.map_err(|error| Refused(format!("not readable as an advisory: {error}"))).and_then(osv::read))
}

/// A document without places, in which everything that is no list and no map is text: OSV has nothing else.
fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::List(items) => items.iter().map(plain).collect(),
        NodeKind::Map(entries) => {
            entries.iter().map(|(key, value)| (key.text.clone(), plain(value))).collect()
        }
        NodeKind::Tagged(_, inner) => plain(inner),
        _ => node.as_scalar().map_or(Value::Null, Value::String),
    }
}
