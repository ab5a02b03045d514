//! What a scan does not write over: files that it read an app from, its own baseline, and what a link leads to.
//!
//! Not here: changes that are asked for (`fix`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use casemate_scan::report::Report;

use super::Arguments;
use crate::failure::{Failure, Kind};

/// Refuses to write a report or a baseline over what the app is made of, or both into one file.
pub(super) fn refuse(arguments: &Arguments, scanned: &Path, report: &Report) -> Result<(), Failure> {
    let written = [("--output", &arguments.output), ("--write-baseline", &arguments.write_baseline)];
    let (output, baselines) = (&arguments.output, [&arguments.baseline, &arguments.write_baseline]);
    if let Some(file) =
        output.as_ref().filter(|file| baselines.into_iter().flatten().any(|it| same(it, file)))
    {
        let message = format!("`{}` is to be the report and the baseline at once", file.display());
        return Err(Failure::new(Kind::Usage, message).help("--output another.file"));
    }
    for (option, file) in written {
        let Some(file) = file else { continue };
        if let Some(own) = read_from(scanned, report).into_iter().find(|own| same(own, file)) {
            let message = format!("`{}` is a file of the app: {option} would write over it", own.display());
            return Err(Failure::new(Kind::Usage, message).help(format!("{option} another.file")));
        }
    }
    Ok(())
}

/// A link in what is scanned may lead anywhere: whoever put it there does not choose what is written over.
pub(super) fn refuse_link(file: &Path) -> Result<(), Failure> {
    let is_link = std::fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_symlink());
    if is_link && !file.starts_with("/dev") {
        let leads =
            std::fs::read_link(file).map_or_else(|_| "elsewhere".to_owned(), |to| to.display().to_string());
        let failure = Failure::failed(format!(
            "`{}` is a link to `{leads}`, and is not written through",
            file.display()
        ));
        return Err(failure.help(format!("rm {}, or name the file itself", file.display())));
    }
    Ok(())
}

/// The files that the report speaks of.
fn read_from(scanned: &Path, report: &Report) -> BTreeSet<PathBuf> {
    let folder = if scanned.is_file() { scanned.parent().unwrap_or(Path::new("")) } else { scanned };
    let apps = report.apps.iter().flat_map(|app| {
        let findings = app.findings.iter().chain(app.suppressed.iter().map(|allowed| &allowed.finding));
        let places = findings
            .flat_map(|found| std::iter::once(&found.at).chain(found.related.iter().map(|(spot, _)| spot)));
        let ways = app.entries.iter().map(|entry| &entry.at);
        let unknown = app.unknowns.iter().map(|note| &note.at);
        std::iter::once(&app.path).chain(places.chain(ways).chain(unknown).map(|spot| &spot.path))
    });
    let unread = report.unread.iter().map(|note| &note.at.path);
    apps.chain(unread).map(|path| folder.join(path)).collect()
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}
