//! Signed checkpoints, beside the crates `signed_note` and `tlog_tiles`. What must hold: `casemate_audit::properties::checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::checkpoint(bytes);
});
