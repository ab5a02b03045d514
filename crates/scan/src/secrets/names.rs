//! Values that their names give away.
//!
//! Invariant: a name says so by whole words, and a value is a secret only if nobody would read it as a placeholder, a reference, a name or a
//! setting. Not here: how names and values stand in lines (`lines`).

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something that people choose: it may be short.
    Password,
    /// Something that programs make: it is long and mixed.
    Key,
}

/// Words of a name, small: `dbPassword`, `DB_PASSWORD` and `db-password` are alike.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = None::<char>;
    let mut rest = name.chars().take(120).peekable();
    while let Some(c) = rest.next() {
        let next_is_small = rest.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && next_is_small)
            });
        if begins || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        before = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words behind which a name is not that of the secret itself.
const ABOUT: [&str; 77] = [
    "name",
    "names",
    "arn",
    "arns",
    "id",
    "ids",
    "path",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "length",
    "len",
    "ttl",
    "expiry",
    "expires",
    "expire",
    "expiration",
    "timeout",
    "age",
    "lifetime",
    "duration",
    "type",
    "prefix",
    "suffix",
    "header",
    "field",
    "column",
    "policy",
    "rotation",
    "version",
    "enabled",
    "required",
    "min",
    "max",
    "regex",
    "pattern",
    "hint",
    "file",
    "filename",
    "bucket",
    "table",
    "queue",
    "topic",
    "parameter",
    "param",
    "ref",
    "label",
    "title",
    "message",
    "error",
    "reset",
    "hash",
    "digest",
    "checksum",
    "algorithm",
    "alg",
    "issuer",
    "audience",
    "scope",
    "scopes",
    "provider",
    "manager",
    "store",
    "region",
    "index",
    "class",
    "description",
    "limit",
    "count",
    "cost",
    "source",
    "validity",
    "validation",
    "rounds",
    "alias",
];

/// Words of names whose values are for everybody, or made up.
const OTHERS: [&str; 5] = ["public", "publishable", "test", "mock", "example"];
/// Words before which a name is that of a place in a list, or of a field that is filled in twice.
const PASSING: [&str; 9] =
    ["next", "page", "pagination", "continuation", "continue", "confirm", "confirmation", "repeat", "retype"];

/// What a name promises, if it promises a secret.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let words = words(name);
    let at = words.iter().rposition(|word| secret_word(word).is_some())?;
    let (before, after) = (words.get(..at)?, words.get(at + 1..)?);
    if after.iter().any(|word| ABOUT.contains(&word.as_str())) {
        return None;
    }
    if words.iter().any(|word| OTHERS.contains(&word.as_str())) {
        return None;
    }
    // Where a list goes on, and what is typed in twice: `nextToken`, `confirmPassword`.
    if before.iter().any(|word| PASSING.contains(&word.as_str())) {
        return None;
    }
    let kind = secret_word(words.get(at)?)?;
    if words.get(at)? != "key" {
        return Some(kind);
    }
    // Most keys are columns and indexes; these are not.
    const KEYS: [&str; 12] = [
        "api",
        "access",
        "private",
        "secret",
        "signing",
        "encryption",
        "auth",
        "account",
        "master",
        "webhook",
        "jwt",
        "service",
    ];
    before.last().filter(|word| KEYS.contains(&word.as_str())).map(|_| Kind::Key)
}

/// Whether a name in an address says that its value lets somebody in.
pub(super) fn opens(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["signature", "sig", "key", "code", "auth", "credential", "jwt", "session", "token", "secret"];
    words(name).iter().any(|word| WORDS.contains(&word.as_str()) || secret_word(word).is_some())
}

fn secret_word(word: &str) -> Option<Kind> {
    match word {
        "password" | "passwd" | "pwd" | "passphrase" | "pass" => Some(Kind::Password),
        "secret" | "token" | "apikey" | "apitoken" | "secretkey" | "accesstoken" | "credential"
        | "credentials" | "privatekey" | "key" | "authtoken" | "clientsecret" => Some(Kind::Key),
        word if word.ends_with("password") => Some(Kind::Password),
        _ => None,
    }
}

/// Whether a value with this name is a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let Some(kind) = kind(name) else { return false };
    let value = value.trim();
    let shortest = match kind {
        Kind::Password => 6,
        Kind::Key => 10,
    };
    if !(shortest..=1_024).contains(&value.len()) || is_placeholder(value) || is_reference(value) {
        return false;
    }
    if value.chars().any(char::is_whitespace) || value.eq_ignore_ascii_case(name) || is_pattern(value) {
        return false;
    }
    if is_name(value, kind) {
        return false;
    }
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let (small, large) = (has(value, u8::is_ascii_lowercase), has(value, u8::is_ascii_uppercase));
    let signs = value.bytes().any(|byte| byte.is_ascii_punctuation() && !b"-_./:".contains(&byte));
    match kind {
        Kind::Password => digits || signs || (small && large && entropy(value) > 3.0 && !is_words(value)),
        Kind::Key => {
            entropy(value) >= 2.8
                && (digits || signs || (small && large && !is_words(value) && value.len() >= 16))
        }
    }
}

fn has(value: &str, of: fn(&u8) -> bool) -> bool {
    value.bytes().any(|byte| of(&byte))
}

/// Names, settings and words that people put together: `prod/db/password`, `ApiTokenSecret`, `x.y.z`.
fn is_words(value: &str) -> bool {
    let words = words(value);
    !words.is_empty()
        && words.iter().all(|word| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// A pattern for secrets rather than one: `^(?=.*[A-Z]).{8,}$`.
fn is_pattern(value: &str) -> bool {
    value.starts_with('^') && value.ends_with('$')
}

/// Names that people put together from words, with a digit behind one at most: `x-api-key-header-1`, `csrf-token-v2-name`.
///
/// WHY: programs never choose keys of such words, even with a sign behind them as labels have it (`geheim-Wort1!`); people do choose
/// passwords of them, so for a password one of the words must say that this is its name.
fn is_name(value: &str, kind: Kind) -> bool {
    let value = match kind {
        Kind::Password if has(value, u8::is_ascii_uppercase) || !value.contains("password") => return false,
        Kind::Password => value,
        Kind::Key => value.trim_end_matches(['!', '?', '.', ':', '…']),
    };
    let parts: Vec<&str> = value.split(['-', '_', '/', '.']).collect();
    let letters = |part: &str| part.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let is_part = |part: &&str| {
        let (word, digits) = part.split_at(letters(part));
        let small = word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
        !part.is_empty()
            && digits.len() <= 1
            && word.len() < 16
            && small
            && word.bytes().next().is_none_or(|byte| byte.is_ascii_alphabetic())
    };
    // Letters by chance have few vowels: `kqzx-wvpt` is no name.
    let spoken = |part: &&&str| part.bytes().any(|byte| b"aeiouyAEIOUY".contains(&byte));
    let long = || parts.iter().filter(|part| letters(part) >= 3);
    parts.len() >= 2
        && parts.iter().all(is_part)
        && long().count() > 0
        && long().filter(spoken).count() * 2 >= long().count()
}

/// Bits for each character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let share = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    share.map(|share| -share * share.log2()).sum()
}

/// Whether a value leads to a secret rather than being one.
pub(super) fn is_reference(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let starts = [
        "arn:",
        "http://",
        "https://",
        "s3://",
        "ssm:",
        "ssm/",
        "secretsmanager:",
        "vault:",
        "file:",
        "env:",
        "env.",
        "aws/",
        "alias/",
        "ref:",
        "!",
        "/",
        "./",
        "../",
        "~/",
        "~{",
        "\\",
        "process.",
        "os.",
        "var.",
        "local.",
        "data.",
        "module.",
        "event.",
        "context.",
        "$",
        "@",
        "%",
        "method.request",
        "projects/",
    ];
    let files = [".json", ".pem", ".key", ".txt", ".yml", ".yaml", ".js", ".ts", ".py", ".env", ".crt"];
    starts.iter().any(|start| small.starts_with(start))
        || files.iter().any(|end| small.ends_with(end))
        // `prod/db/password1`: a path of words is a name.
        || (value.contains('/') && !value.contains(['+', '=']) && value.split('/').all(|part| {
            part.len() < 25 && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
        }))
        // `DB_PASSWORD_2`: a variable's name.
        || (value.contains('_') && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'))
        || is_words(value)
        || ["true", "false", "null", "none", "undefined", "required", "optional"].contains(&small.as_str())
}

/// Whether a value only stands for one that is still to be filled in.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let small: String = value.chars().take(256).map(|c| c.to_ascii_lowercase()).collect();
    const WORDS: [&str; 49] = [
        "changeme",
        "change-me",
        "change_me",
        "changeit",
        "change-it",
        "change_it",
        "change-this",
        "change_this",
        "changethis",
        "replace-this",
        "replace_this",
        "replacethis",
        "fill-me",
        "fill_me",
        "fillme",
        "put-your",
        "put_your",
        "-goes-here",
        "_goes_here",
        "not-a-",
        "not_a_",
        "notasecret",
        "replaceme",
        "replace-me",
        "replace_me",
        "replace-with",
        "replace_with",
        "example",
        "placeholder",
        "your-",
        "your_",
        "yourpass",
        "yoursecret",
        "yourtoken",
        "dummy",
        "sample",
        "xxxx",
        "todo",
        "insert",
        "fakekey",
        "fake-",
        "fake_",
        "redacted",
        "notset",
        "not-set",
        "not_set",
        "****",
        "....",
        "1234567890abcdef",
    ];
    let marks = ["${", "{{", "}}", "$(", "#{", "%(", "<%", "[[", "!ref", "!sub", "!getatt", "fn::"];
    value.is_empty()
        || WORDS.iter().any(|word| small.contains(word))
        || marks.iter().any(|mark| small.contains(mark))
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with('{') && value.ends_with('}'))
        || (value.starts_with('[') && value.ends_with(']'))
        || is_crossed_out(value)
        || value.chars().all(|c| value.starts_with(c))
}

/// `xxx123`, `XXX-XXX`: every letter is an x, and there are some.
fn is_crossed_out(value: &str) -> bool {
    let crosses = value.bytes().filter(|byte| matches!(byte, b'x' | b'X')).count();
    crosses >= 3 && value.bytes().filter(u8::is_ascii_alphabetic).count() == crosses
}
