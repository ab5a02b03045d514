//! Landlock around the server process: a second wall for the day on which the first, wasmtime's, has a hole.
//!
//! Owns: the list of what the process and its compile child may touch, and the report of what the kernel enforces of it.
//! Invariant: nothing is reachable that a line here does not name. Not here: system-call filtering, and limits on memory and
//! time.
//!
//! INVARIANT: a domain holds for the thread that calls [`confine`] and for threads and processes that it starts later; threads
//! that run already stay free. So it is called on the main thread before any runtime, writer or ticker starts; other threads
//! are counted and reported as a weakness, and [`is_confined`] asks the kernel on whichever thread it is called.
//!
//! What it does not do: outgoing connections stay possible (functions make them; `sandbox` judges their addresses), UDP is not
//! covered, and a path in [`READABLE`] that is replaced by another file later is not readable any more until the next start.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    Scope,
};

/// The newest rights that were tried with this server (Linux 6.12). A newer kernel may know more; they stay unused until
/// someone has tested them.
const TARGET: ABI = ABI::V6;

/// Without this (Linux 5.19) the kernel refuses every rename from one folder to another, and `storage` needs them.
const LEAST: ABI = ABI::V2;

/// What may be read beside the data, each with its reason. What is not there is passed over.
const READABLE: &[&str] = &[
    // Shared libraries of the compile child, and resolver plug-ins of the C library.
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    // Name resolution for outgoing requests.
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    // Certificate authorities; `/etc/ssl/certs` consists of links into the others.
    "/etc/ssl",
    "/etc/pki/tls",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    // wasmtime opens its page map when an engine is made; the standard library reads limits.
    "/proc/self",
    // The ledger notices a restart of the machine by it.
    "/proc/sys/kernel/random/boot_id",
];

/// What the process will need. Everything else is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfinementPlan {
    /// Read and written: the data folder.
    data: PathBuf,
    /// Read and executed: this program, for the compile child.
    executables: Vec<PathBuf>,
    /// TCP ports that may still be bound; 0 stands for one that the kernel picks.
    ports: Vec<u16>,
}

impl ConfinementPlan {
    /// The plan of a server: its data folder, and its own program to compile with. No port may be bound.
    ///
    /// # Errors
    /// [`ConfineError::Path`] when the running program cannot be found.
    pub fn for_server(data: &Path) -> Result<Self, ConfineError> {
        let program = std::env::current_exe()
            .map_err(|source| ConfineError::Path { path: PathBuf::from("/proc/self/exe"), source })?;
        Ok(Self { data: data.to_owned(), executables: vec![program], ports: Vec::new() })
    }

    /// Lets these TCP ports be bound after confinement.
    #[must_use]
    pub fn binding(mut self, ports: &[u16]) -> Self {
        self.ports.extend_from_slice(ports);
        self
    }

    /// Lets another program be started, which is then confined just so.
    #[must_use]
    pub fn executing(mut self, program: &Path) -> Self {
        self.executables.push(program.to_owned());
        self
    }
}

/// What the kernel enforces now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confinement {
    /// The whole plan; the number is the kernel's Landlock version.
    Full(u32),
    /// The plan but for what is listed.
    Partial {
        /// The kernel's Landlock version.
        abi: u32,
        /// What is not enforced.
        missing: Vec<String>,
    },
    /// Nothing, and why.
    None(String),
}

impl Confinement {
    /// What an operator should know; `None` when the whole plan holds.
    #[must_use]
    pub fn weakness(&self) -> Option<String> {
        match self {
            Self::Full(_) => None,
            Self::Partial { missing, .. } => Some(missing.join("; ")),
            Self::None(reason) => Some(reason.clone()),
        }
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(abi) => write!(f, "Landlock version {abi}, fully enforced"),
            Self::Partial { abi, missing } => {
                write!(f, "Landlock version {abi}, without: {}", missing.join("; "))
            }
            Self::None(reason) => write!(f, "no Landlock: {reason}"),
        }
    }
}

/// Why the process could not be confined. A kernel without Landlock is no error but [`Confinement::None`].
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// A path that the plan needs is not there.
    #[error("cannot open `{path}` to confine the process to it")]
    Path {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The kernel has Landlock and refused the rules.
    #[error("the kernel refused the confinement of the process")]
    Refused(#[from] RulesetError),
}

/// Confines the calling thread, and every thread and process that it starts from now on, to `plan`, for good.
///
/// # Errors
/// [`ConfineError`]; a kernel that knows less, or nothing, of Landlock is told in the returned value instead.
pub fn confine(plan: &ConfinementPlan) -> Result<Confinement, ConfineError> {
    let others = other_threads();
    let mut rules = vec![rule(&plan.data, data_rights())?];
    for program in &plan.executables {
        rules.push(rule(program, AccessFs::ReadFile | AccessFs::Execute)?);
    }
    rules.push(rule(Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile)?);
    for (path, rights) in readable_paths() {
        // Absent ones are passed over: machines differ.
        if let Ok(rule) = rule(&path, rights) {
            rules.push(rule);
        }
    }

    let mut ruleset = Ruleset::default()
        // Whole or not at all up to here; beyond, whatever the kernel knows.
        .set_compatibility(CompatLevel::SoftRequirement)
        .handle_access(AccessFs::from_all(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TARGET))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(TARGET))?
        .create()?
        .add_rules(rules.into_iter().map(Ok::<_, RulesetError>))?;
    for port in &plan.ports {
        ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
    }
    let status = ruleset.restrict_self()?;
    Ok(judge(&status.ruleset, status.landlock, others))
}

/// Confines the compile child to nothing: it has its pipes, and opens no file but its own entries in `/proc`, binds nothing and
/// connects to nothing. Best effort: on a kernel without Landlock, the limits on memory and time still hold.
///
/// # Errors
/// [`ConfineError::Refused`] when the kernel has Landlock and refused the rules.
pub fn confine_compiler() -> Result<(), ConfineError> {
    let own = rule(Path::new("/proc/self"), AccessFs::ReadFile | AccessFs::ReadDir);
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TARGET))?
        .handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?
        .scope(Scope::from_all(TARGET))?
        .create()?
        .add_rules(own.into_iter().map(Ok::<_, RulesetError>))?
        .restrict_self()?;
    Ok(())
}

/// Whether the calling thread is confined: the root folder, which anybody may list, is then closed to it.
#[must_use]
pub fn is_confined() -> bool {
    matches!(fs::read_dir("/"), Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

/// Everything on files and folders that storing data takes; no programs, devices, sockets or links to elsewhere.
fn data_rights() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

fn readable_paths() -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut paths: Vec<_> = READABLE.iter().map(|path| (PathBuf::from(path), read)).collect();
    for library in mapped_libraries() {
        // Starting a program also executes its loader. (Run by hand, a loader starts other programs, but only readable
        // ones, and confined as this process is.)
        let loader = library.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"ld"));
        let rights = if loader { read | AccessFs::Execute } else { read };
        paths.push((library, rights));
    }
    paths
}

/// The shared libraries of this program, its loader among them, wherever this machine keeps them.
fn mapped_libraries() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let is_library = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        path.starts_with('/') && (name.ends_with(".so") || name.contains(".so."))
    };
    let mut paths: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').and_then(|at| line.get(at..)))
        .filter(is_library)
        .map(PathBuf::from)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// A rule for what is at `path` now. Rights that only folders have are left out for a file.
fn rule(path: &Path, rights: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, ConfineError> {
    let missing = |source| ConfineError::Path { path: path.to_owned(), source };
    let is_folder = fs::metadata(path).map_err(missing)?.is_dir();
    let fd = PathFd::new(path).map_err(|error| match error {
        landlock::PathFdError::OpenCall { source, .. } => missing(source),
        other => missing(io::Error::other(other)),
    })?;
    let rights = if is_folder { rights } else { rights & AccessFs::from_file(TARGET) };
    Ok(PathBeneath::new(fd, rights))
}

/// How many threads run beside this one; they would stay free.
fn other_threads() -> usize {
    // Without `/proc` nobody can tell; a server's machine has it.
    fs::read_dir("/proc/self/task").map_or(0, |threads| threads.count().saturating_sub(1))
}

fn judge(ruleset: &RulesetStatus, landlock: LandlockStatus, others: usize) -> Confinement {
    let abi = match landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u32,
        LandlockStatus::NotEnabled => {
            return Confinement::None("it is switched off in this kernel (boot option `lsm=`)".to_owned());
        }
        LandlockStatus::NotImplemented => {
            return Confinement::None("this kernel was built without it".to_owned());
        }
    };
    if *ruleset == RulesetStatus::NotEnforced {
        return Confinement::None(format!(
            "this kernel has version {abi} of it, and 2 (Linux 5.19) is needed"
        ));
    }
    let since = [
        (3, "truncation of files (Linux 6.2)"),
        (4, "binding of TCP ports (Linux 6.7)"),
        (5, "control of devices (Linux 6.10)"),
        (6, "signals and abstract sockets (Linux 6.12)"),
    ];
    let mut missing: Vec<String> =
        since.iter().filter(|(version, _)| abi < *version).map(|(_, what)| (*what).to_owned()).collect();
    if missing.is_empty() && *ruleset != RulesetStatus::FullyEnforced {
        missing.push("some rights, which the kernel does not name".to_owned());
    }
    if others > 0 {
        missing.push(format!("threads that ran already: {others}"));
    }
    if missing.is_empty() { Confinement::Full(abi) } else { Confinement::Partial { abi, missing } }
}

#[cfg(test)]
mod tests;
