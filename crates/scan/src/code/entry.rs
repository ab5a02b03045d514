//! Where a function's handler stands.
//!
//! Owns: from `src/app.handler`, the code's location and the runtime to a file of the tree and a name in it; sources are preferred to
//! what is built from them. Not here: what the handler does (`machine`).

use super::imports::{BUILT, Root, SCRIPTS, is_vendored, python_file, script};
use super::program::{Language, Program};
use super::{Reader, Seen, syntax};
use crate::graph::{App, CodeLocation, Function};
use crate::known::Known;
use crate::source::{FileId, SourceTree, normalise};

/// Where a handler stands.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) origin: Origin,
    /// Its name in the file.
    pub(super) export: String,
    pub(super) root: Root,
}

#[derive(Debug)]
pub(super) enum Origin {
    File(FileId),
    Inline(Program),
}

/// What a runtime runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Scripts,
    Python,
    /// Not said; either.
    Either,
    Other,
}

/// Finds a function's handler, or says why not.
pub(super) fn find(reader: &Reader<'_>, app: &App, function: &Function) -> Result<Entry, Seen<String>> {
    let place = function.handler.as_ref().map_or(function.code.place, |handler| handler.place);
    let gap = |why: String| Seen { place, value: why };
    let runs = runs(function);
    if runs == Runs::Other {
        let runtime =
            function.runtime.as_ref().and_then(|runtime| runtime.known()).cloned().unwrap_or_default();
        return Err(gap(format!("code for `{runtime}` is not read")));
    }
    let location = match &function.code.location {
        Known::Value(location) => Some(location),
        Known::Unknown(_) => None,
    };
    let handler = match (handler_of(function), location) {
        (Some(handler), _) => handler,
        (None, Some(CodeLocation::Image(Some(folder)))) => {
            command(reader.tree, folder).ok_or_else(|| gap("the image's command is not known".to_owned()))?
        }
        (None, Some(CodeLocation::Inline(_))) => "index.handler".to_owned(),
        (None, _) => return Err(gap("no handler is named".to_owned())),
    };
    if let Some(CodeLocation::Inline(code)) = location {
        let language = if runs == Runs::Python { Language::Python } else { Language::JavaScript };
        let program = syntax::inline(reader.tree, *code, language).map_err(|why| gap(why.to_owned()))?;
        let export = handler.rsplit('.').next().unwrap_or("handler").to_owned();
        return Ok(Entry { origin: Origin::Inline(program), export, root: Root::default() });
    }
    let folders = folders(app, location);
    if let Some(bare) = without_ending(reader.tree, runs, &folders, &handler) {
        return Err(gap(format!("`{bare}`, which has no ending, is what Node loads first, and is not read")));
    }
    let found = match location {
        Some(CodeLocation::File(file)) if syntax::language_of(reader.tree.path(*file)).is_some() => {
            let export = handler.rsplit('.').next().unwrap_or("handler").to_owned();
            Some((*file, export))
        }
        _ => search(reader, app, runs, &folders, &handler),
    };
    let (file, export) =
        found.ok_or_else(|| gap(format!("the file of the handler `{handler}` is not in the tree")))?;
    Ok(Entry { origin: Origin::File(file), export, root: Root { folders } })
}

/// The file beside a script that has its name and no ending: Lambda's Node tries it before any other.
fn without_ending<'t>(
    tree: &'t SourceTree,
    runs: Runs,
    folders: &[String],
    handler: &str,
) -> Option<&'t str> {
    let (module, _) = handler.rsplit_once('.').filter(|_| runs == Runs::Scripts)?;
    let module = module.trim_start_matches("./");
    let found = folders.iter().find_map(|folder| tree.find(&normalise(&format!("{folder}/{module}"))?))?;
    Some(tree.path(found))
}

fn runs(function: &Function) -> Runs {
    let runtime =
        function.runtime.as_ref().and_then(|runtime| runtime.known()).map(|name| name.to_ascii_lowercase());
    match runtime.as_deref() {
        Some(name) if name.starts_with("node") => Runs::Scripts,
        Some(name) if name.starts_with("python") => Runs::Python,
        None => Runs::Either,
        Some(_) => Runs::Other,
    }
}

/// The handler, also where a monitoring layer stands before it.
fn handler_of(function: &Function) -> Option<String> {
    let before = function.variable("DD_LAMBDA_HANDLER").and_then(|variable| variable.value.as_literal());
    let named = function.handler.as_ref().and_then(|handler| handler.known()).map(String::as_str);
    before.or(named).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Folders to which the handler's path may be relative, nearest first.
fn folders(app: &App, location: Option<&CodeLocation>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(CodeLocation::Folder(folder) | CodeLocation::Image(Some(folder))) = location {
        found.extend(normalise(folder));
        found.extend(normalise(&format!("{}/{folder}", app.folder)));
        if matches!(location, Some(CodeLocation::Image(_))) {
            found.extend(["app", "src"].iter().filter_map(|inner| normalise(&format!("{folder}/{inner}"))));
        }
    }
    found.extend(normalise(&app.folder));
    let mut unique: Vec<String> = Vec::new();
    for folder in found {
        if !unique.contains(&folder) {
            unique.push(folder);
        }
    }
    unique
}

fn search(
    reader: &Reader<'_>,
    app: &App,
    runs: Runs,
    folders: &[String],
    handler: &str,
) -> Option<(FileId, String)> {
    let scripts = || search_script(reader, app, folders, handler);
    let python = || search_python(reader, app, folders, handler);
    match runs {
        Runs::Scripts => scripts(),
        Runs::Python => python(),
        Runs::Either => scripts().or_else(python),
        Runs::Other => None,
    }
}

fn search_script(
    reader: &Reader<'_>,
    app: &App,
    folders: &[String],
    handler: &str,
) -> Option<(FileId, String)> {
    let tree = reader.tree;
    let (folder, name) = handler.rsplit_once('/').unwrap_or(("", handler));
    let split = [name.split_once('.'), name.rsplit_once('.')];
    for (module, export) in split.into_iter().flatten() {
        let path = if folder.is_empty() { module.to_owned() } else { format!("{folder}/{module}") };
        let path = path.trim_start_matches("./").to_owned();
        for folder in folders {
            let whole = format!("{folder}/{path}");
            // What a build writes is read only where its sources are not there.
            let source = sources_of(&whole)
                .into_iter()
                .find_map(|path| script(tree, &path).filter(|file| own(tree, *file)));
            if let Some(file) =
                source.or_else(|| script(tree, &whole).filter(|file| !is_vendored(tree.path(*file))))
            {
                return Some((file, export.to_owned()));
            }
        }
        let bare = path
            .split('/')
            .filter(|part| !BUILT.contains(part) && *part != "..")
            .collect::<Vec<_>>()
            .join("/");
        let near = SCRIPTS.iter().flat_map(|ending| reader.index.ending(tree, &format!("{bare}{ending}")));
        if let Some(file) = only(tree, app, near.collect()) {
            return Some((file, export.to_owned()));
        }
    }
    None
}

/// Where the sources of something built may stand.
fn sources_of(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let Some(at) = parts.iter().position(|part| BUILT.contains(part)) else { return Vec::new() };
    let before = parts.get(..at).unwrap_or_default().join("/");
    let after = parts.get(at + 1..).unwrap_or_default().join("/");
    let inner = after.strip_prefix("src/").unwrap_or(&after).to_owned();
    vec![format!("{before}/src/{inner}"), format!("{before}/{after}"), format!("{before}/lambda/{inner}")]
}

/// Whether a file is a source, not built.
fn own(tree: &SourceTree, file: FileId) -> bool {
    let path = tree.path(file);
    !is_vendored(path)
        && !path
            .split('/')
            .any(|part| matches!(part, ".aws-sam" | ".serverless" | ".webpack" | ".build" | "dist"))
}

fn search_python(
    reader: &Reader<'_>,
    app: &App,
    folders: &[String],
    handler: &str,
) -> Option<(FileId, String)> {
    let tree = reader.tree;
    let (module, export) = handler.rsplit_once('.')?;
    let path = module.trim_start_matches("./").replace('.', "/");
    for folder in folders {
        if let Some(file) = python_file(tree, folder, &path) {
            return Some((file, export.to_owned()));
        }
    }
    let file = only(tree, app, reader.index.ending(tree, &format!("{path}.py")))?;
    Some((file, export.to_owned()))
}

/// The one file among several that belongs to the app; `None` where that cannot be told.
fn only(tree: &SourceTree, app: &App, found: Vec<FileId>) -> Option<FileId> {
    let folder = normalise(&app.folder).unwrap_or_default();
    let within: Vec<FileId> = found
        .into_iter()
        .filter(|file| {
            let path = tree.path(*file);
            own(tree, *file)
                && (folder.is_empty()
                    || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')))
        })
        .collect();
    match within.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The handler that an image's command names.
fn command(tree: &SourceTree, folder: &str) -> Option<String> {
    let path = normalise(&format!("{folder}/Dockerfile"))?;
    let text = tree.file(tree.find(&path)?)?.text()?;
    let line = text.lines().rev().find(|line| line.trim_start().starts_with("CMD"))?;
    let quoted: Vec<&str> = line.split(['"', '\'']).collect();
    quoted
        .iter()
        .skip(1)
        .step_by(2)
        .next_back()
        .filter(|name| name.contains('.'))
        .map(|name| (*name).to_owned())
}
