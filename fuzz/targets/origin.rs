//! Origins of egress: one spelling, one reading. What must hold: `casemate_core::properties::origin`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_core::properties::origin(bytes);
});
