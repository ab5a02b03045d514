//! `casemate audit`: verify the ledger, offline, from its files and the public key alone.

use std::path::PathBuf;

use casemate_audit::{VerifierKey, VerifyReport};
use serde_json::json;

use crate::credentials::Credentials;
use crate::failure::{Failure, Kind};
use crate::output::{GOOD, Output, WARN, paint, plain};

/// Work on the ledger's files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  casemate audit verify casemate-data/ledger --key casemate+1a2b3c4d+AY…
  casemate audit verify --proof proof.json --key ledger.pub")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Recompute the Merkle tree and compare it with the signed checkpoint. Exit code 6 when something does not hold.
    Verify {
        /// The ledger folder (`ledger` in the data folder).
        folder: Option<PathBuf>,
        /// The verifier key that `serve` printed, or a file that holds it.
        #[arg(long, env = "CASEMATE_LEDGER_KEY", value_name = "KEY|FILE")]
        key: String,
        /// Verify this inclusion proof instead of the whole ledger.
        #[arg(long, value_name = "FILE", conflicts_with = "folder")]
        proof: Option<PathBuf>,
        /// Do not compare with the newest checkpoint seen before, and do not remember this one.
        #[arg(long)]
        forget: bool,
    },
}

pub(crate) fn run(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    let What::Verify { folder, key, proof, forget } = arguments.what;
    let key = match std::fs::read_to_string(&key) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => key,
    };
    if let Some(proof) = proof {
        return verify_proof(&proof, &key, output);
    }
    let Some(folder) = folder else {
        return Err(Failure::new(Kind::Usage, "name the ledger folder, or `--proof FILE`")
            .help("casemate audit verify casemate-data/ledger --key KEY"));
    };
    // Remembered under the key as it reads, not as it was typed.
    let known_as = VerifierKey::parse(&key)
        .map_err(|error| Failure::new(Kind::Usage, format!("`--key` is no verifier key: {error}")))?
        .to_string();
    let remembered = Credentials::load()?
        .checkpoints
        .get(&known_as)
        .filter(|_| !forget)
        .map(|kept| serde_json::from_value(kept.clone()))
        .transpose()
        .map_err(|error| {
            Failure::failed(format!("the remembered checkpoint cannot be read: {error}")).help("--forget")
        })?;
    let waiting = output.spinner("verifying".to_owned());
    let verified = casemate_audit::verify(&folder, &key, remembered.as_ref());
    waiting.finish_and_clear();
    let report = verified
        .map_err(|error| Failure::new(Kind::Found, format!("the ledger cannot be verified: {error}")))?;
    let document = serde_json::to_value(&report).map_err(|error| Failure::failed(error.to_string()))?;
    output.result(&document, |_| words(&report));
    if remembered.is_none() {
        output.note(&paint(
            WARN,
            if forget {
                "Not compared with any checkpoint seen before: a rollback would not show."
            } else {
                "No checkpoint of this ledger was seen before from here: a rollback before now would not show."
            },
        ));
    }
    if !report.holds() {
        return Err(Failure::new(Kind::Found, "the ledger does not hold"));
    }
    if !forget {
        let kept =
            serde_json::to_value(&report.checkpoint).map_err(|error| Failure::failed(error.to_string()))?;
        Credentials::change(|credentials| credentials.checkpoints.insert(known_as, kept))?;
    }
    Ok(())
}

fn words(report: &VerifyReport) -> String {
    let mut lines: Vec<_> = report.findings.iter().map(|finding| plain(&finding.to_string())).collect();
    if report.more_findings > 0 {
        lines.push(format!("and {} more", report.more_findings));
    }
    if report.holds() {
        let size = report.checkpoint.size;
        lines.push(paint(GOOD, format!("The ledger holds: {size} leaves under the signed checkpoint.")));
        if let Some(extends) = report.extends {
            lines.push(format!("It extends the checkpoint of {extends} leaves that was seen before."));
        }
    }
    if report.unsealed_leaves > 0 {
        lines.push(paint(
            WARN,
            format!("{} newer leaves are not under a checkpoint yet.", report.unsealed_leaves),
        ));
    }
    lines.join("\n")
}

fn verify_proof(path: &PathBuf, key: &str, output: &Output) -> Result<(), Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::failed(format!("`{}` cannot be read: {error}", path.display())))?;
    let proof: casemate_audit::RequestProof = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::failed(format!("`{}` is not a proof: {error}", path.display())))?;
    casemate_audit::verify_proof(&proof, key)
        .map_err(|error| Failure::new(Kind::Found, format!("the proof does not hold: {error}")))?;
    let leaves = proof.leaves.len();
    output.result(&json!({ "request": proof.request, "leaves": leaves, "holds": true }), |_| {
        paint(
            GOOD,
            format!("The proof holds: all {leaves} leaves of request {} are in the ledger.", proof.request),
        )
    });
    Ok(())
}
