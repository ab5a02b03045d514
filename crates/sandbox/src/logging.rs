//! Log lines: `wasi:logging`, and what guests write to standard output and error.
//!
//! The line's place is the ledger entry of its request, so being recorded is the whole effect.

use std::sync::Arc;

use casemate_core::action::operation::LogWrite;
use casemate_core::resource::LogLine;

use crate::bindings::wasi::logging::logging::{Host, Level};
use crate::guest::Guest;
use crate::host_call::{Ended, enter};
use crate::state::RunState;

/// The longest line, in bytes; the rest is cut.
const MAX_LINE_BYTES: usize = 4 << 10;
/// So many bytes of a line cost as much as a line.
const PRICED_BYTES: u64 = 256;

impl Host for Guest {
    async fn log(&mut self, level: Level, context: String, message: String) -> wasmtime::Result<()> {
        let text = if context.is_empty() { message } else { format!("{context}: {message}") };
        let level = match level {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Critical => "critical",
        };
        write(&self.state, level, &text).map_err(wasmtime::Error::new)
    }
}

/// Writes one line, cut to the limit.
///
/// # Errors
/// The reason why the run is over. A line that is not allowed is dropped; the deny stands in the ledger.
pub(crate) fn write(state: &RunState, level: &'static str, text: &str) -> Result<(), crate::RunError> {
    let text = cut(text);
    let line = LogLine { function: state.function.id().clone(), level, text: Arc::from(text) };
    match enter::<LogWrite>(state, line, price(text)) {
        // Recorded: the permit has nothing left to allow.
        Ok(_permit) => Ok(()),
        Err(Ended::Denied) => Ok(()),
        Err(Ended::Over(reason)) => Err(reason),
    }
}

/// How many times a line costs what the shortest one does: its place in the ledger grows with it.
fn price(text: &str) -> u64 {
    // As JSON writes it; without this the dearest text would be six times as cheap.
    let stored = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 2,
        0..=31 => 6,
        _ => 1,
    });
    1 + stored.sum::<u64>() / PRICED_BYTES
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_LINE_BYTES);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_cost_more_by_what_the_ledger_keeps_of_them() {
        assert_eq!([price(""), price(&"x".repeat(255)), price(&"x".repeat(256))], [1, 1, 2]);
        assert_eq!(price(&"x".repeat(MAX_LINE_BYTES)), 17);
        assert_eq!(price(&"\u{1}".repeat(MAX_LINE_BYTES)), 97);
        assert_eq!(price(&"\"".repeat(MAX_LINE_BYTES)), 33);
    }

    #[test]
    fn lines_are_cut_at_a_character() {
        assert_eq!(cut("short"), "short");
        let long = "é".repeat(MAX_LINE_BYTES);
        assert_eq!(cut(&long).len(), MAX_LINE_BYTES);
        let odd = format!("x{long}");
        assert_eq!(cut(&odd).len(), MAX_LINE_BYTES - 1);
    }
}
