//! What CI runs, in its order: cheap things first.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

const STEPS: [&[&str]; 5] = [
    &["fmt", "--all", "--check"],
    &["fmt", "--all", "--check", "--manifest-path", "examples/Cargo.toml"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["test", "--workspace"],
    &["demo"],
];

/// Runs every step; the first that fails ends it.
pub(crate) fn run(root: &Path) -> Result<()> {
    for step in STEPS {
        let line = format!("cargo {}", step.join(" "));
        println!("── {line}");
        let start = Instant::now();
        let status = Command::new("cargo")
            .args(step)
            .current_dir(root)
            .status()
            .with_context(|| format!("cannot run `{line}`"))?;
        if !status.success() {
            bail!("`{line}` failed");
        }
        println!("── {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}
