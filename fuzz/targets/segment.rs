//! The tail of the ledger, whatever is done to it. What must hold: `casemate_audit::properties::segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::segment(bytes);
});
