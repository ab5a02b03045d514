//! Tests of `root`: the file is created once, safely and whole; anything else than a safe key is refused, unchanged.

use std::process::Command;

use tempfile::TempDir;

use super::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn key_file(folder: &TempDir, content: &[u8], mode: u32) -> PathBuf {
    let path = folder.path().join("root.key");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn obtain(path: &Path, first_start: bool) -> Result<Zeroizing<[u8; 32]>, OpenVaultError> {
    RootKeySource::File(path.to_owned()).obtain(first_start)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_first_start_creates_the_key_and_later_ones_read_it() {
    let folder = folder();
    let path = folder.path().join("new/data/root.key");
    let created = obtain(&path, true).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(listing(path.parent().unwrap()), ["root.key"], "nothing else is left");
    assert_eq!(fs::read(&path).unwrap().len(), 65);
    assert_eq!(obtain(&path, false).unwrap(), created);
    // A first start that was cut off after the key was made is repeated with the same key.
    assert_eq!(obtain(&path, true).unwrap(), created);
    assert_ne!(obtain(&folder.path().join("other.key"), true).unwrap(), created);
}

#[test]
fn first_starts_at_once_agree_on_one_key() {
    let folder = folder();
    let path = folder.path().join("root.key");
    let keys: Vec<_> = std::thread::scope(|threads| {
        let start = || threads.spawn(|| obtain(&path, true).unwrap());
        let threads: Vec<_> = (0..8).map(|_| start()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(listing(folder.path()), ["root.key"]);
}

#[test]
fn a_missing_file_is_not_made_for_existing_data() {
    let folder = folder();
    let path = folder.path().join("root.key");
    let error = obtain(&path, false).unwrap_err();
    assert!(matches!(error, OpenVaultError::Missing { .. }));
    assert!(error.to_string().contains("root.key"));
    assert!(listing(folder.path()).is_empty());
}

#[test]
fn only_modes_that_shut_others_out_are_taken() {
    for good in [0o600, 0o400, 0o700] {
        let folder = folder();
        assert!(obtain(&key_file(&folder, KEY.as_bytes(), good), false).is_ok(), "{good:o}");
    }
    for bad in [0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777] {
        let folder = folder();
        let path = key_file(&folder, KEY.as_bytes(), bad);
        for first_start in [false, true] {
            let error = obtain(&path, first_start).unwrap_err();
            assert!(matches!(error, OpenVaultError::LooseMode { mode, .. } if mode == bad), "{bad:o}");
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())));
        }
        assert_eq!(mode(&path), bad);
        assert_eq!(fs::read(&path).unwrap(), KEY.as_bytes());
    }
}

#[test]
fn a_foreign_owner_is_refused() {
    let path = Path::new("root.key");
    assert!(check_owner(path, 1000, 1000).is_ok());
    assert!(check_owner(path, 0, 1000).is_ok());
    let error = check_owner(path, 1001, 1000).unwrap_err();
    assert!(matches!(error, OpenVaultError::ForeignOwner { owner: 1001, .. }));
    assert!(check_owner(path, 1001, 0).is_err());
}

#[test]
fn only_64_hex_digits_are_a_key() {
    let folder = folder();
    for good in [KEY.to_owned(), format!("{KEY}\n"), format!("{KEY}\r\n"), KEY.to_uppercase()] {
        let key = obtain(&key_file(&folder, good.as_bytes(), 0o600), false).unwrap();
        assert_eq!(key[..3], [0, 1, 2]);
        assert_eq!(key[31], 0xff);
    }
    let bad: [&[u8]; 11] = [
        b"",
        b"\n",
        &[7; 32],
        &KEY.as_bytes()[1..],
        format!("{KEY}0").leak().as_bytes(),
        format!("{KEY}{KEY}").leak().as_bytes(),
        format!("{KEY}\n{KEY}").leak().as_bytes(),
        format!(" {KEY}").leak().as_bytes(),
        format!("0x{}", KEY.split_at(2).1).leak().as_bytes(),
        format!("+{}", KEY.split_at(1).1).leak().as_bytes(),
        &[0xff; 64],
    ];
    for content in bad {
        for first_start in [false, true] {
            let path = key_file(&folder, content, 0o600);
            let error = obtain(&path, first_start).unwrap_err();
            assert!(matches!(error, OpenVaultError::Malformed { .. }), "{content:?}");
            assert!(!format!("{error} {error:?}").contains("0102030405"), "the message shows no key");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused_and_does_not_hang() {
    let folder = folder();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg("-m600").arg(&pipe).status().unwrap().success());
    let directory = folder.path().join("directory");
    DirBuilder::new().mode(0o700).create(&directory).unwrap();
    for path in [pipe, directory] {
        assert!(matches!(obtain(&path, false), Err(OpenVaultError::NotAFile { .. })), "{path:?}");
    }
    // Mounted secrets are links: the file that is opened counts.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(key_file(&folder, KEY.as_bytes(), 0o600), &link).unwrap();
    assert!(obtain(&link, false).is_ok());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let folder = folder();
    fs::write(folder.path().join("file"), b"").unwrap();
    let error = obtain(&folder.path().join("file/root.key"), true).unwrap_err();
    assert!(matches!(error, OpenVaultError::Read { .. } | OpenVaultError::Create { .. }), "{error}");
    assert!(matches!(
        obtain(Path::new("/"), true),
        Err(OpenVaultError::NotAFile { .. } | OpenVaultError::LooseMode { .. })
    ));
}

fn shell(script: &str, timeout: Duration) -> Result<Zeroizing<[u8; 32]>, OpenVaultError> {
    run(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], timeout)
}

#[test]
fn a_command_gives_the_key_or_a_clear_error() {
    let long = Duration::from_secs(30);
    let key = shell(&format!("echo {KEY}"), long).unwrap();
    assert_eq!(key[31], 0xff);
    let source = RootKeySource::Command(vec!["printf".to_owned(), KEY.to_owned()]);
    assert_eq!(source.obtain(false).unwrap(), key);

    assert!(matches!(run(&[], long), Err(OpenVaultError::EmptyCommand)));
    assert!(matches!(run(&["/no/such/program".to_owned()], long), Err(OpenVaultError::Command { .. })));
    assert!(matches!(shell("exit 3", long), Err(OpenVaultError::CommandFailed { .. })));
    assert!(matches!(shell(&format!("echo {KEY}; exit 3"), long), Err(OpenVaultError::CommandFailed { .. })));
    assert!(matches!(shell("echo hello", long), Err(OpenVaultError::Malformed { .. })));
    assert!(matches!(shell("true", long), Err(OpenVaultError::Malformed { .. })));
    // Endless output is cut off; the program then dies of it.
    assert!(matches!(
        shell("yes", long),
        Err(OpenVaultError::CommandFailed { .. } | OpenVaultError::Malformed { .. })
    ));
}

#[test]
fn a_command_that_hangs_is_ended() {
    let brief = Duration::from_millis(50);
    let begun = Instant::now();
    for script in ["exec sleep 60", "exec >&-; exec sleep 60"] {
        assert!(matches!(shell(script, brief), Err(OpenVaultError::CommandSlow { .. })), "{script}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
}
