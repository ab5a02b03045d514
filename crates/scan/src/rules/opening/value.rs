//! Whether a stranger can meet the value of a condition.
//!
//! Invariant: a value keeps strangers out only if something in it is not theirs to choose: an account, an organisation, the start of a
//! name. A reference to something of the app or its deployment is such a thing. Not here: operators and whole policies (`opening`).

use crate::known::{Piece, Text};

/// Stands in a value for what this app or whoever deploys it fills in.
const OWN: char = '\u{2}';

/// Sources whose names the provider makes up, so that nobody else can have the same in another account.
const MADE_UP: [&str; 3] = ["execute-api", "cloudfront", "elasticfilesystem"];

/// Whether values of a key are met by strangers, any of them being enough.
pub(super) fn is_loose(key: &str, values: &[Text]) -> bool {
    let written: Vec<String> = values.iter().map(written).collect();
    match key {
        "aws:sourceip" => !written.iter().any(|value| value.contains(OWN)) && covers_half(&written),
        _ => written.is_empty() || written.iter().any(|value| is_met(key, value)),
    }
}

/// A value as it is compared: partition and region say nothing of whose thing it is.
fn written(value: &Text) -> String {
    let mut text = String::new();
    for piece in &value.pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Provider(name) if name.to_ascii_lowercase().ends_with("partition") => text.push_str("aws"),
            Piece::Provider(name) if name.to_ascii_lowercase().ends_with("region") => text.push_str("here"),
            _ => text.push(OWN),
        }
    }
    text
}

fn is_met(key: &str, value: &str) -> bool {
    if value.chars().all(|c| c == '*') {
        return true;
    }
    let kind = key.rsplit(':').next().unwrap_or(key);
    match kind {
        "sourcearn" | "principalarn" | "sourcefunctionarn" | "dataaccesspointarn" | "sourcevpcarn" => {
            arn_is_met(value)
        }
        "sourceaccount"
        | "sourceowner"
        | "principalaccount"
        | "calleraccount"
        | "creatoraccount"
        | "dataaccesspointaccount" => is_vague(value, 8),
        "sourceorgid" | "principalorgid" | "sourceorgpaths" | "principalorgpaths" => {
            let organisation = value.split('/').next().unwrap_or(value);
            is_vague(organisation.trim_start_matches("o-"), 4)
        }
        "sourcevpc" | "sourcevpce" => {
            is_vague(value.trim_start_matches("vpce-").trim_start_matches("vpc-"), 4)
        }
        // The provider makes up the first part, the caller the rest.
        "userid" => has_wildcard(value) && known(start(value)) < 12,
        "principalservicename" | "calledvia" => is_vague(value.trim_end_matches(".amazonaws.com"), 2),
        "endpoint" => endpoint_is_met(value),
        "aud" => is_vague(value.rsplit(':').next().unwrap_or(value), 4),
        "sub" => subject_is_met(value),
        _ => is_vague(value, 4),
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// What stands before the first wildcard.
fn start(text: &str) -> &str {
    text.split(['*', '?']).next().unwrap_or_default()
}

/// How much of a text is written: letters and digits; a reference counts as many.
fn known(text: &str) -> usize {
    text.chars().map(|c| if c == OWN { 32 } else { usize::from(c.is_alphanumeric()) }).sum()
}

/// Whether a text with wildcards says less than so many letters and digits.
fn is_vague(text: &str, least: usize) -> bool {
    has_wildcard(text) && known(text) < least
}

fn arn_is_met(value: &str) -> bool {
    if !has_wildcard(value) {
        return false;
    }
    let Some(rest) = value.strip_prefix("arn:") else {
        // A reference to a thing, with something behind it; or wildcards from the start.
        return !start(value).contains(OWN);
    };
    let fields: Vec<&str> = rest.splitn(5, ':').collect();
    let is_account = |field: &&str| field.contains(OWN) || !field.is_empty() && !has_wildcard(field);
    match fields.as_slice() {
        [_, "s3", _, account, tail] => !is_account(account) && known(start(tail)) < 3,
        [_, service, _, account, tail] => {
            let name = tail.trim_start_matches('/').split_once('/').map_or(*tail, |(first, rest)| {
                if MADE_UP.contains(service) && *service == "execute-api" { first } else { rest }
            });
            let named = known(start(name)) >= 8 && (MADE_UP.contains(service) || account.is_empty());
            !is_account(account) && !named && !tail.contains(OWN)
        }
        // Wildcards swallow the fields: one of them may still be an account.
        fields => !fields.iter().any(|field| field.contains(OWN) || is_number(field)),
    }
}

fn is_number(field: &str) -> bool {
    field.len() == 12 && field.bytes().all(|byte| byte.is_ascii_digit())
}

fn endpoint_is_met(value: &str) -> bool {
    if value.starts_with("arn:") {
        return arn_is_met(value);
    }
    is_vague(value.split_once("://").map_or(value, |(_, rest)| rest), 4)
}

/// Subjects of outside issuers: the owner is the part that no stranger can have.
fn subject_is_met(value: &str) -> bool {
    if !has_wildcard(value) {
        return false;
    }
    let start = start(value);
    for word in ["repo:", "project_path:"] {
        if let Some(owner) = start.strip_prefix(word) {
            return !owner.contains(OWN) && owner.split_once('/').is_none_or(|(owner, _)| owner.is_empty());
        }
    }
    known(start.strip_prefix("organization:").unwrap_or(start)) < 3
}

/// Whether blocks of addresses together are half of all of their kind, or more.
fn covers_half(values: &[String]) -> bool {
    let blocks =
        |wide: bool| -> Vec<(u128, u128)> { values.iter().filter_map(|value| block(value, wide)).collect() };
    // Of the newer addresses only an eighth is given out.
    let of_wide = covered(blocks(true)) >= 1 << 124;
    values.is_empty() || of_wide || covered(blocks(false)) >= 1 << 31
}

/// Whether blocks of addresses together are all of the older kind, and all of the newer kind that is given out.
pub(super) fn whole(values: &[Text]) -> (bool, bool) {
    let written: Vec<String> = values.iter().map(written).collect();
    let sum = |wide: bool| covered(written.iter().filter_map(|value| block(value, wide)).collect());
    (sum(false) >= 1 << 32, sum(true) >= 1 << 125)
}

/// First and last address of a block: `203.0.113.0/24`.
fn block(text: &str, wide: bool) -> Option<(u128, u128)> {
    if text.chars().all(|c| c == '*') {
        return Some((0, if wide { u128::MAX } else { u32::MAX.into() }));
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let (bits, number) = match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(address) if !wide => (32, u128::from(u32::from(address))),
        std::net::IpAddr::V6(address) if wide => (128, u128::from(address)),
        _ => return None,
    };
    let free = bits - length.unwrap_or(bits).min(bits);
    let mask = if free == 128 { u128::MAX } else { (1 << free) - 1 };
    Some((number & !mask, number | mask))
}

/// How many addresses some blocks have together.
fn covered(mut blocks: Vec<(u128, u128)>) -> u128 {
    blocks.sort_unstable();
    let (mut sum, mut after) = (0_u128, 0_u128);
    for (first, last) in blocks {
        let first = first.max(after);
        if last >= first {
            sum = sum.saturating_add((last - first).saturating_add(1));
            after = last.saturating_add(1);
        }
    }
    sum
}
