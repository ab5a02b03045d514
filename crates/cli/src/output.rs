//! What a verb prints: words for people on a terminal, one JSON document for programs.
//!
//! Invariant: results go to standard output, everything else (progress, advice, failures) to standard error. What came from
//! outside (a server's answer, a guest's log text, a ledger's files) reaches a terminal only through [`plain`], so no text of
//! others moves the cursor, hides a line or turns the reading direction.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::failure::Failure;

/// Where and how a verb prints.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

/// Green: it held, it worked.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Red: it did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Yellow: look at this.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// Dim: details.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Bold: headings.
pub(crate) const BOLD: Style = Style::new().bold();

/// Text in a style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

impl Output {
    pub(crate) fn new(json: bool, color: clap::ColorChoice) -> Self {
        let choice = match color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self { json }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: the document for programs, the words for people. The words are made of the document that they are
    /// given, in which every text is [`plain`].
    pub(crate) fn result(&self, document: &Value, words: impl FnOnce(&Value) -> String) {
        if self.json {
            self.line(&json_text(document));
        } else {
            let words = words(&plain_document(document));
            if !words.is_empty() {
                self.line(words.trim_end_matches('\n'));
            }
        }
    }

    /// Prints one line of a result.
    pub(crate) fn line(&self, text: &str) {
        // A closed pipe is the reader's choice, not a failure.
        let _ = writeln!(anstream::stdout().lock(), "{text}");
    }

    /// Tells people something on the side.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Prints a failure.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut stderr = anstream::stderr().lock();
        if self.json {
            let document = serde_json::json!({
                "error": failure.message, "help": failure.help, "request": failure.request,
            });
            let _ = writeln!(stderr, "{}", json_text(&document));
            return;
        }
        // Further lines stand in, so that none of them passes for a line of ours.
        let mut say = |head: String, text: &str| {
            let mut lines = text.lines().map(plain);
            let _ = writeln!(stderr, "{head} {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(stderr, "       {line}");
            }
        };
        say(paint(BAD, "error:"), &failure.message);
        if let Some(help) = &failure.help {
            say(paint(GOOD, " help:"), help);
        }
        if let Some(request) = &failure.request {
            say(paint(DIM, "  why:"), &format!("casemate explain {}", plain(request)));
        }
    }

    /// A spinner for work that may take over a second; silent for programs and pipes.
    pub(crate) fn spinner(&self, words: String) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(words);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar for bytes on their way.
    pub(crate) fn bytes(&self, words: String, total: u64) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(total).with_message(words);
        if let Ok(style) =
            ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}")
        {
            bar.set_style(style);
        }
        bar
    }
}

/// Whether a character does something to a terminal, or to how other characters are read, instead of showing itself: controls
/// (Cc), format characters (Cf, which turn the reading direction and hide), line and paragraph separators (Zl, Zp).
fn is_hidden(c: char) -> bool {
    // Cf, Zl and Zp of Unicode 16, with the places that are kept free between them.
    const FORMATS: [(char, char); 19] = [
        ('\u{ad}', '\u{ad}'),
        ('\u{600}', '\u{605}'),
        ('\u{61c}', '\u{61c}'),
        ('\u{6dd}', '\u{6dd}'),
        ('\u{70f}', '\u{70f}'),
        ('\u{890}', '\u{891}'),
        ('\u{8e2}', '\u{8e2}'),
        ('\u{180e}', '\u{180e}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{2028}', '\u{202e}'),
        ('\u{2060}', '\u{206f}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{fff9}', '\u{fffb}'),
        ('\u{110bd}', '\u{110bd}'),
        ('\u{110cd}', '\u{110cd}'),
        ('\u{13430}', '\u{1343f}'),
        ('\u{1bca0}', '\u{1bca3}'),
        ('\u{1d173}', '\u{1d17a}'),
        ('\u{e0000}', '\u{e007f}'),
    ];
    c.is_control() || FORMATS.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Text of others as a terminal may have it: every character that would do something instead of showing itself is written out,
/// `\u{1b}`, line ends too.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// As [`plain`], for a text of several lines and tabs that are meant, such as a body that was asked for.
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<_> =
        text.split('\n').map(|line| line.split('\t').map(plain).collect::<Vec<_>>().join("\t")).collect();
    lines.join("\n")
}

/// A document in which every text is [`plain`].
fn plain_document(document: &Value) -> Value {
    match document {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.iter().map(plain_document).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (plain(name), plain_document(value))).collect()
        }
        other => other.clone(),
    }
}

/// A document as JSON that is safe on a terminal too: the same document, with `\u` escapes for what does not show itself.
pub(crate) fn json_text(document: &Value) -> String {
    let mut json = String::new();
    for c in document.to_string().chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                json.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            json.push(c);
        }
    }
    json
}

/// Lays out rows in columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lay = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        line.trim_end().to_owned()
    };
    let mut text = paint(DIM, lay(&mut head.iter().copied()));
    for row in rows {
        text.push('\n');
        text.push_str(&lay(&mut row.iter().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_left() {
        let check = |text: &str, shown: &str| assert_eq!(plain(text), shown, "{text:?}");
        check("an order of 3 × “tea” – 漢字 ñ", "an order of 3 × “tea” – 漢字 ñ");
        check("\x1b[2J", "\\u{1b}[2J");
        check("a\rb\nc\td", "a\\u{d}b\\u{a}c\\u{9}d");
        check("\u{202e}evil\u{2066}", "\\u{202e}evil\\u{2066}");
        check("a\u{2028}b\u{2029}c\u{85}d\u{9b}e", "a\\u{2028}b\\u{2029}c\\u{85}d\\u{9b}e");
        check("\u{200b}\u{feff}\u{ad}\u{61c}\u{e0041}", "\\u{200b}\\u{feff}\\u{ad}\\u{61c}\\u{e0041}");
        assert_eq!(plain_lines("a\tb\n\x1bc\r\n"), "a\tb\n\\u{1b}c\\u{d}\n");
    }

    #[test]
    fn json_stays_the_same_document() {
        let document =
            serde_json::json!({ "text": "a\u{202e}b\u{e0041}\x1b\u{9b}\n", "\u{2028}": [1, null] });
        let json = json_text(&document);
        assert!(!json.chars().any(is_hidden), "{json}");
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), document);
    }
}
