//! How a function is reached: interfaces, routes, who is asked for, and triggers.

use serde::Serialize;

use super::Statement;
use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

/// Who may use a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anyone: nothing asks who calls.
    Anyone,
    /// Whoever the provider's own signatures identify and its policies allow.
    Iam,
    /// Whoever an authorizer of this app lets in.
    Authorizer(Name),
    /// Whoever something outside of these files lets in, such as an authorizer by ARN; what it is.
    Outside(String),
}

/// An interface: a REST API, an HTTP API, a websocket API, a load balancer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Api {
    /// Its logical name; the implicit ones have the name that their framework gives them.
    pub name: Name,
    /// Where it is declared; for an implicit one the first route.
    pub place: Place,
    /// What it is.
    pub kind: ApiKind,
    /// Whether it can be reached from the internet.
    pub endpoint: Setting<Endpoint>,
    /// Who may call any of its routes at all: its resource policy.
    pub policy: Vec<Statement>,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
    /// Whether calls are logged.
    pub access_log: Option<Setting<bool>>,
    /// Whether every stage has a rate for all routes.
    pub throttled: Option<Setting<bool>>,
    /// Whether whole requests and answers are logged.
    pub data_trace: Option<Setting<bool>>,
    /// Whether it answers at the address that the provider gives it, as it does unless that is switched off.
    pub provider_address: Option<Setting<bool>>,
    /// Of each of its own domains, whether callers must show a certificate (mutual TLS).
    pub certificates: Vec<Setting<bool>>,
    /// The oldest protocol of its own domain: `TLS_1_0` …
    pub minimum_tls: Option<Setting<String>>,
    /// Whether calls are traced.
    pub tracing: Option<Setting<bool>>,
    /// Whether a firewall of the provider stands before it.
    pub firewall: Option<Setting<bool>>,
}

impl Api {
    /// An interface of which nothing else is said: the provider puts it on the internet.
    #[must_use]
    pub fn new(name: Name, place: Place, kind: ApiKind) -> Self {
        Self {
            name,
            place,
            kind,
            endpoint: Setting::new(place, Endpoint::Public),
            policy: Vec::new(),
            cors: None,
            access_log: None,
            throttled: None,
            data_trace: None,
            provider_address: None,
            certificates: Vec::new(),
            minimum_tls: None,
            tracing: None,
            firewall: None,
        }
    }

    /// Whether only those reach it who show a certificate: each of its domains asks for one, and it answers nowhere else.
    #[must_use]
    pub fn asks_for_certificates(&self) -> Known<bool> {
        let Some(elsewhere) = &self.provider_address else { return Known::Value(false) };
        let open = elsewhere.value.is(&true) || self.certificates.iter().any(|asks| asks.value.is(&false));
        if open || self.certificates.is_empty() {
            return Known::Value(false);
        }
        let untold = std::iter::once(elsewhere).chain(&self.certificates).find_map(|it| it.value.why());
        untold.map_or(Known::Value(true), |why| Known::Unknown(why.to_owned()))
    }
}

/// What kind of interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiKind {
    /// REST (API Gateway v1).
    Rest,
    /// HTTP (API Gateway v2).
    Http,
    /// Websocket (API Gateway v2).
    Websocket,
    /// A load balancer.
    LoadBalancer,
    /// GraphQL (AppSync).
    GraphQl,
}

/// How an interface is written where it is not as the app's format has it: what has to be changed is that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// As a plain resource of CloudFormation.
    Resource,
    /// In a description (OpenAPI).
    Description,
}

/// From where an interface can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// From the internet.
    Public,
    /// From a private network only.
    Private,
}

/// One method on one path, or one websocket route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// Its interface.
    pub api: Known<Name>,
    /// Where it is declared.
    pub place: Place,
    /// `GET`, `ANY`; for websockets the route key.
    pub method: Known<String>,
    /// `/orders/{id}`, as the provider writes it; empty for websockets.
    pub path: Known<String>,
    /// The function that answers.
    pub target: Known<Name>,
    /// Who may use it, with the place of the line that says so (or of the route, where nothing does).
    pub access: Setting<Access>,
    /// Whether an API key is asked for, which identifies an app and authenticates nobody.
    pub api_key: bool,
    /// Scopes that a token must have.
    pub scopes: Vec<String>,
    /// The role with which the interface itself does what the route asks for.
    #[serde(skip)]
    pub acts_as: Option<Name>,
    /// What it does itself for whoever calls, where its target does not say so: `dynamodb:path/Orders`, a table behind a GraphQL interface.
    #[serde(skip)]
    pub does: Option<String>,
    /// Whether it has a rate at every stage, where that is set for it alone.
    #[serde(skip)]
    pub rate: Option<Setting<bool>>,
}

impl Route {
    /// The operation of another service, `dynamodb:action/Scan`, that the interface does itself for whoever calls.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        if self.does.is_some() {
            return self.does.as_deref();
        }
        let (_, uri) = self.target.why()?.split_once(":apigateway:")?;
        let uri = uri.split_once('`').map_or(uri, |(uri, _)| uri);
        let is_service = |word: &str| {
            word.chars().all(|found| found.is_ascii_lowercase() || "0123456789-".contains(found))
        };
        let at = uri.find(":action/").or_else(|| uri.find(":path/"))?;
        let service = uri.get(..at)?.rsplit(':').next()?;
        // To read files of a bucket is often meant for everyone, to change them is not. A function is a function.
        let reads =
            || self.method.value().is_none_or(|method| matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"));
        let counts = match service {
            "lambda" => false,
            "s3" => !reads(),
            _ => true,
        };
        (is_service(service) && counts).then(|| uri.get(at - service.len()..)).flatten()
    }
}

/// Something that asks callers who they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Authorizer {
    /// Its logical name.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// Its interface.
    pub api: Option<Name>,
    /// How it asks.
    pub kind: AuthorizerKind,
}

/// How an authorizer asks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizerKind {
    /// A Cognito user pool.
    UserPool(Vec<Text>),
    /// Signed tokens.
    Jwt {
        /// Who must have issued them.
        issuer: Text,
        /// For whom they must be.
        audience: Vec<Text>,
    },
    /// A function of one's own.
    Function(Known<Name>),
    /// Something else; what.
    Other(String),
}

/// What pages of other origins may do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cors {
    /// Where it is declared.
    pub place: Place,
    /// Origins; `*` is any.
    pub origins: Vec<Setting<String>>,
    /// Whether cookies and credentials go along.
    pub credentials: Option<Setting<bool>>,
    /// Headers; `*` is any.
    pub headers: Vec<Setting<String>>,
    /// Methods; `*` is any.
    pub methods: Vec<Setting<String>>,
}

/// What starts a function other than a route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// Its logical name, where it has one.
    pub name: Name,
    /// Where it is declared.
    pub place: Place,
    /// The function.
    pub function: Known<Name>,
    /// What kind.
    pub kind: TriggerKind,
    /// What sends: a queue, a topic, a bucket, an event bus; the expression for a schedule.
    pub source: Text,
    /// False where it is switched off.
    pub enabled: Known<bool>,
    /// For a bucket: how the keys begin whose events are sent; every key's where nothing stands here.
    pub prefix: Option<Text>,
}

/// What kind of trigger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// Times.
    Schedule,
    /// A queue (SQS, Amazon MQ).
    Queue,
    /// A topic (SNS).
    Topic,
    /// Changes in a bucket.
    Bucket,
    /// Changes in a table.
    TableStream,
    /// A data stream (Kinesis, Kafka, DocumentDB).
    Stream,
    /// An event bus' rule.
    EventBus,
    /// A user pool's hook.
    UserPool,
    /// Log lines.
    Logs,
    /// A state machine's step.
    StateMachine,
    /// Something else; what.
    Other(String),
}
