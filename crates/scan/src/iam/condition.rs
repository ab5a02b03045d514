//! Whether the conditions of a statement hold for a role's own calls.
//!
//! Invariant: a condition that is not understood is unknown. Not here: conditions of resource policies (`rules`).

use super::{Verdict, wildcard};
use crate::facts::{self, Day};
use crate::graph::{Condition, Statement};
use crate::known::Text;

/// Keys that narrow a permission to this account, its regions or encrypted calls: a function's own calls pass.
const ALWAYS_OWN: [&str; 5] = [
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:principalaccount",
    "aws:resourceorgid",
    "aws:principalorgid",
];

/// Keys that every call of a role carries, so that asking whether they are there asks nothing.
const ALWAYS_THERE: [&str; 9] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:userid",
    "aws:currenttime",
    "aws:epochtime",
    "aws:securetransport",
    "aws:requestedregion",
    "aws:tokenissuetime",
];

/// Whether all conditions hold when the role itself calls. `passed_to`: the service that is handed a role, where that is asked.
pub(super) fn hold(conditions: &[Condition], passed_to: Option<&str>) -> Verdict {
    conditions.iter().fold(Verdict::Yes, |all, condition| all.and(holds(condition, passed_to)))
}

/// How far the conditions of a statement bind what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// Not at all, but for which account and transport.
    Nothing,
    /// To calls that meet them.
    Narrowed,
    /// They never hold.
    Never,
    /// A condition is not in the files: why.
    Unreadable(String),
}

/// How far the conditions of a statement bind a role's own calls.
#[must_use]
pub fn binding(statement: &Statement) -> Binding {
    const NARROW_NOTHING: [&str; 6] = [
        "aws:securetransport",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:principalaccount",
        "aws:resourceorgid",
        "aws:principalorgid",
    ];
    let mut all = Binding::Nothing;
    for condition in &statement.conditions {
        let held = holds(condition, None);
        if held.is_no() {
            return Binding::Never;
        }
        if held.is_yes() || NARROW_NOTHING.contains(&condition.key.to_ascii_lowercase().as_str()) {
            continue;
        }
        match (why_unreadable(condition), &all) {
            (None, _) => all = Binding::Narrowed,
            (Some(why), Binding::Nothing) => all = Binding::Unreadable(why),
            (Some(_), _) => {}
        }
    }
    all
}

fn why_unreadable(condition: &Condition) -> Option<String> {
    let why = condition.values.iter().find_map(Text::why_unknown);
    if condition.operator == "?" || condition.key == "?" {
        return Some(format!("its condition cannot be told: {}", why.unwrap_or("it is not in the files")));
    }
    why.map(|why| format!("the condition on `{}` cannot be told: {why}", condition.key))
}

fn holds(condition: &Condition, passed_to: Option<&str>) -> Verdict {
    let key = condition.key.to_ascii_lowercase();
    let operator = Operator::of(&condition.operator);
    let unknown = || Verdict::Unknown(format!("it holds only under a condition on `{}`", condition.key));
    let literals: Option<Vec<&str>> = condition.values.iter().map(|value| value.as_literal()).collect();
    let said = |word: &str| {
        literals.as_ref().is_some_and(|values| values.iter().any(|value| value.eq_ignore_ascii_case(word)))
    };
    let there = ALWAYS_THERE.contains(&key.as_str());
    if operator.name == "null" && there && (said("true") || said("false")) {
        return if said("false") { Verdict::Yes } else { Verdict::No };
    }
    if (operator.optional || there)
        && operator.takes_patterns()
        && literals.iter().flatten().any(|it| covers_all(&key, it))
    {
        return Verdict::Yes;
    }
    match (key.as_str(), literals, passed_to) {
        // Every SDK calls over TLS.
        ("aws:securetransport", Some(values), _) if operator.name == "bool" => {
            let encrypted = values.iter().any(|value| value.eq_ignore_ascii_case("true"));
            if encrypted { Verdict::Yes } else { Verdict::No }
        }
        // A role's calls are made with its session, by itself, and from anywhere.
        ("aws:principaltype", Some(values), _)
            if !operator.is_negative() && values.contains(&"AssumedRole") =>
        {
            Verdict::Yes
        }
        ("aws:viaawsservice", Some(values), _) if operator.name == "bool" && values == ["false"] => {
            Verdict::Yes
        }
        // The provider's addresses that SDKs call are of the older kind, unless somebody sets them otherwise.
        ("aws:sourceip", Some(values), _) if values.contains(&"0.0.0.0/0") => match operator.name.as_str() {
            "ipaddress" => Verdict::Yes,
            "notipaddress" => Verdict::No,
            _ => unknown(),
        },
        ("aws:currenttime", Some(values), _) => timed(&operator, &values).unwrap_or_else(unknown),
        ("iam:passedtoservice", Some(values), Some(service)) if !operator.is_negative() => {
            let named = values.iter().any(|value| wildcard::matches(value, service));
            if named { Verdict::Yes } else { Verdict::No }
        }
        (key, _, _) if ALWAYS_OWN.contains(&key) && !operator.is_negative() => Verdict::Yes,
        _ => unknown(),
    }
}

/// Whether a condition on the time holds from now on, whoever calls; `None` where it is about something else or nobody can tell.
#[must_use]
pub fn has_come(condition: &Condition) -> Option<bool> {
    if !condition.key.eq_ignore_ascii_case("aws:CurrentTime") {
        return None;
    }
    let values: Option<Vec<&str>> = condition.values.iter().map(Text::as_literal).collect();
    timed(&Operator::of(&condition.operator), &values?).map(|verdict| verdict.is_yes())
}

/// Whether a time has come, for times that lie before the day of this release's own tables: what is past stays past.
fn timed(operator: &Operator, values: &[&str]) -> Option<Verdict> {
    let built = facts::runtime_day()?;
    let is_past = |value: &&str| value.get(..10).and_then(Day::parse).is_some_and(|day| day < built);
    match operator.name.as_str() {
        "dategreaterthan" | "dategreaterthanequals" if values.iter().any(is_past) => Some(Verdict::Yes),
        "datelessthan" | "datelessthanequals" if !values.is_empty() && values.iter().all(is_past) => {
            Some(Verdict::No)
        }
        _ => None,
    }
}

/// An operator without what may stand around it: `ForAllValues:StringLikeIfExists`.
struct Operator {
    /// `stringlike`.
    name: String,
    /// Whether it holds where the key is absent.
    optional: bool,
}

impl Operator {
    fn of(written: &str) -> Self {
        let written = written.to_ascii_lowercase();
        let (every, name) = match written.strip_prefix("forallvalues:") {
            Some(name) => (true, name),
            None => (false, written.strip_prefix("foranyvalue:").unwrap_or(&written)),
        };
        let bare = name.strip_suffix("ifexists");
        Self { name: bare.unwrap_or(name).to_owned(), optional: every || bare.is_some() }
    }

    fn is_negative(&self) -> bool {
        self.name.contains("not")
    }

    /// Whether `*` in a value stands for anything. `ArnEquals` is `ArnLike`.
    fn takes_patterns(&self) -> bool {
        matches!(self.name.as_str(), "stringlike" | "arnlike" | "arnequals")
    }
}

/// Whether a pattern covers every value that a role's call can have for a key: it is held against one that only wildcards meet.
fn covers_all(key: &str, pattern: &str) -> bool {
    // No value has control characters, so no letter of a pattern is one.
    let opaque = |length: usize| "\u{1}".repeat(length);
    let sample = match key {
        "aws:principalarn" => format!("arn:aws:iam::{}:role/{}", opaque(12), opaque(40)),
        "aws:principalaccount" => opaque(12),
        _ => opaque(40),
    };
    wildcard::matches(pattern, &sample)
}

#[cfg(test)]
mod tests;
