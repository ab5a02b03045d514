//! `cargo xtask bench scan`: the scanner beside `checkov`, `cfn-lint` and `cloudsplaining`, on the labelled apps, in one run.
//!
//! Invariant: a time is printed only when the tool did the work: Casemate must name the labelled faults of every copy, the others must have
//! judged something. Not here: how right the answers are (`casemate-scan`, `tests/labelled.rs`).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::servers;

const MEASURE: &str = include_str!("measure.py");
/// How many templates the large run has.
const TEMPLATES: usize = 500;
/// The app of the small run, and what must be found in it.
const ONE: &str = "sam-wildcards";
const ONE_FAULTS: [&str; 3] = ["admin-role", "wildcard-action", "wildcard-resource"];

/// How a run is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Every tool runs this often; the median counts.
    rounds: usize,
    /// The folder of the peers' programs.
    peers: PathBuf,
}

impl Options {
    /// Reads the words behind `bench scan`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self { rounds: 3, peers: PathBuf::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match *word {
                "--rounds" => options.rounds = value()?.parse().context("`--rounds` takes a number")?,
                "--peers" => options.peers = PathBuf::from(value()?),
                other => {
                    anyhow::bail!("`{other}` is no option of `bench scan`; `cargo xtask help` lists them")
                }
            }
        }
        ensure!((1..=20).contains(&options.rounds), "`--rounds` is between 1 and 20");
        Ok(options)
    }
}

/// One run of one program.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
struct Took {
    seconds: f64,
    kib: u64,
    code: i32,
}

/// A line of the table.
struct Row {
    name: &'static str,
    command: Vec<String>,
    /// Whether what it printed shows that it worked.
    worked: fn(&str) -> bool,
    runs: Vec<Took>,
}

/// Runs all tools in turn, and prints the table.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let built = servers::build(root)?;
    let place = tempfile::tempdir()?;
    let measure = place.path().join("measure.py");
    std::fs::write(&measure, MEASURE)?;
    let apps = root.join("tests/scan/apps");
    let one = apps.join(ONE).join("template.yaml");
    let many = place.path().join("many");
    let policy = place.path().join("policy.json");
    std::fs::write(&policy, POLICY)?;
    copy_apps(&apps, &many)?;
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let casemate = |what: &Path| {
        vec![
            path(&built.casemate),
            "scan".into(),
            path(what),
            "--format".into(),
            "json".into(),
            "--fail-on".into(),
            "never".into(),
        ]
    };
    let peer = |program: &str, words: &[&str]| -> Vec<String> {
        let program = path(&options.peers.join(program));
        std::iter::once(program).chain(words.iter().map(|word| (*word).to_owned())).collect()
    };
    let (one_text, many_text, policy_text) = (path(&one), path(&many), path(&policy));
    let all = format!("{many_text}/**/*.yaml");
    let row = |name, command, worked| Row { name, command, worked, runs: Vec::new() };
    let mut rows = vec![
        row("casemate, one template", casemate(one.parent().unwrap_or(&apps)), one_is_right),
        row(
            "checkov, one template",
            peer("checkov", &["-f", &one_text, "-o", "json", "--quiet"]),
            judged_by_checkov,
        ),
        row("cfn-lint, one template", peer("cfn-lint", &[&one_text, "--format", "json"]), |said| {
            said.trim_start().starts_with('[')
        }),
        row(
            "cloudsplaining, one policy",
            peer("cloudsplaining", &["scan-policy-file", "--input-file", &policy_text]),
            |said| !said.trim().is_empty(),
        ),
        row("casemate, 500 templates", casemate(&many), many_are_right),
        row(
            "checkov, 500 templates",
            peer("checkov", &["-d", &many_text, "-o", "json", "--quiet"]),
            judged_by_checkov,
        ),
        row("cfn-lint, 500 templates", peer("cfn-lint", &[&all, "--format", "json"]), |said| {
            said.trim_start().starts_with('[')
        }),
    ];
    for round in 1..=options.rounds {
        for row in &mut rows {
            eprintln!("round {round} of {}: {}", options.rounds, row.name);
            let took = once(&measure, place.path(), row)?;
            row.runs.push(took);
        }
    }
    print_table(&rows, options)
}

/// A policy like those of the labelled app, for the tool that reads policies only.
const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [
  { "Effect": "Allow", "Action": "dynamodb:*", "Resource": "*" },
  { "Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": "*" } ] }"#;

/// Copies the apps that are CloudFormation or SAM in YAML until there are enough templates, each in a folder of its own.
fn copy_apps(apps: &Path, many: &Path) -> Result<()> {
    let mut kinds: Vec<PathBuf> = std::fs::read_dir(apps)?.flatten().map(|entry| entry.path()).collect();
    kinds.retain(|path| path.join("template.yaml").is_file());
    kinds.sort();
    for (number, app) in kinds.iter().cycle().take(TEMPLATES).enumerate() {
        copy_folder(app, &many.join(format!("{number:03}")))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn once(measure: &Path, place: &Path, row: &Row) -> Result<Took> {
    let said = place.join("said");
    let out = Command::new("python3").arg(measure).arg(&said).args(&row.command).output();
    let out = out.context("cannot run `python3`, which measures")?;
    ensure!(out.status.success(), "{} could not be run: {}", row.name, String::from_utf8_lossy(&out.stderr));
    let took: Took = serde_json::from_slice(&out.stdout).context("the measure is no JSON")?;
    let text = std::fs::read_to_string(&said)?;
    ensure!((row.worked)(&text), "{} did not do its work (exit {}): {:.400}", row.name, took.code, text);
    Ok(took)
}

/// The rules of all findings in Casemate's answer, app by app.
fn found(said: &str) -> Vec<Vec<String>> {
    let report: Value = serde_json::from_str(said).unwrap_or_default();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let rule = |finding: &Value| finding.get("rule").and_then(Value::as_str).unwrap_or_default().to_owned();
    list(report.get("apps")).iter().map(|app| list(app.get("findings")).iter().map(rule).collect()).collect()
}

fn one_is_right(said: &str) -> bool {
    matches!(found(said).as_slice(), [app] if ONE_FAULTS.iter().all(|rule| app.iter().any(|found| found == rule)))
}

fn many_are_right(said: &str) -> bool {
    let apps = found(said);
    let with_admin = apps.iter().filter(|app| app.iter().any(|found| found == "admin-role")).count();
    apps.len() == TEMPLATES && with_admin >= TEMPLATES / 40
}

fn judged_by_checkov(said: &str) -> bool {
    let report: Value = serde_json::from_str(said).unwrap_or_default();
    let parts = report.as_array().cloned().unwrap_or_else(|| vec![report]);
    let failed = |part: &Value| part.pointer("/summary/failed").and_then(Value::as_u64).unwrap_or(0);
    parts.iter().map(failed).sum::<u64>() > 0
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print_table(rows: &[Row], options: &Options) -> Result<()> {
    println!("\n{:<30} {:>12} {:>10} {:>10}", "tool", "ms", "MiB", "vs casemate");
    let mut own = f64::NAN;
    for row in rows {
        let ms = median(row.runs.iter().map(|run| run.seconds * 1_000.0).collect());
        let mib = median(row.runs.iter().map(|run| run.kib as f64 / 1_024.0).collect());
        if row.name.starts_with("casemate") {
            own = ms;
        }
        println!("{:<30} {ms:>12.1} {mib:>10.0} {:>9.0} x", row.name, ms / own);
    }
    println!(
        "\nmedians of {} rounds, whole processes from start to end; every tool was seen to have judged",
        options.rounds
    );
    for program in ["checkov", "cfn-lint", "cloudsplaining"] {
        let out = Command::new(options.peers.join(program)).arg("--version").output()?;
        println!("{program} {}", String::from_utf8_lossy(&out.stdout).trim());
    }
    Ok(())
}
