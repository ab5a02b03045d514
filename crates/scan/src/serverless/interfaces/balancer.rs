//! `alb` events: rules of a load balancer that stands elsewhere.
//!
//! Invariant: whether the load balancer faces the internet is not known from the event. Not here: load balancers under `resources`
//! (`cloudformation`).

use std::collections::BTreeMap;

use super::{Event, anyone, fresh, is_off, unclear};
use crate::cloudformation::value::{string, text};
use crate::document::Node;
use crate::graph::{Access, Api, ApiKind, App, Authorizer, AuthorizerKind, Route};
use crate::known::{Known, Name, Setting};
use crate::serverless::service::{Service, normal};
use crate::source::Place;

/// Methods, and paths, of one event that are read; the provider allows five values in a rule.
const MAX_VALUES: usize = 5;

/// What was collected so far.
pub(super) struct Balancers {
    /// Declared authorizers: the name, and whether it lets those through whom it does not know.
    declared: BTreeMap<String, (Name, bool)>,
    /// Load balancers by what names their listener.
    by_listener: BTreeMap<String, Name>,
}

impl Balancers {
    pub(super) fn new(service: &Service<'_>, app: &mut App) -> Self {
        let mut declared = BTreeMap::new();
        let authorizers = service.provider.at(&["alb", "authorizers"]);
        for (key, node) in authorizers.map(Node::entries).unwrap_or_default() {
            let name = fresh(service, &key.text, format!("{}AlbAuthorizer", normal(&key.text)));
            let at = |key: &str| node.get(key).map(text);
            let kind = match (at("userPoolArn"), at("issuer")) {
                (Some(pool), _) => AuthorizerKind::UserPool(vec![pool]),
                (None, Some(issuer)) => {
                    AuthorizerKind::Jwt { issuer, audience: at("clientId").into_iter().collect() }
                }
                (None, None) => AuthorizerKind::Other("an authorizer without user pool or issuer".to_owned()),
            };
            app.authorizers.push(Authorizer { name: name.clone(), place: key.place, api: None, kind });
            let through = node.get("onUnauthenticatedRequest").and_then(Node::as_str) == Some("allow")
                || node.get("allowUnauthenticated").and_then(Node::as_bool) == Some(true);
            declared.insert(key.text.clone(), (name, through));
        }
        Self { declared, by_listener: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>) {
        let place = event.key.place;
        let api = self.api(service, app, place, event.config);
        let conditions = event.config.get("conditions");
        let values = |key: &str| -> Vec<Known<String>> {
            let Some(found) = conditions.and_then(|conditions| conditions.get(key)) else {
                return Vec::new();
            };
            found.one_or_many().iter().map(|one| string(one).value).collect()
        };
        let or = |values: Vec<Known<String>>, all: &str| match values.is_empty() {
            true => vec![Known::Value(all.to_owned())],
            false => values,
        };
        let access = match unclear(event.config) {
            Some(why) => Setting::unknown(event.config.place, why),
            None => self.access(place, event.config),
        };
        let methods = or(values("method"), "ANY");
        for path in or(values("path"), "/*").into_iter().take(MAX_VALUES) {
            for method in methods.iter().take(MAX_VALUES) {
                app.routes.push(Route {
                    api: Known::Value(api.clone()),
                    place,
                    method: method.clone(),
                    path: path.clone(),
                    target: Known::Value(event.function.name.clone()),
                    access: access.clone(),
                    api_key: false,
                    scopes: Vec::new(),
                    acts_as: None,
                    does: None,
                    rate: None,
                });
            }
        }
    }

    /// The load balancer of a listener, made at its first use.
    fn api(&mut self, service: &Service<'_>, app: &mut App, place: Place, config: &Node) -> Name {
        let listener = config.get("listenerArn").map(text);
        let key = listener.map(|listener| listener.to_string()).unwrap_or_default();
        if let Some(name) = self.by_listener.get(&key) {
            return name.clone();
        }
        let wanted = format!("LoadBalancer{}", self.by_listener.len() + 1);
        let name = fresh(service, &wanted, format!("{wanted}Listener"));
        app.apis.push(Api {
            endpoint: Setting::unknown(place, "the load balancer is not described by the event"),
            ..Api::new(name.clone(), place, ApiKind::LoadBalancer)
        });
        self.by_listener.insert(key, name.clone());
        name
    }

    fn access(&self, place: Place, config: &Node) -> Setting<Access> {
        let Some((key, node)) = config.entry("authorizer").filter(|(_, node)| !is_off(node)) else {
            return anyone(place);
        };
        if let Some(why) = node.why_open() {
            return Setting::unknown(key.place, why);
        }
        for name in node.one_or_many().iter().filter_map(Node::as_scalar) {
            match self.declared.get(&name) {
                Some((_, true)) => return anyone(key.place),
                Some((found, false)) => return Setting::new(key.place, Access::Authorizer(found.clone())),
                None => {}
            }
        }
        Setting::unknown(key.place, "`provider.alb.authorizers` has no such authorizer")
    }
}
