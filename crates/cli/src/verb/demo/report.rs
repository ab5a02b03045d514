//! The rows of the demo and the table that they make.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use crate::output::{BAD, BOLD, DIM, GOOD, Output, paint};

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) step: String,
    pub(super) tried: String,
    pub(super) expected: String,
    pub(super) got: String,
    /// Which wall stopped it; empty for what should pass.
    pub(super) wall: String,
    pub(super) held: bool,
    pub(super) ms: f64,
}

/// All rows so far.
#[derive(Debug)]
pub(super) struct Report {
    rows: Vec<Row>,
    quiet: bool,
    printed_head: bool,
}

const WIDTHS: [usize; 5] = [12, 44, 26, 34, 30];

impl Report {
    pub(super) fn new(quiet: bool) -> Self {
        Self { rows: Vec::new(), quiet, printed_head: false }
    }

    /// Adds a row and shows it at once: people see each step when it happens.
    pub(super) fn add(&mut self, row: Row, output: &Output) {
        if !self.quiet {
            if !self.printed_head {
                self.printed_head = true;
                let head = ["STEP", "TRIED", "EXPECTED", "GOT", "WALL THAT STOPPED IT"];
                output.line(&paint(DIM, format!("    {}   TIME", lay(head.map(str::to_owned)))));
            }
            let mark = if row.held { paint(GOOD, "✔") } else { paint(BAD, "✘") };
            let cells = lay([&row.step, &row.tried, &row.expected, &row.got, &row.wall].map(Clone::clone));
            output.line(&format!("  {mark} {cells} {}", paint(DIM, format!("{:>7.1} ms", row.ms))));
        }
        self.rows.push(row);
    }

    /// Prints the summary and says whether every row held.
    pub(super) fn finish(&self, output: &Output) -> bool {
        let held = self.rows.iter().filter(|row| row.held).count();
        let all = held == self.rows.len() && held > 0;
        if self.quiet {
            output.line(&json!({ "held": all, "rows": self.rows }).to_string());
        } else {
            let attacks = self.rows.iter().filter(|row| !row.wall.is_empty()).count();
            let words = format!("{held} of {} rows held, {attacks} of them attacks.", self.rows.len());
            output.line(&format!("\n{}", paint(if all { GOOD } else { BAD }, paint(BOLD, words))));
        }
        all
    }
}

fn lay(cells: [String; 5]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(WIDTHS) {
        let mut shown: String = cell.chars().take(width).collect();
        if cell.chars().count() > width {
            shown.pop();
            shown.push('…');
        }
        line.push_str(&shown);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(shown.chars().count()) + 1));
    }
    line
}

/// Times one attempt.
pub(super) fn timed<T>(attempt: impl FnOnce() -> T) -> (T, f64) {
    let since = Instant::now();
    let got = attempt();
    (got, millis(since.elapsed()))
}

fn millis(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}
