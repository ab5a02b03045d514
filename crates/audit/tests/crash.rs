//! `kill -9` at random points: every leaf that was acknowledged is there afterwards, and the ledger verifies.
//!
//! The test is its own child: started with `CASEMATE_LEDGER_CRASH` it appends until it is killed, and says so on stdout after each
//! append has returned.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests say what they expect by panicking"
)]

#[path = "it/home.rs"]
mod home;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use casemate_audit::LedgerSettings;
use casemate_core::{LedgerClass, Recorder, Seq};
use home::{Home, event, request};

const CHILD: &str = "CASEMATE_LEDGER_CRASH";
const ROUNDS: u64 = 20;
const THREADS: u64 = 3;

/// Small segments and quick sealing, so that kills fall into every part of the work.
fn settings() -> LedgerSettings {
    LedgerSettings {
        segment_bytes: 96 * 1024,
        seal_every: Duration::from_millis(15),
        min_free_bytes: 1 << 20,
        ..LedgerSettings::default()
    }
}

fn main() {
    match std::env::var(CHILD) {
        Ok(folder) => append_until_killed(&folder),
        Err(_) => kill_and_reopen(),
    }
}

fn append_until_killed(folder: &str) {
    let (folder, round) = folder.rsplit_once('#').unwrap();
    let round: u64 = round.parse().unwrap();
    let ledger = Home::at(Path::new(folder)).open(settings());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let ledger = &ledger;
            scope.spawn(move || {
                for number in 0.. {
                    let number = (round * THREADS + thread) * 1_000_000 + number;
                    let class = if number.is_multiple_of(3) {
                        LedgerClass::Durable
                    } else {
                        LedgerClass::Acknowledge
                    };
                    let seq = ledger.append(request(number), class, &event(number)).unwrap();
                    // One write of a short line: whole, or not there.
                    let line = format!("{number} {seq}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
}

fn kill_and_reopen() {
    // WHY memory, where there is one: what a killed process leaves behind is in the kernel's pages either way, and the kills fall
    // into the work instead of into waiting for a disk.
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { Home::within(memory) } else { Home::new() };
    let mut acknowledged: BTreeMap<u64, u64> = BTreeMap::new();
    let mut random = u64::from(std::process::id()) | 1;
    let (since, mut unsealed, mut unfinished) = (Instant::now(), 0, 0);
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = run_and_kill(&home, round, random >> 33);
        acknowledged.extend(lines.lines().filter_map(|line| -> Option<(u64, u64)> {
            let (number, seq) = line.split_once(' ')?;
            Some((number.parse().ok()?, seq.parse().ok()?))
        }));
        let report = home.verify(&vkey(&home)).unwrap();
        assert!(report.holds(), "round {round}: {:?}", report.findings);
        unsealed += report.unsealed_leaves;
        unfinished += report.findings.len();

        let ledger = home.open(settings());
        let head = ledger.head().0;
        let ours = |number: &u64| number / 1_000_000 / THREADS == round;
        let this_round: Vec<_> = acknowledged.iter().filter(|(number, _)| ours(number)).collect();
        let first = this_round.iter().map(|(_, seq)| **seq).min().unwrap_or(head);
        let leaves = ledger.scan(Seq(first), usize::MAX).unwrap();
        for (number, seq) in &this_round {
            assert!(**seq < head, "round {round}: leaf {seq} was acknowledged and is gone");
            let leaf = &leaves[usize::try_from(*seq - first).unwrap()];
            assert_eq!((leaf.seq.0, leaf.request, &leaf.event), (**seq, request(**number), &event(**number)));
        }
        if let Some((number, seq)) = this_round.last() {
            let read = ledger.read(request(**number)).unwrap();
            assert_eq!(read.iter().filter(|leaf| leaf.seq.0 == **seq).count(), 1);
        }
        ledger.close();
        let report = home.verify(&ledger.verifier_key()).unwrap();
        assert!(report.holds(), "round {round}, after recovery: {:?}", report.findings);
        assert_eq!(report.unsealed_leaves, 0);
    }
    // At the end everything of all rounds is still there, each leaf once.
    let ledger = home.open(settings());
    let mut all = BTreeMap::new();
    for leaf in ledger.scan(Seq(0), usize::MAX).unwrap() {
        all.insert(leaf.seq.0, leaf.event);
    }
    for (number, seq) in &acknowledged {
        assert_eq!(all.get(seq), Some(&event(*number)), "leaf {seq}");
    }
    assert!(acknowledged.len() > 100, "the children did not get to work");
    println!(
        "crash: {ROUNDS} kills, {} acknowledged leaves all there, {unsealed} recovered from tails, {unfinished} cut-off writes, {:.1} s",
        acknowledged.len(),
        since.elapsed().as_secs_f64()
    );
}

/// Runs a child, kills it at a random moment after its first acknowledgement, and returns what it said.
fn run_and_kill(home: &Home, round: u64, random: u64) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, format!("{}#{round}", home.path().display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    stdout.read_line(&mut said).unwrap();
    let reader = std::thread::spawn(move || {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
        rest
    });
    // Most kills fall between two checkpoints, some after several.
    let most_us = if round.is_multiple_of(4) { 120_000 } else { 20_000 };
    std::thread::sleep(Duration::from_micros(random % most_us));
    child.kill().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()),
        Some(9),
        "it was killed, not done"
    );
    said + &reader.join().unwrap()
}

fn vkey(home: &Home) -> String {
    let file = std::fs::read(home.ledger().join("key.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    file["verifier_key"].as_str().unwrap().to_owned()
}
