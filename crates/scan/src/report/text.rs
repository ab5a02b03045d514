//! The report as a terminal shows it: each finding with its reason, its code and its change, then the sum and what to do first.
//!
//! Invariants: colours are the caller's ([`Paint`]); no line is longer than the width, except for code; nothing depends on the terminal. Not
//! here: making text of others safe for a terminal (`Plain` does for files, `cli` for itself).

use std::fmt::Write;

use super::need_text::on;
use super::visible::visible;
use super::{AppReport, Entry, Found, Report};
use crate::finding::{Confidence, Severity};
use crate::graph::Framework;
use crate::paths::Assessment;

/// What is said where there is no app.
const LOOKED_FOR: &str = "An app is a template of SAM or CloudFormation, a `serverless.yml`, or Terraform files: name the folder that it stands in, with its code.";

/// More functions than these are counted, not listed.
const SHOWN_FUNCTIONS: usize = 10;

/// What a piece of text is, for whoever paints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An app's name.
    Heading,
    /// How bad something is.
    Severity(Severity),
    /// A title.
    Title,
    /// A place in a file, a line's number, other details.
    Detail,
    /// Lines of a file.
    Code,
    /// What to do.
    Change,
    /// All is well.
    Good,
    /// Anything else.
    Text,
}

/// Paints text, or leaves it.
pub trait Paint {
    /// The text as it is to be shown.
    fn paint(&self, role: Role, text: &str) -> String;
}

/// For files: no colours, and text of others without what would drive a terminal that shows the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Paint for Plain {
    fn paint(&self, _: Role, text: &str) -> String {
        visible(text).into_owned()
    }
}

/// The whole report in lines of at most `width` characters.
#[must_use]
pub fn text(report: &Report, width: usize, paint: &dyn Paint) -> String {
    let mut page = Page { text: String::new(), width: width.clamp(40, 200), paint };
    for app in &report.apps {
        page.app(app);
    }
    page.unread(report);
    report.remarks.iter().for_each(|remark| page.words(0, None, remark));
    page.sum(report);
    page.text
}

/// How a severity is written.
#[must_use]
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Hygiene => "hygiene",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// How a format is called.
#[must_use]
pub fn framework(framework: Framework) -> &'static str {
    match framework {
        Framework::Sam => "AWS SAM",
        Framework::CloudFormation => "CloudFormation",
        Framework::Serverless => "Serverless Framework",
        Framework::Terraform => "Terraform",
    }
}

struct Page<'a> {
    text: String,
    width: usize,
    paint: &'a dyn Paint,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// Lines of words, indented.
    fn words(&mut self, indent: usize, role: Option<Role>, text: &str) {
        for line in wrap(text, self.width.saturating_sub(indent)) {
            // Also what has no style of its own: names in it are others' text.
            let shown = self.paint.paint(role.unwrap_or(Role::Text), &line);
            self.line(&format!("{:indent$}{shown}", ""));
        }
    }

    fn app(&mut self, app: &AppReport) {
        let ways = Entry::count(&app.entries);
        let own = app.graph.functions.iter().filter(|function| !app.graph.is_borrowed(function.place));
        let functions = own.count();
        let name = self.paint.paint(Role::Heading, &app.name);
        let what = format!(
            "{} · {} · {functions} {} · {ways}",
            framework(app.framework),
            app.path,
            if functions == 1 { "function" } else { "functions" }
        );
        self.line(&format!("{name}  {}", self.paint.paint(Role::Detail, &what)));
        self.line("");
        // What is known already would bury what is new.
        let known = app.findings.iter().filter(|found| found.known).count();
        if app.findings.is_empty() || known == app.findings.len() {
            let good = if known == 0 { "Nothing was found." } else { "Nothing new was found." };
            let good = self.paint.paint(Role::Good, good);
            let known = if known == 0 { String::new() } else { format!("{known} known · ") };
            let risk = self
                .paint
                .paint(Role::Detail, &format!("{known}risk {} of 100", app.assessment.score.points));
            self.line(&format!("  {good}  {risk}"));
            self.line("");
        } else {
            app.findings.iter().filter(|found| !found.known).for_each(|found| self.finding(found));
            if known > 0 {
                self.words(
                    2,
                    Some(Role::Detail),
                    &format!("{known} known by the baseline (`--format json` has them)"),
                );
                self.line("");
            }
            self.risk(app);
        }
        self.permissions(app);
        self.asides(app);
    }

    fn finding(&mut self, found: &Found) {
        let severity = self.paint.paint(Role::Severity(found.severity), word(found.severity));
        let title = self.paint.paint(Role::Title, found.rule.title);
        let sure = if found.confidence == Confidence::Likely { " (likely)" } else { "" };
        let id = self.paint.paint(Role::Detail, &format!("{}{sure}", found.id));
        self.line(&format!("  {severity}  {title}  {id}"));
        self.words(4, None, &found.message);
        let at = format!("{}:{}:{}", found.at.path, found.at.line, found.at.column);
        self.words(4, Some(Role::Detail), &at);
        for line in &found.code {
            let number = self.paint.paint(Role::Detail, &format!("{:>6} │", line.number));
            let code = self.paint.paint(Role::Code, line.text.trim_end());
            self.line(&format!("{number} {code}"));
        }
        if found.related.len() > 1 {
            for (spot, shows) in found.related.iter().take(6) {
                self.words(4, Some(Role::Detail), &format!("{}:{} {shows}", spot.path, spot.line));
            }
            if found.related.len() > 6 {
                let more = format!("and {} more", found.related.len() - 6);
                self.words(4, Some(Role::Detail), &more);
            }
        }
        if let Some(change) = &found.change {
            let fix = if change.safe { " (`--fix` does it)" } else { "" };
            let (advice, code) = change.parts();
            self.words(4, Some(Role::Change), &format!("→ {advice}{fix}"));
            for line in code.into_iter().flat_map(str::lines) {
                let code = self.paint.paint(Role::Code, line);
                self.line(&format!("      {code}"));
            }
        }
        self.line("");
    }

    /// The worst way through the app, and the one change that takes most away.
    fn risk(&mut self, app: &AppReport) {
        let Assessment { score, paths, best_change, left_out, not_looked_at: _ } = &app.assessment;
        if let Some(path) = paths.first().filter(|_| score.points > 0) {
            let more = paths.len() - 1 + left_out;
            let more = match more {
                0 => String::new(),
                1 => ", and one more".to_owned(),
                more => format!(", and {more} more ways"),
            };
            let head = format!("Risk {} of 100. The worst way in{more}:", score.points);
            self.words(2, Some(Role::Title), &head);
            for step in &path.steps {
                self.words(4, None, &format!("→ {}", step.text));
            }
        }
        if let Some(best) = best_change {
            let text = format!(
                "The change that takes most away: {} ({} → {})",
                best.text, score.points, best.remaining
            );
            self.words(2, Some(Role::Change), &text);
        }
        if !paths.is_empty() || best_change.is_some() {
            self.line("");
        }
    }

    /// What will be refused, a line for each function.
    fn permissions(&mut self, app: &AppReport) {
        let lacking: Vec<_> = app.needs.iter().filter(|need| !need.missing.is_empty()).collect();
        if lacking.is_empty() {
            return;
        }
        self.words(2, Some(Role::Title), "Permissions that code uses and roles do not give:");
        for need in lacking.iter().take(SHOWN_FUNCTIONS) {
            let one = |missing: &super::Lacking| {
                let likely = if missing.confidence == Confidence::Likely { ", likely" } else { "" };
                let what = on(&missing.action, missing.on.as_deref());
                format!("{what} ({}:{}{likely})", missing.at.path, missing.at.line)
            };
            let all: Vec<String> = need.missing.iter().map(one).collect();
            self.words(4, Some(Role::Detail), &format!("{}: {}", need.function, all.join(", ")));
        }
        let more = match lacking.len().saturating_sub(SHOWN_FUNCTIONS) {
            0 => "`--need FUNCTION` shows all of one function, and its smallest policy".to_owned(),
            more => format!("and {more} more functions (`--format json` lists all)"),
        };
        self.words(4, Some(Role::Detail), &more);
        self.line("");
    }

    fn asides(&mut self, app: &AppReport) {
        if !app.unknowns.is_empty() {
            self.words(2, Some(Role::Title), "Cannot be told from the files:");
            for note in app.unknowns.iter().take(10) {
                let text = format!("{}:{} {}", note.at.path, note.at.line, note.text);
                self.words(4, Some(Role::Detail), &text);
            }
            if app.unknowns.len() > 10 {
                let more = format!("and {} more (`--format json` lists all)", app.unknowns.len() - 10);
                self.words(4, Some(Role::Detail), &more);
            }
            self.line("");
        }
        if !app.suppressed.is_empty() {
            self.words(2, Some(Role::Title), "Allowed by comments:");
            for allowed in &app.suppressed {
                let text = format!(
                    "{}:{} {} until {}: {}",
                    allowed.at.path, allowed.at.line, allowed.finding.rule.id, allowed.until, allowed.reason
                );
                self.words(4, Some(Role::Detail), &text);
            }
            self.line("");
        }
    }

    fn unread(&mut self, report: &Report) {
        if report.unread.is_empty() {
            return;
        }
        self.words(0, Some(Role::Title), "Not read:");
        for note in &report.unread {
            self.words(2, None, &format!("{}:{} {}", note.at.path, note.at.line, note.text));
        }
        self.line("");
    }

    fn sum(&mut self, report: &Report) {
        let counts = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Hygiene];
        let mut row = String::new();
        for severity in counts {
            let new = report.findings().filter(|(_, found)| !found.known);
            let count = new.filter(|(_, found)| found.severity == severity).count();
            if count > 0 {
                let text = format!("{count} {}", word(severity));
                let _ = write!(
                    row,
                    "{}{}",
                    if row.is_empty() { "" } else { "  " },
                    self.paint.paint(Role::Severity(severity), &text)
                );
            }
        }
        let apps = report.apps.len();
        let plural =
            |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let of = format!("in {}, {}", plural(apps, "app"), plural(report.files, "file"));
        match (apps, row.is_empty()) {
            (0, _) => {
                self.line(&format!("No serverless app was found in {}.", plural(report.files, "file")));
                self.words(0, None, LOOKED_FOR);
            }
            (_, true) => {
                let new = if report.findings().next().is_some() { "Nothing new" } else { "Nothing" };
                let good = self.paint.paint(Role::Good, &format!("{new} was found"));
                self.line(&format!("{good} {of}."));
            }
            _ => self.line(&format!("{row}  {}", self.paint.paint(Role::Detail, &of))),
        }
        if apps > 1 {
            self.table(report);
        }
    }

    /// A row for each app that has findings.
    fn table(&mut self, report: &Report) {
        let named = |app: &AppReport| app.path.chars().count();
        let longest = report.apps.iter().map(named).max().unwrap_or(0).min(self.width / 2);
        let new = |found: &&Found| !found.known;
        for app in report.apps.iter().filter(|app| app.findings.iter().any(|found| new(&found))) {
            let of = |severity| move |found: &&Found| found.severity == severity;
            let count = |severity| app.findings.iter().filter(new).filter(of(severity)).count();
            let counts = format!(
                "{:>3} critical {:>3} high {:>3} medium {:>3} low",
                count(Severity::Critical),
                count(Severity::High),
                count(Severity::Medium),
                count(Severity::Low)
            );
            let path = self.paint.paint(Role::Text, &format!("{:<longest$}", app.path));
            self.line(&format!("  {path}  {counts}"));
        }
    }
}

/// Breaks words into lines. A word that is longer than a line stands alone.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let size = word.chars().count();
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
            length = size;
        } else if length + 1 + size <= width {
            line.push(' ');
            line.push_str(word);
            length += 1 + size;
        } else {
            lines.push(word.to_owned());
            length = size;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
