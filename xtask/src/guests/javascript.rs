//! The JavaScript example. Its component is about 13 MB, so it is built and not committed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

const SOURCE: &str = "examples/js-hello";
const COMPONENT: &str = "target/guests/js-hello.wasm";

/// Fetches the pinned tools with npm and builds the component.
pub(crate) fn build(root: &Path) -> Result<()> {
    std::fs::create_dir_all(root.join("target/guests"))?;
    let out = root.join(COMPONENT);
    let out = out.to_string_lossy();
    for words in
        [vec!["install", "--no-audit", "--no-fund"], vec!["run", "--silent", "build", "--", "--out", &out]]
    {
        let status = Command::new("npm")
            .args(&words)
            .current_dir(root.join(SOURCE))
            .status()
            .context("cannot run `npm`: install Node 20 or newer")?;
        if !status.success() {
            bail!("`npm {}` failed in `{SOURCE}`", words.join(" "));
        }
    }
    let bytes = std::fs::metadata(root.join(COMPONENT)).context("npm built nothing")?.len();
    println!("{COMPONENT}  {bytes} bytes");
    Ok(())
}
