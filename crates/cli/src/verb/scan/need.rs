//! `casemate scan --need FUNCTION`: what one function needs against what it has.
//!
//! Not here: finding it out and wording it (`casemate_scan::report::need_text`).

use casemate_scan::report::{Report, need_json, need_text};

use super::{Arguments, Colours, Format, overwrite};
use crate::failure::{Failure, Kind};
use crate::output::{Output, json_text};

/// More functions than these are counted, not named.
const SHOWN_NAMES: usize = 40;

/// Prints what a function needs, in whichever app it is. It is an answer and no judgement: nothing fails.
pub(super) fn show(
    arguments: &Arguments,
    report: &Report,
    function: &str,
    output: &Output,
) -> Result<(), Failure> {
    let shown = if output.is_json() || arguments.format() == Format::Json {
        need_json(report, function).map(|document| json_text(&document))
    } else {
        let painted = need_text(report, function, &Colours);
        // Somebody will look at a file on a terminal too.
        let to_file = arguments.output.is_some();
        painted.map(|text| if to_file { anstream::adapter::strip_str(&text).to_string() } else { text })
    };
    let Some(shown) = shown else { return Err(missing(report, function)) };
    match &arguments.output {
        Some(file) => overwrite::write(file, &shown),
        None => {
            output.line(shown.trim_end_matches('\n'));
            Ok(())
        }
    }
}

/// There is none of that name, or more than one: which there are.
fn missing(report: &Report, function: &str) -> Failure {
    let meant = report.functions_meant(function);
    let (why, names) = match meant.len() {
        0 | 1 => (
            format!("there is no function `{function}` that has code or a role in these files"),
            report.functions(),
        ),
        several => (format!("`{function}` may be any of {several} functions: write more of its name"), meant),
    };
    let failure = Failure::new(Kind::Missing, why);
    match names.get(..SHOWN_NAMES) {
        _ if names.is_empty() => failure,
        Some(first) => {
            failure.help(format!("{} and {} more", first.join(", "), names.len().saturating_sub(SHOWN_NAMES)))
        }
        None => failure.help(format!("the functions are: {}", names.join(", "))),
    }
}
