//! Path tables and properties.

use proptest::prelude::*;

use super::*;

#[test]
fn one_normal_form() {
    for (path, normal) in [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/a/b.c", "/a/b.c"),
        ("/%61dmin", "/admin"),
        ("/%41dmin", "/Admin"),
        ("/a%2db%2Ec%5Fd%7e", "/a-b.c_d~"),
        ("/a%2bb", "/a%2Bb"),
        ("/a+b", "/a+b"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/%e2%82%ac", "/%E2%82%AC"),
        ("/%f0%9f%8f%b0", "/%F0%9F%8F%B0"),
        ("/a%20b", "/a%20b"),
        ("/a%3fb", "/a%3Fb"),
        ("/a%23b", "/a%23b"),
        ("/a%252e%252e", "/a%252e%252e"),
        ("/100%25", "/100%25"),
        ("/%25%32%65", "/%252e"),
        ("/a;v=1/b", "/a;v=1/b"),
        ("/a:b@c", "/a:b@c"),
        ("/...", "/..."),
        ("/.hidden", "/.hidden"),
        ("/..a", "/..a"),
        ("/.casemate/sign-in", "/.casemate/sign-in"),
        ("/%2ecasemate/sign-in", "/.casemate/sign-in"),
        ("/a*b'(c)!$&,=", "/a*b'(c)!$&,="),
    ] {
        assert_eq!(normalise_path(path).as_deref(), Ok(normal), "{path}");
    }
}

#[test]
fn refuses_what_has_two_readings() {
    for path in [
        "",
        "a",
        "*",
        "http://x/",
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/..",
        "/../",
        "/a/..",
        "/a/../b",
        "/a/./b",
        "/.",
        "/./a",
        "/a/.",
        "/%2e",
        "/%2E%2e/a",
        "/.%2e/a",
        "/%2e./a",
        "/a/%2e%2e",
        "/a/..;/b",
        "/a/..;x=1/b",
        "/a/.;/b",
        "/a/..%3b/b",
        "/a/%2e%2e%3Bx/b",
        "/a/;/b",
        "/;x/b",
        "/a%2fb",
        "/a%2Fb",
        "/%2f",
        "/a%5cb",
        "/a%5Cb",
        "/a\\b",
        "/a\\..\\b",
        "/a%00",
        "/a%00.png",
        "/a%0d%0aSet-Cookie:x",
        "/a%0a",
        "/a%09",
        "/a%1f",
        "/a%7f",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%2g",
        "/a%%32e",
        "/a%u002e",
        "/a%+1",
        "/a% 1",
        "/a b",
        "/a\tb",
        "/a\0b",
        "/café",
        "/a#b",
        "/a?b",
        "/a<b",
        "/a>b",
        "/a\"b",
        "/a{b}",
        "/a|b",
        "/a^b",
        "/a`b",
        "/a[b]",
        // not UTF-8: overlong `/`, overlong `.`, a lone continuation, a lone lead, a surrogate, beyond U+10FFFF
        "/%c0%af",
        "/%c0%ae%c0%ae/",
        "/%e0%80%af",
        "/%f0%80%80%af",
        "/%80",
        "/%c3",
        "/%c3a%a9",
        "/%c3/%a9",
        "/%c3%41%a9",
        "/%ed%a0%80",
        "/%f4%90%80%80",
        "/%ff",
        "/%fe%fe",
    ] {
        let refused = normalise_path(path).map_err(|refused| refused.wall());
        assert_eq!(refused, Err(Wall::Target), "{path:?}");
    }
}

#[test]
fn queries() {
    for query in ["", "a=b", "a=%00", "q=\"{x}|y^z\"", "a=b&a=c", "x=../.."] {
        assert!(check_query(query).is_ok(), "{query}");
    }
    for query in ["a b", "a\tb", "a#b", "é", "a\\b", "a\0", "a\x7f"] {
        assert!(check_query(query).is_err(), "{query:?}");
    }
}

proptest! {
    #[test]
    fn normal_forms_are_fixed_points(
        path in prop_oneof![
            "/[-a-zA-Z0-9._~/%;:@!é\\\\]{0,40}",
            "(/|/\\.|\\.|%2e|%2E|%2f|%5c|%25|%c3%a9|%c0%af|%41|;|a|b){0,16}",
            any::<String>(),
        ]
    ) {
        if let Ok(normal) = normalise_path(&path) {
            prop_assert_eq!(normalise_path(&normal), Ok(normal.clone()));
            prop_assert!(normal.starts_with('/'));
            prop_assert!(normal.is_ascii());
            prop_assert!(!normal.contains("//"), "{}", normal);
            prop_assert!(!normal.contains('\\'), "{}", normal);
            for segment in normal.split('/') {
                prop_assert!(segment != "." && segment != "..", "{}", normal);
            }
            // One more decoding, as a careless reader does it, yields no traversal that was hidden by escapes.
            let once = percent_encoding::percent_decode_str(&normal).decode_utf8();
            let once = once.map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!(!once.contains("//") && !once.split('/').any(|s| s == ".."), "{}", once);
        }
    }
}
