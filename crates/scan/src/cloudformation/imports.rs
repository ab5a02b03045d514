//! What a stack imports from the stacks beside it: `Fn::ImportValue`.
//!
//! What is imported, and what a role that is imported speaks of, becomes part of the graph under the name of its own file
//! (`data/template.yaml:Orders`). Invariants: it is told apart by the files it stands in ([`App::borrowed`]), so that nobody is blamed
//! for it twice; the code and the ways in of imported functions stay with their own app. Not here: which stack is meant (`exports`).

use std::collections::{BTreeMap, BTreeSet};

use super::exports::{Export, Exported, Meant, Thing};
use super::resolve::intrinsic_of;
use super::stack::Stack;
use super::value::{composed, text};
use crate::document::{Node, NodeKind};
use crate::graph::{App, Function, Import, Statement};
use crate::known::{Known, Name, Piece, Text};
use crate::source::Place;

/// How many things of other stacks one app may have.
const MAX_BORROWED: usize = 2_000;

/// What was imported and is not in the graph yet.
#[derive(Debug, Default)]
pub(super) struct Imported {
    exports: BTreeMap<Export, String>,
    /// Where a name may mean several outputs, and what to say of it.
    unclear: BTreeMap<Place, String>,
}

/// Calls `see` with the argument of each import.
fn walk<'n>(node: &'n Node, see: &mut impl FnMut(&'n Node)) {
    if let Some(("Fn::ImportValue", argument)) = intrinsic_of(node) {
        return see(argument);
    }
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|item| walk(item, see)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| walk(value, see)),
        NodeKind::Tagged(_, inner) => walk(inner, see),
        _ => {}
    }
}

/// Takes over what some parts of a template import, before anything refers to it.
pub(crate) fn read<'n>(stack: &Stack<'_>, app: &mut App, parts: impl IntoIterator<Item = &'n Node>) {
    if stack.exports.is_empty() {
        return;
    }
    for part in parts {
        walk(part, &mut |argument| {
            import(stack, argument, argument.place, 0);
        });
    }
    take_over(stack, app);
}

/// What an import gives.
pub(super) fn import(stack: &Stack<'_>, argument: &Node, place: Place, depth: usize) -> Node {
    let name = stack.resolve_at(argument, depth).map(|name| text(&name));
    let name = name.unwrap_or_else(|| Text::literal("", place));
    let later = || composed(place, vec![Piece::Parameter(format!("ImportValue {name}"))]);
    let exports = stack.exports;
    let paths = |stacks: &[usize]| {
        let files: BTreeSet<_> = stacks.iter().filter_map(|at| exports.file(*at)).collect();
        let files: Vec<_> = files.iter().map(|file| format!("`{}`", stack.files.path(*file))).collect();
        files.join(" and ")
    };
    let unclear = |why: String| {
        stack.imported.borrow_mut().unclear.insert(place, why);
    };
    match exports.find(&name, stack.folder(), |file| stack.is_within(file)) {
        Meant::None => later(),
        Meant::TooMany => {
            unclear(format!("what `{name}` imports: the tree exports too many names"));
            later()
        }
        Meant::Several(stacks) => {
            unclear(format!("what `{name}` imports: {} export it", paths(&stacks)));
            later()
        }
        Meant::One(export, others) => {
            let Some(exported) = exports.read(stack.files, export.0) else {
                unclear(format!("what `{name}` imports: stacks import in a circle or over too many others"));
                return later();
            };
            let Some(value) = exported.values.get(&export.1) else { return later() };
            if !others.is_empty() {
                let (taken, others) = (paths(&[export.0]), paths(&others));
                unclear(format!(
                    "what `{name}` imports: {others} export it too; {taken} is nearer, and is taken"
                ));
            }
            stack.imported.borrow_mut().exports.insert(export, name.to_string());
            Node { place, kind: value.kind.clone() }
        }
    }
}

/// Puts what was imported since into the graph.
pub(super) fn take_over(stack: &Stack<'_>, app: &mut App) {
    let Imported { exports, unclear } = stack.imported.take();
    for (place, why) in unclear {
        app.unknown(None, place, why);
    }
    for ((number, output), imported_as) in exports {
        let Some(exported) = stack.exports.read(stack.files, number) else { continue };
        let Some(value) = exported.values.get(&output).map(text) else { continue };
        let mut waiting: Vec<Name> = value.references().cloned().collect();
        named(app, &value, imported_as);
        while let Some(name) = waiting.pop() {
            let mut taken = stack.taken.borrow_mut();
            if taken.len() >= MAX_BORROWED || !stack.exports.may_copy(size(exported, &name)) {
                let why = "what else is imported: more than is followed";
                app.unknown(None, Place::whole(stack.file), why);
                return;
            }
            // A stack that imports in a circle meets what it has itself.
            let own = name.as_str().rsplit_once(':').and_then(|(path, _)| stack.files.find(path));
            if own.is_some_and(|file| stack.is_within(file) || app.describes(file)) {
                continue;
            }
            // A format that embeds CloudFormation may have taken it over already.
            if taken.insert(name.clone()) && !holds(app, exported, &name) {
                app.borrowed.insert(exported.app.file);
                app.borrowed.extend(&exported.app.includes);
                app.borrowed.extend(&exported.app.borrowed);
                exported
                    .names
                    .get(&name)
                    .into_iter()
                    .flatten()
                    .for_each(|import| app.imports.push(import.clone()));
                waiting.extend(add(app, exported, &name));
            }
        }
    }
}

/// Writes down by which name something is imported.
fn named(app: &mut App, value: &Text, name: String) {
    if let Some((thing, attribute)) = value.as_reference() {
        app.imports.push(Import { thing: thing.clone(), attribute: attribute.clone(), name });
    }
}

/// About how many bytes of text a thing of another stack has; only roles have many.
fn size(from: &Exported, name: &Name) -> usize {
    let role = match from.things.get(name) {
        Some(Thing::Role(at)) => from.app.roles.get(*at),
        _ => None,
    };
    let of = |statement: &Statement| {
        let actions = statement.actions.iter().filter_map(|action| action.known()).map(String::len);
        let resources = statement.resources.iter().flat_map(|text| &text.pieces).map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            _ => 32,
        });
        64 + actions.sum::<usize>() + resources.sum::<usize>()
    };
    256 + role.map_or(0, |role| role.statements.iter().map(of).sum())
}

/// Whether a thing of another stack is in the graph already.
fn holds(app: &App, from: &Exported, name: &Name) -> bool {
    from.things.get(name).is_some_and(|thing| match thing {
        Thing::Store(_) => app.store(name).is_some(),
        Thing::Secret(_) => app.secret(name).is_some(),
        Thing::Function(_) => app.function(name).is_some(),
        Thing::Role(_) => app.role(name).is_some(),
        Thing::Api(_) => app.api(name).is_some(),
        Thing::Authorizer(_) => app.authorizer(name).is_some(),
        Thing::Other(_) => app.others.iter().any(|other| other.name == *name),
    })
}

/// Puts a thing of another stack into the graph; gives what it refers to.
fn add(app: &mut App, from: &Exported, name: &Name) -> Vec<Name> {
    let Some(thing) = from.things.get(name) else { return Vec::new() };
    let of = |text: &Option<Text>| text.iter().flat_map(Text::references).cloned().collect::<Vec<_>>();
    match thing {
        Thing::Store(at) => from.app.stores.get(*at).map(|store| {
            app.stores.push(store.clone());
            of(&store.physical)
        }),
        Thing::Secret(at) => from.app.secrets.get(*at).map(|secret| {
            app.secrets.push(secret.clone());
            of(&secret.physical)
        }),
        Thing::Function(at) => from.app.functions.get(*at).map(|function| {
            app.functions.push(outline(function));
            let role = function.role.iter().filter_map(|role| role.known().cloned());
            of(&function.physical).into_iter().chain(role).collect()
        }),
        Thing::Role(at) => from.app.roles.get(*at).map(|role| {
            app.roles.push(role.clone());
            let resources = role.statements.iter().flat_map(|statement| &statement.resources);
            resources
                .chain(role.boundary.as_ref().map(|it| &it.policy))
                .flat_map(Text::references)
                .cloned()
                .collect()
        }),
        Thing::Api(at) => from.app.apis.get(*at).map(|api| {
            app.apis.push(api.clone());
            Vec::new()
        }),
        Thing::Authorizer(at) => from.app.authorizers.get(*at).map(|authorizer| {
            app.authorizers.push(authorizer.clone());
            Vec::new()
        }),
        Thing::Other(at) => from.app.others.get(*at).map(|other| {
            app.others.push(other.clone());
            Vec::new()
        }),
    }
    .unwrap_or_default()
}

/// A function of another app as this one sees it: something with a role that can be started.
fn outline(function: &Function) -> Function {
    let mut outline = Function::new(function.name.clone(), function.place);
    outline.physical = function.physical.clone();
    outline.role = function.role.clone();
    outline.deployed = function.deployed.clone();
    outline.concurrency = function.concurrency.clone();
    outline.code.location = Known::Unknown("its code is read where the function is declared".to_owned());
    outline
}
