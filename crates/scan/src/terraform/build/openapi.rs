//! Routes and authorizers that an API's OpenAPI body declares.

use super::{Builder, rest};
use crate::graph::{Access, Authorizer, AuthorizerKind, Cors, Route, Written};
use crate::known::{Known, Name, Setting};
use crate::source::Place;
use crate::terraform::evaluate::Evaluator;
use crate::terraform::value::{Kind, Value};

const METHODS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"];

/// Reads a body into an API's routes; what cannot be read is written down.
pub(super) fn read(builder: &mut Builder<'_>, api: &Name, body: &Value, place: Place) {
    let document = match Evaluator::document_of(body) {
        Ok(document) if document.is_map() => document,
        Ok(_) => return builder.app.unknown(Some(api), body.place, "its OpenAPI body is no object"),
        Err(why) => {
            return builder.app.unknown(
                Some(api),
                body.place,
                format!("its OpenAPI body cannot be read: {why}"),
            );
        }
    };
    let reader = Reader { api, document: &document, place };
    builder.app.written.insert(api.clone(), Written::Description);
    let authorizers = reader.authorizers(builder);
    builder.app.authorizers.extend(authorizers);
    for (path, item) in document.at(&["paths"]).map_or(&[][..], Value::entries) {
        for (method, operation) in item.entries().iter().filter(|(key, _)| METHODS.contains(&&*key.text)) {
            let mut route = reader.route(builder, &path.text, &method.text, method.place, operation);
            route.acts_as = builder.acting(operation.at(&["x-amazon-apigateway-integration", "credentials"]));
            builder.app.routes.push(route);
        }
    }
    if let Some(policy) = document.get("x-amazon-apigateway-policy") {
        let statements = rest::body_policy(policy).unfold(builder.app, api);
        if let Some(api) = builder.app.apis.iter_mut().find(|found| found.name == *api) {
            api.policy.extend(statements);
        }
    }
    if let Some(cors) = document.get("x-amazon-apigateway-cors").map(cors)
        && let Some(api) = builder.app.apis.iter_mut().find(|found| found.name == *api)
    {
        api.cors = Some(cors);
    }
}

struct Reader<'a> {
    api: &'a Name,
    document: &'a Value,
    place: Place,
}

impl Reader<'_> {
    /// `securitySchemes` of version three, `securityDefinitions` of version two.
    fn schemes(&self) -> &[(crate::terraform::value::Key, Value)] {
        let three = self.document.at(&["components", "securitySchemes"]);
        three.or_else(|| self.document.get("securityDefinitions")).map_or(&[][..], Value::entries)
    }

    fn name(&self, scheme: &str) -> Name {
        Name::from(format!("{}.{scheme}", self.api))
    }

    fn authorizers(&self, builder: &Builder<'_>) -> Vec<Authorizer> {
        let mut authorizers = Vec::new();
        for (key, scheme) in self.schemes() {
            let asked = scheme.get("x-amazon-apigateway-authorizer");
            let kind = scheme.literal_of("x-amazon-apigateway-authtype");
            let Some(kind) = asked.map(|asked| self.kind(builder, asked, kind.as_deref())) else { continue };
            let api = Some(self.api.clone());
            authorizers.push(Authorizer { name: self.name(&key.text), place: key.place, api, kind });
        }
        authorizers
    }

    fn kind(&self, builder: &Builder<'_>, asked: &Value, kind: Option<&str>) -> AuthorizerKind {
        if let Some(jwt) = asked.get("jwtConfiguration") {
            let issuer = jwt.text_of("issuer");
            let issuer =
                issuer.unwrap_or_else(|| crate::known::Text::unknown("no issuer is named", jwt.place));
            return AuthorizerKind::Jwt { issuer, audience: jwt.texts_of("audience") };
        }
        if asked.get("providerARNs").is_some() || kind == Some("cognito_user_pools") {
            return AuthorizerKind::UserPool(asked.texts_of("providerARNs"));
        }
        AuthorizerKind::Function(builder.function_in(asked.get("authorizerUri")))
    }

    fn route(
        &self,
        builder: &Builder<'_>,
        path: &str,
        method: &str,
        place: Place,
        operation: &Value,
    ) -> Route {
        let integration = operation.get("x-amazon-apigateway-integration");
        let kind = integration.and_then(|found| found.literal_of("type"));
        let target = match (integration, kind.as_deref()) {
            (Some(_), Some("mock" | "MOCK")) => Known::Unknown("a fixed answer, no function".to_owned()),
            (Some(found), _) => builder.function_in(found.get("uri")),
            (None, _) => Known::Unknown("it has no integration in these files".to_owned()),
        };
        let verb = if method.starts_with("x-") { "ANY".to_owned() } else { method.to_uppercase() };
        let (access, api_key) = self.access(operation, place);
        Route {
            api: Known::Value(self.api.clone()),
            place: if place == Place::whole(place.file) { self.place } else { place },
            method: Known::Value(verb),
            path: Known::Value(path.to_owned()),
            target,
            access,
            api_key,
            scopes: Vec::new(),
            acts_as: None,
            does: None,
            rate: None,
        }
    }

    /// Who may use an operation, and whether it asks for an API key.
    fn access(&self, operation: &Value, place: Place) -> (Setting<Access>, bool) {
        if let Some(kind) = operation.at(&["x-amazon-apigateway-auth", "type"])
            && kind.as_literal().as_deref() == Some("AWS_IAM")
        {
            return (Setting::new(kind.place, Access::Iam), false);
        }
        let Some(security) = operation.get("security").or_else(|| self.document.get("security")) else {
            return (Setting::new(place, Access::Anyone), false);
        };
        if !matches!(security.kind, Kind::List(_)) {
            return (Setting::unknown(security.place, security.why_not()), false);
        }
        let mut key = false;
        for name in security.items().iter().flat_map(Value::entries).map(|(name, _)| name) {
            let scheme =
                self.schemes().iter().find(|(found, _)| found.text == name.text).map(|(_, scheme)| scheme);
            let Some(scheme) = scheme else { continue };
            if scheme.literal_of("x-amazon-apigateway-authtype").as_deref() == Some("awsSigv4") {
                return (Setting::new(name.place, Access::Iam), key);
            }
            if scheme.get("x-amazon-apigateway-authorizer").is_some() {
                return (Setting::new(name.place, Access::Authorizer(self.name(&name.text))), key);
            }
            key |= scheme.literal_of("type").as_deref() == Some("apiKey");
        }
        (Setting::new(security.place, Access::Anyone), key)
    }
}

fn cors(value: &Value) -> Cors {
    Cors {
        place: value.place,
        origins: value.strings_of("allowOrigins"),
        credentials: value.bool_of("allowCredentials"),
        headers: value.strings_of("allowHeaders"),
        methods: value.strings_of("allowMethods"),
    }
}
