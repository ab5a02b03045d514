//! The platform's own paths on the data listener: sign in to an app, renew, sign out, public keys.
//!
//! Invariant: sign-in passes the same door as everything else (`authorize` of `sign-in` on the app), answers alike whether or
//! not the user exists, and never reads a credential from a query. Not here: passwords and tokens (`identity`).

use std::sync::Arc;

use casemate_core::action::operation::SignIn;
use casemate_core::{Actor, AppId, Entry};
use casemate_identity::SignInPermit;
use http::{Method, StatusCode, header};
use serde::Deserialize;

use crate::body::{self, Secret};
use crate::edge::{Admitted, Refused, ReplyBody, Wall};
use crate::platform::Platform;
use crate::reply::{self, Problem};

/// Whether a path belongs to the platform.
#[must_use]
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/.casemate/") || path.starts_with("/.well-known/")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    username: Option<String>,
    password: Option<Secret>,
    session: Option<Secret>,
}

/// Serves one of the platform's own paths.
pub(crate) async fn serve(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    app: &AppId,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    if admitted.method == Method::GET && admitted.path == "/.well-known/jwks.json" {
        entry.note(|ending| {
            ending.status = 200;
            "public keys".clone_into(&mut ending.detail);
        });
        return Ok(reply::json(StatusCode::OK, &platform.identity.jwks()));
    }
    let known = ["/.casemate/sign-in", "/.casemate/token", "/.casemate/sign-out"];
    if admitted.method != Method::POST || !known.contains(&admitted.path.as_str()) {
        return Err(Problem::unauthenticated());
    }
    same_site(&admitted).map_err(|_| Problem::caller("sign-in from another site's page is refused"))?;
    let anonymous = Arc::new(Actor::anonymous());
    let permit = platform
        .guard
        .authorize::<SignIn>(entry, &anonymous, app.clone())
        .map_err(|refusal| Problem::refused(&refusal, false))?;
    let path = admitted.path.clone();
    let credentials: Credentials = body::json(admitted, body::SMALL).await?;
    answer(platform, entry, SignInPermit::App(permit), &path, credentials).await
}

/// What follows on a permit to sign in, on either listener.
pub(crate) async fn answer(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    permit: SignInPermit,
    path: &str,
    credentials: Credentials,
) -> Result<http::Response<ReplyBody>, Problem> {
    let sign_out = path.ends_with("/sign-out");
    let signed_in = match credentials {
        Credentials { session: Some(session), username: None, password: None } if sign_out => {
            platform.identity.sign_out(permit, &session.0).await.map_err(|error| Problem::of(&error))?;
            return Ok(answered(entry, reply::empty(StatusCode::NO_CONTENT)));
        }
        Credentials { session: Some(session), username: None, password: None } => {
            platform.identity.renew(entry, permit, &session.0).await
        }
        Credentials { session: None, username: Some(name), password: Some(password) } if !sign_out => {
            platform.identity.sign_in(entry, permit, &name, password.0).await
        }
        _ => return Err(Problem::caller("give `username` and `password`, or `session`")),
    };
    match signed_in {
        Ok(signed_in) => Ok(answered(entry, reply::json(StatusCode::OK, &signed_in))),
        Err(error) if casemate_core::Faulty::fault(&error) == casemate_core::Fault::Denied => {
            Err(Problem::sign_in_failed(&error.to_string()))
        }
        Err(error) => Err(Problem::of(&error)),
    }
}

/// Notes the answer for the ledger.
pub(crate) fn answered(entry: &Entry, response: http::Response<ReplyBody>) -> http::Response<ReplyBody> {
    entry.note(|ending| {
        ending.status = response.status().as_u16();
        "answered".clone_into(&mut ending.detail);
    });
    response
}

/// Whether a browser sent it for another site's page (login CSRF, RFC 6819 §4.4.1.8; a page that speaks to loopback).
///
/// # Errors
/// [`Refused`] by [`Wall::CrossSite`].
pub(crate) fn same_site(admitted: &Admitted) -> Result<(), Refused> {
    const CROSS: Refused = Refused::new(Wall::CrossSite, "a browser sent it for another site's page");
    if let Some(site) = admitted.headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return Err(CROSS);
    }
    if let Some(origin) = admitted.headers.get(header::ORIGIN) {
        let host =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
        let host = host.map(|authority| authority.split_once(':').map_or(authority, |(host, _)| host));
        if host != Some(admitted.host.as_str()) {
            return Err(CROSS);
        }
    }
    Ok(())
}
