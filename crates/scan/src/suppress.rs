//! Comments that allow a finding: `# casemate: allow open-route until 2027-01-31 because the catalogue is public`.
//!
//! Owns: reading them and saying what they speak of: the line they stand in, else the line right below their block of comments; in JSON, which
//! has no comments, the resource in whose `Metadata` the key `casemate` stands. Invariants: one without a rule, a reason, or an end within
//! two years allows nothing and is itself reported, and so is one that stands where readers do not see it or where it speaks of nothing;
//! reading them is linear in the file, and no file has more than a thousand. Not here: what is allowed (`rules`), files of known findings
//! (`baseline`).

mod comment;
mod json;

use std::collections::BTreeMap;

use self::comment::Comments;
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
    /// What it speaks of.
    scope: Scope,
    /// Why it does not hold.
    fault: Option<String>,
}

/// What a comment speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// A line.
    Line(u32),
    /// A stretch of the file: lines say nothing where a file has only one.
    Stretch(Place),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

/// The comments of some files.
#[derive(Debug, Default)]
pub struct Marks {
    by_file: BTreeMap<FileId, Vec<Mark>>,
    /// What reads like one and stands in a text, or in what was taken for one.
    in_texts: Vec<Place>,
}

/// What a comment begins with.
const WORD: &str = "casemate:";
/// The same as some write it.
const CAPITAL: &str = "Casemate:";
/// How many comments of a file are taken.
const MARKS_OF_A_FILE: usize = 1_000;
/// How many lines of a comment may stand between a mark and the line that it speaks of.
const BLOCK_LINES: u32 = 10;
/// The last column in which a mark is seen by whoever reads the file.
const LAST_COLUMN: usize = 200;
/// How many years ahead a mark may reach.
const YEARS: u16 = 2;

const HIDDEN: &str = "it stands beyond column 200, where nobody sees it";
const LOOSE: &str = "no line follows it directly, within ten lines of comment";
const MISPLACED: &str =
    "in JSON it must stand in the `Metadata` of a resource, as a text with the key `casemate`";
const TOO_MANY: &str = "it and those below it are too many: a file may have 1,000";

impl Marks {
    /// No comments at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { by_file: BTreeMap::new(), in_texts: Vec::new() }
    }

    /// Reads the comments of files. Without `today`, no end date is over.
    #[must_use]
    pub fn read(tree: &SourceTree, files: impl IntoIterator<Item = FileId>, today: Option<Day>) -> Self {
        let (mut by_file, mut in_texts) = (BTreeMap::new(), Vec::new());
        for file in files {
            let Some(text) = tree.file(file).and_then(|file| file.text()) else { continue };
            let mut marks = json::marks(tree, file, text)
                .unwrap_or_else(|| in_comments(file, tree.path(file), text, &mut in_texts));
            for mark in &mut marks {
                mark.fault = fault(mark, today);
            }
            if !marks.is_empty() {
                by_file.insert(file, marks);
            }
        }
        Self { by_file, in_texts }
    }

    /// Where something reads like a comment that holds and is in a text: it allows nothing.
    #[must_use]
    pub fn in_texts(&self) -> &[Place] {
        &self.in_texts
    }

    /// The mark that allows a rule at a place.
    #[must_use]
    pub fn covering(&self, tree: &SourceTree, rule: &str, place: Place) -> Option<&Mark> {
        let marks = self.by_file.get(&place.file)?;
        let line = tree.line_of(place);
        let speaks = |scope: Scope| match scope {
            Scope::Line(number) => number == line,
            Scope::Stretch(of) => of.start <= place.start && place.end <= of.end,
            Scope::Nothing(_) => false,
        };
        marks.iter().find(|mark| {
            mark.fault.is_none() && speaks(mark.scope) && mark.rules.iter().any(|named| named == rule)
        })
    }

    /// The marks that hold, where they find something to allow.
    pub fn sound(&self) -> impl Iterator<Item = &Mark> {
        self.by_file.values().flatten().filter(|mark| mark.fault.is_none())
    }

    /// Findings about marks that do not hold.
    pub fn faults(&self) -> impl Iterator<Item = Finding> {
        self.by_file.values().flatten().filter_map(|mark| {
            let why = mark.fault.as_ref()?;
            let rules = cut(&mark.rules.join(", "));
            let message = format!("This comment allows nothing: {why}.");
            let cause = format!("allow {rules}");
            let found = Finding::new(&catalogue::INVALID_SUPPRESSION, cause, mark.place, message);
            Some(found.advice("`# casemate: allow <rule> until <year-month-day> because <reason>`"))
        })
    }
}

fn fault(mark: &Mark, today: Option<Day>) -> Option<String> {
    if mark.fault.is_some() {
        return mark.fault.clone();
    }
    if let Scope::Nothing(why) = mark.scope {
        return Some(why.to_owned());
    }
    let unknown = mark.rules.iter().find(|named| catalogue::rule(named).is_none());
    let words = mark.reason.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    let beyond = |until: Day| today.is_some_and(|today| until > today.years_later(YEARS));
    match (mark.until, unknown) {
        _ if mark.rules.is_empty() => Some("it names no rule".to_owned()),
        (_, Some(named)) => {
            // The id of a finding is its rule's with a number behind.
            let meant = named.rsplit_once('-').and_then(|(rule, _)| catalogue::rule(rule));
            let meant = meant.map_or(String::new(), |rule| format!(": name the rule, `{}`", rule.id));
            Some(format!("there is no rule `{}`{meant}", cut(named)))
        }
        (None, _) => Some("it has no end date".to_owned()),
        _ if words == 0 => Some("it gives no reason".to_owned()),
        _ if words == 1 => Some("its reason is a single word".to_owned()),
        (Some(until), _) if today.is_some_and(|today| today > until) => Some(format!("it ended on {until}")),
        (Some(until), _) if beyond(until) => Some(format!("its end, {until}, is more than two years away")),
        _ => None,
    }
}

/// As much of a name as anyone needs to find it.
fn cut(name: &str) -> String {
    name.chars().take(60).collect()
}

/// How many rules a mark may name; there are fewer.
const RULES_OF_A_MARK: usize = 200;

/// Reads `allow a, b until 2027-01-31 because of this`.
fn parse(text: &str, place: Place, scope: Scope) -> Option<Mark> {
    let text = text.trim();
    let allows = |rest: &&str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    let Some(rest) = text.strip_prefix("allow").filter(allows) else { return slip(text, place) };
    let (head, reason) = match rest.split_once("because") {
        Some((head, reason)) => (head, reason),
        None => (rest, ""),
    };
    let (rules, until) = match head.split_once("until") {
        Some((rules, until)) => (rules, Some(until.trim())),
        None => (head, None),
    };
    let no_day = until.filter(|until| Day::parse(until).is_none());
    let until = until.and_then(Day::parse);
    let rules = rules.split([',', ' ', '\t']).map(str::trim).filter(|rule| !rule.is_empty());
    let reason = reason.trim().trim_end_matches(['*', '/', '-', '>']).trim();
    Some(Mark {
        rules: rules.take(RULES_OF_A_MARK).map(str::to_owned).collect(),
        until,
        reason: reason.to_owned(),
        place,
        scope,
        fault: no_day.map(|until| {
            let begins_with_a_day = until.split_whitespace().next().and_then(Day::parse).is_some();
            match begins_with_a_day {
                true => "after the day comes `because` and a reason".to_owned(),
                false => format!("`{}` is no day: write year-month-day", cut(until)),
            }
        }),
    })
}

/// A comment that names a rule and does not say `allow`: somebody means to allow something.
fn slip(text: &str, place: Place) -> Option<Mark> {
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    let says = words.next()?;
    let named = words.take(RULES_OF_A_MARK).find(|word| catalogue::rule(word).is_some())?;
    Some(Mark {
        rules: vec![named.to_owned()],
        until: None,
        reason: String::new(),
        place,
        scope: Scope::Nothing(LOOSE),
        fault: Some(format!("it says `{}`, and not `allow`", cut(says))),
    })
}

/// Where a mark begins in a line, and whether anything stands before its comment, which begins at `comment`.
fn mark_at(line: &str, comment: usize) -> Option<(usize, bool)> {
    let rest = line.get(comment..)?;
    let word = comment + rest.find(WORD).or_else(|| rest.find(CAPITAL))?;
    let before = line.get(..word)?.trim_end();
    let head = before.trim_end_matches(['#', '/', '*', '-', '!', '<']);
    // The word alone is text, not a mark.
    (head.len() < before.len()).then(|| (word + WORD.len(), !head.trim().is_empty()))
}

/// Whether a line is nothing but a comment. `*` goes on with one, `*p = 1` does not.
fn is_comment(trimmed: &str) -> bool {
    ["#", "//", "/*", "<!--", "* ", "*/"].iter().any(|sign| trimmed.starts_with(sign)) || trimmed == "*"
}

fn in_comments(file: FileId, path: &str, text: &str, in_texts: &mut Vec<Place>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    if !text.contains(WORD) && !text.contains(CAPITAL) {
        return marks;
    }
    // Marks above a line wait for it, as long as their block of comments goes on.
    let mut waiting: Vec<(usize, u32)> = Vec::new();
    let mut start = 0;
    let mut comments = Comments::of(path);
    for (number, line) in (1_u32..).zip(text.split_inclusive('\n')) {
        let body = line.trim_end();
        let trimmed = body.trim_start();
        if !is_comment(trimmed) {
            for (at, above) in waiting.drain(..) {
                let near = number - above <= BLOCK_LINES + 1 && !trimmed.is_empty();
                if let Some(mark) = marks.get_mut(at).filter(|_| near) {
                    mark.scope = Scope::Line(number);
                }
            }
        }
        let comment = comments.of_line(body);
        if comment.is_none() && in_texts.len() < MARKS_OF_A_FILE {
            let read = mark_at(body, 0).and_then(|(at, _)| {
                let place = Place::new(file, start + at - WORD.len(), start + body.len());
                parse(body.get(at..)?, place, Scope::Line(number))
            });
            in_texts.extend(read.filter(|mark| fault(mark, None).is_none()).map(|mark| mark.place));
        }
        if let Some((at, beside)) = comment.and_then(|comment| mark_at(body, comment)) {
            let place = Place::new(file, start + (body.len() - trimmed.len()), start + body.len());
            let hidden = body.get(..at).is_some_and(|before| before.chars().count() > LAST_COLUMN);
            let scope = match (hidden, beside) {
                (true, _) => Scope::Nothing(HIDDEN),
                (false, true) => Scope::Line(number),
                (false, false) => Scope::Nothing(LOOSE),
            };
            let full = marks.len() >= MARKS_OF_A_FILE;
            let scope = if full { Scope::Nothing(TOO_MANY) } else { scope };
            if let Some(mark) = body.get(at..).and_then(|text| parse(text, place, scope)) {
                marks.push(mark);
                if full {
                    break;
                }
                if !beside && !hidden {
                    waiting.push((marks.len() - 1, number));
                }
            }
        }
        start += line.len();
    }
    marks
}

#[cfg(test)]
mod tests;
