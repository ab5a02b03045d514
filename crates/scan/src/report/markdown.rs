//! The report as Markdown, for a pull request or a page of a wiki.
//!
//! Invariant: what comes from the scanned files is escaped or in code, so that a file cannot write into the page.

use std::fmt::Write as _;

use super::need_text::{goes, sure};
use super::text::word;
use super::visible::{visible, visible_line};
use super::{AppReport, Entry, Found, Report, Spot};
use crate::finding::Confidence;
use crate::graph::Framework;

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
    for remark in &report.remarks {
        line(&mut page, format_args!("\n{}", escape(remark)));
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
    line(page, format_args!("Described in {}; {}.\n", code(&app.path), Entry::count(&app.entries)));
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
    write_needs(page, app);
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

/// What functions lack, and policies that no finding shows yet.
fn write_needs(page: &mut String, app: &AppReport) {
    let mut head = "\n### Permissions\n";
    let mut title = |page: &mut String| page.push_str(std::mem::take(&mut head));
    let missing =
        || app.needs.iter().flat_map(|need| need.missing.iter().map(move |lacking| (need, lacking)));
    if missing().next().is_some() {
        title(page);
        page.push_str("\nThese calls will be refused.\n\n| function | action | on | sure | where |\n|---|---|---|---|---|\n");
    }
    for (need, lacking) in missing() {
        let (function, action) = (code(&need.function), code(&lacking.action));
        let on = lacking.on.as_deref().map(code).unwrap_or_default();
        let sure = match lacking.confidence {
            Confidence::Certain => "certain".to_owned(),
            Confidence::Likely => escape(&sure(lacking.confidence, lacking.because.as_deref())),
        };
        line(page, format_args!("| {function} | {action} | {on} | {sure} | {} |", spot(&lacking.at)));
    }
    let told = |text: &str| {
        let changes = app.findings.iter().filter_map(|found| found.change.as_ref());
        changes.filter_map(|change| change.parts().1).any(|code| code == text.trim_end())
    };
    for need in app.needs.iter().filter(|need| !need.excess.is_empty()) {
        let Some(policy) = need.policy.as_ref().filter(|policy| !policy.empty && !told(&policy.text)) else {
            continue;
        };
        title(page);
        let into = escape(goes(policy.framework, policy.role));
        line(page, format_args!("\nThe smallest policy of {}, as {into}:\n", code(&need.function)));
        let language = if policy.framework == Framework::Terraform { "hcl" } else { "yaml" };
        fenced(page, language, policy.text.trim_end());
    }
}

/// Text that it cannot leave, between fences that are longer than any run of backticks in it.
fn fenced(page: &mut String, language: &str, text: &str) {
    let text = visible(text);
    let fence = "`".repeat((backticks(&text) + 1).max(3));
    line(page, format_args!("{fence}{language}\n{text}\n{fence}\n"));
}

fn write_finding(page: &mut String, found: &Found) {
    let known = if found.known { ", known" } else { "" };
    line(page, format_args!("\n### {}: {}\n", word(found.severity), found.rule.title));
    line(page, format_args!("{} · {}{known}\n", code(&found.id), spot(&found.at)));
    line(page, format_args!("{}\n", escape(&found.message)));
    if !found.code.is_empty() {
        let shown = found.code.iter().map(|line| format!("{:>5}  {}", line.number, visible_line(&line.text)));
        fenced(page, "text", &shown.collect::<Vec<_>>().join("\n"));
    }
    for (at, what) in &found.related {
        line(page, format_args!("- {}: {}", spot(at), escape(what)));
    }
    if let Some(change) = &found.change {
        let (advice, written) = change.parts();
        line(page, format_args!("\n**Change:** {}", escape(advice)));
        if let Some(written) = written {
            page.push('\n');
            fenced(page, "text", written);
        }
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
    let text = visible_line(text).replace('|', "\\|");
    let fence = "`".repeat(backticks(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span that stands by itself: backticks that meet are one longer fence, and what follows would be no code.
fn push_code(page: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if page.ends_with('`') {
        page.push(' ');
    }
    page.push_str(&code(text));
}

/// Text without any meaning to Markdown, but for code spans of our own messages, which stay.
fn escape(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    // Messages put what comes from files between backticks: every second part is such a span.
    let paired = text.matches('`').count().is_multiple_of(2);
    for (number, part) in text.split('`').enumerate() {
        match paired && number % 2 == 1 {
            true => push_code(&mut page, part),
            false => part.split_inclusive(char::is_whitespace).for_each(|word| escape_word(&mut page, word)),
        }
    }
    page
}

/// WHY: hosting services make links of addresses, names of people and numbers of issues after Markdown was read, whatever is escaped; only
/// in code they leave them alone.
fn escape_word(page: &mut String, word: &str) {
    let bare = word.trim_end();
    let numbered = |at: usize| bare.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    let links = bare.contains('@')
        || bare.contains("://")
        || bare.to_ascii_lowercase().contains("www.")
        || bare.match_indices(['#', '!']).any(|(at, _)| numbered(at));
    if links {
        push_code(page, bare);
        page.push_str(if bare.len() < word.len() { " " } else { "" });
        return;
    }
    for character in visible(word).chars() {
        match character {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '`' | '&' | '~' => {
                page.push('\\');
                page.push(character);
            }
            character if character.is_control() => page.push(' '),
            character => page.push(character),
        }
    }
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
        check("see http://evil/ now", "see `http://evil/` now");
        check("WWW.evil.io", "`WWW.evil.io`");
        check("ask @name, or a@b.c", "ask `@name,` or `a@b.c`");
        check("as in x/y#12 and #heading", "as in `x/y#12` and \\#heading");
        check("a\u{202e}b", "a\\\\u{202e}b");
        check("`a\u{202e}b`", "`a\\u{202e}b`");
        check("&copy; ~~x~~", "\\&copy; \\~\\~x\\~\\~");
        check("in `a``b`", "in `a` `b`");
        check("`` <img> ``x`` ", " \\<img\\> x ");
        check("ask a@b`x`", "ask `a@b` `x`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("a|b\n"), "`a\\|b `");
    }
}
