//! Folders that tools make or fetch: which are taken for one, and what is said of those that hold an app.
//!
//! Invariants: a name that is an ordinary word counts only with the tool's own mark, read and not only there; a mark can be forged all the
//! same, so a folder that is passed by is looked into, and what looks like an app in it is said. What a `.gitignore` of the repository
//! names is not looked into: it belongs to a machine, not to the repository, and would be said on every one. Not here: what is read.

use std::path::Path;

use ignore::overrides::Override;
use ignore::{DirEntry, WalkBuilder};

use super::{Passed, Taken, describes, is_file, name_of, read};

/// How many entries of such folders are looked at, all together.
const MAX_ENTRIES: usize = 100_000;
/// How many files of them are read, and how much of each.
const MAX_READ: usize = 2_000;
const MAX_READ_BYTES: u64 = 256 << 10;

/// How every `CACHEDIR.TAG` begins (bford.info/cachedir).
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether a folder holds what tools made or fetched. Some names are ordinary words: there something must say so.
pub(super) fn is_made(entry: &DirEntry) -> bool {
    if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    let beside = |name: &str| entry.path().parent().is_some_and(|folder| folder.join(name).is_file());
    match entry.file_name().to_str() {
        Some(
            "node_modules" | ".git" | ".aws-sam" | ".serverless" | ".terraform" | "site-packages"
            | "__pycache__",
        ) => true,
        Some("venv" | ".venv") => is_environment(&entry.path().join("pyvenv.cfg")),
        Some("target") => {
            begins(&entry.path().join("CACHEDIR.TAG")).starts_with(CACHE_SIGNATURE)
                || ["Cargo.toml", "pom.xml", "build.sbt"].into_iter().any(beside)
        }
        _ => false,
    }
}

/// Whether a file says where the interpreter of an environment is: `home = /usr/bin` (PEP 405).
fn is_environment(file: &Path) -> bool {
    let text = begins(file);
    let says = |line: &str| {
        line.split_once('=').is_some_and(|(key, value)| key.trim() == "home" && !value.trim().is_empty())
    };
    String::from_utf8_lossy(&text).lines().any(says)
}

/// The beginning of a file; nothing where there is none.
fn begins(file: &Path) -> Vec<u8> {
    if !file.is_file() {
        return Vec::new();
    }
    read(file, 4 << 10).unwrap_or_default()
}

/// Says which of the folders that were passed by hold what looks like an app: one remark for each, and one where looking ended early.
pub(super) fn look_into(root: &Path, exclude: &Override, passed: &Passed, taken: &mut Taken) {
    let (mut entries, mut files, mut said) = (0, 0, false);
    for folder in passed.folders() {
        // Git never takes in what stands in its own folder.
        if folder.file_name().is_some_and(|name| name == ".git") {
            continue;
        }
        let mut walk = WalkBuilder::new(&folder);
        walk.standard_filters(false)
            .follow_links(false)
            .overrides(exclude.clone())
            .sort_by_file_path(Path::cmp);
        let (mut found, mut is_cut) = (Vec::new(), false);
        for entry in walk.build().flatten() {
            entries += 1;
            if entries > MAX_ENTRIES || files >= MAX_READ {
                is_cut = true;
                break;
            }
            let Ok(relative) = entry.path().strip_prefix(root) else { continue };
            let name = name_of(relative);
            if !is_file(&entry) || !may_be_an_app(&name) {
                continue;
            }
            files += 1;
            let bytes = read(entry.path(), MAX_READ_BYTES).unwrap_or_default();
            if is_app(&name, &String::from_utf8_lossy(&bytes)) {
                found.push(name);
            }
        }
        let Ok(relative) = folder.strip_prefix(root) else { continue };
        if let Some(first) = found.first() {
            let more = match found.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            let why =
                format!("taken for what a tool made or fetched, and `{first}`{more} in it looks like an app");
            taken.leave_out(&name_of(relative), why);
        } else if is_cut && !said {
            said = true;
            let why = "taken for what a tool made or fetched, and too much is in such folders to look for apps in all of it";
            taken.leave_out(&name_of(relative), why);
        }
    }
}

/// Whether a file has the name of one that describes an app; those that every package has are none.
fn may_be_an_app(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let of_packages =
        ["package.json", "package-lock.json", ".package-lock.json", "tsconfig.json", "composer.json"];
    describes(name) && !of_packages.contains(&last)
}

/// Whether a text is that of a template, of a service or of Terraform's resources: packages carry much else that names the provider.
fn is_app(name: &str, text: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    if last.starts_with("serverless.") {
        return text.lines().any(super::speaks_of_provider);
    }
    if [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| last.ends_with(end)) {
        return text.lines().any(super::speaks_of_provider) || text.contains("\"aws_");
    }
    text.contains("Resources")
        && text.match_indices("AWS::").any(|(at, _)| is_type(text.get(..at).unwrap_or_default()))
}

/// Whether what stands before a value makes it a resource's type: `Type: `, `"Type": "`.
fn is_type(before: &str) -> bool {
    let blank = |c: char| c == ' ' || c == '"' || c == '\'';
    let before = before.trim_end_matches(blank);
    before.strip_suffix(':').is_some_and(|before| before.trim_end_matches(blank).ends_with("Type"))
}
