//! Reads advisory files from folders and archives.
//!
//! Invariants: no link is followed; an archive cannot make more of itself than an honest one does: entries, bytes of one and of all,
//! and how much smaller they were packed are bounded. Not here: what a file holds (`casemate_scan::advisories`).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use casemate_scan::advisories::{Importer, MAX_FILE_BYTES};
use indicatif::ProgressBar;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::failure::{Failure, Kind};

/// Entries of one archive. The largest public one has about 600,000.
const MAX_ENTRIES: usize = 2_000_000;

/// What all entries of one archive may unpack to.
const MAX_ARCHIVE_BYTES: u64 = 16 * 1024 * 1024 * 1024;

/// How many times larger than packed an entry may be, beyond the first megabyte. Advisories stay below 30.
const MAX_RATIO: u64 = 200;

/// Files after which the progress says something new.
const STEP: usize = 2_000;

/// Takes in what a path names: a folder with all that is below it, or an archive.
pub(super) fn take(path: &Path, importer: &mut Importer, progress: &ProgressBar) -> Result<(), Failure> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Kind::Missing, format!("`{}` is not there", path.display()))
        }
        _ => cannot(path, &error),
    })?;
    if metadata.is_dir() {
        return folder(path, importer, progress);
    }
    if is_archive(path) {
        return archive(path, importer, progress);
    }
    let what = format!("`{}` is neither a folder nor a ZIP archive", path.display());
    Err(Failure::new(Kind::Usage, what).help("casemate db import FOLDER|ZIP…"))
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

fn folder(root: &Path, importer: &mut Importer, progress: &ProgressBar) -> Result<(), Failure> {
    let mut open: Vec<PathBuf> = vec![root.to_owned()];
    let mut count = 0;
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))?;
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| cannot(&folder, &error))?;
            // The entry's own kind: a link is neither a folder nor a file.
            paths.push((entry.path(), entry.file_type().map_err(|error| cannot(&folder, &error))?));
        }
        paths.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, kind) in paths {
            if kind.is_dir() && path.file_name().is_none_or(|name| name != ".git") {
                open.push(path);
            } else if kind.is_file() && is_archive(&path) {
                archive(&path, importer, progress)?;
            } else if kind.is_file() {
                file(root, &path, importer)?;
                count += 1;
                say(progress, root, count);
            }
        }
    }
    Ok(())
}

fn file(root: &Path, path: &Path, importer: &mut Importer) -> Result<(), Failure> {
    let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    let opened = File::open(path).map_err(|error| cannot(path, &error))?;
    let mut bytes = Vec::new();
    opened.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| cannot(path, &error))?;
    importer.take(&name, &bytes);
    Ok(())
}

fn archive(path: &Path, importer: &mut Importer, progress: &ProgressBar) -> Result<(), Failure> {
    let refused = |why: String| Failure::failed(format!("`{}` was refused: {why}", path.display()));
    let opened = File::open(path).map_err(|error| cannot(path, &error))?;
    let mut archive = ZipArchive::new(BufReader::with_capacity(1 << 16, opened))
        .map_err(|error: ZipError| refused(format!("it is no readable ZIP archive: {error}")))?;
    if archive.len() > MAX_ENTRIES {
        return Err(refused(format!("it has more than {MAX_ENTRIES} entries")));
    }
    let mut unpacked = 0_u64;
    let mut bytes = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at);
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                importer.unreadable(&format!("entry {at}"), &error.to_string());
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_else(|_| format!("entry {at}"));
        let packed = entry.compressed_size();
        bytes.clear();
        // SECURITY: what comes out is counted, not what the entry says of itself.
        let read = entry.by_ref().take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes);
        unpacked = unpacked.saturating_add(bytes.len() as u64);
        if unpacked > MAX_ARCHIVE_BYTES {
            return Err(refused(format!("it unpacks to more than {} GB", MAX_ARCHIVE_BYTES >> 30)));
        }
        if bytes.len() as u64 > (1 << 20) + packed.saturating_mul(MAX_RATIO) {
            return Err(refused(format!("`{name}` unpacks to more than {MAX_RATIO} times its size")));
        }
        match read {
            Ok(_) => drop(importer.take(&name, &bytes)),
            Err(error) => importer.unreadable(&name, &error.to_string()),
        }
        say(progress, path, at + 1);
    }
    Ok(())
}

fn say(progress: &ProgressBar, path: &Path, count: usize) {
    if count.is_multiple_of(STEP) {
        progress.set_message(format!("Reading {}: {count} files", path.display()));
    }
}
