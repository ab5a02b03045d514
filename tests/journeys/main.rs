//! Whole journeys through the binary, as its users take them: the command line against a running server.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests say what they expect by panicking"
)]

#[path = "../harness.rs"]
mod harness;

mod accounts;
mod bad_input;
mod command_line;
mod db;
mod deploy;
mod explain;
mod help;
mod refusals;
mod scan;
mod start;
mod surroundings;
mod tls;
