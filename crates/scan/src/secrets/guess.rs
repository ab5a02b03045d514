//! Passwords that anyone would try: words of the field, in the spellings that people think of, with digits and signs around them.
//!
//! Invariant: a password that a program makes is never one of them. Not here: which values are passwords.

/// The words, small. Placeholders that nobody replaced are among them.
const WORDS: [&str; 40] = [
    "password",
    "passwort",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "admin",
    "administrator",
    "root",
    "user",
    "master",
    "owner",
    "postgres",
    "postgresql",
    "mysql",
    "aurora",
    "maria",
    "database",
    "db",
    "rds",
    "test",
    "testing",
    "demo",
    "example",
    "sample",
    "default",
    "temp",
    "dev",
    "change",
    "changeme",
    "changeit",
    "me",
    "my",
    "this",
    "super",
    "letmein",
    "qwerty",
    "welcome",
    "hello",
    "placeholder",
];
/// The longest that is looked at.
const LONGEST: usize = 40;

/// Whether a password is one that anyone would try.
pub(super) fn is_guessable(value: &str) -> bool {
    if value.len() > LONGEST || !value.is_ascii() {
        return false;
    }
    let small = value.to_ascii_lowercase();
    let outside = |c: char| !c.is_ascii_alphabetic();
    // `P@ssw0rd1!`: signs within the word stand for letters, those around it for nothing.
    let core = small.trim_end_matches(outside).trim_start_matches(outside);
    match core {
        "" => is_counted(value),
        core => {
            value.len() - core.len() <= 6 && [core.to_owned(), spelt(core)].iter().any(|core| is_words(core))
        }
    }
}

/// Letters for the signs that people write instead.
fn spelt(word: &str) -> String {
    let letter = |c: char| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        c => c,
    };
    word.chars().map(letter).collect()
}

/// Whether a text is put together from the words alone.
fn is_words(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| !"-_. ".contains(*c)).collect();
    // For each byte whether words reach up to it.
    let mut reached = vec![false; letters.len() + 1];
    reached.first_mut().into_iter().for_each(|start| *start = true);
    for at in 0..letters.len() {
        if !reached.get(at).copied().unwrap_or(false) {
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        for word in WORDS.iter().filter(|word| rest.starts_with(**word)) {
            reached.get_mut(at + word.len()).into_iter().for_each(|end| *end = true);
        }
    }
    reached.last().copied().unwrap_or(false)
}

/// Whether digits only count up or repeat: `12345678`, `00000000`.
fn is_counted(value: &str) -> bool {
    let digits = value.as_bytes();
    let steps = digits.windows(2).map(|pair| match pair {
        [one, next] => (i16::from(*next) - i16::from(*one)).rem_euclid(10),
        _ => -1,
    });
    let steps: Vec<i16> = steps.collect();
    !value.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && (steps.iter().all(|step| *step == 0) || steps.iter().all(|step| *step == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_anyone_tries() {
        let check = |value: &str, expect| assert_eq!(is_guessable(value), expect, "{value}");
        for value in [
            "password",
            "Password1!",
            "P@ssw0rd",
            "changeme",
            "CHANGE_ME",
            "change-this-1",
            "postgres123",
            "admin1234",
            "mysupersecretpassword",
            "db-password",
            "12345678",
            "00000000",
            "1234567890",
            "letmein!",
            "example1",
        ] {
            check(value, true);
        }
        for value in [
            "",
            "kT9vQ2xLm4Zs",
            "Sommer-2024!",
            "hunter22",
            "correct horse battery",
            "13579246",
            "passage",
            "adm1nx",
            "{{resolve:ssm:a}}",
            "password-20241131",
            "pässword",
        ] {
            check(value, false);
        }
        check(&"password".repeat(6), false);
    }
}
