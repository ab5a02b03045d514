//! A strict reading of HTTP/1.1 bytes, in front of hyper's.
//!
//! WHY: hyper is lenient where RFC 9112 lets it be: it drops `Content-Length` beside `Transfer-Encoding`, merges equal lengths,
//! takes bare LF, chunk extensions and any coding list that ends in `chunked`. Somebody in front of us may read the same bytes
//! otherwise; that difference is request smuggling. What has one reading passes through here untouched, and all else is
//! refused before hyper sees the end of the head.
//!
//! Invariant: the scanner keeps no more than one line, and every byte it accepted belongs to a message whose end is beyond doubt.

use super::limits::ListenerLimits;
use super::{Refused, Wall};

/// The longest chunk-size line: 16 hex digits and CRLF.
const CHUNK_LINE_BYTES: usize = 18;

/// Reads one connection's bytes as they come.
#[derive(Debug)]
pub(super) struct Scanner {
    limits: Limits,
    state: State,
    /// A line that has not ended yet.
    line: Vec<u8>,
    head: Head,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    head_bytes: usize,
    header_count: usize,
    uri_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RequestLine,
    Fields,
    Sized(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
}

/// What the fields of the current message said of its end.
#[derive(Debug, Default)]
struct Head {
    bytes: usize,
    fields: usize,
    empty_line: bool,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

/// Bytes that were read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// So many of them have one reading: whole messages, or the beginning of one.
    pub good: usize,
    /// Why the rest has not.
    pub refused: Option<Refused>,
}

const fn grammar(why: &'static str) -> Refused {
    Refused::new(Wall::Grammar, why)
}

const fn framing(why: &'static str) -> Refused {
    Refused::new(Wall::Framing, why)
}

impl Scanner {
    pub(super) fn new(limits: &ListenerLimits) -> Self {
        let limits = Limits {
            head_bytes: limits.head_bytes,
            header_count: limits.header_count,
            uri_bytes: limits.uri_bytes,
        };
        Self { limits, state: State::RequestLine, line: Vec::new(), head: Head::default() }
    }

    /// Whether a head has begun and not ended.
    pub(super) fn in_head(&self) -> bool {
        match self.state {
            State::RequestLine => !self.line.is_empty() || self.head.empty_line,
            State::Fields => true,
            _ => false,
        }
    }

    /// Whether a body has not ended.
    pub(super) const fn in_body(&self) -> bool {
        !matches!(self.state, State::RequestLine | State::Fields)
    }

    /// Reads the next bytes. After a refusal it must not be asked again.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut rest = bytes;
        // Where the current message starts in `bytes`: a refused head is not handed on at all.
        let mut good = 0;
        while !rest.is_empty() {
            let before = self.in_body();
            match self.step(rest) {
                Ok(used) => rest = rest.get(used..).unwrap_or_default(),
                Err(refused) => return Scan { good, refused: Some(refused) },
            }
            if before || self.in_body() || !self.in_head() {
                good = bytes.len() - rest.len();
            }
        }
        Scan { good: bytes.len(), refused: None }
    }

    /// Reads a run of body bytes or one line; says how many bytes that took.
    fn step(&mut self, rest: &[u8]) -> Result<usize, Refused> {
        match self.state {
            State::Sized(left) => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                self.state = match left - used as u64 {
                    0 => self.next_message(),
                    left => State::Sized(left),
                };
                Ok(used)
            }
            State::ChunkData(left) => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                self.state = match left - used as u64 {
                    0 => State::ChunkEnd,
                    left => State::ChunkData(left),
                };
                Ok(used)
            }
            _ => self.step_line(rest),
        }
    }

    fn step_line(&mut self, rest: &[u8]) -> Result<usize, Refused> {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(rest.len(), |end| end + 1);
        let piece = rest.get(..used).unwrap_or_default();
        self.check_size(piece.len())?;
        if end.is_none() {
            self.line.extend_from_slice(piece);
            return Ok(used);
        }
        if self.line.is_empty() {
            self.end_line(piece)?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(piece);
            self.end_line(&line)?;
            line.clear();
            self.line = line;
        }
        Ok(used)
    }

    /// Counts bytes of a head or of trailers, whether their line has ended or not.
    fn check_size(&mut self, more: usize) -> Result<(), Refused> {
        let line = self.line.len() + more;
        match self.state {
            State::ChunkSize | State::ChunkEnd if line > CHUNK_LINE_BYTES => {
                return Err(framing("a chunk's size has extensions or too many digits"));
            }
            State::ChunkSize | State::ChunkEnd => return Ok(()),
            // The method and the version are short. Nothing else about an overlong line matters: the answer must not depend on how the
            // network cut it.
            State::RequestLine if line > self.limits.uri_bytes + 64 => {
                return Err(Refused::new(Wall::UriBytes, "the request target is too long"));
            }
            _ => {}
        }
        self.head.bytes += more;
        if self.head.bytes > self.limits.head_bytes {
            return Err(Refused::new(Wall::HeadBytes, "the headers are too large"));
        }
        Ok(())
    }

    /// Reads a line with its end.
    fn end_line(&mut self, line: &[u8]) -> Result<(), Refused> {
        let line = line.strip_suffix(b"\r\n").ok_or(grammar("a line ends without CR LF"))?;
        self.state = match self.state {
            State::RequestLine if line.is_empty() && !self.head.empty_line => {
                // RFC 9112 §2.2 asks for patience with one.
                self.head.empty_line = true;
                State::RequestLine
            }
            State::RequestLine => {
                self.request_line(line)?;
                State::Fields
            }
            State::Fields if line.is_empty() => self.end_head()?,
            State::Fields => {
                self.field(line, false)?;
                State::Fields
            }
            State::ChunkSize => match chunk_size(line)? {
                0 => {
                    self.head = Head::default();
                    State::Trailers
                }
                size => State::ChunkData(size),
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err(framing("a chunk is longer than its size")),
            State::Trailers if line.is_empty() => self.next_message(),
            State::Trailers => {
                self.field(line, true)?;
                State::Trailers
            }
            State::Sized(_) | State::ChunkData(_) => return Err(framing("a body was read as a line")),
        };
        Ok(())
    }

    fn next_message(&mut self) -> State {
        self.head = Head::default();
        State::RequestLine
    }

    /// RFC 9112 §3: method, one space, target, one space, version.
    fn request_line(&self, line: &[u8]) -> Result<(), Refused> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(grammar("the request line is not three words"));
        };
        if method.is_empty() || !all(method, TOKEN) {
            return Err(grammar("the method is no token"));
        }
        if target.is_empty() {
            return Err(grammar("there is no request target"));
        }
        if target.len() > self.limits.uri_bytes {
            return Err(Refused::new(Wall::UriBytes, "the request target is too long"));
        }
        if !all(target, TARGET) {
            return Err(Refused::new(Wall::Target, "the target has a character that must be escaped"));
        }
        match version {
            b"HTTP/1.1" => Ok(()),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                Err(Refused::new(Wall::Version, "only HTTP/1.1 and HTTP/2 are spoken"))
            }
            _ => Err(grammar("the version is not one of HTTP")),
        }
    }

    /// RFC 9112 §5: a name, a colon right behind it, a value.
    fn field(&mut self, line: &[u8], trailer: bool) -> Result<(), Refused> {
        self.head.fields += 1;
        if self.head.fields > self.limits.header_count {
            return Err(Refused::new(Wall::HeaderCount, "there are too many headers"));
        }
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(grammar("a header is folded over lines"));
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(grammar("a header has no colon"))?;
        let (name, value) = line.split_at_checked(colon).ok_or(grammar("a header has no colon"))?;
        let value = trim(value.strip_prefix(b":").unwrap_or(value));
        if name.is_empty() || !all(name, TOKEN) {
            return Err(grammar("a header's name is no token"));
        }
        if !all(value, VALUE) {
            return Err(grammar("a header's value has a control character"));
        }
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let ends = is("content-length") || is("transfer-encoding") || is("host");
        if ends && trailer {
            return Err(framing("a trailer says where the body ends"));
        }
        if is("content-length") {
            if self.head.length.is_some() {
                return Err(framing("`Content-Length` stands twice"));
            }
            self.head.length = Some(content_length(value)?);
        } else if is("transfer-encoding") {
            if self.head.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(framing("`Transfer-Encoding` is something else than one `chunked`"));
            }
            self.head.chunked = true;
        } else if is("host") {
            self.head.hosts += 1;
            if self.head.hosts > 1 {
                return Err(Refused::new(Wall::Authority, "there is more than one `Host`"));
            }
        }
        Ok(())
    }

    fn end_head(&mut self) -> Result<State, Refused> {
        if self.head.hosts == 0 {
            return Err(Refused::new(Wall::Authority, "there is no `Host`"));
        }
        match (self.head.chunked, self.head.length) {
            (true, Some(_)) => Err(framing("`Content-Length` and `Transfer-Encoding` stand together")),
            (true, None) => Ok(State::ChunkSize),
            (false, Some(length)) if length > 0 => Ok(State::Sized(length)),
            (false, _) => Ok(self.next_message()),
        }
    }
}

/// Spaces and tabs, and nothing else: `trim_ascii` would take CR and form feed too.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// `1*DIGIT`, without what some read as a sign, a list or octal.
fn content_length(value: &[u8]) -> Result<u64, Refused> {
    let plain = matches!(value, [b'0'] | [b'1'..=b'9', ..]) && value.len() <= 18;
    if !plain || !value.iter().all(u8::is_ascii_digit) {
        return Err(framing("`Content-Length` is no plain number"));
    }
    Ok(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// `1*HEXDIG`. Chunk extensions are refused: nobody needs them, and readers disagree on where they end.
fn chunk_size(line: &[u8]) -> Result<u64, Refused> {
    if line.is_empty() || line.len() > 16 {
        return Err(framing("a chunk has no size"));
    }
    line.iter().try_fold(0_u64, |sum, digit| {
        let digit =
            char::from(*digit).to_digit(16).ok_or(framing("a chunk's size is no plain hex number"))?;
        Ok(sum << 4 | u64::from(digit))
    })
}

const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const VALUE: u8 = 4;

/// What each byte may stand in: one look-up a byte, since every byte of every head passes here.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        // RFC 9110 §5.6.2; RFC 3986 without the fragment; RFC 9110 §5.5.
        let mark =
            matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        let token = if byte.is_ascii_alphanumeric() || mark { TOKEN } else { 0 };
        let target = if byte.is_ascii_graphic() && byte != b'#' { TARGET } else { 0 };
        let value = if byte == b'\t' || byte >= 0x20 && byte != 0x7f { VALUE } else { 0 };
        #[expect(
            clippy::indexing_slicing,
            reason = "a byte is an index of 256 places; evaluated while compiling"
        )]
        {
            classes[byte as usize] = token | target | value;
        }
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

fn all(bytes: &[u8], class: u8) -> bool {
    bytes.iter().all(|byte| CLASSES.get(usize::from(*byte)).is_some_and(|own| own & class != 0))
}

#[cfg(test)]
mod tests;
