//! The report as SARIF 2.1.0 (OASIS, 2020), for code scanning of hosting services and editors.
//!
//! Invariants: one run; every rule that a result names stands in the driver, and results name it by index; ids of findings are partial
//! fingerprints, so that services follow a finding when lines move; what comments allow is a result with a suppression; what comes from
//! the scanned files makes no link, no placeholder and no line of its own in a message, and no address out of the scanned folder.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::visible::{visible, visible_line};
use super::{AppReport, Found, Mend, Report, Spot};
use crate::finding::{Rule, Severity};

/// The schema that the output keeps to.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The name of the ids among the fingerprints, with the version of how they are made.
const FINGERPRINT: &str = "casemate/v1";

/// The whole report as SARIF text.
#[must_use]
pub fn sarif(report: &Report) -> String {
    let mut rules: BTreeMap<&'static str, &'static Rule> = BTreeMap::new();
    for app in &report.apps {
        let allowed = app.suppressed.iter().map(|allowed| &allowed.finding);
        rules.extend(app.findings.iter().chain(allowed).map(|found| (found.rule.id, found.rule)));
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut results = Vec::new();
    for app in &report.apps {
        results.extend(app.findings.iter().map(|found| {
            let mut result = result(app, found, &index);
            if report.compared {
                put(&mut result, "baselineState", json!(if found.known { "unchanged" } else { "new" }));
            }
            result
        }));
        results.extend(app.suppressed.iter().map(|allowed| {
            let mut result = result(app, &allowed.finding, &index);
            let justification =
                format!("{} (until {})", visible_line(&allowed.reason), visible_line(&allowed.until));
            let place = json!({ "physicalLocation": location(&allowed.at) });
            let suppression = json!({
                "kind": "inSource", "status": "accepted", "justification": justification, "location": place,
            });
            put(&mut result, "suppressions", json!([suppression]));
            result
        }));
    }
    let remarks =
        report.remarks.iter().map(|remark| json!({ "level": "note", "message": { "text": line(remark) } }));
    let notes: Vec<Value> = report
        .unread
        .iter()
        .map(|note| {
            json!({
                "level": "warning",
                "message": { "text": line(&note.text) },
                "locations": [{ "physicalLocation": location(&note.at) }],
            })
        })
        .chain(remarks)
        .collect();
    let driver = json!({
        "name": "casemate",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules.values().map(|rule| describe(rule)).collect::<Vec<_>>(),
    });
    let run = json!({
        "tool": { "driver": driver },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": { "SRCROOT": { "description": { "text": "the folder that was scanned" } } },
        "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes }],
        "results": results,
    });
    let document = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    // Serialising values that were just made cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(key.to_owned(), value);
    }
}

/// A rule as services show it.
fn describe(rule: &Rule) -> Value {
    let mut tags = vec!["security".to_owned(), format!("external/cwe/cwe-{:03}", rule.cwe)];
    tags.extend(rule.sas.iter().map(|number| format!("SAS-{number}")));
    tags.extend(rule.owasp.iter().map(|number| format!("OWASP-serverless-A{number}")));
    tags.extend(rule.attack.iter().map(|technique| format!("ATT&CK-{technique}")));
    let explanation = rule.paragraphs().collect::<Vec<_>>().join("\n\n");
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": escape(&explanation) },
        "help": { "text": escape(&explanation), "markdown": explanation },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": tags, "security-severity": points(rule.severity) },
    })
}

/// SARIF knows three levels.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Hygiene => "note",
    }
}

/// The middle of each band of CVSS (v3.1 §5), by which code scanning sorts.
fn points(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Hygiene => "0.5",
    }
}

fn result(app: &AppReport, found: &Found, index: &BTreeMap<&str, usize>) -> Value {
    let mut text = line(&found.message);
    if let Some(change) = &found.change {
        text.push_str("\n\n");
        text.push_str(&proposed(change));
    }
    let related: Vec<Value> = found
        .related
        .iter()
        .enumerate()
        .map(|(id, (spot, what))| {
            json!({ "id": id, "physicalLocation": location(spot), "message": { "text": line(what) } })
        })
        .collect();
    let mut result = json!({
        "ruleId": found.rule.id,
        "level": level(found.severity),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": location(&found.at),
            "logicalLocations": found.subjects.iter().map(|name| json!({ "name": visible_line(name) })).collect::<Vec<_>>(),
        }],
        "relatedLocations": related,
        "partialFingerprints": { FINGERPRINT: found.id },
        "properties": { "app": visible_line(&app.name), "severity": found.severity, "confidence": found.confidence, "security-severity": points(found.severity) },
    });
    if let Some(at) = index.get(found.rule.id) {
        put(&mut result, "ruleIndex", json!(at));
    }
    if let Some(fix) = fix(found) {
        put(&mut result, "fixes", json!([fix]));
    }
    result
}

/// The edits that would mend it, where there are some.
fn fix(found: &Found) -> Option<Value> {
    let change = found.change.as_ref().filter(|change| !change.edits.is_empty())?;
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (spot, text) in &change.edits {
        let replacement = json!({ "deletedRegion": region(spot), "insertedContent": { "text": text } });
        files.entry(&spot.path).or_default().push(replacement);
    }
    let changes: Vec<Value> = files
        .into_iter()
        .map(|(path, replacements)| json!({ "artifactLocation": artifact(path), "replacements": replacements }))
        .collect();
    Some(json!({ "description": { "text": proposed(change) }, "artifactChanges": changes }))
}

fn location(spot: &Spot) -> Value {
    json!({ "artifactLocation": artifact(&spot.path), "region": region(spot) })
}

fn region(spot: &Spot) -> Value {
    json!({
        "startLine": spot.line, "startColumn": spot.column, "endLine": spot.end_line, "endColumn": spot.end_column,
    })
}

fn artifact(path: &str) -> Value {
    json!({ "uri": uri(path), "uriBaseId": "SRCROOT" })
}

/// Advice in words, and what is to be written in lines of its own.
fn proposed(change: &Mend) -> String {
    match change.parts() {
        (words, Some(written)) => format!("{}\n{}", line(words), escape(written)),
        (words, None) => line(words),
    }
}

/// A part of a message that stays on one line, whatever stands in it.
fn line(text: &str) -> String {
    escape(&visible_line(text))
}

/// Text for a message. Viewers make links of `[text](id)` there and fill in `{0}`, so brackets and the sign that escapes them are escaped
/// (§3.11.6), and braces around numbers are doubled (§3.11.5).
///
/// WHY: the section would double every brace. No common viewer takes that back where nothing is to be filled in, and what people copy from
/// there (`{{resolve:…}}`) would be wrong.
fn escape(text: &str) -> String {
    let text = visible(text);
    let mut message = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find(['\\', '[', ']', '{']) {
        let (before, from) = rest.split_at(at);
        message.push_str(before);
        let slot = slot(from);
        let length = slot.unwrap_or_else(|| from.bytes().take_while(|byte| *byte == b'{').count().max(1));
        let (special, behind) = from.split_at(length);
        for character in special.chars() {
            match character {
                '\\' | '[' | ']' => message.extend(['\\', character]),
                '{' | '}' if slot.is_some() => message.extend([character, character]),
                character => message.push(character),
            }
        }
        rest = behind;
    }
    message + rest
}

/// How many bytes a text begins with that may be taken for a place to fill in: `{0}`, with all braces on both sides.
fn slot(text: &str) -> Option<usize> {
    let run = |from: usize, of: fn(&u8) -> bool| {
        text.as_bytes().get(from..).unwrap_or_default().iter().take_while(|byte| of(byte)).count()
    };
    let open = run(0, |byte| *byte == b'{');
    let digits = run(open, u8::is_ascii_digit);
    let closed = run(open + digits, |byte| *byte == b'}');
    (open > 0 && digits > 0 && closed > 0).then_some(open + digits + closed)
}

/// A path as a relative URI (RFC 3986 §2.1, §4.2): everything but what is unreserved, and `/`, is percent-encoded. Parts that say
/// nothing or lead upwards are left out, so that it neither names a host nor leaves the folder.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !matches!(*part, "" | "." | "..")) {
        if !uri.is_empty() {
            uri.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests;
