//! Terraform and OpenTofu into the graph.
//!
//! Owns: finding root modules in a tree and reading each as one app: files into blocks, expressions into values, resources into the
//! graph. Invariants: a file that cannot be read leaves the rest of its module readable; what is only known once Terraform has run
//! is unknown, with its reason; bounded in depth, size and work for any input. Not here: other formats, rules.
//!
//! ```text
//! files ─ bound, parse, json_syntax ─▶ syntax ─ module ─▶ modules ─ evaluate ─▶ values ─ expand ─▶ resources ─ build ─▶ graph::App
//! ```

mod bound;
mod build;
mod evaluate;
mod expand;
mod json;
mod json_syntax;
mod module;
mod parse;
mod stand_in;
mod switches;
mod syntax;
mod terragrunt;
mod value;
mod yaml;

use std::collections::HashSet;
use std::rc::Rc;

use self::evaluate::{BUDGET, Evaluator};
use self::module::{Module, Modules, Tool, tofu};
use self::switches::Given;
use crate::graph::{App, Framework, Unread, Variant};
use crate::source::{Place, SourceTree};

/// Steps of evaluation for all root modules of a tree together.
const TREE_BUDGET: usize = 40_000_000;

/// How many files of values that must be named one root module is read with.
const MAX_NAMED: usize = 6;

/// The largest root module that is read once for each choice that its variables leave, in things that it makes.
const MAX_CHOOSING: usize = 400;

/// Reads every root module of a tree as an app, with what it is when another file of values is named or the other tool reads it, and says
/// which files could not be read.
#[must_use]
pub fn read(tree: &SourceTree) -> (Vec<(App, Vec<Variant>)>, Vec<Unread>) {
    let mut unread = Vec::new();
    let modules = Modules::read(tree, Tool::OpenTofu, &mut unread);
    let with_terraform = tree.files().any(|(_, file)| tofu(&file.path)).then(|| {
        let mut further = Vec::new();
        let modules = Modules::read(tree, Tool::Terraform, &mut further);
        let known: HashSet<Place> = unread.iter().map(|unread| unread.place).collect();
        unread.extend(further.into_iter().filter(|unread| !known.contains(&unread.place)));
        modules
    });
    let mut left = TREE_BUDGET;
    let givers = terragrunt::givers(tree);
    let read = |root: &Rc<Module>| {
        let mut app = read_root(tree, &modules, root, Given::Nothing, &mut left)?;
        let mut variants = variants(tree, &modules, root, &mut app, &mut left);
        if let Some(giver) = givers.iter().find(|giver| giver.may_give(&root.folder)) {
            let why = "what the app is with the values that Terragrunt gives it here: they are not followed";
            app.unknown(None, giver.place, why);
        }
        let other = with_terraform.as_ref().and_then(|modules| Some((modules, modules.find(&root.folder)?)));
        if let Some((modules, root)) = other
            && let Some(other) = read_root(tree, modules, &root, Given::Nothing, &mut left)
            && other != app
        {
            let when = "Terraform reads the files, which leaves those of OpenTofu (`.tofu`) out".to_owned();
            variants.push(Variant { app: other, when, planned: true });
        }
        Some((app, variants))
    };
    let apps = modules.roots().iter().filter_map(read).collect();
    (apps, unread)
}

/// What a root module is with each file of values that must be named, and with other values of the variables that decide.
fn variants(
    tree: &SourceTree,
    modules: &Modules,
    root: &Rc<Module>,
    app: &mut App,
    left: &mut usize,
) -> Vec<Variant> {
    let mut variants = Vec::new();
    for (at, (file, _)) in root.others.iter().enumerate() {
        let path = tree.path(*file);
        let path = path.strip_prefix(&format!("{}/", root.folder)).unwrap_or(path);
        if at >= MAX_NAMED || *left < TREE_BUDGET / 2 {
            app.unknown(
                None,
                Place::whole(*file),
                "what the app is with these values: it is read with too many others",
            );
            continue;
        }
        if let Some(variant) = read_root(tree, modules, root, Given::File(at), left)
            && variant != *app
        {
            let when = format!("the values of `{path}` are given");
            variants.push(Variant { app: variant, when, planned: true });
        }
    }
    let (choices, mut left_out) = switches::choices(root);
    let things =
        app.functions.len() + app.routes.len() + app.roles.len() + app.stores.len() + app.others.len();
    for choice in choices {
        if things > MAX_CHOOSING || *left < TREE_BUDGET / 2 {
            left_out.insert(choice.name);
            continue;
        }
        let given = Given::Value(choice.name, choice.value);
        if let Some(variant) = read_root(tree, modules, root, given, left)
            && variant != *app
            && !variants.iter().any(|known| known.app == variant)
        {
            variants.push(Variant { app: variant, when: choice.when, planned: choice.planned });
        }
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("`{name}`")).collect();
        let why = format!("what is made with every other value of {}: there are too many", names.join(", "));
        app.unknown(None, Place::whole(app.file), why);
    }
    variants
}

/// One root module, with a file of values if one is named; nothing for one that makes nothing.
fn read_root(
    tree: &SourceTree,
    modules: &Modules,
    root: &Rc<Module>,
    given: Given,
    left: &mut usize,
) -> Option<App> {
    let file = root.files.first().copied().filter(|_| !root.is_empty())?;
    let mut app = App::new(name_of(&root.folder), Framework::Terraform, file, root.folder.clone());
    app.includes = root.overrides(tree);
    let budget = BUDGET.min(*left);
    let mut evaluator = Evaluator::new(tree, modules, root, budget);
    evaluator.given = given;
    let resources = expand::resources(&evaluator, &mut app);
    build::build(&evaluator, &resources, &mut app);
    if evaluator.exhausted() {
        let why = "only a part of it was worked out: it makes more than is followed".to_owned();
        app.unread.push(Unread { place: Place::whole(file), why });
        app.macros.insert(None);
    }
    *left = left.saturating_sub(budget - evaluator.left());
    Some(app)
}

/// What readers call the app: its folder, or the one above where the folder only says that it holds infrastructure.
fn name_of(folder: &str) -> String {
    let plain = ["terraform", "tofu", "tf", "infra", "infrastructure", "iac", "deploy", "deployment"];
    let mut parts = folder.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or("app");
    let name = if plain.contains(&last) { parts.next().unwrap_or(last) } else { last };
    name.to_owned()
}

#[cfg(test)]
mod tests;
