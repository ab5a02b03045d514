//! Outgoing requests. Only origins that the manifest grants under `egress` answer.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

use crate::{Outgoing, Reply};

/// Sends a request and reads the whole answer.
///
/// # Errors
/// Why nothing came back, in the host's words: `HttpRequestDenied` when the origin was not granted.
pub async fn fetch(outgoing: Outgoing) -> Result<Reply, String> {
    let (secure, authority, path) = outgoing.parts()?;
    let headers = Fields::from_list(&outgoing.headers).map_err(|error| format!("{error:?}"))?;
    let request = OutgoingRequest::new(headers);
    let fits = request
        .set_method(&method(&outgoing.method))
        .and_then(|()| request.set_scheme(Some(if secure { &Scheme::Https } else { &Scheme::Http })))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    fits.map_err(|()| format!("`{} {}` is no valid request", outgoing.method, outgoing.url))?;

    let body = request.body().map_err(|()| "the body was taken already")?;
    let pending = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    {
        let stream = body.write().map_err(|()| "the body was taken already")?;
        for piece in outgoing.body.chunks(4096) {
            // If the host refuses the body, the answer below says why.
            if stream.blocking_write_and_flush(piece).is_err() {
                break;
            }
        }
    }
    let finished = OutgoingBody::finish(body, None);
    pending.subscribe().block();
    let response = match pending.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(error))) => return Err(format!("{error:?}")),
        Some(Err(())) | None => return Err("the host gave no answer".into()),
    };
    finished.map_err(|error| format!("{error:?}"))?;
    read(&response)
}

fn read(response: &IncomingResponse) -> Result<Reply, String> {
    let headers = response.headers().entries();
    let incoming = response.consume().map_err(|()| "the body was taken already")?;
    let stream = incoming.stream().map_err(|()| "the body was taken already")?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(16 * 1024) {
            Ok(mut piece) => body.append(&mut piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    Ok(Reply { status: response.status(), headers, body })
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.into()),
    }
}
