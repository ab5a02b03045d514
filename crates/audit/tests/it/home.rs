//! A ledger's home for tests: a folder, a root key, the data key that `storage` would keep, and events.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use casemate_audit::{Ledger, LedgerSettings, OpenLedgerError, VerifyError, VerifyReport, verify};
use casemate_core::action::Audience;
use casemate_core::event::{HttpRequest, Lifecycle};
use casemate_core::{Clock, Event, KeyId, Opened, RequestId, SystemClock, Timestamp};
use casemate_storage::LedgerFiles;
use casemate_vault::{KeyScope, RootKeySource, Vault, WrappedKey};

pub(crate) struct Home {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub(crate) fn within(folder: &Path) -> Self {
        let temporary = tempfile::tempdir_in(folder).unwrap();
        Self { path: temporary.path().to_owned(), _temporary: Some(temporary) }
    }

    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), _temporary: None }
    }

    #[allow(dead_code, reason = "not every test looks around")]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join("ledger")
    }

    pub(crate) fn vault(&self) -> Arc<Vault> {
        let kept = self.path.join("data-key");
        let vault = Vault::open(&RootKeySource::File(self.path.join("root.key")), !kept.exists()).unwrap();
        if let Ok(bytes) = std::fs::read(&kept) {
            let (id, wrapped) = bytes.split_first_chunk::<8>().unwrap();
            let id = KeyId(u64::from_be_bytes(*id));
            vault
                .adopt_data_key(&KeyScope::Ledger, id, &WrappedKey::from_bytes(wrapped.to_vec()), true)
                .unwrap();
        } else {
            let (id, wrapped) = vault.create_data_key(&KeyScope::Ledger).unwrap();
            std::fs::write(&kept, [&id.0.to_be_bytes(), wrapped.as_bytes()].concat()).unwrap();
        }
        Arc::new(vault)
    }

    pub(crate) fn try_open(
        &self,
        settings: LedgerSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Ledger>, OpenLedgerError> {
        Ledger::open(LedgerFiles::alone(&self.ledger()).unwrap(), self.vault(), clock, settings)
    }

    pub(crate) fn open(&self, settings: LedgerSettings) -> Arc<Ledger> {
        self.try_open(settings, Arc::new(SystemClock)).unwrap()
    }

    pub(crate) fn verify(&self, vkey: &str) -> Result<VerifyReport, VerifyError> {
        verify(&self.path, vkey, None)
    }

    /// A copy of everything, as a thief or a backup would make it.
    #[allow(dead_code, reason = "not every test copies")]
    pub(crate) fn copy(&self) -> Self {
        let other = Self::new();
        copy_folder(&self.path, &other.path);
        other
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
    // The data folder must be private, whatever the copy's umask was.
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
}

/// Segments that are small enough for a test to go through many.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn small() -> LedgerSettings {
    LedgerSettings { segment_bytes: 96 * 1024, ..LedgerSettings::default() }
}

#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn event(number: u64) -> Event {
    let message =
        format!("event {number}, with a message that is about as long as a decision's record is in JSON");
    Event::Lifecycle(Lifecycle {
        time: Timestamp::from_secs(1_700_000_000 + number),
        activity: "tested".to_owned(),
        message,
    })
}

pub(crate) fn request(number: u64) -> RequestId {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    RequestId::new(Timestamp::from_secs(1_700_000_000 + number / 100), [a, b, c, d, e, f, g, h, 0, 0])
}

#[allow(dead_code, reason = "not every test begins entries")]
pub(crate) fn opened(number: u64, path: &str) -> Opened {
    let http = HttpRequest {
        http_method: "GET".to_owned(),
        host: "shop.localhost".to_owned(),
        path: path.to_owned(),
        version: "HTTP/1.1".to_owned(),
        src_endpoint: std::net::IpAddr::from([127, 0, 0, 1]),
        tls: false,
    };
    Opened { request: request(number), at: Timestamp::from_secs(1_700_000_000), http, door: Audience::Data }
}
