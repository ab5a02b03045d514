//! The tail as far as it can be checked without the key: its links.
//!
//! Invariant: any bytes are taken without panicking. What the links cannot show: that frames were not made anew, with new
//! links, by somebody who can write to the disk; the server's MACs show that when it opens, and the next checkpoint covers them.

use casemate_storage::ledger_files::LedgerView;

use super::{Severity, VerifyError, VerifyReport};
use crate::frame::{RawFrame, SEGMENT_HEADER, SegmentHeader};
use crate::open::list_segments;
use crate::recovery::{is_cut_off, is_zero};
use crate::tree::Hash;

/// What the tail holds.
#[derive(Debug, Default)]
pub(super) struct TailReport {
    unsealed: u64,
    finding: Option<(Severity, String, String)>,
}

impl TailReport {
    /// Reads the segments from the one that holds leaf `sealed` on.
    pub(super) fn read(view: &LedgerView, sealed: u64) -> Result<Self, VerifyError> {
        let mut segments = Vec::new();
        for (first, name) in list_segments(view, sealed)? {
            // One that is gone meanwhile was sealed meanwhile: then the checkpoint differs, and all is read again.
            segments.extend(view.read(&name)?.map(|bytes| (first, name, bytes)));
        }
        Ok(Self::judge(&segments, sealed))
    }

    /// Judges one segment alone.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of_segment(bytes: &[u8]) -> bool {
        !Self::judge(&[(0, "tail/0".to_owned(), bytes.to_vec())], 0).is_wrong()
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.finding.as_ref().is_some_and(|(severity, ..)| *severity == Severity::Tampered)
    }

    pub(super) fn report(self, report: &mut VerifyReport) {
        report.unsealed_leaves = self.unsealed;
        if let Some((severity, file, problem)) = self.finding {
            report.found(severity, file, None, problem);
        }
    }

    fn judge(segments: &[(u64, String, Vec<u8>)], sealed: u64) -> Self {
        let tampered = |unsealed, file: &str, problem: String| Self {
            unsealed,
            finding: Some((Severity::Tampered, file.to_owned(), problem)),
        };
        let mut before: Option<(u64, Hash)> = None;
        for (place, (first, name, bytes)) in segments.iter().enumerate() {
            let unsealed = |next: u64| next.saturating_sub(sealed);
            let Some(header) = SegmentHeader::parse(bytes).filter(|header| header.first == *first) else {
                return tampered(unsealed(*first), name, "its header was changed".to_owned());
            };
            let (mut next, mut chain) = before.unwrap_or((header.first, header.chain));
            if (next, chain) != (header.first, header.chain) || (place == 0 && header.first > sealed) {
                let problem = format!("it does not follow what stands before it: leaf {next} is missing");
                return tampered(unsealed(next), name, problem);
            }
            let mut offset = SEGMENT_HEADER;
            while let Some(frame) = bytes
                .get(offset..)
                .and_then(|rest| RawFrame::parse(rest, &chain))
                .filter(|f| f.follows(&chain, next))
            {
                (next, chain, offset) = (next + 1, frame.chain, offset + frame.length());
            }
            let rest = bytes.get(offset..).unwrap_or_default();
            let last = place + 1 == segments.len();
            let goes_on = RawFrame::linked_anywhere(rest).next().is_some();
            if !is_zero(rest) && last && is_cut_off(rest, offset, &chain) && next >= sealed && !goes_on {
                let problem =
                    format!("leaf {next} was not finished (the process was stopped, or is writing)");
                return Self {
                    unsealed: unsealed(next),
                    finding: Some((Severity::Note, name.clone(), problem)),
                };
            }
            if !is_zero(rest) {
                let problem = format!(
                    "frame at byte {offset} (leaf {next}) is not what was written there, unless the machine lost power \
                     and the server was not started since"
                );
                return tampered(unsealed(next), name, problem);
            }
            before = Some((next, chain));
        }
        match before {
            None => tampered(0, "tail", "it is missing".to_owned()),
            Some((next, _)) if next < sealed => {
                let problem =
                    format!("it ends before leaf {next}, but the checkpoint covers {sealed} leaves");
                tampered(0, segments.last().map_or("tail", |(_, name, _)| name), problem)
            }
            Some((next, _)) => Self { unsealed: next - sealed, finding: None },
        }
    }
}

#[cfg(test)]
mod tests;
