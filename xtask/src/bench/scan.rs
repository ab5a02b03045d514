//! `cargo xtask bench scan`: the scanner beside `checkov`, `cfn-lint` and `cloudsplaining`, on the labelled apps, in one run.
//!
//! Invariant: a time is printed only when the tool did the work: Casemate must name the labelled faults of every copy, the others must have
//! judged something. Not here: how right the answers are (`casemate-scan`, `tests/labelled.rs`).

mod inputs;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::servers;
use inputs::{Check, Labelled};

const MEASURE: &str = include_str!("measure.py");
/// The app of the small run.
const ONE: &str = "sam-wildcards";
/// How often a short run of our own is repeated in each round: its time is of the order of what a machine's noise adds.
const OFTEN: usize = 10;

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
    name: String,
    command: Vec<String>,
    worked: Check,
    /// How often it runs in each round.
    often: usize,
    runs: Vec<Took>,
}

impl Row {
    fn new(name: impl Into<String>, command: Vec<String>, often: usize, worked: Check) -> Self {
        Self { name: name.into(), command, worked, often, runs: Vec::new() }
    }

    fn milliseconds(&self) -> f64 {
        median(self.runs.iter().map(|run| run.seconds * 1_000.0).collect())
    }

    fn mebibytes(&self) -> f64 {
        median(self.runs.iter().map(|run| run.kib as f64 / 1_024.0).collect())
    }
}

/// Runs all tools in turn, and prints the table.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let casemate = servers::casemate(root)?;
    let place = tempfile::tempdir()?;
    let measure = place.path().join("measure.py");
    std::fs::write(&measure, MEASURE)?;
    let labelled = Labelled::all(&root.join("tests/scan/apps"))?;
    let mut rows = rows(root, &casemate, &options.peers, place.path(), &labelled)?;
    let mut slowest: Vec<Row> = labelled
        .iter()
        .map(|app| Row::new(&app.name, scan(&casemate, &app.folder, "json"), OFTEN, app.check()))
        .collect();
    for round in 1..=options.rounds {
        for row in rows.iter_mut().chain(&mut slowest) {
            eprintln!("round {round} of {}: {}", options.rounds, row.name);
            for _ in 0..row.often {
                let took = once(&measure, place.path(), row)?;
                row.runs.push(took);
            }
        }
    }
    slowest.sort_by(|one, other| other.milliseconds().total_cmp(&one.milliseconds()));
    print_table(&rows, &slowest, options)
}

/// Casemate's command for a folder.
fn scan(casemate: &Path, what: &Path, format: &str) -> Vec<String> {
    let words =
        ["scan", &what.to_string_lossy(), "--format", format, "--fail-on", "never"].map(str::to_owned);
    std::iter::once(casemate.to_string_lossy().into_owned()).chain(words).collect()
}

/// Everything that is run, in the order of the table.
fn rows(root: &Path, own: &Path, peers: &Path, place: &Path, labelled: &[Labelled]) -> Result<Vec<Row>> {
    let app = labelled.iter().find(|app| app.name == ONE).with_context(|| format!("no app `{ONE}`"))?;
    let (many, policy) = (place.join("many"), place.join("policy.json"));
    std::fs::write(&policy, inputs::POLICY)?;
    inputs::many(&root.join("tests/scan/apps"), &many)?;
    let (service, npm, yarn) = (place.join("service"), place.join("npm"), place.join("yarn"));
    let (of_service, of_npm, of_yarn) =
        (inputs::service(&service)?, inputs::npm(&npm)?, inputs::yarn(&yarn)?);
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let peer = |program: &str, words: &[&str]| -> Vec<String> {
        std::iter::once(text(&peers.join(program)))
            .chain(words.iter().map(|word| (*word).to_owned()))
            .collect()
    };
    let (one_text, many_text) = (text(&app.folder.join("template.yaml")), text(&many));
    let all = format!("{many_text}/**/*.yaml");
    let checkov = |what: &str, of: &str| peer("checkov", &[what, of, "-o", "json", "--quiet"]);
    let lint = |of: &str| peer("cfn-lint", &[of, "--format", "json"]);
    let a_list = || -> Check { Box::new(|said| said.trim_start().starts_with('[')) };
    let a_text = || -> Check { Box::new(|said| !said.trim().is_empty()) };
    let judged = || -> Check { Box::new(judged_by_checkov) };
    let cloudsplaining = peer("cloudsplaining", &["scan-policy-file", "--input-file", &text(&policy)]);
    Ok(vec![
        Row::new("casemate --version", vec![text(own), "--version".to_owned()], OFTEN, a_text()),
        Row::new("casemate, one template", scan(own, &app.folder, "json"), OFTEN, app.check()),
        Row::new("checkov, one template", checkov("-f", &one_text), 1, judged()),
        Row::new("cfn-lint, one template", lint(&one_text), 1, a_list()),
        Row::new("cloudsplaining, one policy", cloudsplaining, 1, a_text()),
        Row::new("casemate, 500 templates", scan(own, &many, "json"), 3, Box::new(many_are_right)),
        Row::new("checkov, 500 templates", checkov("-d", &many_text), 1, judged()),
        Row::new("cfn-lint, 500 templates", lint(&all), 1, a_list()),
        Row::new("casemate, 400 functions, one wide role", scan(own, &service, "json"), 3, of_service),
        Row::new("casemate, CycloneDX of 20,000 npm packages", scan(own, &npm, "cyclonedx"), 1, of_npm),
        Row::new("casemate, CycloneDX of 20,000 yarn packages", scan(own, &yarn, "cyclonedx"), 1, of_yarn),
    ])
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

fn many_are_right(said: &str) -> bool {
    let apps = inputs::found(said);
    let with_admin = apps.iter().filter(|app| app.iter().any(|found| found == "admin-role")).count();
    apps.len() == inputs::TEMPLATES && with_admin >= inputs::TEMPLATES / 40
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

fn print_table(rows: &[Row], slowest: &[Row], options: &Options) -> Result<()> {
    println!("\n{:<46} {:>12} {:>10} {:>10}", "tool", "ms", "MiB", "vs casemate");
    let mut own = f64::NAN;
    for row in rows {
        let ms = row.milliseconds();
        if row.name.starts_with("casemate") {
            own = ms;
        }
        println!("{:<46} {ms:>12.1} {:>10.0} {:>9.0} x", row.name, row.mebibytes(), ms / own);
    }
    println!("\nthe slowest of {} labelled apps", slowest.len());
    for row in slowest.iter().take(5) {
        println!("{:<46} {:>12.1} {:>10.0}", row.name, row.milliseconds(), row.mebibytes());
    }
    println!(
        "\nmedians of {} rounds (short runs of casemate: {OFTEN} in each), whole processes from start to end; every tool was seen to have judged",
        options.rounds
    );
    for program in ["checkov", "cfn-lint", "cloudsplaining"] {
        let out = Command::new(options.peers.join(program)).arg("--version").output()?;
        println!("{program} {}", String::from_utf8_lossy(&out.stdout).trim());
    }
    Ok(())
}
