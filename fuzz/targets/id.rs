//! Identifiers and names. What must hold: `casemate_core::properties::id`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_core::properties::id(bytes);
});
