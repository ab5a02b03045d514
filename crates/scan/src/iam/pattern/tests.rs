use proptest::prelude::*;

use super::*;
use crate::iam::wildcard;

/// `*` and `?` are wildcards, `~` a provider's part, `^` a key, `1`…`9` holes, `A`…`F` a made-up name (head and tail), `Z` an atom.
fn tokens(text: &str) -> Vec<Token> {
    let token = |byte: u8| match byte {
        b'*' => vec![Token::Run],
        b'?' => vec![Token::One],
        b'~' => vec![Token::Provider],
        b'^' => vec![Token::Key],
        b'0'..=b'9' => vec![Token::Hole(u64::from(byte - b'0'))],
        b'A'..=b'F' => vec![Token::Head(u64::from(byte)), Token::Tail(u64::from(byte))],
        b'Z' => vec![Token::Atom(1)],
        byte => vec![Token::Byte(byte)],
    };
    text.bytes().flat_map(token).collect()
}

#[test]
fn patterns_cover_resources() {
    let check = |pattern: &str, resource: &str, expect: Cover| {
        assert_eq!(
            cover(&tokens(pattern), &tokens(resource), &mut 0),
            expect,
            "`{pattern}` and `{resource}`"
        );
    };
    check("*", "arn:~:s:~:~:t/A", Cover::Yes);
    check("arn:aws:s:*:*:t/*", "arn:~:s:~:~:t/A", Cover::Yes);
    check("arn:aws:s:eu:x:t/*", "arn:~:s:~:~:t/orders", Cover::Yes);
    check("arn:aws:q:eu:x:t/*", "arn:~:s:~:~:t/orders", Cover::No);
    check("arn:aws:s:*", "arn:~:s:~:~:t/orders", Cover::Yes);
    check("arn:1:s:2:3:t/orders", "arn:~:s:~:~:t/orders", Cover::Yes);
    // Names that the provider makes up: nobody can write them down, patterns may meet them, the same one is the same.
    check("arn:aws:s:eu:x:t/orders", "arn:~:s:~:~:t/A", Cover::No);
    check("arn:aws:s:eu:x:t/orders-*", "arn:~:s:~:~:t/A", Cover::Maybe);
    check("arn:aws:s:eu:x:t/*-orders", "arn:~:s:~:~:t/A", Cover::No);
    check("arn:1:s:2:3:t/A", "arn:~:s:~:~:t/A", Cover::Yes);
    check("arn:1:s:2:3:t/A/index/*", "arn:~:s:~:~:t/A", Cover::No);
    check("arn:1:s:2:3:t/A/index/*", "arn:~:s:~:~:t/A/index/^", Cover::Yes);
    check("arn:1:s:2:3:t/B", "arn:~:s:~:~:t/A", Cover::No);
    // Parameters.
    check("t/orders-4", "t/orders-4", Cover::Yes);
    check("t/orders-*", "t/orders-4", Cover::Yes);
    check("t/orders-dev", "t/orders-4", Cover::Maybe);
    check("t/orders-5", "t/orders-4", Cover::Maybe);
    check("t/users-*", "t/orders-4", Cover::No);
    check("t/4", "t/A", Cover::No);
    check("0", "t/A", Cover::Maybe);
    check("0", "t/orders", Cover::Maybe);
    check("0", "0", Cover::Maybe);
    check("b/0/x", "b/^", Cover::Yes);
    // Something within, whichever.
    check("b/public/*", "b/^", Cover::Yes);
    check("b", "b/^", Cover::No);
    check("b/*", "b", Cover::No);
    check("Z", "Z", Cover::Yes);
    check("z", "Z", Cover::No);
    check("?", "Z", Cover::No);
}

#[test]
fn what_names_another_thing_is_told_apart_at_once() {
    let check = |pattern: &str, resource: &str, most: u64| {
        let mut spent = 0;
        assert_eq!(cover(&tokens(pattern), &tokens(resource), &mut spent), Cover::No);
        assert!(spent <= most, "{pattern}: {spent}");
    };
    check("arn:~:lambda:~:~:function:A", "arn:~:lambda:~:~:function:B", 2);
    check("arn:~:sns:::photos-of-one", "arn:~:sns:::photos-of-two", 2);
    check("arn:aws:sns:::one-of-many/*", "arn:~:sns:::two-of-many/^", 40);
    check("arn:aws:sqs:eu-west:x:*", "arn:~:sns:::two-of-many/^", 40);
}

#[test]
fn long_texts_are_not_compared() {
    let long = vec![Token::Byte(b'a'); MAX_TOKENS + 1];
    assert_eq!(cover(&long, &tokens("a"), &mut 0), Cover::TooLong);
    assert_eq!(cover(&[Token::Run], &long, &mut 0), Cover::Yes);
    let mut spent = 0;
    let stars: Vec<_> = std::iter::repeat_n([Token::Run, Token::Byte(b'a')], 500).flatten().collect();
    cover(&stars, &[Token::Byte(b'b'); 1_000], &mut spent);
    assert!(spent > 0 && spent <= 4 * 1_002 * 1_002, "{spent}");
}

proptest! {
    /// What is cut off beforehand changes no answer.
    #[test]
    fn trimming_changes_nothing(pattern in "[ab:*?~^01AZ]{0,8}", text in "[ab:~^01AZ]{0,8}") {
        let (pattern, resource) = (tokens(&pattern), tokens(&text));
        for maybe in [false, true] {
            let whole = meet(&pattern, &resource, maybe, &mut 0);
            let cut = trimmed(&pattern, &resource, &mut 0);
            prop_assert_eq!(cut.is_some_and(|(pattern, resource)| meet(pattern, resource, maybe, &mut 0)), whole);
        }
    }

    #[test]
    fn without_unknowns_it_is_the_plain_comparison(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        let expect = if wildcard::matches(&pattern, &text) { Cover::Yes } else { Cover::No };
        prop_assert_eq!(cover(&tokens(&pattern), &tokens(&text), &mut 0), expect);
    }

    /// What is filled in decides a maybe either way, and never changes a yes or a no.
    #[test]
    fn a_filling_keeps_the_verdict(pattern in "[ab*1]{0,6}", text in "[ab1]{0,6}", filling in "[ab]{0,3}") {
        let before = cover(&tokens(&pattern), &tokens(&text), &mut 0);
        let (pattern, text) = (pattern.replace('1', &filling), text.replace('1', &filling));
        let after = cover(&tokens(&pattern), &tokens(&text), &mut 0);
        prop_assert!(before == Cover::Maybe || before == after, "{:?} {:?}", before, after);
    }
}
