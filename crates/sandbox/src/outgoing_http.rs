//! Outgoing HTTP: `wasi:http` of both versions, through the one door, to origins that were granted.
//!
//! Not here: addresses and connections ([`crate::egress`]).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use casemate_core::action::operation::HttpSend;
use casemate_core::resource::{HostId, Outgoing};
use casemate_core::{FunctionId, Origin};
use casemate_policy::Permit;
use http::HeaderName;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::egress::Driver;
use crate::host_call::{CallError, HostCall, host_call};
use crate::state::RunState;

/// Bytes that a guest hands over in one write of a body, and writes beside the first that the host keeps until they are read.
///
/// SECURITY: small, because a guest of WASI 0.2 can fill a body, never send it, and fill the next one (`guest::KEPT_BYTES`).
/// Guests write 4 KiB at a time where they wait for each write, so larger chunks would gain nothing for most of them.
pub(crate) const CHUNK_BYTES: usize = 8 << 10;
pub(crate) const BUFFERED_CHUNKS: usize = 1;
/// As above for WASI 0.3, where bytes wait in the guest's own memory until somebody reads: only what is on its way is kept.
const CHUNK_BYTES_3: usize = 64 << 10;

type Received = Result<(http::Response<WasiBody>, Driver), Error>;

/// What `wasi:http` asks of its host.
pub(crate) struct Hooks {
    state: Arc<RunState>,
}

impl Hooks {
    pub(crate) fn new(state: Arc<RunState>) -> Self {
        Self { state }
    }
}

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Received> + Send> {
        let state = Arc::clone(&self.state);
        Box::new(async move { send(&state, request, options).await })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BUFFERED_CHUNKS
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES_3
    }
}

async fn send(
    state: &Arc<RunState>,
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Received {
    let origin = origin_of(request.uri())?;
    let between = options.and_then(|options| options.between_bytes_timeout);
    let (response, driver) = match host_call(state, Departure { origin, request, options }).await {
        Ok(answer) => answer,
        Err(CallError::Denied) => return Err(Error::HttpRequestDenied),
        // Whoever drives the run sees that it is over, and why.
        Err(CallError::Ended(_)) => return Err(Error::HttpRequestDenied),
        Err(CallError::Failed(error)) => return Err(error),
    };
    let most = state.services.connector.idle_timeout();
    let idle = between.map_or(most, |between| between.min(most));
    let response = response.map(|body| Counted::new(body, Arc::clone(state), idle).boxed_unsync());
    Ok((response, driver))
}

fn origin_of(uri: &http::Uri) -> Result<Origin, Error> {
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
    Origin::from_parts(secure, authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)
}

/// One outgoing request on its way to the door.
struct Departure {
    origin: Origin,
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
}

impl HostCall for Departure {
    type Action = HttpSend;
    type Answer = (http::Response<Incoming>, Driver);
    type Error = Error;

    fn target(&mut self, state: &RunState) -> Outgoing {
        Outgoing {
            host: HostId { app: state.function.id().app.clone(), origin: self.origin.clone() },
            method: self.request.method().as_str().to_owned(),
            path: self.request.uri().path().to_owned(),
        }
    }

    async fn perform(self, permit: Permit<HttpSend>, state: &RunState) -> Result<Self::Answer, Error> {
        // The permit says where to; what the grant adds is only whether that may be a private address.
        let origin = &permit.target().host.origin;
        let private = dangerous_private_address(state, origin);
        state.services.connector.send(origin, private, self.request, self.options).await
    }
}

/// Whether the manifest in force, which is not always the one that this run was started under, lets the function reach private
/// addresses through an origin.
fn dangerous_private_address(state: &RunState, origin: &Origin) -> bool {
    let FunctionId { app, name } = state.function.id();
    let manifest = state.services.guard.manifest(app);
    let function = manifest.as_ref().and_then(|manifest| manifest.functions.get(name));
    let grant = function.and_then(|function| function.grants.egress.iter().find(|it| it.origin == *origin));
    grant.is_some_and(|grant| grant.dangerous_private_address)
}

/// An answer's body: paid for byte by byte, and given up when it stalls.
struct Counted {
    body: Incoming,
    state: Arc<RunState>,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    over: bool,
}

impl Counted {
    fn new(body: Incoming, state: Arc<RunState>, idle: Duration) -> Self {
        Self { body, state, idle, timer: Box::pin(tokio::time::sleep(idle)), over: false }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if let Err(limit) = this.state.budget.spend_egress(u64::try_from(bytes).unwrap_or(u64::MAX)) {
                    this.over = true;
                    this.state.hit(limit);
                    return Poll::Ready(Some(Err(Error::HttpResponseBodySize(None))));
                }
                this.timer.as_mut().reset(Instant::now() + this.idle);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.over = true;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.timer.as_mut().poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) => {
                    this.over = true;
                    Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
