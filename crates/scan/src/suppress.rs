//! Comments that allow a finding: `# casemate: allow open-route until 2027-01-31 because the catalogue is public`.
//!
//! Owns: reading them and saying which lines they speak of: their own, else the next that is no comment; in JSON, which has no comments, a
//! key `casemate` in a resource's `Metadata` speaks of that resource. Invariant: one without a rule, a reason or an end date, or whose
//! end is over, allows nothing and is itself reported. Not here: what is allowed (`rules`), files of known findings (`baseline`).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::facts::Day;
use crate::finding::Finding;
use crate::rules::catalogue;
use crate::source::{FileId, Place, SourceTree};

/// A comment that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The rules that it names.
    pub rules: Vec<String>,
    /// Its last day.
    pub until: Option<Day>,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub place: Place,
    /// The lines that it speaks of.
    lines: RangeInclusive<u32>,
    /// Why it does not hold.
    fault: Option<String>,
}

/// The comments of some files.
#[derive(Debug, Default)]
pub struct Marks {
    by_file: BTreeMap<FileId, Vec<Mark>>,
}

/// What a comment begins with.
const WORD: &str = "casemate:";
/// The same in JSON.
const KEY: &str = "\"casemate\"";

impl Marks {
    /// No comments at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { by_file: BTreeMap::new() }
    }

    /// Reads the comments of files. Without `today`, no end date is over.
    #[must_use]
    pub fn read(tree: &SourceTree, files: impl IntoIterator<Item = FileId>, today: Option<Day>) -> Self {
        let mut by_file = BTreeMap::new();
        for file in files {
            let Some(text) = tree.file(file).and_then(|file| file.text()) else { continue };
            let json = tree.path(file).ends_with(".json");
            let mut marks = if json { in_json(tree, file, text) } else { in_comments(file, text) };
            if marks.is_empty() {
                continue;
            }
            for mark in &mut marks {
                mark.fault = fault(mark, today);
            }
            by_file.insert(file, marks);
        }
        Self { by_file }
    }

    /// The mark that allows a rule at a place.
    #[must_use]
    pub fn covering(&self, tree: &SourceTree, rule: &str, place: Place) -> Option<&Mark> {
        let marks = self.by_file.get(&place.file)?;
        let line = tree.locate(place).0.line;
        marks.iter().find(|mark| {
            mark.fault.is_none() && mark.lines.contains(&line) && mark.rules.iter().any(|named| named == rule)
        })
    }

    /// Findings about marks that do not hold.
    pub fn faults(&self) -> impl Iterator<Item = Finding> {
        self.by_file.values().flatten().filter_map(|mark| {
            let why = mark.fault.as_ref()?;
            let rules = mark.rules.join(", ");
            let message = format!("This comment allows nothing: {why}.");
            let cause = format!("allow {rules}");
            let found = Finding::new(&catalogue::INVALID_SUPPRESSION, cause, mark.place, message);
            Some(found.advice("`# casemate: allow <rule> until <year-month-day> because <reason>`"))
        })
    }
}

fn fault(mark: &Mark, today: Option<Day>) -> Option<String> {
    let unknown = mark.rules.iter().find(|named| catalogue::rule(named).is_none());
    match (mark.until, unknown) {
        _ if mark.rules.is_empty() => Some("it names no rule".to_owned()),
        (_, Some(named)) => Some(format!("there is no rule `{named}`")),
        (None, _) => Some("it has no end date".to_owned()),
        _ if mark.reason.len() < 3 => Some("it gives no reason".to_owned()),
        (Some(until), _) if today.is_some_and(|today| today > until) => Some(format!("it ended on {until}")),
        _ => None,
    }
}

/// Reads `allow a, b until 2027-01-31 because of this`.
fn parse(text: &str, place: Place, lines: RangeInclusive<u32>) -> Option<Mark> {
    let rest = text.trim().strip_prefix("allow")?;
    if !rest.starts_with(char::is_whitespace) && !rest.is_empty() {
        return None;
    }
    let (head, reason) = match rest.split_once("because") {
        Some((head, reason)) => (head, reason),
        None => (rest, ""),
    };
    let (rules, until) = match head.split_once("until") {
        Some((rules, until)) => (rules, Day::parse(until.trim())),
        None => (head, None),
    };
    let rules = rules.split([',', ' ', '\t']).map(str::trim).filter(|rule| !rule.is_empty());
    let reason = reason.trim().trim_end_matches(['*', '/', '-', '>']).trim();
    Some(Mark {
        rules: rules.map(str::to_owned).collect(),
        until,
        reason: reason.to_owned(),
        place,
        lines,
        fault: None,
    })
}

/// Where a comment begins in a line, and whether anything stands before it.
fn comment(line: &str) -> Option<(usize, bool)> {
    let word = line.find(WORD)?;
    let before = line.get(..word)?.trim_end();
    let head = before.trim_end_matches(['#', '/', '*', '-', '!', '<']);
    // The word alone is text, not a comment.
    (head.len() < before.len()).then(|| (word + WORD.len(), !head.trim().is_empty()))
}

fn in_comments(file: FileId, text: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    if !text.contains(WORD) {
        return marks;
    }
    // Marks above a line wait for it.
    let mut waiting = 0;
    let mut start = 0;
    for (number, line) in (1_u32..).zip(text.split_inclusive('\n')) {
        let body = line.trim_end();
        let trimmed = body.trim_start();
        let is_comment = ["#", "//", "/*", "*", "<!--"].iter().any(|sign| trimmed.starts_with(sign));
        if !trimmed.is_empty() && !is_comment {
            let from = marks.len() - waiting;
            for mark in marks.iter_mut().skip(from) {
                mark.lines = number..=number;
            }
            waiting = 0;
        }
        if let Some((at, beside)) = comment(body) {
            let place = Place::new(file, start + (body.len() - trimmed.len()), start + body.len());
            let lines = if beside { number..=number } else { u32::MAX..=u32::MAX };
            if let Some(mark) = body.get(at..).and_then(|text| parse(text, place, lines)) {
                marks.push(mark);
                waiting += usize::from(!beside);
            }
        }
        start += line.len();
    }
    marks
}

fn in_json(tree: &SourceTree, file: FileId, text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    if !text.contains(KEY) {
        return marks;
    }
    let objects = objects(text);
    for (at, _) in text.match_indices(KEY) {
        let after = text.get(at + KEY.len()..).unwrap_or_default().trim_start();
        let Some(value) =
            after.strip_prefix(':').map(str::trim_start).and_then(|value| value.strip_prefix('"'))
        else {
            continue;
        };
        let value = value.split('"').next().unwrap_or_default();
        // The innermost object is `Metadata`; the one around it is the resource.
        let mut around: Vec<_> = objects.iter().filter(|(start, end)| *start < at && at < *end).collect();
        around.sort();
        let Some((start, end)) = around.iter().rev().nth(1) else { continue };
        let lines = |offset| tree.locate(Place::new(file, offset, offset)).0.line;
        let place = Place::new(file, at, at + KEY.len());
        marks.extend(parse(value, place, lines(*start)..=lines(*end)));
    }
    marks
}

/// Where the objects of a JSON text begin and end.
fn objects(text: &str) -> Vec<(usize, usize)> {
    let (mut open, mut done) = (Vec::new(), Vec::new());
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => open.push(at),
            b'}' if !quoted => done.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    done
}

#[cfg(test)]
mod tests;
