//! The ledger from outside: recording, reading, proving, and every attack on its files.

mod attacks;
mod concurrency;
mod full;
mod home;
mod recording;
mod tail_attacks;
