//! What an assessment says, in a form that every output is made from.
//!
//! Owns: the report's shape, stable ids of findings, places as readers want them (path, line, column, the lines themselves). Invariants:
//! everything in it is of the tree or of the rules, so it is the same wherever and whenever it is made; a secret stands in it only cut
//! short. Not here: how it comes about (`inspect`), how each output looks (the files below `report`).

mod cover;
mod grants;
pub mod html;
pub mod json;
pub mod markdown;
mod need_text;
mod needs;
mod picture;
pub mod sarif;
pub mod text;
pub mod visible;

pub use self::cover::Cover;
pub(crate) use self::grants::DOINGS;
pub use self::grants::{Bounds, Clause, Granting, Members, Policies, Policy, Spoken};
pub use self::need_text::{need_json, need_text};
pub use self::needs::{FunctionNeed, Idle, Lacking, Used, Written};
use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::finding::{Confidence, Finding, Rule, Severity};
use crate::graph::{App, Framework, Unknown, Unread};
use crate::paths::Assessment;
use crate::source::{Place, SourceTree};

/// What an assessment says of a tree.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The apps, by the path of the file that describes them.
    pub apps: Vec<AppReport>,
    /// Files that look like infrastructure and could not be read.
    pub unread: Vec<Note>,
    /// How many files were looked at.
    pub files: usize,
    /// What a reader should know of how it was made.
    pub remarks: Vec<String>,
    /// Whether it was compared with a baseline.
    #[serde(skip)]
    pub compared: bool,
}

/// What an assessment says of one app.
#[derive(Debug, Serialize)]
pub struct AppReport {
    /// Its name.
    pub name: String,
    /// What it is described in.
    pub framework: Framework,
    /// The file that describes it.
    pub path: String,
    /// How it can be started.
    pub entries: Vec<Entry>,
    /// What is wrong with it, the worst first.
    pub findings: Vec<Found>,
    /// What is wrong and was allowed by a comment.
    pub suppressed: Vec<Suppressed>,
    /// What could not be told and might matter.
    pub unknowns: Vec<Note>,
    /// What each function needs against what it has.
    pub needs: Vec<FunctionNeed>,
    /// How many packages its lock files name.
    pub packages: usize,
    /// How somebody from outside gets to what, and what that adds up to.
    pub assessment: Assessment,
    /// The places of which that speaks.
    #[serde(skip)]
    pub spots: BTreeMap<Place, Spot>,
    /// The app itself.
    #[serde(skip)]
    pub graph: App,
    /// What tells it from other apps.
    #[serde(skip)]
    pub identity: String,
    /// The policies that its findings speak of.
    #[serde(skip)]
    pub policies: Policies,
    /// The comments of its files that allow something: where they stand, and the rules that they name.
    #[serde(skip)]
    pub marks: Vec<(Place, Vec<String>)>,
    /// Where something reads like such a comment and is in a text.
    #[serde(skip)]
    pub marks_in_texts: Vec<Place>,
}

/// A way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// `POST /orders`, `URL`, `queue Jobs`.
    pub what: String,
    /// What kind.
    pub kind: EntryKind,
    /// The function that it starts, where that can be told.
    pub function: Option<String>,
    /// Who may use it: `anyone`, `authorizer Pool`.
    pub who: String,
    /// Whether anyone on the internet may, as far as the route itself says.
    pub open: bool,
    /// Where it is declared.
    pub at: Spot,
}

impl Entry {
    /// Who calls a route that asks for an API key and for nothing else. Such a key tells apps apart, and authenticates nobody.
    pub const WITH_KEY: &'static str = "whoever has the API key";

    /// How many ways in there are, and how many of them are open: `3 ways in, 1 open to anyone`.
    #[must_use]
    pub fn count(entries: &[Self]) -> String {
        let open = entries.iter().filter(|entry| entry.open).count();
        let keyed = entries.iter().filter(|entry| entry.open && entry.who == Self::WITH_KEY).count();
        let mut said = match entries.len() {
            0 => "no way in".to_owned(),
            1 => "1 way in".to_owned(),
            all => format!("{all} ways in"),
        };
        for (number, who) in [(open - keyed, "anyone"), (keyed, Self::WITH_KEY)] {
            let number =
                if number == entries.len() && number == 1 { String::new() } else { format!("{number} ") };
            if number != "0 " {
                said += &format!(", {number}open to {who}");
            }
        }
        said
    }
}

/// What kind of way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A route of an interface.
    Route,
    /// A function's own address.
    FunctionUrl,
    /// Anything else that starts it.
    Trigger,
}

/// A place as readers want it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Spot {
    /// The file, relative to the tree.
    pub path: String,
    /// The first line, counted from one.
    pub line: u32,
    /// The first column, in characters, counted from one.
    pub column: u32,
    /// The line of the end.
    pub end_line: u32,
    /// The column behind the end.
    pub end_column: u32,
    /// The place itself.
    #[serde(skip)]
    pub place: Place,
}

/// A finding, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its stable id: `open-route-1f6a2b3c`.
    pub id: String,
    /// The rule.
    #[serde(serialize_with = "rule_id")]
    pub rule: &'static Rule,
    /// How bad, here.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Why it matters here.
    pub message: String,
    /// The functions and other things that it touches.
    pub subjects: Vec<String>,
    /// Where the cause stands.
    pub at: Spot,
    /// The lines there; a secret in them is cut short.
    pub code: Vec<Line>,
    /// Further places and what they show.
    pub related: Vec<(Spot, String)>,
    /// What would mend it.
    pub change: Option<Mend>,
    /// Whether the baseline knows it already.
    pub known: bool,
    /// What is more than the baseline knows, where it knows one of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grown: Option<String>,
    /// What tells the secret that it speaks of from others.
    #[serde(skip)]
    pub secret: Option<String>,
    /// The same for all findings of its rule and cause, of which there may be several: the id of the first one.
    #[serde(skip)]
    pub family: String,
    /// Which of its app's policies it speaks of.
    #[serde(skip)]
    pub grants: Spoken,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, counted from one.
    pub number: u32,
    /// What stands there.
    pub text: String,
}

/// What would mend a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// In words.
    pub advice: String,
    /// Edits that do it.
    pub edits: Vec<(Spot, String)>,
    /// Whether `--fix` makes them.
    pub safe: bool,
}

impl Mend {
    /// What to do in words, and what is to be written, line by line, where that is said.
    #[must_use]
    pub fn parts(&self) -> (&str, Option<&str>) {
        match self.advice.split_once('\n') {
            Some((words, code)) => (words, Some(code.trim_end())),
            None => (&self.advice, None),
        }
    }
}

/// A finding that a comment allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// The finding.
    pub finding: Found,
    /// Why it is allowed.
    pub reason: String,
    /// Until when.
    pub until: String,
    /// Where that is said.
    pub at: Spot,
}

/// Something to know about a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// Where.
    pub at: Spot,
    /// The function, route or other thing that it concerns.
    pub subject: Option<String>,
    /// What.
    pub text: String,
}

fn rule_id<S: serde::Serializer>(rule: &&'static Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id)
}

impl Report {
    /// All findings that are not suppressed, with their apps.
    pub fn findings(&self) -> impl Iterator<Item = (&AppReport, &Found)> {
        self.apps.iter().flat_map(|app| app.findings.iter().map(move |found| (app, found)))
    }

    /// The worst severity that the baseline does not know.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings().filter(|(_, found)| !found.known).map(|(_, found)| found.severity).max()
    }

    /// A finding by its stable id.
    #[must_use]
    pub fn finding(&self, id: &str) -> Option<(&AppReport, &Found)> {
        self.findings().find(|(_, found)| found.id == id)
    }
}

impl Spot {
    /// A place as readers want it.
    #[must_use]
    pub fn of(tree: &SourceTree, place: Place) -> Self {
        let (start, end) = tree.locate(place);
        Self {
            path: tree.path(place.file).to_owned(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            place,
        }
    }
}

impl Note {
    /// Of something that cannot be told.
    #[must_use]
    pub fn of_unknown(tree: &SourceTree, unknown: &Unknown) -> Self {
        let subject = unknown.subject.as_ref().map(ToString::to_string);
        Self { at: Spot::of(tree, unknown.place), subject, text: unknown.why.clone() }
    }

    /// Of a file that could not be read.
    #[must_use]
    pub fn of_unread(tree: &SourceTree, unread: &Unread) -> Self {
        Self { at: Spot::of(tree, unread.place), subject: None, text: unread.why.clone() }
    }
}

impl Found {
    /// A finding of an app, ready to be shown. `twin` counts findings of the same rule and cause before it; which instance of a block
    /// the cause is of makes no difference. `grants`: what it speaks of.
    #[must_use]
    pub fn of(
        tree: &SourceTree,
        app: &App,
        cover: &Cover,
        (finding, grants): (&Finding, Spoken),
        twin: usize,
    ) -> Self {
        let spots = |places: &[(Place, String)]| {
            places.iter().map(|(place, text)| (Spot::of(tree, *place), text.clone())).collect()
        };
        let mend = |change: &crate::finding::Change| Mend {
            advice: spelled(app, &change.advice),
            edits: change.edits.iter().map(|edit| (Spot::of(tree, edit.place), edit.text.clone())).collect(),
            safe: change.safe,
        };
        let at = Spot::of(tree, finding.place);
        let id = |twin| stable_id(finding, identity(tree, app), twin);
        let (id, family) = (id(twin), id(0));
        Self {
            secret: finding.secret.as_ref().map(|secret| secret.mark(&family)),
            id,
            rule: finding.rule,
            severity: finding.severity,
            confidence: finding.confidence,
            message: spelled(app, &finding.message),
            subjects: finding.subjects.iter().map(ToString::to_string).collect(),
            code: cover.lines(tree, &at),
            at,
            related: spots(&finding.related),
            change: finding.change.as_ref().map(mend),
            known: false,
            grown: None,
            family,
            grants,
        }
    }
}

/// Attributes in a sentence as the app's format spells them: `${aws_sqs_queue.jobs.arn}`.
fn spelled(app: &App, text: &str) -> String {
    match app.framework {
        Framework::Terraform => text.replace(".Arn}", ".arn}").replace(".StreamArn}", ".stream_arn}"),
        _ => text.to_owned(),
    }
}

/// What tells an app from others, wherever the folder that is scanned lies: a path, and a name.
#[must_use]
pub fn identity<'a>(tree: &'a SourceTree, app: &'a App) -> (&'a str, &'a str) {
    // A module is its folder, whichever file comes first in it.
    let path = if app.framework == Framework::Terraform { &app.folder } else { tree.path(app.file) };
    // What is only called after the folder that is scanned keeps its ids in a copy of another name.
    let own = app.framework == Framework::Serverless || !app.folder.is_empty();
    (path, if own { &app.name } else { "" })
}

/// The rule, and eight digits of a hash of where and what the cause is: no line numbers, so it survives edits.
fn stable_id(finding: &Finding, (path, app): (&str, &str), twin: usize) -> String {
    let mut hash = Sha256::new();
    for part in [finding.rule.id, path, app, &finding.bare_cause(), &twin.to_string()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let digits: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digits}", finding.rule.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sketch;

    #[test]
    fn attributes_are_spelled_as_the_format_spells_them() {
        let mut app = sketch::app();
        let text = "on `${t.Arn}/index/*` and `${t.StreamArn}`";
        assert_eq!(spelled(&app, text), text);
        app.framework = Framework::Terraform;
        assert_eq!(spelled(&app, text), "on `${t.arn}/index/*` and `${t.stream_arn}`");
    }
}
