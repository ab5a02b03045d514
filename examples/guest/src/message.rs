//! The parts of requests and responses that do not depend on the version of WASI.

/// Header fields, in order.
pub type Headers = Vec<(String, Vec<u8>)>;

/// What a function answers.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// A response's body.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Piece by piece, each made when the one before it is sent.
    Pieces(Box<dyn Iterator<Item = Vec<u8>>>),
}

impl Response {
    /// An empty answer with a status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(Vec::new()) }
    }

    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::status(200)
            .with_header("content-type", "text/plain; charset=utf-8")
            .with_body(text.into().into_bytes())
    }

    /// JSON.
    #[must_use]
    pub fn json(json: impl ToString) -> Self {
        Self::status(200)
            .with_header("content-type", "application/json")
            .with_body(json.to_string().into_bytes())
    }

    /// A body that is made while it is sent.
    #[must_use]
    pub fn stream(pieces: impl Iterator<Item = Vec<u8>> + 'static) -> Self {
        Self { body: Body::Pieces(Box::new(pieces)), ..Self::status(200) }
    }

    /// The same answer with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same answer with one header field more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same answer with another body.
    #[must_use]
    pub fn with_body(self, body: Vec<u8>) -> Self {
        Self { body: Body::Whole(body), ..self }
    }
}

/// A request that a function sends.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// `GET`, `POST` …
    pub method: String,
    /// Whereto: `http(s)://host[:port]/path?query`.
    pub url: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl Outgoing {
    /// A `GET`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self { method: "GET".into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A `POST` of JSON.
    #[must_use]
    pub fn post_json(url: &str, json: impl ToString) -> Self {
        Self {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("content-type".into(), b"application/json".to_vec())],
            body: json.to_string().into_bytes(),
        }
    }

    /// Splits the address into whether it is `https`, the authority, and path with query.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parts(&self) -> Result<(bool, &str, &str), String> {
        let (secure, rest) = if let Some(rest) = self.url.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = self.url.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(format!("`{}` starts neither with `https://` nor with `http://`", self.url));
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Ok((secure, authority, if path.is_empty() { "/" } else { path }))
    }
}

/// What came back from outside.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The decoded value of a key in the query of `path?query`.
#[must_use]
pub fn query(path_with_query: &str, key: &str) -> Option<String> {
    let (_, query) = path_with_query.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name) == key).then(|| decode(value))
    })
}

/// Undoes percent-encoding and `+`.
fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)];
                let digits = std::str::from_utf8(&digits).unwrap_or("");
                out.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
