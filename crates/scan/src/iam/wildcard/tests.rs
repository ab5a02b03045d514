use proptest::prelude::*;

use super::*;

#[test]
fn patterns_stand_for_texts() {
    let check = |pattern: &str, text: &str, expect: bool| {
        assert_eq!(matches(pattern, text), expect, "`{pattern}` and `{text}`");
    };
    check("", "", true);
    check("", "a", false);
    check("*", "", true);
    check("*", "abc", true);
    check("**", "", true);
    check("a*", "abc", true);
    check("a*", "ba", false);
    check("*c", "abc", true);
    check("*c*", "abc", true);
    check("a*c", "ac", true);
    check("a*c", "a", false);
    check("ab*ba", "aba", false);
    check("ab*ba", "abba", true);
    check("a?c", "abc", true);
    check("a?c", "ac", false);
    check("*b?d*", "abbcd", true);
    check("*a*b*c", "xaxbxc", true);
    check("*a*b*c", "xbxaxc", false);
    check("arn:aws:s3:::*/public/?", "arn:aws:s3:::b/public/x", true);
}

#[test]
fn actions_have_no_case() {
    let check = |pattern: &str, action: &str, expect: bool| {
        assert_eq!(covers_action(pattern, action), expect, "`{pattern}` and `{action}`");
    };
    check("*", "s3:GetObject", true);
    check("s3:*", "s3:GetObject", true);
    check("S3:getobject", "s3:GetObject", true);
    check("s3:GET*", "s3:GetObject", true);
    check("s3:Put*", "s3:GetObject", false);
    check("dynamodb:*", "s3:GetObject", false);
}

/// The meaning itself, without a thought of time.
fn slow(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, _) => text.is_empty(),
        (Some((b'*', more)), _) => {
            slow(more, text) || text.split_first().is_some_and(|(_, rest)| slow(pattern, rest))
        }
        (Some((wanted, more)), Some((byte, rest))) => (*wanted == b'?' || wanted == byte) && slow(more, rest),
        (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn fast_and_slow_agree(pattern in "[ab*?]{0,10}", text in "[ab]{0,12}") {
        prop_assert_eq!(matches(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
    }
}
