//! What paths are made of: ways in, functions with their weaknesses and roles, and what roles give away. Made once for an app.
//!
//! Invariant: what grows with roles times things is kept once for all roles that say the same. Not here: which way is the easiest
//! (`spread`).

use std::collections::{BTreeMap, BTreeSet};

use super::Reached;
use super::entry::{self, Entry};
use super::goal::{self, Direct, Given, Goal, Shared};
use super::weakness::{self, Weakness};
use crate::finding::Finding;
use crate::graph::Function;
use crate::iam::Grants;
use crate::known::Name;
use crate::source::Place;

/// Functions beyond these are not looked at; no app has so many.
const MAX_FUNCTIONS: usize = 2_000;
/// Edges of all functions together beyond these are not followed.
const MAX_EDGES: usize = 100_000;

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
    /// The number of what is lost with it when its role is not known.
    pub(super) unknown: usize,
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
    /// By role.
    given: BTreeMap<&'a Name, Given<'a>>,
    /// What roles share that say the same, with the functions that run with one of these roles.
    pub(super) classes: Vec<Class>,
    pub(super) direct: Vec<Direct>,
    pub(super) trusted: Vec<Trusted>,
    /// What can be reached, by number.
    pub(super) reached: Vec<Reached>,
    /// What was not looked at, in words.
    pub(super) left_out: Vec<String>,
    by_name: BTreeMap<&'a Name, usize>,
}

/// Functions whose roles say the same.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) nodes: Vec<usize>,
    pub(super) edges: Vec<Edge>,
    pub(super) shared: Shared,
}

/// From a function on to another one.
#[derive(Debug)]
pub(super) struct Edge {
    /// The number of the shared goal through which it goes.
    pub(super) goal: usize,
    pub(super) to: usize,
    /// Whether the other one then runs the attacker's code.
    pub(super) own_code: bool,
}

impl<'a> Model<'a> {
    pub(super) fn of(grants: &Grants<'a>, findings: &[Finding]) -> Self {
        let app = grants.app();
        let live = app.functions.iter().filter(|function| !function.deployed.is(&false));
        let mut weaknesses = weakness::all(findings);
        let node = |function: &'a Function| Node {
            function,
            role: grants.role_of(function).map(|role| &role.name),
            weaknesses: weaknesses.remove(&function.name).unwrap_or_else(weakness::none),
            unknown: 0,
        };
        let nodes: Vec<_> = live.clone().take(MAX_FUNCTIONS).map(node).collect();
        let mut left_out = Vec::new();
        if live.count() > MAX_FUNCTIONS {
            left_out.push(format!(
                "the app has more than {MAX_FUNCTIONS} functions: paths through the others are not looked for"
            ));
        }
        let trust = findings.iter().filter(|finding| finding.rule.id == "open-trust");
        let trusted: Vec<_> = trust
            .flat_map(|finding| {
                let roles = finding.subjects.iter().filter(|name| grants.role(name).is_some());
                roles.map(|role| Trusted { role: role.clone(), place: finding.place })
            })
            .collect();
        let roles =
            nodes.iter().filter_map(|node| node.role).chain(trusted.iter().map(|trusted| &trusted.role));
        let (given, shared) = goal::goals(grants, roles);
        let by_name = nodes.iter().enumerate().map(|(at, node)| (&node.function.name, at)).collect();
        let mut model = Self {
            entries: entry::entries(app, findings),
            classes: shared.into_iter().map(|shared| Class { shared, ..Class::default() }).collect(),
            direct: goal::direct(grants, findings),
            reached: Vec::new(),
            nodes,
            given,
            trusted,
            left_out,
            by_name,
        };
        if grants.left_out() {
            model.left_out.push("the app has too many roles and things to compare them all: what some roles reach is not told".to_owned());
        }
        model.connect();
        model.number();
        model
    }

    /// Finds the functions of each class, and those that they start.
    fn connect(&mut self) {
        for (at, node) in self.nodes.iter().enumerate() {
            let class = node.role.and_then(|role| self.given.get(role)).map(|given| given.class);
            if let Some(class) = class.and_then(|class| self.classes.get_mut(class)) {
                class.nodes.push(at);
            }
        }
        let mut left = MAX_EDGES;
        for class in self.classes.iter_mut().filter(|class| !class.nodes.is_empty()) {
            let goals = class.shared.goals.iter().enumerate();
            let edge = |goal, (name, own_code): &(Name, bool)| {
                Some(Edge { goal, to: *self.by_name.get(name)?, own_code: *own_code })
            };
            let edges =
                goals.flat_map(|(at, goal)| goal.onward.iter().filter_map(move |next| edge(at, next)));
            class.edges = edges.take(left).collect();
            left -= class.edges.len();
        }
        if left == 0 {
            self.left_out.push(format!("the functions start one another in more than {MAX_EDGES} ways: paths through the others are not looked for"));
        }
    }

    /// Gives each thing that can be reached a number, in their order.
    fn number(&mut self) {
        let mut all = BTreeSet::new();
        let unknown = |node: &Node<'_>| Reached::Unknown(node.function.name.clone());
        all.extend(self.nodes.iter().map(unknown));
        all.extend(self.direct.iter().map(|direct| direct.goal.reached.clone()));
        let own = self.given.values().flat_map(|given| &given.own);
        let shared = self.classes.iter().flat_map(|class| &class.shared.goals);
        all.extend(own.chain(shared).map(|goal| goal.reached.clone()));
        self.reached = all.into_iter().collect();
        let number = |reached: &Reached| self.reached.binary_search(reached).unwrap_or(0);
        for node in &mut self.nodes {
            node.unknown = number(&unknown(node));
        }
        let own = self.given.values_mut().flat_map(|given| &mut given.own);
        let shared = self.classes.iter_mut().flat_map(|class| &mut class.shared.goals);
        let direct = self.direct.iter_mut().map(|direct| &mut direct.goal);
        for goal in own.chain(shared).chain(direct) {
            goal.number = number(&goal.reached);
        }
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node<'a>> {
        self.nodes.get(at)
    }

    pub(super) fn at(&self, name: &Name) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn given(&self, role: &Name) -> Option<&Given<'a>> {
        self.given.get(role)
    }

    /// What a function's role gives away; nothing where the role is not known.
    pub(super) fn given_to(&self, at: usize) -> Option<&Given<'a>> {
        self.given.get(self.node(at)?.role?)
    }

    /// A goal of a role by its number: its own ones come first.
    pub(super) fn goal(&self, role: &Name, at: usize) -> Option<&Goal> {
        let given = self.given.get(role)?;
        let shared = self.classes.get(given.class).map_or(&[][..], |class| &class.shared.goals);
        given.own.get(at).or_else(|| shared.get(at.checked_sub(given.own.len())?))
    }

    /// A goal of a function's role by its number.
    pub(super) fn goal_of(&self, node: usize, at: usize) -> Option<&Goal> {
        self.goal(self.node(node)?.role?, at)
    }

    /// Where a goal of a role is granted.
    pub(super) fn places(&self, role: Option<&Name>, goal: &Goal) -> BTreeSet<Place> {
        let given = role.and_then(|role| self.given.get(role));
        let statements = goal.statements.iter().filter_map(|at| given?.role.statements.get(*at));
        goal.places.iter().copied().chain(statements.map(|statement| statement.place)).collect()
    }
}
