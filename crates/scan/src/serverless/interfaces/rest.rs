//! `http` events: the REST API (API Gateway v1) that the framework makes of them.
//!
//! Not here: HTTP APIs (`http`), which have other authorizers and one CORS setting for all routes.

use super::{
    Authorizers, Event, REST, anyone, by_arn, by_function, domain, fresh, is_off, method, outside, scopes,
    switched, target, unclear, unresolved,
};
use crate::cloudformation::value::{string, text};
use crate::document::{Node, NodeKind};
use crate::graph::{Access, Api, ApiKind, App, Authorizer, AuthorizerKind, Cors, Endpoint, Route};
use crate::known::{Known, Name, Setting};
use crate::serverless::functions::cors;
use crate::serverless::policy::statements;
use crate::serverless::service::{Service, normal};
use crate::source::Place;

/// What was collected so far.
#[derive(Default)]
pub(super) struct Rest {
    first: Option<Place>,
    cors: Option<Cors>,
    authorizers: Authorizers,
}

impl Rest {
    pub(super) fn take(&mut self, service: &Service<'_>, app: &mut App, event: &Event<'_>) {
        let place = event.key.place;
        self.first.get_or_insert(place);
        let config = event.config;
        let (method, path) = match config.as_str() {
            Some(short) => {
                let (method, path) = short.trim().split_once(char::is_whitespace).unwrap_or((short, "/"));
                (Known::Value(method.to_uppercase()), Known::Value(full_path(path)))
            }
            None => match unclear(config) {
                Some(why) => (Known::Unknown(why.clone()), Known::Unknown(why)),
                None => {
                    let path = config.get("path").map(|path| string(path).value);
                    let path = path.unwrap_or_else(|| Known::Value(String::new()));
                    (method(config.get("method")), path.map(|path| full_path(&path)))
                }
            },
        };
        let (access, scopes) = match unclear(config) {
            Some(why) if config.as_str().is_none() => (Setting::unknown(config.place, why), Vec::new()),
            _ => self.access(service, app, place, config),
        };
        self.remember(cors(config, ["origins", "headers"]));
        app.routes.push(Route {
            api: Known::Value(Name::from(REST)),
            place,
            method,
            path,
            target: answers(event),
            access,
            api_key: config.get("private").and_then(Node::as_bool) == Some(true),
            scopes,
            acts_as: None,
            does: None,
            rate: event
                .config
                .get("throttling")
                .filter(|_| service.has_plugin(&[THROTTLING]))
                .map(throttling),
        });
    }

    fn access(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        place: Place,
        config: &Node,
    ) -> (Setting<Access>, Vec<String>) {
        let Some((key, node)) = config.entry("authorizer").filter(|(_, node)| !is_off(node)) else {
            return (anyone(place), Vec::new());
        };
        let at = key.place;
        if let Some(why) = unresolved(node) {
            return (Setting::unknown(at, why), Vec::new());
        }
        let word = |key: &str| node.get(key).and_then(Node::as_scalar);
        let kind = node.as_scalar().or_else(|| word("type")).unwrap_or_default();
        let access = if kind.eq_ignore_ascii_case("aws_iam") {
            Access::Iam
        } else if let Some(id) = node.get("authorizerId") {
            match target(id) {
                Some(name) => Access::Authorizer(name),
                None => outside(&text(id)),
            }
        } else if let Some(arn) = arn_of(node) {
            let pool = kind.eq_ignore_ascii_case("cognito_user_pools");
            self.by_arn(service, app, at, arn, word("name"), pool)
        } else if let Some(name) = node.as_scalar().or_else(|| word("name")) {
            let made = by_function(service, &name);
            Access::Authorizer(self.declare(service, app, at, &name, made))
        } else {
            Access::Outside("an authorizer that has neither name nor ARN".to_owned())
        };
        (Setting::new(at, access), scopes(node))
    }

    fn by_arn(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        place: Place,
        arn: &Node,
        name: Option<String>,
        pool: bool,
    ) -> Access {
        let text = text(arn);
        match by_arn(service, arn, pool) {
            Some(made) => {
                // The framework names an authorizer after the end of its ARN.
                let written = text.to_string();
                let last = written.rsplit([':', '/']).next().unwrap_or_default().to_owned();
                let name = name.unwrap_or(last);
                Access::Authorizer(self.declare(service, app, place, &name, made))
            }
            None => outside(&text),
        }
    }

    fn declare(
        &mut self,
        service: &Service<'_>,
        app: &mut App,
        place: Place,
        name: &str,
        kind: AuthorizerKind,
    ) -> Name {
        let unique = fresh(service, name, format!("{}ApiGatewayAuthorizer", normal(name)));
        let api = Some(Name::from(REST));
        self.authorizers.declare(app, name, || Authorizer { name: unique, place, api, kind })
    }

    /// Keeps the widest of the routes' CORS settings: each route has its own, the interface is as open as the widest.
    fn remember(&mut self, cors: Option<Cors>) {
        let Some(cors) = cors else { return };
        let width = |cors: &Cors| {
            let credentials = cors.credentials.as_ref().is_some_and(|set| set.known() != Some(&false));
            let any = cors.origins.iter().any(|origin| origin.known().is_some_and(|origin| origin == "*"));
            (any && credentials, any, credentials)
        };
        if self.cors.as_ref().is_none_or(|found| width(found) < width(&cors)) {
            self.cors = Some(cors);
        }
    }

    pub(super) fn finish(self, service: &Service<'_>, app: &mut App) {
        let Some(first) = self.first else { return };
        let settings = service.provider.get("apiGateway");
        let setting = |key: &str| settings.and_then(|settings| settings.get(key));
        let policy = setting("resourcePolicy").or_else(|| service.provider.get("resourcePolicy"));
        let place = match setting("restApiId") {
            Some(id) => {
                let text = text(id);
                let why = format!(
                    "the REST API `{text}` is not made here: its resource policy and stages are unknown"
                );
                app.unknown(Some(&Name::from(REST)), id.place, why);
                id.place
            }
            None => first,
        };
        let logs = service.provider.at(&["logs", "restApi"]);
        let mut made = Api {
            endpoint: endpoint(service, place),
            policy: policy.map(statements).unwrap_or_default(),
            cors: self.cors,
            access_log: logs.map(|logs| logs.get("accessLogging").map_or_else(|| switched(logs), switched)),
            throttled: service
                .custom("apiGatewayThrottling")
                .filter(|_| service.has_plugin(&[THROTTLING]))
                .map(switched),
            data_trace: logs.and_then(data_trace),
            tracing: service.provider.at(&["tracing", "apiGateway"]).map(switched),
            firewall: service
                .custom("associateWaf")
                .filter(|_| service.has_plugin(&["associate-waf"]))
                .or_else(|| service.custom("wafArn").filter(|_| service.has_plugin(&["waf"])))
                .map(switched),
            ..Api::new(Name::from(REST), place, ApiKind::Rest)
        };
        domain::declare(service, &mut made);
        app.apis.push(made);
    }
}

/// The plugin that reads `throttling` of events and `custom.apiGatewayThrottling`.
const THROTTLING: &str = "api-gateway-throttling";

/// Whether an event's own settings of that plugin limit calls.
fn throttling(node: &Node) -> Setting<bool> {
    match node.get("disabled").map(switched) {
        Some(Setting { value: Known::Value(disabled), place }) => Setting::new(place, !disabled),
        Some(untold) => untold,
        None => switched(node),
    }
}

/// What answers: the function, unless the event asks for an answer from elsewhere.
fn answers(event: &Event<'_>) -> Known<Name> {
    let kind = event.config.get("integration").and_then(Node::as_scalar).unwrap_or_default();
    match kind.to_ascii_lowercase().replace('_', "-").as_str() {
        "mock" => Known::Unknown("a fixed answer, no function".to_owned()),
        "http" | "http-proxy" => {
            let address = event.config.at(&["request", "uri"]).map(text);
            let address = address.map_or_else(|| "another address".to_owned(), |uri| format!("`{uri}`"));
            Known::Unknown(format!("what answers is {address}, no function"))
        }
        _ => Known::Value(event.function.name.clone()),
    }
}

/// What holds an ARN: the value itself, or `arn:` within it.
fn arn_of(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::String(text) => text.contains(':').then_some(node),
        NodeKind::Composed(_) => Some(node),
        NodeKind::Map(_) => node.get("arn"),
        _ => None,
    }
}

fn full_path(path: &str) -> String {
    format!("/{}", path.trim().trim_matches('/'))
}

fn endpoint(service: &Service<'_>, place: Place) -> Setting<Endpoint> {
    let Some(node) = service.provider.get("endpointType") else {
        return Setting::new(place, Endpoint::Public);
    };
    let word = string(node);
    Setting {
        place: word.place,
        value: word.value.map(|word| match word.eq_ignore_ascii_case("private") {
            true => Endpoint::Private,
            false => Endpoint::Public,
        }),
    }
}

/// Whole requests are logged wherever execution logging is on, unless it says otherwise.
fn data_trace(logs: &Node) -> Option<Setting<bool>> {
    if logs.as_bool() == Some(false) || logs.get("executionLogging").and_then(Node::as_bool) == Some(false) {
        return Some(Setting::new(logs.place, false));
    }
    Some(logs.get("fullExecutionData").map_or_else(|| switched(logs), switched))
}
