//! HTTP and websocket APIs (API Gateway v2).

use super::function::cors;
use super::{Builder, openapi};
use crate::graph::{Access, Api, ApiKind, Authorizer, AuthorizerKind, Route};
use crate::known::{Known, Name, Setting, Text};
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

const API: &str = "aws_apigatewayv2_api";
const AUTHORIZER: &str = "aws_apigatewayv2_authorizer";
const INTEGRATION: &str = "aws_apigatewayv2_integration";

impl Builder<'_> {
    pub(super) fn http_apis(&mut self) {
        for resource in self.of_kind(API) {
            let api = self.http_api(resource);
            self.app.apis.push(api);
            self.quick_route(resource);
            if let Some(body) = resource.body.get("body") {
                openapi::read(self, &resource.name, body, resource.place);
            }
        }
        for resource in self.of_kind(AUTHORIZER) {
            let authorizer = self.http_authorizer(resource);
            self.app.authorizers.push(authorizer);
        }
        for resource in self.of_kind("aws_apigatewayv2_route") {
            let route = self.http_route(resource);
            self.app.routes.push(route);
        }
        for resource in self.of_kind("aws_apigatewayv2_stage") {
            self.http_stage(resource);
        }
        for mapping in self.of_kind("aws_apigatewayv2_api_mapping") {
            let (domain, api) = (mapping.body.get("domain_name"), mapping.body.get("api_id"));
            self.domain(domain, "aws_apigatewayv2_domain_name", self.name_of(api, &[API]));
        }
    }

    fn http_api(&self, resource: &Resource) -> Api {
        let body = &resource.body;
        let websocket = body.literal_of("protocol_type").is_some_and(|kind| kind == "WEBSOCKET");
        let kind = if websocket { ApiKind::Websocket } else { ApiKind::Http };
        Api {
            cors: body.blocks("cors_configuration").first().map(cors),
            provider_address: provider_address(body),
            ..Api::new(resource.name.clone(), resource.place, kind)
        }
    }

    /// An API that names its target itself has one route for everything.
    fn quick_route(&mut self, resource: &Resource) {
        let Some(target) = resource.body.get("target") else { return };
        let (method, path) = match resource.body.get("route_key") {
            Some(key) => split_key(key),
            None => (Known::Value("ANY".to_owned()), Known::Value("$default".to_owned())),
        };
        self.app.routes.push(Route {
            api: Known::Value(resource.name.clone()),
            place: resource.place,
            method,
            path,
            target: self.function_in(Some(target)),
            access: Setting::new(resource.place, Access::Anyone),
            api_key: false,
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        });
    }

    fn http_authorizer(&self, resource: &Resource) -> Authorizer {
        let body = &resource.body;
        let jwt = body.blocks("jwt_configuration").first();
        let kind = match (body.literal_of("authorizer_type").as_deref(), jwt) {
            (Some("JWT"), _) | (None, Some(_)) => {
                let place = jwt.map_or(resource.place, |jwt| jwt.place);
                let issuer = jwt.and_then(|jwt| jwt.text_of("issuer"));
                AuthorizerKind::Jwt {
                    issuer: issuer.unwrap_or_else(|| Text::unknown("no issuer is named", place)),
                    audience: jwt.map_or_else(Vec::new, |jwt| jwt.texts_of("audience")),
                }
            }
            (Some("REQUEST"), _) => AuthorizerKind::Function(self.function_in(body.get("authorizer_uri"))),
            (other, _) => AuthorizerKind::Other(other.unwrap_or("not known").to_owned()),
        };
        let api = self.name_of(body.get("api_id"), &[API]).value().cloned();
        Authorizer { name: resource.name.clone(), place: resource.place, api, kind }
    }

    fn http_route(&self, resource: &Resource) -> Route {
        let body = &resource.body;
        let api = self.name_of(body.get("api_id"), &[API]);
        let websocket =
            api.value().and_then(|name| self.app.api(name)).is_some_and(|api| api.kind == ApiKind::Websocket);
        let (method, path) = match body.get("route_key") {
            Some(key) if websocket => (as_known(key), Known::Value(String::new())),
            Some(key) => split_key(key),
            None => (
                Known::Unknown("it has no route key".to_owned()),
                Known::Unknown("it has no route key".to_owned()),
            ),
        };
        Route {
            api,
            place: resource.place,
            method,
            path,
            target: self.integration_target(body.get("target")),
            access: self.http_access(resource),
            api_key: body.get("api_key_required").and_then(Value::as_bool).unwrap_or(false),
            scopes: literals(body, "authorization_scopes"),
            acts_as: None,
            does: None,
            rate: None,
        }
    }

    /// The function behind `integrations/…`.
    fn integration_target(&self, target: Option<&Value>) -> Known<Name> {
        let Some(target) = target else { return Known::Unknown("it leads nowhere".to_owned()) };
        let Some(integration) = self.referred(&target.to_text(), &[INTEGRATION]) else {
            return self.function_in(Some(target));
        };
        let body = &integration.body;
        if let Some(service) = body.literal_of("integration_subtype") {
            // Spelled as REST APIs do it.
            let spelled = service.split_once('-').map(|(service, operation)| {
                format!("`arn:aws:apigateway:*:{}:action/{operation}` answers, which is no function of these files", service.to_ascii_lowercase())
            });
            let other = || format!("it leads to {service}, not to a function");
            return Known::Unknown(spelled.unwrap_or_else(other));
        }
        self.function_in(body.get("integration_uri"))
    }

    fn http_access(&self, resource: &Resource) -> Setting<Access> {
        let body = &resource.body;
        let Some(kind) = body.get("authorization_type") else {
            return Setting::new(resource.place, Access::Anyone);
        };
        let Some(word) = kind.as_literal() else { return Setting::unknown(kind.place, kind.why_not()) };
        self.access_by(&word, body.get("authorizer_id"), kind.place, AUTHORIZER)
    }

    /// Who may use a route that says so in one word.
    pub(super) fn access_by(
        &self,
        word: &str,
        authorizer: Option<&Value>,
        place: crate::source::Place,
        kind: &str,
    ) -> Setting<Access> {
        match word {
            "NONE" | "" => Setting::new(place, Access::Anyone),
            "AWS_IAM" => Setting::new(place, Access::Iam),
            "JWT" | "CUSTOM" | "COGNITO_USER_POOLS" => {
                let Some(authorizer) = authorizer else {
                    return Setting::unknown(place, "it names no authorizer");
                };
                let text = authorizer.to_text();
                match self.referred(&text, &[kind]) {
                    Some(found) => Setting::new(place, Access::Authorizer(found.name.clone())),
                    None => Setting::new(place, Access::Outside(format!("the authorizer `{text}`"))),
                }
            }
            other => Setting::unknown(place, format!("`{other}` is no known kind of authorization")),
        }
    }

    fn http_stage(&mut self, resource: &Resource) {
        let body = &resource.body;
        let Known::Value(name) = self.name_of(body.get("api_id"), &[API]) else { return };
        let defaults = body.blocks("default_route_settings").first();
        let trace = defaults.and_then(|defaults| defaults.bool_of("data_trace_enabled"));
        let log = body.blocks("access_log_settings").first().map(|log| Setting::new(log.place, true));
        let Some(api) = self.app.apis.iter_mut().find(|api| api.name == name) else { return };
        api.access_log = log.or(api.access_log.take());
        api.data_trace = trace.or(api.data_trace.take());
    }

    /// The oldest protocol of a domain that leads to an API, and whether it asks for certificates.
    pub(super) fn domain(&mut self, domain: Option<&Value>, kind: &str, api: Known<Name>) {
        let (Known::Value(name), Some(domain)) = (api, domain) else { return };
        let made = self.named(Some(domain), kind, "domain_name");
        let body = made.map(|made| &made.body);
        let inner = body.and_then(|body| body.at(&["domain_name_configuration", "security_policy"]));
        let policy = inner.or_else(|| body?.get("security_policy")).map(Value::literal_setting);
        // A domain that these files do not make asks nobody.
        let asks = body.and_then(|body| body.get("mutual_tls_authentication"));
        let asks = asks.map_or_else(|| Setting::new(domain.place, false), asking);
        if let Some(api) = self.app.apis.iter_mut().find(|api| api.name == name) {
            api.minimum_tls = policy.or(api.minimum_tls.take());
            api.certificates.push(asks);
        }
    }
}

/// Whether callers must show a certificate, by the block that says which ones.
fn asking(block: &Value) -> Setting<bool> {
    block.setting(|block| match block.one_or_many() {
        [] => Some(false),
        blocks => blocks.iter().any(Value::is_map).then_some(true),
    })
}

/// Whether an API answers at the address that the provider gives it.
pub(super) fn provider_address(body: &Value) -> Option<Setting<bool>> {
    let off = body.bool_of("disable_execute_api_endpoint")?;
    Some(Setting { place: off.place, value: off.value.map(|off| !off) })
}

/// `GET /orders` as method and path; `$default` takes every method.
pub(super) fn split_key(key: &Value) -> (Known<String>, Known<String>) {
    let Some(literal) = key.as_literal() else {
        // Often only the path is put together.
        let text = key.to_text().to_string();
        let method = text.split_once(' ').map(|(method, _)| method.to_owned());
        let known = method.filter(|method| method.chars().all(|found| found.is_ascii_uppercase()));
        let method = known.map_or_else(|| Known::Unknown(key.why_not()), Known::Value);
        return (method, Known::Unknown(key.why_not()));
    };
    match literal.split_once(' ') {
        Some((method, path)) => (Known::Value(method.to_owned()), Known::Value(path.trim().to_owned())),
        None => (Known::Value("ANY".to_owned()), Known::Value(literal)),
    }
}

pub(super) fn as_known(value: &Value) -> Known<String> {
    value.as_literal().map_or_else(|| Known::Unknown(value.why_not()), Known::Value)
}

pub(super) fn literals(body: &Value, key: &str) -> Vec<String> {
    body.blocks(key).iter().map(|value| value.to_text().to_string()).collect()
}

/// Whether a rate is set: minus one stands for none.
pub(super) fn positive(value: &Value) -> Setting<bool> {
    value.setting(|value| value.as_number().map(|number| number > 0.0))
}
