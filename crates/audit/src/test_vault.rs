//! A vault for unit tests, with the ledger's data key.

use casemate_vault::{KeyScope, RootKeySource, Vault};

pub(crate) fn vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&RootKeySource::File(folder.path().join("root.key")), true).unwrap();
    vault.create_data_key(&KeyScope::Ledger).unwrap();
    vault
}
