//! A whole connection, beside a second reader of HTTP/1.1. What must hold: `casemate_server::properties::connection`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::connection(bytes);
});
