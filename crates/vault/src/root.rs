//! Where the root key comes from.
//!
//! Owns: reading and creating the key file, and asking a command. Invariant: a key is used only from a file that nobody
//! else can read or change; a file is created whole or not at all, and never replaced. Not here: what is derived from it
//! (`vault`), and whether this is a first start (`storage` knows).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use casemate_core::ids::hex;
use zeroize::Zeroizing;

use crate::error::OpenVaultError;

/// How long a command may take: it may ask a key service over the network.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// More than 64 digits and a line end, so that too long a key is seen to be one.
const MOST_BYTES: u64 = 256;

/// Where the root key (32 bytes, written as 64 hex digits) is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootKeySource {
    /// A file with mode 0600 or 0400. Keep it on another disk than the data: beside them it does not survive a stolen disk.
    File(PathBuf),
    /// A program and its arguments, run without a shell, that prints the key: the way to a KMS, a TPM or a password store.
    Command(Vec<String>),
}

impl RootKeySource {
    pub(crate) fn obtain(&self, first_start: bool) -> Result<Zeroizing<[u8; 32]>, OpenVaultError> {
        match self {
            Self::Command(words) => run(words, COMMAND_TIMEOUT),
            Self::File(path) => match read(path) {
                Err(OpenVaultError::Missing { .. }) if first_start => {
                    create(path).map_err(|source| OpenVaultError::Create { path: path.clone(), source })?;
                    // Read back what is there: another process may have been first.
                    read(path)
                }
                outcome => outcome,
            },
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, OpenVaultError> {
    let failed = |source| OpenVaultError::Read { path: path.to_owned(), source };
    // WHY O_NONBLOCK: opening a named pipe would otherwise wait for a writer before it can be refused.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(OpenVaultError::Missing { path: path.to_owned() });
        }
        outcome => outcome.map_err(failed)?,
    };
    // SECURITY: the opened file is judged, not the path, which may have changed since.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(OpenVaultError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OpenVaultError::LooseMode { path: path.to_owned(), mode });
    }
    check_owner(path, metadata.uid(), rustix::process::geteuid().as_raw())?;
    let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES as usize));
    file.take(MOST_BYTES).read_to_end(&mut text).map_err(failed)?;
    parse(&text).ok_or_else(|| OpenVaultError::Malformed { from: path.display().to_string() })
}

/// The owner is who runs this process, or root, who can read it anyway.
fn check_owner(path: &Path, owner: u32, user: u32) -> Result<(), OpenVaultError> {
    if owner == user || owner == 0 {
        Ok(())
    } else {
        Err(OpenVaultError::ForeignOwner { path: path.to_owned(), owner })
    }
}

/// Creates the key file with a new key. A file that appears meanwhile stays.
fn create(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;

    // INVARIANT: the name appears only once the key is on disk; a crash leaves a key that was never used, no half key.
    let mut suffix = [0; 8];
    rand::fill(&mut suffix).map_err(|_| io::Error::other("no randomness"))?;
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let mut fresh = name.to_owned();
    fresh.push(format!(".new-{}", hex(&suffix)));
    let fresh = folder.join(fresh);
    let outcome = write(&fresh).and_then(|()| match fs::hard_link(&fresh, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    });
    let removed = fs::remove_file(&fresh);
    outcome?;
    removed?;
    File::open(folder)?.sync_all()
}

fn write(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; 32]);
    rand::fill(key.as_mut_slice()).map_err(|_| io::Error::other("no randomness"))?;
    let text = Zeroizing::new(hex(key.as_slice()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn run(words: &[String], timeout: Duration) -> Result<Zeroizing<[u8; 32]>, OpenVaultError> {
    let (program, arguments) = words.split_first().ok_or(OpenVaultError::EmptyCommand)?;
    let failed = |source| OpenVaultError::Command { program: program.clone(), source };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let slow = || OpenVaultError::CommandSlow { program: program.clone(), seconds: timeout.as_secs() };
    let deadline = Instant::now() + timeout;
    let outcome =
        read_output(&mut child, timeout).and_then(|text| Some((text, wait_until(&mut child, deadline)?)));
    let Some((text, status)) = outcome else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(slow());
    };
    let (text, status) = (text.map_err(failed)?, status.map_err(failed)?);
    if !status.success() {
        return Err(OpenVaultError::CommandFailed { program: program.clone(), status });
    }
    parse(&text).ok_or_else(|| OpenVaultError::Malformed { from: program.clone() })
}

/// What the child prints until it closes its output; `None` when that takes too long.
fn read_output(child: &mut Child, timeout: Duration) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // The thread ends with the pipe: after a timeout, once the killed child and its children are gone.
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES as usize));
        let outcome = stdout.take(MOST_BYTES).read_to_end(&mut text);
        let _ = sender.send(outcome.map(|_| text));
    });
    receiver.recv_timeout(timeout).ok()
}

/// How the child ended; `None` when it has not by `deadline`.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<io::Result<ExitStatus>> {
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => return None,
            Ok(Some(status)) => return Some(Ok(status)),
            Err(error) => return Some(Err(error)),
        }
    }
}

/// 64 hex digits of either case; white space may follow.
fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim_ascii_end();
    if text.len() != 64 {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests;
