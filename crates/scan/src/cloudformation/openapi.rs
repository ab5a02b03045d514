//! API descriptions in OpenAPI, with the provider's extensions: paths, who may use them, and what answers.
//!
//! Security at the top of a description alone is unknown: the provider takes it for some kinds of interfaces and not for others. Not here:
//! plain resources (`rest_api`, `http_api`).

use super::domain;
use super::function::cors as http_cors;
use super::policy::statements;
use super::sam::auth::Defaults;
use super::value::{str_at, string, strings, switch, text, texts_at};
use super::writer::Writer;
use crate::document::{Key, Node, NodeKind};
use crate::graph::{Access, Authorizer, AuthorizerKind, Cors, Route};
use crate::known::{Known, Name, Setting, Text};
use crate::source::Place;

/// How one security scheme asks.
enum Scheme {
    Authorizer(Name),
    Iam,
    Key,
}

/// What a description says about asking, for all of its operations.
struct Asking<'d> {
    schemes: Vec<(String, Scheme)>,
    top: Option<&'d Node>,
    defaults: &'d Defaults,
}

/// Reads a description that belongs to an interface.
pub(super) fn read(writer: &mut Writer<'_, '_>, api: &Name, body: &Node, defaults: &Defaults) {
    if let Some(why) = body.why_open() {
        writer.app.unknown(Some(api), body.place, format!("its description: {why}"));
        return;
    }
    let asking = Asking { schemes: schemes(writer, api, body), top: body.get("security"), defaults };
    if let Some(policy) = body.get("x-amazon-apigateway-policy") {
        let made = statements(policy);
        if let Some(api) = writer.api(api) {
            api.policy.extend(made);
        }
    }
    if let Some(api) = writer.api(api) {
        domain::described(api, body);
    }
    if let Some(node) = body.get("x-amazon-apigateway-cors") {
        let made = extension_cors(node);
        if let Some(api) = writer.api(api) {
            api.cors = api.cors.take().or(made);
        }
    }
    for (path, item) in body.get("paths").map(Node::entries).unwrap_or_default() {
        for (method, operation) in item.entries() {
            if let Some(word) = method_of(&method.text) {
                route(writer, api, (path, method, word), operation, &asking);
            }
        }
    }
}

/// The provider's word for a method; `None` for keys of a path that are none.
fn method_of(key: &str) -> Option<String> {
    match key.to_ascii_lowercase().as_str() {
        "x-amazon-apigateway-any-method" => Some("ANY".to_owned()),
        word @ ("get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "any") => {
            Some(word.to_ascii_uppercase())
        }
        _ => None,
    }
}

fn schemes(writer: &mut Writer<'_, '_>, api: &Name, body: &Node) -> Vec<(String, Scheme)> {
    let old = body.get("securityDefinitions");
    let new = body.at(&["components", "securitySchemes"]);
    let listed = [old, new].into_iter().flatten().flat_map(Node::entries);
    listed.filter_map(|(key, node)| Some((key.text.clone(), scheme(writer, api, key, node)?))).collect()
}

fn scheme(writer: &mut Writer<'_, '_>, api: &Name, key: &Key, node: &Node) -> Option<Scheme> {
    if str_at(node, "x-amazon-apigateway-authtype").is_some_and(|kind| kind.eq_ignore_ascii_case("awsSigv4"))
    {
        return Some(Scheme::Iam);
    }
    if let Some(extension) = node.get("x-amazon-apigateway-authorizer") {
        let kind = authorizer_kind(writer, extension);
        return Some(Scheme::Authorizer(add_authorizer(writer, api, &key.text, key.place, kind)));
    }
    (str_at(node, "type") == Some("apiKey")).then_some(Scheme::Key)
}

fn authorizer_kind(writer: &Writer<'_, '_>, extension: &Node) -> AuthorizerKind {
    match str_at(extension, "type") {
        Some("cognito_user_pools") => AuthorizerKind::UserPool(texts_at(extension, "providerARNs")),
        Some("jwt") => {
            let configuration = extension.get("jwtConfiguration").unwrap_or(extension);
            AuthorizerKind::Jwt {
                issuer: configuration
                    .get("issuer")
                    .map_or_else(|| Text::unknown("no issuer is written", extension.place), text),
                audience: texts_at(configuration, "audience"),
            }
        }
        _ => match extension.get("authorizerUri") {
            Some(uri) => AuthorizerKind::Function(writer.function_of(&text(uri))),
            None => AuthorizerKind::Other("an authorizer without a function".to_owned()),
        },
    }
}

/// Adds an authorizer under a name that is free, and says which one that is.
pub(super) fn add_authorizer(
    writer: &mut Writer<'_, '_>,
    api: &Name,
    written: &str,
    place: Place,
    kind: AuthorizerKind,
) -> Name {
    let plain = Name::from(written);
    // Two interfaces may call their authorizers the same.
    let name = match writer.has_authorizer(&plain) {
        true => Name::from(format!("{api}/{written}")),
        false => plain,
    };
    if !writer.has_authorizer(&name) {
        writer.add_authorizer(Authorizer { name: name.clone(), place, api: Some(api.clone()), kind });
    }
    name
}

fn route(
    writer: &mut Writer<'_, '_>,
    api: &Name,
    (path, key, method): (&Key, &Key, String),
    operation: &Node,
    asking: &Asking<'_>,
) {
    let integration = operation.get("x-amazon-apigateway-integration");
    let is_mock = |node: &&Node| str_at(node, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("mock"));
    if let Some(mock) = integration.filter(is_mock) {
        preflight(writer, &Known::Value(api.clone()), mock);
        return;
    }
    let target = match integration {
        Some(node) => target_of(writer, node),
        None => Known::Unknown("its description names no integration".to_owned()),
    };
    let acts_as = super::role::acting(writer, integration);
    let asked = asked(operation, key.place, &method, asking);
    writer.add_route(Route {
        api: Known::Value(api.clone()),
        place: key.place,
        method: Known::Value(method),
        path: Known::Value(path.text.clone()),
        target,
        access: asked.access,
        api_key: asked.api_key,
        scopes: asked.scopes,
        acts_as,
        does: None,
        rate: None,
    });
}

/// What answers: a function, or something else, of which is said what.
pub(super) fn target_of(writer: &Writer<'_, '_>, integration: &Node) -> Known<Name> {
    let uri = ["uri", "Uri", "IntegrationUri"].iter().find_map(|key| integration.get(key));
    let subtype = ["IntegrationSubtype", "subtype"].iter().find_map(|key| str_at(integration, key));
    if let Some((service, operation)) = subtype.and_then(|subtype| subtype.split_once('-')) {
        // Spelled as REST APIs do it.
        let uri = format!("arn:aws:apigateway:*:{}:action/{operation}", service.to_ascii_lowercase());
        return Known::Unknown(format!("`{uri}` answers, which is no function of these files"));
    }
    let Some(uri) = uri else {
        return Known::Unknown("its integration names no function".to_owned());
    };
    let uri = text(uri);
    match writer.function_of(&uri) {
        Known::Value(name) => Known::Value(name),
        Known::Unknown(_) if uri.why_unknown().is_none() => {
            Known::Unknown(format!("`{uri}` answers, which is no function of these files"))
        }
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// What an operation asks of its callers.
pub(super) struct Asked {
    pub(super) access: Setting<Access>,
    pub(super) api_key: bool,
    pub(super) scopes: Vec<String>,
}

fn asked(
    operation: &Node,
    place: Place,
    method: &str,
    Asking { schemes, top, defaults }: &Asking<'_>,
) -> Asked {
    let security = operation.get("security");
    if let Some((node, why)) = security.and_then(|node| Some((node, node.why_open()?))) {
        return Asked { access: Setting::unknown(node.place, why), api_key: false, scopes: Vec::new() };
    }
    let mut made = Asked { access: Setting::new(place, Access::Anyone), api_key: false, scopes: Vec::new() };
    let (mut decided, mut keyed) = (false, false);
    let requirements = security.map(Node::items).unwrap_or_default();
    for (key, scopes) in requirements.iter().flat_map(Node::entries) {
        let known = schemes.iter().find(|(name, _)| *name == key.text).map(|(_, scheme)| scheme);
        let access = match (known, key.text.as_str()) {
            (Some(Scheme::Authorizer(name)), _) => Access::Authorizer(name.clone()),
            (Some(Scheme::Iam), _) => Access::Iam,
            (Some(Scheme::Key), _) | (None, "api_key") => {
                (made.api_key, keyed) = (true, true);
                continue;
            }
            (None, "NONE") => Access::Anyone,
            // SAM declares `AWS_IAM` where there is a default; elsewhere a scheme is what the description says it is.
            (None, name) => {
                match defaults.authorizer(name).filter(|_| name != "AWS_IAM" || defaults.applies("GET")) {
                    Some(access) => access,
                    None => {
                        made.access = Setting::unknown(key.place, format!("`{name}` is not declared"));
                        decided = true;
                        continue;
                    }
                }
            }
        };
        made.access = Setting::new(key.place, access);
        made.scopes = scopes.items().iter().filter_map(Node::as_scalar).collect();
        decided = true;
    }
    // `security: []` is how a description says that nobody is asked.
    if let (Some(node), true, false) = (security, requirements.is_empty(), defaults.applies(method)) {
        made.access.place = node.place;
    }
    if let Some(access) = operation.get("x-amazon-apigateway-auth").and_then(own_auth).filter(|_| !decided) {
        made.access = access;
        decided = true;
    }
    if !decided && let Some(access) = defaults.access(method) {
        made.access = access;
        made.scopes = defaults.scopes();
        decided = true;
    }
    if let (None, false, Some(top)) = (security, decided, top) {
        let why = "its description asks only at the top, which the provider does not take everywhere";
        made.access = Setting::unknown(top.place, why);
    }
    made.api_key |= !keyed && defaults.api_key(method);
    made
}

/// What an operation says without a scheme: `x-amazon-apigateway-auth: { type: AWS_IAM }`.
fn own_auth(node: &Node) -> Option<Setting<Access>> {
    let kind = node.get("type")?;
    Some(match string(kind).value {
        Known::Value(word) if word.eq_ignore_ascii_case("AWS_IAM") => Setting::new(kind.place, Access::Iam),
        Known::Value(word) if word.eq_ignore_ascii_case("NONE") => Setting::new(kind.place, Access::Anyone),
        Known::Value(word) => Setting::unknown(kind.place, format!("`{word}` is no way to ask who calls")),
        Known::Unknown(why) => Setting::unknown(kind.place, why),
    })
}

/// The extension spells the words of HTTP APIs with a small first letter.
fn extension_cors(node: &Node) -> Option<Cors> {
    let spelled = |old: &str| node.get(old);
    if spelled("allowOrigins").is_none() {
        return http_cors(node);
    }
    Some(Cors {
        place: node.place,
        origins: spelled("allowOrigins").map(strings).unwrap_or_default(),
        credentials: spelled("allowCredentials").map(switch),
        headers: spelled("allowHeaders").map(strings).unwrap_or_default(),
        methods: spelled("allowMethods").map(strings).unwrap_or_default(),
    })
}

/// The description that a resource holds, or that lies in a file of the tree beside it.
pub(super) fn body_of(writer: &Writer<'_, '_>, properties: &Node) -> Option<Node> {
    let inline = ["DefinitionBody", "Body"].iter().find_map(|key| properties.get(key));
    if let Some(node) = inline {
        return Some(node.clone());
    }
    let node = properties.get("DefinitionUri")?;
    let open = |why: String| Some(super::value::open(node.place, why));
    let path = match string(node).value {
        Known::Value(path) => path,
        Known::Unknown(_) if node.is_map() => return open("it is in a bucket".to_owned()),
        Known::Unknown(why) => return open(why),
    };
    let file = writer.stack.path(&path).and_then(|path| writer.stack.files.find(&path));
    let Some(file) = file else { return open(format!("`{path}` is not among the files")) };
    match crate::document::read(writer.stack.files, file) {
        Ok(document) => writer.stack.resolve(&document),
        Err(unread) => open(format!("`{path}` cannot be read: {}", unread.why)),
    }
}

/// What a preflight request is answered, where the interface answers it itself: that is how plain REST APIs say their CORS.
pub(super) fn preflight(writer: &mut Writer<'_, '_>, api: &Known<Name>, integration: &Node) {
    let listed = integration.get("IntegrationResponses").map(Node::one_or_many).unwrap_or_default().iter();
    let described = integration.get("responses").map(Node::entries).unwrap_or_default();
    let responses = listed.chain(described.iter().map(|(_, response)| response));
    let mut parameters = responses.filter_map(|response| {
        response.get("ResponseParameters").or_else(|| response.get("responseParameters"))
    });
    let Some(made) = parameters.find_map(header_cors) else { return };
    if let Known::Value(name) = api
        && let Some(api) = writer.api(name)
    {
        api.cors.get_or_insert(made);
    }
}

fn header_cors(parameters: &Node) -> Option<Cors> {
    let header = |name: &str| {
        let mut entries = parameters.entries().iter();
        let found = entries.find(|(key, _)| {
            key.text.rsplit('.').next().is_some_and(|header| header.eq_ignore_ascii_case(name))
        });
        found.map(|(_, value)| bare(value))
    };
    let credentials = header("Access-Control-Allow-Credentials");
    Some(Cors {
        place: parameters.place,
        origins: vec![header("Access-Control-Allow-Origin")?],
        credentials: credentials.map(|setting| Setting {
            place: setting.place,
            value: setting.value.map(|word| word.eq_ignore_ascii_case("true")),
        }),
        headers: header("Access-Control-Allow-Headers").into_iter().collect(),
        methods: header("Access-Control-Allow-Methods").into_iter().collect(),
    })
}

/// A text without the quotation marks that interfaces want around literals.
fn bare(node: &Node) -> Setting<String> {
    let mut made = string(node);
    made.value = made.value.map(|text| text.trim().trim_matches('\'').to_owned());
    made
}

/// CORS of a REST API by SAM: origins stand in quotation marks of their own.
pub(super) fn quoted_cors(node: &Node) -> Option<Cors> {
    let origin = match &node.kind {
        NodeKind::Null => return None,
        NodeKind::Map(_) => node.get("AllowOrigin"),
        _ => Some(node),
    };
    let [headers, methods] = ["AllowHeaders", "AllowMethods"].map(|key| node.get(key).map(bare));
    Some(Cors {
        place: node.place,
        origins: origin.map(bare).into_iter().collect(),
        credentials: node.get("AllowCredentials").map(switch),
        headers: headers.into_iter().collect(),
        methods: methods.into_iter().collect(),
    })
}
