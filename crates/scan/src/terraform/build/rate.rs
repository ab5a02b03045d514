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
const STAGE: &str = "aws_api_gateway_stage";
const DEPLOYMENT: &str = "aws_api_gateway_deployment";

impl Builder<'_> {
    /// Sets the rates of all interfaces and routes that are known so far.
    pub(super) fn rates(&mut self) {
        let mut rates = Rates::default();
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
        rates.set(self.app);
    }

    fn http_stage_rate(&self, resource: &Resource, rates: &mut Rates) {
        let body = &resource.body;
        let Known::Value(api) = self.name_of(body.get("api_id"), &[HTTP_API]) else { return };
        let rate = |block: &Value| block.get("throttling_rate_limit").map(positive);
        rates.stage(&api, Some(&resource.name), "", |stage| {
            if let Some(rate) = body.blocks("default_route_settings").first().and_then(rate) {
                stage.all(rate);
            }
            for block in body.blocks("route_settings") {
                if let (Some(key), Some(rate)) = (block.literal_of("route_key"), rate(block)) {
                    stage.route(&key, rate);
                }
            }
        });
    }

    fn method_rate(&self, resource: &Resource, rates: &mut Rates) {
        let body = &resource.body;
        let Known::Value(api) = self.rest_api_of(resource) else { return };
        let settings = body.blocks("settings").first();
        let rate = settings.and_then(|it| it.get("throttling_rate_limit")).map(positive);
        let Some((rate, path)) = rate.zip(body.get("method_path")) else { return };
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
