//! Routes of load balancers and of GraphQL APIs.

use std::collections::BTreeMap;

use super::Builder;
use super::http::as_known;
use crate::graph::{Access, Api, ApiKind, Endpoint, Route};
use crate::known::{Known, Name, Setting};
use crate::schema::{self, Fields};
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

const BALANCERS: [&str; 2] = ["aws_lb", "aws_alb"];

impl Builder<'_> {
    pub(super) fn other_routes(&mut self) {
        self.balancers();
        self.graphql();
    }

    fn api(&self, resource: &Resource, kind: ApiKind, endpoint: Setting<Endpoint>) -> Api {
        Api { endpoint, ..Api::new(resource.name.clone(), resource.place, kind) }
    }

    /// Load balancers that lead to a function; others are of no concern here.
    fn balancers(&mut self) {
        let mut functions: Vec<(Name, Known<Name>)> = Vec::new();
        for kind in ["aws_lb_target_group_attachment", "aws_alb_target_group_attachment"] {
            for attachment in self.of_kind(kind) {
                let groups = ["aws_lb_target_group", "aws_alb_target_group"];
                let group = self.name_of(attachment.body.get("target_group_arn"), &groups);
                let function = self.function_in(attachment.body.get("target_id"));
                if let (Known::Value(group), Known::Value(_)) = (group, &function) {
                    functions.push((group, function));
                }
            }
        }
        if functions.is_empty() {
            return;
        }
        for kind in ["aws_lb_listener_rule", "aws_alb_listener_rule"] {
            for rule in self.of_kind(kind) {
                let listener = self.named(rule.body.get("listener_arn"), "aws_lb_listener", "arn");
                self.balancer_route(rule, listener, "action", &functions);
            }
        }
        for kind in ["aws_lb_listener", "aws_alb_listener"] {
            for listener in self.of_kind(kind) {
                self.balancer_route(listener, Some(listener), "default_action", &functions);
            }
        }
    }

    fn balancer_route(
        &mut self,
        resource: &Resource,
        listener: Option<&Resource>,
        action: &str,
        functions: &[(Name, Known<Name>)],
    ) {
        let mut access = Setting::new(resource.place, Access::Anyone);
        for block in resource.body.blocks(action) {
            if let Some(kind) = block.literal_of("type").filter(|kind| kind.starts_with("authenticate-")) {
                access = Setting::new(block.place, Access::Outside(format!("the load balancer ({kind})")));
            }
            let group =
                block.get("target_group_arn").or_else(|| block.at(&["forward", "target_group", "arn"]));
            let Some(group) = group.map(Value::to_text) else { continue };
            let target = functions.iter().find(|(name, _)| group.references().any(|found| found == name));
            let Some((_, function)) = target else { continue };
            let api = self.balancer_of(listener);
            let path = resource.body.at(&["condition", "path_pattern", "values"]);
            let path = path.and_then(|values| values.one_or_many().first()).map(as_known);
            self.app.routes.push(Route {
                api,
                place: resource.place,
                method: Known::Value("ANY".to_owned()),
                path: path.unwrap_or_else(|| Known::Value("/*".to_owned())),
                target: function.clone(),
                access: access.clone(),
                api_key: false,
                scopes: Vec::new(),
                acts_as: None,
                does: None,
                rate: None,
            });
        }
    }

    /// The load balancer of a listener, as an interface of the app.
    fn balancer_of(&mut self, listener: Option<&Resource>) -> Known<Name> {
        let Some(listener) = listener else {
            return Known::Unknown("its listener is not in these files".to_owned());
        };
        let text = listener.body.text_of("load_balancer_arn");
        let Some(balancer) = text.and_then(|text| self.referred(&text, &BALANCERS)) else {
            return Known::Unknown("its load balancer is not in these files".to_owned());
        };
        if self.app.api(&balancer.name).is_none() {
            let endpoint = match balancer.body.get("internal") {
                Some(internal) => internal.setting(|internal| {
                    Some(if internal.as_bool()? { Endpoint::Private } else { Endpoint::Public })
                }),
                None => Setting::new(balancer.place, Endpoint::Public),
            };
            let mut api = self.api(balancer, ApiKind::LoadBalancer, endpoint);
            api.minimum_tls = listener.body.string_of("ssl_policy");
            self.app.apis.push(api);
        }
        Known::Value(balancer.name.clone())
    }

    /// GraphQL: a route for each field that a function resolves.
    fn graphql(&mut self) {
        let mut keyed: BTreeMap<&Name, Known<Fields>> = BTreeMap::new();
        for resource in self.of_kind("aws_appsync_graphql_api") {
            let private = resource.body.literal_of("visibility").is_some_and(|word| word == "PRIVATE");
            let endpoint = if private { Endpoint::Private } else { Endpoint::Public };
            let mut api = self.api(resource, ApiKind::GraphQl, Setting::new(resource.place, endpoint));
            api.tracing = resource.body.bool_of("xray_enabled");
            self.app.apis.push(api);
            keyed.extend(opened_by_key(resource).map(|opened| (&resource.name, opened)));
        }
        for resource in self.of_kind("aws_appsync_resolver") {
            let body = &resource.body;
            let answers = self.resolving(body);
            if answers.is_empty() {
                continue;
            }
            let api = self.name_of(body.get("api_id"), &["aws_appsync_graphql_api"]);
            let owner = api.value().and_then(|name| self.resource(name));
            let (mut access, mut api_key) = owner.map_or_else(
                || (Setting::unknown(resource.place, "its API is not in these files"), false),
                graphql_access,
            );
            let field = (body.literal_of("type"), body.literal_of("field"));
            match api.value().and_then(|api| keyed.get(api)) {
                Some(Known::Unknown(why)) if !api_key => access = Setting::unknown(access.place, why),
                Some(Known::Value(fields)) => {
                    if let (Some(of), Some(field)) = field {
                        let opened = fields.opens(&(of, field), api_key);
                        if opened != api_key {
                            let asked = Access::Outside(schema::BY_DIRECTIVE.to_owned());
                            let asked = if opened { Access::Anyone } else { asked };
                            (access, api_key) = (Setting::new(access.place, asked), opened);
                        }
                    }
                }
                _ => {}
            }
            let word = |key: &str| {
                body.get(key).map_or_else(|| Known::Unknown("it is not named".to_owned()), as_known)
            };
            let routes = answers.into_iter().map(|answer| Route {
                api: api.clone(),
                place: resource.place,
                method: word("type"),
                path: word("field"),
                target: answer.target,
                access: access.clone(),
                api_key,
                scopes: Vec::new(),
                acts_as: answer.acts_as,
                does: answer.does,
                rate: None,
            });
            let routes: Vec<Route> = routes.collect();
            self.app.routes.extend(routes);
        }
    }

    /// What answers a field: its own source of data, or those of a pipeline's steps.
    fn resolving(&self, resolver: &Value) -> Vec<Answer> {
        let steps = resolver.at(&["pipeline_config", "functions"]).map(Value::items).unwrap_or_default();
        let steps = steps.iter().filter_map(|step| self.referred(&step.to_text(), &["aws_appsync_function"]));
        let sources = steps.map(|step| step.body.get("data_source")).chain([resolver.get("data_source")]);
        sources.flatten().filter_map(|source| self.answer(source)).collect()
    }

    /// What a source of data does; nothing for one that only makes up answers.
    fn answer(&self, source: &Value) -> Option<Answer> {
        let Some(source) = self.named(Some(source), "aws_appsync_datasource", "name") else {
            let target = Known::Unknown("its source of data is not in these files".to_owned());
            return Some(Answer { target, acts_as: None, does: None });
        };
        let body = &source.body;
        if let Some(arn) = body.at(&["lambda_config", "function_arn"]) {
            return Some(Answer { target: self.function_in(Some(arn)), acts_as: None, does: None });
        }
        let kind = body.literal_of("type")?;
        let does = schema::operation(&kind, source.name.as_str())?;
        let target = Known::Unknown(format!("its source of data is no function (`{kind}`)"));
        Some(Answer { target, acts_as: self.acting(body.get("service_role_arn")), does: Some(does) })
    }
}

/// What answers a field of a GraphQL API.
struct Answer {
    target: Known<Name>,
    acts_as: Option<Name>,
    does: Option<String>,
}

/// What the schema says where a GraphQL API takes an API key and something else.
fn opened_by_key(resource: &Resource) -> Option<Known<Fields>> {
    let more = resource.body.blocks("additional_authentication_provider");
    let mode = |body: &Value| body.literal_of("authentication_type");
    let is_key = |body: &Value| mode(body).is_some_and(|kind| kind == "API_KEY");
    let takes_one = is_key(&resource.body) || more.iter().any(is_key);
    let unsure = !takes_one && more.iter().any(|one| mode(one).is_none());
    if more.is_empty() || !(takes_one || unsure) {
        return None;
    }
    let fields = resource.body.literal_of("schema").map(|text| Fields::of(&text));
    if unsure {
        let may_open = fields.is_none_or(|fields| fields.opens_any(false));
        return may_open.then(|| Known::Unknown(schema::UNTOLD_MODE.to_owned()));
    }
    Some(fields.map_or_else(|| Known::Unknown(schema::UNREAD.to_owned()), Known::Value))
}

/// Who may use a GraphQL API, and whether a key is asked for.
fn graphql_access(resource: &Resource) -> (Setting<Access>, bool) {
    let Some(kind) = resource.body.get("authentication_type") else {
        return (Setting::unknown(resource.place, "it does not say who may use it"), false);
    };
    let access = kind.setting(|kind| {
        Some(match kind.as_literal()?.as_str() {
            "API_KEY" => Access::Anyone,
            "AWS_IAM" => Access::Iam,
            other => Access::Outside(other.to_owned()),
        })
    });
    (access, kind.as_literal().as_deref() == Some("API_KEY"))
}
