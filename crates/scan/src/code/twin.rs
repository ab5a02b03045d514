//! Two files of one name, a script and the typed one beside it: what a function does that may be either.
//!
//! Invariant: nothing that only one of them does is left out, and what both do is told once, where the runtime finds it without a build.
//! Not here: which files those are (`entry`).

use super::Reading;

impl Reading {
    /// Takes in what the built file does that its sources do not. A bundle has other names, and much that cannot be followed: the sources
    /// stand for that.
    pub(super) fn join_built(&mut self, mut built: Self) {
        built.flows.retain(|flow| {
            !self.flows.iter().any(|known| known.kind == flow.kind && known.sink_name == flow.sink_name)
        });
        built.switches.retain(|switch| !self.switches.iter().any(|known| known.kind == switch.kind));
        built.unknowns.clear();
        built.checks_caller = self.checks_caller;
        self.join(built);
    }

    /// Takes in what another reading of the same function adds.
    pub(super) fn join(&mut self, other: Self) {
        self.entry = self.entry.or(other.entry);
        self.signs |= other.signs;
        self.checks_caller = self.checks_caller.filter(|_| other.checks_caller.is_some());
        add(&mut self.files, other.files, |one, two| one == two);
        add(&mut self.sdk_calls, other.sdk_calls, |one, two| {
            one.actions == two.actions
                && one.resource.pieces == two.resource.pieces
                && one.certainty >= two.certainty
        });
        add(&mut self.flows, other.flows, |one, two| {
            one.kind == two.kind && one.sink_name == two.sink_name && one.source_name == two.source_name
        });
        add(&mut self.switches, other.switches, |one, two| {
            one.kind == two.kind && one.message == two.message
        });
        add(&mut self.imports, other.imports, |one, two| one.package == two.package);
        add(&mut self.reads_environment, other.reads_environment, |one, two| one.value == two.value);
        add(&mut self.unknowns, other.unknowns, |one, two| one.value == two.value);
    }
}

/// What is new among others, compared with what was known before.
fn add<T>(known: &mut Vec<T>, others: Vec<T>, same: impl Fn(&T, &T) -> bool) {
    let before = known.len();
    for other in others {
        if !known.iter().take(before).any(|one| same(one, &other)) {
            known.push(other);
        }
    }
}
