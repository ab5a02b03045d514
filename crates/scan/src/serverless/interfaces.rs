//! What callers from outside can call: REST, HTTP and websocket interfaces and load balancers, made of the events of functions.
//!
//! Owns: collecting routes of all functions into the interfaces of a service. Invariant: a route that names no authorizer has none; the
//! framework knows no default. Not here: what else starts functions (`events`), function URLs (`functions`).

mod balancer;
mod domain;
mod http;
mod rest;
mod websocket;

use std::collections::BTreeMap;

use self::balancer::Balancers;
use self::http::Http;
use self::rest::Rest;
use self::websocket::Websocket;
use super::service::{Declared, Service};
use crate::cloudformation::value::{string, text};
use crate::document::{Key, Node, NodeKind};
use crate::graph::{Access, App, Authorizer, AuthorizerKind};
use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

/// Logical ids of the interfaces that the framework makes.
pub(super) const REST: &str = "ApiGatewayRestApi";
pub(super) const HTTP: &str = "HttpApi";
pub(super) const WEBSOCKET: &str = "WebsocketsApi";

/// The interfaces that a service makes.
pub(super) struct Interfaces {
    rest: Rest,
    http: Http,
    websocket: Websocket,
    balancers: Balancers,
}

/// One event of a function that leads to a route.
pub(super) struct Event<'a> {
    /// The function.
    pub(super) function: &'a Declared,
    /// `http`, `httpApi` …
    pub(super) key: &'a Key,
    /// What is set for it.
    pub(super) config: &'a Node,
}

impl Interfaces {
    pub(super) fn new(service: &Service<'_>, app: &mut App) -> Self {
        Self {
            rest: Rest::default(),
            http: Http::new(service, app),
            websocket: Websocket::default(),
            balancers: Balancers::new(service, app),
        }
    }

    /// Takes an event that leads to a route; false for any other.
    pub(super) fn take(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>) -> bool {
        match event.key.text.as_str() {
            "http" => self.rest.take(service, app, event),
            "httpApi" => self.http.take(service, app, event),
            "websocket" => self.websocket.take(service, app, event),
            "alb" => self.balancers.take(service, app, event),
            _ => return false,
        }
        true
    }

    /// Writes the interfaces down that have routes.
    pub(super) fn finish(self, service: &Service<'_>, app: &mut App) {
        self.rest.finish(service, app);
        self.http.finish(service, app);
        self.websocket.finish(service, app);
    }
}

/// Authorizers that were met, so that each is made once.
#[derive(Debug, Default)]
struct Authorizers {
    by_key: BTreeMap<String, Name>,
}

impl Authorizers {
    /// The authorizer of a key, made at its first use.
    fn declare(&mut self, app: &mut App, key: &str, made: impl FnOnce() -> Authorizer) -> Name {
        if let Some(name) = self.by_key.get(key) {
            return name.clone();
        }
        let authorizer = made();
        let name = authorizer.name.clone();
        app.authorizers.push(authorizer);
        self.by_key.insert(key.to_owned(), name.clone());
        name
    }
}

/// The access of a route without an authorizer; `place` is the route's.
fn anyone(place: Place) -> Setting<Access> {
    Setting::new(place, Access::Anyone)
}

/// Whether a value switches an authorizer off.
fn is_off(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Null | NodeKind::Bool(false)) || node.as_str() == Some("")
}

/// A function of this service as an authorizer.
fn by_function(service: &Service<'_>, key: &str) -> AuthorizerKind {
    AuthorizerKind::Function(match service.function(key) {
        Some(declared) => Known::Value(declared.name.clone()),
        None => Known::Unknown(format!("there is no function `{key}`")),
    })
}

/// What an ARN names as an authorizer: a user pool, a function of this service, or something outside (`None`).
fn by_arn(service: &Service<'_>, arn: &Node, pool: bool) -> Option<AuthorizerKind> {
    let text = text(arn);
    let target = text.as_reference().map(|(name, _)| name.clone());
    let of_pool = target
        .as_ref()
        .is_some_and(|name| service.described(name.as_str()) == Some("AWS::Cognito::UserPool"));
    if pool || of_pool || text.to_string().contains(":cognito-idp:") {
        return Some(AuthorizerKind::UserPool(vec![text]));
    }
    let function = target.filter(|name| service.functions.iter().any(|declared| declared.name == *name));
    function.map(|name| AuthorizerKind::Function(Known::Value(name)))
}

/// An authorizer that these files do not hold.
fn outside(text: &Text) -> Access {
    Access::Outside(format!("the authorizer `{text}`"))
}

/// Scopes that are written out.
fn scopes(node: &Node) -> Vec<String> {
    node.get("scopes").map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::as_scalar).collect()
}

/// A method as the provider writes it.
fn method(node: Option<&Node>) -> Known<String> {
    let Some(node) = node else { return Known::Value("ANY".to_owned()) };
    string(node).value.map(|word| if word == "*" { "ANY".to_owned() } else { word.to_uppercase() })
}

/// A name that no function or resource has.
fn fresh(service: &Service<'_>, wanted: &str, otherwise: String) -> Name {
    let taken = service.function(wanted).is_some() || service.described(wanted).is_some();
    Name::from(if taken { otherwise } else { wanted.to_owned() })
}

/// A setting that is on, off, an object (on), or not known.
fn switched(node: &Node) -> Setting<bool> {
    match &node.kind {
        NodeKind::Null => Setting::new(node.place, false),
        NodeKind::Map(_) => Setting::new(node.place, true),
        _ => match (node.as_bool(), node.why_open()) {
            (Some(value), _) => Setting::new(node.place, value),
            (None, Some(why)) => Setting::unknown(node.place, why),
            (None, None) => Setting::new(node.place, true),
        },
    }
}

/// Why an event's settings cannot be told, when they cannot.
fn unclear(node: &Node) -> Option<String> {
    node.why_open().or_else(|| (!node.is_map()).then(|| "it describes no route".to_owned()))
}

/// Why an authorizer cannot be told. One that whoever deploys names is an authorizer all the same.
fn unresolved(node: &Node) -> Option<String> {
    text(node).why_unknown().filter(|_| !node.is_map()).map(str::to_owned)
}

/// The thing of this app that a value refers to as a whole.
fn target(node: &Node) -> Option<Name> {
    text(node).as_reference().map(|(name, _)| name.clone())
}
