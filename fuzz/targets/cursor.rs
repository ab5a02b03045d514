//! Cursors that guests hand back. What must hold: `casemate_storage::kv::properties::cursor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_storage::kv::properties::cursor(bytes);
});
