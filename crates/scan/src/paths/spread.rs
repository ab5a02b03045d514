//! The easiest way to each thing: how likely it is that somebody calls a function, controls it, and gets what its role gives away.
//!
//! Each function has two states: called with what an attacker sends, and controlled. Likelihoods only shrink from step to step, so that
//! the best predecessor of a state never comes after it. Invariant: with something taken away, no likelihood grows. Not here: words.

use std::collections::BTreeMap;

use super::goal::{Goal, UNKNOWN_HARM};
use super::model::{Cause, Model};
use super::weakness::{NONE_KNOWN, Weakness};
use super::{Reached, entry};

/// How often likelihoods are passed on: the longest chain of functions.
const ROUNDS: usize = 6;
/// What an attacker sends survives a function that hands it on.
const HANDED_ON: u32 = 500;
/// What code does for every caller needs no flaw, when calls are meant to change something.
const FRONT_DOOR: u32 = 400;

/// A state of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) node: usize,
    pub(super) controlled: bool,
}

/// How a state is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// From outside.
    Entry(usize),
    /// Its own weakness, by number.
    Weakness(usize),
    /// Another function's role, through one of that role's goals.
    Hop(State, usize),
}

/// The best way to a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) likelihood: u32,
    pub(super) from: From,
}

/// Where the best way to something starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A function's state and the number of its role's goal.
    Goal(State, usize),
    /// A function of which the role cannot be told.
    Unknown(State),
    /// A role that strangers take on, and the number of its goal.
    Trusted(usize, usize),
    /// Something that is lost without a function.
    Direct(usize),
}

/// The best way to something.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub(super) reached: Reached,
    /// In parts of a thousand.
    pub(super) likelihood: u32,
    pub(super) harm: u8,
    pub(super) origin: Origin,
    pub(super) shadowed: bool,
}

impl Best {
    /// Likelihood × harm: up to 100,000.
    pub(super) fn risk(&self) -> u32 {
        self.likelihood * u32::from(self.harm)
    }
}

/// The best ways to everything, the worst first.
#[derive(Debug, Clone, Default)]
pub(super) struct Solution {
    pub(super) best: Vec<Best>,
    called: Vec<Option<Way>>,
    controlled: Vec<Option<Way>>,
}

impl Solution {
    pub(super) fn way(&self, state: State) -> Option<Way> {
        let ways = if state.controlled { &self.controlled } else { &self.called };
        ways.get(state.node).copied().flatten()
    }

    /// All risks, the greatest first.
    pub(super) fn risks(&self) -> Vec<u32> {
        self.best.iter().map(Best::risk).collect()
    }

    fn offer(&mut self, state: State, likelihood: u32, from: From) -> bool {
        let ways = if state.controlled { &mut self.controlled } else { &mut self.called };
        let Some(way) = ways.get_mut(state.node) else { return false };
        let better = likelihood > way.map_or(0, |way| way.likelihood);
        if better {
            *way = Some(Way { likelihood, from });
        }
        better
    }
}

/// Finds the easiest way to everything, with one cause taken away.
pub(super) fn solve(model: &Model<'_>, without: Option<&Cause>) -> Solution {
    let empty = vec![None; model.nodes.len()];
    let mut solution = Solution { best: Vec::new(), called: empty.clone(), controlled: empty };
    // Ways in that are meant to change something come first: of two that are as easy, they give more.
    let (changing, other): (Vec<_>, Vec<_>) =
        model.entries.iter().enumerate().partition(|(_, entry)| entry.changes);
    for (at, entry) in changing.into_iter().chain(other) {
        let closed = entry.cause.is_some() && entry.cause.as_ref() == without;
        let likelihood = if closed { entry.closed } else { entry.likelihood };
        if let Some(node) = model.at(&entry.function) {
            solution.offer(State { node, controlled: false }, likelihood, From::Entry(at));
        }
    }
    for _ in 0..ROUNDS {
        if !pass_on(model, without, &mut solution) {
            break;
        }
    }
    collect(model, without, &mut solution);
    solution
}

/// One round: from calls to control, and from each function to those that its role reaches.
fn pass_on(model: &Model<'_>, without: Option<&Cause>, solution: &mut Solution) -> bool {
    let mut changed = false;
    for (node, of) in model.nodes.iter().enumerate() {
        let (called, controlled) = (State { node, controlled: false }, State { node, controlled: true });
        let weakness = of.weaknesses.iter().position(|weakness| !is_gone(weakness, without));
        let strength = weakness.and_then(|at| of.weaknesses.get(at)).map_or(NONE_KNOWN, |it| it.likelihood);
        if let (Some(way), Some(at)) = (solution.way(called), weakness) {
            changed |= solution.offer(controlled, of_thousand(way.likelihood, strength), From::Weakness(at));
        }
        for edge in model.edges_of(node) {
            let Some(goal) = model.goals_of(node).get(edge.goal) else { continue };
            if is_narrowed(of.role, goal, without) {
                continue;
            }
            let to = State { node: edge.to, controlled: edge.own_code };
            if let Some(way) = solution.way(controlled) {
                let likelihood = of_thousand(way.likelihood, goal.likelihood);
                changed |= solution.offer(to, likelihood, From::Hop(controlled, edge.goal));
            }
            // What is sent to an honest function may be handed on by it; replacing code is nothing that honest code does.
            if let Some(way) = solution.way(called).filter(|_| !edge.own_code) {
                let likelihood = of_thousand(of_thousand(way.likelihood, HANDED_ON), goal.likelihood);
                changed |= solution.offer(to, likelihood, From::Hop(called, edge.goal));
            }
        }
    }
    changed
}

/// The best way to each thing.
fn collect(model: &Model<'_>, without: Option<&Cause>, solution: &mut Solution) {
    let mut best: BTreeMap<Reached, Best> = BTreeMap::new();
    let mut offer = |found: Best| {
        let risk = found.risk();
        if risk == 0 {
            return;
        }
        let old = best.get(&found.reached);
        if old.is_none_or(|old| (risk, !found.shadowed) > (old.risk(), !old.shadowed)) {
            best.insert(found.reached.clone(), found);
        }
    };
    for (node, of) in model.nodes.iter().enumerate() {
        let (called, controlled) = (State { node, controlled: false }, State { node, controlled: true });
        for (at, goal) in
            model.goals_of(node).iter().enumerate().filter(|(_, goal)| !is_narrowed(of.role, goal, without))
        {
            let through = front_door(model, solution, called, goal).map(|it| (called, it, goal.front_door));
            let taken = solution.way(controlled).map(|way| (controlled, way.likelihood, goal.harm));
            for (state, likelihood, harm) in through.into_iter().chain(taken) {
                let likelihood = of_thousand(likelihood, goal.likelihood);
                let Goal { reached, shadowed, .. } = goal;
                let origin = Origin::Goal(state, at);
                offer(Best { reached: reached.clone(), likelihood, harm, origin, shadowed: *shadowed });
            }
        }
        if let Some(way) = solution.way(controlled).filter(|_| of.role.is_none()) {
            let reached = Reached::Unknown(of.function.name.clone());
            let origin = Origin::Unknown(controlled);
            offer(Best { reached, likelihood: way.likelihood, harm: UNKNOWN_HARM, origin, shadowed: false });
        }
    }
    for (number, trusted) in model.trusted.iter().enumerate() {
        if without == Some(&Cause::Trust(trusted.role.clone())) {
            continue;
        }
        let goals = model.goals.get(&trusted.role).map_or(&[][..], Vec::as_slice);
        for (at, goal) in
            goals.iter().enumerate().filter(|(_, goal)| !is_narrowed(Some(&trusted.role), goal, without))
        {
            let Goal { reached, harm, shadowed, likelihood, .. } = goal;
            let origin = Origin::Trusted(number, at);
            offer(Best {
                reached: reached.clone(),
                likelihood: *likelihood,
                harm: *harm,
                origin,
                shadowed: *shadowed,
            });
        }
    }
    for (at, direct) in model.direct.iter().enumerate().filter(|(_, direct)| without != Some(&direct.cause)) {
        let (reached, harm) = (direct.goal.reached.clone(), direct.goal.harm);
        offer(Best {
            reached,
            likelihood: direct.likelihood,
            harm,
            origin: Origin::Direct(at),
            shadowed: false,
        });
    }
    let mut all: Vec<_> = best.into_values().collect();
    all.sort_by(|a, b| b.risk().cmp(&a.risk()).then_with(|| a.reached.cmp(&b.reached)));
    solution.best = all;
}

/// What a stranger gets through a function that does for him what it does for everyone.
fn front_door(model: &Model<'_>, solution: &Solution, called: State, goal: &Goal) -> Option<u32> {
    let way = solution.way(called).filter(|_| goal.front_door > 0)?;
    let From::Entry(at) = way.from else { return None };
    let meant = model.entries.get(at).is_some_and(|entry| entry.changes);
    // Whoever had to sign in is meant to use it.
    (meant && way.likelihood >= entry::ANYONE).then(|| of_thousand(way.likelihood, FRONT_DOOR))
}

fn is_gone(weakness: &Weakness, without: Option<&Cause>) -> bool {
    weakness.cause.is_some() && weakness.cause.as_ref() == without
}

/// Whether a goal is gone when a statement grants no more than is needed.
fn is_narrowed(role: Option<&crate::known::Name>, goal: &Goal, without: Option<&Cause>) -> bool {
    let Some(Cause::Grant(of, place)) = without else { return false };
    goal.broad && role == Some(of) && goal.places.iter().all(|found| found == place)
}

pub(super) fn of_thousand(one: u32, other: u32) -> u32 {
    one * other / 1_000
}
