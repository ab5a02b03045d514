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
mod syntax;
mod value;
mod yaml;

use std::rc::Rc;

use self::evaluate::{BUDGET, Evaluator};
use self::module::{Module, Modules};
use crate::graph::{App, Framework, Unread};
use crate::source::{Place, SourceTree};

/// Steps of evaluation for all root modules of a tree together.
const TREE_BUDGET: usize = 40_000_000;

/// Reads every root module of a tree as an app, and says which files could not be read.
#[must_use]
pub fn read(tree: &SourceTree) -> (Vec<App>, Vec<Unread>) {
    let mut unread = Vec::new();
    let modules = Modules::read(tree, &mut unread);
    let mut left = TREE_BUDGET;
    let read = |root: &Rc<Module>| read_root(tree, &modules, root, &mut left);
    let apps = modules.roots().iter().filter_map(read).collect();
    (apps, unread)
}

/// One root module; nothing for one that makes nothing.
fn read_root(tree: &SourceTree, modules: &Modules, root: &Rc<Module>, left: &mut usize) -> Option<App> {
    let file = root.files.first().copied().filter(|_| !root.is_empty())?;
    let mut app = App::new(name_of(&root.folder), Framework::Terraform, file, root.folder.clone());
    app.includes = root.overrides(tree);
    let budget = BUDGET.min(*left);
    let evaluator = Evaluator::new(tree, modules, root, budget);
    let resources = expand::resources(&evaluator, &mut app);
    build::build(&evaluator, &resources, &mut app);
    if evaluator.exhausted() {
        app.unknown(None, Place::whole(file), "the module is too large to be worked out in full");
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
