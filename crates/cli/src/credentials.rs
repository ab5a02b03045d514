//! The signed-in session of the command line: one file, mode 0600, one entry for each server.
//!
//! Invariant: a password is never kept; the session handle is, and it changes at each renewal, so a copied file shows itself
//! when either holder renews.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What the command line keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// The server that verbs speak to when none is named.
    pub(crate) current: Option<String>,
    /// Sessions by server.
    #[serde(default)]
    pub(crate) servers: BTreeMap<String, Session>,
    /// The newest ledger checkpoint seen, by verifier key: a ledger that is older than it was rolled back.
    #[serde(default)]
    pub(crate) checkpoints: BTreeMap<String, serde_json::Value>,
}

/// A session with one server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) username: String,
    pub(crate) access_token: String,
    /// Seconds since the epoch.
    pub(crate) expires_at: u64,
    pub(crate) session: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Session {
    /// Whether the access token is still good for a few seconds.
    pub(crate) fn is_fresh(&self) -> bool {
        self.expires_at > now() + 10
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn path() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("CASEMATE_CREDENTIALS") {
        return Ok(PathBuf::from(path));
    }
    let base = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let base = base.ok_or_else(|| {
        Failure::failed("there is no place for credentials: `HOME` is not set")
            .help("CASEMATE_CREDENTIALS=/path/to/file")
    })?;
    Ok(base.join("casemate").join("credentials.json"))
}

impl Credentials {
    /// Reads the file; a missing one is empty.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = path()?;
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
                    .help(format!("rm {}   # then sign in again", path.display()))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::failed(format!("`{}` cannot be read: {error}", path.display()))),
        }
    }

    /// Writes the file whole: a crash leaves the old one or the new one.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let path = path()?;
        let wrong = |error: std::io::Error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        };
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        std::fs::create_dir_all(&folder).map_err(wrong)?;
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| Failure::failed(error.to_string()))?;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(wrong)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(wrong)?;
        std::fs::rename(&fresh, &path).map_err(wrong)
    }
}
