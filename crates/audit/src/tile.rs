//! The C2SP tlog-tiles layout: paths of tiles and entry bundles, and what stands in them.
//!
//! Invariant: [`parse_bundle`] and [`parse_tile`] take any bytes without panicking and accept only what
//! [`push_entry`] and [`tile_bytes`] write. Not here: the tree (`tree`), files (`storage`).

use crate::tree::{Hash, TILE_WIDTH};

/// The folder of hash tiles and entry bundles.
pub const TILE_FOLDER: &str = "tile";
/// The longest leaf: a bundle gives each entry a length of two bytes.
pub const LEAF_MAX: usize = 0xffff;

/// The path of a hash tile; `width` is 256 for a full one.
#[must_use]
pub fn tile_path(level: usize, index: u64, width: u64) -> String {
    format!("{TILE_FOLDER}/{level}/{}", numbered(index, width))
}

/// The path of an entry bundle; `width` is 256 for a full one.
#[must_use]
pub fn bundle_path(index: u64, width: u64) -> String {
    format!("{TILE_FOLDER}/entries/{}", numbered(index, width))
}

/// `1234067` is `x001/x234/067`; a partial one ends in `.p/<width>`.
fn numbered(index: u64, width: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        text.push_str(&format!(".p/{width}"));
    }
    text
}

/// The bytes of a hash tile.
#[must_use]
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// The hashes of a tile; `None` unless it is 1 to 256 whole hashes.
#[must_use]
pub fn parse_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && (1..=256).contains(&hashes.len())).then(|| hashes.to_vec())
}

/// Appends an entry to a bundle: its length in two bytes, big-endian, then the entry. An entry longer than [`LEAF_MAX`]
/// is cut, which `append` never lets happen.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry.get(..usize::from(length)).unwrap_or(entry));
}

/// Why a bundle could not be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutShort {
    /// How many whole entries stand before the place.
    pub entries: usize,
}

/// The entries of a bundle.
///
/// # Errors
/// [`CutShort`] when the last entry is not whole.
pub fn parse_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, CutShort> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let cut = CutShort { entries: entries.len() };
        let (length, after) = rest.split_first_chunk::<2>().ok_or(cut)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(cut)?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
