//! What a verb prints: words for people on a terminal, one JSON document for programs.
//!
//! Invariant: results go to standard output, everything else (progress, advice, failures) to standard error.

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

    /// Prints a result: the document for programs, the words for people.
    pub(crate) fn result(&self, document: &Value, words: impl FnOnce() -> String) {
        if self.json {
            self.line(&document.to_string());
        } else {
            let words = words();
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
            let _ = writeln!(stderr, "{document}");
            return;
        }
        let _ = writeln!(stderr, "{} {}", paint(BAD, "error:"), failure.message);
        if let Some(help) = &failure.help {
            let mut lines = help.lines();
            if let Some(first) = lines.next() {
                let _ = writeln!(stderr, "{} {first}", paint(GOOD, " help:"));
            }
            for line in lines {
                let _ = writeln!(stderr, "       {line}");
            }
        }
        if let Some(request) = &failure.request {
            let _ = writeln!(stderr, "{} casemate explain {request}", paint(DIM, "  why:"));
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
