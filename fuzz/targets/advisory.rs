//! Advisories in all forms: any bytes are assessed, the same twice, with every place within its file. What must hold:
//! `casemate_scan::properties::advisory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_scan::properties::advisory(bytes);
});
