//! What paths are made of: ways in, functions with their weaknesses and roles, and what roles give away. Made once for an app.
//!
//! Not here: which way is the easiest (`spread`).

use std::collections::BTreeMap;

use super::entry::{self, Entry};
use super::goal::{self, Direct, Goal};
use super::weakness::{self, Weakness};
use crate::finding::Finding;
use crate::graph::{App, Function};
use crate::iam::Grants;
use crate::known::Name;
use crate::source::Place;

/// Functions beyond these are not looked at; no app has so many.
const MAX_FUNCTIONS: usize = 2_000;
/// Edges of one function beyond these are not followed.
const MAX_EDGES: usize = 200;

/// What could be changed so that a path ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// An interface asks nobody, or only for a key.
    Api(Name),
    /// A function's own address asks nobody.
    Url(Name),
    /// A function's permissions let everyone in.
    Permission(Name),
    /// A store is open.
    Store(Name),
    /// A role lets strangers take it on.
    Trust(Name),
    /// A function has a known weakness: rule and cause.
    Weakness(Name, &'static str, String),
    /// A statement of a role grants more than a function needs.
    Grant(Name, Place),
    /// A file holds a secret: rule and cause.
    Leak(&'static str, String),
}

/// A function, as paths see it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) function: &'a Function,
    /// The role; none where it is not of this app.
    pub(super) role: Option<&'a Name>,
    /// The worst first, never empty.
    pub(super) weaknesses: Vec<Weakness>,
}

/// A role that strangers may take on.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) role: Name,
    pub(super) place: Place,
}

/// An app, as paths see it.
#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) entries: Vec<Entry>,
    pub(super) goals: BTreeMap<Name, Vec<Goal>>,
    pub(super) direct: Vec<Direct>,
    pub(super) trusted: Vec<Trusted>,
    by_name: BTreeMap<&'a Name, usize>,
    edges: Vec<Vec<Edge>>,
}

/// From a function on to another one.
#[derive(Debug)]
pub(super) struct Edge {
    /// The number of the role's goal through which it goes.
    pub(super) goal: usize,
    pub(super) to: usize,
    /// Whether the other one then runs the attacker's code.
    pub(super) own_code: bool,
}

impl<'a> Model<'a> {
    pub(super) fn of(app: &'a App, findings: &[Finding]) -> Self {
        let grants = Grants::of(app);
        let live = app.functions.iter().filter(|function| !function.deployed.is(&false)).take(MAX_FUNCTIONS);
        let nodes: Vec<_> = live
            .map(|function| Node {
                function,
                role: app.role_of(function).map(|role| &role.name),
                weaknesses: weakness::weaknesses(&function.name, findings),
            })
            .collect();
        let trust = findings.iter().filter(|finding| finding.rule.id == "open-trust");
        let trusted = trust.flat_map(|finding| {
            let roles = finding.subjects.iter().filter(|name| app.role(name).is_some());
            roles.map(|role| Trusted { role: role.clone(), place: finding.place })
        });
        let by_name: BTreeMap<_, _> =
            nodes.iter().enumerate().map(|(at, node)| (&node.function.name, at)).collect();
        let goals = goal::goals(app, &grants);
        let edges = nodes.iter().map(|node| edges(node, &goals, &by_name)).collect();
        let (entries, direct) = (entry::entries(app, findings), goal::direct(app, findings));
        Self { nodes, entries, goals, direct, trusted: trusted.collect(), by_name, edges }
    }

    pub(super) fn edges_of(&self, at: usize) -> &[Edge] {
        self.edges.get(at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node<'a>> {
        self.nodes.get(at)
    }

    pub(super) fn at(&self, name: &Name) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// What a function's role gives away; nothing where the role is not known.
    pub(super) fn goals_of(&self, at: usize) -> &[Goal] {
        let role = self.node(at).and_then(|node| node.role);
        role.and_then(|role| self.goals.get(role)).map_or(&[], Vec::as_slice)
    }
}

/// The edges of a function.
fn edges(node: &Node<'_>, goals: &BTreeMap<Name, Vec<Goal>>, by_name: &BTreeMap<&Name, usize>) -> Vec<Edge> {
    let goals = node.role.and_then(|role| goals.get(role)).into_iter().flatten().enumerate();
    let edge = |goal, (name, own_code): &(Name, bool)| {
        Some(Edge { goal, to: *by_name.get(name)?, own_code: *own_code })
    };
    goals
        .flat_map(|(at, goal)| goal.onward.iter().filter_map(move |next| edge(at, next)))
        .take(MAX_EDGES)
        .collect()
}
