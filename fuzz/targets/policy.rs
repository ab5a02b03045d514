//! Cedar texts: what the check takes can be put in force. What must hold: `casemate_policy::properties::policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_policy::properties::policy(bytes);
});
