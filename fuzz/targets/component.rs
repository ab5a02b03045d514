//! Uploaded components, beside wasmtime. What must hold: `casemate_sandbox::properties::component`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_sandbox::properties::component(bytes);
});
