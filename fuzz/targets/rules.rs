//! Manifests: what is read becomes valid policies. What must hold: `casemate_policy::properties::rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_policy::properties::rules(bytes);
});
