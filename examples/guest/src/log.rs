//! Log lines for the people who run the app: `casemate logs` shows them.

use crate::bindings::wasi::logging::logging;

pub use logging::Level;

/// Writes a line; `context` groups lines and may be empty.
pub fn line(level: Level, context: &str, text: &str) {
    logging::log(level, context, text);
}

/// Writes a line at level `info`.
pub fn info(text: &str) {
    line(Level::Info, "", text);
}

/// Writes a line at level `error`.
pub fn error(text: &str) {
    line(Level::Error, "", text);
}
