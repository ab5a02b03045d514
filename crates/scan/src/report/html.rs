//! The report as one page of HTML: no script, nothing loaded from anywhere, so it can be mailed and kept.
//!
//! Owns: the page and its parts. Invariant: whatever comes from the scanned files is escaped where it is put in; the page's own policy
//! (CSP) allows no script and no request, so that a mistake there would still run nothing. Not here: the picture (`picture`).

mod needs;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::picture;
use super::text::word;
use super::visible::visible;
use super::{AppReport, EntryKind, Found, Note, Report, Spot};
use crate::finding::{Confidence, Severity};

/// More paths than these are counted, not told.
const SHOWN_PATHS: usize = 12;
const STYLE: &str = include_str!("html/style.css");

/// The whole report.
#[must_use]
pub fn html(report: &Report) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Casemate scan</title>\n<style>\n",
    );
    page.push_str(STYLE);
    page.push_str("</style>\n</head>\n<body>\n<main>\n<h1>Casemate scan</h1>\n");
    let apps = report.apps.len();
    put(
        &mut page,
        format_args!(
            "<p class=\"quiet\">{} in {} files, read offline.</p>\n",
            count(apps, "application"),
            report.files
        ),
    );
    if apps > 1 {
        write_contents(&mut page, report);
    }
    for (number, app) in report.apps.iter().enumerate() {
        write_app(&mut page, number, app);
    }
    if !report.unread.is_empty() {
        page.push_str("<h2>Not read</h2>\n");
        write_notes(&mut page, &report.unread);
    }
    for remark in &report.remarks {
        put(&mut page, format_args!("<p class=\"quiet\">{}</p>\n", words(remark)));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// Appends. Writing into a string cannot fail.
fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
}

/// Text for HTML, in elements and in quoted attributes alike.
pub(super) fn escape(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    // Controls, and the characters that turn the direction of what follows, could make a line read as another.
    for character in visible(text).chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            character => page.push(character),
        }
    }
    page
}

/// A message with its `code` parts set as such.
fn words(text: &str) -> String {
    let mut page = String::new();
    for (number, part) in text.split('`').enumerate() {
        let part = escape(part);
        if number % 2 == 1 {
            put(&mut page, format_args!("<code>{part}</code>"));
        } else {
            page.push_str(&part);
        }
    }
    page
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn spot(spot: &Spot) -> String {
    format!("<code>{}:{}</code>", escape(&spot.path), spot.line)
}

/// All apps, the riskiest first, each with a link to its part of the page.
fn write_contents(page: &mut String, report: &Report) {
    page.push_str("<nav>\n<table>\n<tr><th>Application</th><th>Described in</th><th>Risk of 100</th><th>Findings</th></tr>\n");
    let mut apps: Vec<(usize, &AppReport)> = report.apps.iter().enumerate().collect();
    apps.sort_by_key(|(number, app)| {
        (std::cmp::Reverse((app.assessment.score.points, app.findings.len())), *number)
    });
    for (number, app) in apps {
        let (name, path) = (escape(&app.name), spot_of_path(&app.path));
        let row = format_args!(
            "<tr><td><a href=\"#app-{number}\">{name}</a></td><td>{path}</td><td>{}</td><td><div class=\"tallies\">\n",
            app.assessment.score.points
        );
        put(page, row);
        write_tallies(page, app);
        page.push_str("</div></td></tr>\n");
    }
    page.push_str("</table>\n</nav>\n");
}

fn write_app(page: &mut String, number: usize, app: &AppReport) {
    put(page, format_args!("<section id=\"app-{number}\">\n<h2>{}</h2>\n", escape(&app.name)));
    write_head(page, app);
    let paths = app.assessment.paths.iter().filter(|path| path.risk > 0);
    let hot: BTreeSet<String> = paths
        .flat_map(|path| path.steps.iter().filter_map(|step| step.name.as_ref().map(ToString::to_string)))
        .collect();
    page.push_str("<h3>Who calls what, and what that reaches</h3>\n<figure>\n");
    page.push_str(&picture::draw(app, &hot));
    page.push_str("</figure>\n");
    write_paths(page, app);
    if !app.findings.is_empty() {
        page.push_str("<h3>Findings</h3>\n");
    }
    for found in &app.findings {
        write_finding(page, found);
    }
    write_entries(page, app);
    needs::write(page, app);
    if !app.suppressed.is_empty() {
        page.push_str("<h3>Allowed by comments</h3>\n<table>\n");
    }
    for allowed in &app.suppressed {
        let (rule, at) = (allowed.finding.rule.title, spot(&allowed.at));
        let (reason, until) = (escape(&allowed.reason), escape(&allowed.until));
        put(
            page,
            format_args!("<tr><td>{rule}</td><td>{at}</td><td>{reason}</td><td>until {until}</td></tr>\n"),
        );
    }
    if !app.suppressed.is_empty() {
        page.push_str("</table>\n");
    }
    if !app.unknowns.is_empty() {
        page.push_str(
            "<h3>Unknown</h3>\n<p class=\"quiet\">What cannot be told from the files counts neither as right nor as wrong.</p>\n",
        );
        write_notes(page, &app.unknowns);
    }
    page.push_str("</section>\n");
}

fn write_head(page: &mut String, app: &AppReport) {
    let score = &app.assessment.score;
    let grade = format!("{:?}", score.grade);
    put(
        page,
        format_args!(
            "<div class=\"head\"><div class=\"grade {}\" title=\"{} points of risk\">{grade}</div><div>\n\
             <p class=\"quiet\">described in {} · {} of 100 points of risk</p>\n<div class=\"tallies\">\n",
            grade.to_lowercase(),
            score.points,
            spot_of_path(&app.path),
            score.points,
        ),
    );
    write_tallies(page, app);
    if app.findings.is_empty() {
        page.push_str("<span class=\"tally low\">Nothing was found.</span>\n");
    }
    page.push_str("</div>\n</div></div>\n");
    if let Some(change) = &app.assessment.best_change {
        put(
            page,
            format_args!(
                "<p class=\"first\"><b>First of all:</b> {} <span class=\"quiet\">It takes {} of the {} points away.</span></p>\n",
                words(&change.text),
                change.saved,
                score.points
            ),
        );
    }
}

/// How many findings there are of each severity.
fn write_tallies(page: &mut String, app: &AppReport) {
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Hygiene] {
        let number = app.findings.iter().filter(|found| found.severity == severity).count();
        if number > 0 {
            let word = word(severity);
            put(page, format_args!("<span class=\"tally {word}\"><b>{number}</b>{word}</span>\n"));
        }
    }
}

/// The ways from outside to what would be lost, the worst first.
fn write_paths(page: &mut String, app: &AppReport) {
    let paths: Vec<_> = app.assessment.paths.iter().filter(|path| path.risk > 0).collect();
    if paths.is_empty() {
        return;
    }
    page.push_str("<h3>Attack paths</h3>\n");
    for path in paths.iter().take(SHOWN_PATHS) {
        put(page, format_args!("<ol class=\"path\" title=\"risk {} of 100\">\n", path.risk));
        for step in &path.steps {
            let doubt = if step.certain { "" } else { " <small>perhaps</small>" };
            put(page, format_args!("<li>{}{doubt}</li>\n", words(&step.text)));
        }
        page.push_str("</ol>\n");
        if !path.needs.is_empty() || !path.unknown.is_empty() {
            let needs = path.needs.iter().map(|need| format!("needs {need}"));
            let all: Vec<String> =
                needs.chain(path.unknown.iter().cloned()).map(|text| words(&text)).collect();
            put(page, format_args!("<p class=\"quiet\">{}</p>\n", all.join("; ")));
        }
    }
    let more = paths.len().saturating_sub(SHOWN_PATHS) + app.assessment.left_out;
    if more > 0 {
        put(page, format_args!("<p class=\"quiet\">{} more.</p>\n", count(more, "path")));
    }
}

fn spot_of_path(path: &str) -> String {
    format!("<code>{}</code>", escape(path))
}

fn write_finding(page: &mut String, found: &Found) {
    let severity = word(found.severity);
    let open = if found.severity >= Severity::High { " open" } else { "" };
    let sure = if found.confidence == Confidence::Certain { "" } else { " <small>likely</small>" };
    let known = if found.known { " <small>known</small>" } else { "" };
    put(
        page,
        format_args!(
            "<details class=\"finding {severity}\" id=\"{id}\"{open}>\n<summary><span class=\"badge {severity}\">{severity}</span>\
             <span>{title}{sure}{known}</span><span class=\"where\">{at}</span></summary>\n<p>{message}</p>\n",
            id = escape(&found.id),
            title = found.rule.title,
            at = spot(&found.at),
            message = words(&found.message),
        ),
    );
    if !found.code.is_empty() {
        page.push_str("<pre>");
        for line in &found.code {
            put(page, format_args!("<span class=\"number\">{}</span>{}\n", line.number, escape(&line.text)));
        }
        page.push_str("</pre>\n");
    }
    if !found.related.is_empty() {
        page.push_str("<ul>\n");
        for (at, what) in &found.related {
            put(page, format_args!("<li>{} {}</li>\n", spot(at), words(what)));
        }
        page.push_str("</ul>\n");
    }
    if let Some(change) = &found.change {
        let (advice, code) = change.parts();
        put(page, format_args!("<p class=\"change\"><b>Change</b> {}</p>\n", words(advice)));
        if let Some(code) = code {
            put(page, format_args!("<pre>{}</pre>\n", escape(code)));
        }
    }
    put(page, format_args!("<p><small>{}</small></p>\n</details>\n", escape(&found.id)));
}

fn write_entries(page: &mut String, app: &AppReport) {
    if app.entries.is_empty() {
        return;
    }
    page.push_str(
        "<h3>Ways in</h3>\n<table>\n<tr><th>what</th><th>who may</th><th>starts</th><th>where</th></tr>\n",
    );
    for entry in &app.entries {
        let class = if entry.open { "high" } else { "quiet" };
        let who = match entry.kind {
            EntryKind::Trigger => "the provider",
            EntryKind::Route | EntryKind::FunctionUrl => entry.who.as_str(),
        };
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"{class}\">{}</td><td>{}</td><td>{}</td></tr>\n",
                escape(&entry.what),
                escape(who),
                escape(entry.function.as_deref().unwrap_or("unknown")),
                spot(&entry.at)
            ),
        );
    }
    page.push_str("</table>\n");
}

fn write_notes(page: &mut String, notes: &[Note]) {
    page.push_str("<table>\n");
    for note in notes {
        let subject = note.subject.as_deref().map_or_else(String::new, spot_of_path);
        put(
            page,
            format_args!(
                "<tr><td>{subject}</td><td>{}</td><td>{}</td></tr>\n",
                words(&note.text),
                spot(&note.at)
            ),
        );
    }
    page.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Dependencies, Options, inspect};
    use crate::source::SourceTree;

    #[test]
    fn what_comes_from_files_cannot_write_the_page() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text), expect);
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a\" onload=\"b", "a&quot; onload=&quot;b");
        check("abc\u{202e}fed", "abc\\u{202e}fed");
        check("\u{0}", "\\u{0}");
        assert_eq!(words("the function `<b>` runs"), "the function <code>&lt;b&gt;</code> runs");
    }

    #[test]
    fn several_apps_are_listed_the_riskiest_first() {
        let mut tree = SourceTree::new();
        let quiet = "Resources:\n  Q: { Type: AWS::SQS::Queue }\n";
        let open = "Resources:
  Q: { Type: AWS::SQS::Queue }
  P: { Type: AWS::SQS::QueuePolicy, Properties: { Queues: [!Ref Q], PolicyDocument: { Statement: [{ Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: '*' }] } } }
";
        tree.add("a/template.yaml", quiet.as_bytes().to_vec());
        let page = |tree: &SourceTree| html(&inspect(tree, &Dependencies::default(), &Options::default()));
        assert!(!page(&tree).contains("<nav>"), "one needs no list");
        tree.add("b/template.yaml", open.as_bytes().to_vec());
        let page = page(&tree);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("href=\"#app-1\">b</a>") < at("href=\"#app-0\">a</a>"));
        assert!(at("id=\"app-0\"") < at("id=\"app-1\""), "the parts stay in the order of the files");
    }
}
