//! The signed-in session of the command line: one file, mode 0600, one entry for each server.
//!
//! Invariant: a password is never kept; the session handle is, and it changes at each renewal, so a copied file shows itself
//! when either holder renews. Whoever changes the file holds its [`Lock`] from reading it to writing it.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, OFlags, flock};
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

/// Where the file lies, and whether the folder is ours alone.
fn path() -> Result<(PathBuf, bool), Failure> {
    if let Some(path) = std::env::var_os("CASEMATE_CREDENTIALS") {
        return Ok((PathBuf::from(path), false));
    }
    let base = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let base = base.ok_or_else(|| {
        Failure::failed("there is no place for credentials: `HOME` is not set")
            .help("CASEMATE_CREDENTIALS=/path/to/file")
    })?;
    Ok((base.join("casemate").join("credentials.json"), true))
}

/// Held by whoever changes the file, over reading, changing and writing it.
#[derive(Debug)]
pub(crate) struct Lock {
    // The kernel gives it up when this is closed, whatever becomes of the process.
    _file: File,
}

/// Waits for the turn to change the file.
pub(crate) fn lock() -> Result<Lock, Failure> {
    let (path, ours) = path()?;
    let wrong =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be locked: {error}", path.display()));
    let folder = folder_of(&path);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(wrong)?;
    if ours && folder.metadata().map_err(wrong)?.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(wrong)?;
    }
    let mut name = path.clone().into_os_string();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0))
        .open(&name)
        .map_err(wrong)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| wrong(error.into()))?;
    Ok(Lock { _file: file })
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Credentials {
    /// Reads the file; a missing one is empty.
    pub(crate) fn load() -> Result<Self, Failure> {
        let (path, _) = path()?;
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::failed(format!("`{}` cannot be read: {error}", path.display()))
                    .help(format!("rm {}   # then sign in again", path.display()))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::failed(format!("`{}` cannot be read: {error}", path.display()))),
        }
    }

    /// Changes what the file says, and nothing that another verb changes at the same time.
    pub(crate) fn change<T>(change: impl FnOnce(&mut Self) -> T) -> Result<T, Failure> {
        let lock = lock()?;
        let mut credentials = Self::load()?;
        let changed = change(&mut credentials);
        credentials.save(&lock)?;
        Ok(changed)
    }

    /// Writes the file whole: a crash leaves the old one or the new one.
    pub(crate) fn save(&self, _turn: &Lock) -> Result<(), Failure> {
        let (path, _) = path()?;
        let wrong = |error: std::io::Error| {
            Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
        };
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| Failure::failed(error.to_string()))?;
        // SECURITY: a random name, made only if nothing has it, with mode 0600: nobody puts a link or a file of theirs there first.
        let mut fresh =
            tempfile::Builder::new().prefix(".credentials-").tempfile_in(folder_of(&path)).map_err(wrong)?;
        fresh.write_all(&bytes).and_then(|()| fresh.as_file().sync_all()).map_err(wrong)?;
        fresh.persist(&path).map_err(|error| wrong(error.error))?;
        Ok(())
    }
}
