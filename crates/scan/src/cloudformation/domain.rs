//! An interface's addresses: its own domains, and the one that the provider gives it.
//!
//! Invariant: a domain that these files do not make asks nobody for a certificate. Not here: what a domain accepts whatever it leads to
//! (`protocol`), what follows for routes (`graph`).

use super::stack::Resource;
use super::value::{presence, string, switch, text};
use super::writer::Writer;
use crate::document::Node;
use crate::graph::Api;
use crate::known::{Known, Setting};
use crate::source::Place;

/// What an interface says of its addresses, in SAM's spelling and the plain one.
pub(super) fn declare(api: &mut Api, properties: &Node) {
    if let Some(off) = properties.get("DisableExecuteApiEndpoint") {
        switch_off(api, off);
    }
    if let Some(domain) = properties.get("Domain") {
        api.minimum_tls = domain.get("SecurityPolicy").map(string);
        api.certificates.push(certificates(domain, domain.place));
    }
}

/// Whether the provider's own address is off, as `servers` of a description say it, or the description itself.
pub(super) fn described(api: &mut Api, description: &Node) {
    let servers = description.get("servers").map(Node::items).unwrap_or_default();
    for node in std::iter::once(description).chain(servers) {
        if let Some(off) =
            node.at(&["x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint"])
        {
            switch_off(api, off);
        }
    }
}

fn switch_off(api: &mut Api, off: &Node) {
    let Setting { place, value } = switch(off);
    api.provider_address = Some(Setting { place, value: value.map(|off| !off) });
}

/// A domain that is given an interface.
pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let of = match resource.kind.as_str() {
        "AWS::ApiGateway::BasePathMapping" => "RestApiId",
        "AWS::ApiGatewayV2::ApiMapping" => "ApiId",
        _ => return,
    };
    let Some(Known::Value(api)) = Writer::text_at(resource, of).map(|api| writer.api_of(&api)) else {
        return;
    };
    let domain = resource.properties.get("DomainName").map(text);
    let own = domain.and_then(|domain| domain.references().find_map(|name| writer.resource(name)));
    let configured = own.and_then(|own| own.properties.get("DomainNameConfigurations")?.items().first());
    let minimum = configured.or_else(|| own.map(|own| &own.properties));
    let minimum = minimum.and_then(|node| node.get("SecurityPolicy")).map(string);
    let asks = own.map_or_else(
        || Setting::new(resource.place, false),
        |own| certificates(&own.properties, resource.place),
    );
    if let Some(api) = writer.api(&api) {
        api.minimum_tls = minimum;
        api.certificates.push(asks);
    }
}

/// Whether a domain asks for certificates of callers.
fn certificates(domain: &Node, place: Place) -> Setting<bool> {
    domain.get("MutualTlsAuthentication").map_or_else(|| Setting::new(place, false), presence)
}
