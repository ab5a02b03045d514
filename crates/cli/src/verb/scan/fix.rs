//! Making the safe changes of an assessment, or showing them as a diff.
//!
//! Invariants: a file is replaced whole or not at all, keeps its mode, and is left alone when it is not what was assessed any more. Not
//! here: which changes are safe, and what they are (`casemate_scan::fix`).

use std::io::Write;
use std::path::Path;

use anstyle::AnsiColor;
use casemate_scan::fix::{Mended, Rewrite};
use casemate_scan::report::Report;
use casemate_scan::secrets;
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use crate::failure::Failure;
use crate::output::{DIM, Output, WARN, paint, plain_lines};

/// Lines around a change.
const CONTEXT: usize = 3;

/// Shows the changes as a diff.
pub(super) fn show(report: &Report, mended: &Mended, output: &Output) -> Result<(), Failure> {
    say_refused(mended, output);
    let hidden = defaults(report);
    let files = mended.rewrites.iter().map(|one| json!({ "path": one.path, "diff": diff(one, &hidden) }));
    let document = json!({ "changes": files.collect::<Vec<_>>(), "mended": mended.gone });
    output.result(&document, |_| match mended.rewrites.as_slice() {
        [] => "There is nothing to change that is safe.".to_owned(),
        rewrites => rewrites.iter().map(|one| painted(one, &hidden)).collect::<Vec<_>>().join("\n"),
    });
    Ok(())
}

/// Makes the changes. `root` is what was assessed: a folder or a file.
pub(super) fn make(root: &Path, mended: &Mended, output: &Output) -> Result<(), Failure> {
    say_refused(mended, output);
    for rewrite in &mended.rewrites {
        let path = if root.is_file() { root.to_owned() } else { root.join(&rewrite.path) };
        replace(&path, rewrite).map_err(|error| {
            Failure::failed(format!("`{}` cannot be changed: {error}", path.display()))
                .help("casemate scan … --fix --dry-run    shows the changes, to be made by hand")
        })?;
        output.note(&plain_lines(&format!("changed `{}`", rewrite.path)));
    }
    let files = mended.rewrites.len();
    if files == 0 {
        output.note("There is nothing to change that is safe.");
    } else {
        let findings = mended.gone.len();
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        output.note(&format!(
            "{findings} finding{} mended in {files} file{}.",
            plural(findings),
            plural(files)
        ));
    }
    Ok(())
}

fn say_refused(mended: &Mended, output: &Output) {
    if let Some(why) = &mended.refused {
        output.note(&paint(WARN, plain_lines(&format!("nothing is changed: {why}"))));
    }
}

/// Puts a new file in the place of the one that was assessed.
fn replace(path: &Path, rewrite: &Rewrite) -> std::io::Result<()> {
    // A link is followed to the file it names, which is what was read.
    let path = path.canonicalize()?;
    if std::fs::read(&path)? != rewrite.before.as_bytes() {
        return Err(std::io::Error::other("it is not what was assessed any more"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(rewrite.after.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

/// A unified diff, as `patch` and `git apply` take it, except for lines around a change that hold a secret.
fn diff(rewrite: &Rewrite, hidden: &[String]) -> String {
    let lines = TextDiff::from_lines(&rewrite.before, &rewrite.after);
    let path = rewrite.path.as_str();
    let diff = lines
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string();
    diff.split_inclusive('\n').map(|line| covered(line, hidden)).collect()
}

/// A line without the secrets that are known and without what looks like one.
fn covered(line: &str, hidden: &[String]) -> String {
    let mut shown = secrets::redact(line);
    for value in hidden.iter().filter(|value| line.contains(value.as_str())) {
        shown = shown.replace(value.as_str(), &secrets::cut(value));
    }
    shown
}

/// Defaults of parameters that are secrets by their name or by what is said of them: a change often stands beside one.
fn defaults(report: &Report) -> Vec<String> {
    let parameters = report.apps.iter().flat_map(|app| &app.graph.parameters);
    let secret = parameters.filter(|parameter| parameter.secret || secrets::is_secret_name(&parameter.name));
    let values = secret.filter_map(|parameter| parameter.default.as_ref()?.as_literal().map(str::to_owned));
    values.filter(|value| value.len() >= 4).collect()
}

/// The same for a terminal: in colours, with nothing of others in it that acts there.
fn painted(rewrite: &Rewrite, hidden: &[String]) -> String {
    let lines = TextDiff::from_lines(&rewrite.before, &rewrite.after);
    let mut text = paint(DIM, plain_lines(&format!("--- a/{0}\n+++ b/{0}", rewrite.path)));
    for hunk in lines.unified_diff().context_radius(CONTEXT).iter_hunks() {
        text.push('\n');
        text.push_str(&paint(DIM, hunk.header()));
        for change in hunk.iter_changes() {
            let (mark, color) = match change.tag() {
                ChangeTag::Delete => ('-', Some(AnsiColor::Red)),
                ChangeTag::Insert => ('+', Some(AnsiColor::Green)),
                ChangeTag::Equal => (' ', None),
            };
            let text_of = covered(change.value().trim_end_matches(['\n', '\r']), hidden);
            let line = plain_lines(&format!("{mark}{text_of}"));
            text.push('\n');
            text.push_str(&color.map_or(line.clone(), |color| paint(color.on_default(), &line)));
        }
    }
    text
}
