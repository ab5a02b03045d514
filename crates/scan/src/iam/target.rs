//! What a permission is asked about, and the ARNs that it has.
//!
//! Invariant: the provider's parts of an ARN (partition, region, account) are this app's own, whatever a policy writes there; a name
//! that is not written is one that the provider makes up. Not here: comparing (`iam::pattern`).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::pattern::{Cover, MAX_TOKENS, Token, cover};
use crate::facts::{self, ActionFact};
use crate::graph::{App, Function, Secret, SecretKind, Store, StoreKind};
use crate::known::{Attribute, Name, Piece, Text};

/// References within names are followed this far.
const MAX_DEPTH: u8 = 6;

/// What a permission is asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// A store of the app.
    Store(&'a Store),
    /// A managed secret of the app.
    Secret(&'a Secret),
    /// A function of the app.
    Function(&'a Function),
    /// Whatever an ARN names.
    Arn(&'a Text),
    /// All things of a service in the account, by the service's prefix.
    All(&'a str),
}

impl<'a> Target<'a> {
    /// Its name in the app, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'a Name> {
        match self {
            Self::Store(store) => Some(&store.name),
            Self::Secret(secret) => Some(&secret.name),
            Self::Function(function) => Some(&function.name),
            Self::Arn(_) | Self::All(_) => None,
        }
    }

    /// The services whose actions can touch it.
    pub(super) fn services(&self) -> Vec<&'a str> {
        let shapes = match self {
            Self::Store(store) => store_shapes(&store.kind),
            Self::Secret(secret) => secret_shapes(secret),
            Self::Function(_) => &FUNCTION,
            Self::All(service) => return vec![service],
            Self::Arn(_) => return Vec::new(),
        };
        let mut services: Vec<_> = shapes.iter().map(|shape| shape.service).collect();
        services.dedup();
        services
    }
}

/// An ARN of a target, with the service and the resource type that use it.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) service: &'static str,
    pub(super) kind: &'static str,
    pub(super) arn: Vec<Token>,
}

/// The names of an app's things, for finding what a reference means.
#[derive(Debug)]
pub(super) struct Index<'a> {
    things: HashMap<&'a str, Thing<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Thing<'a> {
    shapes: &'static [Shape],
    physical: Option<&'a Text>,
}

/// A form of ARN that a kind of thing has. In it `~` is the provider's part, `@` the name, `^` something within, `$` a random character.
#[derive(Debug)]
pub(super) struct Shape {
    /// The service of the actions that use it.
    service: &'static str,
    /// The resource type, as the table of actions calls it.
    kind: &'static str,
    arn: &'static str,
}

const fn shape(service: &'static str, kind: &'static str, arn: &'static str) -> Shape {
    Shape { service, kind, arn }
}

const BUCKET: [Shape; 2] = [shape("s3", "bucket", "arn:~:s3:::@"), shape("s3", "object", "arn:~:s3:::@/^")];
const TABLE: [Shape; 3] = [
    shape("dynamodb", "table", "arn:~:dynamodb:~:~:table/@"),
    shape("dynamodb", "index", "arn:~:dynamodb:~:~:table/@/index/^"),
    shape("dynamodb", "stream", "arn:~:dynamodb:~:~:table/@/stream/^"),
];
const QUEUE: [Shape; 1] = [shape("sqs", "queue", "arn:~:sqs:~:~:@")];
const TOPIC: [Shape; 1] = [shape("sns", "topic", "arn:~:sns:~:~:@")];
const STREAM: [Shape; 2] = [
    shape("kinesis", "stream", "arn:~:kinesis:~:~:stream/@"),
    shape("firehose", "deliverystream", "arn:~:firehose:~:~:deliverystream/@"),
];
const KAFKA_CLUSTER: [Shape; 1] = [shape("kafka", "cluster", "arn:~:kafka:~:~:cluster/@/^")];
const BROKER: [Shape; 1] = [shape("mq", "brokers", "arn:~:mq:~:~:broker:@:^")];
const DATABASE: [Shape; 8] = [
    shape("rds", "cluster", "arn:~:rds:~:~:cluster:@"),
    shape("rds", "db", "arn:~:rds:~:~:db:@"),
    shape("rds-data", "cluster", "arn:~:rds:~:~:cluster:@"),
    shape("es", "domain", "arn:~:es:~:~:domain/@"),
    shape("es", "domain", "arn:~:es:~:~:domain/@/^"),
    shape("elasticache", "replicationgroup", "arn:~:elasticache:~:~:replicationgroup:@"),
    shape("redshift", "cluster", "arn:~:redshift:~:~:cluster:@"),
    shape("dax", "application", "arn:~:dax:~:~:cache/@"),
];
const FILE_SYSTEM: [Shape; 1] =
    [shape("elasticfilesystem", "file-system", "arn:~:elasticfilesystem:~:~:file-system/@")];
const EVENT_BUS: [Shape; 1] = [shape("events", "event-bus", "arn:~:events:~:~:event-bus/@")];
const STATE_MACHINE: [Shape; 1] = [shape("states", "statemachine", "arn:~:states:~:~:stateMachine:@")];
const USER_POOL: [Shape; 1] = [shape("cognito-idp", "userpool", "arn:~:cognito-idp:~:~:userpool/@")];
const KEY: [Shape; 1] = [shape("kms", "key", "arn:~:kms:~:~:key/@")];
const REGISTRY: [Shape; 1] = [shape("ecr", "repository", "arn:~:ecr:~:~:repository/@")];
const LOGS: [Shape; 3] = [
    shape("logs", "log-group", "arn:~:logs:~:~:log-group:@"),
    shape("logs", "log-group", "arn:~:logs:~:~:log-group:@:^"),
    shape("logs", "log-stream", "arn:~:logs:~:~:log-group:@:log-stream:^"),
];
const SECRET: [Shape; 1] = [shape("secretsmanager", "Secret", "arn:~:secretsmanager:~:~:secret:@-$$$$$$")];
const PARAMETER: [Shape; 1] = [shape("ssm", "parameter", "arn:~:ssm:~:~:parameter/@")];
const ROOTED_PARAMETER: [Shape; 1] = [shape("ssm", "parameter", "arn:~:ssm:~:~:parameter@")];
const FUNCTION: [Shape; 4] = [
    shape("lambda", "function", "arn:~:lambda:~:~:function:@"),
    shape("lambda", "function", "arn:~:lambda:~:~:function:@:^"),
    shape("lambda", "function-alias", "arn:~:lambda:~:~:function:@:^"),
    shape("lambda", "function-version", "arn:~:lambda:~:~:function:@:^"),
];

fn store_shapes(kind: &StoreKind) -> &'static [Shape] {
    match kind {
        StoreKind::Bucket => &BUCKET,
        StoreKind::Table => &TABLE,
        StoreKind::Queue => &QUEUE,
        StoreKind::Topic => &TOPIC,
        StoreKind::Stream => &STREAM,
        StoreKind::KafkaCluster => &KAFKA_CLUSTER,
        StoreKind::Broker => &BROKER,
        StoreKind::Database(_) => &DATABASE,
        StoreKind::FileSystem => &FILE_SYSTEM,
        StoreKind::EventBus => &EVENT_BUS,
        StoreKind::StateMachine => &STATE_MACHINE,
        StoreKind::UserPool => &USER_POOL,
        StoreKind::Key => &KEY,
        StoreKind::Registry => &REGISTRY,
        StoreKind::Logs => &LOGS,
    }
}

fn secret_shapes(secret: &Secret) -> &'static [Shape] {
    let rooted = || {
        let first = secret.physical.as_ref()?.pieces.first()?;
        matches!(first, Piece::Literal(text) if text.starts_with('/')).then_some(())
    };
    match secret.kind {
        SecretKind::SecretsManager => &SECRET,
        SecretKind::SecureParameter | SecretKind::PlainParameter if rooted().is_some() => &ROOTED_PARAMETER,
        SecretKind::SecureParameter | SecretKind::PlainParameter => &PARAMETER,
    }
}

/// A number for a text that is the same wherever the text is.
fn number(kind: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, text).hash(&mut hasher);
    hasher.finish().max(1)
}

impl<'a> Index<'a> {
    pub(super) fn of(app: &'a App) -> Self {
        let stores = app
            .stores
            .iter()
            .map(|store| (store.name.as_str(), store_shapes(&store.kind), store.physical.as_ref()));
        let secrets = app
            .secrets
            .iter()
            .map(|secret| (secret.name.as_str(), secret_shapes(secret), secret.physical.as_ref()));
        let functions = app
            .functions
            .iter()
            .map(|function| (function.name.as_str(), FUNCTION.as_slice(), function.physical.as_ref()));
        let all = stores.chain(secrets).chain(functions);
        Self { things: all.map(|(name, shapes, physical)| (name, Thing { shapes, physical })).collect() }
    }

    /// The ARNs of a target that an action is about. Empty when the action cannot touch it.
    pub(super) fn resources(&self, action: ActionFact, target: Target<'_>) -> Vec<Vec<Token>> {
        if action.needs_star {
            return vec![vec![Token::Atom(0)]];
        }
        match target {
            Target::Arn(text) => vec![self.resource(text)],
            Target::All(service) if service == action.service => anything(action),
            Target::All(_) => Vec::new(),
            Target::Store(store) => self.shaped(action, store_shapes(&store.kind), &store.name),
            Target::Secret(secret) => self.shaped(action, secret_shapes(secret), &secret.name),
            Target::Function(function) => self.shaped(action, &FUNCTION, &function.name),
        }
    }

    /// All ARNs of a target.
    pub(super) fn shapes(&self, target: Target<'_>) -> Vec<Form> {
        let (shapes, name) = match target {
            Target::All(prefix) => {
                let of = |(service, kind, arn)| Form { service, kind, arn: any(service, kind, arn) };
                return facts::types_of(prefix).map(of).collect();
            }
            Target::Arn(_) => return Vec::new(),
            Target::Store(store) => (store_shapes(&store.kind), &store.name),
            Target::Secret(secret) => (secret_shapes(secret), &secret.name),
            Target::Function(function) => (FUNCTION.as_slice(), &function.name),
        };
        let arn = |shape: &Shape| self.arn(shape, name.as_str(), 0);
        shapes
            .iter()
            .map(|shape| Form { service: shape.service, kind: shape.kind, arn: arn(shape) })
            .collect()
    }

    fn shaped(&self, action: ActionFact, shapes: &[Shape], name: &Name) -> Vec<Vec<Token>> {
        let kinds: Vec<_> = action.kinds().collect();
        let fits = |shape: &&Shape| shape.service == action.service && kinds.contains(&shape.kind);
        shapes.iter().filter(fits).map(|shape| self.arn(shape, name.as_str(), 0)).collect()
    }

    /// A statement's resource: wildcards are wildcards.
    pub(super) fn pattern(&self, text: &Text) -> Vec<Token> {
        let mut tokens = Vec::new();
        self.text(text, 0, &wildcard_token, None, &mut tokens);
        tokens
    }

    /// An ARN that something needs: a lone `*` is something that has no ARN.
    fn resource(&self, text: &Text) -> Vec<Token> {
        if text.as_literal() == Some("*") {
            return vec![Token::Atom(0)];
        }
        let mut tokens = Vec::new();
        let wild = |byte| if byte == b'*' { Token::Key } else { Token::Byte(byte) };
        self.text(text, 0, &wild, None, &mut tokens);
        tokens
    }

    fn text(
        &self,
        text: &Text,
        depth: u8,
        byte: &dyn Fn(u8) -> Token,
        owner: Option<&str>,
        tokens: &mut Vec<Token>,
    ) {
        for (at, piece) in text.pieces.iter().enumerate() {
            // What is longer is not compared anyway.
            if tokens.len() > MAX_TOKENS {
                return;
            }
            match piece {
                Piece::Literal(text) => tokens.extend(text.bytes().take(MAX_TOKENS + 1).map(byte)),
                Piece::Of { node, attribute } => self.reference(node, attribute, depth, tokens),
                Piece::Provider(name) => tokens.push(Token::Hole(number("provider", name))),
                Piece::Parameter(name) => tokens.push(Token::Hole(number("parameter", name))),
                Piece::Environment(name) => tokens.push(Token::Hole(number("environment", name))),
                // Within a thing's own name it is the same wherever that thing is meant.
                Piece::Unknown(_) => {
                    let same = |owner: &str| number("unknown", &format!("{owner} {at}"));
                    tokens.push(Token::Hole(owner.map_or(0, same)));
                }
            }
        }
    }

    fn reference(&self, node: &Name, attribute: &Attribute, depth: u8, tokens: &mut Vec<Token>) {
        let thing = self.things.get(node.as_str());
        let shape = thing.and_then(|thing| thing.shapes.first());
        match (attribute, thing, shape) {
            (Attribute::Name, Some(_), _) => self.name(node.as_str(), depth, tokens),
            (Attribute::Arn, _, Some(shape)) => tokens.extend(self.arn(shape, node.as_str(), depth)),
            (Attribute::StreamArn, _, Some(shape)) => {
                tokens.extend(self.arn(shape, node.as_str(), depth));
                tokens.extend(b"/stream/".map(Token::Byte));
                tokens.push(Token::Run);
            }
            _ => tokens.push(Token::Atom(number(attribute.word(), node.as_str()))),
        }
    }

    fn arn(&self, shape: &Shape, name: &str, depth: u8) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(64);
        for byte in shape.arn.bytes() {
            match byte {
                b'~' => tokens.push(Token::Provider),
                b'^' => tokens.push(Token::Key),
                b'$' => tokens.push(Token::Tail(number("suffix", name))),
                b'@' => self.name(name, depth, &mut tokens),
                byte => tokens.push(Token::Byte(byte)),
            }
        }
        tokens
    }

    fn name(&self, name: &str, depth: u8, tokens: &mut Vec<Token>) {
        match self.things.get(name).and_then(|thing| thing.physical) {
            Some(_) if depth >= MAX_DEPTH => tokens.push(Token::Hole(0)),
            Some(text) => self.text(text, depth + 1, &Token::Byte, Some(name), tokens),
            None => tokens.extend([Token::Head(number("name", name)), Token::Tail(number("name", name))]),
        }
    }
}

/// Any thing of the kinds that an action is about: names that no pattern but a wildcard covers.
pub(super) fn anything(action: ActionFact) -> Vec<Vec<Token>> {
    action.resource_types().map(|kind| any(action.service, kind.name, kind.arn)).collect()
}

/// Whether a resource is all things that an action is about, whatever their names: each kind of which one must be named.
#[must_use]
pub fn is_every_thing_of(action: ActionFact, resource: &Text) -> bool {
    let wild = |piece: &Piece| matches!(piece, Piece::Literal(text) if text.contains('*'));
    if !resource.pieces.iter().any(wild) {
        return false;
    }
    let mut pattern = Vec::new();
    for piece in &resource.pieces {
        match piece {
            Piece::Literal(text) => pattern.extend(text.bytes().take(MAX_TOKENS).map(wildcard_token)),
            _ => pattern.push(Token::Hole(0)),
        }
    }
    let covers = |arn: &[Token]| cover(&pattern, arn, &mut 0) == Cover::Yes;
    let required = action.resource_types().any(|kind| kind.required);
    let mut kinds = action.resource_types().filter(|kind| kind.required || !required).peekable();
    kinds.peek().is_some() && kinds.all(|kind| covers(&any(action.service, kind.name, kind.arn)))
}

fn wildcard_token(byte: u8) -> Token {
    match byte {
        b'*' => Token::Run,
        b'?' => Token::One,
        byte => Token::Byte(byte),
    }
}

/// Any thing with an ARN of this form. The ends of some names are made up by the provider, all in the same way.
fn any(service: &str, kind: &str, arn: &str) -> Vec<Token> {
    let token = |fields: &mut u8, byte| {
        *fields += u8::from(byte == b':');
        Some(match byte {
            b'*' if *fields < 5 => Token::Provider,
            b'*' => Token::Atom(0),
            byte => Token::Byte(byte),
        })
    };
    let mut tokens: Vec<Token> = arn.bytes().scan(0, token).collect();
    let groups: &[usize] = match (service, kind) {
        ("secretsmanager", "Secret") => &[6],
        ("kms", "key") => &[4, 4, 4, 12],
        _ => &[],
    };
    if kind == "key" && !groups.is_empty() {
        tokens.pop();
        tokens.extend([Token::Tail(0); 8]);
    }
    for group in groups {
        tokens.push(Token::Byte(b'-'));
        tokens.extend(std::iter::repeat_n(Token::Tail(0), *group));
    }
    tokens
}
