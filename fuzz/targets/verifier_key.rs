//! Verifier keys, beside the crate `signed_note`. What must hold: `casemate_audit::properties::verifier_key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::verifier_key(bytes);
});
