//! Rates of interfaces: what each stage sets, for all of its routes or for single ones.
//!
//! Invariant: calls of a route are counted only where every stage counts them. Not here: the routes themselves (`http`, `rest`).

use std::collections::{BTreeMap, HashMap};

use super::Builder;
use super::http::positive;
use crate::graph::Route;
use crate::known::{Known, Name, Setting};
use crate::terraform::expand::Resource;

const STAGE: &str = "aws_api_gateway_stage";
/// Stages of an interface that are looked at; the provider allows ten.
const MAX_STAGES: usize = 40;

/// What a stage sets.
struct Stage {
    /// Its resource, where it has one.
    resource: Option<Name>,
    /// What it is called.
    called: String,
    /// The rate of all routes that have none of their own.
    all: Option<Setting<bool>>,
    /// Those of single ones, by [`key`].
    single: HashMap<String, Setting<bool>>,
}

impl Stage {
    fn of(resource: Option<Name>, called: String) -> Self {
        Self { resource, called, all: None, single: HashMap::new() }
    }

    fn rate(&self, key: Option<&String>) -> Option<&Setting<bool>> {
        key.and_then(|key| self.single.get(key)).or(self.all.as_ref())
    }
}

/// The stages of interfaces.
type Stages = BTreeMap<Name, Vec<Stage>>;

impl Builder<'_> {
    /// Sets the rates of all interfaces and routes that are known so far.
    pub(super) fn rates(&mut self) {
        let mut stages = Stages::new();
        for resource in self.of_kind("aws_apigatewayv2_stage") {
            if let Known::Value(api) = self.name_of(resource.body.get("api_id"), &["aws_apigatewayv2_api"]) {
                stages.entry(api).or_default().push(http_stage(resource));
            }
        }
        for kind in [STAGE, "aws_api_gateway_deployment"] {
            for resource in self.of_kind(kind) {
                let called = resource.body.text_of("stage_name").map(|text| text.to_string());
                let Known::Value(api) = self.rest_api_of(resource) else { continue };
                if let Some(called) = called {
                    stages.entry(api).or_default().push(Stage::of(Some(resource.name.clone()), called));
                }
            }
        }
        for resource in self.of_kind("aws_api_gateway_method_settings") {
            self.method_rate(resource, &mut stages);
        }
        for api in &mut self.app.apis {
            if let Some(stages) = stages.get(&api.name) {
                api.throttled = everywhere(stages, None);
            }
        }
        let single = stages.values().flatten().any(|stage| !stage.single.is_empty());
        for route in self.app.routes.iter().filter(|_| single) {
            let Some((stages, key)) = route.api.value().and_then(|api| stages.get(api)).zip(key(route))
            else {
                continue;
            };
            if stages.iter().take(MAX_STAGES).any(|stage| stage.single.contains_key(&key))
                && let Some(rate) = everywhere(stages, Some(&key))
            {
                self.app.route_rates.insert(route.place, rate);
            }
        }
    }

    fn method_rate(&self, resource: &Resource, stages: &mut Stages) {
        let body = &resource.body;
        let Known::Value(api) = self.rest_api_of(resource) else { return };
        let rate =
            body.blocks("settings").first().and_then(|it| it.get("throttling_rate_limit")).map(positive);
        let Some(rate) = rate else { return };
        let of = stages.entry(api).or_default();
        let text = body.text_of("stage_name");
        let named = text.as_ref().and_then(|text| self.referred(text, &[STAGE])).map(|stage| &stage.name);
        let called = text.map(|text| text.to_string()).unwrap_or_default();
        let known = of.iter().take(MAX_STAGES).position(|stage| {
            named.is_some_and(|named| stage.resource.as_ref() == Some(named)) || stage.called == called
        });
        if known.is_none() {
            of.push(Stage::of(None, called));
        }
        let Some(stage) = known.map_or(of.len().checked_sub(1), Some).and_then(|at| of.get_mut(at)) else {
            return;
        };
        let Some(path) = body.get("method_path") else { return };
        match path.as_literal() {
            Some(path) if path.trim_start_matches('/') == "*/*" => stage.all = Some(rate),
            Some(path) => {
                let (path, method) = path.rsplit_once('/').unwrap_or(("", &path));
                stage.single.insert(plain(method, &path.replace("~1", "/")), rate);
            }
            // It limits one method, and nobody knows which.
            None => {
                stage.all = stage.all.take().or_else(|| Some(Setting::unknown(path.place, path.why_not())))
            }
        }
    }
}

fn http_stage(resource: &Resource) -> Stage {
    let rate = |block: &crate::terraform::value::Value| block.get("throttling_rate_limit").map(positive);
    let mut stage = Stage::of(Some(resource.name.clone()), String::new());
    stage.all = resource.body.blocks("default_route_settings").first().and_then(rate);
    for block in resource.body.blocks("route_settings") {
        if let (Some(key), Some(rate)) = (block.literal_of("route_key"), rate(block)) {
            let (method, path) = key.split_once(' ').unwrap_or((&key, ""));
            stage.single.insert(plain(method, path), rate);
        }
    }
    stage
}

/// By what a stage's settings name a route.
fn key(route: &Route) -> Option<String> {
    let (method, path) = (route.method.value()?, route.path.value()?);
    Some(if path == "$default" { plain(path, "") } else { plain(method, path) })
}

fn plain(method: &str, path: &str) -> String {
    format!("{method} {}", path.trim_matches('/'))
}

/// The rate that all stages have, for one route or for all that have none of their own.
fn everywhere(stages: &[Stage], key: Option<&String>) -> Option<Setting<bool>> {
    let mut found: Option<&Setting<bool>> = None;
    for stage in stages.iter().take(MAX_STAGES) {
        let rate = stage.rate(key)?;
        let weaker = match (&rate.value, found.map(|found| &found.value)) {
            (_, None) | (Known::Value(false), _) => true,
            (Known::Unknown(_), Some(found)) => !found.is(&false),
            _ => false,
        };
        found = if weaker { Some(rate) } else { found };
    }
    let found = found?.clone();
    let more = stages.len() > MAX_STAGES && found.value.is(&true);
    Some(if more { Setting::unknown(found.place, "it has too many stages to look at all") } else { found })
}
