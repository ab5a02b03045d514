//! How long one whole in-process request takes.
fn main() {}
