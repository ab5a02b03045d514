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
    /// The typed script beside the one that the runtime loads: which of them is deployed, a build decides.
    pub(super) beside: Option<FileId>,
    /// What the handler names, where a build made it and its sources are read in its place.
    pub(super) built: Option<FileId>,
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
        return Ok(Entry {
            origin: Origin::Inline(program),
            export,
            root: Root::default(),
            beside: None,
            built: None,
        });
    }
    let mut folders = folders(app, location);
    if !is_folder(location) && is_contested(app, function) {
        folders.clear();
    }
    if let Some(bare) = without_ending(reader.tree, runs, &folders, &handler) {
        return Err(gap(format!("`{bare}`, which has no ending, is what Node loads first, and is not read")));
    }
    let found = match location {
        Some(CodeLocation::File(file)) if syntax::language_of(reader.tree.path(*file)).is_some() => {
            let export = handler.rsplit('.').next().unwrap_or("handler").to_owned();
            Some((*file, export, None))
        }
        _ => search(reader, &Search { app, function, location, folders: &folders, handler: &handler }, runs)
            .map(|(file, export)| twins(reader.tree, file, export)),
    };
    let (file, export, beside) =
        found.ok_or_else(|| gap(format!("the file of the handler `{handler}` is not in the tree")))?;
    let built = built(reader.tree, runs, &folders, &handler).filter(|built| *built != file);
    // Imports may be named from the app's folder on, wherever the handler is.
    folders.extend(normalise(&app.folder).filter(|folder| !folders.contains(folder)));
    Ok(Entry { origin: Origin::File(file), export, root: Root { folders }, beside, built })
}

/// Node loads a script and no typed one; a build may have made it of the typed one beside it, or use that instead.
fn twins(tree: &SourceTree, file: FileId, export: String) -> (FileId, String, Option<FileId>) {
    let stem = tree
        .path(file)
        .rsplit_once('.')
        .filter(|(_, ending)| matches!(*ending, "ts" | "tsx" | "mts" | "cts"));
    let plain = stem.and_then(|(stem, _)| {
        [".js", ".mjs", ".cjs"].iter().find_map(|ending| tree.find(&format!("{stem}{ending}")))
    });
    match plain {
        Some(plain) => (plain, export, Some(file)),
        None => (file, export, None),
    }
}

/// Where else a handler may be that does not stand where its function says.
#[derive(Debug, PartialEq, Eq)]
enum Within {
    /// Anywhere in the app.
    App,
    /// Below one of these folders, which the function names.
    Below(Vec<String>),
    /// A build made the folder that it names: in the app, below folders with these names.
    Named(Vec<String>),
    /// What it names is not there, or the code may be that of another function.
    Nowhere,
}

fn is_folder(location: Option<&CodeLocation>) -> bool {
    matches!(location, Some(CodeLocation::Folder(_) | CodeLocation::Image(Some(_))))
}

/// Whether another function has the same handler and its code elsewhere: two places do not run one file.
fn is_contested(app: &App, function: &Function) -> bool {
    let handler = named_handler(function);
    let mut others = app.functions.iter().filter(|other| other.code.location != function.code.location);
    others.any(|other| {
        let is_inline = matches!(&other.code.location, Known::Value(CodeLocation::Inline(_)));
        handler.is_some() && !is_inline && named_handler(other) == handler
    })
}

fn within(tree: &SourceTree, search: &Search<'_>) -> Within {
    if is_contested(search.app, search.function) {
        return Within::Nowhere;
    }
    let Some(CodeLocation::Folder(named) | CodeLocation::Image(Some(named))) = search.location else {
        return Within::App;
    };
    let there: Vec<String> =
        search.folders.iter().filter(|folder| tree.below(folder).next().is_some()).cloned().collect();
    if !there.is_empty() {
        return Within::Below(there);
    }
    let is_made = |part: &&str| BUILT.contains(part) || part.starts_with("asset.");
    if !named.split('/').any(|part| is_made(&part)) {
        return Within::Nowhere;
    }
    let rest = named.split('/').filter(|part| !is_made(part) && !matches!(*part, "" | "." | ".."));
    Within::Named(rest.map(str::to_owned).collect())
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
    named_handler(function).map(str::to_owned)
}

fn named_handler(function: &Function) -> Option<&str> {
    let before = function.variable("DD_LAMBDA_HANDLER").and_then(|variable| variable.value.as_literal());
    let named = function.handler.as_ref().and_then(|handler| handler.known()).map(String::as_str);
    before.or(named).filter(|name| !name.is_empty())
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
    if !is_folder(location) {
        found.extend(normalise(&app.folder));
    }
    let mut unique: Vec<String> = Vec::new();
    for folder in found {
        if !unique.contains(&folder) {
            unique.push(folder);
        }
    }
    unique
}

/// What is searched for, and where.
struct Search<'a> {
    app: &'a App,
    function: &'a Function,
    location: Option<&'a CodeLocation>,
    folders: &'a [String],
    handler: &'a str,
}

fn search(reader: &Reader<'_>, search: &Search<'_>, runs: Runs) -> Option<(FileId, String)> {
    let scripts = || search_script(reader, search);
    let python = || search_python(reader, search);
    match runs {
        Runs::Scripts => scripts(),
        Runs::Python => python(),
        Runs::Either => scripts().or_else(python),
        Runs::Other => None,
    }
}

fn search_script(reader: &Reader<'_>, search: &Search<'_>) -> Option<(FileId, String)> {
    let tree = reader.tree;
    let (folder, name) = search.handler.rsplit_once('/').unwrap_or(("", search.handler));
    let split = [name.split_once('.'), name.rsplit_once('.')];
    for (module, export) in split.into_iter().flatten() {
        let path = if folder.is_empty() { module.to_owned() } else { format!("{folder}/{module}") };
        let path = path.trim_start_matches("./").to_owned();
        for folder in search.folders {
            let whole = format!("{folder}/{path}");
            // What a build writes is read only where its sources are not there.
            let source = sources_of(&whole)
                .into_iter()
                .find_map(|path| script(tree, &path).filter(|file| own(tree, *file)));
            if let Some(file) =
                source.or_else(|| handled(tree, &whole).filter(|file| !is_vendored(tree.path(*file))))
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
        if let Some(file) = only(tree, search, near.collect()) {
            return Some((file, export.to_owned()));
        }
    }
    None
}

/// The script of a handler's path. Among scripts that are not typed it is the one that Lambda's Node loads, which asks for a folder's
/// index before `.mjs` and `.cjs` (`_tryRequire` of its runtime interface client).
fn handled(tree: &SourceTree, path: &str) -> Option<FileId> {
    let found = script(tree, path)?;
    let is_typed = [".ts", ".tsx", ".mts", ".cts"].iter().any(|ending| tree.path(found).ends_with(ending));
    if is_typed { Some(found) } else { node_loads(tree, path).or(Some(found)) }
}

fn node_loads(tree: &SourceTree, path: &str) -> Option<FileId> {
    let path = normalise(path)?;
    let endings = [".js", "/index.js", ".mjs", ".cjs"];
    endings.iter().find_map(|ending| tree.find(&format!("{path}{ending}")))
}

/// The built file that a handler names, where it is in the tree beside its sources.
fn built(tree: &SourceTree, runs: Runs, folders: &[String], handler: &str) -> Option<FileId> {
    let (module, _) = handler.rsplit_once('.').filter(|_| runs == Runs::Scripts)?;
    let module = module.trim_start_matches("./");
    let named = folders.iter().map(|folder| format!("{folder}/{module}"));
    let mut named = named.filter(|path| !sources_of(path).is_empty());
    named.find_map(|path| node_loads(tree, &path).filter(|file| !is_vendored(tree.path(*file))))
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

fn search_python(reader: &Reader<'_>, search: &Search<'_>) -> Option<(FileId, String)> {
    let tree = reader.tree;
    let (module, export) = search.handler.rsplit_once('.')?;
    let path = module.trim_start_matches("./").replace('.', "/");
    for folder in search.folders {
        if let Some(file) = python_file(tree, folder, &path) {
            return Some((file, export.to_owned()));
        }
    }
    let file = only(tree, search, reader.index.ending(tree, &format!("{path}.py")))?;
    Some((file, export.to_owned()))
}

/// The one file among several that can be the function's; `None` where that cannot be told.
fn only(tree: &SourceTree, search: &Search<'_>, found: Vec<FileId>) -> Option<FileId> {
    if found.is_empty() {
        return None;
    }
    let (folder, within) = (normalise(&search.app.folder).unwrap_or_default(), within(tree, search));
    let is_below = |path: &str, folder: &str| {
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let fits = |file: &FileId| {
        let path = tree.path(*file);
        own(tree, *file)
            && is_below(path, &folder)
            && match &within {
                Within::App => true,
                Within::Below(folders) => folders.iter().any(|folder| is_below(path, folder)),
                Within::Named(names) => names.iter().all(|name| path.split('/').any(|part| part == name)),
                Within::Nowhere => false,
            }
    };
    let mut found = found.into_iter().filter(fits);
    let first = found.next()?;
    // A script and the typed one beside it are one.
    let stem = |file: FileId| tree.path(file).rsplit_once('.').map(|(stem, _)| stem.to_owned());
    found.all(|other| stem(other) == stem(first)).then_some(first)
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
