//! A whole connection: what hyper and the edge make of its bytes is what a plain reading of RFC 9112 makes of them.
//!
//! Owns: a connection in memory, and a second reader of HTTP/1.1 that shares no code with the first. Not here: time, which stands
//! still as long as bytes come (`edge/tests/time.rs`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, Uri};
use http_body_util::{BodyExt, Empty};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::sync::watch;

use super::super::connection::{Peer, Site, serve};
use super::super::wire::H2_PREFACE;
use super::super::{Admitted, EdgeCounters, Handler, Hosts, ReplyBody, normalise_path};
use super::{ListenerLimits, assert_admitted};

/// A request as the handler saw it.
#[derive(Debug)]
struct Seen {
    method: String,
    path: String,
    query: Option<String>,
    /// Nothing when the body broke off.
    body: Option<Bytes>,
}

#[derive(Debug, Default)]
struct Witness(Mutex<Vec<Seen>>);

impl Handler for Witness {
    async fn handle(self: Arc<Self>, admitted: Admitted) -> Response<ReplyBody> {
        assert_admitted(&admitted);
        let Admitted { method, path, query, body, .. } = admitted;
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        let seen = Seen { method: method.to_string(), path, query, body };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
    }
}

/// Every request that reaches a handler stands in the bytes where a plain reader finds it, with the same body: nothing is smuggled. The
/// connection ends when its bytes do.
pub fn connection(bytes: &[u8]) -> bool {
    let witness = Arc::new(Witness::default());
    talk(bytes, &witness);
    let seen = std::mem::take(&mut *witness.0.lock().unwrap_or_else(PoisonError::into_inner));
    if !bytes.starts_with(H2_PREFACE) {
        let mut rest = bytes;
        for seen in &seen {
            let Some(message) = read(&mut rest) else { panic!("nobody sent {seen:?}") };
            assert_eq!(seen.method.as_bytes(), message.method);
            let Ok(target) = Uri::try_from(message.target) else { panic!("the target of {seen:?}") };
            let path = normalise_path(target.path());
            assert_eq!((path.as_deref(), target.query()), (Ok(seen.path.as_str()), seen.query.as_deref()));
            match &seen.body {
                Some(body) => assert_eq!(Some(body), message.body.as_ref()),
                // Behind a body that broke off, no other message is read.
                None => rest = &[],
            }
        }
    }
    !seen.is_empty()
}

/// Sends the bytes to a server in memory, and waits for its end.
fn talk(bytes: &[u8], witness: &Arc<Witness>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let Ok(runtime) = runtime else { panic!("{runtime:?}") };
    let site = Arc::new(Site {
        handler: Arc::clone(witness),
        hosts: Hosts::Any,
        limits: ListenerLimits::default(),
        counters: Arc::new(EdgeCounters::default()),
    });
    let peer = Peer { source: [192, 0, 2, 1].into(), tls: false, h2: None };
    let (near, far) = duplex(64 * 1024);
    let (mut answers, mut sender) = tokio::io::split(near);
    let (_running, stop) = watch::channel(false);
    let local = tokio::task::LocalSet::new();
    let talk = local.run_until(async {
        let send = async {
            // A server that has closed takes no more; that is no fault.
            let _sent = sender.write_all(bytes).await;
            let _shut = sender.shutdown().await;
        };
        let mut scrap = Vec::new();
        tokio::join!(serve(site, far, peer, stop), send, answers.read_to_end(&mut scrap)).2
    });
    let ended = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(5), talk).await });
    assert!(ended.is_ok(), "the connection does not end");
}

/// A message as the second reader sees it.
struct Message<'a> {
    method: &'a [u8],
    target: &'a [u8],
    /// Nothing when it breaks off or breaks its grammar.
    body: Option<Bytes>,
}

/// Takes one message off the bytes.
fn read<'a>(rest: &mut &'a [u8]) -> Option<Message<'a>> {
    let bytes = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, mut after) = (bytes.get(..end)?, bytes.get(end + 4..)?);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, target) = (words.next()?, words.next()?);
    let fields = || head.split(|byte| *byte == b'\n').skip(1);
    let value = |wanted: &[u8]| {
        fields().find_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            name.eq_ignore_ascii_case(wanted).then(|| value.get(1..).unwrap_or_default().trim_ascii())
        })
    };
    let body = match (value(b"transfer-encoding"), value(b"content-length")) {
        (Some(_), _) => chunks(&mut after),
        (None, Some(length)) => std::str::from_utf8(length).ok()?.parse().ok().and_then(|length: usize| {
            let (body, more) = after.split_at_checked(length)?;
            after = more;
            Some(Bytes::copy_from_slice(body))
        }),
        (None, None) => Some(Bytes::new()),
    };
    // Behind a body that broke off stands no other message.
    *rest = if body.is_some() { after } else { &[] };
    Some(Message { method, target, body })
}

fn chunks(rest: &mut &[u8]) -> Option<Bytes> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = u64::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?, 16).ok()?;
        let size = usize::try_from(size).ok()?;
        *rest = rest.get(end + 2..)?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(rest.get(..size)?);
        *rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        *rest = rest.get(end + 2..)?;
        if end == 0 {
            return Some(Bytes::from(body));
        }
    }
}
