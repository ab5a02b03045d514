//! What holds for every file, whoever wrote it.
//!
//! Owns: one property for each kind of file. `fuzz/` looks for bytes that break one, the tests here replay its seeds. Invariant: a property
//! panics when it does not hold, and says whether the bytes were taken. Not here: examples (the readers' own tests), time and memory
//! (`tests/hostile.rs`).
#![expect(clippy::expect_used, reason = "a property says no by panicking")]

use std::collections::BTreeSet;

use crate::advisories::{Importer, Store, Taken};
use crate::facts::Day;
use crate::inspect::{Dependencies, Options, inspect};
use crate::packages;
use crate::report::{Report, Spot, html, markdown, sarif};
use crate::source::SourceTree;

/// A function for each language, so that code is read as a handler.
const APP: &str = "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\nResources:\n  Run:\n    Type: AWS::Serverless::Function\n    \
    Properties: { Runtime: nodejs22.x, CodeUri: ., Handler: index.handler, Events: { Go: { Type: Api, Properties: { Path: /, Method: get } } } }\n";

fn options() -> Options {
    Options { today: Day::parse("2026-11-22"), hygiene: true, ..Options::default() }
}

/// Assesses a tree twice: the same report, every place within its file, every id once, and every output made. Says what was found.
fn assess(tree: &SourceTree) -> Report {
    let report = inspect(tree, &Dependencies::read(tree), &options());
    let again = inspect(tree, &Dependencies::read(tree), &options());
    let text = |report: &Report| serde_json::to_string(report).expect("a report can be written down");
    assert_eq!(text(&report), text(&again), "two reports of the same files");
    let inside = |spot: &Spot| {
        let file = tree.file(spot.place.file).expect("a place names a file of its tree");
        assert_eq!(file.path, spot.path);
        assert!(spot.place.start <= spot.place.end, "{spot:?}");
        assert!(spot.place.end as usize <= file.bytes.len(), "{spot:?} of {} bytes", file.bytes.len());
    };
    let mut ids = BTreeSet::new();
    for app in &report.apps {
        for found in app.findings.iter().chain(app.suppressed.iter().map(|allowed| &allowed.finding)) {
            inside(&found.at);
            found.related.iter().for_each(|(spot, _)| inside(spot));
            assert!(ids.insert(found.id.clone()), "`{}` comes twice", found.id);
            assert!(!found.message.is_empty());
        }
        app.unknowns.iter().for_each(|note| inside(&note.at));
        app.entries.iter().for_each(|entry| inside(&entry.at));
    }
    report.unread.iter().for_each(|note| inside(&note.at));
    assert!(!html::html(&report).contains("<script"), "a page runs nothing");
    assert!(markdown::markdown(&report).starts_with("# "));
    serde_json::from_str::<serde_json::Value>(&sarif::sarif(&report)).expect("SARIF is JSON");
    report
}

fn alone(path: &str, bytes: &[u8]) -> bool {
    let mut tree = SourceTree::new();
    tree.add(path, bytes.to_vec());
    !assess(&tree).apps.is_empty()
}

/// A template in YAML. Taken: it is an app.
pub fn template(bytes: &[u8]) -> bool {
    alone("template.yaml", bytes)
}

/// A template in JSON. Taken: it is an app.
pub fn template_json(bytes: &[u8]) -> bool {
    alone("template.json", bytes)
}

/// A service of the Serverless Framework. Taken: it is an app.
pub fn service(bytes: &[u8]) -> bool {
    alone("serverless.yml", bytes)
}

/// A Terraform file. Taken: it is an app.
pub fn terraform(bytes: &[u8]) -> bool {
    alone("main.tf", bytes)
}

fn beside(path: &str, runtime: &str, bytes: &[u8]) -> bool {
    let mut tree = SourceTree::new();
    tree.add("template.yaml", APP.replace("nodejs22.x", runtime).into_bytes());
    let plain = inspect(&tree, &Dependencies::default(), &options()).findings().count();
    tree.add(path, bytes.to_vec());
    assess(&tree).findings().count() > plain
}

/// A handler in JavaScript. Taken: something is wrong with it.
pub fn javascript(bytes: &[u8]) -> bool {
    beside("index.js", "nodejs22.x", bytes)
}

/// A handler in TypeScript. Taken: something is wrong with it.
pub fn typescript(bytes: &[u8]) -> bool {
    beside("index.ts", "nodejs22.x", bytes)
}

/// A handler in Python. Taken: something is wrong with it.
pub fn python(bytes: &[u8]) -> bool {
    beside("index.py", "python3.13", bytes)
}

/// A lock file; the first line names it. Taken: it has packages.
pub fn lock(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    let (name, rest) = bytes.split_at(end);
    let Ok(name) = std::str::from_utf8(name) else { return false };
    let mut tree = SourceTree::new();
    tree.add(name, rest.to_vec());
    packages::read_all(&tree).0.iter().any(|lock| !lock.packages.is_empty())
}

/// An advisory in any of the forms. Taken: it is kept.
pub fn advisory(bytes: &[u8]) -> bool {
    let mut importer = Importer::new();
    let names = ["a.json", "a.md", "a.yaml"];
    let taken = names.iter().any(|name| importer.take(name, bytes) == Taken::Advisory);
    let mut store = Vec::new();
    importer.finish(&mut store).expect("a store in memory can be written");
    Store::open(store).expect("what was written can be read");
    taken
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("template", super::template);
        replay("template_json", super::template_json);
        replay("service", super::service);
        replay("terraform", super::terraform);
        replay("javascript", super::javascript);
        replay("typescript", super::typescript);
        replay("python", super::python);
        replay("lock", super::lock);
        replay("advisory", super::advisory);
    }
}
