//! What code means by the name of a table, bucket, queue or secret.
//!
//! Invariant: a name that the environment sets by reference leads to the app's own thing; any other name stays a name.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::code::{BUCKET_OF_EVENT, NO_RESOURCE, PASS_ROLE};
use crate::facts;
use crate::graph::{App, Function, Trigger, TriggerKind};
use crate::iam::Target;
use crate::known::{Attribute, Name, Piece, Text};

/// What a permission is used on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A thing of the app.
    Own(Name),
    /// A part of a thing of the app that has an ARN of its own: an index of a table, an alias of a function.
    Within {
        /// The thing.
        name: Name,
        /// The part's ARN, which begins with the thing's.
        arn: Text,
    },
    /// Something outside of it, by ARN.
    Arn(Text),
    /// The action has no resource.
    Nothing,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(name) => write!(f, "`{name}`"),
            Self::Within { name, arn } => {
                let part =
                    Text { pieces: arn.pieces.get(1..).unwrap_or_default().to_vec(), place: arn.place };
                write!(f, "`{name}{part}`")
            }
            Self::Arn(text) => write!(f, "`{text}`"),
            Self::Nothing => f.write_str("no resource"),
            Self::Unknown => f.write_str("something that its code works out"),
        }
    }
}

impl Thing {
    /// As readers name it; `None` where the action has no resource.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Own(_) | Self::Within { .. } | Self::Arn(_) => Some(self.to_string().replace('`', "")),
            Self::Unknown => Some(self.to_string()),
            Self::Nothing => None,
        }
    }

    /// Whether it is a thing of the app, or may be: what code works out may be anything, an ARN that is put together too.
    #[must_use]
    pub fn may_be(&self, thing: &Name) -> bool {
        match self {
            Self::Own(name) | Self::Within { name, .. } => name == thing,
            Self::Arn(_) | Self::Unknown => true,
            Self::Nothing => false,
        }
    }

    /// The thing of the app that it is, or is a part of.
    pub(super) fn own(&self) -> Option<&Name> {
        match self {
            Self::Own(name) | Self::Within { name, .. } => Some(name),
            Self::Arn(_) | Self::Nothing | Self::Unknown => None,
        }
    }
}

/// What a text of code names, for an action.
pub(super) fn thing(app: &App, function: &Function, action: &str, text: &Text) -> Thing {
    let fact = facts::action(action);
    if text.as_literal() == Some(NO_RESOURCE) {
        return Thing::Arn(Text::literal("*", text.place));
    }
    if text.as_literal() == Some("*") || fact.is_some_and(|fact| fact.needs_star) {
        return if fact.is_none_or(|fact| fact.needs_star) { Thing::Nothing } else { Thing::Unknown };
    }
    if action == PASS_ROLE {
        return role(app, resolved(function, text));
    }
    let (text, part) = split(action, resolved(function, text));
    let Some(part) = part else { return whole(app, fact, text) };
    let place = text.place;
    let extend = |mut arn: Text| {
        part.pieces.iter().for_each(|piece| arn.push(piece.clone()));
        arn
    };
    match whole(app, fact, text) {
        Thing::Own(name) => {
            let arn = extend(Text::of(name.clone(), Attribute::Arn, place));
            Thing::Within { name, arn }
        }
        Thing::Arn(text) => Thing::Arn(extend(text)),
        other => other,
    }
}

/// A role is handed over by its ARN, whatever the text is put together from, or by its name.
fn role(app: &App, given: Text) -> Thing {
    let open = given.pieces.is_empty()
        || given.pieces.iter().any(|piece| matches!(piece, Piece::Unknown(_) | Piece::Environment(_)));
    if open {
        return Thing::Unknown;
    }
    match given.pieces.as_slice() {
        [Piece::Of { node, attribute: Attribute::Name }] if app.role(node).is_some() => {
            Thing::Arn(Text::of(node.clone(), Attribute::Arn, given.place))
        }
        // Some operations take a name; under which path the role stands is not said.
        [Piece::Literal(text), ..] if !text.starts_with("arn:") => Thing::Unknown,
        _ => Thing::Arn(given),
    }
}

/// A thing, and the part of it that is meant: `Orders/index/by-day`, `${Other}:live`.
fn split(action: &str, text: Text) -> (Text, Option<Text>) {
    let place = text.place;
    let function = matches!(text.pieces.first(), Some(Piece::Of { .. })) && action.starts_with("lambda:");
    let mark = match action.split(':').next() {
        Some("dynamodb") => "/index/",
        Some("lambda") if function => ":",
        _ => return (text, None),
    };
    let (mut head, mut tail) = (Text { pieces: Vec::new(), place }, Text { pieces: Vec::new(), place });
    for piece in text.pieces {
        match &piece {
            Piece::Literal(literal) if tail.pieces.is_empty() => match literal.find(mark) {
                Some(at) => {
                    let (before, after) = literal.split_at(at);
                    if !before.is_empty() {
                        head.push(Piece::Literal(before.to_owned()));
                    }
                    tail.push(Piece::Literal(after.to_owned()));
                }
                None => head.push(piece),
            },
            _ if tail.pieces.is_empty() => head.push(piece),
            // Which part cannot be told: it may be any.
            Piece::Unknown(_) | Piece::Environment(_) => tail.push(Piece::Literal("*".to_owned())),
            _ => tail.push(piece),
        }
    }
    let part = Some(tail).filter(|tail| !tail.pieces.is_empty());
    (head, part)
}

fn whole(app: &App, fact: Option<facts::ActionFact>, text: Text) -> Thing {
    // An attribute that is the ARN of something else: the secret that a database keeps for itself.
    if matches!(text.as_reference(), Some((_, Attribute::Other(word))) if word.to_ascii_lowercase().ends_with("arn"))
    {
        return Thing::Arn(text);
    }
    if let Some(name) = own(app, &text) {
        return Thing::Own(name);
    }
    // A variable that is empty names nothing.
    if text.pieces.iter().all(|piece| matches!(piece, Piece::Literal(text) if text.trim().is_empty())) {
        return Thing::Unknown;
    }
    if text.pieces.iter().any(|piece| matches!(piece, Piece::Unknown(_) | Piece::Environment(_))) {
        return Thing::Unknown;
    }
    if matches!(text.pieces.first(), Some(Piece::Literal(start)) if start.starts_with("arn:")) {
        return Thing::Arn(text);
    }
    // A queue's address names it at its end.
    let named = match text.as_literal() {
        Some(address) if address.starts_with("https://") => {
            Text::literal(address.rsplit('/').next().unwrap_or(address), text.place)
        }
        _ => text,
    };
    fact.and_then(|fact| arn(fact, &named)).map_or(Thing::Unknown, Thing::Arn)
}

/// A text with the function's environment filled in.
fn resolved(function: &Function, text: &Text) -> Text {
    let mut found = Text { pieces: Vec::new(), place: text.place };
    for piece in &text.pieces {
        match piece {
            Piece::Environment(name) => match function.variable(name) {
                Some(variable) => variable.value.pieces.iter().for_each(|piece| found.push(piece.clone())),
                None => found.push(piece.clone()),
            },
            piece => found.push(piece.clone()),
        }
    }
    found
}

/// The thing of the app that a text names: by reference, or by the name that the thing is given.
fn own(app: &App, text: &Text) -> Option<Name> {
    let exists =
        |name: &Name| app.store(name).is_some() || app.secret(name).is_some() || app.function(name).is_some();
    if let Some((name, attribute)) = text.as_reference()
        && matches!(attribute, Attribute::Arn | Attribute::Name | Attribute::Url | Attribute::Other(_))
    {
        return Some(name.clone()).filter(|name| exists(name));
    }
    let stores = app.stores.iter().map(|store| (&store.name, store.physical.as_ref()));
    let secrets = app.secrets.iter().map(|secret| (&secret.name, secret.physical.as_ref()));
    let functions = app.functions.iter().map(|function| (&function.name, function.physical.as_ref()));
    let mut all = stores.chain(secrets).chain(functions);
    let exact = all.find(|(_, physical)| physical.is_some_and(|physical| physical.pieces == text.pieces));
    if let Some((name, _)) = exact {
        return Some(name.clone());
    }
    // `${Bucket}/key`, `${Stack}-${Table}`: the only thing that is named in it.
    let mut named = text.references();
    match (named.next(), named.next()) {
        (Some(only), None) => Some(only.clone()).filter(|name| exists(name)),
        _ => None,
    }
}

/// The kind of resource that code names: services list rarer ones, such as access points, too.
fn main_kind(fact: facts::ActionFact) -> Option<facts::ResourceType> {
    let common = ["object", "bucket"];
    let named = common.iter().find_map(|name| fact.resource_types().find(|kind| kind.name == *name));
    named
        .or_else(|| fact.resource_types().find(|kind| kind.required))
        .or_else(|| fact.resource_types().next())
}

/// What a model is that the code names: one of the provider's (`anthropic.…`). A profile over regions (`eu.anthropic.…`) is more than one
/// thing, and a name without a point may be of several kinds: `None`.
fn model(fact: facts::ActionFact, name: &Text) -> Option<facts::ResourceType> {
    const REGIONS: [&str; 8] = ["us", "eu", "apac", "global", "us-gov", "jp", "au", "ca"];
    let mut kinds = fact.resource_types();
    match kinds.find(|kind| kind.name == "foundation-model") {
        None => main_kind(fact),
        Some(kind) => {
            let (maker, _) = name.as_literal()?.split_once('.')?;
            (!REGIONS.contains(&maker)).then_some(kind)
        }
    }
}

/// The ARN of a name, by the first kind of resource that an action is about.
fn arn(fact: facts::ActionFact, name: &Text) -> Option<Text> {
    let kind = if fact.service == "bedrock" { model(fact, name)? } else { main_kind(fact)? };
    let mut text = Text { pieces: Vec::new(), place: name.place };
    let mut fields = kind.arn.splitn(6, ':');
    let service = fields.by_ref().nth(2)?;
    let (region, account, rest) = (fields.next()?, fields.next()?, fields.next()?);
    text.push(Piece::Literal(format!("arn:aws:{service}:")));
    if !region.is_empty() {
        text.push(Piece::Provider("AWS::Region".to_owned()));
    }
    text.push(Piece::Literal(":".to_owned()));
    if !account.is_empty() {
        text.push(Piece::Provider("AWS::AccountId".to_owned()));
    }
    text.push(Piece::Literal(":".to_owned()));
    // A schedule stands below its group, which the code need not name.
    let (before, after) =
        if fact.service == "scheduler" { rest.rsplit_once('*')? } else { rest.split_once('*')? };
    // Names of parameters begin with the slash that their ARN has already.
    let doubled = before.ends_with('/')
        && matches!(name.pieces.first(), Some(Piece::Literal(start)) if start.starts_with('/'));
    let before = if doubled { before.trim_end_matches('/') } else { before };
    text.push(Piece::Literal(before.to_owned()));
    name.pieces.iter().for_each(|piece| text.push(piece.clone()));
    let end = if fact.service == "secretsmanager" { "-*" } else { after };
    text.push(Piece::Literal(end.to_owned()));
    Some(text)
}

/// A thing as a question about permissions; `None` where it cannot be told what it is.
pub(super) fn ask<'a>(app: &'a App, thing: &'a Thing) -> Option<Target<'a>> {
    match thing {
        // Which part is meant cannot be told: the thing with all of its parts is asked about.
        Thing::Within { arn, .. } if !is_open(arn) => Some(Target::Arn(arn)),
        Thing::Own(name) | Thing::Within { name, .. } => app
            .store(name)
            .map(Target::Store)
            .or_else(|| app.secret(name).map(Target::Secret))
            .or_else(|| app.function(name).map(Target::Function)),
        Thing::Arn(text) if is_open(text) => None,
        Thing::Arn(text) => Some(Target::Arn(text)),
        Thing::Nothing | Thing::Unknown => None,
    }
}

/// Buckets that are told apart; a function that more of them start works on whatever it is sent.
const MAX_SENDERS: usize = 20;

/// A resource, or one for each bucket whose notifications start the function where code works on the bucket that sent one.
pub(super) fn of_senders<'t>(app: &App, function: &Function, text: &'t Text) -> Vec<Cow<'t, Text>> {
    let is_sender = |piece: &Piece| matches!(piece, Piece::Unknown(why) if why == BUCKET_OF_EVENT);
    if !text.pieces.iter().any(is_sender) {
        return vec![Cow::Borrowed(text)];
    }
    let mut triggers: Vec<&Trigger> = app.triggers_of(&function.name).collect();
    triggers.retain(|trigger| trigger.kind == TriggerKind::Bucket);
    let own =
        |trigger: &&Trigger| trigger.source.references().find(|name| app.store(name).is_some()).cloned();
    let senders: Option<BTreeSet<Name>> = triggers.iter().take(MAX_SENDERS + 1).map(own).collect();
    match senders {
        Some(senders) if (1..=MAX_SENDERS).contains(&senders.len()) => senders
            .into_iter()
            .map(|node| {
                let named = Piece::Of { node, attribute: Attribute::Name };
                let pieces = text.pieces.iter();
                let pieces = pieces.map(|piece| if is_sender(piece) { named.clone() } else { piece.clone() });
                Cow::Owned(Text { pieces: pieces.collect(), place: text.place })
            })
            .collect(),
        _ => vec![Cow::Borrowed(text)],
    }
}

fn is_open(arn: &Text) -> bool {
    arn.pieces.iter().any(
        |piece| matches!(piece, Piece::Literal(text) if text.ends_with("/index/*") || text.ends_with(":*")),
    )
}
