//! What starts functions other than routes: schedules, queues, topics, buckets, streams, buses, and the rest of the framework's events.
//!
//! Owns: the stores that the framework makes for an event (buckets, topics). Invariant: an event that is not known is a trigger all the
//! same. Not here: routes (`interfaces`), permissions to read from a source (`roles`).

use std::collections::BTreeSet;

use super::interfaces::{Event, Interfaces};
use super::roles::is_table_stream;
use super::service::{Declared, Service, alphanumeric};
use crate::cloudformation::value::{switch, text};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{App, PublicAccess, Store, StoreKind, Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Piece, Text};
use crate::source::Place;

/// Reads the events of all functions.
pub(super) fn read(service: &Service<'_>, app: &mut App) {
    let mut reader = Events { interfaces: Interfaces::new(service, app), made: BTreeSet::new() };
    for declared in &service.functions {
        destinations(service, app, declared);
        if declared.node.why_open().is_some() {
            unknown_event(app, declared, declared.node.place);
        }
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
        service: &Service<'_>,
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
            unknown_event(app, declared, events.place);
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
                    unknown_event(app, declared, event.place);
                }
            }
        }
    }

    fn one(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>, count: &mut usize) {
        *count += 1;
        if self.interfaces.take(service, app, event) {
            return;
        }
        let (kind, sources) = self.source(service, app, event);
        let enabled = enabled(event.config);
        let rules = event.config.get("rules").map(Node::items).unwrap_or_default();
        let prefix = rules.iter().find_map(|rule| rule.get("prefix")).map(text);
        for source in sources {
            let name = format!("{}.{}{}", event.function.key.text, event.key.text, *count);
            app.triggers.push(Trigger {
                name: Name::from(name),
                place: event.key.place,
                function: Known::Value(event.function.name.clone()),
                kind: kind.clone(),
                source,
                enabled: enabled.clone(),
                prefix: prefix.clone(),
            });
        }
    }

    /// What kind of trigger an event is, and what sends.
    fn source(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        event: &Event<'_>,
    ) -> (TriggerKind, Vec<Text>) {
        let config = event.config;
        let place = event.key.place;
        let one = |keys: &[&str]| {
            let node = keys.iter().find_map(|key| config.get(key));
            let node = node.or_else(|| (!config.is_map() && config.kind != NodeKind::Null).then_some(config));
            vec![node.map_or_else(|| Text::unknown("no source is named", place), text)]
        };
        match event.key.text.as_str() {
            "schedule" => (TriggerKind::Schedule, rates(config)),
            "sqs" => (TriggerKind::Queue, one(&["arn"])),
            "activemq" | "rabbitmq" => (TriggerKind::Queue, one(&["arn"])),
            "stream" if is_table_stream(config) => (TriggerKind::TableStream, one(&["arn"])),
            "stream" | "kinesis" => (TriggerKind::Stream, one(&["arn"])),
            "msk" => (TriggerKind::Stream, one(&["arn"])),
            "kafka" => (TriggerKind::Stream, one(&["topic"])),
            "documentDb" => (TriggerKind::Stream, one(&["cluster"])),
            "s3" => (TriggerKind::Bucket, vec![self.bucket(service, app, place, config)]),
            "sns" => (TriggerKind::Topic, vec![self.topic(service, app, place, config)]),
            "eventBridge" => (TriggerKind::EventBus, vec![bus(config, place)]),
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
    fn bucket(&mut self, service: &Service<'_>, app: &mut App, place: Place, config: &Node) -> Text {
        let node = config.get("bucket").unwrap_or(config);
        let found = text(node);
        let Some(written) = found.as_literal() else { return found };
        // `provider.s3` describes buckets that events then name.
        let settings = service.provider.at(&["s3", written]);
        let physical = settings.and_then(|settings| settings.get("name")).map(text);
        let logical = format!("S3Bucket{}", alphanumeric(written));
        if config.get("existing").and_then(Node::as_bool) == Some(true) {
            return found;
        }
        let physical = physical.unwrap_or_else(|| found.clone());
        self.make(service, app, &logical, place, StoreKind::Bucket, physical);
        Text::of(Name::from(logical), Attribute::Name, found.place)
    }

    /// A topic that notifies: one by ARN, or one that the framework makes.
    fn topic(&mut self, service: &Service<'_>, app: &mut App, place: Place, config: &Node) -> Text {
        let name = config.get("topicName").and_then(Node::as_scalar);
        let arn = config.get("arn").or_else(|| (!config.is_map()).then_some(config));
        let text = arn.map(text);
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
        service: &Service<'_>,
        app: &mut App,
        logical: &str,
        place: Place,
        kind: StoreKind,
        physical: Text,
    ) {
        if service.described(logical).is_some() || !self.made.insert(logical.to_owned()) {
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

/// Something starts the function, and nobody can tell what: it is not to be taken for unused.
fn unknown_event(app: &mut App, declared: &Declared, place: Place) {
    app.triggers.push(Trigger {
        name: Name::from(format!("{}.unknown{}", declared.key.text, app.triggers.len())),
        place,
        function: Known::Value(declared.name.clone()),
        kind: TriggerKind::Other("unknown".to_owned()),
        source: Text::unknown("the event is not known", place),
        enabled: Known::Value(true),
        prefix: None,
    });
}

/// Functions that get what another one's asynchronous calls end with.
fn destinations(service: &Service<'_>, app: &mut App, declared: &Declared) {
    for (key, target) in declared.node.get("destinations").map(Node::entries).unwrap_or_default() {
        let own = target.as_str().and_then(|name| service.function(name)).map(|found| found.name.clone());
        let referred = || text(target).as_reference().map(|(name, _)| name.clone());
        let Some(name) = own.or_else(referred) else { continue };
        if !service.functions.iter().any(|found| found.name == name) {
            continue;
        }
        app.triggers.push(Trigger {
            name: Name::from(format!("{}.{}", declared.key.text, key.text)),
            place: key.place,
            function: Known::Value(name),
            kind: TriggerKind::Other("destination".to_owned()),
            source: Text::of(declared.name.clone(), Attribute::Arn, key.place),
            enabled: Known::Value(true),
            prefix: None,
        });
    }
}

/// The expressions of a schedule.
fn rates(config: &Node) -> Vec<Text> {
    let node = config.get("rate").unwrap_or(config);
    match &node.kind {
        NodeKind::List(items) => items.iter().map(text).collect(),
        _ => vec![text(node)],
    }
}

/// The bus that a rule listens on.
fn bus(config: &Node, place: Place) -> Text {
    let bus = config.get("eventBus").map(text);
    bus.unwrap_or_else(|| Text { pieces: vec![Piece::Literal("default".to_owned())], place })
}

fn enabled(config: &Node) -> Known<bool> {
    let written = config.get("enabled").filter(|node| node.kind != NodeKind::Null);
    written.map_or(Known::Value(true), |node| switch(node).value)
}
