//! The life of a request on the data listener. Read this file first.
//!
//! Invariant: every path through [`handle`] begins an entry before any work and completes it whatever happens, and no
//! function runs but with the permit of the one `authorize` below. Not here: limits and parsing (`edge`), what a run may do
//! (`sandbox`).

use std::sync::Arc;
use std::time::Instant;

use casemate_core::action::Audience;
use casemate_core::action::operation::Invoke;
use casemate_core::event::HttpRequest;
use casemate_core::{AppId, Entry, Opened, Recorder, RequestId};
use http::header;

use crate::edge::{Admitted, Door, Refused, ReplyBody, Wall};
use crate::platform::Platform;
use crate::reply::{self, Problem};
use crate::{outlet, sign_in};

/// Answers one request: limits, entry, service, reply.
pub(crate) async fn handle(platform: Arc<Platform>, admitted: Admitted) -> http::Response<ReplyBody> {
    let app = app_of(&platform, &admitted);
    // Limits come before the entry, so that what a flood costs the ledger is bounded.
    let arrival = match arrive(&platform, app.as_ref(), &admitted) {
        Ok(arrival) => arrival,
        Err(problem) => return problem.into_response(),
    };
    let entry = match begin(&platform, &admitted, Audience::Data) {
        Ok(entry) => Arc::new(entry),
        Err(problem) => return problem.into_response(),
    };
    let served = serve(&platform, &entry, app, arrival, admitted).await;
    finish(&entry, served)
}

/// Route, authenticate, authorize, run.
async fn serve(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    app: Option<AppId>,
    arrival: Arrival,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    let Some(app) = app else {
        // As an app without any function answers, whatever credential is shown.
        return Err(match admitted.headers.get(header::AUTHORIZATION) {
            Some(_) => Problem::bad_credential("no such app"),
            None => Problem::unauthenticated(),
        });
    };
    if sign_in::owns(&admitted.path) {
        return sign_in::serve(platform, entry, &app, admitted).await;
    }
    let authorization = admitted.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let actor = platform
        .identity
        .authenticate(authorization, &app)
        .map_err(|error| Problem::bad_credential(&error.to_string()))?;
    let signed_in = actor.principal.is_signed_in();
    let (permit, function) = loop {
        let settled = platform.functions.settled().await;
        let routed = platform.functions.route(&app, admitted.method.as_str(), &admitted.path);
        let Some(function) = routed else {
            return Err(if signed_in { Problem::hidden("no route") } else { Problem::unauthenticated() });
        };
        let permit = platform
            .guard
            .authorize::<Invoke>(entry, &actor, function.id.clone())
            .map_err(|refusal| Problem::refused(&refusal, signed_in))?;
        // SECURITY: a deploy swaps policies and code; what was allowed by the one must not run the other.
        if platform.functions.unchanged_since(settled) {
            break (permit, function);
        }
    };
    // A hidden function's own rates count only those who may call it: nobody else can spend them, or learn of it by them.
    if arrival == Arrival::AtTheDoor {
        platform.rates.take_back(Door::Data, admitted.source);
        platform
            .rates
            .admit(&function.id, admitted.source, &function.limits.rate, Instant::now())
            .map_err(|error| Problem::of(&error))?;
    }
    if signed_in {
        platform
            .rates
            .admit_caller(&function.id, &actor.principal, &function.limits.rate, Instant::now())
            .map_err(|error| Problem::of(&error))?;
    }
    entry.note(|ending| ending.revision = Some(function.revision));
    let request = outlet::request_for_guest(admitted);
    let response = platform
        .sandbox
        .run(permit, &function.loaded, Arc::clone(entry), request)
        .await
        .map_err(|error| Problem::of(&error))?;
    Ok(outlet::response_of_guest(response))
}

/// The only place where the outcome becomes an answer.
pub(crate) fn finish(
    entry: &Arc<Entry>,
    served: Result<http::Response<ReplyBody>, Problem>,
) -> http::Response<ReplyBody> {
    let mut response = match served {
        Ok(response) => response,
        Err(problem) => {
            entry.note(|ending| {
                ending.status = problem.status().as_u16();
                ending.detail = problem.word.to_string();
            });
            problem.into_response()
        }
    };
    reply::stamp(&mut response, entry.request());
    response
}

/// Opens the entry: no entry, no work.
pub(crate) fn begin(platform: &Platform, admitted: &Admitted, door: Audience) -> Result<Entry, Problem> {
    let at = platform.clock.now();
    let mut random = [0; 10];
    platform.entropy.fill(&mut random);
    let opened = Opened {
        request: RequestId::new(at, random),
        at,
        http: HttpRequest {
            http_method: admitted.method.as_str().to_owned(),
            host: admitted.host.clone(),
            path: admitted.path.clone(),
            version: format!("{:?}", admitted.version),
            src_endpoint: admitted.source,
            tls: admitted.tls,
        },
        door,
    };
    Arc::clone(&platform.ledger).begin(opened).map_err(|error| Problem::of(&error))
}

/// The app that a request's host names: `<app>.<domain>`.
fn app_of(platform: &Platform, admitted: &Admitted) -> Option<AppId> {
    let label = admitted.host.strip_suffix(platform.settings.domain.as_str())?.strip_suffix('.')?;
    let app = AppId::parse(label).ok()?;
    platform.functions.app(&app).map(|_| app)
}

/// Where a request was counted before anything was known of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// At a public function, by its own rates.
    AtPublic,
    /// At the one door of everything else, whether it is there or not: no answer tells a hidden function from a missing one. Whoever
    /// turns out to be allowed is counted by the function's rates instead.
    AtTheDoor,
}

/// Counts the request against the rate of where it arrives.
fn arrive(platform: &Platform, app: Option<&AppId>, admitted: &Admitted) -> Result<Arrival, Problem> {
    let (source, now) = (admitted.source, Instant::now());
    let routed = app.and_then(|app| platform.functions.route(app, admitted.method.as_str(), &admitted.path));
    let (arrival, counted) = match routed.filter(|function| function.public) {
        Some(public) => {
            (Arrival::AtPublic, platform.rates.admit(&public.id, source, &public.limits.rate, now))
        }
        None => (Arrival::AtTheDoor, platform.rates.arrive(Door::Data, source, now)),
    };
    counted.map(|()| arrival).map_err(|error| {
        platform.counters.note(&Refused::new(Wall::Rate, error.key()), source);
        Problem::of(&error)
    })
}
