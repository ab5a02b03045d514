//! What holds for every policy text and every manifest that becomes policies, whoever wrote it.
//!
//! Owns: one property for each reader. `fuzz/` looks for bytes that break one, the tests here replay its seeds. Invariant: a property
//! panics when it does not hold, and says whether the bytes were taken. Not here: examples (the readers' own tests).
#![expect(clippy::expect_used, clippy::panic, reason = "a property says no by panicking")]

use std::sync::{Arc, LazyLock};

use casemate_core::{Manifest, PolicyVersion};

use crate::book::Book;
use crate::text::{Parsed, Source};
use crate::{PolicyError, PolicyOrigin, Rules, WrittenPolicy, check};

const SHOP: &str = include_str!("../../../examples/shop.toml");

static MANIFEST: LazyLock<Arc<Manifest>> =
    LazyLock::new(|| Arc::new(Manifest::parse(SHOP).expect("the example is good")));

/// The shop's policies alone: later books do not parse them again.
static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let rules = Rules { apps: vec![Arc::clone(&MANIFEST)], written: vec![] };
    Book::new(PolicyVersion(1), &rules, None).expect("the example's policies are good")
});

/// A text that the check takes can be put in force, and each of its policies means the same alone. Every place that is named lies in
/// the text.
pub fn policy(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let inside = |line: usize, column: usize| {
        let columns = text.split('\n').nth(line.wrapping_sub(1)).map(|line| 1..=line.chars().count() + 1);
        columns.is_some_and(|columns| columns.contains(&column))
    };
    let checked = check(text, &[Manifest::clone(&MANIFEST)]);
    let written = WrittenPolicy { name: "policy".to_owned(), text: text.to_owned() };
    let rules = Rules { apps: vec![Arc::clone(&MANIFEST)], written: vec![written] };
    let book = Book::new(PolicyVersion(2), &rules, Some(&BOOK));
    assert_eq!(checked.is_ok(), book.is_ok(), "the check and the guard disagree: {checked:?} {book:?}");
    let warnings = match checked {
        Ok(warnings) => warnings,
        Err(PolicyError::Invalid { line, column, .. }) => {
            assert!(inside(line, column), "line {line}, column {column}");
            return false;
        }
        Err(_) => return false,
    };
    assert!(warnings.iter().all(|warning| inside(warning.line, warning.column)), "{warnings:?}");
    for one in parse(text).expect("the check took it") {
        let again = parse(&one.note.text).expect("a policy's own text is one");
        let [again] = again.as_slice() else { panic!("`{}` is {} policies", one.note.text, again.len()) };
        assert_eq!((&again.note.text, again.note.step_up), (&one.note.text, one.note.step_up));
        assert_eq!(again.note.reads, one.note.reads, "`{}`", one.note.text);
        let names = |one: &Parsed| -> Vec<_> {
            one.literals.iter().map(|literal| (literal.kind.clone(), literal.name.clone())).collect()
        };
        assert_eq!(names(again), names(&one));
    }
    true
}

fn parse(text: &str) -> Result<Vec<Parsed>, PolicyError> {
    let origin = |line| PolicyOrigin::Written { name: "policy".to_owned(), line };
    Source { name: "policy", text }.parse(None, origin).map(|(parsed, _)| parsed)
}

/// Every manifest that is read can be put in force: nothing that stands in it breaks the policies that it becomes.
pub fn rules(bytes: &[u8]) -> bool {
    let Some(manifest) = std::str::from_utf8(bytes).ok().and_then(|text| Manifest::parse(text).ok()) else {
        return false;
    };
    let rules = Rules { apps: vec![Arc::new(manifest)], written: vec![] };
    let book = Book::new(PolicyVersion(2), &rules, Some(&BOOK));
    assert!(book.is_ok(), "{book:?}");
    true
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn seeds() {
        replay("policy", super::policy);
        replay("rules", super::rules);
    }
}
