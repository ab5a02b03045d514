//! Outgoing requests. Only origins that the manifest grants under `egress` answer.

use wasip3::http::client;
use wasip3::http::types::{self, Method, Scheme};
use wasip3::wit_future;

use guest::{Body, Outgoing, Reply};

use crate::serve::{fields, no_trailers, stream};

/// Sends a request and reads the whole answer.
///
/// # Errors
/// Why nothing came back, in the host's words: `HttpRequestDenied` when the origin was not granted.
pub async fn fetch(outgoing: Outgoing) -> Result<Reply, String> {
    let (secure, authority, path) = outgoing.parts()?;
    let body = stream(Body::Whole(outgoing.body.clone()));
    let (request, _) = types::Request::new(fields(&outgoing.headers), body, no_trailers(), None);
    let fits = request
        .set_method(&method(&outgoing.method))
        .and_then(|()| request.set_scheme(Some(if secure { &Scheme::Https } else { &Scheme::Http })))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    fits.map_err(|()| format!("`{} {}` is no valid request", outgoing.method, outgoing.url))?;

    let response = client::send(request).await.map_err(|error| format!("{error:?}"))?;
    let status = response.get_status_code();
    let headers = response.get_headers().copy_all();
    let (_, fine) = wit_future::new(|| Ok(()));
    let (body, end) = types::Response::consume_body(response, fine);
    let body = body.collect().await;
    end.await.map_err(|error| format!("{error:?}"))?;
    Ok(Reply { status, headers, body })
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
