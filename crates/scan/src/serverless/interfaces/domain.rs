//! An interface's addresses: domains of the domain plugin, and the one that the provider gives it.
//!
//! Not here: domains among the resources (`cloudformation::domain`), what follows for routes (`graph`).

use crate::cloudformation::value::{presence, string, switch};
use crate::document::Node;
use crate::graph::{Api, ApiKind};
use crate::known::Setting;
use crate::serverless::service::Service;

/// The plugin that reads `custom.customDomain` and `custom.customDomains`.
const PLUGIN: &str = "domain-manager";

/// Writes down at which addresses an interface answers.
pub(super) fn declare(service: &Service<'_>, api: &mut Api) {
    let (of_provider, of_plugin) = match api.kind {
        ApiKind::Rest => ("apiGateway", "rest"),
        ApiKind::Http => ("httpApi", "http"),
        _ => ("websocket", "websocket"),
    };
    if let Some(off) = service.provider.at(&[of_provider, "disableDefaultEndpoint"]) {
        let Setting { place, value } = switch(off);
        api.provider_address = Some(Setting { place, value: value.map(|off| !off) });
    }
    for domain in domains(service, of_plugin) {
        if let Some(word) = domain.get("securityPolicy").map(string) {
            let value = word.value.map(|word| word.to_uppercase().replace('.', "_"));
            api.minimum_tls = Some(Setting { place: word.place, value });
        }
        let asks = domain.get("tlsTruststoreUri");
        api.certificates.push(asks.map_or_else(|| Setting::new(domain.place, false), presence));
    }
}

/// Domains of the plugin that lead to a kind of interface; without a word they lead to the REST API.
fn domains<'a>(service: &Service<'a>, kind: &str) -> Vec<&'a Node> {
    if !service.has_plugin(&[PLUGIN]) {
        return Vec::new();
    }
    let listed = service.custom("customDomains").map(Node::one_or_many).unwrap_or_default().iter();
    let by_kind = |domain: &'a Node| domain.get(kind).or_else(|| of_kind(domain, kind).then_some(domain));
    service.custom("customDomain").into_iter().chain(listed).filter_map(by_kind).collect()
}

fn of_kind(domain: &Node, kind: &str) -> bool {
    let named = ["rest", "http", "websocket"].iter().any(|kind| domain.get(kind).is_some());
    let said = domain.get("apiType").and_then(Node::as_str).unwrap_or("rest");
    !named && said.eq_ignore_ascii_case(kind)
}
