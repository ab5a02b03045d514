//! Rates of interfaces, as stages and settings of methods have them.
//!
//! Not here: what they mean together (`rates`), the routes themselves (`http`, `rest`).

use super::Builder;
use super::http::positive;
use crate::known::{Known, Setting};
use crate::rates::Rates;
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

const HTTP_API: &str = "aws_apigatewayv2_api";
const REST_API: &str = "aws_api_gateway_rest_api";
const DEFAULT_STAGE: &str = "$default";
const STAGE: &str = "aws_api_gateway_stage";
const DEPLOYMENT: &str = "aws_api_gateway_deployment";

impl Builder<'_> {
    /// Sets the rates of all interfaces and routes that are known so far.
    pub(super) fn rates(&mut self) {
        let mut rates = Rates::default();
        // What names its target itself has a stage of its own, which sets nothing.
        for api in self.of_kind(HTTP_API).into_iter().filter(|api| api.body.get("target").is_some()) {
            rates.stage(&api.name, None, DEFAULT_STAGE, |_| {});
        }
        for resource in self.of_kind("aws_apigatewayv2_stage") {
            self.http_stage_rate(resource, &mut rates);
        }
        for kind in [STAGE, DEPLOYMENT] {
            for resource in self.of_kind(kind) {
                if let (Some(called), Known::Value(api)) =
                    (resource.body.text_of("stage_name"), self.rest_api_of(resource))
                {
                    rates.stage(&api, Some(&resource.name), &called.to_string(), |_| {});
                }
            }
        }
        for resource in self.of_kind("aws_api_gateway_method_settings") {
            self.method_rate(resource, &mut rates);
        }
        self.firewalls(&mut rates);
        rates.set(self.app);
    }

    fn http_stage_rate(&self, resource: &Resource, rates: &mut Rates) {
        let body = &resource.body;
        let Known::Value(api) = self.name_of(body.get("api_id"), &[HTTP_API]) else { return };
        let rate = |block: &Value| block.get("throttling_rate_limit").map(positive);
        let called = body.text_of("name").map(|text| text.to_string()).unwrap_or_default();
        rates.stage(&api, Some(&resource.name), &called, |stage| {
            if let Some(rate) = body.blocks("default_route_settings").first().and_then(rate) {
                stage.all(rate);
            }
            for block in body.blocks("route_settings") {
                let Some((key, rate)) = block.get("route_key").zip(rate(block)) else { continue };
                match key.as_literal() {
                    Some(key) => stage.route(&key, rate),
                    None if rate.value.is(&true) => {
                        stage.some(Setting::unknown(key.place, key.why_not()));
                    }
                    None => stage.none_of_some(key.place, &key.why_not()),
                }
            }
        });
    }

    /// Firewalls name the stage or load balancer that they stand before.
    fn firewalls(&mut self, rates: &mut Rates) {
        for kind in ["aws_wafv2_web_acl_association", "aws_wafregional_web_acl_association"] {
            for resource in self.of_kind(kind) {
                let Some(text) = resource.body.text_of("resource_arn") else { continue };
                let wall =
                    resource.body.text_of("web_acl_arn").or_else(|| resource.body.text_of("web_acl_id"));
                let wall = wall
                    .and_then(|wall| self.referred(&wall, &["aws_wafv2_web_acl", "aws_wafregional_web_acl"]));
                if wall.is_some_and(|wall| !counts_calls(&wall.body)) {
                    continue;
                }
                if let Some(stage) = self.referred(&text, &[STAGE])
                    && let Known::Value(api) = self.rest_api_of(stage)
                {
                    let called = stage.body.text_of("stage_name").map(|text| text.to_string());
                    rates.wall(&api, Some(&stage.name), &called.unwrap_or_default(), resource.place);
                } else if let Some(api) = self.referred(&text, &[REST_API]) {
                    // `${aws_api_gateway_rest_api.a.arn}/stages/prod`
                    let written = text.to_string();
                    let called = written.rsplit_once("/stages/").map_or("", |(_, called)| called);
                    rates.wall(&api.name, None, called, resource.place);
                } else if let Some(found) = self.referred(&text, &["aws_lb", "aws_appsync_graphql_api"]) {
                    rates.wall(&found.name, None, "", resource.place);
                }
            }
        }
    }

    fn method_rate(&self, resource: &Resource, rates: &mut Rates) {
        let body = &resource.body;
        let Known::Value(api) = self.rest_api_of(resource) else { return };
        let settings = body.blocks("settings").first();
        let path = body.get("method_path");
        let all = path.and_then(Value::as_literal).is_some_and(|path| path.trim_start_matches('/') == "*/*");
        // What says nothing of its rate switches the limit of its method off: the provider's default is -1.
        let off = settings.filter(|_| !all).map(|settings| Setting::new(settings.place, false));
        let rate = settings.and_then(|it| it.get("throttling_rate_limit")).map(positive).or(off);
        let Some((rate, path)) = rate.zip(path) else { return };
        let text = body.text_of("stage_name");
        let named = text.as_ref().and_then(|text| self.referred(text, &[STAGE])).map(|stage| &stage.name);
        let called = text.as_ref().map(ToString::to_string).unwrap_or_default();
        rates.stage(&api, named, &called, |stage| match path.as_literal() {
            Some(path) if path.trim_start_matches('/') == "*/*" => stage.all(rate),
            Some(path) => {
                let (path, method) = path.rsplit_once('/').unwrap_or(("", &path));
                stage.one(method, path, rate);
            }
            // It limits one method, and nobody knows which.
            None => stage.some(Setting::unknown(path.place, path.why_not())),
        });
    }
}

/// Whether a firewall may turn away whoever calls too often: by a rule with a rate, by a group's, or because it turns away whom no rule lets
/// in.
fn counts_calls(wall: &Value) -> bool {
    let limits = |rule: &Value| {
        let statement = rule.get("statement").map(Value::one_or_many).unwrap_or_default();
        let named = |name: &str| statement.iter().any(|statement| statement.get(name).is_some());
        !rule.is_map()
            || rule.get("rule_id").is_some()
            || statement.is_empty()
            || statement.iter().any(|statement| !statement.is_map())
            || named("rate_based_statement")
            || named("rule_group_reference_statement")
    };
    let blocks = |action: &Value| {
        action.get("block").is_some() || action.literal_of("type").as_deref() == Some("BLOCK")
    };
    wall.blocks("default_action").iter().any(blocks)
        || ["rule", "rules"].iter().flat_map(|name| wall.blocks(name)).any(limits)
}
