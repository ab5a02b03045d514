//! What a role gives now: a smallest policy never goes beyond it, save for what is plainly missing.
//!
//! Not here: what a policy is made of (`policy`), what nothing uses (`excess`).

use super::excess::is_judged;
use super::target::{self, Thing};
use super::{Missing, Use, arn};
use crate::code::Certainty;
use crate::facts::{self, ActionFact};
use crate::graph::{App, Effect, Origin, Role, Statement, StoreKind};
use crate::iam::wildcard::covers_action;
use crate::iam::{Permissions, Target, Verdict};
use crate::known::{Attribute, Name, Piece, Text};

/// What a function's role gives, and what it lacks.
pub(super) struct Given<'g, 'a> {
    pub(super) app: &'a App,
    /// What its role may do; `None` for a role that is not of this app.
    pub(super) permissions: Option<Permissions<'g, 'a>>,
    pub(super) missing: &'g [Missing],
}

impl<'a> Given<'_, 'a> {
    pub(super) fn role(&self) -> Option<&'a Role> {
        self.permissions.map(|permissions| permissions.role)
    }

    /// On what of all that a use asks for it is to be allowed: no more than is given, unless it is missing. `None`: not at all.
    pub(super) fn on(&self, used: &Use, whole: Text) -> Option<Vec<Text>> {
        let narrower = || Some(self.narrower(used)).filter(|found| !found.is_empty());
        match self.verdict(used) {
            Verdict::Yes => Some(self.beginnings(used).unwrap_or_else(|| vec![whole])),
            Verdict::Unknown(_) => Some(narrower().unwrap_or_else(|| vec![whole])),
            Verdict::No if self.is_missing(used) => Some(vec![whole]),
            Verdict::No if used.certainty == Certainty::Possible => None,
            Verdict::No => Some(narrower().unwrap_or_else(|| vec![whole])),
        }
    }

    /// Where a role gives an action now, as far as that fits the action and can be written.
    pub(super) fn everywhere(&self, action: &str) -> Option<Vec<Text>> {
        let resources = fitting(self.app, action, &self.texts(action));
        (!resources.is_empty() && resources.iter().all(arn::is_written)).then_some(resources)
    }

    fn texts(&self, action: &str) -> Vec<Text> {
        let mut found: Vec<Text> = Vec::new();
        let statements = self.role().map(|role| role.statements.iter()).into_iter().flatten();
        for text in statements.filter(|it| gives(it, action)).flat_map(|statement| &statement.resources) {
            if !found.iter().any(|known| known.pieces == text.pieces) {
                found.push(text.clone());
            }
        }
        found
    }

    fn is_missing(&self, used: &Use) -> bool {
        self.missing.iter().any(|missing| missing.action == used.action && missing.thing == used.thing)
    }

    fn verdict(&self, used: &Use) -> Verdict {
        let Some(permissions) = &self.permissions else { return Verdict::Yes };
        // What has parts with ARNs of their own is asked about without them.
        let alone = match &used.thing {
            Thing::Own(name) if has_parts(self.app, name, &used.action) => {
                Some(Text::of(name.clone(), Attribute::Arn, used.place))
            }
            Thing::Within { arn, .. } => Some(arn.clone()),
            _ => None,
        };
        match (alone, target::ask(self.app, &used.thing)) {
            (Some(text), _) => permissions.may(&used.action, Target::Arn(&text)),
            (None, Some(target)) => permissions.may(&used.action, target),
            (None, None) => permissions.may_somewhere(&used.action),
        }
    }

    /// Of a bucket's objects those that are given by how their keys begin, where nothing gives all of them.
    fn beginnings(&self, used: &Use) -> Option<Vec<Text>> {
        let behind = |text: &Text| match &used.thing {
            Thing::Own(owner) => tail(self.app, text, owner),
            Thing::Arn(wanted) => {
                let (wanted, text) = (wanted.to_string(), text.to_string());
                text.strip_prefix(wanted.split('/').next().unwrap_or_default()).map(str::to_owned)
            }
            Thing::Within { .. } | Thing::Nothing | Thing::Unknown => None,
        };
        let texts = self.texts(&used.action);
        let gives_all = |text: &Text| match behind(text) {
            Some(tail) => tail.trim_matches('*') == "/",
            None => text.to_string().contains('*'),
        };
        let in_parts = is_object(&used.action) && !texts.iter().any(gives_all);
        in_parts.then(|| self.narrower(used)).filter(|found| !found.is_empty())
    }

    /// What is given of a thing, where that is only a part of what is used: objects whose names begin with something.
    fn narrower(&self, used: &Use) -> Vec<Text> {
        let texts = self.texts(&used.action).into_iter().filter(arn::is_written);
        let (owner, wanted) = match &used.thing {
            Thing::Own(name) => (name, if is_object(&used.action) { "/".to_owned() } else { String::new() }),
            Thing::Within { name, arn } => {
                let part = arn.pieces.get(1..).unwrap_or_default().to_vec();
                (name, stem(&Text { pieces: part, place: arn.place }))
            }
            Thing::Arn(text) => {
                let wanted = stem(text);
                return texts.filter(|text| text.to_string().starts_with(&wanted)).collect();
            }
            Thing::Nothing | Thing::Unknown => return Vec::new(),
        };
        let within = |text: &Text| tail(self.app, text, owner).is_some_and(|tail| tail.starts_with(&wanted));
        fitting(self.app, &used.action, &texts.filter(within).collect::<Vec<_>>())
    }
}

/// Whether a statement that somebody wrote gives an action.
pub(super) fn gives(statement: &Statement, action: &str) -> bool {
    is_judged(statement) && !statement.not_resources && names(statement, action)
}

/// Who gives an action beside what is written: the framework by itself, or a policy that is made for set-ups.
pub(super) fn supplier(statement: &Statement, action: &str) -> Option<String> {
    let who = match &statement.origin {
        Origin::Framework => "The framework".to_owned(),
        Origin::Managed(name) => {
            let short = name.rsplit('/').next().unwrap_or(name);
            let made_for_it = short.starts_with("AWSLambda") && short.ends_with("ExecutionRole")
                || short.starts_with("AWSXray")
                || short.starts_with("AWSXRay")
                || short.starts_with("CloudWatchLambda");
            made_for_it.then(|| short.to_owned())?
        }
        Origin::Written | Origin::Template(_) => return None,
    };
    let allows = statement.effect.is(&Effect::Allow) && !statement.not_actions;
    (allows && names(statement, action)).then_some(who)
}

fn names(statement: &Statement, action: &str) -> bool {
    let covers = |pattern: &String| covers_action(pattern, action);
    statement.actions.iter().any(|setting| setting.known().is_some_and(covers))
}

/// Of some resources those that an action can be about: objects stand below their bucket. All of them, where none fits.
pub(super) fn fitting(app: &App, action: &str, resources: &[Text]) -> Vec<Text> {
    let fits = |text: &&Text| match slashes(app, text) {
        Some(below) => {
            facts::action(action).is_none_or(|fact| kinds_of_s3(fact).is_none_or(|it| it == below))
        }
        None => true,
    };
    let found: Vec<Text> = resources.iter().filter(fits).cloned().collect();
    if found.is_empty() { resources.to_vec() } else { found }
}

/// Whether an action of S3 is about objects alone or about buckets alone.
fn kinds_of_s3(fact: ActionFact) -> Option<bool> {
    let mut kinds = fact.resource_types().map(|kind| kind.name);
    let objects = fact.resource_types().any(|kind| kind.name == "object");
    let buckets = kinds.any(|kind| kind == "bucket");
    (fact.service == "s3" && objects != buckets).then_some(objects)
}

/// Whether a resource is plainly below a bucket or plainly the bucket itself; `None` where it may be both, or no bucket.
fn slashes(app: &App, text: &Text) -> Option<bool> {
    let is_bucket = |name: &Name| app.store(name).is_some_and(|store| store.kind == StoreKind::Bucket);
    let written = text.to_string();
    let s3 = written.starts_with("arn:") && written.contains(":s3:::") || text.references().any(is_bucket);
    let literals = || {
        text.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let below = literals().any(|text| text.contains('/'));
    let open = literals().next_back().is_some_and(|text| text.ends_with('*'));
    (s3 && (below || !open)).then_some(below)
}

fn is_object(action: &str) -> bool {
    facts::action(action).is_some_and(|fact| fact.resource_types().any(|kind| kind.name == "object"))
}

fn has_parts(app: &App, name: &Name, action: &str) -> bool {
    let table = || app.store(name).is_some_and(|store| store.kind == StoreKind::Table);
    app.function(name).is_some() || table() && !arn::speaks_of_streams(action)
}

/// A text up to what may be anything.
fn stem(text: &Text) -> String {
    let written = text.to_string();
    written.strip_suffix('*').unwrap_or(&written).to_owned()
}

/// What a resource says behind a thing's name, where it is that thing's: by reference or by the name it is given.
fn tail(app: &App, text: &Text, owner: &Name) -> Option<String> {
    let refers = |piece: &Piece| matches!(piece, Piece::Of { node, .. } if node == owner);
    if let Some(at) = text.pieces.iter().position(refers) {
        let pieces = text.pieces.get(at + 1..).unwrap_or_default().to_vec();
        return Some(Text { pieces, place: text.place }.to_string());
    }
    let physical = app.store(owner).and_then(|store| store.physical.as_ref())?.to_string();
    let written = text.to_string();
    let (_, behind) = written.split_once(&format!(":{physical}"))?;
    Some(behind.to_owned()).filter(|tail| tail.starts_with('/') || tail.is_empty())
}
