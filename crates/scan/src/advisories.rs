//! Known vulnerabilities of packages, matched offline.
//!
//! Owns: the forms in which advisories come (OSV, RustSec, the older npm form), the store that they are kept in, matching. Invariants:
//! withdrawn records never match; an ecosystem that is not known is counted and nothing else; a version that cannot be
//! compared is reported as not judged, never as safe. Not here: folders and archives on a disk (`cli`), lock files (`packages`).
//!
//! Source: the OSV schema (ossf.github.io/osv-schema), its section on evaluation.

mod cvss;
mod import;
mod matching;
mod osv;
mod reach;
mod record;
mod rustsec;
mod security_wg;
mod store;

use serde::Serialize;

pub use self::import::{Importer, MAX_FILE_BYTES, Report, Taken};
pub use self::matching::{Judged, Match, judge};
pub use self::reach::{imported, safe_version};
pub use self::record::{Affected, Stretch};
pub use self::store::{Bytes, Facts, Store, StoreError};
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
    /// When the record was last changed, as it says itself.
    pub modified: String,
}

impl Advisory {
    /// Whether the package itself is the harm.
    #[must_use]
    pub fn is_malicious(&self) -> bool {
        self.id.starts_with("MAL-") || self.aliases.iter().any(|alias| alias.starts_with("MAL-"))
    }
}

#[cfg(test)]
mod tests;
