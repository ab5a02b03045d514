//! What covers secrets up: every text and every line that a report shows goes through here, at the one place where the report is made.
//!
//! Owns: which secrets of an app are known, whichever finding speaks of them, and windows of lines that are too long to be shown. Invariant: a
//! line is shown without the secrets that any finding names, and without what looks like one; what a line costs does not grow with its
//! length. Not here: what a secret looks like (`secrets`), making text safe for a page or a terminal (`visible`).

use std::collections::BTreeSet;

use super::{AppReport, Found, FunctionNeed, Line, Note, Policy, Spot};
use crate::finding::Finding;
use crate::known::Name;
use crate::paths::{Assessment, Reached};
use crate::secrets::{
    self,
    shown::{self, Cut},
};
use crate::source::{Place, SourceTree};

/// How many lines of code are shown at most.
const SHOWN_LINES: u32 = 4;
/// How many characters of a line are shown at most.
const SHOWN_CHARACTERS: usize = 160;
/// A place further into its line than this is shown with a few characters before it, not from the line's beginning.
const FAR: usize = 100;
/// How many characters those are.
const BEFORE: usize = 40;

/// The secrets of an app, as far as findings name them.
#[derive(Default)]
pub struct Cover {
    /// Their values, line by line, sorted.
    values: Vec<String>,
    /// Where they stand.
    places: BTreeSet<Place>,
}

/// Shorter values are cut where they stand and nowhere else: too many words are like them.
const SHORTEST_VALUE: usize = 6;
/// A secret that begins further before a line's window than this is not looked for; no key of a known form is longer.
const LONGEST_SECRET: u32 = 16_384;

impl Cover {
    /// Collects the secrets that findings name.
    #[must_use]
    pub fn of(tree: &SourceTree, findings: &[Finding]) -> Self {
        let mut values = BTreeSet::new();
        let mut places = BTreeSet::new();
        for finding in findings {
            let Some(secret) = &finding.secret else { continue };
            let written = tree.excerpt(finding.place);
            // The place of a value has its quotation marks, which are no part of it.
            let bare = written.trim_start_matches(['"', '\'']);
            let before = u32::try_from(written.len() - bare.len()).unwrap_or(0);
            let behind = u32::try_from(bare.len() - bare.trim_end_matches(['"', '\'']).len()).unwrap_or(0);
            let Place { file, start, end } = finding.place;
            places.insert(Place { file, start: start + before, end: end - behind });
            if secrets::is_everybodys(secret.value()) {
                continue;
            }
            let mut add = |text: &str| {
                let lines = text.lines().map(|line| line.trim().trim_matches(['"', '\'']));
                values.extend(lines.filter(|line| line.len() >= SHORTEST_VALUE).map(str::to_owned));
            };
            add(secret.value());
            // As it is written, with escapes; what leads elsewhere is nothing to hide.
            if !written.contains("${") {
                add(written);
            }
        }
        Self { values: values.into_iter().collect(), places }
    }

    /// A text without the secrets that are known and without what looks like one.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        shown::without(text, self.cuts(text))
    }

    /// The lines of a place, as far as they are shown.
    #[must_use]
    pub fn lines(&self, tree: &SourceTree, at: &Spot) -> Vec<Line> {
        let end = if at.end_column == 1 { at.end_line.saturating_sub(1) } else { at.end_line };
        let last = end.min(at.line.saturating_add(SHOWN_LINES - 1)).max(at.line);
        let lines = (at.line..=last).filter_map(|number| {
            let line = tree.line(at.place.file, number)?;
            let text = self.line(tree, line, at.place.start.max(line.start));
            Some(Line { number, text })
        });
        lines.filter(|line| !line.text.trim().is_empty()).collect()
    }

    /// A line, or what stands around a place in it.
    fn line(&self, tree: &SourceTree, line: Place, focus: u32) -> String {
        let window = window(tree, line, focus);
        let context = widened(tree, line, window);
        let text = tree.excerpt(context);
        let mut cuts = self.cuts(text);
        let inside =
            |offset: u32| offset.clamp(context.start, context.end).saturating_sub(context.start) as usize;
        cuts.extend(self.places_in(context).map(|place| Cut {
            start: inside(place.start),
            end: inside(place.end),
            whole: place.start < context.start,
        }));
        // What begins before the window is not shown from its middle.
        let (from, to) = (inside(window.start), inside(window.end));
        let cuts = cuts.into_iter().filter(|cut| cut.start < to && cut.end > from).map(|cut| Cut {
            start: cut.start.max(from) - from,
            end: cut.end - from,
            whole: cut.whole || cut.start < from,
        });
        // A secret that goes on beyond the window ends with it.
        let cuts = cuts.map(|cut| Cut { end: cut.end.min(to - from), ..cut }).collect();
        let text = shown::without(text.get(from..to).unwrap_or_default(), cuts);
        let sign = |wanted: bool| if wanted { "…" } else { "" };
        let before = sign(line.start < window.start && !text.starts_with('…'));
        let behind = sign(window.end < line.end && !text.ends_with('…'));
        format!("{before}{text}{behind}")
    }

    fn places_in(&self, within: Place) -> impl Iterator<Item = &Place> {
        let from = Place { start: within.start.saturating_sub(LONGEST_SECRET), end: 0, ..within };
        let to = Place { start: within.end, end: 0, ..within };
        self.places.range(from..to).filter(move |place| place.end > within.start)
    }

    /// What is not shown of a text.
    fn cuts(&self, text: &str) -> Vec<Cut> {
        let mut cuts = shown::cuts(text);
        let mut from = 0;
        while let Some(rest) = text.as_bytes().get(from..).filter(|rest| !rest.is_empty()) {
            match self.value_at(rest) {
                Some(length) => {
                    cuts.push(Cut { start: from, end: from + length, whole: false });
                    from += length;
                }
                None => from += 1,
            }
        }
        cuts
    }

    /// The length of the longest value that a text begins with: the values that agree with it become fewer with every byte.
    fn value_at(&self, text: &[u8]) -> Option<usize> {
        let mut values = self.values.as_slice();
        let mut longest = None;
        for (at, byte) in text.iter().enumerate() {
            let from = values.partition_point(|value| value.as_bytes().get(at) < Some(byte));
            let to = values.partition_point(|value| value.as_bytes().get(at) <= Some(byte));
            values = values.get(from..to).unwrap_or_default();
            let Some(first) = values.first() else { break };
            if first.len() == at + 1 {
                longest = Some(at + 1);
            }
        }
        longest
    }
}

/// Texts of a report.
impl Cover {
    /// A note.
    pub fn note(&self, note: &mut Note) {
        self.put(&mut note.text);
        note.subject.iter_mut().for_each(|subject| self.put(subject));
    }

    /// Everything that is said of an app. What is shown of files was covered as it was cut out of them; edits stay as they have to be made.
    pub fn app(&self, app: &mut AppReport) {
        self.put(&mut app.name);
        for entry in &mut app.entries {
            self.put(&mut entry.what);
            self.put(&mut entry.who);
            entry.function.iter_mut().for_each(|name| self.put(name));
        }
        app.findings.iter_mut().for_each(|found| self.found(found));
        for allowed in &mut app.suppressed {
            self.found(&mut allowed.finding);
            self.put(&mut allowed.reason);
        }
        app.unknowns.iter_mut().for_each(|note| self.note(note));
        app.needs.iter_mut().for_each(|need| self.need(need));
        self.assessment(&mut app.assessment);
        app.policies.values_mut().for_each(|policy| self.policy(policy));
    }

    fn policy(&self, policy: &mut Policy) {
        let texts = |texts: &mut BTreeSet<String>| {
            *texts = texts.iter().map(|text| self.text(text)).collect();
        };
        texts(&mut policy.gives);
        let bounds = policy.bounds.iter_mut().filter_map(|bounds| bounds.statements.as_mut()).flatten();
        for clause in policy.statements.iter_mut().chain(bounds) {
            for members in [&mut clause.actions, &mut clause.resources, &mut clause.principals] {
                texts(&mut members.of);
            }
        }
    }

    fn put(&self, text: &mut String) {
        *text = self.text(text);
    }

    fn name(&self, name: &mut Name) {
        *name = Name::from(self.text(name.as_str()).as_str());
    }

    fn found(&self, found: &mut Found) {
        self.put(&mut found.message);
        found.subjects.iter_mut().for_each(|subject| self.put(subject));
        found.related.iter_mut().for_each(|(_, shows)| self.put(shows));
        found.change.iter_mut().for_each(|change| self.put(&mut change.advice));
    }

    fn need(&self, need: &mut FunctionNeed) {
        self.put(&mut need.function);
        need.role.iter_mut().for_each(|role| self.put(role));
        need.uses.iter_mut().filter_map(|used| used.on.as_mut()).for_each(|on| self.put(on));
        for lacking in &mut need.missing {
            self.put(&mut lacking.message);
            lacking.on.iter_mut().chain(&mut lacking.because).for_each(|text| self.put(text));
        }
        for idle in &mut need.excess {
            self.put(&mut idle.action);
            let texts = idle.resource.iter_mut().chain(&mut idle.template).chain(&mut idle.because);
            texts.chain(&mut idle.instead).for_each(|text| self.put(text));
        }
        need.policy.iter_mut().for_each(|policy| self.put(&mut policy.text));
        need.gaps.iter_mut().for_each(|gap| self.note(gap));
    }

    fn assessment(&self, assessment: &mut Assessment) {
        assessment.score.reasons.iter_mut().for_each(|reason| self.put(&mut reason.text));
        assessment.best_change.iter_mut().for_each(|change| self.put(&mut change.text));
        for path in &mut assessment.paths {
            match &mut path.reached {
                Reached::Account => {}
                Reached::Service(text) | Reached::Leak(text) => self.put(text),
                Reached::Escalation(name)
                | Reached::Store(name)
                | Reached::Secret(name)
                | Reached::Function(name)
                | Reached::Unknown(name) => self.name(name),
            }
            for step in &mut path.steps {
                self.put(&mut step.text);
                step.name.iter_mut().for_each(|name| self.name(name));
            }
            let lists = [&mut path.needs, &mut path.unknown, &mut path.other_entries];
            lists.into_iter().flatten().for_each(|text| self.put(text));
        }
    }
}

/// The part of a line that is shown.
fn window(tree: &SourceTree, line: Place, focus: u32) -> Place {
    // A character has at most four bytes.
    const BYTES: usize = 4;
    let bytes = |characters: usize| u32::try_from(characters * BYTES).unwrap_or(u32::MAX);
    let before = tree.excerpt(tree.around(line, focus, bytes(FAR), 0));
    let near = focus.saturating_sub(line.start) <= bytes(FAR) && before.chars().count() <= FAR;
    let shown = before.char_indices().rev().nth(BEFORE - 1).map_or(before.len(), |(at, _)| before.len() - at);
    let start = if near { line.start } else { focus.saturating_sub(u32::try_from(shown).unwrap_or(0)) };
    let rest = tree.around(line, start, 0, bytes(SHOWN_CHARACTERS));
    let text = tree.excerpt(rest);
    let end = text.char_indices().nth(SHOWN_CHARACTERS).map_or(text.len(), |(at, _)| at);
    Place { start: rest.start, end: rest.start + u32::try_from(end).unwrap_or(0), ..line }
}

/// A window and what stands around it, so that a name before it and the end of a key behind it are seen.
fn widened(tree: &SourceTree, line: Place, window: Place) -> Place {
    const AROUND: u32 = 512;
    const LONGEST_KEY: usize = 4_200;
    let bytes = tree.file(line.file).map_or(&[][..], |file| &file.bytes);
    let of_key = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.+/".contains(byte);
    let part = |from: u32, to: u32| bytes.get(from as usize..to as usize).unwrap_or_default();
    let length = |count: usize| u32::try_from(count).unwrap_or(0);
    let start = window.start.saturating_sub(AROUND).max(line.start);
    let end = window.end.saturating_add(AROUND).min(line.end);
    let before = part(line.start, start).iter().rev().take(LONGEST_KEY).take_while(of_key).count();
    let behind = part(end, line.end).iter().take(LONGEST_KEY).take_while(of_key).count();
    let (before, behind) = (window.start - start + length(before), end - window.start + length(behind));
    tree.around(line, window.start, before, behind)
}

#[cfg(test)]
mod tests;
