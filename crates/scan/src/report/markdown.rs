//! The report as Markdown, for a pull request or a page of a wiki.
//!
//! Invariant: what comes from the scanned files is escaped or in code, so that a file cannot write into the page.

use std::fmt::Write as _;

use super::{AppReport, EntryKind, Found, Report, Spot};
use crate::finding::Severity;

/// The whole report.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut page = String::from("# Casemate scan\n");
    if report.apps.is_empty() {
        page.push_str("\nNo serverless application was found.\n");
    }
    for app in &report.apps {
        write_app(&mut page, app);
    }
    if !report.unread.is_empty() {
        page.push_str("\n## Not read\n\n");
        for note in &report.unread {
            line(&mut page, format_args!("- {}: {}", spot(&note.at), escape(&note.text)));
        }
    }
    page
}

/// Appends a line. Writing into a string cannot fail.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
    page.push('\n');
}

fn write_app(page: &mut String, app: &AppReport) {
    line(page, format_args!("\n## {}\n", escape(&app.name)));
    line(page, format_args!("Described in {}.", code(&app.path)));
    let open = app.entries.iter().filter(|entry| entry.open).count();
    let ways = app.entries.iter().filter(|entry| entry.kind != EntryKind::Trigger).count();
    line(page, format_args!("{ways} ways in from outside, {open} of them open to anyone.\n"));
    if app.findings.is_empty() {
        page.push_str("Nothing was found.\n");
    } else {
        page.push_str("| severity | finding | where | touches |\n|---|---|---|---|\n");
    }
    for found in &app.findings {
        let touched: Vec<String> = found.subjects.iter().take(5).map(|name| code(name)).collect();
        let more = found.subjects.len().saturating_sub(5);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let (severity, title) = (word(found.severity), found.rule.title);
        let touched = touched.join(", ");
        line(page, format_args!("| {severity} | {title} | {} | {touched}{more} |", spot(&found.at)));
    }
    for found in &app.findings {
        write_finding(page, found);
    }
    if !app.suppressed.is_empty() {
        page.push_str("\n### Allowed by comments\n\n");
    }
    for allowed in &app.suppressed {
        let (rule, at) = (allowed.finding.rule.id, spot(&allowed.at));
        let (reason, until) = (escape(&allowed.reason), escape(&allowed.until));
        line(page, format_args!("- {} at {at} until {until}: {reason}", code(rule)));
    }
    if !app.unknowns.is_empty() {
        page.push_str(
            "\n### Unknown\n\nWhat cannot be told from the files counts neither as right nor as wrong.\n\n",
        );
    }
    for note in &app.unknowns {
        let subject = note.subject.as_ref().map_or_else(String::new, |name| format!("{} ", code(name)));
        line(page, format_args!("- {subject}{}: {}", spot(&note.at), escape(&note.text)));
    }
}

fn write_finding(page: &mut String, found: &Found) {
    let known = if found.known { ", known" } else { "" };
    line(page, format_args!("\n### {}: {}\n", word(found.severity), found.rule.title));
    line(page, format_args!("{} · {}{known}\n", code(&found.id), spot(&found.at)));
    line(page, format_args!("{}\n", escape(&found.message)));
    if !found.code.is_empty() {
        let longest = found.code.iter().map(|line| backticks(&line.text)).max().unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        line(page, format_args!("{fence}text"));
        for shown in &found.code {
            line(page, format_args!("{:>5}  {}", shown.number, shown.text));
        }
        line(page, format_args!("{fence}\n"));
    }
    for (at, what) in &found.related {
        line(page, format_args!("- {}: {}", spot(at), escape(what)));
    }
    if let Some(change) = &found.change {
        line(page, format_args!("\n**Change:** {}", escape(&change.advice)));
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Hygiene => "hygiene",
    }
}

fn spot(spot: &Spot) -> String {
    code(&format!("{}:{}", spot.path, spot.line))
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// Text in a code span that it cannot leave (CommonMark §6.1); line ends and table bars have no meaning in it.
fn code(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().replace('|', "\\|");
    let fence = "`".repeat(backticks(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text without any meaning to Markdown, but for code spans of our own messages, which stay.
fn escape(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    for (number, part) in text.split('`').enumerate() {
        // Messages put what comes from files between backticks: every second part is such a span.
        if number % 2 == 1 && text.matches('`').count().is_multiple_of(2) {
            page.push_str(&code(part));
            continue;
        }
        for character in part.chars() {
            match character {
                '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '`' => {
                    page.push('\\');
                    page.push(character);
                }
                character if character.is_control() => page.push(' '),
                character => page.push(character),
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_files_stays_text() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text), expect);
        check("plain", "plain");
        check("a *b* [c](d) <e>", "a \\*b\\* \\[c\\](d) \\<e\\>");
        check("the function `a_b` runs", "the function `a_b` runs");
        check("an odd ` one*", "an odd  one\\*");
        check("two\nlines", "two lines");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("a|b\n"), "`a\\|b `");
    }
}
