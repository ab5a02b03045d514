//! The sample functions under `examples/`: build them, stamp them, and tell when a committed component does not come
//! from its source.
//!
//! Invariant: no path of the machine that built a component stands in it, and a stamp is written only for a component
//! that was just built. Not here: what the functions do.

pub(crate) mod javascript;
mod sources;
mod stamps;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::files;
use crate::tidy::Finding;
use sources::Guest;
use stamps::{Stamp, Stamps};

const COMPONENTS: &str = "examples/components";
const TARGET: &str = "wasm32-wasip2";

/// Builds these guests, or all, and stamps them.
pub(crate) fn build(root: &Path, names: &[String]) -> Result<()> {
    let guests = sources::guests(root)?;
    if let Some(unknown) = names.iter().find(|name| guests.iter().all(|guest| guest.name != **name)) {
        let known: Vec<_> = guests.iter().map(|guest| guest.name.as_str()).collect();
        bail!("there is no guest `{unknown}`; there are {}", known.join(", "));
    }
    let toolchain = toolchain()?;
    let mut stamps = Stamps::read(root)?;
    std::fs::create_dir_all(root.join(COMPONENTS))?;
    for guest in &guests {
        if names.is_empty() || names.contains(&guest.name) {
            let component = compile(root, guest)?;
            let path = component_path(root, &guest.name);
            std::fs::write(&path, &component)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
            let stamp = Stamp {
                source: sources::hash(root, guest)?,
                toolchain: toolchain.clone(),
                component: stamps::digest(&component),
            };
            println!("{:12} {:>7} bytes  {}", guest.name, component.len(), stamp.component);
            stamps.set(&guest.name, stamp);
            stamps.write(root)?;
        }
    }
    stamps.keep(|name| guests.iter().any(|guest| guest.name == name));
    stamps.write(root)
}

/// What is wrong with the committed components.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let guests = sources::guests(root)?;
    let stamps = Stamps::read(root)?;
    let mut findings = Vec::new();
    for guest in &guests {
        let component = std::fs::read(component_path(root, &guest.name)).ok();
        if let Some(why) =
            stamps::fault(stamps.of(&guest.name), &sources::hash(root, guest)?, component.as_deref())
        {
            let mend = format!("{why}; build it with `cargo xtask guests {}`", guest.name);
            findings.push(Finding::new(&format!("{COMPONENTS}/{}.wasm", guest.name), &mend));
        }
    }
    for file in files::below(root, COMPONENTS)? {
        let name =
            file.path.strip_prefix(COMPONENTS).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&file.path);
        if let Some(stem) = name.strip_suffix(".wasm")
            && guests.iter().all(|guest| guest.name != stem)
        {
            findings.push(Finding::new(&file.path, "no crate under `examples/` makes this component"));
        }
    }
    Ok(findings)
}

fn component_path(root: &Path, name: &str) -> PathBuf {
    root.join(COMPONENTS).join(format!("{name}.wasm"))
}

fn toolchain() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("cannot run `rustc --version`")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn compile(root: &Path, guest: &Guest) -> Result<Vec<u8>> {
    let registry = cargo_home()?.join("registry").join("src");
    // WHY one guest at a time: cargo would unify the features of all that it builds together.
    let target_dir = root.join("target").join("guests");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "--target", TARGET, "--package", &guest.name])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", remapped(root, &registry).join("\u{1f}"))
        .env_remove("RUSTFLAGS")
        .current_dir(root.join("examples"))
        .status()
        .context("cannot run `cargo build`")?;
    if !status.success() {
        bail!("`{}` does not build; is the target there? `rustup target add {TARGET}`", guest.name);
    }
    let path = target_dir.join(TARGET).join("release").join(format!("{}.wasm", guest.name.replace('-', "_")));
    let component = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    for folder in [root, &registry] {
        let word = folder.to_string_lossy();
        if component.windows(word.len()).any(|window| window == word.as_bytes()) {
            bail!("`{}` holds the path `{word}` of this machine", guest.name);
        }
    }
    Ok(component)
}

/// Panic messages name source files: by the crate, not by the place where this machine keeps it.
fn remapped(root: &Path, registry: &Path) -> Vec<String> {
    let mut flags = vec![format!("--remap-path-prefix={}=/casemate", root.display())];
    for index in std::fs::read_dir(registry).into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=/crates", index.path().display()));
    }
    flags
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home = std::env::home_dir().context("neither `CARGO_HOME` nor a home folder is known")?;
    Ok(home.join(".cargo"))
}
