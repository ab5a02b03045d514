//! Assesses serverless applications from their files: infrastructure, code and dependencies. Files in, report out.
//!
//! Owns: the graph of an application, the formats that are read into it, the rules that read it. Invariants: pure, so no disk, no
//! network and no clock; bounded in time and memory for any input; every value knows its file, line and column; what cannot be
//! resolved is unknown, which is a verdict of its own. Not here: walking folders and printing (`cli`).
//!
//! The path of the data:
//! ```text
//! SourceTree ─ formats (cloudformation, serverless, terraform) ─▶ graph::Inventory
//!            ─ code (JavaScript, Python) ─▶ calls and flows       ├─ need against grant
//!            ─ packages (lock files) ─▶ SBOM ─ advisories         ├─ rules ─▶ findings ─ suppressions, baseline
//!                                                                 └─ attack paths ─▶ score ─▶ report ─ fix
//! ```

pub mod advisories;
pub mod baseline;
pub mod cloudformation;
pub mod code;
pub mod document;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod graph;
pub mod iam;
pub mod inspect;
pub mod known;
pub mod need;
pub mod packages;
mod parallel;
pub mod paths;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod rates;
pub mod report;
pub mod rules;
pub mod sbom;
mod schema;
pub mod secrets;
pub mod serverless;
pub mod source;
pub mod suppress;
pub mod terraform;
pub mod versions;
