//! Known vulnerabilities of packages, matched offline.
//!
//! Owns: the forms in which advisories come (OSV, RustSec, the older npm form), the store that they are kept in, matching. Invariants:
//! withdrawn records never match; an ecosystem that is not known is counted and nothing else; a version that cannot be
//! compared is reported as not judged, never as safe. Not here: folders and archives on a disk (`cli`), lock files (`packages`).
//!
//! Source: the OSV schema (ossf.github.io/osv-schema), its section on evaluation.

mod cvss;
mod fix;
mod import;
mod matching;
mod module;
mod osv;
mod reach;
mod record;
mod rustsec;
mod security_wg;
mod store;
mod summary;
mod systems;

use serde::Serialize;

pub use self::fix::Fix;
pub use self::import::{Importer, MAX_FILE_BYTES, Report, Taken};
pub use self::matching::{Judged, Match, holds, judge};
pub use self::reach::imported;
pub use self::record::{Affected, Stretch};
pub use self::store::{Bytes, Facts, Store, StoreError};
pub(crate) use self::summary::cut;
use crate::finding::Severity;

/// A known vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advisory {
    /// Its id in the database that it comes from.
    pub id: String,
    /// Other ids of the same vulnerability, such as its CVE.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// How bad it is, where the record tells; malicious packages are critical.
    pub severity: Option<Severity>,
    /// The CVSS base score in tenths (98 is 9.8), where the record has a vector of version 3.
    pub score_tenths: Option<u8>,
    /// The CVSS vector that score or level come from.
    pub vector: Option<String>,
    /// The numbers of the weaknesses that the record names (CWE).
    pub cwes: Vec<u32>,
    /// Whether the package itself is the harm.
    pub malicious: bool,
    /// When the record was last changed, as it says itself.
    pub modified: String,
}

/// Whether ids or a title say that a package was made to do harm.
fn is_malware<'a>(ids: impl IntoIterator<Item = &'a str>, title: &str) -> bool {
    // Only where a title begins with it: what lets others run malicious code is no malware.
    const BEGINNINGS: [&str; 4] =
        ["malware in ", "malicious code in ", "malicious package", "malicious crate"];
    const PARTS: [&str; 2] = ["malicious crate", "removed from crates.io for malicious code"];
    let title = title.to_ascii_lowercase();
    BEGINNINGS.iter().any(|words| title.starts_with(words))
        || PARTS.iter().any(|words| title.contains(words))
        || ids.into_iter().any(|id| id.starts_with("MAL-"))
}

#[cfg(test)]
mod tests;
