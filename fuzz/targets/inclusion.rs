//! Inclusion paths, beside the crate `tlog_tiles`. What must hold: `casemate_audit::properties::inclusion`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::inclusion(bytes);
});
