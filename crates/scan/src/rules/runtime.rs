//! Runtimes that nobody cares for any more, and protections that the environment switches off.
//!
//! Not here: what code switches off (`code`), functions that leave no logs (`logs`).

use std::collections::{BTreeMap, BTreeSet};

use super::words::{by_format, list};
use super::{Sight, Verdict, catalogue};
use crate::facts;
use crate::finding::{Finding, Remedy, Severity};
use crate::graph::{App, Function};
use crate::known::{Known, Text};
use crate::source::Place;

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    retired(sight, verdict);
    switches(sight.app, verdict);
}

fn deployed(app: &App) -> impl Iterator<Item = &Function> {
    app.functions.iter().filter(|function| !function.deployed.is(&false))
}

fn retired(sight: &Sight<'_>, verdict: &mut Verdict) {
    // A runtime is one cause, however many functions say it; where a comment allows some of them, the others stay.
    let mut causes: BTreeMap<_, Vec<(Place, &Function)>> = BTreeMap::new();
    for function in deployed(sight.app) {
        let Some(runtime) = &function.runtime else { continue };
        match &runtime.value {
            Known::Value(name) => {
                let rule = catalogue::RETIRED_RUNTIME.id;
                let mark = sight.marks.covering(sight.tree, rule, runtime.place).map(|_| runtime.place);
                causes.entry((name, mark)).or_default().push((runtime.place, function));
            }
            Known::Unknown(why) => {
                let why = format!("which runtime `{}` has cannot be told: {why}", function.name);
                verdict.unknown(Some(&function.name), runtime.place, why);
            }
        }
    }
    for ((name, _), placed) in causes {
        let places: BTreeSet<Place> = placed.iter().map(|(place, _)| *place).collect();
        let Some(place) = places.first().copied() else { continue };
        let functions: Vec<&Function> = placed.into_iter().map(|(_, function)| function).collect();
        let Some(fact) = facts::runtime(name) else { continue };
        let Some(since) = fact.retired(sight.today) else { continue };
        let blocked = fact.update_blocked.filter(|day| sight.today.max(facts::runtime_day()) >= Some(*day));
        let severity = if blocked.is_some() { Severity::High } else { Severity::Medium };
        let also = blocked
            .map_or(String::new(), |day| format!(" Since {day} not even your own fixes can be deployed."));
        let names = list(functions.iter().map(|function| function.name.as_str()));
        let message = format!(
            "{names} {} on `{name}`, which has had no security fixes since {since}.{also}",
            if functions.len() == 1 { "runs" } else { "run" }
        );
        let change = fact.successor.map_or_else(
            || "Move to a runtime that is cared for.".to_owned(),
            |next| {
                let line = by_format(sight.app, "Runtime: ", "Runtime: ", "runtime: ", "runtime = ");
                let mark = if line.ends_with("= ") { "\"" } else { "" };
                format!("`{line}{mark}{next}{mark}`, and test.")
            },
        );
        let newer = fact.successor.map(|next| {
            let replace =
                |at: &Place| Remedy::Replace { at: *at, from: name.to_owned(), to: next.to_string() };
            places.iter().map(replace).collect()
        });
        let mut found = Finding::new(&catalogue::RETIRED_RUNTIME, format!("runtime {name}"), place, message)
            .touching(functions.iter().map(|function| &function.name))
            .severity(severity)
            .advice(change)
            .mended_by(newer.unwrap_or_default());
        if places.len() > 1 {
            for place in &places {
                found = found.seen_at(*place, format!("`{name}`"));
            }
        }
        verdict.report(found);
    }
}

/// Variables that switch the check of certificates off, and the value that does it.
const OFF: [(&str, &[&str]); 4] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true"]),
    ("npm_config_strict_ssl", &["false"]),
];

fn switches(app: &App, verdict: &mut Verdict) {
    for (name, values) in OFF {
        let set = deployed(app).filter_map(|function| {
            let value = &function.variable(name)?.value;
            let off = value.as_literal().is_some_and(|text| values.contains(&text.trim()));
            off.then_some((function, value))
        });
        let set: Vec<(&Function, &Text)> = set.collect();
        let Some((_, first)) = set.first() else { continue };
        let message = format!(
            "`{name}` switches the check of certificates off in {}: whoever sits between reads and changes everything that it sends.",
            list(set.iter().map(|(function, _)| function.name.as_str()))
        );
        verdict.report(
            Finding::new(&catalogue::TLS_VERIFICATION_OFF, format!("variable {name}"), first.place, message)
                .touching(set.iter().map(|(function, _)| &function.name))
                .advice(format!("Remove `{name}`; for an authority of your own set `NODE_EXTRA_CA_CERTS` or hand it to the client.")),
        );
    }
}
