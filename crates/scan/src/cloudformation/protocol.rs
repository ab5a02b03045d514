//! The protocols that domains, search clusters and distributions accept.
//!
//! Not here: what an interface says of its own domain (`rest_api`, `http_api`).

use super::stack::Resource;
use super::value::string;
use super::writer::Writer;
use crate::graph::Protocol;

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    let properties = &resource.properties;
    let oldest = match resource.kind.as_str() {
        "AWS::ApiGateway::DomainName" | "AWS::ApiGateway::DomainNameV2" => properties.get("SecurityPolicy"),
        "AWS::ApiGatewayV2::DomainName" => {
            let first = properties.get("DomainNameConfigurations").and_then(|list| list.items().first());
            first.and_then(|configuration| configuration.get("SecurityPolicy"))
        }
        "AWS::OpenSearchService::Domain" | "AWS::Elasticsearch::Domain" => {
            properties.at(&["DomainEndpointOptions", "TLSSecurityPolicy"])
        }
        "AWS::CloudFront::Distribution" => {
            properties.at(&["DistributionConfig", "ViewerCertificate", "MinimumProtocolVersion"])
        }
        _ => None,
    };
    let oldest = oldest.map(string);
    writer.app.protocols.extend(oldest.map(|oldest| Protocol { of: resource.name.clone(), oldest }));
}
