//! One run: a fresh instance for one request, driven in a task of its own to whatever end.
//!
//! Invariant: limits are checked from outside the guest after every poll, so neither a busy loop nor a sleep escapes them;
//! however a run ends, what it used is noted in the entry, which completes when the last part of the run is gone.
//!
//! A task of its own on the same thread lets the guest write head and body before the connection's task writes either to
//! the socket: measured, that beats polling the guest inside the connection's task by half.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use casemate_core::action::operation::Invoke;
use casemate_core::{Actor, Entry};
use casemate_policy::Permit;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::Body;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme as SchemeP2;
use wasmtime_wasi_http::{FieldMap, WasiHttpView, p2, p3};

use crate::body::{Bounded, RunBody};
use crate::error::{Limit, RunError};
use crate::guest::{self, Guest, cpu_limit_ns};
use crate::load::{LoadedFunction, Pre};
use crate::settings::Services;
use crate::state::{Answer, RunState};

/// The header that says who calls: the kind and the identifier, as in `User usr_…`.
const CALLER: HeaderName = HeaderName::from_static("casemate-caller");
/// The header with the caller's readable name; percent-encoded where it is not plain ASCII.
const CALLER_NAME: HeaderName = HeaderName::from_static("casemate-caller-name");
/// The header with the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("casemate-request-id");

/// Runs a function for one request; see [`crate::Sandbox::run`].
pub(crate) async fn run<B>(
    services: &Arc<Services>,
    permit: Permit<Invoke>,
    function: &Arc<LoadedFunction>,
    entry: Arc<Entry>,
    request: http::Request<B>,
) -> Result<http::Response<RunBody>, RunError>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if permit.target() != function.id() {
        return Err(RunError::WrongPermit);
    }
    let caller = Arc::clone(permit.actor());
    let revision = function.revision();
    entry.note(|ending| ending.revision = Some(revision));
    let ran = start(services, caller, function, &entry, request).await;
    if let Err(error) = &ran {
        function.count_failure();
        let detail = error.to_string();
        entry.note(|ending| ending.detail = detail);
    }
    ran
}

async fn start<B>(
    services: &Arc<Services>,
    caller: Arc<Actor>,
    function: &Arc<LoadedFunction>,
    entry: &Arc<Entry>,
    request: http::Request<B>,
) -> Result<http::Response<RunBody>, RunError>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limits = *function.limits();
    if request.body().size_hint().lower() > limits.request_body_bytes {
        return Err(RunError::Limit { limit: Limit::RequestBodyBytes, value: limits.request_body_bytes });
    }
    let head_only = request.method() == http::Method::HEAD;
    // The wait for a place counts: `wall_ms` is what the caller waits at most.
    let wall = wall_time(services, &caller, limits.wall());
    let deadline = Instant::now() + wall;
    let place = function.enter(deadline).await?.ok_or(if wall < limits.wall() {
        RunError::CredentialEnded
    } else {
        RunError::Limit { limit: Limit::WallMs, value: limits.wall_ms }
    })?;
    let (sender, receiver) = oneshot::channel();
    let state = Arc::new(RunState::new(
        Arc::clone(services),
        Arc::clone(function),
        Arc::clone(entry),
        caller,
        sender,
    ));
    let request = for_guest(request, &state)?;
    let run = Run { _place: place, state: Arc::clone(&state), wall, deadline };
    let task = tokio::spawn(run.drive(request)).abort_handle();
    // Should the caller leave before the head has come, the task must not go on.
    let abandoned = AbortOnDrop(Some(task));
    let head = receiver.await.map_err(|_| match state.ended() {
        Some(reason) => reason.clone(),
        None => RunError::Internal("the run was dropped".to_owned()),
    })??;
    // Nothing was sent yet: what went wrong after the guest gave its head is still a clean error.
    if let Some(reason) = state.ended() {
        return Err(reason.clone());
    }
    let (head, body) = head.into_parts();
    let length = promised_length(&head.headers);
    if length.is_some_and(|length| length > limits.response_body_bytes) && !head_only {
        return Err(state.hit(Limit::ResponseBodyBytes));
    }
    let Some(task) = abandoned.keep() else {
        return Err(RunError::Internal("the run was dropped".to_owned()));
    };
    let status = head.status.as_u16();
    entry.note(|ending| ending.status = status);
    let bodiless = head_only || matches!(status, 204 | 304);
    let body = RunBody::new(body, state, task, deadline, length, bodiless);
    Ok(http::Response::from_parts(head, body))
}

/// How long a run may take: never longer than the credential lives that it was allowed by.
fn wall_time(services: &Services, caller: &Actor, wall: Duration) -> Duration {
    match caller.expires {
        // A credential within its leeway still counts; the run then gets a second.
        Some(expires) => wall.min(expires.since(services.clock.now()).max(Duration::from_secs(1))),
        None => wall,
    }
}

fn promised_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

struct AbortOnDrop(Option<tokio::task::AbortHandle>);

impl AbortOnDrop {
    fn keep(mut self) -> Option<tokio::task::AbortHandle> {
        self.0.take()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// What the guest reads: the caller's request, with the caller in headers that only the host sets.
fn for_guest<B>(
    request: http::Request<B>,
    state: &Arc<RunState>,
) -> Result<http::Request<Bounded<B>>, RunError> {
    let (mut head, body) = request.into_parts();
    let headers = &mut head.headers;
    // SECURITY: outsiders speak neither in the platform's name nor in another spelling of it, and a credential is for
    // the platform, not for the function.
    let reserved =
        |name: &HeaderName| name.as_str().starts_with("casemate-") || name.as_str().starts_with("casemate_");
    if headers.keys().any(reserved) {
        let names: Vec<HeaderName> = headers.keys().filter(|name| reserved(name)).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
    headers.remove(header::AUTHORIZATION);
    headers.remove(header::PROXY_AUTHORIZATION);
    let caller = state.caller();
    let principal = &caller.principal;
    headers.insert(CALLER, field(&format!("{} {}", principal.kind(), principal.uid()))?);
    headers.insert(CALLER_NAME, field(&caller.name)?);
    headers.insert(REQUEST_ID, field(&state.entry.request().to_string())?);
    if head.uri.authority().is_none() && !head.headers.contains_key(header::HOST) {
        let host = HeaderValue::try_from(&state.entry.opened().http.host)
            .map_err(|_| RunError::Request("its host is no header value".to_owned()))?;
        head.headers.insert(header::HOST, host);
    }
    Ok(http::Request::from_parts(head, Bounded::new(body, Arc::clone(state))))
}

/// A text as a header field's value: plain ASCII stays, everything else (and `%`) is percent-encoded.
fn field(text: &str) -> Result<HeaderValue, RunError> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'%';
    let value = if text.bytes().all(plain) {
        HeaderValue::from_str(text)
    } else {
        let encode =
            |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        HeaderValue::try_from(text.bytes().map(encode).collect::<String>())
    };
    value.map_err(|_| RunError::Internal("a header could not be made".to_owned()))
}

/// A run under way. Dropping it, for whatever reason, notes what it used.
struct Run {
    /// Given back before the entry can complete.
    _place: OwnedSemaphorePermit,
    state: Arc<RunState>,
    wall: Duration,
    deadline: Instant,
}

impl Drop for Run {
    fn drop(&mut self) {
        let meter = &self.state.meter;
        let (cpu_us, memory_bytes) = (meter.cpu_us(), meter.peak_bytes());
        self.state.entry.note(|ending| {
            ending.cpu_us = cpu_us;
            ending.memory_bytes = memory_bytes;
        });
    }
}

impl Run {
    /// Drives the guest to its end, whatever that is, and answers if the guest did not.
    async fn drive<B>(self, request: http::Request<Bounded<B>>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (state, wall) = (&self.state, self.wall);
        let ended = {
            let mut guest = pin!(call(Arc::clone(state), request));
            let mut timer = pin!(tokio::time::sleep_until(self.deadline.into()));
            // Whoever stops the guest from here writes the reason down before this block ends and the guest goes with it.
            poll_fn(|cx| {
                if let Some(reason) = state.ended() {
                    return Poll::Ready(Err(reason.clone()));
                }
                state.meter.start();
                let polled = guest.as_mut().poll(cx);
                let cpu_ns = state.meter.stop();
                if let Some(reason) = state.ended() {
                    return Poll::Ready(Err(reason.clone()));
                }
                match polled {
                    Poll::Ready(ended) => Poll::Ready(ended),
                    Poll::Pending if cpu_ns > cpu_limit_ns(state.limits()) => {
                        Poll::Ready(Err(state.hit(Limit::CpuMs)))
                    }
                    Poll::Pending => match timer.as_mut().poll(cx) {
                        Poll::Ready(()) => Poll::Ready(Err(out_of_time(state, wall))),
                        Poll::Pending => Poll::Pending,
                    },
                }
            })
            .await
        };
        state.answer(Err(ended.err().unwrap_or(RunError::Unanswered)));
    }
}

fn out_of_time(state: &RunState, wall: Duration) -> RunError {
    if wall < state.limits().wall() { state.end(RunError::CredentialEnded) } else { state.hit(Limit::WallMs) }
}

/// Makes a fresh instance and hands it the request, in the version that it speaks.
async fn call<B>(state: Arc<RunState>, request: http::Request<Bounded<B>>) -> Result<(), RunError>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let function = Arc::clone(&state.function);
    let mut store = guest::store(function.engine(), &state);
    // SECURITY: the reason is written down while the store still lives. With the store goes the sending half of the answer's
    // body, and to a reader on another thread a body whose sender went looks finished, unless a reason stands there.
    let _fallen = Fallen(Arc::clone(&state));
    let called = match function.pre() {
        Pre::P2(pre) => call_p2(&state, &mut store, pre, request).await,
        Pre::P3(pre) => call_p3(&state, &mut store, pre, request).await,
    };
    let called = called.map_err(|error| state.explain(&error));
    abort_unfinished(store.data_mut());
    called
}

/// Ends the run when the host itself fails. Declared after the store, so that it goes first.
struct Fallen(Arc<RunState>);

impl Drop for Fallen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(RunError::Internal("the host failed while the function ran".to_owned()));
        }
    }
}

/// Aborts the bodies that a guest of WASI 0.2 left without finishing or dropping them: to their readers a body that is merely
/// forgotten looks finished (`RecvError` counts as the end in `wasmtime_wasi_http::p2::body`). Not covered: a guest of WASI 0.3 that
/// leaks the writer of its body's stream. The end of the stream is the end of the body there, and the host cannot see who ended it.
fn abort_unfinished(guest: &mut Guest) {
    use p2::body::{HostOutgoingBody, StreamContext};
    for body in guest.table.iter_mut().filter_map(|entry| entry.downcast_mut::<HostOutgoingBody>()) {
        let (nothing, _) = HostOutgoingBody::new(StreamContext::Response, None, 1, 1);
        std::mem::replace(body, nothing).abort();
    }
}

async fn call_p2<B>(
    state: &Arc<RunState>,
    store: &mut wasmtime::Store<Guest>,
    pre: &p2::bindings::ProxyPre<Guest>,
    request: http::Request<Bounded<B>>,
) -> wasmtime::Result<()>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let proxy = pre.instantiate_async(&mut *store).await?;
    let scheme = if state.entry.opened().http.tls { SchemeP2::Https } else { SchemeP2::Http };
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(scheme, request)?;
    let answering = Arc::clone(state);
    let answer = http.new_response_outparam_from_callback(move |answer| {
        answering.answer(answer.map_err(|code| RunError::Failed(format!("{code:?}"))));
    })?;
    proxy.wasi_http_incoming_handler().call_handle(&mut *store, request, answer).await
}

async fn call_p3<B>(
    state: &Arc<RunState>,
    store: &mut wasmtime::Store<Guest>,
    pre: &p3::bindings::ServicePre<Guest>,
    request: http::Request<Bounded<B>>,
) -> wasmtime::Result<()>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = pre.instantiate_async(&mut *store).await?;
    let (head, body) = request.into_parts();
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let uri = head.uri.into_parts();
    let scheme =
        if state.entry.opened().http.tls { http::uri::Scheme::HTTPS } else { http::uri::Scheme::HTTP };
    let headers = FieldMap::new_immutable(store.data_mut().http().hooks, head.headers);
    let authority = uri.authority.or(host);
    let (request, sent) =
        p3::Request::new(head.method, Some(scheme), authority, uri.path_and_query, headers, None, body);
    store
        .run_concurrent(async |accessor| {
            let answer: Answer = match service.handle(accessor, request).await? {
                Ok(response) => Ok(accessor.with(|mut store| response.into_http(&mut store, sent))?),
                Err(code) => Err(RunError::Failed(format!("{code:?}"))),
            };
            state.answer(answer);
            // The guest may go on after its answer: its body is still to be written.
            poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
            Ok(())
        })
        .await?
}

#[cfg(test)]
mod tests;
