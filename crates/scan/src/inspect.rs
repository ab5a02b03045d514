//! The whole assessment: files in, report out.
//!
//! Owns: the order of the steps. Invariants: no disk, no network, no clock; the same files give the same report; each app stands alone.
//! Not here: the steps themselves, each of which is a room of its own.
//!
//! ```text
//! apps::find ─▶ for each app: code ─▶ need ─▶ rules ─▶ suppressions ─▶ paths ─▶ AppReport
//! ```

mod apps;
mod entries;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Day;
use crate::finding::Finding;
use crate::graph::App;
use crate::parallel;
use crate::report::{AppReport, Found, Note, Report, Spot, Suppressed};
use crate::rules::{self, Context, Part};
use crate::source::{FileId, SourceTree};
use crate::suppress::Marks;

/// What an assessment takes into account beside the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The day, for retired runtimes and suppressions that end.
    pub today: Option<Day>,
    /// Whether advice is wanted that no attacker cares about.
    pub hygiene: bool,
    /// Only the app of this name.
    pub app: Option<String>,
}

/// Assesses every app of a tree.
#[must_use]
pub fn inspect(tree: &SourceTree, options: &Options) -> Report {
    let mut inventory = apps::find(tree);
    if let Some(name) = &options.app {
        inventory.apps.retain(|app| app.name == *name);
    }
    let files = apps::files(tree, &inventory.apps);
    let work: Vec<(App, Vec<(FileId, Part)>)> = inventory.apps.into_iter().zip(files).collect();
    let apps = parallel::map(&work, |(app, files)| assess(tree, app, files, options));
    let mut unread: Vec<Note> = inventory.unread.iter().map(|unread| Note::of_unread(tree, unread)).collect();
    unread.sort();
    unread.dedup();
    Report { apps, unread, files: tree.files().count() }
}

fn assess(tree: &SourceTree, app: &App, files: &[(FileId, Part)], options: &Options) -> AppReport {
    let marks = Marks::read(tree, files.iter().map(|(file, _)| *file), options.today);
    let context = Context { tree, app, files, marks: &marks, hygiene: options.hygiene, today: options.today };
    let mut verdict = rules::judge(&context);
    verdict.findings.extend(marks.faults());
    let (findings, suppressed) = sort_out(tree, app, &verdict.findings, &marks);
    let unknowns = app.unknowns.iter().chain(&verdict.unknowns);
    let unknowns: BTreeSet<Note> = unknowns.map(|unknown| Note::of_unknown(tree, unknown)).collect();
    AppReport {
        name: app.name.clone(),
        framework: app.framework,
        path: tree.path(app.file).to_owned(),
        entries: entries::of(tree, app),
        findings,
        suppressed,
        unknowns: unknowns.into_iter().collect(),
        graph: app.clone(),
    }
}

/// What is reported, and what a comment allows.
fn sort_out(
    tree: &SourceTree,
    app: &App,
    findings: &[Finding],
    marks: &Marks,
) -> (Vec<Found>, Vec<Suppressed>) {
    let mut twins: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut reported, mut suppressed) = (Vec::new(), Vec::new());
    for finding in findings {
        let twin = twins.entry((finding.rule.id, &finding.cause)).or_default();
        let found = Found::of(tree, app, finding, *twin);
        *twin += 1;
        match marks.covering(tree, finding.rule.id, finding.place) {
            Some(mark) => suppressed.push(Suppressed {
                finding: found,
                reason: mark.reason.clone(),
                until: mark.until.map(|day| day.to_string()).unwrap_or_default(),
                at: Spot::of(tree, mark.place),
            }),
            None => reported.push(found),
        }
    }
    (reported, suppressed)
}

#[cfg(test)]
mod tests;
