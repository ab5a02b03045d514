//! The bill of materials: CycloneDX 1.6 as JSON.
//!
//! Invariants: the same packages make the same bytes (no clock, no chance: the serial number follows from the content); packages are sorted
//! by purl, and one that several lock files name is one component with several places; what a hostile lock file would make of it is bounded,
//! and said to be incomplete. Not here: reading lock files (`packages`).
//!
//! Source: CycloneDX 1.6 (ECMA-424).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::advisories::{Fix, Match};
use crate::finding::Severity;
use crate::packages::{Lock, Package};
use crate::source::SourceTree;

/// What the bill says about itself and the app.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The app's name.
    pub name: &'a str,
    /// Its version, where it has one.
    pub version: Option<&'a str>,
    /// When the bill is made, as RFC 3339; nothing is written when nothing is given.
    pub timestamp: Option<&'a str>,
    /// The version of Casemate.
    pub tool_version: &'a str,
}

/// Licences that packages declare most, of those that SPDX has an id for. Others are written as a name, which every reader accepts.
const SPDX_IDS: [&str; 34] = [
    "0BSD",
    "AFL-2.1",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "OFL-1.1",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// How many bytes of a bill its components may take, about; more than the lock files of any app come to.
const MAX_LISTED_BYTES: usize = 256 << 20;
/// How many bytes the references of components to one another may take.
const MAX_REFERENCE_BYTES: usize = 64 << 20;

/// One package, wherever it is named.
#[derive(Default)]
struct Component<'a> {
    purl: String,
    packages: Vec<&'a Package>,
    /// Positions of others.
    needs: BTreeSet<usize>,
    /// Whether there is no more room for what it needs.
    cut: bool,
}

/// The components by purl.
struct Components<'a> {
    all: Vec<Component<'a>>,
    /// How many there is no more room for.
    left_out: usize,
}

/// Writes the bill of materials of these lock files, with the vulnerabilities that were found in them. `matches` may be empty.
#[must_use]
pub fn cyclonedx(files: &SourceTree, locks: &[Lock], matches: &[Match], subject: &Subject<'_>) -> String {
    let components = Components::of(files, locks);
    let root = format!("app:{}", subject.name);
    let mut application = json!({ "type": "application", "bom-ref": root, "name": subject.name });
    set(&mut application, "version", subject.version);
    let tool = json!({ "type": "application", "name": "casemate", "version": subject.tool_version });
    let mut metadata = json!({ "tools": { "components": [tool] }, "component": application });
    set(&mut metadata, "properties", components.said());
    let direct = components
        .all
        .iter()
        .filter(|component| component.packages.iter().any(|package| package.direct == Some(true)));
    let application =
        json!({ "ref": root, "dependsOn": direct.map(|component| &component.purl).collect::<Vec<_>>() });
    let incomplete = components.incomplete(&root);
    let vulnerabilities = vulnerabilities(locks, matches, &components);
    let mut bill = Bill {
        files,
        components: &components,
        metadata,
        application,
        incomplete,
        serial: None,
        vulnerabilities,
    };
    // Before the serial number itself and the time are in it: the same packages have the same number whenever it is made.
    bill.serial = Some(serial(&bill));
    set(&mut bill.metadata, "timestamp", subject.timestamp);
    // A value of texts, numbers and lists always has a text.
    serde_json::to_string_pretty(&bill).unwrap_or_default() + "\n"
}

/// The whole bill. What it lists is made while it is written: only the text of a large one is ever whole in memory.
struct Bill<'a> {
    files: &'a SourceTree,
    components: &'a Components<'a>,
    metadata: Value,
    /// On what the app itself depends.
    application: Value,
    /// What of it is not all that there is.
    incomplete: Option<Value>,
    serial: Option<String>,
    vulnerabilities: Vec<Value>,
}

impl Serialize for Bill<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = &self.components.all;
        let listed = || all.iter().map(|one| component(self.files, one));
        // One without an entry is one of which it is not known what it needs.
        let needs = |component: &Component<'_>| match component.needs.is_empty() {
            true => json!({ "ref": component.purl }),
            false => {
                json!({ "ref": component.purl, "dependsOn": self.components.needs(component).collect::<Vec<_>>() })
            }
        };
        let told = || all.iter().filter(|component| !component.cut).map(needs);
        let dependencies = || std::iter::once(self.application.clone()).chain(told());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("bomFormat", "CycloneDX")?;
        map.serialize_entry("specVersion", "1.6")?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("components", &Made(listed))?;
        map.serialize_entry("dependencies", &Made(dependencies))?;
        if let Some(incomplete) = &self.incomplete {
            map.serialize_entry("compositions", incomplete)?;
        }
        if !self.vulnerabilities.is_empty() {
            map.serialize_entry("vulnerabilities", &self.vulnerabilities)?;
        }
        if let Some(serial) = &self.serial {
            map.serialize_entry("serialNumber", serial)?;
        }
        map.end()
    }
}

/// A list of which each item is made when its turn comes.
struct Made<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Value>> Serialize for Made<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn set(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}

impl<'a> Components<'a> {
    fn of(files: &SourceTree, locks: &'a [Lock]) -> Self {
        let mut named: Vec<(String, &Package, (usize, usize))> = Vec::new();
        for (at, lock) in locks.iter().enumerate() {
            let packages = lock.packages.iter().enumerate();
            named.extend(packages.map(|(position, package)| (package.purl(), package, (at, position))));
        }
        named.sort_by(|one, other| one.0.cmp(&other.0).then(one.2.cmp(&other.2)));
        // Where the packages of each lock file are among the components.
        let mut places: Vec<Vec<usize>> =
            locks.iter().map(|lock| vec![usize::MAX; lock.packages.len()]).collect();
        let mut made = Self { all: Vec::new(), left_out: 0 };
        let mut room = MAX_LISTED_BYTES;
        let mut last = String::new();
        for (purl, package, (lock, position)) in named {
            let again = made.all.last().is_some_and(|component: &Component<'_>| component.purl == purl);
            // As its name, as its purl, as a reference and where it depends on others; each place with its path.
            let cost = files.path(package.place.file).len() + if again { 60 } else { 4 * purl.len() + 400 };
            if room < cost {
                room = 0;
                made.left_out += usize::from(!again && purl != last);
                last = purl;
                continue;
            }
            room -= cost;
            if !again {
                made.all.push(Component { purl, ..Component::default() });
            }
            if let Some(component) = made.all.last_mut() {
                component.packages.push(package);
            }
            if let Some(place) = places.get_mut(lock).and_then(|places| places.get_mut(position)) {
                *place = made.all.len() - 1;
            }
        }
        made.link(locks, &places);
        made
    }

    /// Takes over which needs which, as far as there is room for it.
    fn link(&mut self, locks: &[Lock], places: &[Vec<usize>]) {
        for (lock, places) in locks.iter().zip(places) {
            for (package, place) in lock.packages.iter().zip(places) {
                let needs = package.needs.iter().filter_map(|need| places.get(*need).copied());
                if let Some(component) = self.all.get_mut(*place) {
                    component.needs.extend(needs.filter(|need| *need != usize::MAX));
                }
            }
        }
        let lengths: Vec<usize> = self.all.iter().map(|component| component.purl.len() + 12).collect();
        let mut room = MAX_REFERENCE_BYTES;
        for component in &mut self.all {
            let cost = component.needs.iter().filter_map(|need| lengths.get(*need)).sum();
            component.cut = room < cost;
            match component.cut {
                true => component.needs.clear(),
                false => room -= cost,
            }
        }
    }

    /// The purls of what a component needs, in their order.
    fn needs(&self, component: &Component<'_>) -> impl Iterator<Item = &str> {
        component.needs.iter().filter_map(|need| self.all.get(*need)).map(|needed| needed.purl.as_str())
    }

    /// How much is left out, where something is.
    fn said(&self) -> Option<Value> {
        (self.left_out > 0)
            .then(|| json!([{ "name": "casemate:components-left-out", "value": self.left_out.to_string() }]))
    }

    /// Which lists are known not to be whole.
    fn incomplete(&self, root: &str) -> Option<Value> {
        let cut: Vec<&str> = self
            .all
            .iter()
            .filter(|component| component.cut)
            .map(|component| component.purl.as_str())
            .collect();
        let assemblies = (self.left_out > 0).then_some([root]);
        (self.left_out > 0 || !cut.is_empty()).then(|| {
            let mut whole = json!({ "aggregate": "incomplete" });
            set(&mut whole, "assemblies", assemblies.map(|root| json!(root)));
            set(&mut whole, "dependencies", (!cut.is_empty()).then(|| json!(cut)));
            json!([whole])
        })
    }
}

fn component(files: &SourceTree, component: &Component<'_>) -> Value {
    let purl = &component.purl;
    let mut object = json!({ "type": "library", "bom-ref": purl, "purl": purl });
    let Some(package) = component.packages.first() else { return object };
    let separator = match package.ecosystem {
        crate::packages::Ecosystem::Maven => ':',
        _ => '/',
    };
    // Only where the ecosystem has groups: a Go module's path is its name.
    let grouped = package.name.starts_with('@') || separator == ':';
    let parts = package.name.rsplit_once(separator).filter(|_| grouped);
    set(&mut object, "group", parts.map(|(group, _)| group));
    set(&mut object, "name", Some(parts.map_or(package.name.as_str(), |(_, name)| name)));
    set(&mut object, "version", package.version.value().map(String::as_str));
    let dev = component.packages.iter().all(|package| package.dev);
    set(&mut object, "scope", Some(if dev { "excluded" } else { "required" }));
    let licence = component.packages.iter().find_map(|package| package.licence.as_deref());
    let licence = licence.filter(|text| !text.trim().is_empty());
    set(&mut object, "licenses", licence.map(licences));
    let places: BTreeSet<(&str, u32)> = component
        .packages
        .iter()
        .map(|package| (files.path(package.place.file), files.line_of(package.place)))
        .collect();
    let places: Vec<_> =
        places.into_iter().map(|(path, line)| json!({ "location": path, "line": line })).collect();
    set(&mut object, "evidence", Some(json!({ "occurrences": places })));
    let why = package.version.why();
    set(
        &mut object,
        "properties",
        why.map(|why| json!([{ "name": "casemate:version-unknown", "value": why }])),
    );
    object
}

/// A licence as an id, an expression of ids, or a name.
fn licences(text: &str) -> Value {
    if SPDX_IDS.contains(&text) {
        return json!([{ "license": { "id": text } }]);
    }
    let words =
        text.split(|c: char| c == '(' || c == ')' || c.is_whitespace()).filter(|word| !word.is_empty());
    let known = |word: &str| {
        matches!(word, "AND" | "OR") || SPDX_IDS.contains(&word.strip_suffix('+').unwrap_or(word))
    };
    if words.clone().count() > 2 && words.clone().all(known) {
        return json!([{ "expression": text }]);
    }
    json!([{ "license": { "name": text } }])
}

fn vulnerabilities(locks: &[Lock], matches: &[Match], components: &Components<'_>) -> Vec<Value> {
    let mut by_id: BTreeMap<&str, (&Match, BTreeMap<String, Option<&Fix>>)> = BTreeMap::new();
    for found in matches {
        let package = locks.get(found.lock).and_then(|lock| lock.packages.get(found.package));
        let Some(purl) = package.map(Package::purl) else { continue };
        if components.all.binary_search_by(|component| component.purl.cmp(&purl)).is_err() {
            continue;
        }
        let entry = by_id.entry(&found.advisory.id).or_insert_with(|| (found, BTreeMap::new()));
        entry.1.insert(purl, found.fixed_in.as_ref());
    }
    by_id.into_iter().map(|(id, (found, affects))| vulnerability(id, found, &affects)).collect()
}

fn vulnerability(id: &str, found: &Match, affects: &BTreeMap<String, Option<&Fix>>) -> Value {
    let advisory = &found.advisory;
    let mut rating = Map::new();
    let level = match advisory.severity {
        Some(Severity::Critical) => "critical",
        Some(Severity::High) => "high",
        Some(Severity::Medium) => "medium",
        Some(Severity::Low) => "low",
        Some(Severity::Hygiene) => "info",
        None => "unknown",
    };
    rating.insert("severity".to_owned(), level.into());
    if let Some(tenths) = advisory.score_tenths {
        rating.insert("score".to_owned(), json!(f64::from(tenths) / 10.0));
    }
    if let Some(vector) = &advisory.vector {
        let method = METHODS.iter().find(|(start, _)| vector.starts_with(start));
        rating.insert("method".to_owned(), method.map_or("other", |(_, name)| *name).into());
        rating.insert("vector".to_owned(), vector.as_str().into());
    }
    let others: Vec<_> =
        advisory.aliases.iter().map(|id| json!({ "id": id, "source": source(id) })).collect();
    let fixes: BTreeSet<&Fix> = affects.values().flatten().copied().collect();
    let mut object = json!({
        "bom-ref": format!("vulnerability:{id}"),
        "id": id,
        "source": source(id),
        "ratings": [rating],
        "affects": affects.keys().map(|purl| json!({ "ref": purl })).collect::<Vec<_>>(),
    });
    set(&mut object, "cwes", (!advisory.cwes.is_empty()).then(|| advisory.cwes.clone()));
    set(&mut object, "references", (!others.is_empty()).then_some(others));
    set(&mut object, "description", Some(advisory.summary.as_str()).filter(|text| !text.is_empty()));
    let advice = fixes.into_iter().map(Fix::to_string).collect::<Vec<_>>().join(", or ");
    set(&mut object, "recommendation", (!advice.is_empty()).then(|| format!("Update to {advice}.")));
    object
}

/// How vectors begin, and what CycloneDX calls their kind.
const METHODS: [(&str, &str); 3] =
    [("CVSS:3.0/", "CVSSv3"), ("CVSS:3.1/", "CVSSv31"), ("CVSS:4.0/", "CVSSv4")];

/// Who gives out ids that begin so: its name, and where a record can be read. All records of these have a page of that form; the older
/// npm records and ids of other shapes have none for sure.
const SOURCES: [(&str, &str, &str, &str); 8] = [
    ("GHSA-", "GitHub", "https://github.com/advisories/", ""),
    ("RUSTSEC-", "RustSec", "https://rustsec.org/advisories/", ".html"),
    ("NSWG-ECO-", "Node.js security-wg", "", ""),
    ("PYSEC-", "PyPA", "https://osv.dev/vulnerability/", ""),
    ("GO-", "Go", "https://pkg.go.dev/vuln/", ""),
    ("MAL-", "OSV", "https://osv.dev/vulnerability/", ""),
    ("CVE-", "NVD", "https://nvd.nist.gov/vuln/detail/", ""),
    ("OSV-", "OSV", "https://osv.dev/vulnerability/", ""),
];

fn source(id: &str) -> Value {
    let Some((start, name, before, after)) = SOURCES.iter().find(|(start, ..)| id.starts_with(start)) else {
        return json!({ "name": "OSV" });
    };
    let rest: Vec<&str> = id.trim_start_matches(start).split('-').collect();
    let digits =
        |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = |text: &&str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let whole = match (*start, rest.as_slice()) {
        ("GHSA-", words @ [_, _, _]) => words.iter().all(word),
        // `PYSEC-0000-…` was never given out.
        (_, [year, number]) => {
            year.len() == 4 && !year.starts_with('0') && digits(year, 4) && digits(number, 1)
        }
        _ => false,
    };
    match whole && !before.is_empty() {
        true => json!({ "name": name, "url": format!("{before}{id}{after}") }),
        false => json!({ "name": name }),
    }
}

/// Takes what is written into a digest.
struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A UUID of version 8 (RFC 9562) that follows from the content.
fn serial(bill: &Bill<'_>) -> String {
    let mut hashed = Hashed(Sha256::new());
    // Neither a digest nor a value of texts, numbers and lists can fail to be written.
    let _ = serde_json::to_writer(&mut hashed, bill);
    let digest = hashed.0.finalize();
    let mut hex = String::from("urn:uuid:");
    for (at, byte) in digest.iter().take(16).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            hex.push('-');
        }
        let byte = match at {
            6 => byte & 0x0F | 0x80,
            8 => byte & 0x3F | 0x80,
            _ => *byte,
        };
        hex.push_str(&format!("{byte:02x}"));
    }
    hex
}

#[cfg(test)]
mod tests;
