//! `docs/actions.md`, written from the action table so that the two cannot disagree.

use std::path::Path;

use anyhow::{Context, Result};
use casemate_core::{ACTIONS, ActionSpec, Audience, LedgerClass};

use crate::tidy::Finding;

const PATH: &str = "docs/actions.md";

const HEAD: &str = "\
# Actions

Everything that can be decided on. This page is written by `cargo xtask docs` from the table in
`crates/core/src/action.rs`: change it there.

- A *durable* action waits until its decision is synced to disk; the others until it is handed to the kernel.
- *Units* are what a host call costs of its run's budget (`host_call_units` in the manifest).
";

/// Writes the page and says so.
pub(crate) fn write(root: &Path) -> Result<String> {
    let path = root.join(PATH);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, page()).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(format!("wrote {PATH}"))
}

/// Whether the committed page is the one that the table makes.
pub(crate) fn check(root: &Path) -> Option<Finding> {
    let committed = std::fs::read_to_string(root.join(PATH)).unwrap_or_default();
    (committed != page()).then(|| {
        Finding::new(PATH, "does not say what the action table says; write it anew with `cargo xtask docs`")
    })
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let doors = [
        ("What a function may do while it runs", Audience::Guest),
        ("What a request to an app may do", Audience::Data),
        ("What the control API may do", Audience::Control),
    ];
    for (title, audience) in doors {
        page += &format!("\n## {title}\n\n");
        page += "| action | on | what | enters by | class | units |\n|---|---|---|---|---|---|\n";
        ACTIONS.iter().filter(|row| row.audience == audience).for_each(|row| page += &line(row));
    }
    page
}

fn line(row: &ActionSpec) -> String {
    let enters: Vec<_> = row.enters.iter().map(|enter| format!("`{enter}`")).collect();
    let class = match row.class {
        LedgerClass::Acknowledge => "acknowledge",
        LedgerClass::Durable => "durable",
    };
    let units = if row.cost == 0 { "–".to_owned() } else { row.cost.to_string() };
    format!(
        "| `{}` | `{}` | {} | {} | {class} | {units} |\n",
        row.name,
        row.resource,
        row.about,
        enters.join("<br>")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_on_the_page_once() {
        let page = page();
        for row in ACTIONS {
            assert_eq!(page.matches(&format!("\n| `{}` |", row.name)).count(), 1, "{}", row.name);
            assert!(!row.about.is_empty(), "{}", row.name);
        }
    }
}
