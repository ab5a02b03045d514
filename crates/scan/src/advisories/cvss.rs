//! How bad a vulnerability is, from its CVSS vector.
//!
//! Invariant: a vector that is incomplete has no score. Source: CVSS v3.1 specification, section 7.1 (base metrics), also for v3.0. A vector
//! of version 4 gives a level and no score: its base metrics are weighed as those of version 3 with the same meaning, because the
//! table that version 4 looks its scores up in is larger than what it would tell here.

use crate::finding::Severity;

/// The base score of a version 3 vector, in tenths.
pub(super) fn score_tenths(vector: &str) -> Option<u8> {
    let rest = vector.strip_prefix("CVSS:3.1/").or_else(|| vector.strip_prefix("CVSS:3.0/"))?;
    let metric = |name: &str| metric(rest, name);
    let changed = choose(metric("S")?, &[("U", false), ("C", true)])?;
    let vector = choose(metric("AV")?, &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?;
    let complexity = choose(metric("AC")?, &[("L", 0.77), ("H", 0.44)])?;
    let privileges = match changed {
        true => choose(metric("PR")?, &[("N", 0.85), ("L", 0.68), ("H", 0.5)])?,
        false => choose(metric("PR")?, &[("N", 0.85), ("L", 0.62), ("H", 0.27)])?,
    };
    let interaction = choose(metric("UI")?, &[("N", 0.85), ("R", 0.62)])?;
    let impact = |name| choose(metric(name)?, &[("H", 0.56), ("L", 0.22), ("N", 0.0)]);
    let (c, i, a) = (impact("C")?, impact("I")?, impact("A")?);
    let lost: f64 = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact = match changed {
        true => 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02).powi(15),
        false => 6.42 * lost,
    };
    if impact <= 0.0 {
        return Some(0);
    }
    let exploit = 8.22 * vector * complexity * privileges * interaction;
    let score = if changed { 1.08 * (impact + exploit) } else { impact + exploit };
    // The specification rounds up to tenths, on hundred-thousandths so that machines agree.
    let fine = (score.min(10.0) * 100_000.0).round();
    Some((fine / 10_000.0).ceil() as u8)
}

/// The level of a vector of version 3 or 4.
pub(super) fn severity(vector: &str) -> Option<Severity> {
    let translated = vector.strip_prefix("CVSS:4.0/").and_then(as_version_3);
    level(score_tenths(translated.as_deref().unwrap_or(vector))?)
}

/// The level of a score, by the qualitative scale of the specification.
pub(super) fn level(tenths: u8) -> Option<Severity> {
    match tenths {
        0 => None,
        1..=39 => Some(Severity::Low),
        40..=69 => Some(Severity::Medium),
        70..=89 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

/// A level by its word.
pub(super) fn named(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "low" => Some(Severity::Low),
        "moderate" | "medium" => Some(Severity::Medium),
        "high" | "important" => Some(Severity::High),
        "critical" => Some(Severity::Critical),
        _ => None,
    }
}

fn as_version_3(rest: &str) -> Option<String> {
    let metric = |name: &str| metric(rest, name);
    let complexity = if metric("AC")? == "L" && metric("AT")? == "N" { "L" } else { "H" };
    let interaction = if metric("UI")? == "N" { "N" } else { "R" };
    let reaches_on =
        ["SC", "SI", "SA"].into_iter().any(|name| metric(name).is_some_and(|value| value != "N"));
    let scope = if reaches_on { "C" } else { "U" };
    // Version 4 counts what the next system loses apart; version 3 knows one loss.
    let loss = |own, next| match (metric(own), metric(next)) {
        (Some("H"), _) | (_, Some("H")) => "H",
        (Some("L"), _) | (_, Some("L")) => "L",
        _ => "N",
    };
    Some(format!(
        "CVSS:3.1/AV:{}/AC:{complexity}/PR:{}/UI:{interaction}/S:{scope}/C:{}/I:{}/A:{}",
        metric("AV")?,
        metric("PR")?,
        loss("VC", "SC"),
        loss("VI", "SI"),
        loss("VA", "SA"),
    ))
}

fn metric<'a>(vector: &'a str, name: &str) -> Option<&'a str> {
    vector
        .split('/')
        .find_map(|part| part.split_once(':').filter(|(found, _)| *found == name))
        .map(|(_, value)| value)
}

fn choose<T: Copy>(value: &str, choices: &[(&str, T)]) -> Option<T> {
    choices.iter().find(|(name, _)| *name == value).map(|(_, weight)| *weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_the_specification() {
        let check = |vector: &str, tenths: Option<u8>| assert_eq!(score_tenths(vector), tenths, "{vector}");
        // Examples of the CVSS v3.1 document, and vulnerabilities whose scores everybody knows.
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(98));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some(100));
        check("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Some(61));
        check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", Some(64));
        check("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Some(31));
        check("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", Some(42));
        check("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(68));
        check("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(81));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Some(75));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Some(0));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", None);
        check("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None);
        check("AV:N/AC:L/Au:N/C:P/I:P/A:P", None);
        check("", None);
    }

    #[test]
    fn levels() {
        let check = |vector: &str, expect: Option<Severity>| assert_eq!(severity(vector), expect, "{vector}");
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Some(Severity::Critical));
        check("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", Some(Severity::High));
        check("CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", Some(Severity::Low));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", None);
        check("CVSS:4.0/AV:N", None);
    }
}
