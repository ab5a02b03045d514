//! Compiling in a child process. This test is its own child: without the usual harness its standard output is free for
//! the image.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says what it expects by panicking")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use casemate_core::testing::{MemoryLedger, clock_at};
use casemate_policy::Guard;
use casemate_sandbox::{
    COMPILE_VERB, CompileError, CompileLimits, Compiler, EgressSettings, HostServices, Sandbox,
    SandboxSettings, compile_child,
};
use casemate_storage::Storage;
use casemate_vault::{RootKeySource, Vault};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(COMPILE_VERB) {
        return compile_child();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        the_child_compiles_what_this_process_would().await;
        hard_input_ends_at_a_limit_that_is_named().await;
        bad_input_is_named_as_such().await;
        a_program_that_is_none_is_an_error().await;
    });
    println!("compile: 4 tests passed");
    ExitCode::SUCCESS
}

struct World {
    sandbox: Arc<Sandbox>,
    _folder: tempfile::TempDir,
}

fn world(compiler: Compiler, compile: CompileLimits) -> World {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("data");
    let first_start = Storage::prepare(&data).unwrap();
    let key = RootKeySource::File(folder.path().join("root.key"));
    let vault = Arc::new(Vault::open(&key, first_start).unwrap());
    let clock = clock_at(1_700_000_000);
    let handles = Storage::open(&data, vault, Arc::clone(&clock)).unwrap();
    let services = HostServices {
        guard: Arc::new(Guard::new()),
        stores: Arc::new(handles.guest),
        durable: MemoryLedger::new(),
        clock,
        egress: EgressSettings::default(),
    };
    let sandbox = Sandbox::new(services, SandboxSettings { compiler, compile }).unwrap();
    World { sandbox, _folder: folder }
}

fn guest(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/components");
    std::fs::read(format!("{folder}/{name}.wasm")).unwrap()
}

async fn the_child_compiles_what_this_process_would() {
    let child = world(Compiler::ThisBinary, CompileLimits::default());
    let inside = world(Compiler::DangerousInProcess, CompileLimits::default());
    let image = child.sandbox.compile(guest("hello")).await.unwrap();
    assert_eq!(image, inside.sandbox.compile(guest("hello")).await.unwrap());
    let digest = casemate_core::Digest([7; 32]);
    assert_eq!(child.sandbox.image_key(&digest), inside.sandbox.image_key(&digest));
    assert!(child.sandbox.image_key(&digest).starts_with(&digest.to_hex()));
}

async fn hard_input_ends_at_a_limit_that_is_named() {
    let limits = CompileLimits::default();
    for (limits, expect) in [
        (CompileLimits { memory_bytes: 8 << 20, ..limits }, "its memory"),
        (CompileLimits { wall: Duration::from_millis(30), ..limits }, "its time"),
    ] {
        let world = world(Compiler::ThisBinary, limits);
        let error = world.sandbox.compile(guest("attacker3")).await.unwrap_err();
        assert!(matches!(error, CompileError::Limit(found) if found == expect), "{expect}: {error:?}");
    }
    let small = world(Compiler::ThisBinary, CompileLimits { component_bytes: 1_000, ..limits });
    let error = small.sandbox.compile(guest("hello")).await.unwrap_err();
    assert!(matches!(error, CompileError::TooLarge { max: 1_000, .. }), "{error:?}");
    let busy = world(Compiler::ThisBinary, CompileLimits { cpu: Duration::from_secs(1), ..limits });
    let error = busy.sandbox.compile(endless()).await.unwrap_err();
    assert!(matches!(error, CompileError::Limit("its CPU time")), "{error:?}");
}

/// A component that is small to send and long to compile.
fn endless() -> Vec<u8> {
    let body = "(local.set 0 (i64.mul (local.get 0) (i64.add (local.get 0) (i64.const 3))))".repeat(20_000);
    let functions: String = (0..40).map(|_| format!("(func (param i64) (local i64) {body})")).collect();
    let text = format!(
        "(component (core module {functions})
           (instance $handler (export \"handle\" (func $f)))
           (export \"wasi:http/incoming-handler@0.2.0\" (instance $handler)))"
    );
    let text = text.replace(
        "(instance $handler (export \"handle\" (func $f)))",
        "(component $empty) (instance $handler (instantiate $empty))",
    );
    wat::parse_str(&text).unwrap()
}

async fn bad_input_is_named_as_such() {
    let world = world(Compiler::ThisBinary, CompileLimits::default());
    let error = world.sandbox.compile(wat::parse_str("(module)").unwrap()).await.unwrap_err();
    assert!(matches!(error, CompileError::Inspect(_)), "{error:?}");
    // Names what a function must export, and has a body that is not valid.
    let broken = wat::parse_str(
        "(component (core module (func (result i32)))
           (component $empty) (instance $handler (instantiate $empty))
           (export \"wasi:http/incoming-handler@0.2.0\" (instance $handler)))",
    )
    .unwrap();
    let error = world.sandbox.compile(broken).await.unwrap_err();
    assert!(matches!(&error, CompileError::Invalid(words) if words.contains("type mismatch")), "{error:?}");
}

async fn a_program_that_is_none_is_an_error() {
    let none = Compiler::Program { program: "/nonexistent/compiler".into(), arguments: Vec::new() };
    let error = world(none, CompileLimits::default()).sandbox.compile(guest("hello")).await.unwrap_err();
    assert!(matches!(error, CompileError::Compiler(_)), "{error:?}");
    let wrong = Compiler::Program { program: "/bin/false".into(), arguments: Vec::new() };
    let error = world(wrong, CompileLimits::default()).sandbox.compile(guest("hello")).await.unwrap_err();
    assert!(matches!(error, CompileError::Failed(_)), "{error:?}");
}
