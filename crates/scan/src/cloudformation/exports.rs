//! What the stacks of a tree export to one another: `Outputs` with the name of an `Export`.
//!
//! Invariants: a name is only taken for known when one stack exports it, or one is nearer than all others; stacks that import from one
//! another in a circle, which cannot be deployed, export nothing. Not here: what the importing stack takes over (`imports`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::stack::Stack;
use super::value::text;
use crate::document::{self, Key, Node};
use crate::graph::{App, Framework};
use crate::iam::wildcard;
use crate::known::{Name, Piece, Text};
use crate::parallel;
use crate::source::{FileId, SourceTree};

/// How many names of one tree are known; a stack has 200 outputs at most.
const MAX_NAMES: usize = 10_000;
/// How far stacks may import from stacks that import.
const MAX_CHAIN: usize = 4;

/// The exports of a tree.
#[derive(Debug, Default)]
pub struct Exports {
    stacks: Vec<Exporter>,
    /// By name, where the whole name is written.
    plain: HashMap<String, Vec<Export>>,
    /// Names with parts that only a deployment fills in.
    open: Vec<(String, Export)>,
}

/// An output: the number of its stack, and its name there.
pub(super) type Export = (usize, String);

/// A stack that exports something.
#[derive(Debug)]
struct Exporter {
    file: FileId,
    folder: String,
    document: Node,
    read: OnceLock<Exported>,
}

/// What an exporting stack is.
#[derive(Debug)]
pub(super) struct Exported {
    /// Its graph, each name with the file's path before it: `data/template.yaml:Orders`.
    pub(super) app: App,
    /// Its outputs.
    pub(super) values: HashMap<String, Node>,
    /// Where in the graph its things are.
    pub(super) things: HashMap<Name, Thing>,
}

/// A thing of an exporting stack, by its position among those of its kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing {
    Function(usize),
    Role(usize),
    Store(usize),
    Secret(usize),
    Api(usize),
    Authorizer(usize),
    Other(usize),
}

/// Which output a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// One.
    One(Export),
    /// None of this tree.
    None,
    /// One of several, by the numbers of their stacks.
    Several(Vec<usize>),
}

/// A name with `*` for each part that only a deployment fills in; `None` where nothing else would be left.
fn shape(name: &Text) -> Option<String> {
    let part = |piece: &Piece| match piece {
        Piece::Literal(text) => text.replace(['*', '?'], "_"),
        _ => "*".to_owned(),
    };
    let shape: String = name.pieces.iter().map(part).collect();
    (shape.trim_matches('*').len() >= 3).then_some(shape)
}

impl Exports {
    /// Reads what the templates among some files export.
    #[must_use]
    pub fn of(files: &SourceTree, templates: &[FileId]) -> Self {
        let exporter = |file: &FileId| {
            let bytes = files.file(*file).map(|file| &*file.bytes).unwrap_or_default();
            if !bytes.windows(6).any(|word| word == b"Export") {
                return None;
            }
            let documents = document::read_all(files, *file).ok()?;
            let document = documents.into_iter().find(super::is_template)?;
            let folder = files.path(*file).rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            Some(Exporter { file: *file, folder, document, read: OnceLock::new() })
        };
        let stacks: Vec<Exporter> = parallel::map(templates, exporter).into_iter().flatten().collect();
        let none = Self::default();
        let mut made = Self::default();
        let mut wanted: Vec<Vec<Text>> = Vec::new();
        let mut names = 0;
        for (at, exporter) in stacks.iter().enumerate() {
            let stack = Stack::nested(
                files,
                &none,
                exporter.file,
                &exporter.document,
                &BTreeMap::new(),
                String::new(),
                HashMap::new(),
            );
            let outputs = exporter.document.get("Outputs").map(Node::entries).unwrap_or_default();
            for (key, output) in outputs {
                let name = output.at(&["Export", "Name"]).and_then(|name| stack.resolve(name));
                let Some(name) = name.map(|name| text(&name)).filter(|_| names < MAX_NAMES) else { continue };
                names += 1;
                let export = (at, key.text.clone());
                match (name.as_literal(), shape(&name)) {
                    (Some(literal), _) => made.plain.entry(literal.to_owned()).or_default().push(export),
                    (None, Some(shape)) => made.open.push((shape, export)),
                    (None, None) => {}
                }
            }
            wanted.push(super::imports::wanted(&stack));
        }
        made.stacks = stacks;
        made.cut_circles(&wanted);
        made
    }

    /// Leaves out stacks that import from themselves by way of others, or over too many others.
    fn cut_circles(&mut self, wanted: &[Vec<Text>]) {
        // All that a name might stand for: which of them it is may change with what is left out.
        let needs = |(at, names): (usize, &Vec<Text>)| -> BTreeSet<usize> {
            let all = names.iter().flat_map(|name| self.candidates(name));
            all.map(|(_, (stack, _))| *stack).filter(|stack| *stack != at).collect()
        };
        let needs: Vec<BTreeSet<usize>> = wanted.iter().enumerate().map(needs).collect();
        let mut sound = BTreeSet::new();
        for _ in 0..MAX_CHAIN {
            let is_sound = |needs: &BTreeSet<usize>| needs.is_subset(&sound);
            sound = needs.iter().enumerate().filter(|(_, needs)| is_sound(needs)).map(|(at, _)| at).collect();
        }
        self.plain.values_mut().for_each(|exports| exports.retain(|(stack, _)| sound.contains(stack)));
        self.open.retain(|(_, (stack, _))| sound.contains(stack));
    }

    /// Whether nothing is exported.
    pub(super) fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// How many names a name that is not written out is compared with.
    pub(super) fn open_names(&self, name: &Text) -> usize {
        self.open.len() + if name.as_literal().is_some() { 0 } else { self.plain.len() }
    }

    /// The outputs that a name may stand for, each with how well it fits: the least is best.
    fn candidates(&self, name: &Text) -> Vec<(u8, &Export)> {
        let mut found = Vec::new();
        match (name.as_literal(), shape(name)) {
            (Some(literal), _) => {
                let exports = self.plain.get(literal).into_iter().flatten();
                found.extend(exports.map(|export| (0, export)));
                let open = self.open.iter().filter(|(shape, _)| wildcard::matches(shape, literal));
                found.extend(open.map(|(_, export)| (2, export)));
            }
            (None, Some(shape)) => {
                let alike = self.open.iter().filter(|(other, _)| *other == shape);
                found.extend(alike.map(|(_, export)| (1, export)));
                let plain = self.plain.iter().filter(|(literal, _)| wildcard::matches(&shape, literal));
                found.extend(plain.flat_map(|(_, exports)| exports).map(|export| (2, export)));
            }
            (None, None) => {}
        }
        found
    }

    /// The output that a name stands for in a file of a folder: one that fits better than all others, or stands nearer.
    pub(super) fn find(&self, name: &Text, folder: &str, is_own: impl Fn(FileId) -> bool) -> Meant {
        let near = |stack: &Exporter| {
            let shared =
                folder.split('/').zip(stack.folder.split('/')).take_while(|(one, other)| one == other);
            shared.count()
        };
        let candidates = self.candidates(name).into_iter().filter_map(|(rank, export)| {
            let stack = self.stacks.get(export.0).filter(|stack| !is_own(stack.file))?;
            Some(((rank, std::cmp::Reverse(near(stack))), export))
        });
        let mut candidates: Vec<_> = candidates.collect();
        candidates.sort();
        let Some((best, first)) = candidates.first() else { return Meant::None };
        let equal: Vec<&Export> =
            candidates.iter().take_while(|(rank, _)| rank == best).map(|(_, export)| *export).collect();
        match equal.as_slice() {
            [_] => Meant::One((*first).clone()),
            _ => Meant::Several(equal.iter().map(|export| export.0).collect()),
        }
    }

    /// The file of an exporting stack.
    pub(super) fn file(&self, stack: usize) -> Option<FileId> {
        self.stacks.get(stack).map(|stack| stack.file)
    }

    /// What an exporting stack is, read when somebody imports from it for the first time.
    pub(super) fn read(&self, files: &SourceTree, stack: usize) -> Option<&Exported> {
        let exporter = self.stacks.get(stack)?;
        Some(exporter.read.get_or_init(|| {
            let prefix = format!("{}:", files.path(exporter.file));
            let (file, document) = (exporter.file, &exporter.document);
            let stack = Stack::nested(files, self, file, document, &BTreeMap::new(), prefix, HashMap::new());
            let framework = if stack.is_sam() { Framework::Sam } else { Framework::CloudFormation };
            let mut app = App::new("", framework, file, exporter.folder.as_str());
            super::read_stack(&stack, &mut app);
            let outputs = document.get("Outputs").map(Node::entries).unwrap_or_default().iter();
            let value =
                |(key, output): &(Key, Node)| Some((key.text.clone(), stack.resolve(output.get("Value")?)?));
            Exported { things: things(&app), values: outputs.filter_map(value).collect(), app }
        }))
    }
}

fn things(app: &App) -> HashMap<Name, Thing> {
    let mut things = HashMap::new();
    let mut add = |name: &Name, thing| {
        things.entry(name.clone()).or_insert(thing);
    };
    app.functions.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Function(at)));
    app.roles.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Role(at)));
    app.stores.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Store(at)));
    app.secrets.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Secret(at)));
    app.apis.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Api(at)));
    app.authorizers.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Authorizer(at)));
    app.others.iter().enumerate().for_each(|(at, it)| add(&it.name, Thing::Other(at)));
    things
}
