//! One connection, from its first byte to its close.
//!
//! Invariant: a connection ends. It idles, starts, reads and writes under deadlines, lives no longer than its lifetime and one
//! last request, and after a refusal it is closed.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::admit::{RawRequest, admit};
use super::authority::Hosts;
use super::limits::ListenerLimits;
use super::pulse::{Answer, Pulse, Running};
use super::wire::{Wire, read_preface};
use super::{EdgeCounters, Handler, LimitedBody, Refused, ReplyBody, Wall, headers};

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Site<H> {
    pub(super) handler: Arc<H>,
    pub(super) hosts: Hosts,
    pub(super) limits: ListenerLimits,
    pub(super) counters: Arc<EdgeCounters>,
}

/// What is known of one connection before its first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    pub(super) source: IpAddr,
    pub(super) tls: bool,
    /// What ALPN agreed on, when it did.
    pub(super) h2: Option<bool>,
}

/// Serves a connection until it ends, or until `stop` and its last request ends.
pub(super) async fn serve<IO, H>(site: Arc<Site<H>>, mut io: IO, peer: Peer, stop: watch::Receiver<bool>)
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler,
{
    let (replay, h2) = match peer.h2 {
        Some(h2) => (Vec::new(), h2),
        None => match first_bytes(&mut io, &site.limits, stop.clone()).await {
            Ok((read, _)) if read.is_empty() => return,
            Ok(read) => read,
            Err(refused) => {
                site.counters.note(&refused, peer.source);
                return;
            }
        },
    };
    let pulse = Pulse::new(site.limits.h2_resets);
    let wire = Wire::new(io, replay, h2, Rc::clone(&pulse), &site.limits);
    if h2 {
        serve_h2(&site, wire, peer, pulse, stop).await;
    } else {
        serve_h1(&site, wire, peer, pulse, stop).await;
    }
}

async fn first_bytes<IO: AsyncRead + Unpin>(
    io: &mut IO,
    limits: &ListenerLimits,
    mut stop: watch::Receiver<bool>,
) -> Result<(Vec<u8>, bool), Refused> {
    let read = timeout(limits.header_timeout, read_preface(io));
    tokio::select! {
        read = read => match read {
            Ok(read) => Ok(read.unwrap_or_default()),
            Err(_) => Err(Refused::new(Wall::HeadTime, "the connection's first bytes took too long")),
        },
        _ = stop.wait_for(|stop| *stop) => Ok((Vec::new(), false)),
    }
}

async fn serve_h1<IO, H>(
    site: &Arc<Site<H>>,
    wire: Wire<IO>,
    peer: Peer,
    pulse: Rc<Pulse>,
    stop: watch::Receiver<bool>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler,
{
    let limits = &site.limits;
    let service = {
        let (site, pulse) = (Arc::clone(site), Rc::clone(&pulse));
        // A request runs from here, before hyper polls its answer or reads on.
        service_fn(move |request| answer(Arc::clone(&site), peer, pulse.begin(), request))
    };
    let mut conn = http1::Builder::new()
        .timer(TokioTimer::new())
        // hyper starts this timer when it begins to wait for a head, so it bounds idling; `Wire` times the head itself.
        .header_read_timeout(limits.idle_timeout.max(limits.header_timeout))
        .half_close(false)
        .keep_alive(true)
        .pipeline_flush(false)
        .max_buf_size(limits.head_bytes.saturating_add(limits.uri_bytes).max(16 * 1024))
        .serve_connection(TokioIo::new(wire), service);
    let drive = drive(limits, &pulse, stop, false, |cx, wind_down| {
        if wind_down {
            Pin::new(&mut conn).graceful_shutdown();
        }
        Pin::new(&mut conn).poll(cx)
    });
    let ended = drive.await;
    let wire = conn.into_parts().io.into_inner();
    let refused = wire.refused().or_else(|| match &ended {
        Ended::Http(Err(error)) if error.is_parse() => {
            Some(Refused::new(Wall::Grammar, "hyper could not parse it"))
        }
        _ => None,
    });
    if let Some(refused) = &refused {
        site.counters.note(refused, peer.source);
    }
    // A request that was cut leaves half an answer, to which nothing can be added.
    if matches!(ended, Ended::Http(_)) && pulse.is_quiet() {
        wire.close().await;
    }
}

async fn serve_h2<IO, H>(
    site: &Arc<Site<H>>,
    wire: Wire<IO>,
    peer: Peer,
    pulse: Rc<Pulse>,
    stop: watch::Receiver<bool>,
) where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    H: Handler,
{
    let limits = &site.limits;
    let service = {
        let (site, pulse) = (Arc::clone(site), Rc::clone(&pulse));
        // A request runs from here, before hyper polls its answer or reads on.
        service_fn(move |request| answer(Arc::clone(&site), peer, pulse.begin(), request))
    };
    let list = limits.head_bytes.saturating_add(32 * limits.header_count).saturating_add(limits.uri_bytes);
    let mut conn = http2::Builder::new(LocalExecutor)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(u32::try_from(list).unwrap_or(u32::MAX))
        .max_frame_size(16 * 1024)
        .max_send_buf_size(64 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(64)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout)
        .serve_connection(TokioIo::new(wire), service);
    let mut driven = pin!(drive(limits, &pulse, stop, true, |cx, wind_down| {
        if wind_down {
            Pin::new(&mut conn).graceful_shutdown();
        }
        Pin::new(&mut conn).poll(cx)
    }));
    tokio::select! {
        // An error here is the peer's or the network's; streams have been answered one by one.
        _ended = &mut driven => {}
        () = pulse.abused.notified() => {
            site.counters.note(&Refused::new(Wall::Resets, "too many streams were opened and reset"), peer.source);
        }
    }
}

/// How a connection ended.
enum Ended {
    /// By itself.
    Http(hyper::Result<()>),
    /// It outlived its lifetime and the last request's.
    Cut,
}

/// Polls a connection; winds it down on `stop`, at the end of its lifetime and, over HTTP/2, when it idles.
async fn drive(
    limits: &ListenerLimits,
    pulse: &Pulse,
    mut stop: watch::Receiver<bool>,
    watch_idle: bool,
    mut poll: impl FnMut(&mut std::task::Context<'_>, bool) -> std::task::Poll<hyper::Result<()>>,
) -> Ended {
    let end = Instant::now() + limits.lifetime;
    {
        let mut stopped = pin!(stop.wait_for(|stop| *stop));
        let mut over = pin!(sleep_until(end));
        let mut idle = pin!(sleep_until(pulse.quiet_since() + limits.idle_timeout));
        loop {
            tokio::select! {
                biased;
                ended = poll_fn(|cx| poll(cx, false)) => return Ended::Http(ended),
                _ = &mut stopped => break,
                () = &mut over => break,
                () = &mut idle, if watch_idle => {
                    let quiet_since = if pulse.is_quiet() { pulse.quiet_since() } else { Instant::now() };
                    if quiet_since + limits.idle_timeout <= Instant::now() {
                        break;
                    }
                    idle.as_mut().reset(quiet_since + limits.idle_timeout);
                }
            }
        }
    }
    // The last request may end; a peer that only idles may not linger.
    let patience = if pulse.is_quiet() { limits.header_timeout } else { limits.last_request };
    let mut first = true;
    match timeout(patience, poll_fn(|cx| poll(cx, std::mem::take(&mut first)))).await {
        Ok(ended) => Ended::Http(ended),
        Err(_) => Ended::Cut,
    }
}

/// Admits one request and hands it to the handler.
async fn answer<H: Handler>(
    site: Arc<Site<H>>,
    peer: Peer,
    running: Running,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let (version, head) = (request.version(), request.method() == Method::HEAD);
    let (parts, body) = request.into_parts();
    let body = LimitedBody::new(body, site.limits.request_body_bytes, site.limits.body_pace);
    let raw = RawRequest { parts, body, source: peer.source, tls: peer.tls };
    let response = match admit(raw, &site.hosts, &site.limits) {
        Ok(admitted) => tidy(Arc::clone(&site.handler).handle(admitted).await),
        Err(refused) => {
            site.counters.note(&refused, peer.source);
            refused.into_response(version)
        }
    };
    let bodiless = head || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    Ok(running.answer(response, bodiless))
}

/// A handler speaks of its answer, never of the connection.
fn tidy(mut response: Response<ReplyBody>) -> Response<ReplyBody> {
    headers::clean_reply(response.headers_mut());
    if response.status().is_informational() {
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    response
}

/// Streams stay on their connection's thread.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
