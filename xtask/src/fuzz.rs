//! `cargo xtask fuzz`: looks for bytes that break a property, one target after the other.
//!
//! Owns: which targets there are, and how one is run. Invariant: a target has a file, a table in `fuzz/Cargo.toml`, seeds, and a test that
//! replays them without fuzzing. Not here: the properties, which live in the rooms (`properties.rs`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// How a run is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The one target, or all.
    pub(crate) target: Option<String>,
    /// Seconds for each.
    pub(crate) seconds: u64,
}

impl Options {
    /// Reads the words behind `fuzz`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { target: None, seconds: 60 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => {
                    let value = words.next().context("`--seconds` needs a value")?;
                    options.seconds = value.parse().context("`--seconds` takes a number")?;
                }
                name if !name.starts_with('-') && options.target.is_none() => {
                    options.target = Some(name.to_owned());
                }
                other => bail!("`{other}` is no option of `fuzz`; `cargo xtask help` lists them"),
            }
        }
        ensure!(options.seconds > 0, "`--seconds` is at least 1: 0 would never end");
        Ok(options)
    }
}

/// Runs the targets; the first that finds something ends it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let all = targets(root)?;
    let chosen = match &options.target {
        None => all,
        Some(name) if all.contains(name) => vec![name.clone()],
        Some(name) => bail!("`{name}` is no target; there are {}", all.join(", ")),
    };
    let fuzz = root.join("fuzz");
    for target in &chosen {
        println!("── {target}");
        let corpus = fuzz.join("corpus").join(target);
        std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make `{}`", corpus.display()))?;
        // WHY no sanitizer: there is no unsafe code to watch; without one the stable toolchain is enough and runs are faster.
        let status = Command::new("cargo")
            .args(["fuzz", "run", "--sanitizer", "none", target])
            .args([corpus, fuzz.join("seeds").join(target)])
            .args(["--", &format!("-max_total_time={}", options.seconds), "-max_len=4096", "-timeout=10"])
            .current_dir(&fuzz)
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("`{target}` ended with {status}; needed are `cargo install cargo-fuzz` and a C++ compiler");
        }
    }
    Ok(())
}

/// The names of the targets, from their files.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("fuzz/targets")).context("cannot read `fuzz/targets`")? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a target without a name")?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn words() {
        let check = |words: &[&str], expect: Option<(Option<&str>, u64)>| {
            let expect =
                expect.map(|(target, seconds)| Options { target: target.map(str::to_owned), seconds });
            assert_eq!(Options::parse(words).ok(), expect, "{words:?}");
        };
        check(&[], Some((None, 60)));
        check(&["path", "--seconds", "5"], Some((Some("path"), 5)));
        check(&["--seconds", "0"], None);
        check(&["--seconds"], None);
        check(&["path", "query"], None);
        check(&["--jobs"], None);
    }

    /// What fuzzing tries and what the tests replay are the same.
    #[test]
    fn every_target_is_whole() {
        let root = files::root().unwrap();
        let targets = targets(&root).unwrap();
        let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let properties: String = files::below(&root, "crates")
            .unwrap()
            .iter()
            .filter(|file| file.path.ends_with("/properties.rs"))
            .filter_map(|file| file.text())
            .collect();
        for target in &targets {
            assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "`{target}` has no table");
            assert!(properties.contains(&format!("replay(\"{target}\", super::{target});")), "`{target}`");
        }
        let seeds = std::fs::read_dir(root.join("fuzz/seeds")).unwrap();
        let mut seeds: Vec<_> =
            seeds.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
        seeds.sort();
        assert_eq!(seeds, targets);
    }
}
