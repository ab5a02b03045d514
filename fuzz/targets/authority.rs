//! Hosts: one spelling. What must hold: `casemate_server::properties::authority`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::authority(bytes);
});
