//! The stage: a server process of this very binary in a temporary folder, and how the demo speaks to it.
//!
//! Invariant: only the process that this file started is ended, and the folder goes with it, unless `--keep`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::caller::{Ask, Got};
use super::provider::Provider;
use super::shop::Cast;
use crate::failure::{Failure, Kind};
use crate::output::{BOLD, DIM, Output, paint};

/// A running server and its surroundings.
pub(super) struct Stage {
    server: Option<Child>,
    folder: PathBuf,
    listen: SocketAddr,
    control: SocketAddr,
    pub(super) setup_code: String,
    pub(super) ledger_key: String,
    pub(super) confinement: String,
    pub(super) provider: Provider,
    runtime: tokio::runtime::Runtime,
    /// Cleans up when the terminal interrupts the play.
    interrupted: tokio::task::AbortHandle,
    /// The running server, for that.
    running: Arc<AtomicU32>,
}

impl Stage {
    /// Starts a server on ports that the kernel picks.
    pub(super) fn open() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let provider = Provider::start()?;
        let folder = tempfile::Builder::new().prefix("casemate-demo-").tempdir()?.keep();
        let mut server = spawn(&folder.join("data"))?;
        let running = Arc::new(AtomicU32::new(server.id()));
        let cleaning = clean_up_on_interrupt(folder.clone(), Arc::clone(&running));
        let interrupted = runtime.spawn(cleaning).abort_handle();
        let ready = read_ready(&mut server);
        let mut stage = Self {
            server: Some(server),
            interrupted,
            running,
            folder,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            control: SocketAddr::from(([127, 0, 0, 1], 0)),
            setup_code: String::new(),
            ledger_key: String::new(),
            confinement: String::new(),
            provider,
            runtime,
        };
        // From here on, dropping the stage ends the server and removes the folder.
        let ready = ready?;
        let text = |key: &str| ready.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let address = |key: &str| {
            text(key)
                .parse()
                .map_err(|error| Failure::failed(format!("the server did not say where it listens: {error}")))
        };
        stage.listen = address("listen")?;
        stage.control = address("control")?;
        stage.setup_code = text("setup_code");
        stage.ledger_key = text("ledger_key");
        stage.confinement = text("confinement");
        Ok(stage)
    }

    /// The ledger's folder.
    pub(super) fn ledger(&self) -> PathBuf {
        self.data().join("ledger")
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A place for copies.
    pub(super) fn scratch(&self) -> &Path {
        &self.folder
    }

    /// Sends a request to the functions' listener.
    pub(super) fn call(&self, ask: &Ask) -> Result<Got, Failure> {
        ask.send(&self.runtime, self.listen)
    }

    /// Sends a request to the control listener, which must succeed.
    pub(super) fn control(&self, ask: &Ask) -> Result<Value, Failure> {
        let got = self.try_control(ask)?;
        if (200..300).contains(&got.status) {
            return Ok(got.json());
        }
        Err(Failure::failed(format!("{} {} answered {}: {}", ask.method, ask.path, got.status, got.text())))
    }

    /// Sends a request to the control listener.
    pub(super) fn try_control(&self, ask: &Ask) -> Result<Got, Failure> {
        ask.send(&self.runtime, self.control)
    }

    /// Stops the server as an operator would, and waits for its end.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        self.running.store(0, Ordering::Release);
        if let Some(id) = server_id(server.id()) {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)
                .map_err(|error| Failure::failed(format!("the server cannot be stopped: {error}")))?;
        }
        server.wait()?;
        Ok(())
    }

    /// Leaves the server running until the terminal interrupts it.
    pub(super) fn keep(mut self, cast: &Cast, output: &Output) -> Result<(), Failure> {
        if self.server.is_none() {
            self.restart()?;
        }
        let control = format!("http://{}", self.control);
        output.note(&format!(
            "\n{}\n  export CASEMATE_SERVER={control}\n  echo '{}' | casemate login --username {} --password-stdin\n  casemate list shop\n  \
             casemate invoke catalog --app shop\n  casemate logs shop -f\n  casemate explain REQUEST   {}\n  \
             casemate audit verify {} --key {}\n{}",
            paint(BOLD, "The server is still running. Try, in another terminal:"),
            cast.admin_password,
            cast.admin,
            paint(DIM, "# the casemate-request-id of any answer"),
            self.ledger().display(),
            self.ledger_key,
            paint(DIM, "Press Ctrl-C to stop it and remove its folder."),
        ));
        // From here on an interrupt is the expected end.
        self.interrupted.abort();
        self.runtime.block_on(tokio::signal::ctrl_c())?;
        Ok(())
    }

    /// Starts the server again on the same folder.
    pub(super) fn restart(&mut self) -> Result<(), Failure> {
        let mut server = spawn(&self.data())?;
        self.running.store(server.id(), Ordering::Release);
        let ready = read_ready(&mut server);
        self.server = Some(server);
        let ready = ready?;
        for (key, address) in [("listen", &mut self.listen), ("control", &mut self.control)] {
            let text = ready.get(key).and_then(Value::as_str).unwrap_or_default();
            *address = text.parse().map_err(|error| {
                Failure::failed(format!("the server did not say where it listens: {error}"))
            })?;
        }
        Ok(())
    }
}

/// Waits for Ctrl-C; then ends the server that runs, removes the folder and leaves as a program does that was interrupted.
async fn clean_up_on_interrupt(folder: PathBuf, running: Arc<AtomicU32>) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    if let Some(id) = server_id(running.load(Ordering::Acquire)) {
        // In a terminal it was interrupted too and may be gone already.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        // The folder can only go for good once nobody writes into it.
        let _ = rustix::process::waitpid(Some(id), rustix::process::WaitOptions::empty());
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::process::exit(INTERRUPTED);
}

/// What shells say of a program that SIGINT ended: 128 + 2.
const INTERRUPTED: i32 = 130;

fn server_id(id: u32) -> Option<rustix::process::Pid> {
    i32::try_from(id).ok().filter(|id| *id > 0).and_then(rustix::process::Pid::from_raw)
}

/// Starts this very binary as a server, on ports that the kernel picks.
fn spawn(data: &Path) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    // The attacks make warnings, which the table says better.
    if std::env::var_os("CASEMATE_LOG").is_none() {
        command.env("CASEMATE_LOG", "error");
    }
    Ok(command
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?)
}

fn read_ready(server: &mut Child) -> Result<Value, Failure> {
    let stdout = server.stdout.take().ok_or_else(|| Failure::failed("the server has no output"))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    serde_json::from_str(&line)
        .map_err(|_| Failure::new(Kind::Unreachable, "the server did not start; its words are above"))
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // The folder goes next, so nothing is left that a clean stop would save.
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
