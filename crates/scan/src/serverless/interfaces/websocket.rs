//! `websocket` events: one websocket API, which asks callers who they are when they connect or not at all.
//!
//! Not here: the permission to answer on connections (`roles`).

use super::{
    Authorizers, Event, WEBSOCKET, anyone, by_arn, by_function, domain, fresh, is_off, outside, switched,
    unclear, unresolved,
};
use crate::cloudformation::value::{string, text};
use crate::document::{Node, NodeKind};
use crate::graph::{Access, Api, ApiKind, App, Authorizer, AuthorizerKind, Route};
use crate::known::{Known, Name, Setting};
use crate::serverless::service::{Service, normal};
use crate::source::Place;

/// What was collected so far.
#[derive(Default)]
pub(super) struct Websocket {
    first: Option<Place>,
    /// Who may connect, once the route that says so was met.
    connect: Option<Setting<Access>>,
    /// Where in the app's routes this API's others are.
    others: Vec<usize>,
    authorizers: Authorizers,
}

impl Websocket {
    pub(super) fn take(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>) {
        let place = event.key.place;
        self.first.get_or_insert(place);
        let config = event.config;
        let route = match config.as_str() {
            Some(route) => Known::Value(route.to_owned()),
            None => match config.get("route") {
                Some(route) => string(route).value,
                None => Known::Unknown(unclear(config).unwrap_or_else(|| "no route is named".to_owned())),
            },
        };
        let connects = route.value().is_some_and(|route| route == "$connect");
        let access = if connects { self.access(service, app, place, config) } else { anyone(place) };
        if connects {
            self.connect = Some(access.clone());
        } else {
            self.others.push(app.routes.len());
        }
        app.routes.push(Route {
            api: Known::Value(Name::from(WEBSOCKET)),
            place,
            method: route,
            path: Known::Value(String::new()),
            target: Known::Value(event.function.name.clone()),
            access,
            api_key: false,
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        });
    }

    fn access(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        place: Place,
        config: &Node,
    ) -> Setting<Access> {
        let Some((key, node)) = config.entry("authorizer").filter(|(_, node)| !is_off(node)) else {
            return anyone(place);
        };
        if let Some(why) = unresolved(node) {
            return Setting::unknown(key.place, why);
        }
        let word = |key: &str| node.get(key).and_then(Node::as_scalar);
        let name = node.as_scalar().or_else(|| word("name"));
        let kind = word("type").or_else(|| node.as_scalar()).unwrap_or_default();
        let arn = node.get("arn").or_else(|| matches!(node.kind, NodeKind::Composed(_)).then_some(node));
        let arn = arn.or_else(|| node.as_str().filter(|text| text.contains(':')).map(|_| node));
        let access = if kind.eq_ignore_ascii_case("aws_iam") {
            Access::Iam
        } else if let Some(arn) = arn {
            let text = text(arn);
            match by_arn(service, arn, false) {
                Some(made) => {
                    let name = name.filter(|name| !name.contains(':'));
                    Access::Authorizer(self.declare(
                        service,
                        app,
                        key.place,
                        &name.unwrap_or_else(|| text.to_string()),
                        made,
                    ))
                }
                None => outside(&text),
            }
        } else if let Some(name) = name {
            let made = by_function(service, &name);
            Access::Authorizer(self.declare(service, app, key.place, &name, made))
        } else {
            outside(&text(node))
        };
        Setting::new(key.place, access)
    }

    fn declare(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        place: Place,
        name: &str,
        kind: AuthorizerKind,
    ) -> Name {
        let unique = fresh(service, name, format!("{}WebsocketsAuthorizer", normal(name)));
        let api = Some(Name::from(WEBSOCKET));
        self.authorizers.declare(app, name, || Authorizer { name: unique, place, api, kind })
    }

    pub(super) fn finish(self, service: &Service<'_>, app: &mut App) {
        let Some(first) = self.first else { return };
        // Whoever is connected may use every route.
        if let Some(connect) = self.connect {
            for at in self.others {
                if let Some(route) = app.routes.get_mut(at) {
                    route.access = connect.clone();
                }
            }
        }
        let id = service.provider.at(&["apiGateway", "websocketApiId"]);
        if let Some(id) = id {
            let why = format!("the websocket API `{}` is not made here", text(id));
            app.unknown(Some(&Name::from(WEBSOCKET)), id.place, why);
        }
        let logs = service.provider.at(&["logs", "websocket"]);
        let mut made = Api {
            access_log: logs.map(|logs| logs.get("accessLogging").map_or_else(|| switched(logs), switched)),
            data_trace: logs.and_then(|logs| logs.get("fullExecutionData")).map(switched),
            ..Api::new(Name::from(WEBSOCKET), first, ApiKind::Websocket)
        };
        domain::declare(service, &mut made);
        app.apis.push(made);
    }
}
