//! API keys and their checksum. What must hold: `casemate_identity::properties::api_key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_identity::properties::api_key(bytes);
});
