//! Where imports lead: to a file of the tree, or out of it.
//!
//! Invariant: nothing in `node_modules` or another vendored folder is followed; a relative import that leads to no file is missing, and
//! said to be. Not here: what imported files mean (`machine`).

mod private;

use std::collections::BTreeMap;

pub(super) use self::private::is_private;
use super::Reader;
use super::program::Language;
use super::syntax::language_of;
use crate::source::{FileId, SourceTree, normalise};

/// Folders of code that others wrote or that tools made.
const VENDORED: [&str; 14] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    "vendor",
    "vendored",
    "venv",
    ".venv",
    "__pycache__",
    ".git",
    ".terraform",
    "bower_components",
    ".tox",
    ".yarn",
    ".pnpm",
];

/// Folders that builds write.
pub(super) const BUILT: [&str; 10] =
    [".aws-sam", ".serverless", ".webpack", ".build", ".esbuild", "dist", "build", "out", "lib", "cdk.out"];

/// Files of code by their own names.
#[derive(Debug)]
pub(super) struct Index {
    by_name: BTreeMap<String, Vec<FileId>>,
    lists: private::Lists,
}

/// From where a function's imports are looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Root {
    /// Folders in which absolute imports are looked for, nearest first.
    pub(super) folders: Vec<String>,
}

/// Where an import leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    File(FileId),
    /// A file that is no code.
    Data,
    /// A relative import of no file.
    Missing,
    /// The package, and the path by which it is known.
    Package(String, String),
}

/// Whether code of this path is somebody else's.
pub(super) fn is_vendored(path: &str) -> bool {
    path.split('/').any(|part| VENDORED.contains(&part))
}

impl Index {
    pub(super) fn new(tree: &SourceTree) -> Self {
        let mut by_name: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        for (id, file) in tree.files() {
            let path = file.path.as_str();
            if language_of(path).is_none() || is_vendored(path) || path.ends_with(".d.ts") {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or(path);
            by_name.entry(name.to_owned()).or_default().push(id);
        }
        Self { by_name, lists: private::Lists::new(tree) }
    }

    /// Files of code whose path ends like this.
    pub(super) fn ending(&self, tree: &SourceTree, end: &str) -> Vec<FileId> {
        let name = end.rsplit('/').next().unwrap_or(end);
        let named = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let fits = |id: &&FileId| {
            tree.path(**id).strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        named.iter().filter(fits).copied().collect()
    }
}

/// Where an import of a file leads.
pub(super) fn resolve(
    reader: &Reader<'_>,
    root: &Root,
    language: Language,
    from: FileId,
    module: &str,
) -> Target {
    match language {
        Language::Python => python(reader, root, from, module),
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript(reader, root, from, module),
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Endings of files that a name without one may mean, sources first.
pub(super) const SCRIPTS: [&str; 8] = [".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".jsx", ".cts"];

/// A script by its path with or without its ending, or a folder's index.
pub(super) fn script(tree: &SourceTree, path: &str) -> Option<FileId> {
    let path = normalise(path)?;
    if language_of(&path).is_some()
        && let Some(found) = tree.find(&path)
    {
        return Some(found);
    }
    // TypeScript names files as they will be called once they are built.
    let built = [".js", ".mjs", ".cjs", ".jsx"].iter().find_map(|ending| path.strip_suffix(ending));
    let stems = [Some(path.as_str()), built];
    for stem in stems.into_iter().flatten() {
        let beside = SCRIPTS.iter().find_map(|ending| tree.find(&format!("{stem}{ending}")));
        let index = || SCRIPTS.iter().find_map(|ending| tree.find(&format!("{stem}/index{ending}")));
        if let Some(found) = beside.or_else(index) {
            return Some(found);
        }
    }
    None
}

fn javascript(reader: &Reader<'_>, root: &Root, from: FileId, module: &str) -> Target {
    let tree = reader.tree;
    let data = [
        ".json", ".graphql", ".css", ".html", ".txt", ".node", ".wasm", ".yml", ".yaml", ".sql", ".pem",
        ".svg",
    ];
    if data.iter().any(|ending| module.ends_with(ending)) {
        return Target::Data;
    }
    if module.starts_with('.') {
        let whole = format!("{}/{module}", folder_of(tree.path(from)));
        let found = loaded(tree, from, &whole).or_else(|| script(tree, &whole));
        return match found {
            Some(file) if !is_vendored(tree.path(file)) => Target::File(file),
            Some(_) => Target::Data,
            None => Target::Missing,
        };
    }
    if let Some(layer) = module.strip_prefix("/opt/") {
        return layered(reader, layer).map_or(Target::Missing, Target::File);
    }
    let name = module.strip_prefix("node:").unwrap_or(module);
    let package = package_of(name);
    let is_known = reader.index.lists.lists(tree.path(from), &package);
    if !is_known && let Some(file) = aliased(tree, root, name) {
        return Target::File(file);
    }
    if let Some(file) = private::local(reader, from, &package, name) {
        return Target::File(file);
    }
    Target::Package(package, known_as(name))
}

/// What Node loads where the sources come second: a folder that is named as one, and a built script for a built one.
fn loaded(tree: &SourceTree, from: FileId, whole: &str) -> Option<FileId> {
    if whole.ends_with('/') || whole.ends_with("/.") || whole.ends_with("/..") {
        return script(tree, &format!("{whole}/index"));
    }
    let plain = [".js", ".cjs", ".mjs"].iter().any(|ending| tree.path(from).ends_with(ending));
    plain.then(|| tree.find(&format!("{}.js", normalise(whole)?))).flatten()
}

/// A file of a layer, which is unpacked below `/opt`.
fn layered(reader: &Reader<'_>, path: &str) -> Option<FileId> {
    let bare = path.strip_prefix("nodejs/").unwrap_or(path);
    let ends = [path, bare].into_iter().flat_map(|path| {
        SCRIPTS.iter().flat_map(move |ending| [format!("{path}{ending}"), format!("{path}/index{ending}")])
    });
    let mut exact = ends.chain([path.to_owned(), bare.to_owned()]);
    exact.find_map(|end| match reader.index.ending(reader.tree, &end).as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

fn package_of(name: &str) -> String {
    let mut parts = name.split('/');
    match (parts.next(), parts.next()) {
        (Some(scope), Some(package)) if scope.starts_with('@') => format!("{scope}/{package}"),
        (Some(package), _) => package.to_owned(),
        (None, _) => String::new(),
    }
}

/// Path aliases of TypeScript, as projects use them: `@libs/x` and `src/x` below a root.
fn aliased(tree: &SourceTree, root: &Root, name: &str) -> Option<FileId> {
    let plain = name.trim_start_matches(['@', '~', '#']).trim_start_matches('/');
    if plain.is_empty() || name.starts_with("@aws") {
        return None;
    }
    let mut tried = root.folders.iter().flat_map(|folder| {
        let after = plain.split_once('/').map(|(_, rest)| format!("{folder}/src/{rest}"));
        [format!("{folder}/{plain}"), format!("{folder}/src/{plain}")]
            .into_iter()
            .chain(after.filter(|_| name.starts_with("@/") || name.starts_with("~/")))
    });
    tried.find_map(|path| script(tree, &path).filter(|file| !is_vendored(tree.path(*file))))
}

/// The path by which a package's things are known, whatever way it is imported.
fn known_as(name: &str) -> String {
    if let Some(class) = name.strip_prefix("aws-sdk/clients/") {
        let mut letters = class.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let class: String = first.into_iter().chain(letters).collect();
        return if class == "All" { "aws-sdk".to_owned() } else { format!("aws-sdk.{class}") };
    }
    match name {
        "fs/promises" => "fs.promises".to_owned(),
        "path/posix" | "path/win32" => "path".to_owned(),
        "aws-sdk/index" | "aws-sdk/global" => "aws-sdk".to_owned(),
        // So that a package's path and a member of it cannot be mixed up.
        _ => name.to_owned(),
    }
}

fn python(reader: &Reader<'_>, root: &Root, from: FileId, module: &str) -> Target {
    let tree = reader.tree;
    let dots = module.len() - module.trim_start_matches('.').len();
    let path = module.trim_start_matches('.').replace('.', "/");
    if dots > 0 {
        let mut folder = folder_of(tree.path(from));
        for _ in 1..dots {
            folder = folder_of(folder);
        }
        return python_file(tree, folder, &path).map_or(Target::Missing, Target::File);
    }
    let own = folder_of(tree.path(from)).to_owned();
    let near = root.folders.iter().chain(std::iter::once(&own));
    let found = near.into_iter().find_map(|folder| python_file(tree, folder, &path));
    if let Some(file) = found.or_else(|| python_layer(reader, &path)) {
        return Target::File(file);
    }
    let package = module.split('.').next().unwrap_or(module);
    Target::Package(package.to_owned(), module.to_owned())
}

/// A module of a layer: below a folder `python`, or below one that is called a layer.
fn python_layer(reader: &Reader<'_>, path: &str) -> Option<FileId> {
    let tree = reader.tree;
    let ends = [format!("{path}.py"), format!("{path}/__init__.py")];
    let found = ends.iter().flat_map(|end| reader.index.ending(tree, end)).filter(|file| {
        let before = tree.path(*file);
        before.split('/').any(|part| part == "python" || part.to_ascii_lowercase().contains("layer"))
    });
    let found: Vec<FileId> = found.collect();
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

pub(super) fn python_file(tree: &SourceTree, folder: &str, path: &str) -> Option<FileId> {
    let whole = if path.is_empty() { folder.to_owned() } else { format!("{folder}/{path}") };
    // A package goes before a module of the same name.
    let file = || (!path.is_empty()).then(|| tree.find(&format!("{whole}.py"))).flatten();
    let found = tree.find(&format!("{whole}/__init__.py")).or_else(file)?;
    (!is_vendored(tree.path(found))).then_some(found)
}
