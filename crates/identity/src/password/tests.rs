//! The password rules, case by case.

#![expect(clippy::string_slice, reason = "ASCII texts of our own, cut at any place")]

use super::*;

fn check(password: &str, expect: Result<(), PasswordRefused>) {
    let context = ["alice.smith@example.com", "shop", "casemate"];
    let found = Prepared::new(password).and_then(|prepared| prepared.check_new(&context));
    assert_eq!(found, expect, "{password:?}");
}

#[test]
fn length_counts_and_composition_does_not() {
    check("", Err(PasswordRefused::Short));
    check("short-horse", Err(PasswordRefused::Short));
    check("ééééééééééé", Err(PasswordRefused::Short));
    check("violet teapot", Ok(()));
    check("correct horse battery staple", Ok(()));
    check("nocapitalsnodigits", Ok(()));
    check("пароль очень длинный", Ok(()));
    check("83920193847561", Ok(()));
    check(&"a long sentence of many words ".repeat(40), Err(PasswordRefused::Long));
    let unlike: String = (0..200).map(|n| format!("{n:x}-ox ")).collect();
    check(&unlike[..1024], Ok(()));
}

#[test]
fn a_megabyte_is_refused_before_any_work() {
    assert_eq!(Prepared::new(&"é".repeat(1 << 19)).err(), Some(PasswordRefused::Long));
}

#[test]
fn common_ones_and_patterns_are_refused() {
    for common in [
        "password1234",
        "Password2024!!",
        "P4ssw0rd!2024",
        "passwordpassword",
        "123456789012",
        "abcabcabcabc",
        "aaaaaaaaaaaa",
        "qwertyuiop12",
        "qwerty123456",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "administrator",
        "Administrator1",
        "abcdefghijkl",
        "lkjihgfedcba",
        "iloveyou1234",
        "letmein12345",
        "welcome2026!",
        "liverpool1892",
        "correcthorsebatterystaple",
        "monkeydragonhat",
        "abababababab",
    ] {
        check(common, Err(PasswordRefused::Common));
    }
}

#[test]
fn the_accounts_own_words_do_not_count() {
    for own in [
        "alice.smith@example.com",
        "alicesmith2024",
        "AliceSmith-casemate",
        "casemate-shop1",
        "example.com!1",
    ] {
        check(own, Err(PasswordRefused::Context));
    }
    check("alice likes violet teapots", Ok(()));
}

#[test]
fn one_form_for_all_spellings_and_no_control_characters() {
    let form = |typed: &str| Prepared::new(typed).map(|p| p.as_bytes().to_vec());
    assert_eq!(form("caf\u{e9} au lait, s'il"), form("cafe\u{301} au lait, s'il"));
    assert_eq!(form("violet\u{a0}teapot"), form("violet teapot"));
    assert_ne!(form("Violet teapot"), form("violet teapot"), "case counts");
    assert_ne!(form("violet teapot"), form("violet teapot "), "a space counts");
    let long = format!("{}a", "x".repeat(80));
    assert_ne!(form(&long), form(&long[..80]), "nothing is cut at 72 bytes");
    for control in ["violet\0teapot", "violet\nteapot", "\u{7f}violet teapot"] {
        assert_eq!(Prepared::new(control).err(), Some(PasswordRefused::Control), "{control:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_password_panics(typed in ".{0,200}") {
        if let Ok(prepared) = Prepared::new(&typed) {
            let _ = prepared.check_new(&["alice", ""]);
        }
    }
}
