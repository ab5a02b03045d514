//! Passwords that are guessed first: the most common long ones, and the patterns that people build from short ones.
//!
//! The list is small on purpose (twelve characters are required, so almost no leaked password passes the length rule); the
//! patterns stand for the thousands of variations. Not here: length and context rules (`password`).

/// The common stems. A password that is only stems, digits, punctuation and years is refused.
const STEMS: &[&str] = &[
    "administrator",
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "motdepasse",
    "contrasena",
    "contraseña",
    "correcthorsebatterystaple",
    "trustno1",
    "changeme",
    "letmein",
    "welcome",
    "iloveyou",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfgh",
    "zxcvbn",
    "qazwsx",
    "1q2w3e4r",
    "1qaz2wsx",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "basketball",
    "superman",
    "batman",
    "princess",
    "sunshine",
    "master",
    "shadow",
    "michael",
    "jordan",
    "liverpool",
    "chelsea",
    "starwars",
    "pokemon",
    "computer",
    "internet",
    "secret",
    "default",
    "temporary",
    "guest",
    "admin",
    "login",
    "hello",
    "server",
];

/// Rows and orders along which fingers or minds walk.
const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "1234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiopü+",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "!@#$%^&*()",
];

/// Whether a password (lower case) is a common one or a simple pattern.
pub(crate) fn is_common(folded: &str) -> bool {
    let typed: Vec<char> = folded.chars().collect();
    few_characters(&typed) || repeats(&typed) || own_weight(&typed) < MIN_WEIGHT
}

/// Four letters, or eight digits, of one's own.
const MIN_WEIGHT: usize = 8;

/// The letter that a digit or sign stands for.
fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Fewer than five different characters.
fn few_characters(typed: &[char]) -> bool {
    let mut seen = typed.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 5
}

/// The whole is one unit of at most half its length, over and over (the last may be cut).
fn repeats(typed: &[char]) -> bool {
    (1..=typed.len() / 2).any(|unit| typed.iter().zip(typed.iter().skip(unit)).all(|(a, b)| a == b))
}

/// What is left outside stems and walks along rows: two for a letter, one for a digit, nothing for anything else.
fn own_weight(typed: &[char]) -> usize {
    let plain: Vec<char> = typed.iter().copied().map(unleet).collect();
    let (mut at, mut weight) = (0, 0);
    while let Some(c) = typed.get(at) {
        let here = typed.get(at..).unwrap_or_default();
        let stem = longest_stem(here).max(longest_stem(plain.get(at..).unwrap_or_default()));
        let walk = longest_walk(here);
        if stem > 0 || walk >= 4 {
            at += stem.max(if walk >= 4 { walk } else { 0 });
        } else {
            weight += if c.is_alphabetic() { 2 } else { usize::from(c.is_numeric()) };
            at += 1;
        }
    }
    weight
}

/// The length of the longest stem that the characters start with.
fn longest_stem(chars: &[char]) -> usize {
    let starts = |stem: &&str| {
        stem.chars().count() <= chars.len()
            && stem.chars().eq(chars.iter().copied().take(stem.chars().count()))
    };
    STEMS.iter().copied().filter(|stem| starts(stem)).map(|stem| stem.chars().count()).max().unwrap_or(0)
}

/// How many characters from the start walk along one row, forwards or backwards.
fn longest_walk(chars: &[char]) -> usize {
    let along = |row: Vec<char>| {
        (0..row.len())
            .map(|from| chars.iter().zip(row.iter().skip(from)).take_while(|(a, b)| a == b).count())
            .max()
            .unwrap_or(0)
    };
    ROWS.iter()
        .map(|row| along(row.chars().collect()).max(along(row.chars().rev().collect())))
        .max()
        .unwrap_or(0)
}
