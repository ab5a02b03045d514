//! The offline check of a policy text, as `casemate policy check` runs it.

use std::collections::BTreeMap;

use casemate_core::{AppId, Manifest};

use crate::literals::{Literal, app_of};
use crate::text::Source;
use crate::{PolicyError, PolicyOrigin};

/// Something in a policy that is allowed, but looks like a mistake.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// Line, from one.
    pub line: usize,
    /// Column in characters, from one.
    pub column: usize,
    /// What looks wrong.
    pub message: String,
}

/// Checks a policy text without a server: parses it and validates it strictly. Apps, functions and stores that no manifest
/// declares are warnings, not errors, because apps come and go and a policy must not keep the server from starting;
/// without manifests nothing is known of names.
///
/// # Errors
/// [`PolicyError`] with line and column.
pub fn check(text: &str, manifests: &[Manifest]) -> Result<Vec<Warning>, PolicyError> {
    let source = Source { name: "policy", text };
    let written = |line| PolicyOrigin::Written { name: "policy".to_owned(), line };
    let (parsed, mut warnings) = source.parse(None, written)?;
    let apps: BTreeMap<&str, &Manifest> =
        manifests.iter().map(|manifest| (manifest.app.as_str(), manifest)).collect();
    if !apps.is_empty() {
        for literal in parsed.iter().flat_map(|policy| &policy.literals) {
            if let Some(message) = unknown(literal, &apps) {
                let (line, column) = source.place(literal.at);
                warnings.push(Warning { line, column, message });
            }
        }
    }
    if parsed.is_empty() {
        warnings.push(Warning { line: 1, column: 1, message: "the text holds no policy".to_owned() });
    }
    warnings.sort_by_key(|warning| (warning.line, warning.column));
    warnings.dedup();
    Ok(warnings)
}

fn unknown(literal: &Literal, apps: &BTreeMap<&str, &Manifest>) -> Option<String> {
    let (app, rest) = app_of(literal)?;
    if app == AppId::PLATFORM {
        return None;
    }
    let Some(manifest) = apps.get(app) else {
        return Some(format!("no app is called `{app}`"));
    };
    let rest = rest?;
    let (what, known) = match literal.kind.as_str() {
        "Function" => ("function", manifest.functions.keys().any(|name| name.as_str() == rest)),
        "KvStore" => ("store", manifest.stores.keys().any(|name| name.as_str() == rest)),
        // Roles are not declared: whoever gives one, makes it.
        _ => return None,
    };
    (!known).then(|| format!("app `{app}` has no {what} `{rest}`"))
}

#[cfg(test)]
mod tests;
