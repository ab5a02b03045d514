//! Which apps a tree holds, and which files belong to each.
//!
//! Invariants: a template that another app takes in (by nesting or including it) is no app of its own; every file belongs to one app at
//! most, except for infrastructure that several share. Not here: how formats are read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::cloudformation::Exports;
use crate::document::{self, Node};
use crate::graph::{App, Framework, Statement, Unread, Variant};
use crate::iam::bound_patterns;
use crate::known::Text;
use crate::packages::Lock;
use crate::rules::Part;
use crate::source::{FileId, Place, SourceTree};
use crate::{cloudformation, parallel, serverless, terraform};

/// Folders of what tools made or fetched. Names that are ordinary words (`target`) and `.venv` are for whoever walks the disk and sees what is beside them.
const MADE: [&str; 7] =
    ["node_modules", ".aws-sam", ".serverless", ".terraform", ".git", "site-packages", "__pycache__"];

fn is_made(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|folder| MADE.contains(&folder)))
}

/// An app as its files describe it.
pub(super) struct Described {
    /// With the values that the files give.
    pub(super) app: App,
    /// With other values.
    pub(super) variants: Vec<Variant>,
}

/// What was found in a tree.
#[derive(Default)]
pub(super) struct Found {
    /// The apps, by the path of their files.
    pub(super) apps: Vec<Described>,
    /// Templates that another app takes in, and that could be deployed by themselves as they are.
    pub(super) parts: Vec<Described>,
    /// What could not be read.
    pub(super) unread: Vec<Unread>,
}

/// What templates are called whatever is in them.
const COMMON: [&str; 6] = ["template", "sam", "cloudformation", "stack", "main", "app"];

impl Found {
    /// Calls apps right in the root, of which only the file's common name is known, by the root's name.
    pub(super) fn call_by(&mut self, root: &str) {
        let common = |it: &&mut Described| it.app.folder.is_empty() && COMMON.contains(&it.app.name.as_str());
        for it in self.apps.iter_mut().chain(&mut self.parts).filter(common) {
            root.clone_into(&mut it.app.name);
        }
    }
}

/// Every app of a tree.
pub(super) fn find(tree: &SourceTree) -> Found {
    let candidates: Vec<FileId> = tree
        .files()
        .filter(|(_, file)| !is_made(&file.path) && may_describe(&file.path, &file.bytes))
        .map(|(id, _)| id)
        .collect();
    let imports = |file: &FileId| tree.file(*file).is_some_and(|file| contains(&file.bytes, b"ImportValue"));
    let exports = match candidates.iter().any(imports) {
        true => {
            let services = candidates.iter().filter(|file| serverless::is_service(tree.path(**file)));
            let held = services.filter_map(|file| Some((*file, serverless::template(tree, *file)?)));
            Exports::of(tree, &candidates, held.collect())
        }
        false => Exports::default(),
    };
    let mut found = Found::default();
    for (app, unread) in parallel::map(&candidates, |file| read(tree, &exports, *file)) {
        found.apps.extend(app);
        found.unread.extend(unread);
    }
    let (apps, unread) = terraform::read(tree);
    found.apps.extend(apps.into_iter().map(|(app, variants)| Described { app, variants }));
    found.unread.extend(unread);
    for it in &mut found.apps {
        bound_patterns(&mut it.app);
        it.variants.iter_mut().for_each(|variant| bound_patterns(&mut variant.app));
    }
    let path = |it: &Described| (tree.path(it.app.file).to_owned(), it.app.name.clone());
    found.apps.sort_by_cached_key(path);
    let programs = programs(tree, &found.apps);
    found.unread.extend(programs);
    take_parts_out(tree, &mut found);
    found
}

/// Programs of the CDK whose stacks are not there: what they make nobody knows.
fn programs(tree: &SourceTree, apps: &[Described]) -> Vec<Unread> {
    let mut unread = Vec::new();
    for (id, file) in
        tree.files().filter(|(_, file)| is_called(&file.path, "cdk.json") && !is_made(&file.path))
    {
        let Ok(settings) = document::read(tree, id) else { continue };
        if settings.get("app").is_none() {
            continue;
        }
        let folder = file.path.strip_suffix("cdk.json").unwrap_or_default();
        let output = settings.get("output").and_then(Node::as_str).unwrap_or("cdk.out");
        let within = format!("{folder}{}/", output.trim_end_matches('/'));
        if !apps.iter().any(|it| tree.path(it.app.file).starts_with(&within)) {
            let why = format!(
                "a program makes the stacks: run `cdk synth` beside it, then `casemate scan {}` (by itself, where `.gitignore` leaves it out)",
                within.trim_end_matches('/')
            );
            unread.push(Unread { place: Place::whole(id), why });
        }
    }
    unread
}

fn is_called(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}

/// Whether a file is worth parsing: most YAML and JSON describes something else.
fn may_describe(path: &str, bytes: &[u8]) -> bool {
    let end = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if serverless::is_service(path) {
        return true;
    }
    if !matches!(end.as_str(), "yml" | "yaml" | "json" | "template") {
        return false;
    }
    let text = plain(bytes);
    // What is called a template is one, even where it ends early or is no text: that is said, and not passed by.
    if is_called_template(path)
        && (contains(&text, b"Resources") || std::str::from_utf8(bytes).is_err() || bytes.contains(&0))
    {
        return true;
    }
    contains(&text, b"Resources") && (contains(&text, b"::") || contains(&text, b"Transform"))
}

/// `template.yaml`, `template.prod.json`, `Shop.template.json`: the names that deployments look for.
fn is_called_template(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut parts = name.split('.').rev().skip(1);
    parts.any(|part| part.eq_ignore_ascii_case("template"))
}

/// The letters of a text as a parser takes them: without the zero bytes of UTF-16, and with ASCII that is written as `\u003a`. Escaped
/// or encoded otherwise, a template must not look like something else.
fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, 0 | b'\\')) {
        return Cow::Borrowed(bytes);
    }
    let mut made = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().filter(|byte| *byte != 0);
    while let Some(byte) = rest.next() {
        let escape = if byte == b'\\' { rest.clone().next() } else { None };
        match escape {
            Some(kind @ (b'u' | b'U' | b'x')) => {
                let digits = if kind == b'u' {
                    4
                } else if kind == b'U' {
                    8
                } else {
                    2
                };
                let mut after = rest.clone().skip(1);
                let hexadecimal: String = after.by_ref().take(digits).map(char::from).collect();
                match u8::from_str_radix(&hexadecimal, 16) {
                    Ok(letter) => {
                        made.push(letter);
                        rest.nth(digits);
                    }
                    Err(_) => made.push(byte),
                }
            }
            // A line that goes on in the next.
            Some(b'\n' | b'\r') => {
                while rest.clone().next().is_some_and(|next| next.is_ascii_whitespace()) {
                    rest.next();
                }
            }
            _ => made.push(byte),
        }
    }
    Cow::Owned(made)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let Some((first, rest)) = part.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|bytes| bytes.iter().position(|byte| byte == first)) {
        from += at + 1;
        if bytes.get(from..).is_some_and(|bytes| bytes.starts_with(rest)) {
            return true;
        }
    }
    false
}

/// What a file describes, and what of it could not be read.
fn read(tree: &SourceTree, exports: &Exports, file: FileId) -> (Option<Described>, Vec<Unread>) {
    if serverless::is_service(tree.path(file)) {
        return match serverless::read(tree, exports, file) {
            Ok(app) => {
                let described = app.map(|mut app| {
                    let variants = serverless::variants(tree, exports, file, &mut app);
                    Described { app, variants }
                });
                (described, Vec::new())
            }
            Err(unread) => (None, vec![unread]),
        };
    }
    let (documents, mut unread) = match document::read_all(tree, file) {
        Ok(documents) => (documents, Vec::new()),
        // What stands before the fault may be read all the same.
        Err(unread) => (document::read(tree, file).into_iter().collect(), vec![unread]),
    };
    let mut templates = documents.iter().filter(|document| cloudformation::is_template(document));
    let app = templates.next().map(|document| {
        let mut app = cloudformation::read(tree, exports, file, document);
        let variants = cloudformation::variants(tree, exports, file, document, &mut app);
        Described { app, variants }
    });
    let further = templates.map(|document| Unread {
        place: document.place,
        why: "a further template in the same file: only the first is assessed".to_owned(),
    });
    unread.extend(further);
    (app, unread)
}

/// Takes out the templates that another app takes in. Of templates that only take in one another, the first by path stays.
fn take_parts_out(tree: &SourceTree, found: &mut Found) {
    let takes: Vec<BTreeSet<FileId>> = found
        .apps
        .iter()
        .map(|it| infrastructure(&it.app).into_iter().filter(|file| *file != it.app.file).collect())
        .collect();
    let by_any: BTreeSet<FileId> = takes.iter().flatten().copied().collect();
    let can_be_part = |app: &App| matches!(app.framework, Framework::Sam | Framework::CloudFormation);
    let stays = |app: &App, taken: &BTreeSet<FileId>| !(can_be_part(app) && taken.contains(&app.file));
    let mut taken = BTreeSet::new();
    for (it, takes) in found.apps.iter().zip(&takes).filter(|(it, _)| stays(&it.app, &by_any)) {
        taken.extend(takes.iter().copied().filter(|file| *file != it.app.file));
    }
    let all = std::mem::take(&mut found.apps);
    for (mut it, takes) in all.into_iter().zip(takes) {
        if stays(&it.app, &by_any) || stays(&it.app, &taken) {
            taken.extend(takes);
            found.apps.push(it);
        } else if is_complete(tree, &it.app) {
            let why = "what the stacks that nest this template make of it is told there; here it has the values of its own defaults";
            it.app.unknown(None, Place::whole(it.app.file), why);
            found.parts.push(it);
        }
    }
}

/// Whether a template could be deployed as it is: every parameter has a default, and no other tool's variables stand in it.
fn is_complete(tree: &SourceTree, app: &App) -> bool {
    let bytes = tree.file(app.file).map(|file| &*file.bytes).unwrap_or_default();
    let foreign: [&[u8]; 4] = [b"${self:", b"${opt:", b"${file(", b"${sls:"];
    app.parameters.iter().all(|parameter| parameter.default.is_some())
        && !foreign.iter().any(|variable| contains(bytes, variable))
}

/// The files that describe a template, each with what it is.
pub(super) fn described(app: &App) -> Vec<(FileId, Part)> {
    infrastructure(app).into_iter().map(|file| (file, Part::Infrastructure)).collect()
}

/// The files that describe an app.
fn infrastructure(app: &App) -> BTreeSet<FileId> {
    let mut files = BTreeSet::from([app.file]);
    let mut see = |place: Place| {
        files.insert(place.file);
    };
    for function in &app.functions {
        see(function.place);
        function.environment.iter().for_each(|variable| see(variable.value.place));
    }
    app.apis.iter().for_each(|api| see(api.place));
    app.routes.iter().for_each(|route| see(route.place));
    app.authorizers.iter().for_each(|authorizer| see(authorizer.place));
    app.triggers.iter().for_each(|trigger| see(trigger.place));
    for role in &app.roles {
        see(role.place);
        role.statements.iter().chain(&role.trust).for_each(|statement: &Statement| see(statement.place));
    }
    for store in &app.stores {
        see(store.place);
        store.policy.iter().for_each(|statement| see(statement.place));
    }
    app.secrets.iter().for_each(|secret| see(secret.place));
    app.networks.iter().for_each(|network| see(network.place));
    for parameter in &app.parameters {
        see(parameter.place);
        parameter.default.iter().for_each(|text: &Text| see(text.place));
    }
    app.others.iter().for_each(|other| see(other.place));
    if app.framework != Framework::Serverless {
        files.extend(&app.includes);
    }
    // What is imported is described by the app that exports it.
    files.retain(|file| app.describes(*file) || !app.borrowed.contains(file));
    files
}

/// The files of each app: what describes it, and the code and settings in its folder.
pub(super) fn files(tree: &SourceTree, apps: &[Described]) -> Vec<Vec<(FileId, Part)>> {
    let of = |it: &Described| {
        let variants = it.variants.iter().flat_map(|variant| infrastructure(&variant.app));
        infrastructure(&it.app).into_iter().chain(variants).collect()
    };
    let described: Vec<BTreeSet<FileId>> = apps.iter().map(of).collect();
    let all: BTreeSet<FileId> = described.iter().flatten().copied().collect();
    // The first app of a folder has what lies in it and below, down to the folders of others.
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, it) in apps.iter().enumerate() {
        owners.entry(it.app.folder.as_str()).or_insert(at);
    }
    let mut lists: Vec<Vec<(FileId, Part)>> = described
        .iter()
        .map(|files| files.iter().map(|file| (*file, Part::Infrastructure)).collect())
        .collect();
    for (id, file) in tree.files() {
        if all.contains(&id) || is_made(&file.path) || !holds_code(&file.path) {
            continue;
        }
        let owner = owner(&owners, &file.path).or((apps.len() == 1).then_some(0));
        if let Some(list) = owner.and_then(|at| lists.get_mut(at)) {
            list.push((id, Part::Code));
        }
    }
    lists
}

/// The lock files of each app, by position: those of its folder and of the folders around it, up to another app's.
pub(super) fn locks(tree: &SourceTree, apps: &[Described], locks: &[Lock]) -> Vec<BTreeSet<usize>> {
    let mut lists = vec![BTreeSet::new(); apps.len()];
    for (at, lock) in locks.iter().enumerate() {
        let folder = tree.path(lock.file).rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = |inner: &str, outer: &str| {
            outer.is_empty()
                || inner == outer
                || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
        };
        // One beside code of the app, else one that the app lies below.
        let within: Vec<usize> = positions(apps, |app| below(folder, &app.folder));
        let longest = within.iter().filter_map(|at| apps.get(*at)).map(|it| it.app.folder.len()).max();
        let chosen = match longest {
            Some(longest) => positions(apps, |app| app.folder.len() == longest && below(folder, &app.folder)),
            None => positions(apps, |app| below(&app.folder, folder)),
        };
        for app in chosen {
            if let Some(list) = lists.get_mut(app) {
                list.insert(at);
            }
        }
    }
    lists
}

fn positions(apps: &[Described], wanted: impl Fn(&App) -> bool) -> Vec<usize> {
    apps.iter().enumerate().filter(|(_, it)| wanted(&it.app)).map(|(at, _)| at).collect()
}

/// The app of the nearest folder around a file.
fn owner(owners: &BTreeMap<&str, usize>, path: &str) -> Option<usize> {
    let mut folder = path;
    while let Some((around, _)) = folder.rsplit_once('/') {
        if let Some(at) = owners.get(around) {
            return Some(*at);
        }
        folder = around;
    }
    owners.get("").copied()
}

/// Code, and settings that code reads.
fn holds_code(path: &str) -> bool {
    const ENDS: [&str; 24] = [
        "js",
        "mjs",
        "cjs",
        "ts",
        "mts",
        "cts",
        "jsx",
        "tsx",
        "py",
        "go",
        "java",
        "kt",
        "rb",
        "cs",
        "rs",
        "php",
        "sh",
        "env",
        "properties",
        "ini",
        "tfvars",
        "pem",
        "key",
        "toml",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.rsplit('.').next().unwrap_or_default();
    let made = name.ends_with(".min.js") || name.ends_with(".lock") || name == "Cargo.lock";
    !made && (ENDS.contains(&end) || name.starts_with(".env"))
}
