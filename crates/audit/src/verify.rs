//! Verification offline: from the files and the public key alone.
//!
//! Owns: recomputing the whole tree from the entry bundles, comparing it with the tiles and the signed checkpoint, checking the
//! unsealed tail as far as one can without the key, and comparing with a checkpoint that was seen earlier. Invariant: a report that
//! [`VerifyReport::holds`] means that every leaf under the checkpoint is the one that was signed. Not here: reading events.
//!
//! A running server's folder can be verified too: full bundles and tiles never change, and what changes is read first, again
//! if a checkpoint was written meanwhile.

mod moving;
mod rebuild;
mod tail;

use std::path::Path;

use casemate_core::{Fault, Faulty};
use casemate_storage::StorageError;
use casemate_storage::ledger_files::LedgerView;
use serde::Serialize;

use crate::error::NoteError;
use crate::note::{Checkpoint, VerifierKey};
use crate::seal::CHECKPOINT;

use self::moving::Moving;

/// At most this many findings are kept; the rest is counted.
const FINDINGS_MAX: usize = 100;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which file, within the ledger's folder.
    pub file: String,
    /// Which entry of it: in a bundle or tile counted from zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The ledger was changed, or is damaged.
    Tampered,
    /// Worth knowing, and normal after a crash or under a running server.
    Note,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(entry) = self.entry {
            write!(f, " entry {entry}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The signed tree head; remember it, and pass it the next time.
    pub checkpoint: Checkpoint,
    /// Entry bundles that were read.
    pub bundles: u64,
    /// Hash tiles that were compared.
    pub tiles: u64,
    /// Leaves in the tail that no checkpoint covers yet; their links hold, but only the server, which has the key, can tell
    /// that they are its own.
    pub unsealed_leaves: u64,
    /// The size of the checkpoint that was seen earlier and that this ledger extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<u64>,
    /// What is not as it was written, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more_findings: u64,
}

impl VerifyReport {
    /// Whether the ledger is what was signed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    fn found(
        &mut self,
        severity: Severity,
        file: impl Into<String>,
        entry: Option<u64>,
        problem: impl Into<String>,
    ) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { severity, file: file.into(), entry, problem: problem.into() });
        } else {
            self.more_findings += 1;
        }
    }

    fn tampered(&mut self, file: impl Into<String>, entry: Option<u64>, problem: impl Into<String>) {
        self.found(Severity::Tampered, file, entry, problem);
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The verifier key cannot be used.
    #[error("the verifier key cannot be used")]
    Key(#[source] NoteError),
    /// There is no ledger.
    #[error("there is no ledger in `{0}`: it has no file `checkpoint`")]
    NoLedger(String),
    /// The checkpoint is not one that this key signed.
    #[error("`checkpoint`: {0}")]
    Checkpoint(NoteError),
    /// The ledger is shorter than one that was seen earlier.
    #[error(
        "the ledger was rolled back: a checkpoint over {remembered} leaves was seen, now it covers {size}"
    )]
    RolledBack {
        /// The size that was seen.
        remembered: u64,
        /// The size now.
        size: u64,
    },
    /// The ledger is not an extension of one that was seen earlier.
    #[error(
        "the ledger was rewritten: its first {size} leaves are not those of the checkpoint that was seen"
    )]
    Forked {
        /// The size that was seen.
        size: u64,
    },
    /// The remembered checkpoint is of another ledger.
    #[error("the remembered checkpoint is of ledger `{remembered}`, this is `{found}`")]
    OtherOrigin {
        /// Which was remembered.
        remembered: String,
        /// Which this is.
        found: String,
    },
    /// A running server sealed faster than its files could be read.
    #[error("the ledger changes too fast to be read; try again")]
    Moving,
    /// The files could not be read.
    #[error("the ledger's files could not be read")]
    Storage(#[from] StorageError),
}

impl Faulty for VerifyError {
    fn fault(&self) -> Fault {
        match self {
            Self::Key(_) | Self::OtherOrigin { .. } => Fault::Caller,
            Self::NoLedger(_) => Fault::Missing,
            Self::Checkpoint(_) | Self::RolledBack { .. } | Self::Forked { .. } | Self::Moving => {
                Fault::Unavailable
            }
            Self::Storage(error) => error.fault(),
        }
    }
}

/// Verifies the ledger in `dir`, the ledger's folder or the data folder that holds it. `remembered` is a checkpoint that
/// an earlier report gave.
///
/// # Errors
/// [`VerifyError`] when there is nothing to report on: no ledger, no signature of this key, or not the ledger that was
/// remembered. Everything else that is wrong is a finding in the report.
pub fn verify(dir: &Path, vkey: &str, remembered: Option<&Checkpoint>) -> Result<VerifyReport, VerifyError> {
    let key = VerifierKey::parse(vkey).map_err(VerifyError::Key)?;
    let inside = dir.join("ledger");
    let dir = if inside.is_dir() && !dir.join(CHECKPOINT).exists() { &inside } else { dir };
    let view = LedgerView::at(dir);
    let moving = Moving::read(&view, &key)?;
    let checkpoint = moving.checkpoint.clone();
    if let Some(remembered) = remembered {
        check_remembered(remembered, &checkpoint)?;
    }
    let mut report = VerifyReport {
        checkpoint,
        bundles: 0,
        tiles: 0,
        unsealed_leaves: 0,
        extends: remembered.map(|checkpoint| checkpoint.size),
        findings: Vec::new(),
        more_findings: 0,
    };
    let remembered_root = rebuild::rebuild(&view, &moving, remembered, &mut report)?;
    if let (Some(root), Some(remembered)) = (remembered_root, remembered)
        && root != remembered.root
    {
        return Err(VerifyError::Forked { size: remembered.size });
    }
    if remembered_root.is_none() {
        report.extends = None;
    }
    moving.tail.report(&mut report);
    Ok(report)
}

fn check_remembered(remembered: &Checkpoint, now: &Checkpoint) -> Result<(), VerifyError> {
    if remembered.origin != now.origin {
        let (remembered, found) = (remembered.origin.clone(), now.origin.clone());
        return Err(VerifyError::OtherOrigin { remembered, found });
    }
    if remembered.size > now.size {
        return Err(VerifyError::RolledBack { remembered: remembered.size, size: now.size });
    }
    if remembered.size == now.size && remembered.root != now.root {
        return Err(VerifyError::Forked { size: now.size });
    }
    Ok(())
}

/// Whether the bytes of a lone segment, the first of its ledger, read as an undamaged tail.
#[cfg(any(test, fuzzing))]
pub(crate) fn segment_holds(bytes: &[u8]) -> bool {
    tail::TailReport::of_segment(bytes)
}
