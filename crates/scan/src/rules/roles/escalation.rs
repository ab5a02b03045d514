//! Roles that can make themselves stronger.
//!
//! Not here: which combinations of actions do (`iam`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Users, allows};
use crate::finding::Severity;
use crate::graph::{Role, Statement};
use crate::iam::statement::is_every_action;
use crate::iam::{self, Escalation, Permissions, wildcard};
use crate::known::Setting;
use crate::rules::words::join;
use crate::rules::{Verdict, catalogue};
use crate::source::Place;

/// The ways to more that a role certainly has.
pub(super) struct Ways {
    sure: Vec<Escalation>,
    /// Whether all of them are there because a statement allows every action: then that is the cause.
    by_every_action: bool,
}

/// Patterns of actions, each with the statement in which it stands.
pub(super) type Told<'a> = BTreeSet<(Place, &'a str)>;

/// Finds them, and says which cannot be told.
pub(super) fn of(role: &Role, permissions: &Permissions<'_, '_>, verdict: &mut Verdict) -> Ways {
    let mut sure = Vec::new();
    let mut unsure: BTreeMap<(Place, String), Vec<String>> = BTreeMap::new();
    for way in permissions.escalations() {
        match &way.verdict {
            iam::Verdict::Yes => sure.push(way),
            iam::Verdict::Unknown(why) => {
                let place = way.places.first().copied().unwrap_or(role.place);
                unsure.entry((place, why.clone())).or_default().push(way.combination.gives.to_owned());
            }
            iam::Verdict::No => {}
        }
    }
    for ((place, why), gives) in unsure {
        let why = format!("whether `{}` can {} cannot be told: {why}", role.name, join(&gives, "or"));
        verdict.unknown(Some(&role.name), place, why);
    }
    let by_every_action = !sure.is_empty() && sure.iter().all(|way| is_of_every_action(role, way));
    Ways { sure, by_every_action }
}

/// Whether what a way is made of is granted by statements that allow every action, or all but some.
fn is_of_every_action(role: &Role, way: &Escalation) -> bool {
    let named = |statement: &Statement, action: &str| {
        let mut patterns = statement.actions.iter().filter_map(Setting::known);
        !statement.not_actions
            && patterns.any(|it| !is_every_action(it) && wildcard::covers_action(it, action))
    };
    let mut actions = way.combination.broad.iter().chain(way.combination.some);
    !actions.any(|action| allows(role).any(|statement| named(statement, action)))
}

impl Ways {
    /// The patterns that these ways are the fault of: what they grant is not told a second time.
    pub(super) fn patterns<'a>(&self, role: &'a Role) -> Told<'a> {
        let mut told = Told::new();
        if self.by_every_action {
            return told;
        }
        for statement in allows(role).filter(|statement| !statement.not_actions) {
            let ways: Vec<_> = self.sure.iter().filter(|way| way.places.contains(&statement.place)).collect();
            let patterns = statement.actions.iter().filter_map(Setting::known);
            for pattern in patterns.filter(|it| !ways.is_empty() && !is_every_action(it)) {
                let covers = |action: &&str| wildcard::covers_action(pattern, action);
                let named = |action: &&str| pattern.eq_ignore_ascii_case(action);
                let is_told = ways.iter().any(|way| {
                    way.combination.broad.iter().any(covers) || way.combination.some.iter().any(named)
                });
                if is_told {
                    told.insert((statement.place, pattern.as_str()));
                }
            }
        }
        told
    }

    /// What every action comes to, as a sentence behind another one.
    pub(super) fn of_every_action(&self) -> String {
        match self.by_every_action {
            true => format!(" With that it can {}.", join(&self.gives(), "and")),
            false => String::new(),
        }
    }

    fn gives(&self) -> Vec<String> {
        self.sure.iter().map(|way| way.combination.gives.to_owned()).collect()
    }

    /// Reports them.
    pub(super) fn report(&self, role: &Role, users: &Users<'_>, verdict: &mut Verdict) {
        let Some(first) = self.sure.first().filter(|_| !self.by_every_action) else { return };
        let message =
            format!("{} can make itself stronger: it can {}.", users.subject, join(&self.gives(), "and"));
        let place = first.places.first().copied().unwrap_or(role.place);
        let mut finding = users.finding(&catalogue::PRIVILEGE_ESCALATION, role, place, message);
        for way in &self.sure {
            let actions: Vec<&str> =
                way.combination.broad.iter().chain(way.combination.some).copied().collect();
            let place = way.places.first().copied().unwrap_or(role.place);
            finding =
                finding.seen_at(place, format!("{} with {}", way.combination.gives, actions.join(" and ")));
        }
        let severity = if users.functions.is_empty() { Severity::Medium } else { Severity::High };
        verdict.report(finding.severity(severity).advice(
            "Take these actions away, or bind them: `iam:PassRole` to one role and one service (`iam:PassedToService`), the others to named ARNs.",
        ));
    }
}
