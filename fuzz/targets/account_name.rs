//! Names of accounts: one form for all spellings. What must hold: `casemate_identity::properties::account_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_identity::properties::account_name(bytes);
});
