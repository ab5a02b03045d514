//! Which crate may depend on which: the rooms' walls.
//!
//! Development dependencies are free: a test may look over a wall. A new row or arrow is a decision: write it down in
//! `docs/decisions/` first.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Finding;

/// Each room and the rooms that it may name.
const ARROWS: &[(&str, &[&str])] = &[
    // No code: it holds one feature set of outside crates for the build (decision 0002).
    ("features", &[]),
    ("core", &["features"]),
    ("vault", &["core"]),
    ("policy", &["core"]),
    ("storage", &["core", "vault", "policy"]),
    ("audit", &["core", "vault", "policy", "storage"]),
    ("identity", &["core", "vault", "policy", "storage"]),
    ("sandbox", &["core", "policy", "storage"]),
    ("admission", &["core"]),
    ("scan", &["core"]),
    ("detection", &["core"]),
    (
        "server",
        &[
            "core",
            "vault",
            "policy",
            "storage",
            "audit",
            "identity",
            "sandbox",
            "admission",
            "scan",
            "detection",
        ],
    ),
    // Besides the server, the rooms whose doors work offline: `audit verify`, `policy check`, `compile-component`.
    ("cli", &["audit", "core", "policy", "sandbox", "scan", "server"]),
    ("xtask", &["core"]),
];

/// Outside crates that only these rooms may name; `wasmtime` stands for `wasmtime-…` too.
const OWNED: &[(&str, &[&str])] = &[
    ("wasmtime", &["sandbox"]),
    ("cedar-policy", &["policy"]),
    ("rusqlite", &["storage"]),
    ("aws-lc-rs", &["vault"]),
    ("rcgen", &["vault"]),
    ("argon2", &["identity"]),
    ("anyhow", &["cli", "features", "xtask"]),
];

/// Compares every workspace crate with the tables.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot run `cargo metadata`")?;
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let named: Vec<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
            .collect();
        findings.extend(check_crate(&package.name, &named));
    }
    Ok(findings)
}

/// Compares one crate's dependencies with the tables.
fn check_crate(package: &str, dependencies: &[&str]) -> Vec<Finding> {
    let room = room(package);
    let place = if room == package { room.to_owned() } else { format!("crates/{room}") };
    let place = format!("{place}/Cargo.toml");
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        let what =
            "this crate stands in no row of `xtask/src/tidy/arrows.rs`: a new crate is a written decision";
        return vec![Finding::new(&place, what)];
    };
    let mut findings = Vec::new();
    for name in dependencies {
        if name.starts_with("casemate-") && !allowed.contains(&self::room(name)) {
            findings
                .push(Finding::new(&place, &format!("`{room}` may not depend on `{}`", self::room(name))));
        }
        for (owned, owners) in OWNED {
            let same = name.strip_prefix(owned).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
            if same && !owners.contains(&room) {
                let what = format!("`{room}` may not name `{name}`: that is for {}", owners.join(" and "));
                findings.push(Finding::new(&place, &what));
            }
        }
    }
    findings
}

fn room(package: &str) -> &str {
    package.strip_prefix("casemate-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_points_the_wrong_way_is_found() {
        let check = |package, dependencies: &[&str], expect: usize| {
            assert_eq!(check_crate(package, dependencies).len(), expect, "{package} {dependencies:?}");
        };
        check("casemate-policy", &["casemate-core", "cedar-policy"], 0);
        check("casemate-policy", &["casemate-storage"], 1);
        check("casemate-core", &["casemate-vault", "wasmtime"], 2);
        check("casemate-server", &["casemate-sandbox", "wasmtime-wasi-http"], 1);
        check("casemate-server", &["casemate-cli"], 1);
        check("casemate-sandbox", &["wasmtime", "wasmtime-wasi", "rusqlite"], 1);
        check("casemate-annex", &[], 1);
        check("xtask", &["anyhow", "casemate-core"], 0);
    }

    #[test]
    fn no_two_rooms_lean_on_each_other() {
        for (room, allowed) in ARROWS {
            for other in *allowed {
                let back = ARROWS.iter().find(|(name, _)| name == other).map(|(_, allowed)| *allowed);
                assert!(!back.unwrap().contains(room), "{room} and {other}");
            }
        }
    }
}
