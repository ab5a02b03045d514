//! What starts functions other than routes: schedules, queues, topics, buckets, streams, buses, and the rest of the framework's events.
//!
//! Owns: the stores that the framework makes for an event (buckets, topics). Invariant: an event that is not known is a trigger all the
//! same. Not here: routes (`interfaces`), permissions to read from a source (`roles`).

use std::collections::BTreeSet;

use super::interfaces::{Event, Interfaces};
use super::roles::is_table_stream;
use super::service::{Declared, Service, alphanumeric};
use super::text::why;
use crate::document::{Key, Node, NodeKind};
use crate::graph::{App, PublicAccess, Store, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Piece, Text};
use crate::source::Place;

/// Reads the events of all functions.
pub(super) fn read(service: &Service, app: &mut App) {
    let mut reader = Events { interfaces: Interfaces::new(service, app), made: BTreeSet::new() };
    for declared in &service.functions {
        let Some(events) = declared.node.get("events") else { continue };
        let mut count = 0;
        reader.list(service, app, declared, events, &mut count);
    }
    reader.interfaces.finish(service, app);
}

struct Events {
    interfaces: Interfaces,
    /// Logical ids of stores that events made.
    made: BTreeSet<String>,
}

impl Events {
    /// Events, also those that an included file puts into a list of their own.
    fn list(
        &mut self,
        service: &Service,
        app: &mut App,
        declared: &Declared,
        events: &Node,
        count: &mut usize,
    ) {
        if let Some(why) = events.why_open() {
            app.unknown(
                Some(&declared.name),
                events.place,
                format!("what starts the function is not known: {why}"),
            );
        }
        for event in events.items() {
            match &event.kind {
                NodeKind::Map(entries) => {
                    for (key, config) in entries {
                        // `- http:` with its settings not indented: version 1 took them all the same.
                        let flat = config.kind == NodeKind::Null && entries.len() > 1;
                        let config = if flat { event } else { config };
                        self.one(service, app, &Event { function: declared, key, config }, count);
                        if flat {
                            break;
                        }
                    }
                }
                NodeKind::String(kind) => {
                    let key = Key { place: event.place, text: kind.clone() };
                    let config = Node { place: event.place, kind: NodeKind::Null };
                    self.one(service, app, &Event { function: declared, key: &key, config: &config }, count);
                }
                NodeKind::Null => {}
                NodeKind::List(_) => self.list(service, app, declared, event, count),
                _ => {
                    let why = event.why_open().unwrap_or_else(|| "it is no event".to_owned());
                    app.unknown(Some(&declared.name), event.place, format!("an event is not known: {why}"));
                }
            }
        }
    }

    fn one(&mut self, service: &Service, app: &mut App, event: &Event<'_>, count: &mut usize) {
        *count += 1;
        if self.interfaces.take(service, app, event) {
            return;
        }
        let (kind, sources) = self.source(service, app, event);
        let enabled = enabled(service, event.config);
        for source in sources {
            let name = format!("{}.{}{}", event.function.key.text, event.key.text, *count);
            app.triggers.push(Trigger {
                name: Name::from(name),
                place: event.key.place,
                function: Known::Value(event.function.name.clone()),
                kind: kind.clone(),
                source,
                enabled: enabled.clone(),
            });
        }
    }

    /// What kind of trigger an event is, and what sends.
    fn source(&mut self, service: &Service, app: &mut App, event: &Event<'_>) -> (TriggerKind, Vec<Text>) {
        let config = event.config;
        let place = event.key.place;
        let one =
            |keys: &[&str]| {
                let node = keys.iter().find_map(|key| config.get(key));
                let node =
                    node.or_else(|| (!describes(config) && config.kind != NodeKind::Null).then_some(config));
                vec![node.map_or_else(
                    || Text::unknown("no source is named", place),
                    |node| service.names.text(node),
                )]
            };
        match event.key.text.as_str() {
            "schedule" => (TriggerKind::Schedule, rates(service, config)),
            "sqs" => (TriggerKind::Queue, one(&["arn"])),
            "activemq" | "rabbitmq" => (TriggerKind::Queue, one(&["arn"])),
            "stream" if is_table_stream(service, config) => (TriggerKind::TableStream, one(&["arn"])),
            "stream" | "kinesis" => (TriggerKind::Stream, one(&["arn"])),
            "msk" => (TriggerKind::Stream, one(&["arn"])),
            "kafka" => (TriggerKind::Stream, one(&["topic"])),
            "documentDb" => (TriggerKind::Stream, one(&["cluster"])),
            "s3" => (TriggerKind::Bucket, vec![self.bucket(service, app, place, config)]),
            "sns" => (TriggerKind::Topic, vec![self.topic(service, app, place, config)]),
            "eventBridge" => (TriggerKind::EventBus, vec![bus(service, config, place)]),
            "cloudwatchEvent" => (TriggerKind::EventBus, vec![Text::literal("default", place)]),
            "cloudwatchLog" => (TriggerKind::Logs, one(&["logGroup"])),
            "cognitoUserPool" => (TriggerKind::UserPool, one(&["pool"])),
            "iot" => (TriggerKind::Other("iot".to_owned()), one(&["sql"])),
            "alexaSkill" | "alexaSmartHome" => (TriggerKind::Other("alexa".to_owned()), one(&["appId"])),
            "cloudFront" => (TriggerKind::Other("cloudfront".to_owned()), one(&["origin", "eventType"])),
            other => (TriggerKind::Other(other.to_owned()), one(&["arn"])),
        }
    }

    /// A bucket that notifies: the framework makes it, unless it exists.
    fn bucket(&mut self, service: &Service, app: &mut App, place: Place, config: &Node) -> Text {
        let node = config.get("bucket").unwrap_or(config);
        let text = service.names.text(node);
        let Some(written) = text.as_literal() else { return text };
        // `provider.s3` describes buckets that events then name.
        let settings = service.provider.at(&["s3", written]);
        let physical =
            settings.and_then(|settings| settings.get("name")).map(|name| service.names.text(name));
        let logical = format!("S3Bucket{}", alphanumeric(written));
        if config.get("existing").and_then(Node::as_bool) == Some(true) {
            return text;
        }
        self.make(service, app, &logical, place, StoreKind::Bucket, physical.unwrap_or_else(|| text.clone()));
        Text::of(Name::from(logical), Attribute::Name, text.place)
    }

    /// A topic that notifies: one by ARN, or one that the framework makes.
    fn topic(&mut self, service: &Service, app: &mut App, place: Place, config: &Node) -> Text {
        let name = config.get("topicName").and_then(Node::as_scalar);
        let arn = config.get("arn").or_else(|| (!describes(config)).then_some(config));
        let text = arn.map(|arn| service.names.text(arn));
        let written = match &text {
            Some(text) => match text.as_literal().filter(|literal| !literal.contains(':')) {
                Some(literal) => Some(literal.to_owned()),
                None => return text.clone(),
            },
            None => name,
        };
        let Some(written) = written else { return Text::unknown("no topic is named", place) };
        let logical = format!("SNSTopic{}", alphanumeric(&written));
        self.make(service, app, &logical, place, StoreKind::Topic, Text::literal(written, place));
        Text::of(Name::from(logical), Attribute::Arn, place)
    }

    /// Writes down a store that the framework makes, once, unless the resources describe it.
    fn make(
        &mut self,
        service: &Service,
        app: &mut App,
        logical: &str,
        place: Place,
        kind: StoreKind,
        physical: Text,
    ) {
        if service.names.kind(logical).is_some() || !self.made.insert(logical.to_owned()) {
            return;
        }
        app.stores.push(Store {
            name: Name::from(logical),
            place,
            kind,
            physical: Some(physical),
            encryption: None,
            policy: Vec::new(),
            public: PublicAccess::default(),
            website: false,
            recovery: None,
            stream: false,
        });
    }
}

/// Whether a value describes a source by several settings, rather than being the source.
fn describes(config: &Node) -> bool {
    match config.entries() {
        [] => false,
        [(key, _)] => !(key.text == "Ref" || key.text.starts_with("Fn::")),
        _ => true,
    }
}

/// The expressions of a schedule.
fn rates(service: &Service, config: &Node) -> Vec<Text> {
    let node = config.get("rate").unwrap_or(config);
    match &node.kind {
        NodeKind::List(items) => items.iter().map(|item| service.names.text(item)).collect(),
        _ => vec![service.names.text(node)],
    }
}

/// The bus that a rule listens on.
fn bus(service: &Service, config: &Node, place: Place) -> Text {
    let bus = config.get("eventBus").map(|bus| service.names.text(bus));
    bus.unwrap_or_else(|| Text { pieces: vec![Piece::Literal("default".to_owned())], place })
}

fn enabled(service: &Service, config: &Node) -> Known<bool> {
    let Some(node) = config.get("enabled") else { return Known::Value(true) };
    match (node.as_bool(), &node.kind) {
        (Some(value), _) => Known::Value(value),
        (None, NodeKind::Null) => Known::Value(true),
        _ => Known::Unknown(why(&service.names.text(node))),
    }
}
