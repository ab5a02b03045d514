//! What the stacks of a tree export to one another: `Outputs` with the name of an `Export`.
//!
//! Invariants: of several stacks that export a name the nearest is meant, and the others are named; a stack that is imported while it is
//! being read, which cannot be deployed, gives nothing; comparing names and copying things is bounded for the whole tree, never at the
//! cost of what a stack itself may make. Not here: what the importing stack takes over (`imports`).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::policy::statements;
use super::stack::Stack;
use super::value::text;
use crate::document::{self, Key, Node};
use crate::graph::{App, Framework, Import, Statement};
use crate::iam::wildcard;
use crate::known::{Name, Piece, Text};
use crate::parallel;
use crate::source::{FileId, SourceTree};

/// How many names of one tree are known; a stack has 200 outputs at most.
const MAX_NAMES: usize = 100_000;
/// How many of them may have parts that only a deployment fills in: each is compared with each import.
const MAX_OPEN: usize = 2_000;
/// How much comparing names may cost for one tree: less than a second.
const MAX_COMPARED: usize = 12_000_000;
/// What it costs to compare a name with a pattern, beside seeing that two are the same.
const PATTERN: usize = 4;
/// How many bytes of text the apps of one tree take over from one another.
const MAX_COPIED: usize = 64 << 20;
/// How far stacks may import from stacks that import.
const MAX_CHAIN: usize = 16;

thread_local! {
    /// The stacks that this thread is reading: whoever asks for one of them imports in a circle.
    static READING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// The exports of a tree.
#[derive(Debug, Default)]
pub struct Exports {
    stacks: Vec<Exporter>,
    /// By name, where the whole name is written.
    plain: HashMap<String, Vec<Export>>,
    /// Names with parts that only a deployment fills in.
    open: Vec<(String, Export)>,
    /// Whether there are more names than are known.
    cut: bool,
    compared: AtomicUsize,
    copied: AtomicUsize,
    /// Whoever reads a stack: two threads would wait for one another where stacks import in a circle.
    turn: Mutex<()>,
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
    /// The names by which it exports parts of its things, where these are written out.
    pub(super) names: HashMap<Name, Vec<Import>>,
    /// Where in the graph its things are.
    pub(super) things: HashMap<Name, Thing>,
    /// What its managed policies say.
    pub(super) policies: HashMap<Name, Vec<Statement>>,
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
    /// This one; further stacks export the same name.
    One(Export, Vec<usize>),
    /// None of this tree.
    None,
    /// One of several, by the numbers of their stacks.
    Several(Vec<usize>),
    /// There are too many names to tell.
    TooMany,
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
    /// Reads what the templates among some files export, and what those do that other formats hold.
    #[must_use]
    pub fn of(files: &SourceTree, templates: &[FileId], held: Vec<(FileId, Node)>) -> Self {
        let exporting = |file: FileId, document| {
            let folder = files.path(file).rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            Exporter { file, folder, document, read: OnceLock::new() }
        };
        let exporter = |file: &FileId| {
            let bytes = files.file(*file).map(|file| &*file.bytes).unwrap_or_default();
            if !bytes.windows(6).any(|word| word == b"Export") {
                return None;
            }
            let documents = document::read_all(files, *file).ok()?;
            let document = documents.into_iter().find(super::is_template)?;
            Some(exporting(*file, document))
        };
        let found = parallel::map(templates, exporter).into_iter().flatten();
        let stacks: Vec<Exporter> =
            found.chain(held.into_iter().map(|(file, document)| exporting(file, document))).collect();
        let none = Self::default();
        let mut made = Self::default();
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
                let Some(name) = name.map(|name| text(&name)) else { continue };
                names += 1;
                if names > MAX_NAMES || (name.as_literal().is_none() && made.open.len() >= MAX_OPEN) {
                    made.cut = true;
                    continue;
                }
                let export = (at, key.text.clone());
                match (name.as_literal(), shape(&name)) {
                    (Some(literal), _) => made.plain.entry(literal.to_owned()).or_default().push(export),
                    (None, Some(shape)) => made.open.push((shape, export)),
                    (None, None) => {}
                }
            }
        }
        made.stacks = stacks;
        made
    }

    /// Whether nothing is exported.
    pub(super) fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// Counts against a bound of the whole tree; false when it is reached.
    fn charge(spent: &AtomicUsize, more: usize, most: usize) -> bool {
        spent.fetch_add(more, Ordering::Relaxed) <= most
    }

    /// Counts text that an app takes over; false when all apps together have taken over too much.
    pub(super) fn may_copy(&self, bytes: usize) -> bool {
        Self::charge(&self.copied, bytes, MAX_COPIED)
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
        let cost = match name.as_literal() {
            Some(_) => self.open.len() * PATTERN,
            None => self.open.len() + self.plain.len() * PATTERN,
        };
        if !Self::charge(&self.compared, 1 + cost, MAX_COMPARED) {
            return Meant::TooMany;
        }
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
        let Some((best, first)) = candidates.first() else {
            return if self.cut { Meant::TooMany } else { Meant::None };
        };
        let same_rank = candidates.iter().filter(|(rank, _)| rank.0 == best.0);
        let alike: Vec<usize> = same_rank.map(|(_, export)| export.0).collect();
        match candidates.get(1) {
            Some((second, _)) if second == best => Meant::Several(alike),
            _ => Meant::One((*first).clone(), alike.into_iter().skip(1).collect()),
        }
    }

    /// The file of an exporting stack.
    pub(super) fn file(&self, stack: usize) -> Option<FileId> {
        self.stacks.get(stack).map(|stack| stack.file)
    }

    /// What an exporting stack is, read when somebody imports from it for the first time; nothing where it imports from itself by way of
    /// others, or over too many others.
    pub(super) fn read(&self, files: &SourceTree, stack: usize) -> Option<&Exported> {
        let exporter = self.stacks.get(stack)?;
        if let Some(read) = exporter.read.get() {
            return Some(read);
        }
        let (depth, circle) = READING.with_borrow(|reading| (reading.len(), reading.contains(&stack)));
        if circle || depth >= MAX_CHAIN {
            return None;
        }
        let _turn = (depth == 0).then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        if exporter.read.get().is_none() {
            READING.with_borrow_mut(|reading| reading.push(stack));
            let read = self.exported(files, exporter);
            READING.with_borrow_mut(Vec::pop);
            // Only this thread has the turn.
            let _ = exporter.read.set(read);
        }
        exporter.read.get()
    }

    fn exported(&self, files: &SourceTree, exporter: &Exporter) -> Exported {
        let prefix = format!("{}:", files.path(exporter.file));
        let (file, document) = (exporter.file, &exporter.document);
        let stack = Stack::nested(files, self, file, document, &BTreeMap::new(), prefix, HashMap::new());
        let framework = if stack.is_sam() { Framework::Sam } else { Framework::CloudFormation };
        let mut app = App::new("", framework, file, exporter.folder.as_str());
        super::read_stack(&stack, &mut app);
        let outputs = document.get("Outputs").map(Node::entries).unwrap_or_default().iter();
        let value =
            |(key, output): &(Key, Node)| Some((key.text.clone(), stack.resolve(output.get("Value")?)?));
        let policy = |(key, node): &(Key, Node)| {
            let resource = stack.resource(key, node)?;
            Some((resource.name, statements(resource.properties.get("PolicyDocument")?)))
        };
        let names = named(&stack, document);
        let policies = stack.resources_of(&["AWS::IAM::ManagedPolicy"]).iter().filter_map(policy).collect();
        Exported { things: things(&app), values: outputs.filter_map(value).collect(), names, policies, app }
    }

    /// What a managed policy of a stack says from which somebody imported it.
    pub(super) fn policy(&self, files: &SourceTree, name: &Name) -> Option<&[Statement]> {
        let (path, _) = name.as_str().rsplit_once(':')?;
        let exporter = self.stacks.iter().find(|stack| files.path(stack.file) == path)?;
        exporter.read.get()?.policies.get(name).map(Vec::as_slice)
    }
}

fn named(stack: &Stack<'_>, document: &Node) -> HashMap<Name, Vec<Import>> {
    let mut names: HashMap<Name, Vec<Import>> = HashMap::new();
    for (_, output) in document.get("Outputs").map(Node::entries).unwrap_or_default() {
        let resolved = |path: &[&str]| stack.resolve(output.at(path)?).map(|node| text(&node));
        let (Some(value), Some(name)) = (resolved(&["Value"]), resolved(&["Export", "Name"])) else {
            continue;
        };
        if let (Some((thing, attribute)), Some(name)) = (value.as_reference(), name.as_literal()) {
            let import = Import { thing: thing.clone(), attribute: attribute.clone(), name: name.to_owned() };
            names.entry(thing.clone()).or_default().push(import);
        }
    }
    names
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
