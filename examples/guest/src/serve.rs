//! From the host's call to the function and back.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::{Body, Request, Response};

/// The most that one `blocking_write_and_flush` takes.
const PIECE_BYTES: usize = 4096;

/// Runs a future whose waits block: it is ready at the first poll.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("under WASI 0.2 every wait of this crate blocks"),
    }
}

/// Answers one request.
pub async fn serve<F>(request: IncomingRequest, out: ResponseOutparam, handle: impl FnOnce(Request) -> F)
where
    F: Future<Output = Response>,
{
    let answer = handle(Request::new(request)).await;
    let headers = Fields::new();
    for (name, value) in &answer.headers {
        // A name that the host forbids is left out; the answer still goes.
        let _ = headers.append(name, value);
    }
    let response = OutgoingResponse::new(headers);
    if response.set_status_code(answer.status).is_err() {
        let _ = response.set_status_code(500);
    }
    let Ok(body) = response.body() else { return };
    ResponseOutparam::set(out, Ok(response));
    // A caller that left is no fault of the function's.
    if write(&body, answer.body).is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Sends a body; `Err` when nobody reads it any more.
fn write(body: &OutgoingBody, content: Body) -> Result<(), ()> {
    let stream = body.write()?;
    let send = |whole: &[u8]| {
        whole.chunks(PIECE_BYTES).try_for_each(|piece| stream.blocking_write_and_flush(piece).map_err(drop))
    };
    match content {
        Body::Whole(whole) => send(&whole),
        Body::Pieces(mut pieces) => pieces.try_for_each(|piece| send(&piece)),
    }
}

/// Waits.
pub async fn sleep(duration: Duration) {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::subscribe_duration(nanoseconds).block();
}
