//! What the owner of a data folder can do while no server runs on it.
//!
//! Invariant: the folder's lock and its root key are all that is asked for, because whoever holds both can do anything; what is
//! done stands in the ledger all the same. Not here: anything that a server could be asked for.

use std::sync::Arc;

use casemate_audit::{Ledger, LedgerSettings};
use casemate_core::{Clock, SystemClock};
use casemate_identity::{Identity, IdentitySettings};
use casemate_storage::{Storage, is_new};
use casemate_vault::{SystemEntropy, Vault};

use crate::error::StartError;
use crate::settings::Settings;

/// Forgets the failed sign-ins of an account at both doors, and those of every address: for an only administrator who is locked
/// out.
///
/// # Errors
/// [`StartError`]: a server runs on the folder, the folder is none, the root key is another, or there is no such account.
pub fn unlock(settings: &Settings, name: &str) -> Result<(), StartError> {
    if is_new(&settings.data).map_err(StartError::Runtime)? {
        return Err(StartError::NoFolder(settings.data.clone()));
    }
    let vault = Arc::new(Vault::open(&settings.root_key_source(), false)?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let handles = Storage::open(&settings.data, Arc::clone(&vault), Arc::clone(&clock))?;
    let ledger_settings =
        LedgerSettings { max_bytes: settings.ledger_max_bytes, ..LedgerSettings::default() };
    let ledger = Ledger::open(handles.ledger, Arc::clone(&vault), Arc::clone(&clock), ledger_settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(StartError::Runtime)?;
    let done = runtime.block_on(async {
        let own = IdentitySettings { issuer: settings.issuer(), ..IdentitySettings::default() };
        let identity = Identity::open(handles.accounts, vault, clock, Arc::new(SystemEntropy), own).await?;
        // The ledger first: what it does not take does not happen.
        ledger.note("unlocked offline", &format!("the owner of the data folder unlocks `{name}`"))?;
        Ok(identity.unlock_as_owner(name).await?)
    });
    ledger.close();
    done
}
