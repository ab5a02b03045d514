//! The manual names every rule as the catalogue has it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what they expect by panicking")]

use casemate_scan::report::text::word;
use casemate_scan::rules::catalogue;

#[test]
fn the_manual_has_every_rule() {
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scan.md")).unwrap();
    let rows: Vec<&str> =
        manual.lines().filter(|line| line.starts_with("| `") && line.contains("| SAS-")).collect();
    for rule in catalogue::ALL {
        let numbers: Vec<String> = rule.sas.iter().map(|number| format!("SAS-{number}")).collect();
        let expect = format!(
            "| `{}` | {} | {} | {} | {} |",
            rule.id,
            rule.title,
            word(rule.severity),
            numbers.join(", "),
            rule.cwe
        );
        assert!(rows.contains(&expect.as_str()), "docs/scan.md lacks:\n{expect}");
    }
    assert_eq!(rows.len(), catalogue::ALL.len(), "docs/scan.md has a rule that is none");
}
