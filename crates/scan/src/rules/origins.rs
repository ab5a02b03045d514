//! What pages of other origins may do.
//!
//! Not here: who may call at all (`access`).

use super::{Sight, Verdict, catalogue};
use crate::finding::{Finding, Severity};
use crate::graph::{Access, Cors};
use crate::known::{Known, Name};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    for api in &app.apis {
        let functions = app.routes.iter().filter(|route| route.api.is(&api.name));
        let functions: Vec<&Name> = functions.filter_map(|route| route.target.value()).collect();
        if let Some(cors) = &api.cors {
            judge(&api.name, &format!("`{}`", api.name), Answers::AsWritten, cors, &functions, verdict);
        }
    }
    for (function, url) in app.functions.iter().flat_map(|it| it.urls().map(move |url| (it, url))) {
        // Without sign-in there are no credentials of the provider, but cookies still go along.
        let iam = matches!(url.access.known(), Some(Access::Iam));
        let what = format!("the {} of `{}`", if iam { "signed URL" } else { "URL" }, function.name);
        if let Some(cors) = &url.cors {
            judge(&function.name, &what, Answers::WithTheOrigin, cors, &[&function.name], verdict);
        }
    }
}

/// How what is called answers a page when every origin may call it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// With the origin that asks: browsers hand the answer over.
    WithTheOrigin,
    /// With `*` as it is written, which browsers refuse beside credentials (Fetch, "CORS check"). The provider refuses to make an HTTP API
    /// that has both, and SAM a REST API.
    AsWritten,
}

fn judge(name: &Name, what: &str, answers: Answers, cors: &Cors, functions: &[&Name], verdict: &mut Verdict) {
    let any = cors.origins.iter().find(|origin| origin.known().is_some_and(|origin| is_any(origin)));
    let Some(credentials) = &cors.credentials else { return };
    match (&credentials.value, any) {
        (Known::Value(true), Some(origin)) => {
            let is_star = origin.known().is_some_and(|origin| origin.trim().trim_matches(['\'', '"']) == "*");
            let refused = is_star && answers == Answers::AsWritten;
            let (severity, message) = match refused {
                false => (
                    Severity::High,
                    format!(
                        "Any website can call {what} from a visitor's browser, with the visitor's cookies and credentials, and read the answer."
                    ),
                ),
                true => (
                    Severity::Low,
                    format!(
                        "Every origin and credentials are both allowed at {what}. The provider refuses to make that of an HTTP API, and browsers refuse such an answer: pages that need it do not work, and the next mend of that must not be to repeat whichever origin asks."
                    ),
                ),
            };
            let found =
                Finding::new(&catalogue::CORS_CREDENTIALS, format!("cors of {name}"), origin.place, message);
            verdict.report(
                found
                    .severity(severity)
                    .touching(functions.iter().copied())
                    .seen_at(credentials.place, "credentials go along")
                    .advice("List the origins that belong to you, or do not allow credentials."),
            );
        }
        (Known::Unknown(why), Some(_)) => {
            let why = format!("whether pages of any origin send credentials to {what} cannot be told: {why}");
            verdict.unknown(Some(name), credentials.place, why);
        }
        (Known::Value(true), None) => {
            let unknown = cors.origins.iter().find_map(|origin| Some((origin.place, origin.value.why()?)));
            if let Some((place, why)) = unknown {
                let why = format!("which origins may call {what} with credentials cannot be told: {why}");
                verdict.unknown(Some(name), place, why);
            }
        }
        _ => {}
    }
}

/// `*`, `https://*` and what else stands for every origin.
fn is_any(origin: &str) -> bool {
    let origin = origin.trim().trim_matches(['\'', '"']);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    matches!(host, "*" | "*:*" | "*.*" | "null")
}
