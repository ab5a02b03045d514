//! What no policy may allow: questions that the schema does not know, and credentials that are not good for the place.
//!
//! Invariant: checked before any policy is asked, and recorded as a deny like any other. Not here: roles and grants.

use casemate_core::{Action, Actor, AppId, Audience, Principal, Resource, Timestamp};

use crate::words;

/// How the record calls a token that is good for another app.
pub(crate) const WRONG_AUDIENCE: &str = "the credential is good for another app";
/// How the record calls a credential whose time is over.
pub(crate) const EXPIRED: &str = "the credential has expired";

/// Why this may not be asked, whatever the policies say.
pub(crate) fn objection(
    actor: &Actor,
    action: Action,
    resource: &Resource,
    now: Timestamp,
) -> Option<String> {
    let spec = action.spec();
    if !words::applies(&actor.principal, action) || resource.kind() != spec.resource {
        let (who, what) = (actor.principal.kind(), resource.kind());
        return Some(format!("`{}` is not for a {who} to ask of a {what}", spec.name));
    }
    let caller = match (&actor.principal, &actor.on_behalf_of) {
        (_, None) => actor,
        (Principal::Function(_), Some(caller)) => caller,
        (_, Some(_)) => return Some("only a function acts for somebody else".to_owned()),
    };
    if [actor, caller].iter().any(|one| one.expires.is_some_and(|end| end <= now)) {
        return Some(EXPIRED.to_owned());
    }
    let app = resource.app();
    if let Principal::Function(function) = &actor.principal
        && function.app != app
    {
        return Some(format!("a function of app `{}` has no business in app `{app}`", function.app));
    }
    // SECURITY: a token for one app is worth nothing at another, and nothing at the platform (RFC 9068 §4).
    let fits = |audience: &AppId| match spec.audience {
        Audience::Control => audience.is_platform(),
        Audience::Data | Audience::Guest => *audience == app,
    };
    if caller.principal.is_signed_in() && !caller.audience.as_ref().is_some_and(fits) {
        return Some(WRONG_AUDIENCE.to_owned());
    }
    None
}
