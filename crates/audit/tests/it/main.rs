//! The ledger from outside: recording, reading, proving, and every attack on its files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests say what they expect by panicking"
)]

mod attacks;
mod concurrency;
mod full;
mod home;
mod recording;
mod tail_attacks;
