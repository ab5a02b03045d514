//! REST APIs (API Gateway v1): routes come from resources, methods and integrations that refer to one another.

use std::collections::HashMap;

use super::http::{as_known, literals};
use super::{Builder, openapi, policy};
use crate::graph::{Access, Api, ApiKind, Authorizer, AuthorizerKind, Cors, Endpoint, Route};
use crate::known::{Known, Name, Setting};
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

const API: &str = "aws_api_gateway_rest_api";
const AUTHORIZER: &str = "aws_api_gateway_authorizer";
const STAGE: &str = "aws_api_gateway_stage";
const DEPLOYMENT: &str = "aws_api_gateway_deployment";

/// Path parts above one another.
const MAX_PARTS: usize = 40;

impl Builder<'_> {
    pub(super) fn rest_apis(&mut self) {
        for resource in self.of_kind(API) {
            let api = self.rest_api(resource);
            self.app.apis.push(api);
            if let Some(body) = resource.body.get("body") {
                openapi::read(self, &resource.name, body, resource.place);
            }
        }
        for resource in self.of_kind("aws_api_gateway_rest_api_policy") {
            let Known::Value(name) = self.rest_api_of(resource) else { continue };
            let statements = self.policy_of(resource.body.get("policy"), &name);
            if let Some(api) = self.api_mut(&name) {
                api.policy.extend(statements);
            }
        }
        for resource in self.of_kind(AUTHORIZER) {
            let authorizer = self.rest_authorizer(resource);
            self.app.authorizers.push(authorizer);
        }
        self.methods();
        for kind in [STAGE, DEPLOYMENT] {
            for resource in self.of_kind(kind) {
                self.rest_stage(resource);
            }
        }
        for resource in self.of_kind("aws_api_gateway_method_settings") {
            self.method_settings(resource);
        }
        for mapping in self.of_kind("aws_api_gateway_base_path_mapping") {
            let (domain, api) = (mapping.body.get("domain_name"), mapping.body.get("api_id"));
            self.domain(domain, "aws_api_gateway_domain_name", self.name_of(api, &[API]));
        }
        self.rest_cors();
    }

    fn api_mut(&mut self, name: &Name) -> Option<&mut Api> {
        self.app.apis.iter_mut().find(|api| api.name == *name)
    }

    pub(super) fn rest_api_of(&self, resource: &Resource) -> Known<Name> {
        self.name_of(resource.body.get("rest_api_id"), &[API])
    }

    fn rest_api(&mut self, resource: &Resource) -> Api {
        let body = &resource.body;
        let types = body.at(&["endpoint_configuration", "types"]);
        let endpoint = match types {
            Some(types) => types.setting(|types| {
                let words: Option<Vec<String>> = types.one_or_many().iter().map(Value::as_literal).collect();
                let private = words?.iter().any(|word| word == "PRIVATE");
                Some(if private { Endpoint::Private } else { Endpoint::Public })
            }),
            None => Setting::new(resource.place, Endpoint::Public),
        };
        Api {
            endpoint,
            policy: self.policy_of(body.get("policy"), &resource.name),
            provider_address: super::http::provider_address(body),
            ..Api::new(resource.name.clone(), resource.place, ApiKind::Rest)
        }
    }

    fn rest_authorizer(&self, resource: &Resource) -> Authorizer {
        let body = &resource.body;
        let kind = match body.literal_of("type").as_deref() {
            Some("COGNITO_USER_POOLS") => AuthorizerKind::UserPool(body.texts_of("provider_arns")),
            None | Some("TOKEN" | "REQUEST") => {
                AuthorizerKind::Function(self.function_in(body.get("authorizer_uri")))
            }
            Some(other) => AuthorizerKind::Other(other.to_owned()),
        };
        let api = self.rest_api_of(resource).value().cloned();
        Authorizer { name: resource.name.clone(), place: resource.place, api, kind }
    }

    /// Methods with the paths of their resources and the functions of their integrations.
    fn methods(&mut self) {
        let key = |resource: &Resource| {
            let text =
                |key: &str| resource.body.text_of(key).map(|text| text.to_string()).unwrap_or_default();
            (text("rest_api_id"), text("resource_id"), text("http_method"))
        };
        // An integration names its method's verb often by reference to the method.
        let by_method = |resource: &Resource| {
            let text = resource.body.text_of("http_method");
            text.and_then(|text| text.references().next().cloned())
        };
        let mut integrations: HashMap<(String, String, String), &Resource> = HashMap::new();
        let mut referring: HashMap<Name, &Resource> = HashMap::new();
        for integration in self.of_kind("aws_api_gateway_integration") {
            integrations.insert(key(integration), integration);
            if let Some(name) = by_method(integration) {
                referring.insert(name, integration);
            }
        }
        for method in self.of_kind("aws_api_gateway_method") {
            let integration = referring.get(&method.name).or_else(|| integrations.get(&key(method))).copied();
            let route = self.method(method, integration);
            self.app.routes.push(route);
        }
    }

    fn method(&self, resource: &Resource, integration: Option<&Resource>) -> Route {
        let body = &resource.body;
        let access = match body.get("authorization") {
            Some(kind) => match kind.as_literal() {
                Some(word) => self.access_by(&word, body.get("authorizer_id"), kind.place, AUTHORIZER),
                None => Setting::unknown(kind.place, kind.why_not()),
            },
            None => Setting::new(resource.place, Access::Anyone),
        };
        let target = match integration {
            Some(found) => match found.body.literal_of("type").as_deref() {
                Some("MOCK") => Known::Unknown("a fixed answer, no function".to_owned()),
                _ => self.answering(found.body.get("uri")),
            },
            None => Known::Unknown("it has no integration in these files".to_owned()),
        };
        Route {
            api: self.rest_api_of(resource),
            place: resource.place,
            method: body
                .get("http_method")
                .map_or_else(|| Known::Unknown("it has no method".to_owned()), as_known),
            path: self.rest_path(body.get("resource_id")),
            target,
            access,
            api_key: body.get("api_key_required").and_then(Value::as_bool).unwrap_or(false),
            scopes: literals(body, "authorization_scopes"),
            acts_as: self.acting(integration.and_then(|found| found.body.get("credentials"))),
            does: None,
            rate: None,
        }
    }

    /// The function that an integration names, or the operation of a service that the interface does itself.
    fn answering(&self, uri: Option<&Value>) -> Known<Name> {
        let found = self.function_in(uri);
        let text = uri.map(|uri| uri.to_text().to_string()).unwrap_or_default();
        let service = text.contains(":apigateway:") && !text.contains(":lambda:path/");
        match found {
            Known::Unknown(_) if service && [":action/", ":path/"].iter().any(|mark| text.contains(mark)) => {
                Known::Unknown(format!("`{text}` answers, which is no function of these files"))
            }
            found => found,
        }
    }

    /// The path of a resource, from its parts upwards.
    fn rest_path(&self, id: Option<&Value>) -> Known<String> {
        let mut parts: Vec<String> = Vec::new();
        let mut next = id.map(Value::to_text);
        for _ in 0..MAX_PARTS {
            let Some(text) = next else { return Known::Unknown("it names no resource".to_owned()) };
            let Some(resource) = self.referred(&text, &["aws_api_gateway_resource"]) else {
                // The API's own resource is the root of all paths.
                if self.referred(&text, &[API, "data.aws_api_gateway_rest_api"]).is_some() {
                    parts.reverse();
                    return Known::Value(format!("/{}", parts.join("/")));
                }
                return Known::Unknown(format!("`{text}` is not in these files"));
            };
            match resource.body.get("path_part").map(|part| (part.as_literal(), part.why_not())) {
                Some((Some(part), _)) => parts.push(part),
                Some((None, why)) => return Known::Unknown(why),
                None => return Known::Unknown("a part of it is missing".to_owned()),
            }
            next = resource.body.text_of("parent_id");
        }
        Known::Unknown("its parts lead in a circle".to_owned())
    }

    fn rest_stage(&mut self, resource: &Resource) {
        let Known::Value(name) = self.rest_api_of(resource) else { return };
        let body = &resource.body;
        let log = body.blocks("access_log_settings").first().map(|log| Setting::new(log.place, true));
        let tracing = body.bool_of("xray_tracing_enabled");
        let Some(api) = self.api_mut(&name) else { return };
        api.access_log = log.or(api.access_log.take());
        api.tracing = tracing.or(api.tracing.take());
    }

    fn method_settings(&mut self, resource: &Resource) {
        let Known::Value(name) = self.rest_api_of(resource) else { return };
        let Some(settings) = resource.body.blocks("settings").first() else { return };
        let trace = settings.bool_of("data_trace_enabled");
        let Some(api) = self.api_mut(&name) else { return };
        api.data_trace = trace.or(api.data_trace.take());
    }

    /// What pages of other origins may do stands in the headers of fixed answers.
    fn rest_cors(&mut self) {
        for kind in ["aws_api_gateway_integration_response", "aws_api_gateway_gateway_response"] {
            for resource in self.of_kind(kind) {
                let Known::Value(name) = self.rest_api_of(resource) else { continue };
                let Some(parameters) = resource.body.get("response_parameters") else { continue };
                let Some(found) = header_cors(parameters) else { continue };
                let Some(api) = self.api_mut(&name) else { continue };
                match &mut api.cors {
                    Some(known) => {
                        known.origins.extend(found.origins);
                        known.credentials = known.credentials.take().or(found.credentials);
                    }
                    None => api.cors = Some(found),
                }
            }
        }
    }
}

/// Headers that speak to pages of other origins.
fn header_cors(parameters: &Value) -> Option<Cors> {
    let header = |wanted: &str| {
        let found = parameters.entries().iter().find(|(key, _)| {
            key.text.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        });
        found.map(|(_, value)| value.setting(|value| Some(value.as_literal()?.trim_matches('\'').to_owned())))
    };
    let origin = header("Access-Control-Allow-Origin");
    let credentials = header("Access-Control-Allow-Credentials")
        .map(|setting| Setting { place: setting.place, value: setting.value.map(|value| value == "true") });
    if origin.is_none() && credentials.is_none() {
        return None;
    }
    Some(Cors {
        place: parameters.place,
        origins: origin.into_iter().collect(),
        credentials,
        headers: header("Access-Control-Allow-Headers").into_iter().collect(),
        methods: header("Access-Control-Allow-Methods").into_iter().collect(),
    })
}

/// So that the policy of an API can be read where it stands in an OpenAPI body.
pub(super) fn body_policy(value: &Value) -> policy::Policy {
    policy::read(value)
}
