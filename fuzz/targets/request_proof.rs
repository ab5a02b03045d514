//! Proofs of requests, as `casemate audit verify-proof` reads them. What must hold: `casemate_audit::properties::request_proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _taken = casemate_audit::properties::request_proof(bytes);
});
