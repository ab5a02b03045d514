//! Which other values of parameters would make another app of a template: those that conditions and mappings ask for.
//!
//! Whoever deploys gives parameters, so that a default decides nothing. Invariant: the number of choices is bounded, and what is left
//! out is said. Not here: what the app is then (`cloudformation`), what is wrong with it (`inspect`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::resolve::intrinsic_of;
use super::value::str_at;
use crate::document::{Node, NodeKind};
use crate::known::Piece;
use crate::source::Place;

/// How many other apps one template is read as.
const MAX_CHOICES: usize = 8;

/// How many values a parameter may list for each of them to be tried, also those that no condition names.
const MAX_ALLOWED: usize = 5;

/// Values of parameters that make a difference.
pub(super) struct Choice {
    /// Them.
    pub(super) given: HashMap<String, Node>,
    /// How readers are told: "`Stage` is `prod`".
    pub(super) when: String,
    /// Whether these are values that somebody is sure to give.
    pub(super) planned: bool,
}

/// What decides in a template.
#[derive(Default)]
struct Uses<'a> {
    /// The words with which parameters are compared, in the order in which they stand.
    compared: BTreeMap<&'a str, Vec<String>>,
    /// Parameters that conditions depend on, however.
    deciding: BTreeSet<&'a str>,
    /// What the provider fills in, such as the account, with the words with which conditions compare it.
    provided: BTreeMap<&'a str, Vec<String>>,
}

/// The choices that a template leaves, and the parameters for which not all of them are tried.
pub(super) fn choices(document: &Node) -> (Vec<Choice>, BTreeSet<String>) {
    let conditions = document.get("Conditions").map(Node::entries).unwrap_or_default();
    let mut uses = Uses::default();
    conditions.iter().for_each(|(_, node)| uses.see(document, node, true));
    for section in ["Globals", "Resources"] {
        document.get(section).into_iter().for_each(|node| uses.see(document, node, false));
    }
    let mut all = Vec::new();
    let mut tried: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in uses.compared.keys().chain(&uses.deciding).collect::<BTreeSet<_>>() {
        let Some(parameter) = document.at(&["Parameters", name]).filter(|node| !is_looked_up(node)) else {
            continue;
        };
        let words = uses.others(name, parameter);
        if words.is_empty() {
            let given = Node { place: parameter.place, kind: anything(name) };
            let when = format!("`{name}` has another value than its default");
            all.extend(parameter.get("Default").map(|_| Choice {
                given: one(name, given),
                when,
                planned: false,
            }));
        }
        for word in &words {
            let given = Node { place: parameter.place, kind: NodeKind::String(word.clone()) };
            let (when, planned) = (format!("`{name}` is `{word}`"), is_stage(word));
            all.push(Choice { given: one(name, given), when, planned });
        }
        tried.insert(name, words);
    }
    all.extend(uses.of_provider(document.place));
    for (_, condition) in conditions {
        let mut within = Uses::default();
        within.see_all(document, condition);
        all.extend(within.joint(document, &tried));
    }
    let named = |choice: &Choice| choice.given.keys().cloned().collect::<Vec<_>>();
    let left_out = all.iter().skip(MAX_CHOICES).flat_map(named).collect();
    all.truncate(MAX_CHOICES);
    (all, left_out)
}

fn one(name: &str, value: Node) -> HashMap<String, Node> {
    HashMap::from([(name.to_owned(), value)])
}

/// Whether a word names a stage: an app goes through all of its stages, while a switch may stay as it is.
pub(crate) fn is_stage(word: &str) -> bool {
    const STAGES: [&str; 12] =
        ["dev", "test", "stag", "prod", "qa", "uat", "live", "prd", "stg", "sandbox", "beta", "release"];
    let word = word.to_ascii_lowercase();
    STAGES.iter().any(|stage| word.starts_with(stage) || word.ends_with(stage))
}

/// A value of which nothing is known but who gives it.
fn anything(name: &str) -> NodeKind {
    NodeKind::Composed(vec![Piece::Parameter(name.to_owned())])
}

/// Whether the default is only the name under which the value is looked up.
fn is_looked_up(parameter: &Node) -> bool {
    str_at(parameter, "Type").is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value"))
}

/// The parameter or other thing that a value is a reference to.
fn referred(node: &Node) -> Option<&str> {
    intrinsic_of(node).filter(|(function, _)| *function == "Ref")?.1.as_str()
}

/// Which parameter must be which word so that a value is a word: one that is that parameter, or that is put together with it alone.
fn asked(node: &Node, word: String) -> Option<(&str, String)> {
    if let Some(name) = referred(node) {
        return Some((name, word));
    }
    let template = intrinsic_of(node).filter(|(function, _)| *function == "Fn::Sub")?.1.as_str()?;
    let (before, (name, after)) =
        template.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))?;
    let plain = !name.contains(['!', '.']) && !after.contains("${");
    let within = word.strip_prefix(before)?.strip_suffix(after).filter(|_| plain)?;
    Some((name, within.to_owned()))
}

impl<'a> Uses<'a> {
    /// What the provider fills in may be each word that it is compared with, and another one.
    fn of_provider(&self, place: Place) -> Vec<Choice> {
        let mut all = Vec::new();
        for (name, words) in self.provided.iter().filter(|(_, words)| !words.is_empty()) {
            // Whoever asks for the account or region deploys to several.
            let planned = matches!(*name, "AWS::AccountId" | "AWS::Region");
            for word in words {
                let given = Node { place, kind: NodeKind::String(word.clone()) };
                all.push(Choice { given: one(name, given), when: format!("`{name}` is `{word}`"), planned });
            }
            let listed: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let when = format!("`{name}` is not {}", listed.join(" or "));
            all.push(Choice { given: one(name, Node { place, kind: NodeKind::Null }), when, planned });
        }
        all
    }

    /// Takes in what a value compares. Documents are bounded in depth.
    fn see(&mut self, document: &'a Node, node: &'a Node, decides: bool) {
        match intrinsic_of(node) {
            Some(("Fn::Equals", argument)) => {
                let [left, right] = argument.items() else { return };
                for (one, other) in [(left, right), (right, left)] {
                    match other.as_scalar().and_then(|word| asked(one, word)) {
                        Some((name, word)) if name.starts_with("AWS::") => {
                            let words = self.provided.entry(name).or_default();
                            words.extend(Some(word).filter(|word| decides && !words.contains(word)));
                        }
                        Some((name, word)) => self.compare(name, [word]),
                        None => self.see(document, one, decides),
                    }
                }
            }
            Some(("Ref", argument)) => {
                self.deciding.extend(argument.as_str().filter(|_| decides));
            }
            Some(("Fn::Sub", argument)) if decides => {
                let written = argument.as_str().or_else(|| argument.items().first()?.as_str());
                let names = written.unwrap_or_default().split("${").skip(1);
                self.deciding.extend(names.filter_map(|rest| Some(rest.split_once('}')?.0)));
            }
            Some(("Fn::FindInMap", argument)) => {
                if let [map, key, ..] = argument.items()
                    && let Some(name) = referred(key)
                {
                    let map = map.as_str().and_then(|map| document.at(&["Mappings", map]));
                    let keys = map.map(Node::entries).unwrap_or_default();
                    self.compare(name, keys.iter().map(|(key, _)| key.text.clone()));
                }
                argument.items().iter().for_each(|item| self.see(document, item, decides));
            }
            Some((_, argument)) => self.see(document, argument, decides),
            None => {
                node.items().iter().for_each(|item| self.see(document, item, decides));
                node.entries().iter().for_each(|(_, value)| self.see(document, value, decides));
            }
        }
    }

    /// As [`see`](Self::see), with the conditions that a condition names.
    fn see_all(&mut self, document: &'a Node, condition: &'a Node) {
        let mut waiting = vec![condition];
        let mut seen = BTreeSet::new();
        while let Some(node) = waiting.pop() {
            self.see(document, node, true);
            named(node, &mut |name| {
                if seen.insert(name) {
                    waiting.extend(document.at(&["Conditions", name]));
                }
            });
        }
    }

    fn compare(&mut self, name: &'a str, words: impl IntoIterator<Item = String>) {
        let known = self.compared.entry(name).or_default();
        for word in words {
            if !known.contains(&word) {
                known.push(word);
            }
        }
    }

    /// The values of a parameter other than its default that something asks for, or that it lists.
    fn others(&self, name: &str, parameter: &Node) -> Vec<String> {
        let default = parameter.get("Default").and_then(Node::as_scalar);
        let allowed = parameter.get("AllowedValues").map(Node::items).unwrap_or_default();
        let allowed: Vec<String> = allowed.iter().filter_map(Node::as_scalar).collect();
        let asked = self.compared.get(name).cloned().unwrap_or_default();
        let mut words = asked.clone();
        let few = allowed.len() <= MAX_ALLOWED;
        words.extend(allowed.iter().filter(|word| few && !asked.contains(word)).cloned());
        words.retain(|word| default.as_ref() != Some(word) && (allowed.is_empty() || allowed.contains(word)));
        let opposite = match default.as_deref() {
            Some("true") => Some("false"),
            Some("false") => Some("true"),
            Some("yes") => Some("no"),
            Some("no") => Some("yes"),
            _ => None,
        };
        if words.is_empty() && allowed.is_empty() {
            words.extend(opposite.map(str::to_owned));
        }
        words
    }

    /// A choice for a condition that depends on several parameters: what it compares each of them with.
    fn joint(&self, document: &Node, tried: &BTreeMap<&str, Vec<String>>) -> Option<Choice> {
        let mut given = HashMap::new();
        let (mut when, mut planned) = (Vec::new(), true);
        for (name, asked) in &self.compared {
            let Some(word) = tried.get(name).and_then(|words| asked.iter().find(|word| words.contains(word)))
            else {
                continue;
            };
            let place = document.at(&["Parameters", name]).map_or(document.place, |node| node.place);
            given.insert((*name).to_owned(), Node { place, kind: NodeKind::String(word.clone()) });
            when.push(format!("`{name}` is `{word}`"));
            planned &= is_stage(word);
        }
        for (name, words) in &self.provided {
            if let Some(word) = words.first() {
                given.insert(
                    (*name).to_owned(),
                    Node { place: document.place, kind: NodeKind::String(word.clone()) },
                );
                when.push(format!("`{name}` is `{word}`"));
            }
        }
        (given.len() > 1).then(|| Choice { given, when: when.join(" and "), planned })
    }
}

/// The conditions that a condition names.
fn named<'n>(node: &'n Node, tell: &mut impl FnMut(&'n str)) {
    if let Some((function, argument)) = intrinsic_of(node) {
        match (function, argument.as_str()) {
            ("Condition", Some(name)) => tell(name),
            _ => named(argument, tell),
        }
        return;
    }
    for item in node.items() {
        named(item, tell);
    }
}
