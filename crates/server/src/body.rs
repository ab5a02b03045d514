//! Reading the bodies of the platform's own endpoints: JSON, small, and nothing else.

use std::time::Duration;

use casemate_core::{Fault, Faulty};
use http::header;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::edge::{self, Admitted};
use crate::reply::Problem;

/// The largest JSON body of an ordinary call, in bytes: names, a password, a session handle.
pub(crate) const SMALL: Bounds = Bounds { bytes: 16 << 10, time: Duration::from_secs(10) };
/// The largest JSON body of a deploy, in bytes. A manifest (256 KiB) fits with room to spare.
pub(crate) const MANIFEST: Bounds = Bounds { bytes: 1 << 20, time: Duration::from_secs(60) };

/// How much of a body is held, and for how long at most until it is whole. What is held before it is known who sends it is
/// small, however many send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is too large.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// It took too long.
    #[error("the body was not whole within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// It ended early, or the connection did.
    #[error("the body could not be read to its end")]
    Broken,
}

impl Faulty for BodyError {
    fn fault(&self) -> Fault {
        match self {
            Self::TooLarge(_) | Self::TooSlow(_) => Fault::Exhausted,
            Self::Broken => Fault::Caller,
        }
    }
    fn limit(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge(_) => Some("request_body_bytes"),
            Self::TooSlow(_) => Some("request_body_time"),
            Self::Broken => None,
        }
    }
}

/// A secret in a body: wiped when it is dropped, never printed.
pub(crate) struct Secret(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Reads a whole body within its bounds.
pub(crate) async fn bytes(admitted: Admitted, bounds: Bounds) -> Result<bytes::Bytes, Problem> {
    let too_large = || Problem::of(&BodyError::TooLarge(bounds.bytes));
    if admitted.body.announced().is_some_and(|length| length > bounds.bytes as u64) {
        return Err(too_large());
    }
    match timeout(bounds.time, Limited::new(admitted.body, bounds.bytes).collect()).await {
        Err(_) => Err(Problem::of(&BodyError::TooSlow(bounds.time))),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        // The edge has bounds of its own: the pace, and the largest body of all.
        Ok(Err(error)) => Err(match error.downcast_ref::<edge::BodyError>() {
            Some(error @ (edge::BodyError::TooSlow | edge::BodyError::TooLarge(_))) => Problem::of(error),
            _ => Problem::of(&BodyError::Broken),
        }),
    }
}

/// Reads a JSON body.
pub(crate) async fn json<T: DeserializeOwned>(admitted: Admitted, bounds: Bounds) -> Result<T, Problem> {
    let kind =
        admitted.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Problem::caller("the body must be JSON").with_help("content-type: application/json"));
    }
    let bytes = bytes(admitted, bounds).await?;
    // SECURITY: the parser's own words repeat values of the body, and a body may hold a password.
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = match error.classify() {
            Category::Io | Category::Eof => "it ends too early",
            Category::Syntax => "it is not JSON",
            Category::Data => "a value there has another type or name, or one is missing",
        };
        let (line, column) = (error.line(), error.column());
        Problem::caller(format!("the body is not what it should be at line {line}, column {column}: {what}"))
    })
}

/// Reads UTF-8 text.
pub(crate) async fn text(admitted: Admitted, bounds: Bounds) -> Result<String, Problem> {
    let bytes = bytes(admitted, bounds).await?;
    String::from_utf8(bytes.to_vec())
        .map_err(|error| Problem::caller(format!("the body is not UTF-8: {error}")))
}
