//! Making the safe changes of an assessment, or showing them as a diff.
//!
//! Invariants: a file is replaced whole or not at all, keeps its mode, and is left alone when it is not what was assessed any more. Not
//! here: which changes are safe, and what they are (`casemate_scan::fix`).

use std::io::Write;
use std::path::Path;

use anstyle::AnsiColor;
use casemate_scan::fix::{Mended, Rewrite};
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use crate::failure::Failure;
use crate::output::{DIM, Output, WARN, paint, plain_lines};

/// Lines around a change.
const CONTEXT: usize = 3;

/// Shows the changes as a diff.
pub(super) fn show(mended: &Mended, output: &Output) -> Result<(), Failure> {
    say_refused(mended, output);
    let files = mended.rewrites.iter().map(|one| json!({ "path": one.path, "diff": diff(one) }));
    let document = json!({ "changes": files.collect::<Vec<_>>(), "mended": mended.gone });
    output.result(&document, |_| match mended.rewrites.as_slice() {
        [] => "There is nothing to change that is safe.".to_owned(),
        rewrites => rewrites.iter().map(painted).collect::<Vec<_>>().join("\n"),
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

/// A unified diff, as `patch` and `git apply` take it.
fn diff(rewrite: &Rewrite) -> String {
    let lines = TextDiff::from_lines(&rewrite.before, &rewrite.after);
    let path = rewrite.path.as_str();
    lines
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// The same for a terminal: in colours, with nothing of others in it that acts there.
fn painted(rewrite: &Rewrite) -> String {
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
            let line = plain_lines(&format!("{mark}{}", change.value().trim_end_matches(['\n', '\r'])));
            text.push('\n');
            text.push_str(&color.map_or(line.clone(), |color| paint(color.on_default(), &line)));
        }
    }
    text
}
