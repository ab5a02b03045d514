//! A request: what is let in is clean. What must hold: `casemate_server::properties::admit`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_server::properties::admit(bytes);
});
