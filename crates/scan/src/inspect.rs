//! The whole assessment: files in, report out.
//!
//! Owns: the order of the steps. Invariants: no disk, no network, no clock; the same files give the same report; each app stands alone.
//! Not here: the steps themselves, each of which is a room of its own.
//!
//! ```text
//! apps::find ─▶ for each app: code ─▶ need ─▶ rules ─▶ variants ─▶ suppressions ─▶ paths ─▶ AppReport
//! ```

mod apps;
mod dependencies;
mod entries;
mod variants;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::apps::Described;
pub use self::dependencies::Dependencies;
use crate::advisories::{self, Match};
use crate::code::Reader;
use crate::facts::Day;
use crate::finding::{Finding, Severity};
use crate::graph::{App, Unknown};
use crate::iam::Grants;
use crate::paths::Assessment;
use crate::report::{
    AppReport, Cover, Found, FunctionNeed, Granting, Note, Policies, Report, Spot, Suppressed, identity,
};
use crate::rules::{self, Context, Part, catalogue};
use crate::source::{FileId, Place, SourceTree};
use crate::suppress::Marks;
use crate::{fix, parallel, paths};

/// What an assessment takes into account beside the files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The day, for retired runtimes and suppressions that end.
    pub today: Option<Day>,
    /// Whether advice is wanted that no attacker cares about.
    pub hygiene: bool,
    /// Only the app of this name, or the one that is described in this file or folder.
    pub app: Option<String>,
    /// What the folder is called that all paths are relative to: apps right in it have no other name.
    pub root: Option<String>,
}

/// Assesses every app of a tree.
#[must_use]
pub fn inspect(tree: &SourceTree, dependencies: &Dependencies, options: &Options) -> Report {
    let mut found = apps::find(tree);
    if let Some(root) = &options.root {
        found.call_by(root);
    }
    if let Some(name) = &options.app {
        let is_meant = |it: &Described| is_called(tree, &it.app, name);
        found.apps.retain(is_meant);
        found.parts.retain(is_meant);
    }
    let files = apps::files(tree, &found.apps);
    let locks = apps::locks(tree, &found.apps, &dependencies.locks);
    let parts = files.into_iter().zip(locks).map(|(files, locks)| Parts { files, locks });
    let work: Vec<(Described, Parts)> = found.apps.into_iter().zip(parts).collect();
    let reader = Reader::new(tree);
    let assess = |app: &Described, parts: &Parts, told: Option<Told<'_>>| {
        assess(&reader, app, parts, dependencies, options, told)
    };
    let mut apps = Vec::with_capacity(work.len());
    for round in rounds(&work) {
        let round_of = |known: &Known| {
            let told = Told { known, also_of_its_own: false };
            parallel::map(&round.apps, |(app, parts)| assess(app, parts, Some(told)))
        };
        let mut known = told(&apps);
        if round.is_circle {
            // Each of them tells what is its own; the others say again only what is worse there.
            for (mut report, (described, _)) in round_of(&known).into_iter().zip(&round.apps) {
                report.findings.retain(|found| !described.app.is_borrowed(found.at.place));
                known.extend(told(std::slice::from_ref(&report)));
            }
        }
        apps.extend(round_of(&known));
    }
    // A template that another one nests counts as it stands there. By itself it only counts where that says more: whoever nests
    // it may give it values with which there is nothing to see.
    let known = told(&apps);
    let alone = |app: &Described| {
        let parts = Parts { files: apps::described(&app.app), locks: BTreeSet::new() };
        assess(app, &parts, Some(Told { known: &known, also_of_its_own: true }))
    };
    let alone = parallel::map(&found.parts, alone);
    apps.extend(alone.into_iter().filter(|app| !app.findings.is_empty()));
    apps.sort_by(|a, b| a.path.cmp(&b.path));
    let remarks = if options.app.is_none() { idle_marks(tree, &apps, options) } else { Vec::new() };
    // Of what an app is and of what it may be: a report shows only the worst of these.
    let cut = work.iter().flat_map(|(it, _)| {
        it.app.unread.iter().chain(it.variants.iter().flat_map(|variant| &variant.app.unread))
    });
    let unread = found.unread.iter().chain(&dependencies.unread).chain(cut);
    let mut unread: Vec<Note> = unread.map(|unread| Note::of_unread(tree, unread)).collect();
    unread.iter_mut().for_each(|note| Cover::default().note(note));
    unread.sort();
    unread.dedup();
    Report { apps, unread, files: tree.files().count(), remarks, compared: false }
}

/// Whether an app has a name, or is described in the file or folder of that name.
fn is_called(tree: &SourceTree, app: &App, name: &str) -> bool {
    let path = name.trim_start_matches("./").trim_end_matches('/');
    let within = |folder: &str| !folder.is_empty() && folder == path;
    app.name == name || tree.path(app.file) == path || within(&app.folder)
}

/// How many comments that allow nothing are named.
const NAMED_MARKS: usize = 10;

/// Comments that are well formed and met no finding of any app.
fn idle_marks(tree: &SourceTree, apps: &[AppReport], options: &Options) -> Vec<String> {
    let used: BTreeSet<Place> =
        apps.iter().flat_map(|app| &app.suppressed).map(|allowed| allowed.at.place).collect();
    // Whether these find anything depends on more than the files.
    let open = |rule: &String| {
        let hygiene = catalogue::rule(rule).is_some_and(|rule| rule.severity == Severity::Hygiene);
        *rule == catalogue::VULNERABLE_DEPENDENCY.id || (hygiene && !options.hygiene)
    };
    let all: BTreeMap<Place, &Vec<String>> =
        apps.iter().flat_map(|app| &app.marks).map(|(place, rules)| (*place, rules)).collect();
    let idle = all.into_iter().filter(|(place, rules)| !used.contains(place) && !rules.iter().any(open));
    let remark = |(place, rules): (Place, &Vec<String>)| {
        let at = Spot::of(tree, place);
        let rules = rules.join("`, `");
        format!(
            "{}:{}: this comment allows `{rules}`, and nothing of that was found where it points: its own line, or the one below it.",
            at.path, at.line
        )
    };
    let in_texts: BTreeSet<Place> = apps.iter().flat_map(|app| &app.marks_in_texts).copied().collect();
    let in_text = |place: Place| {
        let at = Spot::of(tree, place);
        format!(
            "{}:{}: this reads like a comment and stands in a text, so it allows nothing. Put it into a line of its own.",
            at.path, at.line
        )
    };
    let mut remarks: Vec<String> = in_texts.into_iter().map(in_text).chain(idle.map(remark)).collect();
    let more = remarks.len().saturating_sub(NAMED_MARKS);
    remarks.truncate(NAMED_MARKS);
    remarks.extend((more > 0).then(|| format!("{more} more comments allow nothing that was found.")));
    remarks
}

/// What belongs to one app.
struct Parts {
    files: Vec<(FileId, Part)>,
    /// Positions of its lock files.
    locks: BTreeSet<usize>,
}

/// Apps that are assessed side by side.
struct Round<'w> {
    apps: Vec<&'w (Described, Parts)>,
    /// Whether they import from one another.
    is_circle: bool,
}

/// Apps in the order in which they are assessed: what imports something comes after what exports it.
fn rounds(work: &[(Described, Parts)]) -> Vec<Round<'_>> {
    let mut rounds = Vec::new();
    let mut waiting: Vec<_> = work.iter().collect();
    while !waiting.is_empty() {
        let files: BTreeSet<FileId> = waiting.iter().map(|(it, _)| it.app.file).collect();
        let waits = |(it, _): &&(Described, Parts)| {
            it.app.borrowed.iter().any(|file| files.contains(file) && !it.app.describes(*file))
        };
        let (later, now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        // AWS deploys a circle of imports only in several steps, and so it is rare.
        let is_circle = now.is_empty();
        let (apps, later) = if is_circle { (later, now) } else { (now, later) };
        rounds.push(Round { apps, is_circle });
        waiting = later;
    }
    rounds
}

/// What an app need not say again.
#[derive(Clone, Copy)]
struct Told<'k> {
    known: &'k Known,
    /// Whether that goes for everything, or only for what stands in templates from which it imports.
    also_of_its_own: bool,
}

impl Told<'_> {
    fn is_new(self, app: &App, finding: &Finding) -> bool {
        let own = !self.also_of_its_own && !app.is_borrowed(finding.place);
        let told = self.known.get(&(finding.rule.id, finding.place));
        // What is worse here than where it was told is told again.
        own || !variants::claims_absence(finding.rule.id)
            && told.is_none_or(|severity| finding.severity > *severity)
    }
}

/// What was told already: rules, the places that they were told of, and how bad that was.
type Known = BTreeMap<(&'static str, Place), Severity>;

fn told(apps: &[AppReport]) -> Known {
    let of = |found: &Found| {
        let places = std::iter::once(&found.at).chain(found.related.iter().map(|(spot, _)| spot));
        places.map(|spot| ((found.rule.id, spot.place), found.severity)).collect::<Vec<_>>()
    };
    // What a comment allows is allowed however bad it is elsewhere.
    let allowed = apps.iter().flat_map(|app| &app.suppressed).flat_map(|it| of(&it.finding));
    let allowed = allowed.map(|(what, _)| (what, Severity::Critical));
    let mut known = Known::new();
    for (what, severity) in apps.iter().flat_map(|app| &app.findings).flat_map(of).chain(allowed) {
        let worst = known.entry(what).or_insert(severity);
        *worst = severity.max(*worst);
    }
    known
}

fn assess(
    reader: &Reader<'_>,
    described: &Described,
    parts: &Parts,
    dependencies: &Dependencies,
    options: &Options,
    said: Option<Told<'_>>,
) -> AppReport {
    let (tree, app) = (reader.tree(), &described.app);
    let described_in = parts.files.iter().map(|(file, _)| *file).chain(app.borrowed.iter().copied());
    let marks = Marks::read(tree, described_in, options.today);
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
    let grants = Rc::new(Grants::of(app));
    let mut verdict = rules::judge_with(&context, Rc::clone(&grants));
    let holds = |finding: &&Finding| marks.covering(tree, finding.rule.id, finding.place).is_none();
    let counted = |findings: &[Finding]| findings.iter().filter(holds).cloned().collect::<Vec<_>>();
    let mut worst = (app, paths::assess_with(&grants, &counted(&verdict.findings)));
    let mut told = verdict.findings.clone();
    for variant in &described.variants {
        let grants = Rc::new(Grants::of(&variant.app));
        let varied = Context { app: &variant.app, ..context };
        let further = rules::judge_with(&varied, Rc::clone(&grants)).findings;
        if variant.planned {
            worst = worse(worst, (&variant.app, paths::assess_with(&grants, &counted(&further))));
        }
        told.extend_from_slice(&further);
        variants::add(&mut verdict, variant, further);
    }
    verdict.sort();
    rules::instances::together(&mut verdict.findings);
    verdict.findings.extend(marks.faults());
    verdict.findings.retain(|finding| said.is_none_or(|said| said.is_new(app, finding)));
    fix::edits(tree, &mut verdict.findings);
    // Also what is not reported again here may stand in what is.
    let cover = Cover::of(tree, &told);
    let (findings, suppressed, policies) = sort_out(tree, &grants, &cover, &verdict.findings, &marks);
    let (graph, mut assessment) = worst;
    let left_out = std::mem::take(&mut assessment.not_looked_at).into_iter();
    let left_out = left_out.map(|why| Unknown { subject: None, place: Place::whole(app.file), why });
    verdict.unknowns.extend(left_out);
    verdict.unknowns.extend(dependencies.unknowns(&parts.locks));
    let unknowns = app.unknowns.iter().chain(&verdict.unknowns).filter(|it| !app.is_borrowed(it.place));
    let unknowns: BTreeSet<Note> = unknowns.map(|unknown| Note::of_unknown(tree, unknown)).collect();
    let packages = parts.locks.iter().filter_map(|at| dependencies.locks.get(*at));
    let (path, own) = identity(tree, app);
    let mut report = AppReport {
        name: app.name.clone(),
        framework: app.framework,
        path: tree.path(app.file).to_owned(),
        entries: entries::of(tree, graph),
        findings,
        suppressed,
        unknowns: unknowns.into_iter().collect(),
        needs: FunctionNeed::all(tree, app, &verdict.needs),
        packages: packages.map(|lock| lock.packages.len()).sum(),
        spots: assessment.places().map(|place| (place, Spot::of(tree, place))).collect(),
        assessment,
        graph: graph.clone(),
        identity: [path, own].join(" ").trim().to_owned(),
        policies,
        marks: marks.sound().map(|mark| (mark.place, mark.rules.clone())).collect(),
        marks_in_texts: marks.in_texts().to_vec(),
    };
    // The one place where texts of files get into the report.
    cover.app(&mut report);
    report
}

/// Of what an app may be, that with which somebody from outside gets further, and how far.
fn worse<'a>(one: (&'a App, Assessment), other: (&'a App, Assessment)) -> (&'a App, Assessment) {
    if other.1.score.points > one.1.score.points { other } else { one }
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

/// What is reported, what a comment allows, and the policies that both speak of.
fn sort_out(
    tree: &SourceTree,
    grants: &Grants<'_>,
    cover: &Cover,
    findings: &[Finding],
    marks: &Marks,
) -> (Vec<Found>, Vec<Suppressed>, Policies) {
    let app = grants.app();
    let granting = Granting::of(grants);
    let mut policies = Policies::new();
    let mut twins: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut found = |finding: &Finding| {
        let twin = twins.entry((finding.rule.id, finding.bare_cause())).or_default();
        *twin += 1;
        let spoken = granting.by(finding, &mut policies);
        Found::of(tree, app, cover, (finding, spoken), *twin - 1)
    };
    let mark = |finding: &&Finding| marks.covering(tree, finding.rule.id, finding.place);
    // What is reported comes first: allowing a part of a finding leaves the rest its id.
    let reported = findings.iter().filter(|it| mark(it).is_none()).map(&mut found).collect();
    let allowed = findings.iter().filter_map(|finding| Some((finding, mark(&finding)?)));
    let suppressed = allowed.map(|(finding, mark)| Suppressed {
        finding: found(finding),
        reason: mark.reason.clone(),
        until: mark.until.map(|day| day.to_string()).unwrap_or_default(),
        at: Spot::of(tree, mark.place),
    });
    let suppressed = suppressed.collect();
    (reported, suppressed, policies)
}

#[cfg(test)]
mod tests;
