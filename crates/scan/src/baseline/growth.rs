//! Whether a policy lets in more than another one did.
//!
//! Invariants: what cannot be compared counts as more; a statement lets in no more while each of its actions on each of its resources for
//! each of its principals was let in by one statement, under the same conditions or none; what is no longer denied or bounded is more; the
//! work is bounded. Not here: which policies are compared (`baseline`), what is kept of them (`report::grants`).

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::facts;
use crate::iam::wildcard::matches;
use crate::report::{Bounds, Clause, DOINGS, Members, Policy};

/// Combinations of one statement that are looked at one by one; a larger one must be in one statement as a whole.
const MAX_COMBINATIONS: usize = 2_000;
/// Pairs of patterns that are compared for two policies: a tenth of a second.
const MAX_WORK: usize = 2_000_000;
/// How many patterns are named in a sentence.
const NAMED: usize = 3;

/// What a policy lets in that it did not: the first such thing, in words that follow its name. Of some of its statements, where only those
/// are spoken of.
pub(super) fn growth(
    (before, of_before): (&Policy, Option<&BTreeSet<usize>>),
    (after, of_after): (&Policy, Option<&BTreeSet<usize>>),
) -> Option<String> {
    if before == after && of_before == of_after {
        return None;
    }
    let comparison = Comparison { left: Cell::new(MAX_WORK) };
    let old: Vec<&Clause> = spoken_of(before, of_before).filter(|clause| !clause.deny).collect();
    let new: Vec<&Clause> = spoken_of(after, of_after).filter(|clause| !clause.deny).collect();
    let given = after.gives.difference(&before.gives).next().map(|one| format!("gives {one}"));
    given
        .or_else(|| comparison.beyond(&new, &old).map(|clause| format!("allows {}", words(&clause))))
        .or_else(|| {
            let gone = comparison.loosened(&before.statements, &after.statements, &new)?;
            Some(format!("no longer denies {}", words(gone)))
        })
        .or_else(|| comparison.unbound(before.bounds.as_ref(), after.bounds.as_ref(), &new))
}

/// What a statement speaks of: `s3:GetObject` on `*`.
fn words(clause: &Clause) -> String {
    let of = |members: &Members| {
        let named: Vec<String> = members.of.iter().take(NAMED).map(|one| named(one)).collect();
        let more = if members.of.len() > NAMED { " and more" } else { "" };
        format!("{}{}{more}", if members.all_but { "all but " } else { "" }, named.join(", "))
    };
    let mut words = of(&clause.actions);
    for (word, members) in [("on", &clause.resources), ("for", &clause.principals)] {
        if !members.of.is_empty() {
            words.push_str(&format!(" {word} {}", of(members)));
        }
    }
    if clause.conditions.is_some() {
        words.push_str(" under a condition");
    }
    words
}

/// A pattern as it is written; what actions come to (`s3:changing`), in words.
fn named(pattern: &str) -> String {
    match pattern.split_once(':') {
        Some((service, doing)) if DOINGS.contains(&doing) => format!("{doing} (`{service}`)"),
        // Actions are compared in small letters, and known by their own.
        Some(_) => facts::action(pattern)
            .map_or_else(|| format!("`{pattern}`"), |fact| format!("`{}:{}`", fact.service, fact.name)),
        None => format!("`{pattern}`"),
    }
}

fn spoken_of<'p>(policy: &'p Policy, which: Option<&'p BTreeSet<usize>>) -> impl Iterator<Item = &'p Clause> {
    let all = policy.statements.iter().enumerate();
    all.filter(move |(at, _)| which.is_none_or(|which| which.contains(at))).map(|(_, clause)| clause)
}

/// Two policies while they are compared.
struct Comparison {
    left: Cell<usize>,
}

impl Comparison {
    /// What some statements allow that no other did.
    fn beyond(&self, new: &[&Clause], old: &[&Clause]) -> Option<Clause> {
        let same: BTreeSet<&Clause> = old.iter().copied().collect();
        let is_known = |new: &Clause| same.contains(new) || old.iter().any(|old| self.covers(old, new));
        new.iter().filter(|new| !is_known(new)).find_map(|new| self.part_beyond(old, new))
    }

    /// The first combination of action, resource and principal of a statement that no other allowed, where none allowed all of it.
    fn part_beyond(&self, old: &[&Clause], new: &Clause) -> Option<Clause> {
        let (actions, resources, principals) =
            (singles(&new.actions), singles(&new.resources), singles(&new.principals));
        let combinations = actions.len().saturating_mul(resources.len()).saturating_mul(principals.len());
        let one = |action: &Members, resource: &Members, principal: &Members| Clause {
            deny: new.deny,
            actions: action.clone(),
            resources: resource.clone(),
            principals: principal.clone(),
            conditions: new.conditions.clone(),
        };
        if !(2..=MAX_COMBINATIONS).contains(&combinations) {
            return Some(new.clone());
        }
        let mut all = Vec::with_capacity(combinations);
        for action in &actions {
            for resource in &resources {
                all.extend(principals.iter().map(|principal| one(action, resource, principal)));
            }
        }
        all.into_iter().find(|one| !old.iter().any(|old| self.covers(old, one)))
    }

    /// Whether a statement speaks of all that another one speaks of.
    fn covers(&self, wide: &Clause, narrow: &Clause) -> bool {
        (wide.conditions.is_none() || wide.conditions == narrow.conditions)
            && self.includes(&wide.actions, &narrow.actions)
            && self.includes(&wide.resources, &narrow.resources)
            && self.includes(&wide.principals, &narrow.principals)
    }

    fn includes(&self, wide: &Members, narrow: &Members) -> bool {
        if wide == narrow {
            return true;
        }
        let all_within =
            |some: &BTreeSet<String>, of: &BTreeSet<String>| some.iter().all(|one| self.is_among(one, of));
        match (wide.all_but, narrow.all_but) {
            (false, false) => !narrow.of.is_empty() && all_within(&narrow.of, &wide.of),
            // Whatever the wide one leaves out, the narrow one leaves out too.
            (true, true) => all_within(&wide.of, &narrow.of),
            // What has neither wildcards nor anything that is filled in is either left out or not.
            (true, false) => {
                let plain = |pattern: &String| !pattern.contains(['*', '?', '$']);
                wide.of.iter().all(|pattern| !pattern.contains('$'))
                    && !narrow.of.is_empty()
                    && narrow.of.iter().all(|one| plain(one) && !wide.of.iter().any(|it| matches(it, one)))
            }
            (false, true) => wide.of.contains("*"),
        }
    }

    /// Whether one of some patterns stands for all that a pattern stands for.
    fn is_among(&self, pattern: &str, patterns: &BTreeSet<String>) -> bool {
        if patterns.contains(pattern) {
            return true;
        }
        // What cannot be looked at any more is not among them.
        let Some(left) = self.left.get().checked_sub(patterns.len() + 1) else { return false };
        self.left.set(left);
        // What `*` takes up may be a wildcard itself; what `?` takes up may not.
        patterns.iter().any(|wide| !wide.contains('?') && matches(wide, pattern))
    }

    /// What was denied and is denied no longer, of the services that are spoken of.
    fn loosened<'c>(
        &self,
        before: &'c [Clause],
        after: &[Clause],
        allowed: &[&Clause],
    ) -> Option<&'c Clause> {
        let now: Vec<&Clause> = after.iter().filter(|clause| clause.deny).collect();
        before.iter().filter(|clause| clause.deny).find(|denied| {
            !now.contains(denied)
                && !now.iter().any(|now| self.covers(now, denied))
                && allowed.iter().any(|allowed| may_meet(&denied.actions, &allowed.actions))
        })
    }

    /// What bounds a role less than it did.
    fn unbound(
        &self,
        before: Option<&Bounds>,
        after: Option<&Bounds>,
        allowed: &[&Clause],
    ) -> Option<String> {
        let before = before?;
        let Some(after) = after else { return Some(format!("is no longer bounded by `{}`", before.policy)) };
        let (Some(old), Some(new)) = (&before.statements, &after.statements) else {
            let other = || format!("is bounded by `{}`, and was by `{}`", after.policy, before.policy);
            return (before.policy != after.policy).then(other);
        };
        let allow = |clauses: &'_ [Clause]| clauses.iter().filter(|clause| !clause.deny).cloned().collect();
        let (was, is): (Vec<Clause>, Vec<Clause>) = (allow(old), allow(new));
        let (was, is): (Vec<&Clause>, Vec<&Clause>) = (was.iter().collect(), is.iter().collect());
        let beyond = self.beyond(&is, &was).map(|clause| format!("is bounded less: by {}", words(&clause)));
        beyond.or_else(|| {
            let gone = self.loosened(old, new, allowed)?;
            Some(format!("is bounded less: its boundary no longer denies {}", words(gone)))
        })
    }
}

/// Each of some patterns by itself; everything but some is one.
fn singles(members: &Members) -> Vec<Members> {
    if members.all_but || members.of.is_empty() {
        return vec![members.clone()];
    }
    members.of.iter().map(|one| Members { all_but: false, of: BTreeSet::from([one.clone()]) }).collect()
}

/// Whether actions may be of one service.
fn may_meet(one: &Members, other: &Members) -> bool {
    let service = |pattern: &str| match pattern.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?', '$']) => Some(service.to_owned()),
        _ => None,
    };
    let some = |members: &Members| members.of.iter().map(|pattern| service(pattern)).collect::<BTreeSet<_>>();
    let (of_one, of_other) = (some(one), some(other));
    one.all_but
        || other.all_but
        || of_one.contains(&None)
        || of_other.contains(&None)
        || !of_one.is_disjoint(&of_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Members {
        let (all_but, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        Members { all_but, of: text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect() }
    }

    /// `deny action,action on resource for principal if digits`; the last two may be missing.
    fn clause(text: &str) -> Clause {
        let (deny, text) = text.strip_prefix("deny ").map_or((false, text), |rest| (true, rest));
        let (text, conditions) = text.split_once(" if ").map_or((text, None), |(text, it)| (text, Some(it)));
        let (text, principals) = text.split_once(" for ").unwrap_or((text, ""));
        let (actions, resources) = text.split_once(" on ").unwrap();
        Clause {
            deny,
            actions: members(actions),
            resources: members(resources),
            principals: members(principals),
            conditions: conditions.map(str::to_owned),
        }
    }

    fn policy(text: &str, bounds: Option<&str>) -> Policy {
        let clauses = |text: &str| text.split("; ").filter(|one| !one.is_empty()).map(clause).collect();
        Policy {
            statements: clauses(text),
            bounds: bounds.map(|text| match text.split_once(": ") {
                Some((name, text)) => Bounds { policy: name.to_owned(), statements: Some(clauses(text)) },
                None => Bounds { policy: text.to_owned(), statements: None },
            }),
            gives: BTreeSet::new(),
        }
    }

    #[test]
    fn more_is_told_from_as_much_and_less() {
        let cases = [
            // Combinations, and not the sets of what there is.
            ("a:R on one; a:W on two", "a:R on one; a:W on two", false),
            ("a:R on one; a:W on two", "a:R,a:W on one; a:W on two", true),
            ("a:R on one; a:W on two", "a:R on one,two; a:W on two", true),
            ("a:R on one; a:W on one", "a:R,a:W on one", false),
            ("a:R,a:W on one,two", "a:R on one; a:W on two", false),
            ("a:R on one for 1; a:W on one for *", "a:R,a:W on one for 1", false),
            ("a:R on one for 1; a:W on one for *", "a:R,a:W on one for *", true),
            // Patterns.
            ("a:* on *", "a:Get* on one", false),
            ("a:Get* on *", "a:* on *", true),
            ("a:Get? on *", "a:Get* on *", true),
            ("a:R on x/*", "a:R on x/${?12}", false),
            ("a:R on x/y", "a:R on x/${?12}", true),
            ("a:R on ${?11}", "a:R on ${?12}", true),
            // Everything but some.
            ("!iam:* on *", "!iam:*,sts:* on *", false),
            ("!iam:*,sts:* on *", "!iam:* on *", true),
            ("a:R on !one,two", "a:R on !one", true),
            ("a:R on !one", "a:R on !one,two", false),
            ("a:R on !one", "a:R on two", false),
            ("a:R on !one*", "a:R on one2", true),
            ("a:R on !one", "a:R on t*", true),
            ("a:R on one", "a:R on !two", true),
            ("a:R on *", "a:R on !two", false),
            // Conditions.
            ("a:R on one if 12", "a:R on one if 12", false),
            ("a:R on one if 12", "a:R on one if 34", true),
            ("a:R on one if 12", "a:R on one", true),
            ("a:R on one", "a:R on one if 12", false),
            // What was denied.
            ("a:* on *; deny a:D on *", "a:* on *; deny a:D on *", false),
            ("a:* on *; deny a:D on *", "a:* on *", true),
            ("a:* on *; deny a:D on *", "a:* on *; deny a:D on one", true),
            ("a:* on *; deny a:D on *", "a:* on *; deny a:D on * if 12", true),
            ("a:* on *; deny a:D on *", "a:* on *; deny a:* on *", false),
            ("a:* on *; deny a:* on !one", "a:* on *; deny a:* on !one,two", true),
            ("a:* on *; deny a:* on * for !1", "a:* on *; deny a:* on * for !1,2", true),
            ("a:* on *; deny b:D on *", "a:* on *", false),
            ("* on *; deny b:D on *", "* on *", true),
        ];
        for (before, after, grown) in cases {
            let (old, new) = (policy(before, None), policy(after, None));
            assert_eq!(growth((&old, None), (&new, None)).is_some(), grown, "{before} -> {after}");
        }
    }

    #[test]
    fn a_bound_that_goes_or_widens_is_more() {
        let cases = [
            (Some("B"), Some("B"), false),
            (Some("B"), Some("C"), true),
            (Some("B"), None, true),
            (None, Some("B"), false),
            (Some("B: a:R on *"), Some("C: a:R on *"), false),
            (Some("B: a:R on *"), Some("B: a:* on *"), true),
            (Some("B: a:* on *"), Some("B: a:R on *"), false),
            (Some("B: a:* on *; deny a:D on *"), Some("B: a:* on *"), true),
            (Some("B: a:R on *"), Some("B"), false),
            (Some("B: a:R on *"), Some("C"), true),
        ];
        for (before, after, grown) in cases {
            let (old, new) = (policy("a:* on *", before), policy("a:* on *", after));
            assert_eq!(growth((&old, None), (&new, None)).is_some(), grown, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn only_the_statements_that_are_spoken_of_are_compared() {
        let (old, new) =
            (policy("a:R on one; b:* on *", None), policy("b:* on *; a:R on two; c:* on *", None));
        let some = |at: usize| BTreeSet::from([at]);
        assert!(growth((&old, Some(&some(1))), (&new, Some(&some(0)))).is_none());
        assert!(growth((&old, Some(&some(0))), (&new, Some(&some(1)))).is_some());
        assert!(growth((&old, Some(&some(1))), (&new, Some(&some(2)))).is_some());
    }

    #[test]
    fn what_is_too_much_to_compare_counts_as_more() {
        let many = |count: usize, prefix: &str| {
            let all: Vec<String> = (0..count).map(|at| format!("a:{prefix}{at}")).collect();
            policy(&format!("{} on *", all.join(",")), None)
        };
        let (old, new) = (many(3_000, "Get*"), many(3_000, "Get*x"));
        assert!(growth((&old, None), (&new, None)).is_some());
        assert!(growth((&old, None), (&many(2_000, "Get*"), None)).is_none());
    }

    #[test]
    fn what_is_more_is_said() {
        let cases = [
            ("a:R on one", "a:R,a:W on one", "allows `a:W` on `one`"),
            ("a:R on one for 1", "a:R on one for *", "allows `a:R` on `one` for `*`"),
            ("a:R on one if 12", "a:R on one if 34", "allows `a:R` on `one` under a condition"),
            ("a:* on *; deny a:D on *", "a:* on *", "no longer denies `a:D` on `*`"),
            ("!a:R,b:R on *", "!a:R on *", "allows all but `a:R` on `*`"),
            ("s3:reading on *", "s3:reading,s3:changing on *", "allows changing (`s3`) on `*`"),
        ];
        for (before, after, said) in cases {
            let (old, new) = (policy(before, None), policy(after, None));
            assert_eq!(growth((&old, None), (&new, None)).as_deref(), Some(said), "{before} -> {after}");
        }
        let bounded = |bounds: Option<&str>| policy("a:* on *", bounds);
        let said = |before, after| growth((&bounded(before), None), (&bounded(after), None)).unwrap();
        assert_eq!(said(Some("B"), None), "is no longer bounded by `B`");
        assert_eq!(said(Some("B: a:R on *"), Some("B: a:W on *")), "is bounded less: by `a:W` on `*`");
        let mut lets = policy("", None);
        lets.gives.insert("22-22 from everywhere".to_owned());
        assert_eq!(growth((&policy("", None), None), (&lets, None)).unwrap(), "gives 22-22 from everywhere");
    }
}
