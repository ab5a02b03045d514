//! An incoming request, read from the host as far as the function asks for it.

use wasip2::http::types::{IncomingBody, IncomingRequest, Method};
use wasip2::io::streams::{InputStream, StreamError};

use crate::message::{self, Headers};

/// Bytes that are asked of a body at once.
const PIECE_BYTES: u64 = 16 * 1024;

/// An incoming request.
pub struct Request {
    request: IncomingRequest,
    // The stream is the body's child and must go first: fields are dropped in this order.
    body: Option<(InputStream, IncomingBody)>,
}

impl Request {
    pub(crate) fn new(request: IncomingRequest) -> Self {
        Self { request, body: None }
    }

    /// `GET`, `POST` …
    #[must_use]
    pub fn method(&self) -> String {
        match self.request.method() {
            Method::Get => "GET".into(),
            Method::Head => "HEAD".into(),
            Method::Post => "POST".into(),
            Method::Put => "PUT".into(),
            Method::Delete => "DELETE".into(),
            Method::Connect => "CONNECT".into(),
            Method::Options => "OPTIONS".into(),
            Method::Trace => "TRACE".into(),
            Method::Patch => "PATCH".into(),
            Method::Other(other) => other,
        }
    }

    /// The path and the query, as they came.
    #[must_use]
    pub fn path_with_query(&self) -> String {
        self.request.path_with_query().unwrap_or_default()
    }

    /// The path alone.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.path_with_query();
        path.truncate(path.find('?').unwrap_or(path.len()));
        path
    }

    /// The decoded value of a key in the query.
    #[must_use]
    pub fn query(&self, key: &str) -> Option<String> {
        message::query(&self.path_with_query(), key)
    }

    /// The first value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.request.headers().get(name).into_iter().next()?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// All header fields.
    #[must_use]
    pub fn headers(&self) -> Headers {
        self.request.headers().entries()
    }

    /// Who calls, as the host says it (`User usr_…`, `Anonymous anonymous`); nobody outside can set this.
    #[must_use]
    pub fn caller(&self) -> String {
        self.header("casemate-caller").unwrap_or_default()
    }

    /// The caller's readable name, for display: names may change, [`Self::caller`] does not.
    #[must_use]
    pub fn caller_name(&self) -> String {
        self.header("casemate-caller-name")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "anonymous".into())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The body broke off, or was larger than the function's limit.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        let body = match &mut self.body {
            Some(body) => body,
            None => {
                let body = self.request.consume().map_err(|()| "the body was taken already")?;
                let stream = body.stream().map_err(|()| "the body was taken already")?;
                self.body.insert((stream, body))
            }
        };
        match body.0.blocking_read(PIECE_BYTES) {
            Ok(piece) => Ok(Some(piece)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => Err(error.to_debug_string()),
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As for [`Request::chunk`].
    pub async fn body(&mut self) -> Result<Vec<u8>, String> {
        let mut whole = Vec::new();
        while let Some(mut piece) = self.chunk().await? {
            whole.append(&mut piece);
        }
        Ok(whole)
    }
}
