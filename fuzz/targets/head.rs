//! HTTP/1.1 in pieces: read alike, however it is cut. What must hold: `casemate_server::properties::head`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::head(bytes);
});
