//! What pages of other origins may do.
//!
//! Not here: who may call at all (`access`).

use super::{Sight, Verdict, catalogue};
use crate::finding::Finding;
use crate::graph::{Access, Cors};
use crate::known::{Known, Name};

pub(super) fn look(sight: &Sight<'_>, verdict: &mut Verdict) {
    let app = sight.app;
    for api in &app.apis {
        let functions = app.routes.iter().filter(|route| route.api.is(&api.name));
        let functions: Vec<&Name> = functions.filter_map(|route| route.target.value()).collect();
        if let Some(cors) = &api.cors {
            judge(&api.name, &format!("`{}`", api.name), cors, &functions, verdict);
        }
    }
    for (function, url) in app.functions.iter().flat_map(|it| it.urls().map(move |url| (it, url))) {
        // Without sign-in there are no credentials of the provider, but cookies still go along.
        let iam = matches!(url.access.known(), Some(Access::Iam));
        let what = format!("the {} of `{}`", if iam { "signed URL" } else { "URL" }, function.name);
        if let Some(cors) = &url.cors {
            judge(&function.name, &what, cors, &[&function.name], verdict);
        }
    }
}

fn judge(name: &Name, what: &str, cors: &Cors, functions: &[&Name], verdict: &mut Verdict) {
    let any = cors.origins.iter().find(|origin| origin.known().is_some_and(|origin| is_any(origin)));
    let Some(credentials) = &cors.credentials else { return };
    match (&credentials.value, any) {
        (Known::Value(true), Some(origin)) => {
            let message = format!(
                "Any website can call {what} from a visitor's browser, with the visitor's cookies and credentials, and read the answer."
            );
            let found =
                Finding::new(&catalogue::CORS_CREDENTIALS, format!("cors of {name}"), origin.place, message);
            verdict.report(
                found
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
