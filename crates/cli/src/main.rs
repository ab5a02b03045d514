//! The binary `casemate`.
fn main() {}
