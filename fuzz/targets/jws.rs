//! Access tokens, and what we sign ourselves. What must hold: `casemate_identity::properties::jws`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_identity::properties::jws(bytes);
});
