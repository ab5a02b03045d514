//! How a policy of an app names the app's own things.
//!
//! Invariants: a reference never makes a circle (a function whose role names the function, a bucket that starts it), for then nothing could be
//! deployed: such things are named by their physical name; what stands in another module or stack is not referred to. Not here: what
//! code means by a name (`target`), how a text is written (`writing`).

use crate::facts;
use crate::graph::{App, Framework, Function, SecretKind, StoreKind, TriggerKind};
use crate::known::{Attribute, Name, Piece, Text};
use crate::source::Place;

/// What a policy is written for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) app: &'a App,
    pub(super) function: &'a Function,
    pub(super) framework: Framework,
}

impl<'a> Writer<'a> {
    /// The module or nested stack that the function stands in: what its names begin with.
    pub(super) fn prefix(&self) -> &'a str {
        prefix(self.function.name.as_str(), self.framework)
    }

    /// Whether a policy beside the function can refer to a thing.
    pub(super) fn reaches(&self, name: &Name) -> bool {
        prefix(name.as_str(), self.framework) == self.prefix()
    }

    /// Whether a thing stands in a stack from which the app imports.
    pub(super) fn is_imported(&self, name: &Name) -> bool {
        let app = self.app;
        let store = app.store(name).map(|store| store.place);
        let secret = || app.secret(name).map(|secret| secret.place);
        let function = || app.function(name).map(|function| function.place);
        store.or_else(secret).or_else(function).is_some_and(|place| app.is_borrowed(place))
    }

    /// The ARN of a thing of the app, for an action: objects stand below their bucket.
    pub(super) fn own(&self, name: &Name, action: &str) -> Text {
        let place = self.function.place;
        let reference = self.by_reference(name, action);
        let text = match (self.imported(name, &reference), self.physical_instead(name)) {
            (Some(import), _) => import,
            (None, Some(named)) => self.by_name(name, named),
            (None, None) if self.reaches(name) && !self.is_imported(name) => reference,
            (None, None) => Text::literal(placeholder(name), place),
        };
        let mut text = Text { place, ..text };
        let bucket = self.app.store(name).is_some_and(|store| store.kind == StoreKind::Bucket);
        let object =
            facts::action(action).is_some_and(|fact| fact.resource_types().any(|kind| kind.name == "object"));
        if bucket && object {
            text.push(Piece::Literal("/*".to_owned()));
        }
        text
    }

    /// A resource as a policy beside the function can write it: what it refers to elsewhere is named as it can be from there.
    pub(super) fn localised(&self, text: &Text) -> Text {
        let mut found = Text { pieces: Vec::new(), place: text.place };
        for (at, piece) in text.pieces.iter().enumerate() {
            match piece {
                Piece::Of { node, attribute: Attribute::Arn } if at == 0 && self.is_elsewhere(node) => {
                    self.own(node, "").pieces.into_iter().for_each(|piece| found.push(piece));
                }
                Piece::Of { node, attribute } if self.is_elsewhere(node) => {
                    let handed = self.parameters(node).find(|(found, _)| *found == attribute);
                    let named = handed.map(|(_, text)| text);
                    let named =
                        named.or_else(|| self.physical(node).filter(is_plain)).map(|text| text.pieces);
                    let blank = || vec![Piece::Literal(format!("<name of {node}>"))];
                    named.unwrap_or_else(blank).into_iter().for_each(|piece| found.push(piece));
                }
                piece => found.push(piece.clone()),
            }
        }
        found
    }

    fn is_elsewhere(&self, name: &Name) -> bool {
        let app = self.app;
        let known = app.store(name).is_some() || app.secret(name).is_some() || app.function(name).is_some();
        known && (!self.reaches(name) || self.is_imported(name))
    }

    /// What another stack exports of a thing, or hands to this one: its ARN, or its name with the rest of the ARN around it.
    fn imported(&self, name: &Name, reference: &Text) -> Option<Text> {
        let wanted = reference.as_reference().map(|(_, attribute)| attribute)?;
        let is_arn = |attribute: &Attribute| {
            attribute == wanted
                || *wanted == Attribute::Name
                    && (*attribute == Attribute::Arn || *attribute == Attribute::Other("TopicArn".to_owned()))
        };
        if let Some((_, found)) = self.parameters(name).find(|(attribute, _)| is_arn(attribute)) {
            return Some(found);
        }
        let (_, named) = self.parameters(name).find(|(attribute, _)| **attribute == Attribute::Name)?;
        Some(self.by_name(name, named)).filter(|text| text.references().next().is_none())
    }

    /// By what the function's stack gets at parts of a thing that stands elsewhere.
    fn parameters(&self, name: &Name) -> impl Iterator<Item = (&'a Attribute, Text)> {
        let (app, within, place) = (self.app, self.prefix(), self.function.place);
        let parameter = move |name: String| Text { pieces: vec![Piece::Parameter(name)], place };
        let handed = app.handed.iter().filter(move |handed| handed.within == within);
        let handed = handed.map(|handed| (&handed.thing, &handed.attribute, handed.parameter.clone()));
        let imports = app.imports.iter();
        let imports =
            imports.map(|import| (&import.thing, &import.attribute, format!("{IMPORT}{}", import.name)));
        let name = name.clone();
        let found = handed.chain(imports).filter(move |(thing, ..)| **thing == name);
        found.map(move |(_, attribute, called)| (attribute, parameter(called)))
    }

    fn by_reference(&self, name: &Name, action: &str) -> Text {
        let place = self.function.place;
        let of = |attribute| Text::of(name.clone(), attribute, place);
        if self.framework == Framework::Terraform {
            return of(Attribute::Arn);
        }
        if let Some(function) = self.app.function(name) {
            let logical = match self.framework {
                Framework::Serverless => crate::serverless::logical_id(function.name.as_str()).into(),
                _ => name.clone(),
            };
            return Text::of(logical, Attribute::Arn, place);
        }
        if let Some(secret) = self.app.secret(name) {
            return match secret.kind {
                // `Ref` gives a secret's ARN, and only the name of a parameter.
                SecretKind::SecretsManager => of(Attribute::Name),
                SecretKind::SecureParameter | SecretKind::PlainParameter => {
                    let first = secret.physical.as_ref().and_then(|text| text.pieces.first());
                    let rooted = matches!(first, Some(Piece::Literal(text)) if text.starts_with('/'));
                    let kind = if rooted { "parameter" } else { "parameter/" };
                    regional("ssm", kind, of(Attribute::Name))
                }
            };
        }
        match self.app.store(name).map(|store| &store.kind) {
            Some(StoreKind::Topic) => of(Attribute::Name),
            Some(StoreKind::Database(_)) if action.starts_with("rds") => {
                regional("rds", "cluster:", of(Attribute::Name))
            }
            Some(StoreKind::Table) if speaks_of_streams(action) => of(Attribute::StreamArn),
            _ => of(Attribute::Arn),
        }
    }

    /// The physical name of a thing that must not or cannot be referred to.
    fn physical_instead(&self, name: &Name) -> Option<Text> {
        let circular = self.framework != Framework::Terraform && self.is_circular(name);
        if !circular && self.reaches(name) {
            return None;
        }
        let place = self.function.place;
        let physical = self.physical(name).filter(is_plain);
        let Some(function) = self.app.function(name) else { return physical };
        // The stage is part of the name, and another one wherever else the app is deployed: so is the stack's name.
        let key = format!("-{name}");
        let default = physical.as_ref().and_then(Text::as_literal).is_some_and(|text| text.ends_with(&key));
        let rest = match self.framework {
            Framework::Serverless if default && self.app.stack.is_none() => key,
            _ if physical.is_some() => return physical,
            Framework::Terraform => return None,
            _ => format!("-{}-*", last(function.name.as_str())),
        };
        let mut text = Text { pieces: vec![Piece::Provider("AWS::StackName".to_owned())], place };
        text.push(Piece::Literal(rest));
        Some(text)
    }

    fn physical(&self, name: &Name) -> Option<Text> {
        let store = self.app.store(name).and_then(|store| store.physical.clone());
        let secret = || self.app.secret(name).and_then(|secret| secret.physical.clone());
        let function = || self.app.function(name).and_then(|function| function.physical.clone());
        store.or_else(secret).or_else(function)
    }

    /// Whether the thing itself waits for the role that the policy is part of.
    pub(super) fn is_circular(&self, name: &Name) -> bool {
        let role = self.function.role.as_ref().and_then(|role| role.known());
        let shares = |other: &Function| {
            other.name == self.function.name
                || role.is_some() && other.role.as_ref().and_then(|role| role.known()) == role
        };
        if let Some(function) = self.app.function(name) {
            return shares(function);
        }
        // A bucket names the functions that it starts.
        let starts = |trigger: &&crate::graph::Trigger| {
            trigger.kind == TriggerKind::Bucket && trigger.source.references().any(|source| source == name)
        };
        self.app.triggers.iter().filter(starts).any(|trigger| {
            trigger.function.value().and_then(|name| self.app.function(name)).is_some_and(shares)
        })
    }

    fn by_name(&self, name: &Name, named: Text) -> Text {
        match (self.app.function(name), self.app.store(name).map(|store| &store.kind), self.app.secret(name))
        {
            (Some(_), ..) => regional("lambda", "function:", named),
            (_, Some(StoreKind::Bucket), _) => joined("arn:${p}:s3:::", named),
            (_, Some(StoreKind::Table), _) => regional("dynamodb", "table/", named),
            (_, Some(StoreKind::Queue), _) => regional("sqs", "", named),
            (_, Some(StoreKind::Topic), _) => regional("sns", "", named),
            (_, Some(StoreKind::Stream), _) => regional("kinesis", "stream/", named),
            // Behind the name stands a number that nobody can know before.
            (_, Some(StoreKind::KafkaCluster), _) => numbered("kafka", "cluster/", named, "/*"),
            (_, Some(StoreKind::Broker), _) => numbered("mq", "broker:", named, ":*"),
            (_, Some(StoreKind::EventBus), _) => regional("events", "event-bus/", named),
            (_, Some(StoreKind::StateMachine), _) => regional("states", "stateMachine:", named),
            (.., Some(secret)) if secret.kind == SecretKind::SecretsManager => {
                let mut text = regional("secretsmanager", "secret:", named);
                text.push(Piece::Literal("-*".to_owned()));
                text
            }
            (.., Some(_)) => {
                let rooted =
                    matches!(named.pieces.first(), Some(Piece::Literal(text)) if text.starts_with('/'));
                regional("ssm", if rooted { "parameter" } else { "parameter/" }, named)
            }
            _ if !self.reaches(name) => Text::literal(placeholder(name), named.place),
            _ => Text::of(name.clone(), Attribute::Arn, named.place),
        }
    }
}

/// What parameters begin with that stand for a name which another stack exports.
pub(super) const IMPORT: &str = "ImportValue ";

/// What stands for the ARN of a thing that nothing here can refer to.
pub(super) fn placeholder(name: &Name) -> String {
    format!("<ARN of {name}>")
}

/// An ARN of this account and region.
pub(super) fn regional(service: &str, kind: &str, name: Text) -> Text {
    joined(&format!("arn:${{p}}:{service}:${{r}}:${{a}}:{kind}"), name)
}

fn numbered(service: &str, kind: &str, name: Text, tail: &str) -> Text {
    let mut text = regional(service, kind, name);
    text.push(Piece::Literal(tail.to_owned()));
    text
}

/// A text behind an ARN's head, in which `${p}`, `${r}` and `${a}` are partition, region and account.
fn joined(head: &str, tail: Text) -> Text {
    let mut text = Text { pieces: Vec::new(), place: tail.place };
    for (at, part) in head.split("${").enumerate() {
        let (name, literal) = if at == 0 { ("", part) } else { part.split_once('}').unwrap_or(("", part)) };
        let provider = match name {
            "p" => Some("AWS::Partition"),
            "r" => Some("AWS::Region"),
            "a" => Some("AWS::AccountId"),
            _ => None,
        };
        provider.into_iter().for_each(|name| text.push(Piece::Provider(name.to_owned())));
        if !literal.is_empty() {
            text.push(Piece::Literal(literal.to_owned()));
        }
    }
    tail.pieces.into_iter().for_each(|piece| text.push(piece));
    text
}

/// An ARN of logs.
pub(super) fn log_group(name: Text) -> Text {
    regional("logs", "log-group:", name)
}

/// A literal as a resource.
pub(super) fn literal(text: &str, place: Place) -> Text {
    Text::literal(text, place)
}

/// Whether a text can be written into a policy: every part of it is known to whoever deploys.
pub(super) fn is_written(text: &Text) -> bool {
    let open = |piece: &Piece| matches!(piece, Piece::Unknown(_) | Piece::Environment(_));
    !text.pieces.is_empty() && !text.pieces.iter().any(open)
}

/// The same without referring to anything that would have to exist first.
pub(super) fn is_plain(text: &Text) -> bool {
    is_written(text) && text.references().next().is_none()
}

pub(super) fn speaks_of_streams(action: &str) -> bool {
    let fact = facts::action(action);
    let kinds: Vec<_> =
        fact.into_iter().flat_map(|fact| fact.resource_types()).map(|kind| kind.name).collect();
    kinds.contains(&"stream") && !kinds.contains(&"table")
}

/// What comes before a thing's own name: `module.store.`, `Nested.`.
fn prefix(name: &str, framework: Framework) -> &str {
    let end = match framework {
        Framework::Terraform => module_end(name),
        _ => name.rfind('.').map_or(0, |dot| dot + 1),
    };
    name.get(..end).unwrap_or_default()
}

/// Where the modules of a Terraform address end. Keys in brackets may hold anything.
fn module_end(name: &str) -> usize {
    let mut end = 0;
    while let Some(rest) = name.get(end..).and_then(|rest| rest.strip_prefix("module.")) {
        let (mut quoted, mut past) = (false, false);
        let label = rest.char_indices().find(|(_, character)| {
            quoted ^= *character == '"' && !past;
            past = *character == '\\' && !past;
            *character == '.' && !quoted
        });
        let Some((dot, _)) = label else { return end };
        end += "module.".len() + dot + 1;
    }
    end
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
