//! Opening a folder that is new, in use, foreign, damaged, incomplete, read-only.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use casemate_core::action::operation::{KvGet, KvSet};
use casemate_core::{Fault, Faulty};
use casemate_vault::RootKeySource;

use super::*;
use crate::testing::{House, clock, user};

#[tokio::test]
async fn folders_and_files_are_private() {
    let house = House::new().await;
    house.handles().guest.set(house.kv::<KvSet>(user(1), "shop/cart", &["k"]), vec![vec![1]]).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    assert_eq!(mode(house.data.path()), 0o700);
    let mut seen = Vec::new();
    for (path, _) in house.files() {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700, "{}", path.display());
        seen.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    for name in ["casemate.db", "casemate.db-wal", "casemate.db-shm", "lock", "root-key.check"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} is not among {seen:?}");
    }
}

#[tokio::test]
async fn a_second_server_on_one_folder_is_told_so() {
    let mut house = House::new().await;
    let error = house.open().unwrap_err();
    assert!(matches!(&error, OpenStorageError::InUse(path) if path == house.data.path()), "{error:?}");
    assert!(error.to_string().contains(&house.data.path().display().to_string()), "{error}");
    house.reopen();
}

#[tokio::test]
async fn one_handle_alone_keeps_the_folder_locked() {
    let mut house = House::new().await;
    let Handles { guest, accounts, registry, ledger } = house.handles.take().unwrap();
    drop((guest, accounts, registry));
    assert!(matches!(house.open(), Err(OpenStorageError::InUse(_))));
    drop(ledger);
    house.open().unwrap();
}

#[tokio::test]
async fn another_root_key_changes_nothing() {
    let mut house = House::new().await;
    house.handles().guest.set(house.kv::<KvSet>(user(1), "shop/cart", &["k"]), vec![vec![7]]).await.unwrap();
    house.handles = None;
    let before = house.files();
    let other = RootKeySource::File(house.keys.path().join("other.key"));
    let vault = Arc::new(Vault::open(&other, true).unwrap());
    let error = Storage::open(house.data.path(), vault, clock()).unwrap_err();
    assert!(matches!(error, OpenStorageError::WrongRootKey(_)), "{error:?}");
    assert!(before == house.files(), "the folder was changed");
    house.reopen();
    let values =
        house.handles().guest.get(house.kv::<KvGet>(user(1), "shop/cart", &["k"]), u64::MAX).unwrap();
    assert_eq!(values, [Some(vec![7])]);
}

#[tokio::test]
async fn a_missing_part_is_named_and_not_made_anew() {
    for (gone, name) in [("root-key.check", "root-key.check"), ("casemate.db", "casemate.db")] {
        let mut house = House::new().await;
        house.handles = None;
        std::fs::remove_file(house.data.path().join(gone)).unwrap();
        let before = house.files();
        assert!(!is_new(house.data.path()).unwrap());
        let error = house.open().unwrap_err();
        assert!(
            matches!(error, OpenStorageError::Incomplete { missing, .. } if missing == name),
            "{gone}: {error:?}"
        );
        assert!(before == house.files(), "{gone}: the folder was changed");
    }
}

#[tokio::test]
async fn a_damaged_database_is_said_to_be_damaged() {
    let noise: Vec<u8> = (0..40_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for (what, bytes) in [("noise", noise.as_slice()), ("cut to nothing", b"")] {
        let mut house = House::new().await;
        house.handles = None;
        std::fs::write(house.data.path().join("casemate.db"), bytes).unwrap();
        let error = house.open().unwrap_err();
        assert!(matches!(error, OpenStorageError::Storage(StorageError::Corrupt(_))), "{what}: {error:?}");
        assert_eq!(error.fault(), Fault::Unavailable);
    }
}

#[tokio::test]
async fn a_newer_folder_is_refused() {
    let mut house = House::new().await;
    house.handles = None;
    house.raw().execute("INSERT INTO migrations VALUES (9999, '9999_later', 0)", []).unwrap();
    let error = house.open().unwrap_err();
    assert!(
        matches!(&error, OpenStorageError::TooNew { migration, .. } if migration == "9999_later"),
        "{error:?}"
    );
}

#[test]
fn a_folder_that_others_may_enter_is_refused_unless_it_is_empty() {
    let house = House::closed();
    let shared = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(house.data.path(), shared.clone()).unwrap();
    std::fs::write(house.data.path().join("root.key"), "as the vault leaves it there").unwrap();
    drop(house.open().unwrap());
    assert_eq!(house.data.path().metadata().unwrap().mode() & 0o777, 0o700);
    std::fs::set_permissions(house.data.path(), shared).unwrap();
    let error = house.open().unwrap_err();
    assert!(matches!(&error, OpenStorageError::Unfit(_, why) if why.contains("chmod 700")), "{error:?}");
}

#[test]
fn preparing_makes_a_private_folder_with_its_parents() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("a/b");
    for _ in 0..2 {
        // A first start stays one until the folder was opened.
        assert!(Storage::prepare(&path).unwrap());
    }
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_file_is_no_data_folder() {
    let house = House::closed();
    let path = house.data.path().join("file");
    std::fs::write(&path, "x").unwrap();
    let error = Storage::open(&path, house.vault(), clock()).unwrap_err();
    assert!(matches!(error, OpenStorageError::Unfit(..)), "{error:?}");
    let error = Storage::open(&path.join("below"), house.vault(), clock()).unwrap_err();
    assert!(matches!(error, OpenStorageError::Storage(StorageError::File { .. })), "{error:?}");
}

/// Runs `act` as a user whom read-only modes stop: in a thread of its own, which gives up root's powers if it has them.
fn as_ordinary_user<T: Send>(owned: &[PathBuf], act: impl FnOnce() -> T + Send) -> T {
    const NOBODY: u32 = 65_534;
    let root = rustix::process::geteuid().is_root();
    if root {
        for path in owned {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                if root {
                    // Credentials belong to a thread on Linux; this one ends after `act`.
                    rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(NOBODY)).unwrap();
                }
                act()
            })
            .join()
            .unwrap()
    })
}

#[tokio::test]
async fn a_read_only_folder_is_said_to_be_read_only() {
    let mut house = House::new().await;
    house.handles = None;
    let vault = house.vault();
    let inside: Vec<_> = house.files().into_iter().map(|(path, _)| path).collect();
    for path in &inside {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).unwrap();
    }
    std::fs::set_permissions(house.data.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let before = house.files();
    let mut owned = inside;
    owned.push(house.data.path().to_owned());
    let error = as_ordinary_user(&owned, || Storage::open(house.data.path(), vault, clock()).unwrap_err());
    assert!(matches!(error, OpenStorageError::Storage(StorageError::ReadOnly(_))), "{error:?}");
    assert!(before == house.files(), "the folder was changed");
    std::fs::set_permissions(house.data.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_first_start_that_was_cut_short_goes_on() {
    // Killed after the root key was made, after the fingerprint was kept, and after the database file was made.
    for steps in 0..3 {
        let house = House::closed();
        assert!(Storage::prepare(house.data.path()).unwrap());
        let vault = house.vault();
        std::fs::set_permissions(house.data.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        if steps > 0 {
            let check = format!("{}\n", hex(&vault.fingerprint()));
            std::fs::write(house.data.path().join("root-key.check"), check).unwrap();
        }
        if steps > 1 {
            std::fs::write(house.data.path().join("casemate.db"), "").unwrap();
        }
        house.open().unwrap();
        assert!(!Storage::prepare(house.data.path()).unwrap());
    }
}

#[tokio::test]
async fn what_a_crash_left_in_the_making_is_swept() {
    let mut house = House::new().await;
    house.handles = None;
    let left = house.data.path().join("components/.new-1-1");
    std::fs::write(&left, "half a component").unwrap();
    house.reopen();
    assert!(!left.exists());
}
