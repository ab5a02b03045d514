//! The whole assessment: files in, report out.
//!
//! Owns: the order of the steps. Invariants: no disk, no network, no clock; the same files give the same report; each app stands alone.
//! Not here: the steps themselves, each of which is a room of its own.
//!
//! ```text
//! apps::find ─▶ for each app: code ─▶ need ─▶ rules ─▶ suppressions ─▶ paths ─▶ AppReport
//! ```

mod apps;
mod dependencies;
mod entries;

use std::collections::{BTreeMap, BTreeSet};

pub use self::dependencies::Dependencies;
use crate::advisories::{self, Match};
use crate::code::Reader;
use crate::facts::Day;
use crate::finding::Finding;
use crate::graph::App;
use crate::report::{AppReport, Cover, Found, FunctionNeed, Note, Report, Spot, Suppressed};
use crate::rules::{self, Context, Part};
use crate::source::{FileId, SourceTree};
use crate::suppress::Marks;
use crate::{fix, parallel, paths};

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
pub fn inspect(tree: &SourceTree, dependencies: &Dependencies, options: &Options) -> Report {
    let mut inventory = apps::find(tree);
    if let Some(name) = &options.app {
        inventory.apps.retain(|app| app.name == *name);
    }
    let files = apps::files(tree, &inventory.apps);
    let locks = apps::locks(tree, &inventory.apps, &dependencies.locks);
    let parts = files.into_iter().zip(locks).map(|(files, locks)| Parts { files, locks });
    let work: Vec<(App, Parts)> = inventory.apps.into_iter().zip(parts).collect();
    let reader = Reader::new(tree);
    let apps = parallel::map(&work, |(app, parts)| assess(&reader, app, parts, dependencies, options));
    let unread = inventory.unread.iter().chain(&dependencies.unread);
    let mut unread: Vec<Note> = unread.map(|unread| Note::of_unread(tree, unread)).collect();
    unread.iter_mut().for_each(|note| Cover::default().note(note));
    unread.sort();
    unread.dedup();
    Report { apps, unread, files: tree.files().count(), remarks: Vec::new() }
}

/// What belongs to one app.
struct Parts {
    files: Vec<(FileId, Part)>,
    /// Positions of its lock files.
    locks: BTreeSet<usize>,
}

fn assess(
    reader: &Reader<'_>,
    app: &App,
    parts: &Parts,
    dependencies: &Dependencies,
    options: &Options,
) -> AppReport {
    let tree = reader.tree();
    let marks = Marks::read(tree, parts.files.iter().map(|(file, _)| *file), options.today);
    let matches = dependencies.judged.matches.iter().filter(|found| parts.locks.contains(&found.lock));
    let mut matches: Vec<Match> = matches.cloned().collect();
    hint(reader, app, dependencies, &mut matches);
    let context = Context {
        locks: &dependencies.locks,
        matches: &matches,
        marks: &marks,
        reader: Some(reader),
        hygiene: options.hygiene,
        today: options.today,
        ..Context::bare(tree, app, &parts.files)
    };
    let mut verdict = rules::judge(&context);
    verdict.findings.extend(marks.faults());
    fix::edits(tree, &mut verdict.findings);
    let holds = |finding: &&Finding| marks.covering(tree, finding.rule.id, finding.place).is_none();
    let counted: Vec<Finding> = verdict.findings.iter().filter(holds).cloned().collect();
    let cover = Cover::of(tree, &verdict.findings);
    let (findings, suppressed) = sort_out(tree, app, &cover, &verdict.findings, &marks);
    let unknowns = app.unknowns.iter().chain(&verdict.unknowns);
    let unknowns: BTreeSet<Note> = unknowns.map(|unknown| Note::of_unknown(tree, unknown)).collect();
    let packages = parts.locks.iter().filter_map(|at| dependencies.locks.get(*at));
    let mut report = AppReport {
        name: app.name.clone(),
        framework: app.framework,
        path: tree.path(app.file).to_owned(),
        entries: entries::of(tree, app),
        findings,
        suppressed,
        unknowns: unknowns.into_iter().collect(),
        needs: FunctionNeed::all(tree, app, &verdict.needs),
        packages: packages.map(|lock| lock.packages.len()).sum(),
        assessment: paths::assess(app, &counted),
        graph: app.clone(),
    };
    // The one place where texts of files get into the report.
    cover.app(&mut report);
    report
}

/// Says of vulnerable packages whether a function imports them, where code was read at all.
fn hint(reader: &Reader<'_>, app: &App, dependencies: &Dependencies, matches: &mut [Match]) {
    if matches.is_empty() {
        return;
    }
    let readings: Vec<_> = app.functions.iter().map(|function| reader.read(app, function)).collect();
    if readings.iter().all(|reading| reading.files.is_empty()) {
        return;
    }
    let imports: BTreeSet<String> =
        readings.iter().flat_map(|reading| &reading.imports).map(|import| import.package.clone()).collect();
    let mut known: BTreeMap<usize, Vec<Option<bool>>> = BTreeMap::new();
    for found in matches {
        let Some(lock) = dependencies.locks.get(found.lock) else { continue };
        let imported = known.entry(found.lock).or_insert_with(|| advisories::imported(lock, &imports));
        found.imported = imported.get(found.package).copied().flatten();
    }
}

/// What is reported, and what a comment allows.
fn sort_out(
    tree: &SourceTree,
    app: &App,
    cover: &Cover,
    findings: &[Finding],
    marks: &Marks,
) -> (Vec<Found>, Vec<Suppressed>) {
    let mut twins: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let (mut reported, mut suppressed) = (Vec::new(), Vec::new());
    for finding in findings {
        let twin = twins.entry((finding.rule.id, &finding.cause)).or_default();
        let found = Found::of(tree, app, cover, finding, *twin);
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
