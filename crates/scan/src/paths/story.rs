//! Paths in words, step by step.
//!
//! Invariant: every step names where it stands, if it stands anywhere. Not here: which paths there are (`spread`).

use super::goal::Goal;
use super::model::Model;
use super::spread::{Best, From, Origin, Solution, State};
use super::{Path, Reached, Step, StepKind};
use crate::known::Name;
use crate::source::Place;

/// Paths beyond these are counted, not told. A risk behind so many others weighs nothing in the score.
pub(super) const MAX_PATHS: usize = 40;
/// Chains are told up to here.
const MAX_STEPS: usize = 24;
/// Other ways in that are named.
const MAX_ENTRIES: usize = 10;

/// The worst paths, each with the numbers of the risks that it stands for, and how many more there are.
pub(super) fn tell(model: &Model<'_>, solution: &Solution) -> (Vec<(Path, Vec<usize>)>, usize) {
    let (mut paths, mut left_out) = (Vec::<(Path, Vec<usize>)>::new(), 0);
    for (number, best) in solution.best.iter().enumerate() {
        // Who may do everything needs no list of what that is: its risk goes to the path that says so.
        let account = if best.shadowed {
            paths.iter().position(|(path, _)| path.reached == Reached::Account)
        } else {
            None
        };
        let room = paths.len() < MAX_PATHS;
        match account.and_then(|at| paths.get_mut(at)) {
            Some((_, risks)) => risks.push(number),
            None if room => paths.push((path(model, solution, best), vec![number])),
            None => left_out += 1,
        }
    }
    (paths, left_out)
}

/// A path while it is told.
#[derive(Default)]
struct Telling {
    steps: Vec<Step>,
    needs: Vec<String>,
    unknown: Vec<String>,
    other_entries: Vec<String>,
}

fn path(model: &Model<'_>, solution: &Solution, best: &Best) -> Path {
    let mut telling = Telling::default();
    match best.origin {
        Origin::Goal(state, at) => {
            telling.reach(model, solution, state);
            if let Some(goal) = model.goal_of(state.node, at) {
                telling.role(model, state);
                telling.goal(model, model.node(state.node).and_then(|node| node.role), goal);
            }
        }
        Origin::Unknown(state) => {
            telling.reach(model, solution, state);
            let node = model.node(state.node);
            let place =
                node.map(|node| node.function.role.as_ref().map_or(node.function.place, |role| role.place));
            let why = node.and_then(|node| node.function.role.as_ref()?.value.why().map(str::to_owned));
            let why = why.unwrap_or_else(|| "its role is not in the files".to_owned());
            let text = "its role may do what cannot be told from the files".to_owned();
            telling.step(StepKind::Goal, None, text, place.into_iter().collect(), false);
            telling.unknown.push(why);
        }
        Origin::Trusted(number, at) => {
            if let Some(trusted) = model.trusted.get(number) {
                let text = format!("anyone can take on the role `{}`", trusted.role);
                telling.step(StepKind::Entry, Some(&trusted.role), text, vec![trusted.place], true);
                if let Some(goal) = model.goal(&trusted.role, at) {
                    telling.goal(model, Some(&trusted.role), goal);
                }
            }
        }
        Origin::Direct(at) => {
            if let Some(direct) = model.direct.get(at) {
                telling.step(
                    StepKind::Entry,
                    None,
                    format!("{} gets there without any function", direct.entry),
                    vec![direct.place],
                    true,
                );
                telling.needs.extend(direct.need.clone());
                telling.goal(model, None, &direct.goal);
            }
        }
    }
    let Telling { steps, needs, unknown, other_entries } = telling;
    let risk = u8::try_from(best.risk() / 1_000).unwrap_or(100);
    let likelihood = u16::try_from(best.likelihood).unwrap_or(1_000);
    Path {
        risk,
        likelihood,
        harm: best.harm,
        // WHY: every number was given by the model, so there always is one.
        reached: model.reached.get(best.number).cloned().unwrap_or(Reached::Account),
        steps,
        needs,
        unknown,
        other_entries,
    }
}

impl Telling {
    fn step(&mut self, kind: StepKind, name: Option<&Name>, text: String, places: Vec<Place>, certain: bool) {
        self.steps.push(Step { kind, name: name.cloned(), text, places, certain });
    }

    /// How a function comes to be called or controlled.
    fn reach(&mut self, model: &Model<'_>, solution: &Solution, to: State) {
        let mut chain = Vec::new();
        let mut state = to;
        while let Some(way) = solution.way(state).filter(|_| chain.len() < MAX_STEPS) {
            chain.push((state, way.from));
            state = match way.from {
                From::Entry(_) => break,
                From::Weakness(_) => State { controlled: false, ..state },
                From::Hop(before, _) => before,
            };
        }
        for (state, from) in chain.into_iter().rev() {
            match from {
                From::Entry(at) => self.entry(model, state, at),
                From::Weakness(at) => self.weakness(model, state, at),
                From::Hop(before, at) => self.hop(model, before, state, at),
            }
        }
    }

    fn entry(&mut self, model: &Model<'_>, state: State, at: usize) {
        let (Some(entry), Some(node)) = (model.entries.get(at), model.node(state.node)) else { return };
        self.step(StepKind::Entry, None, entry.text.clone(), vec![entry.place], entry.unknown.is_none());
        let name = &node.function.name;
        self.step(
            StepKind::Function,
            Some(name),
            format!("that starts `{name}`"),
            vec![node.function.place],
            true,
        );
        self.needs.extend(entry.need.clone());
        self.unknown.extend(entry.unknown.clone());
        let others = model.entries.iter().enumerate().filter(|(other, _)| *other != at);
        let same = others.filter(|(_, other)| other.function == entry.function);
        self.other_entries.extend(same.take(MAX_ENTRIES).map(|(_, other)| other.name.clone()));
    }

    fn weakness(&mut self, model: &Model<'_>, state: State, at: usize) {
        let Some(node) = model.node(state.node) else { return };
        let Some(weakness) = node.weaknesses.get(at) else { return };
        let name = &node.function.name;
        let places = weakness.place.into_iter().collect();
        match weakness.cause {
            Some(_) => {
                self.step(StepKind::Weakness, Some(name), weakness.text.clone(), places, weakness.certain)
            }
            None => {
                let text = format!("if {}, `{name}` does what the caller wants", weakness.text);
                self.step(StepKind::Weakness, Some(name), text, places, false);
                self.needs.push(format!("a flaw in the code of `{name}`"));
            }
        }
    }

    fn hop(&mut self, model: &Model<'_>, before: State, state: State, at: usize) {
        let (Some(node), Some(goal)) = (model.node(state.node), model.goal_of(before.node, at)) else {
            return;
        };
        let name = &node.function.name;
        let role = model.node(before.node).and_then(|node| node.role);
        let given = goal.text();
        let text = match (state.controlled, before.controlled) {
            (true, _) => format!("{given}, and so runs its own code with the role of `{name}`"),
            (false, true) => format!("{given}, which starts `{name}`"),
            (false, false) => format!("what was sent is handed on: {given}, which starts `{name}`"),
        };
        self.step(
            StepKind::Hop,
            Some(name),
            text,
            model.places(role, goal).into_iter().collect(),
            goal.unknown.is_none(),
        );
        self.unknown.extend(goal.unknown.clone());
    }

    fn role(&mut self, model: &Model<'_>, state: State) {
        let Some(node) = model.node(state.node) else { return };
        let Some(role) = node.role else { return };
        let text = match state.controlled {
            true => format!("the attacker has the role `{role}`"),
            false => format!("it works with the role `{role}` for every caller"),
        };
        let place = node.function.role.as_ref().map_or(node.function.place, |setting| setting.place);
        self.step(StepKind::Role, Some(role), text, vec![place], true);
    }

    fn goal(&mut self, model: &Model<'_>, role: Option<&Name>, goal: &Goal) {
        let name = match &goal.reached {
            Reached::Store(name) | Reached::Secret(name) | Reached::Function(name) => Some(name),
            _ => None,
        };
        let places = model.places(role, goal).into_iter().collect();
        self.step(StepKind::Goal, name, goal.text(), places, goal.unknown.is_none());
        self.unknown.extend(goal.unknown.clone());
    }
}
