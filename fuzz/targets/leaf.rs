//! Leaves: their header, and what they seal. What must hold: `casemate_audit::properties::leaf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::leaf(bytes);
});
