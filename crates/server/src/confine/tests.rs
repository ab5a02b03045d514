//! Tests of `confine`: a child process confines itself and then tries what an escaped guest would try. The same attempts are
//! made by a child that does not confine itself, to show that the wall and nothing else stops them.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;

/// Tells the test program that it is a child, and what to do: `free`, `confined`, `any port`, `compiler` or `inherit`.
const MODE: &str = "CASEMATE_TEST_CONFINE";
/// The folder that the test made: `data` inside it is the data folder.
const FOLDER: &str = "CASEMATE_TEST_FOLDER";
/// A port that somebody listens on, and a free one that the plan lets be bound.
const OPEN_PORT: &str = "CASEMATE_TEST_OPEN_PORT";
const OWN_PORT: &str = "CASEMATE_TEST_OWN_PORT";

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Runs this test program again, as `child` alone.
fn rerun(mode: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "confine::tests::child", "--nocapture", "--test-threads=1"])
        .env(MODE, mode)
        .stdin(Stdio::null());
    command
}

/// Not a test by itself: what the children of the tests below do. Run by hand it does nothing.
#[test]
fn child() {
    match std::env::var(MODE).as_deref() {
        Ok("free") => attempts(),
        Ok("confined") => {
            let data = PathBuf::from(variable(FOLDER)).join("data");
            let port = variable(OWN_PORT).parse().unwrap();
            let plan = ConfinementPlan::for_server(&data).unwrap().binding(&[port]);
            assert!(!is_confined());
            println!("confinement = {}", confine(&plan).unwrap());
            attempts();
        }
        Ok("any port") => {
            let data = PathBuf::from(variable(FOLDER)).join("data");
            let plan = ConfinementPlan::for_server(&data).unwrap().binding(&[0]);
            println!("confinement = {}", confine(&plan).unwrap());
            attempts();
        }
        Ok("compiler") => {
            confine_compiler().unwrap();
            attempts();
        }
        Ok("inherit") => fs::read("/etc/passwd").map(drop).unwrap(),
        Ok(other) => panic!("{other}"),
        Err(_) => {}
    }
}

/// Tries everything and prints how each ended.
fn attempts() {
    let folder = PathBuf::from(variable(FOLDER));
    let (data, outside) = (folder.join("data"), folder.join("outside"));
    let open_port: u16 = variable(OPEN_PORT).parse().unwrap();
    let own_port: u16 = variable(OWN_PORT).parse().unwrap();
    let try_it = |what: &str, outcome: io::Result<()>| match outcome {
        Ok(()) => println!("attempt {what} = ok"),
        Err(error) => println!("attempt {what} = {:?}", error.kind()),
    };

    // What a server needs.
    try_it("store data", store(&data));
    try_it("read hosts", fs::read("/etc/hosts").map(drop));
    try_it("open page map", File::open("/proc/self/pagemap").map(drop));
    try_it("start own program", status(Command::new(std::env::current_exe().unwrap()).arg("--list")));
    try_it("connect", TcpStream::connect(("127.0.0.1", open_port)).map(drop));
    try_it("bind own port", TcpListener::bind(("127.0.0.1", own_port)).map(drop));

    // What an attacker would like.
    try_it("read passwd", fs::read("/etc/passwd").map(drop));
    try_it("read passwd by link", fs::read(data.join("link")).map(drop));
    try_it(
        "read passwd in a thread",
        std::thread::spawn(|| fs::read("/etc/passwd").map(drop)).join().unwrap(),
    );
    try_it("read passwd in a child", status(&mut rerun("inherit")));
    try_it("list root", fs::read_dir("/").map(drop));
    try_it("list home", fs::read_dir(&folder).map(drop));
    let parent = std::os::unix::process::parent_id();
    try_it("read parent environment", fs::read(format!("/proc/{parent}/environ")).map(drop));
    try_it("write outside", fs::write(outside.join("new"), b"x"));
    try_it("change outside", OpenOptions::new().write(true).open(outside.join("file")).map(drop));
    try_it("truncate outside", truncate(&outside.join("file")));
    try_it("move out", fs::rename(data.join("loot"), outside.join("loot")));
    try_it("link in data", std::os::unix::fs::symlink("/etc/passwd", data.join("made")));
    try_it("run shell", status(Command::new("/bin/sh").args(["-c", "true"])));
    try_it("run from data", status(&mut Command::new(data.join("program"))));
    try_it("bind a port", TcpListener::bind("127.0.0.1:0").map(drop));
    let parent = rustix::process::getppid().unwrap();
    try_it("signal parent", rustix::process::test_kill_process(parent).map_err(io::Error::from));
    println!("confined = {}", is_confined());
}

/// What `storage` does: write, sync, rename into another folder, read, delete.
fn store(data: &Path) -> io::Result<()> {
    fs::create_dir(data.join("blobs"))?;
    let mut file = File::create_new(data.join("new"))?;
    file.write_all(b"content")?;
    file.sync_all()?;
    fs::rename(data.join("new"), data.join("blobs/one"))?;
    truncate(&data.join("blobs/one"))?;
    File::open(data.join("blobs"))?.sync_all()?;
    fs::remove_file(data.join("blobs/one"))?;
    fs::remove_dir(data.join("blobs"))
}

fn truncate(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).truncate(true).open(path).map(drop)
}

fn status(command: &mut Command) -> io::Result<()> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    // A program that ran and failed was itself refused something.
    if status.success() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Starts a child in `mode` in a fresh folder and returns what it printed.
fn run(mode: &str) -> BTreeMap<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (data, outside) = (folder.path().join("data"), folder.path().join("outside"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), b"content").unwrap();
    fs::write(data.join("loot"), b"content").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", data.join("link")).unwrap();
    fs::copy("/bin/true", data.join("program")).unwrap();
    fs::set_permissions(data.join("program"), fs::Permissions::from_mode(0o755)).unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = rerun(mode)
        .env(FOLDER, folder.path())
        .env(OPEN_PORT, open.local_addr().unwrap().port().to_string())
        .env(OWN_PORT, own.to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let lines = printed.lines().filter_map(|line| line.split_once(" = "));
    // The harness prints `test … ...` before the first line of the child.
    lines
        .map(|(what, outcome)| {
            let what = what.rsplit("... ").next().unwrap_or(what).trim_start_matches("attempt ");
            (what.to_owned(), outcome.to_owned())
        })
        .collect()
}

const NEEDED: [&str; 6] =
    ["store data", "read hosts", "open page map", "start own program", "connect", "bind own port"];

/// Each attack, with the Landlock version that stops it.
const ATTACKS: [(&str, u32); 16] = [
    ("read passwd", 2),
    ("read passwd by link", 2),
    ("read passwd in a thread", 2),
    ("read passwd in a child", 2),
    ("list root", 2),
    ("list home", 2),
    ("read parent environment", 2),
    ("write outside", 2),
    ("change outside", 2),
    ("truncate outside", 2),
    ("move out", 2),
    ("link in data", 2),
    ("run shell", 2),
    ("run from data", 2),
    ("bind a port", 4),
    ("signal parent", 6),
];

#[test]
fn a_confined_server_does_its_work_and_nothing_else() {
    // Positive control: without the wall, everything works on this machine.
    let free = run("free");
    for what in NEEDED.iter().chain(ATTACKS.iter().map(|(what, _)| what)) {
        assert_eq!(free.get(*what).map(String::as_str), Some("ok"), "{what}, unconfined");
    }
    assert_eq!(free.get("confined").map(String::as_str), Some("false"));

    let confined = run("confined");
    let confinement = confined.get("confinement").unwrap();
    let Some(version) = confinement.strip_prefix("Landlock version ").and_then(|rest| rest.split(',').next())
    else {
        eprintln!(
            "SKIPPED: this kernel cannot confine ({confinement}); the attacks were not tried against the wall"
        );
        return;
    };
    let version: u32 = version.parse().unwrap();
    // The test harness keeps its own main thread, which is seen; nothing else is missing on a kernel that is new enough.
    let harness = format!("Landlock version {version}, without: threads that ran already: 1");
    assert_eq!(*confinement == harness, version >= 6, "{confinement}");
    for what in NEEDED {
        assert_eq!(confined.get(what).map(String::as_str), Some("ok"), "{what}, confined");
    }
    for (what, since) in ATTACKS {
        let outcome = confined.get(what).unwrap();
        // A move out of the domain is refused as a move to another disk would be.
        let refused = ["PermissionDenied", "CrossesDevices"].contains(&outcome.as_str());
        assert_eq!(refused, version >= since, "{what}, confined: {outcome}");
    }
    assert_eq!(confined.get("confined").map(String::as_str), Some("true"));
}

/// The compile child reads hostile input: a hole in the compiler must not open the data folder, where the root key may lie.
#[test]
fn a_compile_child_reaches_nothing() {
    let confined = run("compiler");
    if confined.get("confined").map(String::as_str) != Some("true") {
        eprintln!("SKIPPED: this kernel cannot confine; the compile child has its other limits only");
        return;
    }
    assert_eq!(confined.get("open page map").map(String::as_str), Some("ok"), "what an engine needs");
    let ports = ["connect", "bind own port", "bind a port", "signal parent"];
    let reach = NEEDED.iter().chain(ATTACKS.iter().map(|(what, _)| what));
    for what in reach.filter(|what| **what != "open page map" && !ports.contains(what)) {
        let outcome = confined.get(*what).unwrap();
        assert!(["PermissionDenied", "CrossesDevices"].contains(&outcome.as_str()), "{what}: {outcome}");
    }
}

#[test]
fn port_0_stands_for_one_that_the_kernel_picks() {
    let confined = run("any port");
    let bound = |what: &str| confined.get(what).map(String::as_str);
    assert_eq!(bound("bind a port"), Some("ok"));
    match confined.get("confinement").unwrap() {
        old if !old.starts_with("Landlock") || old.contains("binding of TCP ports") => {
            eprintln!("SKIPPED: this kernel cannot restrict ports ({old})");
        }
        _ => assert_eq!(
            bound("bind own port"),
            Some("PermissionDenied"),
            "a port by its number is another matter"
        ),
    }
}

#[test]
fn what_is_not_enforced_is_said() {
    use RulesetStatus::{FullyEnforced, NotEnforced, PartiallyEnforced};
    let on = |abi| LandlockStatus::Available { effective_abi: abi, kernel_abi: None };
    let check = |ruleset, landlock, others, expected: &str| {
        let confinement = judge(&ruleset, landlock, others);
        assert_eq!(confinement.to_string(), expected);
        assert_eq!(confinement.weakness().is_none(), matches!(confinement, Confinement::Full(_)));
    };
    check(FullyEnforced, on(ABI::V6), 0, "Landlock version 6, fully enforced");
    check(FullyEnforced, on(ABI::V7), 0, "Landlock version 7, fully enforced");
    check(FullyEnforced, on(ABI::V7), 3, "Landlock version 7, without: threads that ran already: 3");
    check(
        PartiallyEnforced,
        on(ABI::V4),
        0,
        "Landlock version 4, without: control of devices (Linux 6.10); signals and abstract sockets (Linux 6.12)",
    );
    check(
        PartiallyEnforced,
        on(ABI::V6),
        0,
        "Landlock version 6, without: some rights, which the kernel does not name",
    );
    check(
        NotEnforced,
        on(ABI::V1),
        0,
        "no Landlock: this kernel has version 1 of it, and 2 (Linux 5.19) is needed",
    );
    check(NotEnforced, LandlockStatus::NotImplemented, 0, "no Landlock: this kernel was built without it");
    check(
        NotEnforced,
        LandlockStatus::NotEnabled,
        0,
        "no Landlock: it is switched off in this kernel (boot option `lsm=`)",
    );
}

#[test]
fn a_missing_data_folder_is_an_error_and_confines_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = ConfinementPlan::for_server(&folder.path().join("absent")).unwrap();
    let error = confine(&plan).unwrap_err();
    assert!(matches!(&error, ConfineError::Path { path, .. } if path.ends_with("absent")));
    assert!(!is_confined());
}

#[test]
fn this_program_s_loader_is_found() {
    let libraries = mapped_libraries();
    let loaders = readable_paths().into_iter().filter(|(_, rights)| rights.contains(AccessFs::Execute));
    // The test program is linked dynamically or it has no libraries at all.
    assert_eq!(loaders.count() > 0, !libraries.is_empty(), "{libraries:?}");
}
