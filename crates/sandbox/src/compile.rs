//! Compiling components: in a child process that limits itself, because hard input can take a compiler any time and memory.
//!
//! Invariant: the server's own process compiles nothing (except by a setting that is called dangerous); the child has no
//! environment, can write no file, and ends when its limits or its parent say so. The image that comes back is native code:
//! the storage room authenticates it before it is ever loaded.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::CompileError;
use crate::settings::{CompileLimits, Compiler};
use crate::{engine, inspect::inspect};

/// The hidden verb of the binary that ends in [`compile_child`].
pub const COMPILE_VERB: &str = "compile-component";

/// The child's exit code when the component is at fault; standard error then says why.
const INVALID: u8 = 65;
/// Bytes of a child's words that are read.
const MAX_WORDS: u64 = 16 << 10;
/// An image is larger than its component, but not by any factor.
const MAX_IMAGE_BYTES: u64 = 512 << 20;

/// Compiles a component as the settings say.
pub(crate) async fn compile(
    compiler: &Compiler,
    limits: &CompileLimits,
    component: Vec<u8>,
) -> Result<Vec<u8>, CompileError> {
    if component.len() > limits.component_bytes {
        return Err(CompileError::TooLarge { size: component.len(), max: limits.component_bytes });
    }
    inspect(&component)?;
    match compiler {
        Compiler::ThisBinary => {
            let program = std::env::current_exe().map_err(CompileError::Compiler)?;
            in_child(program, &[COMPILE_VERB.to_owned()], limits, component).await
        }
        Compiler::Program { program, arguments } => {
            in_child(program.clone(), arguments, limits, component).await
        }
        Compiler::DangerousInProcess => tokio::task::spawn_blocking(move || image_of(&component))
            .await
            .map_err(|error| CompileError::Failed(error.to_string()))?
            .map_err(CompileError::Invalid),
    }
}

/// An image: one byte that says which WASI's engine it fits, then what that engine made.
fn image_of(component: &[u8]) -> Result<Vec<u8>, String> {
    let wasi = inspect(component).map_err(|error| error.to_string())?.wasi;
    let engine = engine::compiling(wasi).map_err(|error| format!("{error:#}"))?;
    let code = engine.precompile_component(component).map_err(|error| format!("{error:#}"))?;
    Ok([&[wasi.tag()], code.as_slice()].concat())
}

async fn in_child(
    program: PathBuf,
    arguments: &[String],
    limits: &CompileLimits,
    component: Vec<u8>,
) -> Result<Vec<u8>, CompileError> {
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .arg(limits.memory_bytes.to_string())
        .arg(limits.cpu.as_secs().max(1).to_string())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(CompileError::Compiler)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(CompileError::Failed("its pipes are missing".to_owned()));
    };
    let feed = async move {
        // A child that ends early closes the pipe; its exit says why.
        let _ = stdin.write_all(&component).await;
        drop(stdin);
    };
    let (mut image, mut words) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(MAX_IMAGE_BYTES + 1), stderr.take(MAX_WORDS));
    let talk = async {
        let (_, image, words) =
            tokio::join!(feed, stdout.read_to_end(&mut image), stderr.read_to_end(&mut words));
        image.and(words).map_err(CompileError::Compiler)?;
        child.wait().await.map_err(CompileError::Compiler)
    };
    let status = match tokio::time::timeout(limits.wall, talk).await {
        Ok(status) => status?,
        Err(_) => return Err(CompileError::Limit("its time")),
    };
    let too_large = u64::try_from(image.len()).is_ok_and(|len| len > MAX_IMAGE_BYTES);
    if status.success() && !too_large && !image.is_empty() {
        return Ok(image);
    }
    let words = casemate_core::resource::clip(String::from_utf8_lossy(&words).trim(), 1_000);
    Err(reason(status, too_large, words))
}

fn reason(status: std::process::ExitStatus, too_large: bool, words: String) -> CompileError {
    use std::os::unix::process::ExitStatusExt;
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    if too_large {
        return CompileError::Limit("its image size");
    }
    match (status.code(), status.signal()) {
        (Some(code), _) if code == i32::from(INVALID) => CompileError::Invalid(words),
        // The kernel sends the one at the soft and the other at the hard limit of CPU time.
        (_, Some(SIGXCPU | SIGKILL)) => CompileError::Limit("its CPU time"),
        (_, Some(SIGABRT)) if words.contains("memory allocation") => CompileError::Limit("its memory"),
        _ if words.contains("Cannot allocate memory") || words.contains("out of memory") => {
            CompileError::Limit("its memory")
        }
        _ => CompileError::Failed(format!("{status}: {words}")),
    }
}

/// The whole of a compiling child process: limits itself, reads a component on standard input and writes its image on
/// standard output. Its last two arguments are its memory in bytes and its CPU time in seconds.
#[must_use]
pub fn compile_child() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().collect();
    let cpu = arguments.pop().and_then(|text| text.parse().ok());
    let memory = arguments.pop().and_then(|text| text.parse().ok());
    let defaults = CompileLimits::default();
    let result = limit_self(memory.unwrap_or(defaults.memory_bytes), cpu.unwrap_or(defaults.cpu.as_secs()))
        .map_err(|error| (1, format!("the limits could not be set: {error}")))
        .and_then(|()| {
            let mut component = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut component)
                .map_err(|error| (1, format!("the component could not be read: {error}")))?;
            let image = image_of(&component).map_err(|words| (INVALID, words))?;
            std::io::stdout()
                .lock()
                .write_all(&image)
                .map_err(|error| (1, format!("the image could not be written: {error}")))
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, words)) => {
            // Nobody reads it if this fails; the exit code still says what happened.
            let _ = writeln!(std::io::stderr(), "{words}");
            ExitCode::from(code)
        }
    }
}

fn limit_self(memory_bytes: u64, cpu_secs: u64) -> rustix::io::Result<()> {
    let both = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    // Address space cannot be the measure: the engine reserves far more than it uses.
    setrlimit(Resource::Data, both(memory_bytes))?;
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_secs), maximum: Some(cpu_secs.saturating_add(2)) })?;
    setrlimit(Resource::Core, both(0))?;
    // No file can be written; pipes are no files.
    setrlimit(Resource::Fsize, both(0))
}
