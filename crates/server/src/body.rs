//! Reading the bodies of the platform's own endpoints: JSON, small, and nothing else.

use casemate_core::{Fault, Faulty};
use http::header;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use zeroize::Zeroizing;

use crate::edge::Admitted;
use crate::reply::Problem;

/// The largest JSON body that the platform reads, in bytes. A manifest (256 KiB) fits with room to spare.
pub(crate) const MAX_JSON_BYTES: usize = 1 << 20;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is too large.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// It ended early, or the connection did.
    #[error("the body could not be read to its end")]
    Broken,
}

impl Faulty for BodyError {
    fn fault(&self) -> Fault {
        match self {
            Self::TooLarge(_) => Fault::Exhausted,
            Self::Broken => Fault::Caller,
        }
    }
    fn limit(&self) -> Option<&'static str> {
        matches!(self, Self::TooLarge(_)).then_some("request_body_bytes")
    }
}

/// A secret in a body: wiped when it is dropped, never printed.
pub(crate) struct Secret(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Reads a whole body of at most `max` bytes.
pub(crate) async fn bytes(admitted: Admitted, max: usize) -> Result<bytes::Bytes, Problem> {
    match Limited::new(admitted.body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Problem::of(&BodyError::TooLarge(max)))
        }
        Err(_) => Err(Problem::of(&BodyError::Broken)),
    }
}

/// Reads a JSON body.
pub(crate) async fn json<T: DeserializeOwned>(admitted: Admitted) -> Result<T, Problem> {
    let kind =
        admitted.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Problem::caller("the body must be JSON").with_help("content-type: application/json"));
    }
    let bytes = bytes(admitted, MAX_JSON_BYTES).await?;
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
pub(crate) async fn text(admitted: Admitted, max: usize) -> Result<String, Problem> {
    let bytes = bytes(admitted, max).await?;
    String::from_utf8(bytes.to_vec())
        .map_err(|error| Problem::caller(format!("the body is not UTF-8: {error}")))
}
