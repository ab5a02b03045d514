//! Accounts: users, services, API keys, sessions, role memberships, attempt counters, signing keys, single-use things.
//!
//! Owns: the tables of `0002_accounts.sql`. Invariant: each method is one transaction that checks and changes together, so
//! fifty callers in parallel see one winner; names stand in the file only sealed, secrets only as MACs that the caller
//! made; a row that gives authority counts only with its proof (`proof`). [`Accounts`] moves into `identity` alone. Not here: what a password, token or handle is, and who may do what
//! (`identity`, `policy`).

use std::sync::Arc;

use casemate_core::{Clock, Fault, Faulty, Principal, ServiceId, Timestamp, UserId};
use casemate_vault::{Binding, KeyScope, MacPurpose, Vault};
use rusqlite::{Connection, OptionalExtension};

use crate::database::Database;
use crate::error::{StorageError, unsealed};

mod attempts;
mod lockout;
mod proof;
mod roles;
mod services;
mod sessions;
mod signing_keys;
mod single_use;
mod users;

pub use attempts::{Admission, Counters, Door, Lock, Subject};
pub use lockout::LockRule;
pub use roles::{Membership, Memberships};
pub use services::{ApiKeyRecord, NewApiKey, ServiceRecord};
pub use sessions::{NewSession, Renewal, SessionRecord};
pub use signing_keys::{KeyState, StoredSigningKey};
pub use users::{Credential, UserRecord};

/// A keyed hash of a secret or a name, as [`Vault::mac`] makes it.
pub type Mac = [u8; 32];

/// What `identity` keeps.
pub struct Accounts {
    database: Arc<Database>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

/// Why an account could not be changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountsError {
    /// The name belongs to another account.
    #[error("an account of that name exists")]
    NameTaken,
    /// There is no such account.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The installation would be left without an administrator.
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    /// A thing that is good for one use was used before, or never made.
    #[error("the code is not valid, or was used before")]
    Spent,
    /// Reading or writing failed; nothing was changed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<rusqlite::Error> for AccountsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl Faulty for AccountsError {
    fn fault(&self) -> Fault {
        match self {
            Self::NameTaken | Self::LastAdministrator => Fault::Caller,
            Self::Missing(_) => Fault::Missing,
            Self::Spent => Fault::Denied,
            Self::Storage(error) => error.fault(),
        }
    }
}

impl Accounts {
    /// Only [`crate::Storage::open`] makes one.
    pub(crate) fn new(database: Arc<Database>, vault: Arc<Vault>, clock: Arc<dyn Clock>) -> Self {
        Self { database, sealer: Sealer(vault), clock }
    }

    /// Readies a folder that has no accounts yet.
    pub(crate) fn prepare(db: &Connection, vault: &Arc<Vault>) -> Result<(), StorageError> {
        roles::begin(db, &Sealer(Arc::clone(vault)))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The user or service of a name.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn principal_named(&self, name: &str) -> Result<Option<Principal>, AccountsError> {
        let mac = self.sealer.name_mac(name);
        let Some(principal) = self.database.read(|db| principal_of(db, &mac))? else { return Ok(None) };
        // SECURITY: the table of names is in clear; a name that was pointed at another account is nobody's.
        match self.name_of(&principal.uid())? {
            Some(known) if known == name => Ok(Some(principal)),
            _ => Err(StorageError::Tampered("account name").into()),
        }
    }

    /// The name of a user's or service's id.
    ///
    /// # Errors
    /// [`AccountsError::Storage`].
    pub fn name_of(&self, id: &str) -> Result<Option<String>, AccountsError> {
        self.database.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT sealed_name FROM users WHERE id = ?1 UNION ALL SELECT sealed_name FROM services WHERE id = ?1",
            )?;
            let sealed: Option<Vec<u8>> = statement.query_row([id], |row| row.get(0)).optional()?;
            Ok(sealed.map(|sealed| self.sealer.open(id, "name", &sealed)).transpose()?)
        })
    }
}

/// Seals names and hashes of accounts, bound to their account and column.
#[derive(Clone)]
struct Sealer(Arc<Vault>);

impl Sealer {
    fn name_mac(&self, name: &str) -> Mac {
        self.0.mac(MacPurpose::AccountName, &[b"name", name.as_bytes()])
    }

    fn seal(&self, account: &str, column: &str, text: &str) -> Result<Vec<u8>, StorageError> {
        let parts: [&[u8]; 3] = [b"accounts", account.as_bytes(), column.as_bytes()];
        Ok(self.0.seal(&Binding { scope: &KeyScope::Platform, parts: &parts }, text.as_bytes())?)
    }

    fn open(&self, account: &str, column: &str, sealed: &[u8]) -> Result<String, StorageError> {
        let parts: [&[u8]; 3] = [b"accounts", account.as_bytes(), column.as_bytes()];
        let binding = Binding { scope: &KeyScope::Platform, parts: &parts };
        let bytes = self.0.open_sealed(&binding, sealed).map_err(unsealed("account"))?;
        String::from_utf8(bytes.to_vec()).map_err(|_| StorageError::Tampered("account"))
    }
}

fn principal_of(db: &Connection, name_mac: &Mac) -> Result<Option<Principal>, AccountsError> {
    let mut statement = db.prepare_cached("SELECT principal FROM account_names WHERE name_mac = ?1")?;
    let id: Option<String> = statement.query_row([name_mac], |row| row.get(0)).optional()?;
    Ok(id.map(|id| read_id(&id)).transpose()?)
}

/// The account of a stored id.
fn read_id(id: &str) -> Result<Principal, StorageError> {
    UserId::parse(id)
        .map(Principal::User)
        .or_else(|_| ServiceId::parse(id).map(Principal::Service))
        .map_err(|_| StorageError::Corrupt("an account id".to_owned()))
}

/// Gives a name to a new account.
fn take_name(db: &Connection, name_mac: &Mac, id: &str) -> Result<(), AccountsError> {
    let taken = db
        .prepare_cached("INSERT OR IGNORE INTO account_names (name_mac, principal) VALUES (?1, ?2)")?
        .execute((name_mac, id))?;
    if taken == 1 { Ok(()) } else { Err(AccountsError::NameTaken) }
}

/// A time as the database has it.
fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

/// A time out of the database.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests;
