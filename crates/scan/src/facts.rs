//! Facts about the provider: what its actions do, what its managed policies allow, what SAM's policy templates stand for, and until when
//! its runtimes are cared for.
//!
//! Owns: tables that are part of the program, and looking things up in them. Invariants: every table says what it comes from on its
//! first lines; nothing is read before it is asked for, and then only the part that is asked for; whatever is not in a table is `None`,
//! which nobody may take for harmless. Not here: how the tables are made (`cargo xtask facts`), what follows from them (`iam`, `rules`).

mod actions;
mod policies;
mod runtimes;

pub use self::actions::{
    ActionFact, Level, ResourceType, action, actions_matching, actions_of, service_exists, service_title,
    services, types_of,
};
pub use self::policies::{
    ConditionFact, ManagedFact, StatementFact, TemplateFact, managed_policies, managed_policy, sam_template,
    sam_templates,
};
pub use self::runtimes::{Day, RuntimeFact, runtime, runtime_day, runtimes};

const ACTIONS: &str = include_str!("facts/actions.txt");
const PASSING: &str = include_str!("facts/passing.tsv");
const MANAGED_POLICIES: &str = include_str!("facts/managed_policies.tsv");
const SAM_TEMPLATES: &str = include_str!("facts/sam_templates.tsv");
const RUNTIMES: &str = include_str!("facts/runtimes.tsv");

/// What each table comes from: package, version, licence, day; for `--version` and reports.
pub fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tables = [
        ("actions", ACTIONS),
        ("actions that pass a role", PASSING),
        ("managed policies", MANAGED_POLICIES),
        ("SAM policy templates", SAM_TEMPLATES),
        ("runtimes", RUNTIMES),
    ];
    tables.into_iter().filter_map(|(name, text)| Some((name, header(text, "# Source: ")?)))
}

/// The rest of a line of a table's head.
fn header(text: &'static str, start: &str) -> Option<&'static str> {
    text.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(start))
}

/// The rows of a table, without its head.
fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// The row of a sorted table whose first column is `key`.
fn row(text: &'static str, key: &str) -> Option<&'static str> {
    let (mut from, mut to) = (0, text.len());
    // INVARIANT: rows are sorted by bytes, and the head's `#` sorts before them; a test holds every table to it.
    while from < to {
        let middle = from + (to - from) / 2;
        let start = text.as_bytes().get(from..middle)?.iter().rposition(|byte| *byte == b'\n');
        let start = start.map_or(from, |at| from + at + 1);
        let line = text.get(start..to)?.lines().next()?;
        let found = line.split('\t').next().unwrap_or(line);
        match (line.starts_with('#'), found.cmp(key)) {
            (false, std::cmp::Ordering::Equal) => return Some(line),
            (false, std::cmp::Ordering::Greater) => to = start,
            _ => from = start + line.len() + 1,
        }
    }
    None
}

/// Whether the service authorization reference says that an action (`states:CreateStateMachine`) asks for `iam:PassRole` besides. It
/// does not say so of each one that takes a role.
#[must_use]
pub fn asks_for_pass_role(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return false };
    let listed = row(PASSING, service).and_then(|row| row.split_once('\t'));
    listed.is_some_and(|(_, names)| names.split(' ').any(|known| known == name))
}

#[cfg(test)]
mod tests;
