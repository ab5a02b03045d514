//! A module: what the Terraform files of one folder declare.
//!
//! Owns: gathering files into modules as each tool does, and which modules are roots. Invariant: a file that cannot be read leaves the others
//! of its module readable. Not here: what the declarations come to (`evaluate`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::json_syntax;
use super::parse::{self, Source};
use super::syntax::{Attribute, Block, Body, Expr};
use crate::graph::Unread;
use crate::source::{FileId, Place, SourceTree, normalise};

/// The Terraform files of a folder, read.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Relative to the tree; for a module of our own that of whoever calls it.
    pub(super) folder: String,
    pub(super) files: Vec<FileId>,
    pub(super) variables: Vec<Variable>,
    pub(super) locals: HashMap<String, Expr>,
    pub(super) resources: Vec<Declared>,
    pub(super) calls: Vec<ModuleCall>,
    pub(super) outputs: HashMap<String, Expr>,
    /// What the files of values say, the last one first.
    pub(super) given: Vec<Attribute>,
    /// Files of values that count only when they are named: `prod.tfvars`.
    pub(super) others: Vec<(FileId, Vec<Attribute>)>,
    /// Whether it says where its state is kept, which only counts where it is applied by itself.
    keeps_state: bool,
    /// Whether it says how a provider is set up.
    sets_up: bool,
    variable_index: HashMap<String, usize>,
    resource_index: HashMap<(bool, String, String), usize>,
    call_index: HashMap<String, usize>,
}

/// `variable "name" { … }`.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) head: Place,
    pub(super) default: Option<Expr>,
    /// Its type, which may say what an object's missing attributes are.
    pub(super) kind: Option<Expr>,
    pub(super) sensitive: bool,
}

/// `resource "kind" "label" { … }` or `data …`.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) data: bool,
    pub(super) head: Place,
    pub(super) body: Body,
}

/// `module "label" { source = "…" … }`.
#[derive(Debug)]
pub(super) struct ModuleCall {
    pub(super) label: String,
    pub(super) head: Place,
    pub(super) body: Body,
    /// Where the module comes from, as it is written.
    pub(super) source: String,
}

impl Variable {
    fn take(&mut self, attributes: Vec<Attribute>) {
        for attribute in attributes {
            match attribute.name.as_str() {
                "default" => self.default = Some(attribute.value),
                "type" => self.kind = Some(attribute.value),
                "sensitive" => self.sensitive = is_true(&attribute.value),
                _ => {}
            }
        }
    }
}

impl Module {
    pub(super) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(*self.variable_index.get(name)?)
    }

    /// Which resource or data source this is.
    pub(super) fn resource(&self, data: bool, kind: &str, label: &str) -> Option<usize> {
        self.resource_index.get(&(data, kind.to_owned(), label.to_owned())).copied()
    }

    pub(super) fn call(&self, label: &str) -> Option<usize> {
        self.call_index.get(label).copied()
    }

    /// The folder that a call leads to, when its source is a path.
    pub(super) fn folder_of(&self, call: &ModuleCall) -> Option<String> {
        let local = call.source.starts_with("./") || call.source.starts_with("../");
        local.then(|| normalise(&format!("{}/{}", self.folder, call.source)))?
    }

    /// Whether it is applied by itself, though others may call it: what it has of its own, callers have no use for.
    fn is_applied(&self) -> bool {
        self.keeps_state || !self.given.is_empty() || !self.others.is_empty()
    }

    /// Whether it declares anything that would be made.
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.calls.is_empty()
    }

    /// The files that change what the others declare.
    pub(super) fn overrides(&self, tree: &SourceTree) -> Vec<FileId> {
        self.files.iter().copied().filter(|file| is_override(tree.path(*file))).collect()
    }

    /// A module of our own, which stands for one that is not in the tree.
    pub(super) fn of_text(text: &str, place: Place, folder: &str) -> Self {
        let mut module = Self { folder: folder.to_owned(), ..Self::default() };
        if let Ok(body) = parse::body(Source::fixed(text, place)) {
            module.take(body);
        }
        module
    }

    /// Files come by path. The last `.auto.tfvars` wins, and all of them over `terraform.tfvars`.
    fn take_values(&mut self, path: &str, values: Vec<Attribute>) {
        if path.contains(".auto.tfvars") {
            self.given.splice(0..0, values);
        } else {
            self.given.extend(values);
        }
    }

    fn take(&mut self, body: Body) {
        for block in body.blocks {
            self.take_block(block);
        }
    }

    /// What an override file declares goes into what the other files declare.
    fn take_overrides(&mut self, body: Body) {
        for block in body.blocks {
            if let Some(block) = self.overridden(block) {
                self.take_block(block);
            }
        }
    }

    /// Merges a block into the one of the same address; gives it back where there is none. Terraform refuses such a module, and what
    /// it refuses today may be meant for tomorrow.
    fn overridden(&mut self, block: Block) -> Option<Block> {
        let label = |at: usize| block.labels.get(at).map(String::as_str).unwrap_or_default();
        match block.kind.as_str() {
            "resource" | "data" => {
                let index = self.resource(block.kind == "data", label(0), label(1));
                match index.and_then(|index| self.resources.get_mut(index)) {
                    Some(declared) => declared.body.merge(block.body),
                    None => return Some(block),
                }
            }
            "module" => match self.call(label(0)).and_then(|index| self.calls.get_mut(index)) {
                Some(call) => {
                    if let Some(source) = block.body.attribute("source").and_then(Expr::as_literal) {
                        call.source = source.to_owned();
                    }
                    call.body.merge(block.body);
                }
                None => return Some(block),
            },
            "variable" => {
                let index = self.variable_index.get(label(0)).copied();
                match index.and_then(|index| self.variables.get_mut(index)) {
                    Some(variable) => variable.take(block.body.attributes),
                    None => return Some(block),
                }
            }
            "locals" => {
                let locals = block.body.attributes.into_iter();
                self.locals.extend(locals.map(|attribute| (attribute.name, attribute.value)));
            }
            "output" => {
                let name = label(0).to_owned();
                let value = block.body.attributes.into_iter().find(|attribute| attribute.name == "value");
                self.outputs.extend(value.map(|attribute| (name, attribute.value)));
            }
            _ => {}
        }
        None
    }

    /// What is declared twice counts as it stands first.
    fn take_block(&mut self, mut block: Block) {
        let mut labels = std::mem::take(&mut block.labels).into_iter();
        let (first, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
        match block.kind.as_str() {
            "resource" | "data" => {
                let data = block.kind == "data";
                let index = self.resources.len();
                self.resource_index.entry((data, first.clone(), second.clone())).or_insert(index);
                let (head, body) = (block.head, block.body);
                self.resources.push(Declared { kind: first, label: second, data, head, body });
            }
            "module" => {
                let source = block.body.attribute("source").and_then(Expr::as_literal).unwrap_or_default();
                let source = source.to_owned();
                self.call_index.entry(first.clone()).or_insert(self.calls.len());
                self.calls.push(ModuleCall { label: first, head: block.head, body: block.body, source });
            }
            "variable" => {
                self.variable_index.entry(first.clone()).or_insert(self.variables.len());
                let head = block.head;
                let mut variable =
                    Variable { name: first, head, default: None, kind: None, sensitive: false };
                variable.take(block.body.attributes);
                self.variables.push(variable);
            }
            "terraform" => {
                let keeps = |kind: &str| matches!(kind, "backend" | "cloud");
                // In JSON a block may be read as an attribute.
                self.keeps_state |= block.body.blocks.iter().any(|block| keeps(&block.kind))
                    || block.body.attributes.iter().any(|attribute| keeps(&attribute.name));
            }
            "provider" => self.sets_up = true,
            "locals" => {
                for attribute in block.body.attributes {
                    self.locals.entry(attribute.name).or_insert(attribute.value);
                }
            }
            "output" => {
                let value = block.body.attributes.into_iter().find(|attribute| attribute.name == "value");
                if let Some(value) = value {
                    self.outputs.entry(first).or_insert(value.value);
                }
            }
            _ => {}
        }
    }
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr.kind, super::syntax::ExprKind::Bool(true)) || expr.as_literal() == Some("true")
}

/// Which tool reads the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// It takes `main.tofu` in the place of `main.tf`.
    OpenTofu,
    /// It leaves files out that are only for the other.
    Terraform,
}

impl Tool {
    /// Whether it reads a file of blocks.
    fn reads(self, tree: &SourceTree, path: &str) -> bool {
        match (self, tofu(path), tofu_of(path)) {
            (Self::Terraform, true, _) => false,
            (Self::OpenTofu, false, Some(instead)) => tree.find(&instead).is_none(),
            _ => true,
        }
    }
}

/// Whether a file is for OpenTofu alone.
pub(super) fn tofu(path: &str) -> bool {
    path.ends_with(".tofu") || path.ends_with(".tofu.json")
}

/// The file that OpenTofu reads instead of a file, where it is there.
fn tofu_of(path: &str) -> Option<String> {
    let plain = path.strip_suffix(".tf").map(|stem| format!("{stem}.tofu"));
    plain.or_else(|| path.strip_suffix(".tf.json").map(|stem| format!("{stem}.tofu.json")))
}

/// All modules of a tree, by folder.
pub(super) struct Modules {
    by_folder: BTreeMap<String, Rc<Module>>,
}

impl Modules {
    /// Reads every file of the tree that a tool reads.
    pub(super) fn read(tree: &SourceTree, tool: Tool, unread: &mut Vec<Unread>) -> Self {
        let mut folders: BTreeMap<String, Module> = BTreeMap::new();
        let mut others = Vec::new();
        let of_terraform = tree
            .files()
            .filter_map(|(id, file)| Some((id, file, Sort::of(&file.path)?)))
            .filter(|(_, file, _)| tool.reads(tree, &file.path));
        let mut files: Vec<_> = of_terraform.collect();
        // Overrides change what the other files declare, wherever they stand among them by name.
        files.sort_by_key(|(_, file, _)| is_override(&file.path));
        for (id, file, sort) in files {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if matches!(sort, Sort::OtherValues | Sort::OtherJsonValues) {
                others.push((folder, id, sort));
                continue;
            }
            let module = folders
                .entry(folder.to_owned())
                .or_insert_with(|| Module { folder: folder.to_owned(), ..Module::default() });
            if let Err(why) = take_file(module, tree, id, sort) {
                unread.push(why);
            }
        }
        folders.retain(|_, module| !module.files.is_empty());
        for (folder, id, sort) in others {
            // `environments/prod.tfvars` is for the module above.
            let mut around = Some(folder);
            while let Some(folder) = around {
                if let Some(module) = folders.get_mut(folder) {
                    unread.extend(take_file(module, tree, id, sort).err());
                    break;
                }
                around =
                    folder.rsplit_once('/').map(|(folder, _)| folder).or((!folder.is_empty()).then_some(""));
            }
        }
        // Only so many are looked at, and what is deployed counts first.
        for module in folders.values_mut() {
            module.others.sort_by_key(|(file, _)| !tree.path(*file).contains("prod"));
        }
        let by_folder = folders.into_iter().map(|(folder, module)| (folder, Rc::new(module))).collect();
        Self { by_folder }
    }

    pub(super) fn find(&self, folder: &str) -> Option<Rc<Module>> {
        self.by_folder.get(folder).cloned()
    }

    /// The modules that no other one calls, and those that are applied by themselves besides; of modules that only call each other, the
    /// first.
    pub(super) fn roots(&self) -> Vec<Rc<Module>> {
        let mut callers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for module in self.by_folder.values() {
            for called in self.callees(module) {
                callers.entry(called).or_default().push(&module.folder);
            }
        }
        // One that only its own examples and tests call is what they are examples of.
        let within = |folder: &str, module: &Module| {
            let rest = folder.strip_prefix(module.folder.as_str());
            rest.is_some_and(|rest| module.folder.is_empty() || rest.starts_with('/'))
        };
        let is_root = |module: &Module| match callers.get(&module.folder) {
            None => true,
            Some(callers) => {
                module.is_applied() || (module.sets_up && callers.iter().all(|by| within(by, module)))
            }
        };
        let mut roots: Vec<&Rc<Module>> = self.by_folder.values().filter(|module| is_root(module)).collect();
        let mut reached = BTreeSet::new();
        for root in &roots {
            self.reach(root, &mut reached);
        }
        for module in self.by_folder.values() {
            if !reached.contains(&module.folder) {
                roots.push(module);
                self.reach(module, &mut reached);
            }
        }
        roots.sort_by(|left, right| left.folder.cmp(&right.folder));
        roots.into_iter().cloned().collect()
    }

    /// The folders that a module calls, itself not.
    fn callees(&self, module: &Module) -> Vec<String> {
        let folders = module.calls.iter().filter_map(|call| module.folder_of(call));
        folders.filter(|folder| *folder != module.folder && self.by_folder.contains_key(folder)).collect()
    }

    fn reach(&self, module: &Rc<Module>, reached: &mut BTreeSet<String>) {
        let mut next = vec![module.folder.clone()];
        while let Some(folder) = next.pop() {
            if let Some(module) = self.by_folder.get(&folder)
                && reached.insert(folder)
            {
                next.extend(self.callees(module));
            }
        }
    }
}

/// What a file holds, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Blocks,
    JsonBlocks,
    Values,
    JsonValues,
    /// Values that count only when their file is named.
    OtherValues,
    OtherJsonValues,
}

impl Sort {
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let fetched = path.split('/').any(|part| part == ".terraform" || part == ".terragrunt-cache");
        if fetched {
            return None;
        }
        match name {
            "terraform.tfvars" => Some(Self::Values),
            "terraform.tfvars.json" => Some(Self::JsonValues),
            _ if name.ends_with(".auto.tfvars") => Some(Self::Values),
            _ if name.ends_with(".auto.tfvars.json") => Some(Self::JsonValues),
            _ if name.ends_with(".tfvars") => Some(Self::OtherValues),
            _ if name.ends_with(".tfvars.json") => Some(Self::OtherJsonValues),
            _ if name.ends_with(".tf") || name.ends_with(".tofu") => Some(Self::Blocks),
            _ if name.ends_with(".tf.json") || name.ends_with(".tofu.json") => Some(Self::JsonBlocks),
            _ => None,
        }
    }
}

/// `override.tf`, `prod_override.tf`, and the same in JSON.
fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".json").unwrap_or(name);
    let stem = name.strip_suffix(".tf").or_else(|| name.strip_suffix(".tofu"));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

fn take_file(module: &mut Module, tree: &SourceTree, file: FileId, sort: Sort) -> Result<(), Unread> {
    if matches!(sort, Sort::Blocks | Sort::JsonBlocks) {
        module.files.push(file);
    }
    let source = Source::of_file(tree, file)?;
    match sort {
        Sort::Blocks | Sort::JsonBlocks => {
            let body = if sort == Sort::Blocks { parse::body(source)? } else { json_syntax::body(source)? };
            if is_override(tree.path(file)) { module.take_overrides(body) } else { module.take(body) }
        }
        Sort::Values => module.take_values(tree.path(file), parse::body(source)?.attributes),
        Sort::JsonValues => module.take_values(tree.path(file), json_syntax::values(source)?),
        Sort::OtherValues => module.others.push((file, parse::body(source)?.attributes)),
        Sort::OtherJsonValues => module.others.push((file, json_syntax::values(source)?)),
    }
    Ok(())
}
