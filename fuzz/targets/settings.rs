//! The settings of a server. What must hold: `casemate_server::properties::settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::settings(bytes);
});
