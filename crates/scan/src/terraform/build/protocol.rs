//! The protocols that domains, search clusters and distributions accept.

use super::Builder;
use crate::graph::Protocol;
use crate::terraform::value::Value;

/// Kinds of resources, and where each says it.
const SAID: [(&str, &[&str]); 5] = [
    ("aws_api_gateway_domain_name", &["security_policy"]),
    ("aws_apigatewayv2_domain_name", &["domain_name_configuration", "security_policy"]),
    ("aws_opensearch_domain", &["domain_endpoint_options", "tls_security_policy"]),
    ("aws_elasticsearch_domain", &["domain_endpoint_options", "tls_security_policy"]),
    ("aws_cloudfront_distribution", &["viewer_certificate", "minimum_protocol_version"]),
];

impl Builder<'_> {
    pub(super) fn protocols(&mut self) {
        for (kind, path) in SAID {
            for resource in self.of_kind(kind) {
                let oldest = resource.body.at(path).map(Value::literal_setting);
                let made = oldest.map(|oldest| Protocol { of: resource.name.clone(), oldest });
                self.app.protocols.extend(made);
            }
        }
    }
}
