//! `cargo xtask bench`: Casemate under load, beside its peers, in one run.
//!
//! Owns: which servers are compared, and the table. Invariant: a figure is printed only when every answer of its load was a 200, and for
//! Casemate only when the ledger grew by at least one leaf for each request and still verifies. Not here: the cost of single parts
//! (`cargo bench`).

mod load;
pub(crate) mod scan;
pub(crate) mod servers;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use load::{Load, Measured};
use servers::{Casemate, Peer};

/// How a run is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Seconds of one load.
    pub(crate) seconds: u64,
    /// Rounds; in each, every server is loaded once.
    pub(crate) rounds: usize,
    /// The program `wasmtime`, version 48.
    pub(crate) wasmtime: String,
    /// Print JSON instead of the table.
    pub(crate) json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { seconds: 5, rounds: 3, wasmtime: "wasmtime".to_owned(), json: false }
    }
}

impl Options {
    /// Reads the words behind `bench`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match *word {
                "--seconds" => options.seconds = value()?.parse().context("`--seconds` takes a number")?,
                "--rounds" => options.rounds = value()?.parse().context("`--rounds` takes a number")?,
                "--wasmtime" => options.wasmtime = (*value()?).to_owned(),
                "--json" => options.json = true,
                other => anyhow::bail!("`{other}` is no option of `bench`; `cargo xtask help` lists them"),
            }
        }
        ensure!((1..=60).contains(&options.seconds), "`--seconds` is between 1 and 60");
        ensure!((1..=20).contains(&options.rounds), "`--rounds` is between 1 and 20");
        Ok(options)
    }
}

/// One line of the table: a server and what was measured of it, round by round.
#[derive(Debug)]
struct Row {
    name: &'static str,
    /// The name of the row it is compared with.
    beside: Option<&'static str>,
    rounds: Vec<Measured>,
}

impl Row {
    /// The median over the rounds of one figure.
    fn median(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        let mut all: Vec<f64> = self.rounds.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Starts all servers, loads them in turn, checks what they did, and prints what was seen.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    load::find_wrk()?;
    let javascript = root.join("target/guests/js-hello.wasm");
    let javascript = javascript.is_file().then_some(javascript);
    if javascript.is_none() {
        eprintln!("the JavaScript rows are left out: build its component with `cargo xtask guests --js`");
    }
    let rust = root.join("examples/components/hello.wasm");
    let built = servers::build(root)?;

    let hyper = Peer::bare_hyper(&built.bare_hyper)?;
    let mut casemate = Casemate::start(root, &built.casemate, javascript.as_deref())?;
    let wasmtime = Peer::wasmtime_serve(&options.wasmtime, &rust)?;
    let wasmtime_js =
        javascript.as_deref().map(|path| Peer::wasmtime_serve(&options.wasmtime, path)).transpose()?;

    let mut plan: Vec<(Row, Load)> = Vec::new();
    let mut add = |name, beside, load| plan.push((Row { name, beside, rounds: Vec::new() }, load));
    add("bare hyper, no function", None, hyper.load());
    add("wasmtime serve, Rust", None, wasmtime.load());
    add("casemate, Rust (WASI 0.2)", Some("wasmtime serve, Rust"), casemate.load("/rust"));
    add("casemate, Rust (WASI 0.3)", Some("wasmtime serve, Rust"), casemate.load("/rust3"));
    if let Some(peer) = &wasmtime_js {
        add("wasmtime serve, JavaScript", None, peer.load());
        add("casemate, JavaScript", Some("wasmtime serve, JavaScript"), casemate.load("/js"));
    }

    let before = casemate.ledger_leaves()?;
    let duration = Duration::from_secs(options.seconds);
    for round in 1..=options.rounds {
        for (row, load) in &mut plan {
            eprintln!("round {round} of {}: {}", options.rounds, row.name);
            if row.name.starts_with("casemate") {
                load.token = Some(casemate.token()?);
            }
            row.rounds.push(load.run(duration).with_context(|| row.name.to_owned())?);
        }
    }
    let answered: u64 = plan
        .iter()
        .filter(|(row, _)| row.name.starts_with("casemate"))
        .flat_map(|(row, _)| row.rounds.iter().map(|measured| measured.requests))
        .sum();
    // The verifier reads the files alone: what it counts was durable, and hangs together.
    let leaves = casemate.ledger_leaves()?.saturating_sub(before);
    ensure!(
        leaves >= answered,
        "{answered} requests were answered, but the ledger grew by {leaves} leaves only"
    );

    let rows: Vec<Row> = plan.into_iter().map(|(row, _)| row).collect();
    let versions = servers::versions(&options.wasmtime)?;
    if options.json {
        print_json(&rows, answered, leaves, &versions)
    } else {
        print_table(&rows, answered, leaves, &versions)
    }
    Ok(())
}

fn ratio(rows: &[Row], row: &Row) -> Option<f64> {
    let beside = rows.iter().find(|other| Some(other.name) == row.beside)?;
    Some(row.median(|m| m.per_second()) / beside.median(|m| m.per_second()))
}

fn print_table(rows: &[Row], answered: u64, leaves: u64, versions: &[String]) {
    println!(
        "\n{:<28} {:>9} {:>8} {:>8} {:>12} {:>10}",
        "server", "req/s", "p50 ms", "p99 ms", "CPU us/req", "vs peer"
    );
    for row in rows {
        let beside = ratio(rows, row).map_or_else(String::new, |ratio| format!("{ratio:.2} x"));
        println!(
            "{:<28} {:>9.0} {:>8.2} {:>8.2} {:>12.1} {:>10}",
            row.name,
            row.median(Measured::per_second),
            row.median(|m| m.p50_ms),
            row.median(|m| m.p99_ms),
            row.median(Measured::cpu_us),
            beside
        );
    }
    println!(
        "\nmedians of {} rounds; {answered} requests to Casemate left {leaves} leaves in a ledger that verifies",
        rows.first().map_or(0, |row| row.rounds.len())
    );
    println!(
        "every request to Casemate: bearer JWT authenticated, call authorized, fresh instance, ledger durable by group"
    );
    for line in versions {
        println!("{line}");
    }
}

fn print_json(rows: &[Row], answered: u64, leaves: u64, versions: &[String]) {
    let list: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "server": row.name,
                "requests_per_second": row.median(Measured::per_second),
                "p50_ms": row.median(|m| m.p50_ms),
                "p99_ms": row.median(|m| m.p99_ms),
                "cpu_us_per_request": row.median(Measured::cpu_us),
                "beside": row.beside,
                "ratio": ratio(rows, row),
            })
        })
        .collect();
    println!(
        "{}",
        json!({ "rows": list, "requests_to_casemate": answered, "ledger_leaves": leaves, "with": versions })
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_bounded() {
        let read = |words: &[&str]| Options::parse(words);
        assert_eq!(read(&[]).unwrap(), Options::default());
        let asked = read(&["--seconds", "2", "--wasmtime", "/opt/wasmtime", "--json"]).unwrap();
        assert_eq!((asked.seconds, asked.wasmtime.as_str(), asked.json), (2, "/opt/wasmtime", true));
        for wrong in [&["--seconds"][..], &["--seconds", "0"], &["--rounds", "x"], &["--fast"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
