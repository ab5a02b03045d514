//! IAM actions: their level and the kinds of resources that they can be bound to.
//!
//! Invariant: a service's actions are read when the first of them is asked for, once. Not here: what a role may do (`iam`).

use std::cmp::Ordering;
use std::sync::OnceLock;

use serde::Serialize;

use super::ACTIONS;
use crate::iam::wildcard;

/// What an action does to what it touches, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Names things.
    List,
    /// Reads what is in them.
    Read,
    /// Changes their tags.
    Tagging,
    /// Makes, changes or removes them.
    Write,
    /// Changes who may do what.
    Permissions,
}

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionFact {
    /// The prefix of its service: `dynamodb`.
    pub service: &'static str,
    /// Its name as the provider spells it: `PutItem`.
    pub name: &'static str,
    /// What it does.
    pub level: Level,
    /// Whether it has no kind of resource, so that `*` is the only resource that it can be granted on.
    pub needs_star: bool,
    /// Names of resource types, `,` between, `*` behind those of which one must be named.
    types: &'static str,
    of: &'static Service,
}

/// A kind of resource that an action can be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    /// The provider's word for it within the service: `table`.
    pub name: &'static str,
    /// Whether the action always touches one.
    pub required: bool,
    /// Its ARN, with `*` for each part that differs: `arn:*:dynamodb:*:*:table/*`.
    pub arn: &'static str,
}

impl ActionFact {
    /// `dynamodb:PutItem`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// The names of the kinds of resources that it can be bound to.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.types.split(',').filter(|word| !word.is_empty()).map(|word| word.trim_end_matches('*'))
    }

    /// The kinds of resources that it can be bound to.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType> + use<> {
        let of = self.of;
        self.types.split(',').filter(|word| !word.is_empty()).map(move |word| {
            let name = word.trim_end_matches('*');
            let arn = of.types().find(|(found, _)| *found == name).map_or("*", |(_, arn)| arn);
            ResourceType { name, required: word.ends_with('*'), arn }
        })
    }
}

/// A service's block of the table.
#[derive(Debug)]
struct Service {
    prefix: &'static str,
    title: &'static str,
    rows: &'static str,
    actions: OnceLock<Vec<Row>>,
}

/// An action's line. Rows are sorted by name, in whichever case of letters.
#[derive(Debug)]
struct Row {
    name: &'static str,
    level: Level,
    types: &'static str,
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.prefix == other.prefix
    }
}

impl Eq for Service {}

impl Service {
    fn types(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.rows.lines().map_while(|line| line.strip_prefix('=')).filter_map(|line| line.split_once(' '))
    }

    fn actions(&self) -> &[Row] {
        self.actions.get_or_init(|| self.rows.lines().filter_map(Row::read).collect())
    }

    fn fact(&'static self, row: &'static Row) -> ActionFact {
        let Row { name, level, types, .. } = row;
        let needs_star = types.is_empty();
        ActionFact { service: self.prefix, name, level: *level, needs_star, types, of: self }
    }
}

impl Row {
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.splitn(3, ' ');
        let level = match words.next()? {
            "L" => Level::List,
            "R" => Level::Read,
            "T" => Level::Tagging,
            "W" => Level::Write,
            "P" => Level::Permissions,
            _ => return None,
        };
        Some(Self { name: words.next()?, level, types: words.next().unwrap_or("") })
    }

    fn order(&self, name: &str) -> Ordering {
        self.name
            .bytes()
            .map(|it| it.to_ascii_lowercase())
            .cmp(name.bytes().map(|it| it.to_ascii_lowercase()))
    }

    fn starts_with(&self, start: &str) -> bool {
        self.name.as_bytes().get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start.as_bytes()))
    }
}

/// All services, sorted by prefix.
fn blocks() -> &'static [Service] {
    static SERVICES: OnceLock<Vec<Service>> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let read = |block: &'static str| {
            let (head, rows) = block.split_once('\n')?;
            let (prefix, title) = head.split_once("] ")?;
            Some(Service { prefix, title, rows, actions: OnceLock::new() })
        };
        // No title and no name has a `[`, and one letter is found many times faster than two.
        let blocks = ACTIONS.split_once("\n[").map_or("", |(_, blocks)| blocks);
        blocks.split('[').filter_map(read).collect()
    })
}

fn service(prefix: &str) -> Option<&'static Service> {
    let prefix = prefix.to_ascii_lowercase();
    let at = blocks().binary_search_by(|service| service.prefix.cmp(&prefix)).ok()?;
    blocks().get(at)
}

/// Prefixes of all services that are known.
pub fn services() -> impl Iterator<Item = &'static str> {
    blocks().iter().map(|service| service.prefix)
}

/// Whether there is a service of this prefix: `dynamodb`.
#[must_use]
pub fn service_exists(prefix: &str) -> bool {
    service(prefix).is_some()
}

/// How the provider calls a service: `Amazon DynamoDB`.
#[must_use]
pub fn service_title(prefix: &str) -> Option<&'static str> {
    service(prefix).map(|service| service.title)
}

/// The resource types of a service: its prefix, the type's name, and the ARN with `*` for each part that differs.
pub fn types_of(prefix: &str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> + use<> {
    service(prefix)
        .into_iter()
        .flat_map(|service| service.types().map(|(name, arn)| (service.prefix, name, arn)))
}

/// All actions of a service.
pub fn actions_of(prefix: &str) -> impl Iterator<Item = ActionFact> + use<> {
    service(prefix).into_iter().flat_map(|service| service.actions().iter().map(|row| service.fact(row)))
}

/// One action: `dynamodb:PutItem`, in any case of letters. `None` when there is none of this name (as far as the table knows).
#[must_use]
pub fn action(text: &str) -> Option<ActionFact> {
    let (prefix, name) = text.split_once(':')?;
    let service = service(prefix)?;
    let at = service.actions().binary_search_by(|row| row.order(name)).ok()?;
    service.actions().get(at).map(|row| service.fact(row))
}

/// The actions that a pattern stands for: `dynamodb:Get*`, `s3:*`, `*`. None when it is misspelt.
pub fn actions_matching(pattern: &str) -> impl Iterator<Item = ActionFact> + use<> {
    let pattern = pattern.to_ascii_lowercase();
    let (prefix, name) = match pattern.split_once(':') {
        Some((prefix, name)) => (prefix.to_owned(), name.to_owned()),
        // The provider takes a lone `*` for everything, and nothing else without a colon.
        None if pattern == "*" => ("*".to_owned(), "*".to_owned()),
        None => (String::new(), String::new()),
    };
    let several = prefix.contains(['*', '?']);
    let one = if several { None } else { service(&prefix) };
    let some = if several { blocks() } else { &[] };
    let found = some.iter().filter(move |service| wildcard::matches(&prefix, service.prefix)).chain(one);
    found.flat_map(move |service| {
        let start = name.split(['*', '?']).next().unwrap_or_default().to_owned();
        let from = service.actions().partition_point(|row| row.order(&start).is_lt());
        let rows = service.actions().get(from..).unwrap_or_default().iter();
        let name = name.clone();
        let ends = name.strip_prefix(&start) == Some("*");
        let near = rows.take_while(move |row| row.starts_with(&start));
        let found = move |row: &&Row| ends || wildcard::matches(&name, &row.name.to_ascii_lowercase());
        near.filter(found).map(move |row| service.fact(row))
    })
}
