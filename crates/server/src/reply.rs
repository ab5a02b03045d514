//! Where errors become HTTP: one [`Problem`], one exhaustive match from faults to statuses.
//!
//! Invariant: refusals tell nothing. The bodies of 401, 403 and 404 are constants, so that they are alike byte for byte
//! whatever was asked for; the request's id stands in a header. Not here: refusals before a request has an entry (`edge`).

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use casemate_core::{Fault, Faulty, RequestId};
use casemate_policy::Refusal;
use casemate_sandbox::SlowBody;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde::Serialize;

use crate::edge::ReplyBody;

/// The header that carries a request's id, for `casemate explain`.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("casemate-request-id");

/// A failure as the caller reads it (RFC 9457), and the words for the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// What ended the request, for the ledger's outcome.
    pub(crate) word: Box<str>,
    detail: Option<Box<str>>,
    help: Option<Box<str>>,
    limit: Option<&'static str>,
    retry_after: Option<Duration>,
    challenge: Option<Cow<'static, str>>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
}

impl Problem {
    fn bare(status: StatusCode, word: &str) -> Self {
        Self {
            status,
            word: word.into(),
            detail: None,
            help: None,
            limit: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// No credential was shown, and the path is not public: the same answer whether or not there is such a path.
    #[must_use]
    pub(crate) fn unauthenticated() -> Self {
        Self { challenge: Some("Bearer".into()), ..Self::bare(StatusCode::UNAUTHORIZED, "unauthenticated") }
    }

    /// The credential that was shown is not good (RFC 6750 §3.1).
    #[must_use]
    pub(crate) fn bad_credential(why: &str) -> Self {
        let word = format!("credential refused: {why}");
        Self {
            challenge: Some("Bearer error=\"invalid_token\"".into()),
            ..Self::bare(StatusCode::UNAUTHORIZED, &word)
        }
    }

    /// A sign-in failed; why is for the ledger only.
    #[must_use]
    pub(crate) fn sign_in_failed(why: &str) -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, &format!("sign-in refused: {why}"))
    }

    /// There is no such thing, or the caller may not see it.
    #[must_use]
    pub(crate) fn hidden(word: &str) -> Self {
        Self::bare(StatusCode::NOT_FOUND, word)
    }

    /// The caller may see it, but not do this.
    #[must_use]
    pub(crate) fn forbidden() -> Self {
        Self::bare(StatusCode::FORBIDDEN, "denied")
    }

    /// The caller sent something wrong.
    #[must_use]
    pub(crate) fn caller(detail: impl Into<String>) -> Self {
        let detail = Some(detail.into().into());
        Self { detail, ..Self::bare(StatusCode::UNPROCESSABLE_ENTITY, "caller's mistake") }
    }

    /// The same problem with the line that mends it.
    #[must_use]
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into());
        self
    }

    /// A refusal of the guard, for a caller who is signed in or not.
    #[must_use]
    pub(crate) fn refused(refusal: &Refusal, signed_in: bool) -> Self {
        match refusal {
            Refusal::Denied { .. } if !signed_in => Self::unauthenticated(),
            Refusal::Denied { step_up: Some(step_up), .. } => Self {
                // RFC 9470 §3. A method's name is one of a closed list: it needs no escaping.
                challenge: Some(
                    format!(
                        "Bearer error=\"insufficient_user_authentication\", acr_values=\"{}\"",
                        step_up.method.as_str()
                    )
                    .into(),
                ),
                ..Self::bare(StatusCode::UNAUTHORIZED, "stronger authentication needed")
            },
            Refusal::Denied { visible: true, .. } => Self::forbidden(),
            Refusal::Denied { visible: false, .. } => Self::hidden("denied"),
            Refusal::Unrecorded(error) => Self::of(error),
        }
    }

    /// What the caller reads of any room's error.
    #[must_use]
    pub(crate) fn of(error: &dyn Faulty) -> Self {
        let status = match error.fault() {
            Fault::Caller => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Denied => StatusCode::FORBIDDEN,
            Fault::Missing => StatusCode::NOT_FOUND,
            Fault::Exhausted => exhausted(error.limit()),
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // What went wrong inside is for the ledger and the log; the caller reads only what it can mend.
        let detail =
            matches!(error.fault(), Fault::Caller | Fault::Exhausted).then(|| error.to_string().into());
        Self {
            detail,
            help: error.help().map(Into::into),
            limit: error.limit(),
            retry_after: error.retry_after(),
            ..Self::bare(status, &error.to_string())
        }
    }

    /// The status that is answered.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer.
    #[must_use]
    pub(crate) fn into_response(self) -> http::Response<ReplyBody> {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.detail.as_deref(),
            help: self.help.as_deref(),
            limit: self.limit,
        };
        let mut response = json(self.status, &document);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if let Some(challenge) = self.challenge.and_then(|challenge| HeaderValue::try_from(&*challenge).ok())
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The status for each limit. A limit that the caller can respect is a 4xx, one that the function broke is a 5xx.
fn exhausted(limit: Option<&str>) -> StatusCode {
    match limit {
        Some("request_body_bytes" | "component_max_bytes") => StatusCode::PAYLOAD_TOO_LARGE,
        Some("request_body_time" | SlowBody::LIMIT) => StatusCode::REQUEST_TIMEOUT,
        Some(rate) if rate.starts_with("rate.") => StatusCode::TOO_MANY_REQUESTS,
        Some("wall_ms" | "cpu_ms") => StatusCode::GATEWAY_TIMEOUT,
        Some("concurrency" | "queue") | None => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::BAD_GATEWAY,
    }
}

/// A body that is already there.
#[must_use]
pub(crate) fn whole(bytes: impl Into<Bytes>) -> ReplyBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A JSON answer of the platform itself: never cached, never sniffed.
#[must_use]
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> http::Response<ReplyBody> {
    // Serialising our own structs cannot fail; an empty object is still a lawful answer.
    let bytes = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
    let mut response = http::Response::new(whole(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Adds the request's id.
pub(crate) fn stamp(response: &mut http::Response<ReplyBody>, request: RequestId) {
    if let Ok(value) = HeaderValue::from_str(&request.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

/// An answer without a body.
#[must_use]
pub(crate) fn empty(status: StatusCode) -> http::Response<ReplyBody> {
    let mut response = http::Response::new(whole(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
