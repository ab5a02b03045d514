//! `casemate.toml`: what is read is consistent. What must hold: `casemate_core::properties::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_core::properties::manifest(bytes);
});
