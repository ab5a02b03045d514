//! Packages that an application is built of, as its lock files name them.
//!
//! Owns: which files are lock files, what they say: name, version, place, who needs whom. Invariants: what a file leaves open (an unpinned
//! requirement, a property of a parent that is not here) is unknown with its reason; nothing is resolved by guessing; work is
//! linear in the file's size (`bounds`). Not here: which of them are vulnerable (`advisories`), the bill of materials (`sbom`).

mod bounds;
mod cargo;
mod ecosystem;
mod go;
mod gradle;
mod manifest;
mod maven;
mod npm;
mod pip;
mod pnpm;
mod poetry;
mod tables;
mod uv;
mod web;
mod yarn;

use serde::Serialize;

pub use self::ecosystem::Ecosystem;
pub(crate) use self::ecosystem::go_major;
pub(crate) use self::tables::nests;
pub(crate) use self::web::reached;
use crate::graph::Unread;
use crate::known::Known;
use crate::source::{FileId, Place, SourceTree};

/// Packages of one name in one lock file that a dependency on that name is followed to. Real files have a handful of versions.
const MAX_SAME_NAME: usize = 64;

/// A package that a lock file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name, normalised; for Maven `group:artifact`.
    pub name: String,
    /// Its version, or why the file does not settle it.
    pub version: Known<String>,
    /// Whether the app names it itself; `None` where the files do not say.
    pub direct: Option<bool>,
    /// Whether it serves development and tests alone.
    pub dev: bool,
    /// Where it stands.
    pub place: Place,
    /// Its licence, where the lock file tells it.
    pub licence: Option<String>,
    /// What it needs: positions in its [`Lock::packages`].
    pub needs: Vec<usize>,
}

impl Package {
    fn new(ecosystem: Ecosystem, name: &str, version: Known<String>, place: Place) -> Self {
        Self {
            ecosystem,
            name: ecosystem.normalise(name),
            version,
            direct: None,
            dev: false,
            place,
            licence: None,
            needs: Vec::new(),
        }
    }

    /// The package as a purl, without a version where that is not known.
    #[must_use]
    pub fn purl(&self) -> String {
        self.ecosystem.purl(&self.name, self.version.value().map(String::as_str))
    }
}

/// What wrote a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// `package-lock.json`, `npm-shrinkwrap.json`.
    Npm,
    /// `yarn.lock`, of both generations.
    Yarn,
    /// `pnpm-lock.yaml`.
    Pnpm,
    /// `requirements.txt`.
    Pip,
    /// `Pipfile.lock`.
    Pipenv,
    /// `poetry.lock`.
    Poetry,
    /// `uv.lock`.
    Uv,
    /// `Cargo.lock`.
    Cargo,
    /// `go.mod` and `go.sum`.
    Go,
    /// `pom.xml`.
    Maven,
    /// `gradle.lockfile`.
    Gradle,
}

/// A lock file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The file.
    pub file: FileId,
    /// What wrote it.
    pub kind: LockKind,
    /// What it names, in its order.
    pub packages: Vec<Package>,
    /// Parts of it that could not be read.
    pub unread: Vec<Unread>,
}

/// A lock file by its name: `None` for all others, and for those of installed packages.
#[must_use]
pub fn kind_of(path: &str) -> Option<LockKind> {
    let installed = ["node_modules", "site-packages", ".venv", ".terraform", ".aws-sam", "vendor"];
    let mut folders = path.split('/');
    let name = folders.next_back()?;
    if folders.clone().any(|folder| installed.contains(&folder)) {
        return None;
    }
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => LockKind::Npm,
        "yarn.lock" => LockKind::Yarn,
        "pnpm-lock.yaml" => LockKind::Pnpm,
        "Pipfile.lock" => LockKind::Pipenv,
        "poetry.lock" => LockKind::Poetry,
        "uv.lock" => LockKind::Uv,
        "Cargo.lock" => LockKind::Cargo,
        "go.mod" | "go.sum" => LockKind::Go,
        "pom.xml" => LockKind::Maven,
        "gradle.lockfile" | "buildscript-gradle.lockfile" => LockKind::Gradle,
        name if name.ends_with(".lockfile") && folders.next_back() == Some("dependency-locks") => {
            LockKind::Gradle
        }
        name if name.ends_with(".txt") => {
            let listed = name.starts_with("requirements") || name.ends_with("requirements.txt");
            (listed || folders.next_back() == Some("requirements")).then_some(LockKind::Pip)?
        }
        _ => return None,
    })
}

/// Reads one lock file. `None` when it is none, or when another file beside it speaks for it (`go.sum` beside `go.mod`,
/// `package-lock.json` beside `npm-shrinkwrap.json`).
///
/// # Errors
/// When it is not what its name says, or beyond the bounds.
pub fn read(files: &SourceTree, file: FileId) -> Option<Result<Lock, Unread>> {
    let path = files.path(file);
    let kind = kind_of(path)?;
    let spoken_for = match path.rsplit('/').next()? {
        "go.sum" => beside(files, file, "go.mod"),
        "package-lock.json" => beside(files, file, "npm-shrinkwrap.json"),
        _ => None,
    };
    if spoken_for.is_some() {
        return None;
    }
    let mut lock = Lock { file, kind, packages: Vec::new(), unread: Vec::new() };
    let done = match kind {
        LockKind::Npm => npm::read(files, &mut lock),
        LockKind::Yarn => yarn::read(files, &mut lock),
        LockKind::Pnpm => pnpm::read(files, &mut lock),
        LockKind::Pip => pip::read(files, &mut lock),
        LockKind::Pipenv => pip::read_pipfile(files, &mut lock),
        LockKind::Poetry => poetry::read(files, &mut lock),
        LockKind::Uv => uv::read(files, &mut lock),
        LockKind::Cargo => cargo::read(files, &mut lock),
        LockKind::Go => go::read(files, &mut lock),
        LockKind::Maven => maven::read(files, &mut lock),
        LockKind::Gradle => gradle::read(files, &mut lock),
    };
    Some(done.map(|()| {
        lock.bound();
        lock
    }))
}

/// Reads every lock file of a tree, by path, and says which ones could not be read.
#[must_use]
pub fn read_all(files: &SourceTree) -> (Vec<Lock>, Vec<Unread>) {
    let (mut locks, mut unread) = (Vec::new(), Vec::new());
    for (file, _) in files.files() {
        match read(files, file) {
            Some(Ok(mut lock)) => {
                unread.append(&mut lock.unread);
                locks.push(lock);
            }
            Some(Err(why)) => unread.push(why),
            None => {}
        }
    }
    (locks, unread)
}

/// The folder of a file, without a slash at its end; empty for the tree's root.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file in the same folder, or below it.
fn beside(files: &SourceTree, file: FileId, name: &str) -> Option<FileId> {
    files.find(&format!("{}/{name}", folder(files.path(file))))
}

/// A file's text, when it is text of a size that is read.
fn text(files: &SourceTree, file: FileId) -> Result<&str, Unread> {
    let refused = |why: &str| Unread { place: Place::whole(file), why: why.to_owned() };
    let found = files.file(file).ok_or_else(|| refused("no such file"))?;
    if found.bytes.len() > crate::document::MAX_BYTES {
        return Err(refused("larger than 16 MB"));
    }
    found.text().ok_or_else(|| refused("not text in UTF-8"))
}

/// The lines of a text with the offsets at which they start.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line.trim_end_matches(['\n', '\r']))
    })
}

#[cfg(test)]
mod tests;
