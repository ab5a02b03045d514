//! Ways to the provider beside its SDKs: its command line, requests that are signed by hand, addresses that packages open.
//!
//! Invariant: what is asked that way cannot be told from here, so it is unknown. Not here: packages that do nothing else (`hides_calls`).

use super::super::value::{Arguments, Value, What};
use crate::code::machine::Machine;
use crate::known::Piece;
use crate::source::Place;

/// Whether something signs requests to the provider.
pub(in crate::code) fn is_signer(path: &str) -> bool {
    path.strip_prefix("botocore.auth.").is_some_and(|name| name.contains("Auth"))
}

/// Whether a program that is started is the provider's command line.
pub(in crate::code) fn runs_the_command_line(machine: &Machine<'_>, first: &Value) -> bool {
    let items = machine.items(first);
    let program = items.first().unwrap_or(first);
    program.choices().iter().any(|choice| {
        let word = beginning(choice).and_then(|text| text.split_whitespace().next());
        word.is_some_and(|word| word.rsplit('/').next() == Some("aws"))
    })
}

fn beginning(value: &Value) -> Option<&str> {
    match &value.what {
        What::Text(pieces) => match pieces.first() {
            Some(Piece::Literal(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// An address of a bucket: `s3://` and something behind it.
fn is_address(value: &Value) -> bool {
    let more = matches!(&value.what, What::Text(pieces) if pieces.len() > 1);
    beginning(value).is_some_and(|text| {
        let rest = ["s3://", "s3a://", "s3n://"].iter().find_map(|mark| text.strip_prefix(mark));
        rest.is_some_and(|rest| more || !rest.is_empty())
    })
}

/// Beginnings of methods that read or write what an address names.
const OPENS: [&str; 9] = ["read", "write", "to_", "open", "load", "save", "scan", "sink", "parquet"];

impl Machine<'_> {
    /// Addresses of buckets that are handed to something which opens them.
    pub(in crate::code) fn opens_address(&mut self, path: &str, arguments: &Arguments, place: Place) {
        let last = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
        let opens = OPENS.iter().any(|word| last.starts_with(word) || last.contains("dataset"));
        if opens && arguments.all().flat_map(Value::choices).any(is_address) {
            self.gap(
                place,
                format!("`{path}` is handed the address of a bucket, and asks the provider by itself"),
            );
        }
    }
}
