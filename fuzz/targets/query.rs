//! Queries. What must hold: `casemate_server::properties::query`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::query(bytes);
});
