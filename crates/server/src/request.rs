//! The life of a request on the data listener. Read this file first.
//!
//! Invariant: every path through [`handle`] begins an entry before any work and completes it whatever happens, and no
//! function runs but with the permit of the one `authorize` below. Not here: limits and parsing (`edge`), what a run may do
//! (`sandbox`).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use casemate_core::action::Audience;
use casemate_core::action::operation::Invoke;
use casemate_core::event::HttpRequest;
use casemate_core::{AppId, Entry, FunctionId, FunctionName, Opened, Recorder, RequestId};
use http::header;

use crate::edge::{Admitted, ReplyBody};
use crate::functions::LiveFunction;
use crate::platform::Platform;
use crate::reply::{self, Problem};
use crate::{outlet, sign_in};

/// Answers one request: limits, entry, service, reply.
pub(crate) async fn handle(platform: Arc<Platform>, admitted: Admitted) -> http::Response<ReplyBody> {
    let app = app_of(&platform, &admitted);
    let function =
        app.as_ref().and_then(|app| platform.functions.route(app, admitted.method.as_str(), &admitted.path));
    // Limits come before the entry, so that a flood cannot fill the ledger.
    if let Err(problem) = admit_rate(&platform, function.as_deref(), admitted.source) {
        return problem.into_response();
    }
    let entry = match begin(&platform, &admitted, Audience::Data) {
        Ok(entry) => Arc::new(entry),
        Err(problem) => return problem.into_response(),
    };
    let served = serve(&platform, &entry, app, function, admitted).await;
    finish(&entry, served)
}

/// Route, authenticate, authorize, run.
async fn serve(
    platform: &Arc<Platform>,
    entry: &Arc<Entry>,
    app: Option<AppId>,
    function: Option<Arc<LiveFunction>>,
    admitted: Admitted,
) -> Result<http::Response<ReplyBody>, Problem> {
    // An unknown host is answered as an app without any function: nothing tells the two apart.
    let Some(app) = app else { return Err(Problem::unauthenticated()) };
    if sign_in::owns(&admitted.path) {
        return sign_in::serve(platform, entry, &app, admitted).await;
    }
    let authorization = admitted.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let actor = platform
        .identity
        .authenticate(authorization, &app)
        .map_err(|error| Problem::bad_credential(&error.to_string()))?;
    let signed_in = actor.principal.is_signed_in();
    let Some(function) = function else {
        return Err(if signed_in { Problem::hidden("no route") } else { Problem::unauthenticated() });
    };
    let permit = platform
        .guard
        .authorize::<Invoke>(entry, &actor, function.id.clone())
        .map_err(|refusal| Problem::refused(&refusal, signed_in))?;
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

/// Counts the request against its function's and its address's rates. Requests that reach no function share one bucket
/// for each address, under a name that no app can have.
fn admit_rate(platform: &Platform, function: Option<&LiveFunction>, source: IpAddr) -> Result<(), Problem> {
    let now = Instant::now();
    let counted = match function {
        Some(function) => platform.rates.admit(&function.id, source, &function.limits.rate, now),
        None => platform.rates.admit(&platform.unrouted.id, source, &platform.unrouted.rate, now),
    };
    counted.map_err(|error| Problem::of(&error))
}

/// The bucket of requests that reach no function.
#[derive(Debug)]
pub(crate) struct Unrouted {
    id: FunctionId,
    rate: casemate_core::Rate,
}

impl Unrouted {
    /// The bucket's name lies in the platform's own app, which nobody can deploy.
    ///
    /// # Errors
    /// None in practice: the name is a constant.
    pub(crate) fn new() -> Result<Self, casemate_core::NameError> {
        let name = FunctionName::parse("unrouted")?;
        let rate = casemate_core::Rate { function: 10_000, ..casemate_core::Rate::default() };
        Ok(Self { id: FunctionId { app: AppId::platform(), name }, rate })
    }
}
