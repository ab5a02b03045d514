//! Keys that are recognised by their form alone.
//!
//! Invariant: one pass over the text, with a bounded look ahead at each token. Not here: values that only their name gives away (`names`).

use super::names::is_placeholder;
use super::{Leak, Weight};

/// A form: what a token starts with, how long the rest is, what the rest is made of.
struct Form {
    start: &'static str,
    rest: std::ops::RangeInclusive<usize>,
    made_of: fn(u8) -> bool,
    what: &'static str,
    weight: Weight,
}

const fn form(
    start: &'static str,
    rest: std::ops::RangeInclusive<usize>,
    made_of: fn(u8) -> bool,
    what: &'static str,
    weight: Weight,
) -> Form {
    Form { start, rest, made_of, what, weight }
}

fn base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// What a token is made of.
fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// What tokens of several parts are made of.
fn dotted(byte: u8) -> bool {
    word(byte) || byte == b'.'
}

use Weight::{Heavy, Light};

static FORMS: [Form; 38] = [
    form("AKIA", 16..=16, base32, AWS_KEY, Heavy),
    form("ASIA", 16..=16, base32, "a temporary AWS access key", Light),
    form("ghp_", 36..=251, alphanumeric, "a GitHub token", Heavy),
    form("gho_", 36..=251, alphanumeric, "a GitHub token", Heavy),
    form("ghu_", 36..=251, alphanumeric, "a GitHub token", Heavy),
    form("ghs_", 36..=251, alphanumeric, "a GitHub token", Light),
    form("ghr_", 36..=251, alphanumeric, "a GitHub token", Heavy),
    form("github_pat_", 60..=251, word, "a GitHub token", Heavy),
    form("glpat-", 20..=64, word, "a GitLab token", Heavy),
    form("xoxb-", 20..=200, word, "a Slack token", Heavy),
    form("xoxp-", 20..=200, word, "a Slack token", Heavy),
    form("xoxa-", 20..=200, word, "a Slack token", Heavy),
    form("xoxr-", 20..=200, word, "a Slack token", Heavy),
    form("xoxs-", 20..=200, word, "a Slack token", Heavy),
    form("sk_live_", 16..=247, alphanumeric, "a Stripe key", Heavy),
    form("rk_live_", 16..=247, alphanumeric, "a Stripe key", Heavy),
    form("sk_test_", 16..=247, alphanumeric, "a Stripe test key", Light),
    form("rk_test_", 16..=247, alphanumeric, "a Stripe test key", Light),
    form("whsec_", 20..=100, alphanumeric, "a webhook's signing secret", Heavy),
    form("AIza", 35..=35, word, "a Google API key", Light),
    form("GOCSPX-", 28..=28, word, "a Google client secret", Heavy),
    form("SK", 32..=32, hex, "a Twilio key", Heavy),
    form("key-", 32..=32, hex, "a Mailgun key", Heavy),
    form("npm_", 36..=36, alphanumeric, "an npm token", Heavy),
    form("pypi-AgEIcHlwaS5vcmc", 50..=300, word, "a PyPI token", Heavy),
    form("sk-ant-", 30..=200, word, "an Anthropic key", Heavy),
    form("sk-proj-", 40..=250, word, "an OpenAI key", Heavy),
    form("shpat_", 32..=32, hex, "a Shopify token", Heavy),
    form("shpss_", 32..=32, hex, "a Shopify secret", Heavy),
    form("dop_v1_", 64..=64, hex, "a DigitalOcean token", Heavy),
    form("hf_", 34..=34, alphanumeric, "a Hugging Face token", Heavy),
    form("dapi", 32..=32, hex, "a Databricks token", Heavy),
    form("lin_api_", 40..=40, alphanumeric, "a Linear key", Heavy),
    form("sq0csp-", 43..=43, word, "a Square secret", Heavy),
    form("AGE-SECRET-KEY-1", 58..=58, alphanumeric, "an age key", Heavy),
    form("SG.", 40..=100, dotted, "a SendGrid key", Heavy),
    form("hvs.", 24..=200, dotted, "a Vault token", Heavy),
    form("eyJ", 40..=4_096, dotted, "a signed token", Light),
];

/// What a password in an address is called.
const IN_ADDRESS: &str = "a password in an address";

const AWS_KEY: &str = "an AWS access key";
/// How far from an access key its secret half is looked for, in bytes.
const NEAR: usize = 300;
/// The signed token of every manual.
const JWT_OF_MANUALS: &str = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

/// Every key of a known form in a text, by place; none overlaps another.
pub(super) fn find(text: &str) -> Vec<Leak> {
    let bytes = text.as_bytes();
    let mut leaks: Vec<Leak> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !word(*byte) {
            if *byte == b':' {
                leaks.extend(address(text, at));
            }
            at += 1;
            continue;
        }
        let token = run(bytes, at, word);
        match at_token(text, at, token) {
            Some(leak) => {
                at = leak.end.max(token);
                leaks.push(leak);
            }
            None => at = token,
        }
    }
    let keys: Vec<(usize, usize)> =
        leaks.iter().filter(|leak| leak.what == AWS_KEY).map(|leak| (leak.start, leak.end)).collect();
    leaks.extend(keys.into_iter().filter_map(|(start, end)| aws_secret(text, start, end)));
    // A password in an address is found before what it is made of: that says more.
    leaks.sort_by_key(|leak| (leak.start, leak.what == IN_ADDRESS));
    leaks.dedup_by(|later, earlier| later.start < earlier.end);
    leaks
}

/// The secret half of an AWS access key: 40 characters of Base64, which mean nothing by themselves, near the key's id.
fn aws_secret(text: &str, start: usize, end: usize) -> Option<Leak> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+';
    let bytes = text.as_bytes();
    let (from, to) = (start.saturating_sub(NEAR), (end + NEAR).min(bytes.len()));
    let mut at = from;
    while at < to {
        let token = run(bytes.get(..to)?, at, base64);
        let whole = at > from || from == 0;
        let (upper, lower, digit) =
            bytes.get(at..token)?.iter().fold((false, false, false), |(u, l, d), byte| {
                (u || byte.is_ascii_uppercase(), l || byte.is_ascii_lowercase(), d || byte.is_ascii_digit())
            });
        let named = text.get(at..token).is_some_and(|token| !is_placeholder(token) && is_mixed(token));
        if token - at == 40 && whole && (token < to || to == bytes.len()) && upper && lower && digit && named
        {
            return Some(Leak {
                start: at,
                end: token,
                what: "an AWS secret key",
                name: None,
                weight: Heavy,
            });
        }
        at = token.max(at) + 1;
    }
    None
}

/// Where a run of such bytes ends.
fn run(bytes: &[u8], from: usize, of: fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().position(|byte| !of(*byte)).map_or(bytes.len(), |length| from + length)
}

fn at_token(text: &str, start: usize, end: usize) -> Option<Leak> {
    let token = text.get(start..end)?;
    if token.starts_with("-----BEGIN") || token == "BEGIN" {
        return private_key(text, start);
    }
    // Nearly all words end here.
    let may_be = |form: &&Form| form.start.as_bytes().first() == token.as_bytes().first();
    let known = FORMS.iter().filter(may_be).find_map(|form| {
        let dots = form.start.ends_with('.') || form.start == "eyJ";
        let head = form.start.trim_end_matches('.');
        // The dot ends the token: what has one is looked at beyond.
        let end = match dots && token.starts_with(head) {
            true if form.start == "eyJ" => signed_token(text, end)?,
            true => bounded_run(text, start, form.start.len() + form.rest.end()),
            false => end,
        };
        let rest = text.get(start..end)?.strip_prefix(form.start)?;
        let fits = form.rest.contains(&rest.len()) && rest.bytes().all(form.made_of);
        (fits && !is_placeholder(rest) && is_mixed(rest) && is_whole(form, rest)).then_some(Leak {
            start,
            end,
            what: form.what,
            name: None,
            weight: form.weight,
        })
    });
    known.or_else(|| azure(text, start, token))
}

/// The end of a token with dots, looked for one byte further than the form goes.
pub(super) fn bounded_run(text: &str, start: usize, longest: usize) -> usize {
    let limit = (start + longest + 1).min(text.len());
    run(text.as_bytes().get(..limit).unwrap_or_default(), start, dotted)
}

/// The end of `head.body.signature`, of which the head ends here.
///
/// WHY: a text of a million `.eyJ` must not be looked at from each of them to the longest token's end, so each part is read only once
/// the one before it fits.
pub(super) fn signed_token(text: &str, head: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    text.get(head..)?.starts_with(".eyJ").then_some(())?;
    let body = run(bytes, head + 1, word);
    (bytes.get(body) == Some(&b'.')).then_some(())?;
    let signature = run(bytes, body + 1, word);
    (bytes.get(signature) != Some(&b'.')).then_some(signature)
}

/// What a form demands beyond its characters.
fn is_whole(form: &Form, rest: &str) -> bool {
    match form.start {
        "SG." => rest.split('.').map(str::len).eq([22, 43]),
        // Head and body are JSON objects in Base64, the third part is the signature.
        "eyJ" => {
            let parts: Vec<&str> = rest.split('.').collect();
            matches!(parts.as_slice(), [_, body, signature] if body.starts_with("eyJ") && signature.len() >= 20
                && *signature != JWT_OF_MANUALS)
        }
        _ => true,
    }
}

/// Real keys are mixed: a rest of one or two characters is drawn by hand.
fn is_mixed(rest: &str) -> bool {
    let mut seen = [false; 128];
    for byte in rest.bytes() {
        if let Some(place) = seen.get_mut(usize::from(byte)) {
            *place = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() >= 6
}

/// `-----BEGIN RSA PRIVATE KEY-----` and at least a line of it.
fn private_key(text: &str, start: usize) -> Option<Leak> {
    let head_end = (start + 64).min(text.len());
    let head = text.as_bytes().get(start..head_end)?;
    let head = String::from_utf8_lossy(head);
    let head = head.split_inclusive("KEY-----").next().filter(|head| head.ends_with("PRIVATE KEY-----"))?;
    let begins = start + head.len();
    let body_end = (begins + 16_384).min(text.len());
    let body = text.as_bytes().get(begins..body_end)?;
    // Line ends may be written out, as in JSON.
    let mut length = 0;
    let mut end = 0;
    let mut skip = false;
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if skip => skip = false,
            b'\\' => skip = true,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => {
                length += 1;
                end = at + 1;
            }
            b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\'' | b',' => {}
            _ => break,
        }
    }
    (length >= 40).then_some(Leak {
        start,
        end: begins + end,
        what: "a private key",
        name: None,
        weight: Heavy,
    })
}

/// `AccountKey=…` of a storage account.
fn azure(text: &str, start: usize, token: &str) -> Option<Leak> {
    if token != "AccountKey" {
        return None;
    }
    let from = start + token.len() + 1;
    let key = text.get(from..from + 88)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    (text.get(from - 1..from)? == "=" && key.ends_with("==") && key.bytes().all(plain)).then_some(Leak {
        start: from,
        end: from + 88,
        what: "an Azure storage key",
        name: None,
        weight: Heavy,
    })
}

/// The password in `scheme://user:password@host`, looked for from the colon of the scheme.
fn address(text: &str, colon: usize) -> Option<Leak> {
    let rest = text.get(colon..)?.strip_prefix("://")?;
    let from = colon + 3;
    let authority = authority(rest)?;
    let (login, host) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let host = host.split(':').next().unwrap_or(host);
    let nobody = [
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "db",
        "database",
        "postgres",
        "mysql",
        "mongo",
        "redis",
        "host",
        "hostname",
    ];
    let open = |part: &str| part.contains(['$', '{', '}', '%']) && !part.contains("%4");
    let bad = password.len() < 4
        || open(password)
        || open(user)
        || nobody.contains(&host)
        || ["pass", "password", "passwd", "pwd", "secret", "token"]
            .contains(&password.to_ascii_lowercase().as_str())
        || is_placeholder(password)
        || host.starts_with("example.")
        || host.ends_with(".example");
    let start = from + user.len() + 1;
    (!bad).then_some(Leak { start, end: start + password.len(), what: IN_ADDRESS, name: None, weight: Heavy })
}

/// What stands between `://` and the path, at most 512 bytes of it.
pub(super) fn authority(rest: &str) -> Option<&str> {
    let ends = |c: char| c.is_whitespace() || "\"'`<>/?#,;()[]".contains(c);
    let end = rest.char_indices().take_while(|(at, _)| *at < 512).find(|(_, c)| ends(*c));
    match end {
        Some((end, _)) => rest.get(..end),
        None if rest.len() <= 512 => Some(rest),
        None => None,
    }
}
