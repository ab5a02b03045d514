//! What variables stand for: a document in which every variable is replaced, or open with its reason.
//!
//! Owns: `self`, `file`, `opt`, `sls`, `env`, `param`, `aws` and their fallbacks; the rest is only known when the app is deployed.
//! Invariants: a value keeps the place where it is written, also in an included file; cycles end; the work is bounded by a budget,
//! beyond which everything is open. Not here: the grammar (`variable`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::constructs;
use super::sources;
use super::variable::{self, Literal, Named, Part, Source, Variable};
use crate::document::{Node, NodeKind};
use crate::known::Piece;
use crate::source::{Place, SourceTree};

/// Values that may be made in all.
const NODE_LIMIT: usize = 2_000_000;
/// Variables that may be followed in all.
const VARIABLE_LIMIT: usize = 50_000;
/// What all texts may cost that are made, the references among them included.
const BYTE_LIMIT: usize = 32 << 20;
/// What one text may cost that is put together.
const VALUE_LIMIT: usize = 1 << 20;
/// Pieces that one text may have.
const PIECE_LIMIT: usize = 4_096;
/// What a piece costs beside its characters.
const PIECE_COST: usize = 16;
/// How deep values and variables may lie within one another.
const DEPTH_LIMIT: usize = 200;

/// What a variable or a source gave.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// A value.
    Node(Node),
    /// Nothing: the next source counts; the piece stands for it if there is none.
    Missing(Piece),
    /// Something that cannot be told.
    Open(Piece),
}

/// Replaces variables.
pub(super) struct Resolver<'a> {
    pub(super) tree: &'a SourceTree,
    /// The folder that `file(…)` starts from.
    pub(super) folder: &'a str,
    /// The document that `self:` speaks of.
    root: &'a Node,
    /// The stage that is named when the service is deployed.
    pub(super) named_stage: Option<String>,
    /// Included files; why not, for those that cannot be read.
    pub(super) files: BTreeMap<String, Result<Rc<Node>, Piece>>,
    /// What `.env` files of the tree set, when the framework reads them.
    pub(super) dotenv: BTreeMap<String, Node>,
    /// Scalars by their address, so that a value that many use is made once.
    scalars: BTreeMap<String, Rc<Node>>,
    /// Addresses that are being resolved.
    pub(super) underway: BTreeSet<String>,
    depth: usize,
    nodes_left: usize,
    variables_left: usize,
    bytes_left: usize,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(tree: &'a SourceTree, folder: &'a str, root: &'a Node) -> Self {
        Self {
            tree,
            folder,
            root,
            named_stage: None,
            files: BTreeMap::new(),
            dotenv: BTreeMap::new(),
            scalars: BTreeMap::new(),
            underway: BTreeSet::new(),
            depth: 0,
            nodes_left: NODE_LIMIT,
            variables_left: VARIABLE_LIMIT,
            bytes_left: BYTE_LIMIT,
        }
    }

    /// The value at a path of the document, resolved; `None` when there is none.
    pub(super) fn section(&mut self, path: &[&str]) -> Option<Node> {
        match self.walk(self.root, path) {
            Found::Node(node) => Some(node),
            Found::Missing(_) => None,
            Found::Open(piece) => {
                let place = self.root.at(path).map_or(self.root.place, |node| node.place);
                Some(Node { place, kind: NodeKind::Composed(vec![piece]) })
            }
        }
    }

    /// A value with everything in it resolved.
    pub(super) fn node(&mut self, node: &Node) -> Node {
        if !self.enter() {
            return open(node.place, too_much());
        }
        let kind = match &node.kind {
            NodeKind::String(text) => {
                let node = self.string(text, node.place);
                self.depth -= 1;
                return node;
            }
            NodeKind::List(items) => NodeKind::List(items.iter().map(|item| self.node(item)).collect()),
            NodeKind::Map(entries) if !self.charge(entries.iter().map(|(key, _)| key.text.len()).sum()) => {
                NodeKind::Composed(vec![too_much()])
            }
            NodeKind::Map(entries) => {
                let resolved = entries.iter().map(|(key, value)| (key.clone(), self.node(value)));
                NodeKind::Map(resolved.collect())
            }
            NodeKind::Tagged(tag, inner) => NodeKind::Tagged(tag.clone(), Box::new(self.node(inner))),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::Composed(_) => {
                node.kind.clone()
            }
        };
        self.depth -= 1;
        Node { place: node.place, kind }
    }

    /// Charges one value and one level; false when either is used up.
    fn enter(&mut self) -> bool {
        if self.nodes_left == 0 || self.depth >= DEPTH_LIMIT {
            return false;
        }
        self.nodes_left -= 1;
        self.depth += 1;
        true
    }

    fn string(&mut self, text: &str, place: Place) -> Node {
        // Reading a text for its variables is charged as well: it may be read anew wherever it is used.
        if !self.charge(text.len() + PIECE_COST) {
            return open(place, too_much());
        }
        if !text.contains("${") && !text.contains("#{AWS::") {
            return value(vec![Piece::Literal(text.to_owned())], place);
        }
        let parts = variable::parse(text);
        if let [Part::Variable(variable)] = parts.as_slice() {
            return match self.variable(variable, &[], place) {
                Found::Node(node) => node,
                Found::Missing(piece) | Found::Open(piece) => open(place, piece),
            };
        }
        let pieces = self.pieces(&parts, place);
        value(pieces, place)
    }

    /// The parts of a text with their variables replaced, literals joined; one open piece when that grows too large.
    fn pieces(&mut self, parts: &[Part], place: Place) -> Vec<Piece> {
        let (mut pieces, mut spent) = (Vec::new(), 0);
        for part in parts {
            let more = match part {
                Part::Text(text) => vec![Piece::Literal(text.clone())],
                Part::Provider(name) => vec![Piece::Provider(name.clone())],
                Part::Broken(rest) => {
                    let start: String = rest.chars().take(40).collect();
                    vec![Piece::Unknown(format!("the variable `{start}` cannot be read"))]
                }
                Part::Variable(variable) => match self.variable(variable, &[], place) {
                    Found::Node(node) => embed(node),
                    Found::Missing(piece) | Found::Open(piece) => vec![piece],
                },
            };
            // INVARIANT: charged before it is kept, so that what is held never costs more than the budget.
            let cost = more.iter().map(cost).sum();
            spent += cost;
            if pieces.len() + more.len() > PIECE_LIMIT || spent > VALUE_LIMIT || !self.charge(cost) {
                return vec![too_much()];
            }
            more.into_iter().for_each(|piece| join(&mut pieces, piece));
        }
        pieces
    }

    /// Takes a cost from what is left; false when there is not so much.
    fn charge(&mut self, cost: usize) -> bool {
        let left = self.bytes_left.checked_sub(cost);
        self.bytes_left = left.unwrap_or(0);
        left.is_some()
    }

    /// A copy of a scalar, charged.
    pub(super) fn copy(&mut self, node: &Node) -> Found {
        if self.charge(weight(node)) { Found::Node(node.clone()) } else { Found::Open(too_much()) }
    }

    /// A template as plain text; what is open when it is not.
    pub(super) fn plain(&mut self, template: &[Part], place: Place) -> Result<String, Piece> {
        let pieces = self.pieces(template, place);
        match pieces.as_slice() {
            [] => Ok(String::new()),
            [Piece::Literal(text)] => Ok(text.clone()),
            pieces => Err(pieces
                .iter()
                .find(|piece| !matches!(piece, Piece::Literal(_)))
                .cloned()
                .unwrap_or_else(too_much)),
        }
    }

    /// The value of a variable, and of `rest` within it.
    fn variable(&mut self, variable: &Variable, rest: &[&str], place: Place) -> Found {
        let Some(left) = self.variables_left.checked_sub(1) else { return Found::Open(too_much()) };
        self.variables_left = left;
        if !self.enter() {
            return Found::Open(too_much());
        }
        let found = self.first_of(variable, rest, place);
        self.depth -= 1;
        found
    }

    fn first_of(&mut self, variable: &Variable, rest: &[&str], place: Place) -> Found {
        let mut missing: Option<Piece> = None;
        let mut null = None;
        for source in &variable.sources {
            let found = match source {
                Source::Literal(literal) if rest.is_empty() => Found::Node(written(literal, place)),
                Source::Literal(_) => continue,
                Source::Nested(variable) => self.variable(variable, rest, place),
                Source::Named(named) => self.named(named, rest, place),
            };
            match found {
                Found::Node(Node { place, kind: NodeKind::Null }) => null = Some(place),
                Found::Missing(piece) => missing = missing.or(Some(piece)),
                found => return found,
            }
        }
        if let Some(place) = null {
            return Found::Node(Node { place, kind: NodeKind::Null });
        }
        match self.implied(variable, place) {
            Some(node) if rest.is_empty() => Found::Node(node),
            _ => Found::Missing(missing.unwrap_or_else(|| Piece::Unknown("it has no value".to_owned()))),
        }
    }

    /// What holds where nobody says otherwise: the stage and the region that the provider names.
    fn implied(&mut self, variable: &Variable, place: Place) -> Option<Node> {
        let named = |source: &Source| match source {
            Source::Named(Named { kind, address, .. }) => match address.as_slice() {
                [Part::Text(address)] => Some(format!("{kind}:{address}")),
                _ => None,
            },
            _ => None,
        };
        let names: Vec<_> = variable.sources.iter().filter_map(named).collect();
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
        if has(&["opt:stage", "sls:stage", "self:provider.stage"]) {
            return Some(self.stage(place));
        }
        if has(&["opt:region", "self:provider.region"]) {
            return Some(self.region(place));
        }
        None
    }

    fn named(&mut self, named: &Named, rest: &[&str], place: Place) -> Found {
        let address = match self.plain(&named.address, place) {
            Ok(address) => address,
            Err(piece) => return Found::Open(piece),
        };
        // Version 1 wrote the region behind a dot: `ssm.eu-west-1:/path`.
        let kind = named.kind.split('.').next().unwrap_or_default();
        match kind {
            "self" => self.own(&address, rest),
            "file" => self.file(named, &address, rest, place),
            "opt" | "env" | "param" | "sls" | "aws" if rest.is_empty() => self.setting(kind, &address, place),
            "construct" if rest.is_empty() => constructs::property(self, &address, place),
            "strToBool" if rest.is_empty() => self.boolean(named, place),
            _ => Found::Open(sources::outside(kind, &address)),
        }
    }

    /// A value of the document by its dotted address.
    pub(super) fn own(&mut self, address: &str, rest: &[&str]) -> Found {
        let steps: Vec<&str> = sources::steps(address).chain(rest.iter().copied()).collect();
        let full = steps.join(".");
        if let Some(node) = self.scalars.get(&full).cloned() {
            return self.copy(&node);
        }
        if full.is_empty() {
            return Found::Open(Piece::Unknown("it refers to the whole file".to_owned()));
        }
        if !self.underway.insert(full.clone()) {
            return Found::Missing(Piece::Unknown(format!("`self:{full}` refers to itself")));
        }
        let found = match self.walk(self.root, &steps) {
            Found::Missing(piece) if piece == no_such() => {
                Found::Missing(Piece::Unknown(format!("there is no `self:{full}`")))
            }
            found => found,
        };
        self.underway.remove(&full);
        let found = match found {
            // Version 1 allowed `service: {name: …}` and still meant the name.
            Found::Node(node) if full == "service" && node.is_map() => {
                node.get("name").cloned().map_or(Found::Node(node), Found::Node)
            }
            found => found,
        };
        if let Found::Node(node) = &found
            && !matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Tagged(..))
        {
            self.scalars.insert(full, Rc::new(node.clone()));
        }
        found
    }

    /// The value at the end of a path, following variables on the way without resolving what lies beside it.
    pub(super) fn walk(&mut self, from: &Node, path: &[&str]) -> Found {
        let mut node = from;
        let mut path = path;
        loop {
            let Some((step, rest)) = path.split_first() else { return Found::Node(self.node(node)) };
            match &node.kind {
                NodeKind::String(text) if text.contains("${") => {
                    let parts = variable::parse(text);
                    let [Part::Variable(variable)] = parts.as_slice() else { break };
                    return self.variable(variable, path, node.place);
                }
                NodeKind::Composed(pieces) => {
                    return pieces.first().map_or_else(nothing, |piece| Found::Open(piece.clone()));
                }
                _ => {}
            }
            let index = step.trim_start_matches('[').trim_end_matches(']').parse::<usize>().ok();
            let next = node.get(step).or_else(|| node.items().get(index?));
            let Some(next) = next else { break };
            (node, path) = (next, rest);
        }
        nothing()
    }
}

fn nothing() -> Found {
    Found::Missing(no_such())
}

/// Stands for a step that is not there; whoever asked says which.
pub(super) fn no_such() -> Piece {
    Piece::Unknown("there is no such value".to_owned())
}

fn too_much() -> Piece {
    Piece::Unknown("variables lie too deep or expand too far".to_owned())
}

/// A value that is open.
pub(super) fn open(place: Place, piece: Piece) -> Node {
    Node { place, kind: NodeKind::Composed(vec![piece]) }
}

/// A literal source as a value.
fn written(literal: &Literal, place: Place) -> Node {
    let kind = match literal {
        Literal::String(text) => NodeKind::String(text.clone()),
        Literal::Number(text) => NodeKind::Number(text.clone()),
        Literal::Bool(value) => NodeKind::Bool(*value),
        Literal::Null => NodeKind::Null,
    };
    Node { place, kind }
}

/// Pieces as a value.
fn value(pieces: Vec<Piece>, place: Place) -> Node {
    match <[Piece; 1]>::try_from(pieces) {
        Ok([Piece::Literal(text)]) => Node { place, kind: NodeKind::String(text) },
        Ok([piece]) => open(place, piece),
        Err(pieces) if pieces.is_empty() => Node { place, kind: NodeKind::String(String::new()) },
        Err(pieces) => Node { place, kind: NodeKind::Composed(pieces) },
    }
}

/// A value within a text.
fn embed(node: Node) -> Vec<Piece> {
    let scalar = node.as_scalar();
    match (node.kind, scalar) {
        (NodeKind::Composed(pieces), _) => pieces,
        (NodeKind::Null, _) => Vec::new(),
        (_, Some(scalar)) => vec![Piece::Literal(scalar)],
        (_, None) => {
            vec![Piece::Unknown("a variable within a text stands for more than text".to_owned())]
        }
    }
}

/// What a piece costs, whatever it is: a reference takes room like any text.
fn cost(piece: &Piece) -> usize {
    let characters = match piece {
        Piece::Literal(text)
        | Piece::Parameter(text)
        | Piece::Provider(text)
        | Piece::Environment(text)
        | Piece::Unknown(text) => text.len(),
        Piece::Of { node, .. } => node.as_str().len(),
    };
    characters + PIECE_COST
}

/// What a scalar costs.
fn weight(node: &Node) -> usize {
    match &node.kind {
        NodeKind::String(text) | NodeKind::Number(text) => text.len() + PIECE_COST,
        NodeKind::Composed(pieces) => pieces.iter().map(cost).sum(),
        _ => PIECE_COST,
    }
}

/// Appends a piece, joining literals.
fn join(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece::Literal(text)), Piece::Literal(more)) => text.push_str(&more),
        (_, piece) => pieces.push(piece),
    }
}

#[cfg(test)]
mod tests;
