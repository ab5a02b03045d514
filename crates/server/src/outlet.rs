//! What goes into a guest and what comes out: the request as the sandbox takes it, the response as callers may see it.
//!
//! Invariant: a guest cannot speak in the platform's name: headers that start with `casemate-`, and those that steer the
//! connection, are taken out of its answer.

use bytes::Bytes;
use casemate_sandbox::SlowBody;
use http::{HeaderMap, HeaderName, header};
use http_body::Body;
use http_body_util::BodyExt;

use crate::edge::{Admitted, BodyError, ReplyBody};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The request for the sandbox: method, normalised path and query, cleaned headers, body.
pub(crate) fn request_for_guest(
    admitted: Admitted,
) -> http::Request<impl Body<Data = Bytes, Error = BoxError> + Send> {
    let Admitted { method, host, path, query, mut headers, body, tls, .. } = admitted;
    // The guest sees who calls in the header that the host sets, never the credential itself.
    headers.remove(header::AUTHORIZATION);
    let mut request = http::Request::new(body.map_err(|error| match error {
        BodyError::TooSlow => BoxError::from(SlowBody),
        other => BoxError::from(other),
    }));
    let scheme = if tls { "https" } else { "http" };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    // The edge has parsed all of these once already; were the sum not a URI, the guest would see the bare path `/`.
    *request.uri_mut() = format!("{scheme}://{host}{path}{query}").parse().unwrap_or_default();
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    request
}

/// The guest's response without what it may not say.
pub(crate) fn response_of_guest<B>(response: http::Response<B>) -> http::Response<ReplyBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (mut head, body) = response.into_parts();
    clean(&mut head.headers);
    http::Response::from_parts(head, body.map_err(Into::into).boxed_unsync())
}

fn clean(headers: &mut HeaderMap) {
    let reserved: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("casemate-") || name.as_str().starts_with("casemate_"))
        .cloned()
        .collect();
    for name in reserved {
        headers.remove(name);
    }
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TRAILER, header::TE]
    {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "proxy-authenticate"] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_speak_in_the_platforms_name() {
        let mut headers = HeaderMap::new();
        for name in [
            "casemate-request-id",
            "casemate_caller",
            "connection",
            "transfer-encoding",
            "keep-alive",
            "x-mine",
        ] {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), "x".parse().unwrap());
        }
        clean(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-mine"]);
    }
}
