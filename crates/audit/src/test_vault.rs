//! A vault for unit tests, with the ledger's data key.

use std::sync::LazyLock;

use casemate_vault::{KeyScope, RootKeySource, Vault};

pub(crate) fn vault() -> Vault {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&RootKeySource::File(folder.path().join("root.key")), true).unwrap();
    vault.create_data_key(&KeyScope::Ledger).unwrap();
    vault
}

/// One vault for properties, which ask for it often: making one writes a key to disk.
pub(crate) static SHARED: LazyLock<Vault> = LazyLock::new(vault);
