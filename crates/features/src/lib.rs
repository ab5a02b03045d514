//! One feature set of shared dependencies, whatever packages a command selects. No code: see `Cargo.toml`.
