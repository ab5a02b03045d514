//! Replays the seeds of a target on the stable toolchain. The tests of each room's `properties.rs` include this file.
//!
//! Invariant: a target without seeds, or whose seeds show only one side, is a failure: such a test could not fail.

use std::path::Path;

/// Tries a property on every file of `fuzz/seeds/<target>`; some of them must be taken, and some refused.
pub(crate) fn replay(target: &str, property: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let seeds = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let (mut taken, mut refused) = (0, 0);
    for seed in seeds {
        let path = seed.unwrap().path();
        // Shown when the property panics.
        println!("{}", path.display());
        match property(&std::fs::read(&path).unwrap()) {
            true => taken += 1,
            false => refused += 1,
        }
    }
    assert!(taken > 0 && refused > 0, "the seeds of `{target}`: {taken} taken, {refused} refused");
}
