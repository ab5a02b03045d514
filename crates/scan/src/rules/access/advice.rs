//! How routes that nobody is asked at are closed, as each format writes that.
//!
//! Not here: which routes are open (`access`).

use super::Cause;
use crate::graph::{ApiKind, App, AuthorizerKind, Written};
use crate::known::Name;
use crate::rules::words::{by_format, by_interface};

/// What to write where nothing asks who calls.
pub(super) fn of(app: &App, api: Option<&Name>, cause: Cause) -> String {
    let own = api.filter(|_| cause != Cause::Websocket).and_then(|api| by_its_own(app, api));
    own.unwrap_or_else(|| in_general(app, api, cause).to_owned())
}

fn in_general(app: &App, api: Option<&Name>, cause: Cause) -> &'static str {
    if cause == Cause::Websocket {
        return by_interface(
            app,
            api,
            "Give `$connect` an `AuthorizerId` and `AuthorizationType: CUSTOM`.",
            "Give the route `$connect` an `AuthorizerId` and `AuthorizationType: CUSTOM` (or `AWS_IAM`).",
            "Give the event of `$connect` an authorizer: `authorizer: name-of-a-function`.",
            "Give the route `$connect` `authorization_type = \"CUSTOM\"` and an `authorizer_id` (or `AWS_IAM`).",
        );
    }
    match api.and_then(|name| app.api(name)).map(|api| api.kind) {
        Some(ApiKind::LoadBalancer) => by_format(
            app,
            "Put an action `authenticate-oidc` or `authenticate-cognito` before `forward` in the listener's rule.",
            "Put an action `authenticate-oidc` or `authenticate-cognito` before `forward` in the listener's rule.",
            "Name an authorizer at the `alb` event: `authorizer: <name>`, declared under `provider.alb.authorizers`.",
            "Put an action of type `authenticate-oidc` or `authenticate-cognito` before `forward` in the listener's rule.",
        ),
        Some(ApiKind::GraphQl) => {
            "Ask for a sign-in: `AMAZON_COGNITO_USER_POOLS`, `OPENID_CONNECT`, `AWS_LAMBDA` or `AWS_IAM` as the authentication type."
        }
        _ if api.and_then(|api| app.written.get(api)) == Some(&Written::Description) => {
            "Write `security` at each operation of the interface's description, or once for all of it, with an authorizer under `securitySchemes`."
        }
        kind => by_interface(
            app,
            api,
            "Give the interface `Auth` with `Authorizers` and a `DefaultAuthorizer` (under `Globals: Api` or `HttpApi` where SAM makes the interface), and write `Auth: Authorizer: NONE` on the routes that are meant for everyone.",
            match kind {
                Some(ApiKind::Rest) => {
                    "Set `AuthorizationType` on each method: `COGNITO_USER_POOLS` or `CUSTOM` with an `AuthorizerId`, or `AWS_IAM`."
                }
                _ => {
                    "Set `AuthorizationType` on each route: `JWT` or `CUSTOM` with an `AuthorizerId`, or `AWS_IAM`."
                }
            },
            "Write `authorizer: <name>` on each event; for IAM `authorizer: aws_iam` on `http`, `authorizer: { type: aws_iam }` on `httpApi`.",
            match kind {
                Some(ApiKind::Rest) => {
                    "Set `authorization` on each method: `COGNITO_USER_POOLS` or `CUSTOM` with an `authorizer_id`, or `AWS_IAM`."
                }
                _ => {
                    "Set `authorization_type` on each route: `JWT` or `CUSTOM` with an `authorizer_id`, or `AWS_IAM`."
                }
            },
        ),
    }
}

/// How routes are given the authorizer of their interface, where it has just one.
fn by_its_own(app: &App, api: &Name) -> Option<String> {
    let api = app.api(api).filter(|api| app.written.get(&api.name) != Some(&Written::Description))?;
    let mut all = app.authorizers.iter().filter(|authorizer| authorizer.api.as_ref() == Some(&api.name));
    let authorizer = all.next().filter(|_| all.next().is_none())?;
    let word = match (&authorizer.kind, api.kind) {
        (AuthorizerKind::Jwt { .. }, ApiKind::Http) => "JWT",
        (AuthorizerKind::UserPool(_), ApiKind::Rest) => "COGNITO_USER_POOLS",
        (AuthorizerKind::Function(_), ApiKind::Http | ApiKind::Rest) => "CUSTOM",
        _ => return None,
    };
    // Of several interfaces whose authorizers are called the same, the later ones say whose they are.
    let name = authorizer.name.as_str().rsplit('/').next().unwrap_or_default();
    let key = if api.kind == ApiKind::Rest { "authorization" } else { "authorization_type" };
    let (sam, plain, serverless, terraform) = (
        format!(
            "Write `Auth: Authorizer: {name}` on the routes, or `DefaultAuthorizer: {name}` at the interface and `Auth: Authorizer: NONE` on the routes that are meant for everyone."
        ),
        format!("Set `AuthorizationType: {word}` and `AuthorizerId: !Ref {name}` on each route."),
        format!("Write `authorizer: {name}` on each event."),
        format!("Set `{key} = \"{word}\"` and `authorizer_id = {name}.id` on each route."),
    );
    Some(by_interface(app, Some(&api.name), &sam, &plain, &serverless, &terraform).to_owned())
}
