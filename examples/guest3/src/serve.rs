//! From the host's call to the function and back.

use std::future::Future;
use std::time::Duration;

use wasip3::clocks::monotonic_clock;
use wasip3::http::types::{self, ErrorCode, Fields, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader};
use wasip3::{spawn_local, wit_future, wit_stream};

use guest::{Body, Headers, Response};

use crate::Request;

/// Answers one request.
pub async fn serve<F>(request: types::Request, handle: impl FnOnce(Request) -> F) -> types::Response
where
    F: Future<Output = Response>,
{
    let answer = handle(Request::new(request)).await;
    let (response, _) = types::Response::new(fields(&answer.headers), stream(answer.body), no_trailers());
    if response.set_status_code(answer.status).is_err() {
        let _ = response.set_status_code(500);
    }
    response
}

/// Waits.
pub async fn sleep(duration: Duration) {
    monotonic_clock::wait_for(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).await;
}

pub(crate) fn fields(headers: &Headers) -> Fields {
    let fields = Fields::new();
    for (name, value) in headers {
        // A name that the host forbids is left out; the message still goes.
        let _ = fields.append(name, value);
    }
    fields
}

/// A body, sent by a task of its own after the function has returned.
pub(crate) fn stream(body: Body) -> Option<StreamReader<u8>> {
    if matches!(&body, Body::Whole(whole) if whole.is_empty()) {
        return None;
    }
    let (mut writer, reader) = wit_stream::new();
    spawn_local(async move {
        match body {
            Body::Whole(whole) => drop(writer.write_all(whole).await),
            Body::Pieces(pieces) => {
                for piece in pieces {
                    // What comes back was not read: the caller left.
                    if !writer.write_all(piece).await.is_empty() {
                        break;
                    }
                }
            }
        }
    });
    Some(reader)
}

pub(crate) fn no_trailers() -> FutureReader<Result<Option<Trailers>, ErrorCode>> {
    wit_future::new(|| Ok(None)).1
}
