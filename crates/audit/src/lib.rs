//! The ledger: what was decided and what came of it, in a log that cannot be edited unnoticed.
//!
//! Owns: recording (`begin`, `append`), durability by group, sealing into a Merkle log of the C2SP tlog-tiles layout with signed
//! checkpoints, reading, proofs, and verification offline. Invariants: a leaf that `append` acknowledged survives `kill -9`; a
//! ledger that is full or broken refuses, and what wanted to be recorded must then not happen; sequence numbers have no gaps.
//! Not here: what is decided (`policy`), who may read it (`server`), keys (`vault`), how files are written (`storage`).
//!
//! One leaf's way: `Ledger::append` serialises the event, and under one mutex numbers it, seals it (`leaf`), frames it (`frame`)
//! and hands it to the kernel (`tail`): acknowledged. The sync thread puts it on disk together with its neighbours (`sync`):
//! durable. Within a second the sealer makes it part of the tree and signs the tree's root (`seal`): provable to others.
//!
//! The ledger's folder:
//!
//! | name | what | protected by |
//! |---|---|---|
//! | `checkpoint` | size and root, a signed note | Ed25519 signature |
//! | `tile/<L>/<N>`, `tile/<L>/<N>.p/<W>` | hash tiles | the checkpoint |
//! | `tile/entries/<N>`, `….p/<W>` | leaves, 256 to a bundle | the checkpoint; events sealed |
//! | `tail/<first seq>` | leaves not under a checkpoint yet | a linked MAC for each, a linked checksum for those without the key |
//! | `index/<n>` | request id → leaves | MAC; made anew when wrong |
//! | `key.json` | verifier key; wrapped signing key | wrapped by the vault |
//!
//! Times are what the machine's clock said and may go back when the clock is set back, which is recorded when it happens;
//! the order of leaves is their sequence number.
//!
//! What it does not protect from: whoever holds the signing key and the disk can rewrite everything that nobody else remembers
//! a checkpoint of; and whoever can write to the disk can cut off the leaves after the last checkpoint.

mod error;
mod frame;
mod index;
mod keys;
mod leaf;
mod ledger;
mod note;
mod open;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod prove;
mod read;
mod recovery;
mod seal;
mod settings;
mod shared;
mod sync;
mod tail;
#[cfg(test)]
mod test_vault;
pub mod tile;
pub mod tree;
mod verify;

pub use error::{NoteError, OpenLedgerError, ReadLedgerError};
pub use leaf::{Leaf, LeafHeader};
pub use ledger::Ledger;
pub use note::{Checkpoint, VerifierKey};
pub use prove::{LeafProof, ProvedRequest, RequestProof, VerifyProofError, verify_proof};
pub use settings::LedgerSettings;
pub use verify::{Finding, Severity, VerifyError, VerifyReport, verify};
