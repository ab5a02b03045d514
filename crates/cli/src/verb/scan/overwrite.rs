//! Writing reports and baselines, and what they are never written over: the app, what a link leads to, one another.
//!
//! Invariants: in what is scanned only a former report or baseline is replaced; nothing that lies in what is scanned chooses a place outside of
//! it; a file is replaced whole or not at all. Not here: changes of the app that are asked for (`fix`).

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf, absolute};

use serde_json::Value;

use super::Arguments;
use crate::failure::{Failure, Kind};

/// Larger files are no reports.
const MAX_REPORT_BYTES: u64 = 256 << 20;

/// Refuses, before anything is written, what must not be written over.
pub(super) fn refuse(arguments: &Arguments, scanned: &Path) -> Result<(), Failure> {
    let baselines = [&arguments.baseline, &arguments.write_baseline];
    if let Some(file) =
        arguments.output.as_ref().filter(|file| baselines.into_iter().flatten().any(|it| same(it, file)))
    {
        let message = format!("`{}` is to be the report and the baseline at once", file.display());
        return Err(Failure::new(Kind::Usage, message).help("--output another.file"));
    }
    let written = [("--output", &arguments.output), ("--write-baseline", &arguments.write_baseline)];
    for (option, file) in written {
        let Some(file) = file else { continue };
        refuse_link(file)?;
        refuse_way_out(scanned, file)?;
        if is_inside(scanned, file) && !is_former(file) {
            let message = format!(
                "`{}` is a file of what is scanned, and no report of an earlier scan: {option} would write over it",
                file.display()
            );
            return Err(Failure::new(Kind::Usage, message).help(format!("{option} another.file")));
        }
    }
    Ok(())
}

/// Puts a text in the place of a file. What is no file, such as a pipe, is written into.
pub(super) fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let replace = || -> std::io::Result<()> {
        let before = std::fs::metadata(file).ok();
        if before.as_ref().is_some_and(|before| !before.is_file()) {
            return std::fs::write(file, text);
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mode = before.map_or_else(|| PermissionsExt::from_mode(0o666), |before| before.permissions());
        let mut fresh = tempfile::Builder::new()
            .prefix(".casemate-")
            .permissions(mode)
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        fresh.write_all(text.as_bytes())?;
        fresh.persist(file)?;
        Ok(())
    };
    replace().map_err(|error| Failure::failed(format!("`{}` cannot be written: {error}", file.display())))
}

/// A link in what is scanned may lead anywhere: whoever put it there does not choose what is written over.
fn refuse_link(file: &Path) -> Result<(), Failure> {
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

/// The same for a folder on the way: what is named as lying in what is scanned does lie there.
fn refuse_way_out(scanned: &Path, file: &Path) -> Result<(), Failure> {
    let inside = |folder: &Path| {
        plain(folder).zip(plain(root(scanned))).is_some_and(|(it, root)| it.starts_with(root))
    };
    let parent = parent(file);
    let leads = parent.canonicalize().ok().zip(root(scanned).canonicalize().ok());
    match leads {
        Some((leads, root)) if inside(parent) && !leads.starts_with(&root) => {
            let message =
                format!("`{}` leads to `{}`, out of what is scanned", parent.display(), leads.display());
            Err(Failure::failed(message).help("name the folder itself"))
        }
        _ => Ok(()),
    }
}

/// Whether a file is there and lies in what is scanned.
fn is_inside(scanned: &Path, file: &Path) -> bool {
    let whole = file.canonicalize().ok().filter(|whole| whole.is_file());
    whole.zip(root(scanned).canonicalize().ok()).is_some_and(|(whole, root)| whole.starts_with(root))
}

/// Whether a file is one of those that a scan writes, or empty.
fn is_former(file: &Path) -> bool {
    let mut text = String::new();
    let read =
        std::fs::File::open(file).and_then(|file| file.take(MAX_REPORT_BYTES).read_to_string(&mut text));
    let first = text.trim_start().lines().next().unwrap_or_default();
    let of_framework = |name: &str| first.contains(&format!("  {name} · "));
    read.is_ok()
        && (first.is_empty()
            || first == "# Casemate scan"
            || first.starts_with("No serverless app was found in ")
            || ["AWS SAM", "CloudFormation", "Serverless Framework", "Terraform"]
                .into_iter()
                .any(of_framework)
            || (first == "<!doctype html>" && text.contains("<title>Casemate scan</title>"))
            || serde_json::from_str(&text).is_ok_and(|document| is_document(&document)))
}

/// Whether a document is one of those that a scan writes.
fn is_document(document: &Value) -> bool {
    let has = |keys: &[&str]| {
        document.get("version").is_some() && keys.iter().all(|key| document.get(key).is_some())
    };
    let by_us = |name: Option<&Value>| name.and_then(Value::as_str) == Some("casemate");
    has(&["apps", "summary"])
        || has(&["findings"])
        || has(&["needs"])
        || by_us(document.pointer("/runs/0/tool/driver/name"))
        || by_us(document.pointer("/metadata/tools/components/0/name"))
}

/// The folder that is scanned, or that of the file.
fn root(scanned: &Path) -> &Path {
    if scanned.is_file() { parent(scanned) } else { scanned }
}

fn parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path as it is written, from the root on and without `.` and `..`.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}
