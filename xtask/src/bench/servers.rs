//! The servers that are compared: built, started, asked once, and ended with the run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::load::Load;

const GREETING: &str = "Hello, world!\n";
/// A JavaScript component is 13 MB, and `wasmtime serve` compiles it when it starts.
const START: Duration = Duration::from_secs(180);

/// A process that ends with its owner.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What cargo built.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) casemate: PathBuf,
    pub(crate) bare_hyper: PathBuf,
}

/// Builds what is measured, as users get it: the release profile.
pub(crate) fn build(root: &Path) -> Result<Built> {
    let casemate = casemate(root)?;
    let bare_hyper =
        made(root, ["-p", "casemate-server", "--example", "bare_hyper"])?.join("examples/bare_hyper");
    Ok(Built { casemate, bare_hyper })
}

/// Builds the binary alone.
pub(crate) fn casemate(root: &Path) -> Result<PathBuf> {
    Ok(made(root, ["-p", "casemate-cli", "--bin", "casemate"])?.join("casemate"))
}

/// Builds something in release, and says where that lies.
fn made(root: &Path, what: [&str; 4]) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let status = command.args(["build", "--release", "--locked"]).args(what).current_dir(root).status()?;
    ensure!(status.success(), "`cargo build --release {}` failed", what.join(" "));
    Ok(metadata.target_directory.into_std_path_buf().join("release"))
}

/// What ran on what.
pub(crate) fn versions(wasmtime: &str) -> Result<Vec<String>> {
    let first = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or("unknown").trim().to_owned()
    };
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let out = Command::new(wasmtime).arg("--version").output()?;
    Ok(vec![
        format!("machine: {cores} cores of {}, Linux {}", first(&cpus, "model name"), kernel.trim()),
        format!("peer: {}", String::from_utf8_lossy(&out.stdout).trim()),
        "load: wrk -t1 -c32, HTTP/1.1 keep-alive on loopback, sharing the cores with the server".to_owned(),
    ])
}

/// A server without walls.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Process,
    address: SocketAddr,
}

impl Peer {
    /// hyper alone.
    pub(crate) fn bare_hyper(program: &Path) -> Result<Self> {
        let mut child = Command::new(program).stdout(Stdio::piped()).spawn()?;
        let line = first_line(&mut child)?.0;
        let address = line.trim().parse().with_context(|| format!("`{line}` is no address"))?;
        let peer = Self { process: Process(child), address };
        peer.greet()?;
        Ok(peer)
    }

    /// `wasmtime serve` on a component, with the pooling allocator.
    pub(crate) fn wasmtime_serve(program: &str, component: &Path) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let child = Command::new(program)
            .args(["serve", "-Scli", "-Opooling-allocator=y", "--addr", &address.to_string()])
            .arg(component)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("cannot run `{program}`: cargo install wasmtime-cli --version 48, or name it with --wasmtime")
            })?;
        let peer = Self { process: Process(child), address };
        peer.greet()?;
        Ok(peer)
    }

    /// Waits until it answers as it should.
    fn greet(&self) -> Result<()> {
        let since = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            ensure!(since.elapsed() < START, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        check_greeting(&self.load())
    }

    pub(crate) fn load(&self) -> Load {
        Load {
            to: self.address,
            host: "localhost".to_owned(),
            path: "/".to_owned(),
            token: None,
            process: self.process.0.id(),
        }
    }
}

/// Casemate with everything on: an app whose functions only signed-in callers may call.
#[derive(Debug)]
pub(crate) struct Casemate {
    process: Process,
    /// Kept open: the server would end if it could not print.
    _stdout: BufReader<ChildStdout>,
    program: PathBuf,
    folder: tempfile::TempDir,
    listen: SocketAddr,
    control: String,
    ledger_key: String,
}

impl Casemate {
    pub(crate) fn start(root: &Path, program: &Path, javascript: Option<&Path>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .stdout(Stdio::piped())
            .spawn()?;
        let (line, stdout) = first_line(&mut child)?;
        let ready: Value = serde_json::from_str(&line).context("the server did not start")?;
        let text = |key: &str| ready.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut casemate = Self {
            process: Process(child),
            _stdout: stdout,
            program: program.to_owned(),
            listen: text("listen").parse()?,
            control: text("control_url"),
            ledger_key: text("ledger_key"),
            folder,
        };
        let code = text("setup_code");
        casemate.cli(
            &["setup", "--username", "bench", "--code-stdin", "--password-stdin"],
            &format!("{code}\na long bench password\n"),
        )?;
        std::fs::write(casemate.folder.path().join("casemate.toml"), manifest(javascript.is_some()))?;
        for component in ["hello", "hello3"] {
            let file = format!("{component}.wasm");
            std::fs::copy(root.join("examples/components").join(&file), casemate.folder.path().join(&file))?;
        }
        if let Some(javascript) = javascript {
            std::fs::copy(javascript, casemate.folder.path().join("js.wasm"))?;
        }
        let app = casemate.folder.path().to_string_lossy().into_owned();
        casemate.cli(&["deploy", &app], "")?;
        for path in ["/rust", "/rust3"].into_iter().chain(javascript.map(|_| "/js")) {
            let mut load = casemate.load(path);
            ensure!(check_greeting(&load).is_err(), "a call without a token was answered");
            load.token = Some(casemate.token()?);
            check_greeting(&load)?;
        }
        Ok(casemate)
    }

    /// Runs a verb of the command line as the administrator.
    fn cli(&mut self, words: &[&str], input: &str) -> Result<String> {
        let mut child = Command::new(&self.program)
            .args(words)
            .env("CASEMATE_SERVER", &self.control)
            .env("CASEMATE_CREDENTIALS", self.folder.path().join("credentials.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("`casemate {}` failed: {}", words.join(" "), String::from_utf8_lossy(&out.stderr));
        }
        Ok(String::from_utf8(out.stdout)?)
    }

    /// A fresh access token; one lives for minutes only.
    pub(crate) fn token(&mut self) -> Result<String> {
        Ok(self.cli(&["invoke", "--app", "bench", "--token"], "")?.trim().to_owned())
    }

    pub(crate) fn load(&self, path: &str) -> Load {
        Load {
            to: self.listen,
            host: "bench.localhost".to_owned(),
            path: path.to_owned(),
            token: None,
            process: self.process.0.id(),
        }
    }

    /// How many leaves the offline verifier counts under the signed checkpoint and after it.
    pub(crate) fn ledger_leaves(&mut self) -> Result<u64> {
        let ledger = self.folder.path().join("data/ledger").to_string_lossy().into_owned();
        let key = self.ledger_key.clone();
        let said = self.cli(&["audit", "verify", &ledger, "--key", &key, "--json"], "")?;
        let report: Value = serde_json::from_str(&said)?;
        let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
        let sealed = number("/checkpoint/size").context("the report names no size")?;
        Ok(sealed + number("/unsealed_leaves").unwrap_or_default())
    }
}

fn manifest(javascript: bool) -> String {
    let function = |name: &str, file: &str| {
        format!(
            "[functions.{name}]\ncomponent = \"{file}\"\nroutes = [\"GET /{name}\"]\naccess = \"signed-in\"\n\
             [functions.{name}.limits]\nmemory_bytes = 134217728\n\
             rate = {{ function = 1000000, caller = 1000000, address = 1000000 }}\n\n"
        )
    };
    let mut text =
        format!("app = \"bench\"\n\n{}{}", function("rust", "hello.wasm"), function("rust3", "hello3.wasm"));
    if javascript {
        text.push_str(&function("js", "js.wasm"));
    }
    text
}

fn first_line(child: &mut Child) -> Result<(String, BufReader<ChildStdout>)> {
    let mut reader = BufReader::new(child.stdout.take().context("no standard output")?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok((line, reader))
}

/// Asks once and compares the whole answer.
fn check_greeting(load: &Load) -> Result<()> {
    let mut stream = TcpStream::connect(load.to)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let token =
        load.token.as_ref().map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    write!(stream, "GET {} HTTP/1.1\r\nhost: {}\r\n{token}connection: close\r\n\r\n", load.path, load.host)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(
        answer.starts_with("HTTP/1.1 200") && answer.contains(GREETING),
        "`{}` did not greet: {}",
        load.path,
        answer.lines().next().unwrap_or_default()
    );
    Ok(())
}
