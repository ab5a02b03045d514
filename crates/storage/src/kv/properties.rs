//! What holds for every cursor that a guest hands back.
//!
//! Owns: the property of cursors. `fuzz/` looks for bytes that break it, the tests here replay its seeds. Invariant: a property panics
//! when it does not hold, and says whether the bytes were taken. Not here: what a page holds (`kv/tests.rs`).

use super::space::{KEY, SPACE, format_cursor, parse_cursor};

/// A cursor that is taken is written as it was read: a place has one cursor.
pub fn cursor(bytes: &[u8]) -> bool {
    let Some((text, place)) =
        std::str::from_utf8(bytes).ok().and_then(|text| Some((text, parse_cursor(text).ok()?)))
    else {
        return false;
    };
    let place: [u8; KEY] = place;
    assert_eq!(format_cursor(&[&[0; SPACE][..], &place].concat()).as_deref(), Some(text));
    true
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("cursor", super::cursor);
    }
}
