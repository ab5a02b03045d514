//! An incoming request, read from the host as far as the function asks for it.

use wasip3::http::types::{self, ErrorCode, Fields, Method, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use wasip3::wit_future;

use guest::{Headers, query};

/// Bytes that are asked of a body at once.
const PIECE_BYTES: usize = 16 * 1024;

/// An incoming request.
pub struct Request {
    head: Head,
    headers: Fields,
}

enum Head {
    /// As the host gave it.
    Whole(types::Request),
    /// With its body taken out, which uses the host's request up.
    Open { method: String, path: String, body: StreamReader<u8>, end: Option<FutureReader<End>> },
    /// Between the two.
    Gone,
}

type End = Result<Option<Trailers>, ErrorCode>;

impl Request {
    pub(crate) fn new(request: types::Request) -> Self {
        Self { headers: request.get_headers(), head: Head::Whole(request) }
    }

    /// `GET`, `POST` …
    #[must_use]
    pub fn method(&self) -> String {
        match &self.head {
            Head::Whole(request) => match request.get_method() {
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
            },
            Head::Open { method, .. } => method.clone(),
            Head::Gone => String::new(),
        }
    }

    /// The path and the query, as they came.
    #[must_use]
    pub fn path_with_query(&self) -> String {
        match &self.head {
            Head::Whole(request) => request.get_path_with_query().unwrap_or_default(),
            Head::Open { path, .. } => path.clone(),
            Head::Gone => String::new(),
        }
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
        query(&self.path_with_query(), key)
    }

    /// The first value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name).into_iter().next()?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// All header fields.
    #[must_use]
    pub fn headers(&self) -> Headers {
        self.headers.copy_all()
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
        let (body, end) = self.open()?;
        loop {
            let (result, piece) = body.read(Vec::with_capacity(PIECE_BYTES)).await;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
            if !matches!(result, StreamResult::Complete(_)) {
                break;
            }
        }
        match end.take() {
            Some(end) => end.await.map(|_| None).map_err(|error| format!("{error:?}")),
            None => Ok(None),
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

    fn open(&mut self) -> Result<(&mut StreamReader<u8>, &mut Option<FutureReader<End>>), String> {
        if matches!(self.head, Head::Whole(_)) {
            let (method, path) = (self.method(), self.path_with_query());
            if let Head::Whole(request) = std::mem::replace(&mut self.head, Head::Gone) {
                // Nothing ever goes wrong with the body on our side: the other end reads the default.
                let (_, fine) = wit_future::new(|| Ok(()));
                let (body, end) = types::Request::consume_body(request, fine);
                self.head = Head::Open { method, path, body, end: Some(end) };
            }
        }
        match &mut self.head {
            Head::Open { body, end, .. } => Ok((body, end)),
            Head::Whole(_) | Head::Gone => Err("the body was taken already".into()),
        }
    }
}
