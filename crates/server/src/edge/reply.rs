//! How a refusal of the edge reads on the wire: a problem document (RFC 9457) and nothing else.
//!
//! Invariant: these answers say which wall and which limit, and close the connection; they carry no `Server` header and no
//! byte of the request.

use bytes::Bytes;
use casemate_core::Faulty;
use http::{HeaderValue, Response, header};
use http_body_util::{BodyExt, Full};
use serde::Serialize;

use super::{Refused, ReplyBody, Wall};

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
}

fn document(refused: &Refused) -> Vec<u8> {
    let status = refused.wall().status();
    let document = Document {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: refused.why(),
        limit: refused.limit(),
    };
    serde_json::to_vec(&document).unwrap_or_else(|_| b"{}".to_vec())
}

/// The headers of every answer that the platform itself makes, before any function had a say.
fn fixed(refused: &Refused) -> impl Iterator<Item = (header::HeaderName, HeaderValue)> {
    let retry = refused.retry_after().map(|after| HeaderValue::from(after.as_secs().max(1)));
    let allow = matches!(refused.wall(), Wall::Method).then(|| HeaderValue::from_static(super::admit::ALLOW));
    [
        (header::CONTENT_TYPE, Some(HeaderValue::from_static("application/problem+json"))),
        (header::CACHE_CONTROL, Some(HeaderValue::from_static("no-store"))),
        (header::X_CONTENT_TYPE_OPTIONS, Some(HeaderValue::from_static("nosniff"))),
        (
            header::CONTENT_SECURITY_POLICY,
            Some(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
        ),
        (header::RETRY_AFTER, retry),
        (header::ALLOW, allow),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

impl Refused {
    /// The answer to a request that was parsed. Over HTTP/1.1 it ends the connection: what follows a refused request is
    /// not trusted.
    #[must_use]
    pub fn into_response(self, version: http::Version) -> Response<ReplyBody> {
        let body = Full::new(Bytes::from(document(&self))).map_err(|never| match never {}).boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = self.wall().status();
        response.headers_mut().extend(fixed(&self));
        if version < http::Version::HTTP_2 {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The answer to bytes that never became a request, as they go over an HTTP/1.1 connection.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = document(self);
        let status = self.wall().status();
        let mut bytes =
            format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("Error"))
                .into_bytes();
        for (name, value) in fixed(self) {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(
            format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).as_bytes(),
        );
        bytes.extend_from_slice(&body);
        bytes
    }
}
