//! Looks through HCL before it is parsed: brackets that nest too deep and blocks with too many entries are refused.
//!
//! Owns: a scanner that knows strings, templates, heredocs and comments, and nothing else of the language. Invariants: one pass, no
//! recursion, memory for as many brackets as may be open. Not here: the parser, which is recursive and looks through all keys of an object
//! for every new one, so that neither depth nor size may be left to whoever wrote the file.

/// Brackets, templates and heredocs within each other.
pub(super) const MAX_DEPTH: usize = 48;
/// Entries between two braces.
pub(super) const MAX_ENTRIES: usize = 5_000;

/// What is open at some point of a file.
#[derive(Debug)]
enum Open<'a> {
    /// A bracket or the braces of a block, an object or a template's `${`, with the entries seen so far.
    Bracket { close: u8, entries: usize },
    /// A text in quotation marks.
    Quoted,
    /// A text up to a line that holds this word.
    Heredoc(&'a [u8]),
}

/// Where a file goes too far, and how; `None` for one that may be parsed.
pub(super) fn excess(text: &str) -> Option<(usize, String)> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, open: Vec::new() };
    while let Some(byte) = scanner.peek(0) {
        let start = scanner.at;
        match scanner.open.last() {
            Some(Open::Quoted) => scanner.quoted(byte),
            Some(Open::Heredoc(word)) => {
                let word = *word;
                scanner.heredoc(byte, word);
            }
            _ => scanner.code(byte),
        }
        if scanner.open.len() > MAX_DEPTH {
            return Some((start, format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        if let Some(Open::Bracket { entries, .. }) = scanner.open.last()
            && *entries > MAX_ENTRIES
        {
            return Some((start, format!("more than {MAX_ENTRIES} entries stand in one block")));
        }
    }
    None
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open<'a>>,
}

impl<'a> Scanner<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn push(&mut self, open: Open<'a>, width: usize) {
        self.open.push(open);
        self.at += width;
    }

    /// Outside of texts.
    fn code(&mut self, byte: u8) {
        match (byte, self.peek(1)) {
            (b'#', _) | (b'/', Some(b'/')) => self.skip_line(),
            (b'/', Some(b'*')) => self.skip_comment(),
            (b'"', _) => self.push(Open::Quoted, 1),
            (b'<', Some(b'<')) => self.start_heredoc(),
            (b'{', _) => self.push(Open::Bracket { close: b'}', entries: 0 }, 1),
            (b'[', _) => self.push(Open::Bracket { close: b']', entries: 0 }, 1),
            (b'(', _) => self.push(Open::Bracket { close: b')', entries: 0 }, 1),
            (b'}' | b']' | b')', _) => {
                // A bracket that does not match is the parser's to blame.
                if matches!(self.open.last(), Some(Open::Bracket { close, .. }) if *close == byte) {
                    self.open.pop();
                }
                self.at += 1;
            }
            (b'=' | b':', _) => {
                if let Some(Open::Bracket { close: b'}', entries }) = self.open.last_mut() {
                    *entries += 1;
                }
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    /// Within quotation marks.
    fn quoted(&mut self, byte: u8) {
        match (byte, self.peek(1), self.peek(2)) {
            (b'\\', ..) => self.at += 2,
            (b'"', ..) => {
                self.open.pop();
                self.at += 1;
            }
            _ => self.template(byte),
        }
    }

    /// What texts and heredocs have in common.
    fn template(&mut self, byte: u8) {
        match (byte, self.peek(1), self.peek(2)) {
            (b'$', Some(b'$'), Some(b'{')) | (b'%', Some(b'%'), Some(b'{')) => self.at += 3,
            (b'$' | b'%', Some(b'{'), _) => self.push(Open::Bracket { close: b'}', entries: 0 }, 2),
            _ => self.at += 1,
        }
    }

    fn heredoc(&mut self, byte: u8, word: &[u8]) {
        if byte != b'\n' {
            return self.template(byte);
        }
        self.at += 1;
        if self.ends_here(word) {
            self.open.pop();
        }
    }

    /// Whether the line that starts here holds the heredoc's word and nothing before it.
    fn ends_here(&self, word: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let rest = rest.get(blank..).unwrap_or_default();
        rest.strip_prefix(word).is_some_and(|after| !after.first().is_some_and(|byte| is_word(*byte)))
    }

    fn start_heredoc(&mut self) {
        let dash = usize::from(self.peek(2) == Some(b'-'));
        let from = self.at + 2 + dash;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        match rest.get(..length) {
            Some(word) if !word.is_empty() => {
                self.open.push(Open::Heredoc(word));
                self.at = from + length;
            }
            _ => self.at += 2,
        }
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    fn skip_comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.windows(2).position(|pair| pair == b"*/").map_or(rest.len(), |end| end + 2);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte >= 0x80
}
