//! `Auth` of SAM's interfaces: authorizers, which one routes have where they say nothing, keys, and resource policies.
//!
//! Invariant: an authorizer that is named and not declared is unknown, never "anyone". Not here: routes (`event`, `openapi`).

use std::collections::HashMap;

use crate::cloudformation::openapi::{Asked, add_authorizer};
use crate::cloudformation::policy::statement;
use crate::cloudformation::value::{string, strings, text, texts, texts_at, truth_at};
use crate::cloudformation::writer::Writer;
use crate::document::Node;
use crate::graph::{Access, AuthorizerKind, Condition, Effect, Origin, Principal, Statement};
use crate::known::{Known, Name, Setting, Text};

/// What an interface asks for where a route says nothing.
pub(in crate::cloudformation) struct Defaults {
    access: Option<Setting<Access>>,
    scopes: Vec<String>,
    /// Whether the default goes for `OPTIONS` too.
    preflight: bool,
    api_key: bool,
    key_preflight: bool,
    authorizers: HashMap<String, (Name, Vec<String>)>,
}

impl Defaults {
    /// Nothing is asked for.
    pub(in crate::cloudformation) fn none() -> Self {
        Self {
            access: None,
            scopes: Vec::new(),
            preflight: true,
            api_key: false,
            key_preflight: true,
            authorizers: HashMap::new(),
        }
    }

    /// Who a name stands for.
    pub(in crate::cloudformation) fn authorizer(&self, name: &str) -> Option<Access> {
        match (self.authorizers.get(name), name) {
            (Some((name, _)), _) => Some(Access::Authorizer(name.clone())),
            (None, "AWS_IAM") => Some(Access::Iam),
            (None, "NONE") => Some(Access::Anyone),
            (None, _) => None,
        }
    }

    /// Whether there is a default for a method.
    pub(in crate::cloudformation) fn applies(&self, method: &str) -> bool {
        self.access.is_some() && (self.preflight || method != "OPTIONS")
    }

    /// The default for a method.
    pub(in crate::cloudformation) fn access(&self, method: &str) -> Option<Setting<Access>> {
        self.access.clone().filter(|_| self.applies(method))
    }

    /// The scopes that come with the default.
    pub(in crate::cloudformation) fn scopes(&self) -> Vec<String> {
        self.scopes.clone()
    }

    /// Whether a key is asked for.
    pub(in crate::cloudformation) fn api_key(&self, method: &str) -> bool {
        self.api_key && (self.key_preflight || method != "OPTIONS")
    }
}

/// Declares an interface's authorizers and remembers its defaults.
pub(super) fn prepare(writer: &mut Writer<'_, '_>, api: Name, properties: &Node, rest: bool) {
    let mut made = Defaults::none();
    // HTTP APIs leave preflight requests to the provider.
    made.preflight = rest;
    let Some(auth) = properties.get("Auth") else {
        writer.set_defaults(api, made);
        return;
    };
    if let Some(why) = auth.why_open() {
        made.access = Some(Setting::unknown(auth.place, why));
        writer.set_defaults(api, made);
        return;
    }
    for (key, node) in auth.get("Authorizers").map(Node::entries).unwrap_or_default() {
        let kind = kind(writer, node);
        let name = add_authorizer(writer, &api, &key.text, key.place, kind);
        let scopes = node.get("AuthorizationScopes").map(plain).unwrap_or_default();
        made.authorizers.insert(key.text.clone(), (name, scopes));
    }
    if let Some(node) = auth.get("DefaultAuthorizer") {
        let named = string(node);
        made.access = Some(match named.value {
            Known::Value(name) => {
                made.scopes =
                    made.authorizers.get(&name).map(|(_, scopes)| scopes.clone()).unwrap_or_default();
                // Where all routes are exceptions to it, that is what is told of them.
                writer.app.mentioned.extend(made.authorizers.get(&name).map(|(name, _)| name.clone()));
                match made.authorizer(&name) {
                    Some(access) => Setting::new(node.place, access),
                    None => Setting::unknown(node.place, format!("the authorizer `{name}` is not declared")),
                }
            }
            Known::Unknown(why) => Setting::unknown(node.place, why),
        });
    }
    made.api_key = truth_at(auth, "ApiKeyRequired", false).is(&true);
    made.key_preflight = !truth_at(auth, "AddApiKeyRequiredToCorsPreflight", true).is(&false);
    made.preflight &= !truth_at(auth, "AddDefaultAuthorizerToCorsPreflight", true).is(&false);
    writer.set_defaults(api, made);
}

fn plain(node: &Node) -> Vec<String> {
    strings(node).into_iter().filter_map(|setting| setting.known().cloned()).collect()
}

fn kind(writer: &Writer<'_, '_>, node: &Node) -> AuthorizerKind {
    if let Some(pools) = node.get("UserPoolArn") {
        return AuthorizerKind::UserPool(texts(pools));
    }
    if let Some(function) = node.get("FunctionArn") {
        return AuthorizerKind::Function(writer.function_of(&text(function)));
    }
    let configuration = node.get("JwtConfiguration");
    let part = |key: &str, other: &str| {
        configuration.and_then(|configuration| configuration.get(key).or_else(|| configuration.get(other)))
    };
    match part("issuer", "Issuer") {
        Some(issuer) => AuthorizerKind::Jwt {
            issuer: text(issuer),
            audience: part("audience", "Audience").map(texts).unwrap_or_default(),
        },
        None => AuthorizerKind::Other(
            node.why_open().unwrap_or_else(|| "an authorizer of no known kind".to_owned()),
        ),
    }
}

/// What an event asks of its callers: its own words first, then its interface's.
pub(super) fn asked(
    defaults: &Defaults,
    auth: Option<&Node>,
    method: &str,
    place: crate::source::Place,
) -> Asked {
    let mut made = Asked {
        access: defaults.access(method).unwrap_or_else(|| Setting::new(place, Access::Anyone)),
        api_key: defaults.api_key(method),
        scopes: if defaults.applies(method) { defaults.scopes() } else { Vec::new() },
    };
    let Some(auth) = auth else { return made };
    if let Some(why) = auth.why_open() {
        made.access = Setting::unknown(auth.place, why);
        return made;
    }
    if let Some(node) = auth.get("Authorizer") {
        made.access = match string(node).value {
            Known::Value(name) => {
                made.scopes =
                    defaults.authorizers.get(&name).map(|(_, scopes)| scopes.clone()).unwrap_or_default();
                match defaults.authorizer(&name) {
                    Some(access) => Setting::new(node.place, access),
                    None => Setting::unknown(node.place, format!("the authorizer `{name}` is not declared")),
                }
            }
            Known::Unknown(why) => Setting::unknown(node.place, why),
        };
    }
    if let Some(scopes) = auth.get("AuthorizationScopes") {
        made.scopes = plain(scopes);
    }
    if let Some(key) = auth.get("ApiKeyRequired") {
        made.api_key = key.as_bool() == Some(true);
    }
    made
}

/// SAM's words for a resource policy, as statements. `resource` where it is of one route.
pub(in crate::cloudformation) fn resource_policy(policy: &Node, resource: Option<&str>) -> Vec<Statement> {
    let mut made = Vec::new();
    let on = |effect: Effect, principals: Vec<Principal>, conditions: Vec<Condition>| {
        let mut statement = Statement::allow(policy.place, Origin::Framework);
        statement.effect = Known::Value(effect);
        statement.principals = principals;
        statement.actions.push(Setting::new(policy.place, "execute-api:Invoke".to_owned()));
        statement.resources.push(Text::literal(resource.unwrap_or("execute-api:/*"), policy.place));
        statement.conditions = conditions;
        statement
    };
    for (key, effect) in [("AwsAccountWhitelist", Effect::Allow), ("AwsAccountBlacklist", Effect::Deny)] {
        let accounts = texts_at(policy, key);
        if !accounts.is_empty() {
            made.push(on(effect, accounts.into_iter().map(Principal::Aws).collect(), Vec::new()));
        }
    }
    for limit in limits(policy) {
        made.push(on(Effect::Allow, vec![Principal::Anyone], Vec::new()));
        made.push(on(Effect::Deny, vec![Principal::Anyone], limit));
    }
    if let Some(custom) = policy.get("CustomStatements") {
        made.extend(custom.one_or_many().iter().map(statement));
    }
    made
}

/// From where calls are refused.
fn limits(policy: &Node) -> Vec<Vec<Condition>> {
    let networks = |plain: &str, vpc: &str, endpoint: &str| {
        let (endpoints, others): (Vec<Text>, Vec<Text>) = texts_at(policy, plain)
            .into_iter()
            .partition(|text| text.as_literal().is_some_and(|text| text.starts_with("vpce-")));
        let join = |first: Vec<Text>, key: &str| first.into_iter().chain(texts_at(policy, key)).collect();
        (join(others, vpc), join(endpoints, endpoint))
    };
    let (allowed, allowed_endpoints) =
        networks("SourceVpcWhitelist", "IntrinsicVpcWhitelist", "IntrinsicVpceWhitelist");
    let (refused, refused_endpoints) =
        networks("SourceVpcBlacklist", "IntrinsicVpcBlacklist", "IntrinsicVpceBlacklist");
    let condition = |operator: &str, key: &str, values: Vec<Text>| {
        let made = Condition { operator: operator.to_owned(), key: key.to_owned(), values };
        (!made.values.is_empty()).then_some(made)
    };
    let all = [
        [condition("NotIpAddress", "aws:SourceIp", texts_at(policy, "IpRangeWhitelist")), None],
        [condition("IpAddress", "aws:SourceIp", texts_at(policy, "IpRangeBlacklist")), None],
        // Both in one statement: a call comes through a network or an endpoint, and either will do.
        [
            condition("StringNotEquals", "aws:SourceVpc", allowed),
            condition("StringNotEquals", "aws:SourceVpce", allowed_endpoints),
        ],
        [
            condition("StringEquals", "aws:SourceVpc", refused),
            condition("StringEquals", "aws:SourceVpce", refused_endpoints),
        ],
    ];
    let limits = all.into_iter().map(|limit| limit.into_iter().flatten().collect());
    limits.filter(|limit: &Vec<Condition>| !limit.is_empty()).collect()
}
