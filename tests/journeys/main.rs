//! Whole journeys through the binary, as its users take them: the command line against a running server.

#[path = "../harness.rs"]
mod harness;

mod accounts;
mod bad_input;
mod command_line;
mod deploy;
mod explain;
mod start;
