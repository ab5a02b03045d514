//! The files of a folder, as far as an assessment wants them.
//!
//! Owns: which files are read, and saying which are not although they look like infrastructure.
//! Invariants: links are not followed; what `.gitignore` or the caller leaves out, and what tools made or fetched, is not read; sizes and
//! counts are bounded; whatever is left out and looks like infrastructure is said, so that no app goes missing in silence; no file takes
//! another one's place. Not here: what the files say, which folders are taken for those of tools (`made`).

mod made;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use casemate_scan::graph::Unread;
use casemate_scan::source::{Place, SourceTree};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder};

use crate::failure::{Failure, Kind};

/// Larger files describe no app.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// More than this is no folder of apps.
const MAX_FILES: usize = 100_000;
const MAX_BYTES: usize = 96 << 20;
/// A file with a zero byte this early is no text.
const LOOKED_AT_BYTES: u64 = 8_000;
/// Places that are looked at for what was left out.
const MAX_LOOKED_FOR: usize = 200_000;

/// What was read, and what was not.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The files.
    pub(super) tree: SourceTree,
    /// Files that look like infrastructure and were not read.
    pub(super) left_out: Vec<LeftOut>,
    /// Files and folders that describe an app, or may, and could not be read: nobody knows what stands there.
    pub(super) unread: Vec<Unread>,
    /// Whether one file was named instead of a folder.
    pub(super) alone: bool,
}

/// A file that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Its path, relative to the folder.
    pub(super) path: String,
    /// Why.
    pub(super) why: String,
}

/// Reads a folder's files but those that a glob of `exclude` names, or one file.
pub(super) fn take_in(path: &Path, exclude: &[String]) -> Result<Taken, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
    };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Kind::Missing, format!("`{}` is not there", path.display()))
        }
        _ => cannot(&error),
    })?;
    let mut taken = Taken::default();
    if !metadata.is_dir() {
        if !metadata.is_file() {
            return Err(cannot(&"it is neither a file nor a folder"));
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(cannot(&"it is larger than 16 MB, and no template is"));
        }
        let bytes = read(path, MAX_FILE_BYTES).map_err(|error| cannot(&error))?;
        taken.tree.add(&name_of(Path::new(path.file_name().unwrap_or_default())), bytes);
        taken.alone = true;
        return Ok(taken);
    }
    let exclude = excluding(path, exclude)?;
    let (mut files, mut bytes) = (0_usize, 0_usize);
    let passed = Passed::default();
    for entry in walk(path, exclude.clone(), true, &passed).build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let place = path_of(&error).map(|at| name_of(at.strip_prefix(path).unwrap_or(at)));
                let name = place.filter(|name| !name.is_empty()).unwrap_or_else(|| ".".to_owned());
                taken.cannot_read(&name, cause_of(&error));
                continue;
            }
        };
        let Ok(relative) = entry.path().strip_prefix(path) else { continue };
        let name = name_of(relative);
        if !is_file(&entry) {
            continue;
        }
        let length = entry.metadata().map_or(0, |metadata| metadata.len());
        if length > MAX_FILE_BYTES {
            if is_called_for(&name) {
                taken.cannot_read(&name, "it is larger than 16 MB");
            } else if describes(&name) {
                taken.leave_out(&name, "larger than 16 MB");
            }
            continue;
        }
        match content(entry.path(), &name) {
            Ok(None) => {}
            Ok(Some(content)) => {
                files += 1;
                bytes = bytes.saturating_add(content.len());
                if files > MAX_FILES || bytes > MAX_BYTES {
                    let message =
                        format!("`{}` holds more than {MAX_FILES} files or 96 MB of text", path.display());
                    let help = "casemate scan one/of/its/folders, or --exclude 'big/folder/**'";
                    return Err(Failure::failed(message).help(help));
                }
                taken.tree.add(&name, content);
            }
            Err(error) if describes(&name) => taken.cannot_read(&name, error),
            Err(error) => taken.leave_out(&name, error),
        }
    }
    look_for_the_rest(path, &exclude, &mut taken);
    made::look_into(path, &exclude, &passed, &mut taken);
    Ok(taken)
}

impl Taken {
    fn cannot_read(&mut self, path: &str, why: impl std::fmt::Display) {
        let file = self.tree.find(path).unwrap_or_else(|| self.tree.add(path, Vec::new()));
        self.unread.push(Unread { place: Place::whole(file), why: format!("it cannot be read: {why}") });
    }

    fn leave_out(&mut self, path: &str, why: impl std::fmt::Display) {
        self.left_out.push(LeftOut { path: path.to_owned(), why: why.to_string() });
    }
}

/// The file or folder that an error of the walk is about.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// What went wrong, without where.
fn cause_of(error: &ignore::Error) -> String {
    error.io_error().map_or_else(|| error.to_string(), |error| error.kind().to_string())
}

/// Files that nobody read although they look like infrastructure: ignored, or reached by a link.
fn look_for_the_rest(path: &Path, exclude: &Override, taken: &mut Taken) {
    let known: BTreeSet<String> = taken.left_out.iter().map(|one| one.path.clone()).collect();
    for entry in walk(path, exclude.clone(), false, &Passed::default()).build().take(MAX_LOOKED_FOR).flatten()
    {
        let Ok(relative) = entry.path().strip_prefix(path) else { continue };
        let name = name_of(relative);
        if !(describes(&name) || may_describe(&name))
            || taken.tree.find(&name).is_some()
            || known.contains(&name)
        {
            continue;
        }
        if entry.path_is_symlink() {
            taken.leave_out(&name, "a link, and links are not followed");
        } else if is_file(&entry) && is_infrastructure(entry.path(), &name) {
            taken.leave_out(&name, "`.gitignore` names it");
        }
    }
}

/// Folders that were passed by, taken for those of tools.
#[derive(Debug, Clone, Default)]
struct Passed(Arc<Mutex<Vec<PathBuf>>>);

impl Passed {
    fn note(&self, folder: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(folder.to_owned());
    }

    fn folders(&self) -> Vec<PathBuf> {
        let mut folders = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        folders.sort();
        folders
    }
}

/// All entries but those that tools made. With `heed`, without what a `.gitignore` of the same repository names.
fn walk(path: &Path, exclude: Override, heed: bool, passed: &Passed) -> WalkBuilder {
    let mut walk = WalkBuilder::new(path);
    walk.standard_filters(false).follow_links(false).overrides(exclude).sort_by_file_path(Path::cmp);
    if heed {
        // Only the repository's own: a folder above it, or the settings of one user, decide nothing. The walker knows where a repository
        // begins only while it asks for one.
        let inside = is_in_repository(path);
        walk.git_ignore(true).require_git(inside).parents(inside);
    }
    let passed = passed.clone();
    walk.filter_entry(move |entry| {
        let made = made::is_made(entry);
        if made {
            passed.note(entry.path());
        }
        !made
    });
    walk
}

/// Whether a folder belongs to a repository.
fn is_in_repository(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path.ancestors().any(|folder| folder.join(".git").exists()))
}

fn excluding(path: &Path, globs: &[String]) -> Result<Override, Failure> {
    let wrong = |glob: &str, error: ignore::Error| {
        Failure::new(Kind::Usage, format!("`{glob}` is no glob: {error}")).help("--exclude 'tests/**'")
    };
    let mut builder = OverrideBuilder::new(path);
    for glob in globs {
        // In the crate's words, what begins with `!` is left out.
        builder.add(&format!("!{glob}")).map_err(|error| wrong(glob, error))?;
    }
    builder.build().map_err(|error| wrong(&globs.join(" "), error))
}

fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file())
}

/// A path with `/` between its parts. Bytes that are no UTF-8 are written out, so that two names never become one.
fn name_of(path: &Path) -> String {
    let part = |part: std::path::Component<'_>| match part.as_os_str().to_str() {
        Some(text) => text.to_owned(),
        None => part.as_os_str().as_encoded_bytes().escape_ascii().to_string(),
    };
    path.components().map(part).collect::<Vec<_>>().join("/")
}

/// A file's bytes; none when it is no text and describes no app.
fn content(path: &Path, name: &str) -> std::io::Result<Option<Vec<u8>>> {
    if !describes(name) && read(path, LOOKED_AT_BYTES)?.contains(&0) {
        return Ok(None);
    }
    read(path, MAX_FILE_BYTES).map(Some)
}

/// A file's bytes, never more than the bound, even where it grows.
fn read(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file has the name of one that describes an app.
fn describes(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".yaml", ".yml", ".json", ".tf", ".tofu", ".template"].iter().any(|end| name.ends_with(end))
}

/// Whether a file has a name that only what describes an app has, however large it is.
fn is_called_for(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    describes(&name)
        && (name.starts_with("template.")
            || name.starts_with("serverless.")
            || name.ends_with(".tf")
            || name.ends_with(".tofu"))
}

/// Whether a file has the name of one that may hold a template, if its bytes say so.
fn may_describe(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".txt", ".tmpl", ".tpl", ".cfn"].iter().any(|end| name.ends_with(end))
}

/// Whether a file that was not read speaks of the provider's resources.
fn is_infrastructure(path: &Path, name: &str) -> bool {
    let Ok(bytes) = read(path, 1 << 20) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    if !describes(name) {
        return text.contains("AWS::") && text.contains("Resources");
    }
    let of_framework = name.rsplit('/').next().is_some_and(|name| name.starts_with("serverless."));
    text.contains("AWS::")
        || text.contains("\"aws_")
        || text.lines().any(speaks_of_provider)
        // What is included may say who the provider is.
        || (of_framework && text.lines().any(|line| line.starts_with("provider:") && line.contains("${")))
}

/// `name: 'aws'` and `provider: aws`, in any quotation marks; `resource aws_sqs_queue "q"` without them.
fn speaks_of_provider(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['{', '-', ' ']);
    if let Some(rest) = line.strip_prefix("resource").or_else(|| line.strip_prefix("data")) {
        return rest.starts_with([' ', '\t']) && rest.trim_start().starts_with("aws_");
    }
    let bare = |word: &str| word.trim().trim_matches(['"', '\'']).to_owned();
    // `provider: { name: aws, runtime: … }`: each pair by itself.
    line.split(['{', ',', '}', '#']).any(|pair| {
        let says = |(key, value): (&str, &str)| {
            matches!(bare(key).as_str(), "name" | "provider") && bare(value) == "aws"
        };
        pair.split_once(':').is_some_and(says)
    })
}

#[cfg(test)]
mod tests;
