//! The easiest way to each thing: how likely it is that somebody calls a function, controls it, and gets what its role gives away.
//!
//! Each function has two states: called with what an attacker sends, and controlled. Likelihoods only shrink from step to step, so that
//! the best predecessor of a state never comes after it. Invariant: with something taken away, no likelihood grows. Not here: words.

use std::collections::BTreeSet;

use super::entry;
use super::goal::{Goal, UNKNOWN_HARM};
use super::model::{Cause, Class, Model};
use super::weakness::{NONE_KNOWN, Weakness};
use crate::known::Name;
use crate::source::Place;

/// How often likelihoods are passed on: the longest chain of functions.
const ROUNDS: usize = 6;
/// What an attacker sends survives a function that hands it on.
const HANDED_ON: u32 = 500;
/// What code does for every caller needs no flaw, when calls are meant to change something.
pub(super) const FRONT_DOOR: u32 = 400;

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
    /// The number of what is reached.
    pub(super) number: usize,
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
    take_control(model, without, &mut solution);
    for _ in 0..ROUNDS {
        let passed = pass_on(model, without, &mut solution);
        if !take_control(model, without, &mut solution) && !passed {
            break;
        }
    }
    collect(model, without, &mut solution);
    solution
}

/// From calls to control, for every function.
fn take_control(model: &Model<'_>, without: Option<&Cause>, solution: &mut Solution) -> bool {
    let mut changed = false;
    for (node, of) in model.nodes.iter().enumerate() {
        let (called, controlled) = (State { node, controlled: false }, State { node, controlled: true });
        let weakness = of.weaknesses.iter().position(|weakness| !is_gone(weakness, without));
        let strength = weakness.and_then(|at| of.weaknesses.get(at)).map_or(NONE_KNOWN, |it| it.likelihood);
        if let (Some(way), Some(at)) = (solution.way(called), weakness) {
            changed |= solution.offer(controlled, of_thousand(way.likelihood, strength), From::Weakness(at));
        }
    }
    changed
}

/// Functions whose roles say the same, and of which no statement or the same one is narrowed: whoever gets furthest stands for all.
struct Bundle<'m> {
    class: &'m Class,
    /// How many goals their roles have of their own, which come before the shared ones.
    own: usize,
    /// The one that is called most easily, and the one that is controlled most easily.
    called: Option<(usize, u32)>,
    controlled: Option<(usize, u32)>,
    /// The one that is called most easily by those for whom it works.
    front: Option<(usize, u32)>,
    /// The role, where one of its statements grants no more than is needed.
    narrowed: Option<(&'m Name, &'m Place)>,
}

/// Puts functions together, each class by itself.
fn bundles<'m>(model: &'m Model<'_>, without: Option<&'m Cause>, solution: &Solution) -> Vec<Bundle<'m>> {
    let narrowed = match without {
        Some(Cause::Grant(role, place)) => Some((role, place)),
        _ => None,
    };
    let mut found = Vec::new();
    for class in &model.classes {
        let is_narrowed = |node: &&usize| {
            let role = model.node(**node).and_then(|node| node.role);
            narrowed.is_some_and(|(narrowed, _)| role == Some(narrowed))
        };
        let (apart, together): (Vec<usize>, Vec<usize>) = class.nodes.iter().partition(is_narrowed);
        for (nodes, narrowed) in [(together, None), (apart, narrowed)] {
            // The first of several that are as easy.
            let best = |of: &dyn Fn(usize) -> Option<u32>| {
                let ways = nodes.iter().filter_map(|node| Some((*node, of(*node)?)));
                ways.max_by_key(|(node, likelihood)| (*likelihood, std::cmp::Reverse(*node)))
            };
            let way = |node, controlled| solution.way(State { node, controlled });
            let Some(first) = nodes.first() else { continue };
            found.push(Bundle {
                class,
                own: model.given_to(*first).map_or(0, |given| given.own.len()),
                called: best(&|node| way(node, false).map(|way| way.likelihood)),
                controlled: best(&|node| way(node, true).map(|way| way.likelihood)),
                front: best(&|node| front_door(model, way(node, false)?)),
                narrowed,
            });
        }
    }
    found
}

impl Bundle<'_> {
    /// Whether a goal is gone because its statement grants no more than is needed.
    fn has_narrowed(&self, model: &Model<'_>, goal: &Goal) -> bool {
        self.narrowed.is_some_and(|(role, place)| is_narrowed_to(model, role, goal, place))
    }
}

/// One round: from each function to those that its role reaches.
fn pass_on(model: &Model<'_>, without: Option<&Cause>, solution: &mut Solution) -> bool {
    let mut changed = false;
    for bundle in bundles(model, without, solution) {
        let (called, controlled) = (bundle.called, bundle.controlled);
        for edge in &bundle.class.edges {
            let Some(goal) = bundle.class.shared.goals.get(edge.goal) else { continue };
            if bundle.has_narrowed(model, goal) {
                continue;
            }
            let to = State { node: edge.to, controlled: edge.own_code };
            if let Some((node, likelihood)) = controlled {
                let from = From::Hop(State { node, controlled: true }, bundle.own + edge.goal);
                changed |= solution.offer(to, of_thousand(likelihood, goal.likelihood), from);
            }
            // What is sent to an honest function may be handed on by it; replacing code is nothing that honest code does.
            if let Some((node, likelihood)) = called.filter(|_| !edge.own_code) {
                let likelihood = of_thousand(of_thousand(likelihood, HANDED_ON), goal.likelihood);
                let from = From::Hop(State { node, controlled: false }, bundle.own + edge.goal);
                changed |= solution.offer(to, likelihood, from);
            }
        }
    }
    changed
}

/// The best ways that were found so far, by the number of what they reach.
struct Offers {
    best: Vec<Option<Best>>,
}

impl Offers {
    fn offer(&mut self, found: Best) {
        let risk = found.risk();
        let Some(best) = self.best.get_mut(found.number).filter(|_| risk > 0) else { return };
        if best.as_ref().is_none_or(|old| (risk, !found.shadowed) > (old.risk(), !old.shadowed)) {
            *best = Some(found);
        }
    }

    fn goal(&mut self, goal: &Goal, likelihood: u32, harm: u8, origin: Origin) {
        let likelihood = of_thousand(likelihood, goal.likelihood);
        let Goal { number, shadowed, .. } = *goal;
        self.offer(Best { number, likelihood, harm, origin, shadowed });
    }
}

/// The best way to each thing.
fn collect(model: &Model<'_>, without: Option<&Cause>, solution: &mut Solution) {
    let mut offers = Offers { best: vec![None; model.reached.len()] };
    of_functions(model, without, solution, &mut offers);
    for bundle in bundles(model, without, solution) {
        let goals = bundle.class.shared.goals.iter().enumerate();
        for (at, goal) in goals.filter(|(_, goal)| !bundle.has_narrowed(model, goal)) {
            let origin = |node, controlled| Origin::Goal(State { node, controlled }, bundle.own + at);
            if let Some((node, likelihood)) = bundle.front.filter(|_| goal.front_door > 0) {
                offers.goal(goal, likelihood, goal.front_door, origin(node, false));
            }
            if let Some((node, likelihood)) = bundle.controlled {
                offers.goal(goal, likelihood, goal.harm, origin(node, true));
            }
        }
    }
    of_strangers(model, without, &mut offers);
    let mut all: Vec<_> = offers.best.into_iter().flatten().collect();
    all.sort_by(|a, b| b.risk().cmp(&a.risk()).then_with(|| a.number.cmp(&b.number)));
    solution.best = all;
}

/// What is lost with one function's role alone.
fn of_functions(model: &Model<'_>, without: Option<&Cause>, solution: &Solution, offers: &mut Offers) {
    for (node, of) in model.nodes.iter().enumerate() {
        let controlled = State { node, controlled: true };
        let Some(way) = solution.way(controlled) else { continue };
        let own = model.given_to(node).map_or(&[][..], |given| &given.own);
        for (at, goal) in
            own.iter().enumerate().filter(|(_, goal)| !is_narrowed(model, of.role, goal, without))
        {
            offers.goal(goal, way.likelihood, goal.harm, Origin::Goal(controlled, at));
        }
        if of.role.is_none() {
            let (number, origin) = (of.unknown, Origin::Unknown(controlled));
            offers.offer(Best {
                number,
                likelihood: way.likelihood,
                harm: UNKNOWN_HARM,
                origin,
                shadowed: false,
            });
        }
    }
}

/// What strangers get without any function: through roles that they may take on, and what is open by itself.
fn of_strangers(model: &Model<'_>, without: Option<&Cause>, offers: &mut Offers) {
    // Of roles that say the same, the first that is still open stands for all, but for what each has of its own.
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for (number, trusted) in model.trusted.iter().enumerate() {
        let role = &trusted.role;
        let Some(given) = model.given(role) else { continue };
        if matches!(without, Some(Cause::Trust(closed)) if closed == role) {
            continue;
        }
        let apart = matches!(without, Some(Cause::Grant(narrowed, _)) if narrowed == role);
        let all = apart || told.insert(given.class);
        let shared = model.classes.get(given.class).filter(|_| all).map_or(&[][..], |it| &it.shared.goals);
        let goals = given.own.iter().chain(shared).enumerate();
        for (at, goal) in goals.filter(|(_, goal)| !is_narrowed(model, Some(role), goal, without)) {
            offers.goal(goal, 1_000, goal.harm, Origin::Trusted(number, at));
        }
    }
    for (at, direct) in model.direct.iter().enumerate().filter(|(_, direct)| without != Some(&direct.cause)) {
        let Goal { number, harm, .. } = direct.goal;
        let (likelihood, origin) = (direct.likelihood, Origin::Direct(at));
        offers.offer(Best { number, likelihood, harm, origin, shadowed: false });
    }
}

/// What a stranger gets through a function that does for him what it does for everyone.
fn front_door(model: &Model<'_>, way: Way) -> Option<u32> {
    let From::Entry(at) = way.from else { return None };
    let meant = model.entries.get(at).is_some_and(|entry| entry.changes);
    // Whoever had to sign in is meant to use it.
    (meant && way.likelihood >= entry::ANYONE).then(|| of_thousand(way.likelihood, FRONT_DOOR))
}

fn is_gone(weakness: &Weakness, without: Option<&Cause>) -> bool {
    weakness.cause.is_some() && weakness.cause.as_ref() == without
}

/// Whether a goal is gone when a statement grants no more than is needed.
fn is_narrowed(model: &Model<'_>, role: Option<&Name>, goal: &Goal, without: Option<&Cause>) -> bool {
    let Some(Cause::Grant(of, place)) = without else { return false };
    role == Some(of) && is_narrowed_to(model, of, goal, place)
}

/// The same for a role of which a statement is narrowed.
fn is_narrowed_to(model: &Model<'_>, role: &Name, goal: &Goal, place: &Place) -> bool {
    goal.broad && model.places(Some(role), goal).iter().all(|found| found == place)
}

pub(super) fn of_thousand(one: u32, other: u32) -> u32 {
    one * other / 1_000
}
