//! `httpApi` events: the HTTP API (API Gateway v2) that the framework makes of them.
//!
//! Not here: REST APIs (`rest`).

use std::collections::BTreeMap;

use super::{
    Event, HTTP, anyone, by_arn, by_function, domain, fresh, is_off, method, outside, scopes, switched,
    target, unclear, unresolved,
};
use crate::cloudformation::value::{string, text};
use crate::document::{Node, NodeKind};
use crate::graph::{Access, Api, ApiKind, App, Authorizer, AuthorizerKind, Route};
use crate::known::{Known, Name, Setting};
use crate::serverless::functions::cors;
use crate::serverless::service::{Service, normal};
use crate::source::Place;

/// What was collected so far.
pub(super) struct Http {
    first: Option<Place>,
    /// Declared authorizers, by what the file calls them.
    declared: BTreeMap<String, Name>,
}

impl Http {
    /// Takes in the authorizers that the provider declares; they exist whether a route uses them or not.
    pub(super) fn new(service: &Service<'_>, app: &mut App) -> Self {
        let mut declared = BTreeMap::new();
        let authorizers = service.provider.at(&["httpApi", "authorizers"]);
        for (key, node) in authorizers.map(Node::entries).unwrap_or_default() {
            let name = fresh(service, &key.text, format!("HttpApiAuthorizer{}", normal(&key.text)));
            app.authorizers.push(Authorizer {
                name: name.clone(),
                place: key.place,
                api: Some(Name::from(HTTP)),
                kind: kind(service, node),
            });
            declared.insert(key.text.clone(), name);
        }
        Self { first: None, declared }
    }

    pub(super) fn take(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>) {
        let place = event.key.place;
        self.first.get_or_insert(place);
        let config = event.config;
        let (method, path) = match config.as_str() {
            Some(short) => short_form(short),
            None => match unclear(config) {
                Some(why) => (Known::Unknown(why.clone()), Known::Unknown(why)),
                None => {
                    let path = config.get("path").map(|path| string(path).value);
                    let path = path.unwrap_or_else(|| Known::Value("*".to_owned()));
                    (method(config.get("method")), path.map(|path| full_path(&path)))
                }
            },
        };
        let access = match unclear(config) {
            Some(why) if config.as_str().is_none() => Setting::unknown(config.place, why),
            _ => self.access(service, place, config),
        };
        app.routes.push(Route {
            api: Known::Value(Name::from(HTTP)),
            place,
            method,
            path,
            target: Known::Value(event.function.name.clone()),
            access,
            api_key: false,
            scopes: config.get("authorizer").map(scopes).unwrap_or_default(),
            acts_as: None,
            does: None,
            rate: None,
        });
    }

    fn access(&self, service: &Service<'_>, place: Place, config: &Node) -> Setting<Access> {
        let Some((key, node)) = config.entry("authorizer").filter(|(_, node)| !is_off(node)) else {
            return anyone(place);
        };
        let at = key.place;
        if let Some(why) = unresolved(node) {
            return Setting::unknown(at, why);
        }
        if let Some(id) = node.get("id") {
            let access = match target(id) {
                Some(name) => Access::Authorizer(name),
                None => outside(&text(id)),
            };
            return Setting::new(at, access);
        }
        if matches!(node.kind, NodeKind::Composed(_)) {
            return Setting::new(at, outside(&text(node)));
        }
        let name = node.as_scalar().or_else(|| node.get("name").and_then(Node::as_scalar));
        if let Some(found) = name.as_ref().and_then(|name| self.declared.get(name)) {
            return Setting::new(at, Access::Authorizer(found.clone()));
        }
        let kind = node.get("type").and_then(Node::as_scalar);
        if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("aws_iam")) {
            return Setting::new(at, Access::Iam);
        }
        match service.provider.at(&["httpApi", "authorizers"]).and_then(Node::why_open) {
            Some(why) => Setting::new(at, Access::Outside(format!("an authorizer that is not known: {why}"))),
            None => {
                let name = name.unwrap_or_default();
                // A name alone is that of an authorizer; IAM asks where it is the type.
                let iam = match name.eq_ignore_ascii_case("aws_iam") {
                    true => "; for IAM, write `authorizer: { type: aws_iam }`",
                    false => "",
                };
                Setting::unknown(at, format!("`provider.httpApi.authorizers` has no `{name}`{iam}"))
            }
        }
    }

    pub(super) fn finish(self, service: &Service<'_>, app: &mut App) {
        let settings = service.provider.get("httpApi");
        let setting = |key: &str| settings.and_then(|settings| settings.get(key));
        // Authorizers belong to an API, also when no route uses it.
        let Some(first) =
            self.first.or_else(|| settings.filter(|_| !self.declared.is_empty()).map(|node| node.place))
        else {
            return;
        };
        let place = match setting("id") {
            Some(id) => {
                let text = text(id);
                let why = format!("the HTTP API `{text}` is not made here: its CORS and stages are unknown");
                app.unknown(Some(&Name::from(HTTP)), id.place, why);
                id.place
            }
            None => first,
        };
        let mut made = Api {
            cors: settings.and_then(|settings| cors(settings, ["allowedOrigins", "allowedHeaders"])),
            access_log: service.provider.at(&["logs", "httpApi"]).map(switched),
            ..Api::new(Name::from(HTTP), place, ApiKind::Http)
        };
        domain::declare(service, &mut made);
        app.apis.push(made);
    }
}

/// How a declared authorizer asks.
fn kind(service: &Service<'_>, node: &Node) -> AuthorizerKind {
    if let Some(why) = node.why_open() {
        return AuthorizerKind::Other(format!("not known: {why}"));
    }
    if let Some(function) = node.get("functionName") {
        return by_function(service, &function.as_scalar().unwrap_or_default());
    }
    if let Some(arn) = node.get("functionArn") {
        let text = text(arn);
        let found = by_arn(service, arn, false);
        return found.unwrap_or_else(|| {
            AuthorizerKind::Function(Known::Unknown(format!("`{text}` is not made here")))
        });
    }
    match node.get("issuerUrl") {
        Some(issuer) => AuthorizerKind::Jwt {
            issuer: text(issuer),
            audience: node
                .get("audience")
                .map(Node::one_or_many)
                .unwrap_or_default()
                .iter()
                .map(text)
                .collect(),
        },
        None => AuthorizerKind::Other("an authorizer without issuer or function".to_owned()),
    }
}

/// `GET /orders`, or `*` for everything.
fn short_form(short: &str) -> (Known<String>, Known<String>) {
    let (method, path) = short.trim().split_once(char::is_whitespace).unwrap_or(("ANY", short));
    let method = if method == "*" { "ANY" } else { method };
    (Known::Value(method.to_uppercase()), Known::Value(full_path(path)))
}

fn full_path(path: &str) -> String {
    match path.trim() {
        "*" | "" => "$default".to_owned(),
        path => path.to_owned(),
    }
}
