//! Entry bundles and hash tiles. What must hold: `casemate_audit::properties::tile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::tile(bytes);
});
