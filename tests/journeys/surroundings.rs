//! Bad surroundings, with the real binary in them: a full disk, a folder that cannot be written, a clock that is set back.
//!
//! The disk is a small one in memory, mounted in a namespace of its own; the clock is a library that the server is started with.
//! Where the system allows no namespace or has no compiler, the test says SKIPPED aloud and why, and tests nothing.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::json;

use crate::harness::{Answer, PASSWORD, Server, ask, component, get};

const LAB: &str = "app = \"lab\"\n[stores.scratch]\n[functions.a]\ncomponent = \"components/attacker.wasm\"\nroutes = [\"/*\"]\naccess = \"public\"\n\
    grants.kv = { scratch = [\"get\", \"set\"] }\nlimits = { rate = { function = 100000, address = 100000 } }\n";

/// A disk of some MiB at a server's data folder, in a mount namespace that lives as long as this does.
struct Disk {
    holder: Child,
    data: PathBuf,
}

impl Disk {
    /// Gives a server that is to be started on the disk, or says why there can be none.
    fn mount(mib: u32) -> Option<(Self, Server)> {
        let mut server = Server::not_started("");
        let data = server.data();
        std::fs::create_dir(&data).unwrap();
        let script =
            format!("mount -t tmpfs -o size={mib}m,mode=700 disk \"$0\" && echo mounted && exec cat");
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .arg(&data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.trim() != "mounted" {
            let _ = holder.kill();
            let why = holder.wait_with_output().unwrap().stderr;
            skipped(&format!("no disk can be mounted here: {}", String::from_utf8_lossy(&why).trim()));
            return None;
        }
        let disk = Self { holder, data };
        let words = disk.enter();
        server.wrapper = Box::new(move |program| {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).arg(program);
            command
        });
        Some((disk, server))
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        self.run(
            "dd if=/dev/zero of=\"$0/ballast\" bs=64k; dd if=/dev/zero of=\"$0/ballast2\" bs=1 count=4096",
        );
        assert!(!self.run("echo more > \"$0/ballast3\"").status.success(), "it is not full");
    }

    /// Lets the server write its log to a file.
    fn log_to(&self, server: &mut Server, log: &Path) {
        let (words, log) = (self.enter(), log.to_owned());
        server.wrapper = Box::new(move |program| {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).arg(program).stderr(file);
            command
        });
    }

    fn enter(&self) -> Vec<String> {
        let words = format!("nsenter --user --mount --preserve-credentials --target {}", self.holder.id());
        words.split(' ').map(str::to_owned).collect()
    }

    /// Runs a script inside, with the data folder as `$0`.
    fn run(&self, script: &str) -> Output {
        let words = self.enter();
        let output =
            Command::new(&words[0]).args(&words[1..]).args(["sh", "-c", script]).arg(&self.data).output();
        output.unwrap()
    }

    fn must(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A copy of the ledger out here, where it can be verified.
    fn verify(&self, key: &str, into: &Path) -> casemate_audit::VerifyReport {
        let copy = into.join("copy");
        let to = copy.display();
        self.must(&format!("rm -rf '{to}' && cp -r \"$0/ledger\" '{to}'"));
        let report = casemate_audit::verify(&copy, key, None).unwrap_or_else(|error| panic!("{error}"));
        assert!(report.holds(), "{:?}", report.findings);
        report
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// Sets a key, and gives the request's id when that was acknowledged, else the answer.
fn set(server: &Server, key: usize) -> Result<String, Answer> {
    let value = "v".repeat(1_000);
    let answer = server.call(&get("lab.localhost", &format!("/kv?do=set&key=k{key}&value={value}")));
    match answer.status == 200 && answer.whole && answer.text() == "done\n" {
        true => Ok(answer.request_id()),
        false => Err(answer),
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    // The ledger wants 192 MiB free for what functions cause.
    let Some((disk, mut server)) = Disk::mount(256) else { return };
    let log = server.folder.path().join("log");
    disk.log_to(&mut server, &log);
    server.restart();
    let admin = server.admin();
    server.deploy("lab", LAB);
    let mut acknowledged: Vec<_> = (0..20).map(|key| set(&server, key).unwrap()).collect();

    // Full, to the last byte: the store fails at once, the ledger closes when it next looks, and then nothing is let in.
    disk.fill();
    let since = Instant::now();
    loop {
        match set(&server, acknowledged.len()) {
            Ok(request) => acknowledged.push(request),
            Err(answer) if answer.status == 503 => break,
            Err(answer) => assert_eq!(answer.text(), "set: the store failed\n"),
        }
        assert!(since.elapsed().as_secs() < 30, "a full disk takes everything");
    }
    let digest = casemate_server::sha256(&component("components/attacker.wasm")).to_string();
    let body = json!({ "manifest": LAB, "components": { "a": digest } });
    let deploy = ask("POST", "localhost", "/v1/apps/lab/revisions").json(&body).token(&admin);
    let sign_in = json!({ "username": "admin", "password": PASSWORD });
    let sign_in = ask("POST", "localhost", "/v1/sign-in").json(&sign_in);
    for refused in [&deploy, &sign_in] {
        let answer = server.try_control(refused);
        assert_eq!((answer.status, answer.json()["title"].as_str()), (503, Some("Service Unavailable")));
    }
    // Its operator reads why. The ledger refuses as soon as it knows that there is no room, and writes its line when its round ends.
    let since = Instant::now();
    for line in ["the disk of the data folder is full", "requests are denied until it can"] {
        while !std::fs::read_to_string(&log).unwrap().contains(line) {
            assert_eq!(set(&server, 0).unwrap_err().status, 503);
            assert!(since.elapsed().as_secs() < 30, "the log does not say: {line}");
        }
    }

    // A crash now, and a start on the full disk: it denies still. With room again it comes back by itself.
    server.kill_9();
    server.restart();
    assert_eq!(set(&server, 0).unwrap_err().status, 503);
    assert_eq!(server.try_control(&deploy).status, 503);
    disk.must("rm \"$0\"/ballast*");
    let since = Instant::now();
    while set(&server, 0).is_err() {
        assert!(since.elapsed().as_secs() < 30, "it does not come back");
    }
    check(&mut server, &acknowledged);
    let deployed = server.control(&deploy);
    assert_eq!(deployed["revision"], 2, "the deploys that were refused left nothing");

    server.stop();
    server.restart();
    check(&mut server, &acknowledged);
    server.stop();
    let report = disk.verify(&server.ledger_key, server.folder.path());
    assert!(report.checkpoint.size >= 3 * acknowledged.len() as u64);
}

/// Every acknowledged write can be read, and every acknowledged request is in the ledger.
fn check(server: &mut Server, acknowledged: &[String]) {
    for (key, request) in acknowledged.iter().enumerate() {
        let read = server.call(&get("lab.localhost", &format!("/kv?do=get&key=k{key}")));
        assert_eq!(read.text().trim_end(), "v".repeat(1_000), "key {key} was acknowledged");
        let steps = server.explain(request)["steps"].as_array().unwrap().clone();
        assert!(steps.iter().any(|step| step["action"] == "kv-set"), "request {request}: {steps:?}");
    }
}

#[test]
fn a_read_only_folder_is_named_and_left_alone() {
    let Some((disk, mut server)) = Disk::mount(112) else { return };
    server.restart();
    server.admin();
    server.stop();
    let fingerprint = "cd \"$0\" && find . -type f | sort | xargs sha256sum";
    let before = disk.must(fingerprint);
    disk.must("mount -o remount,ro disk \"$0\"");
    let output = server.command().stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "it started");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let folder = server.data().display().to_string();
    assert!(words.contains(&folder) && words.contains("cannot be written"), "{words}");
    assert_eq!(disk.must(fingerprint), before, "nothing changed");
    // Control: writable again, it starts.
    disk.must("mount -o remount,rw disk \"$0\"");
    server.restart();
    server.control_token("admin");
}

/// A clock that runs as the machine's does, some seconds beside it: a library that stands before the C library's.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile long *beside;
__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("CLOCK_BESIDE"), O_RDONLY);
    void *page = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    beside = page == MAP_FAILED ? 0 : page;
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    long failed = syscall(SYS_clock_gettime, clock, time);
    if (!failed && beside && clock == CLOCK_REALTIME) time->tv_sec += *beside;
    return failed;
}
"#;

/// The clock of one server.
struct Clock(PathBuf);

impl Clock {
    fn install(server: &mut Server) -> Option<Self> {
        let folder = server.folder.path();
        let (source, library, beside) =
            (folder.join("clock.c"), folder.join("clock.so"), folder.join("beside"));
        std::fs::write(&source, CLOCK).unwrap();
        std::fs::write(&beside, 0_i64.to_ne_bytes()).unwrap();
        let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output();
        match made {
            Ok(output) if output.status.success() => {}
            other => {
                skipped(&format!("no library can be compiled here: {other:?}"));
                return None;
            }
        }
        let file = beside.clone();
        server.wrapper = Box::new(move |program| {
            let mut command = Command::new(program);
            command.env("LD_PRELOAD", &library).env("CLOCK_BESIDE", &file);
            command
        });
        Some(Self(beside))
    }

    /// Sets the clock so many seconds beside the machine's.
    fn set(&self, seconds: i64) {
        let mut file = std::fs::OpenOptions::new().write(true).open(&self.0).unwrap();
        file.write_all(&seconds.to_ne_bytes()).unwrap();
    }
}

#[test]
fn a_clock_set_back_opens_nothing_and_loses_nothing() {
    const DAY: i64 = 24 * 3600;
    let mut server = Server::not_started("");
    let Some(clock) = Clock::install(&mut server) else { return };
    server.restart();
    let lab = LAB.replace("access = \"public\"", "access = \"signed-in\"");
    server.deploy("lab", &lab);
    server.user("bob", &[]);
    let token = server.sign_in("lab", "bob");
    let count =
        |server: &Server, token: &str| server.call(&get("lab.localhost", "/count").token(token)).status;
    assert_eq!(count(&server, &token), 200);

    // Back by a day: a token from the future is no token, and a new one is.
    clock.set(-DAY);
    assert_eq!(count(&server, &token), 401, "a token that is not valid yet");
    let early = server.sign_in("lab", "bob");
    let answer = server.call(&get("lab.localhost", "/kv?do=set&key=k&value=early").token(&early));
    assert_eq!(answer.text(), "done\n");
    let told = server.call(&get("lab.localhost", "/kv?do=get&key=k").token(&early));
    assert_eq!(told.text(), "early\n");
    // The ledger keeps its order.
    let admin = server.control_token("admin");
    let steps = |server: &Server, request: &str, admin: &str| {
        let explained = server.control(&get("localhost", &format!("/v1/requests/{request}")).token(admin));
        explained["steps"].as_array().unwrap().clone()
    };
    let first = steps(&server, &answer.request_id(), &admin)[0]["seq"].as_u64().unwrap();
    assert!(first < steps(&server, &told.request_id(), &admin)[0]["seq"].as_u64().unwrap());

    // A restart in the past.
    server.stop();
    server.restart();
    let admin = server.control_token("admin");
    assert_eq!(server.call(&get("lab.localhost", "/kv?do=get&key=k").token(&early)).text(), "early\n");
    assert_eq!(steps(&server, &answer.request_id(), &admin)[0]["seq"].as_u64(), Some(first));

    // Right again: the token that was early has long expired, the first is good for as long as it was made for.
    clock.set(0);
    assert_eq!(count(&server, &early), 401, "an expired token");
    assert_eq!(count(&server, &token), 200);
    // And forward: that one expires.
    clock.set(DAY);
    assert_eq!(count(&server, &token), 401);
    let late = server.sign_in("lab", "bob");
    assert_eq!(count(&server, &late), 200);
    server.verify();
}
