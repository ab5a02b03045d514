//! One person, one name.

use super::*;
use proptest::prelude::*;

#[test]
fn spellings_of_one_name_are_one_name() {
    for alias in ["alice", "Alice", "ALICE", "ａｌｉｃｅ", "Ａlice", "ⓐlice", "𝐚𝐥𝐢𝐜𝐞"]
    {
        assert_eq!(AccountName::parse(alias).unwrap().as_str(), "alice", "{alias}");
    }
    assert_eq!(AccountName::parse("\u{212a}ate").unwrap().as_str(), "kate", "Kelvin sign");
    assert_eq!(AccountName::parse("ﬁona@Example.COM").unwrap().as_str(), "fiona@example.com", "ligature");
}

#[test]
fn what_could_be_mistaken_for_another_name_is_none() {
    let long = "a".repeat(65);
    let endless = "a".repeat(1 << 20);
    for name in [
        "",
        " ",
        "alice ",
        " alice",
        "al ice",
        "alice\0",
        "alice\n",
        "alice/..",
        "-alice",
        "alice.",
        "@",
        "аlice",
        "alic\u{200b}e",
        "alıce",
        "İbo",
        "al\u{301}ice",
        "josé",
        "a'--",
        "a%00",
        &long,
        &endless,
    ] {
        assert_eq!(AccountName::parse(name), Err(NameRefused), "{name:?}");
    }
    assert!(AccountName::parse(&"a".repeat(64)).is_ok(), "positive control");
}

proptest! {
    #[test]
    fn folding_is_idempotent_and_never_panics(raw in ".{0,80}") {
        if let Ok(name) = AccountName::parse(&raw) {
            prop_assert!(name.as_str().is_ascii());
            prop_assert_eq!(AccountName::parse(name.as_str()), Ok(name.clone()));
            prop_assert_eq!(AccountName::parse(&raw.to_uppercase()).map(|n| n.as_str().to_owned()),
                            AccountName::parse(&raw.to_uppercase()).map(|n| n.as_str().to_lowercase()));
        }
    }
}
