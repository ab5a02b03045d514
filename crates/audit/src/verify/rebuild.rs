//! Building the tree again from the entry bundles, and saying which file is wrong where it differs from what stands there.
//!
//! Owns: the blame. The signed root is the truth. If the entries give it, any differing tile is wrong. If they do not, a stored
//! tile that leads to the signed root by way of its parents is right, and the entry that differs from it is wrong.
//! Invariant: if the rebuilt root is not the signed one, there is at least one finding.

use std::collections::BTreeMap;

use casemate_storage::ledger_files::LedgerView;

use super::moving::Moving;
use super::{VerifyError, VerifyReport};
use crate::leaf::LeafHeader;
use crate::note::Checkpoint;
use crate::seal::CHECKPOINT;
use crate::tile::{bundle_path, parse_bundle, parse_tile, tile_path};
use crate::tree::{Edge, FullTile, Hash, TILE_WIDTH, leaf_hash, root_of};

/// A tile: its level and index.
type Place = (usize, u64);

struct Rebuild<'a> {
    view: &'a LedgerView,
    moving: &'a Moving,
    report: &'a mut VerifyReport,
    size: u64,
    /// Stored tiles that differ from the rebuilt ones, with the positions where they do.
    different: BTreeMap<Place, Vec<usize>>,
    /// The stored tiles above a few places, which blame asks for again and again.
    cache: BTreeMap<Place, Option<Vec<Hash>>>,
}

/// Rebuilds and compares everything. Returns the root at the remembered size, if the entries are what was signed.
pub(super) fn rebuild(
    view: &LedgerView,
    moving: &Moving,
    remembered: Option<&Checkpoint>,
    report: &mut VerifyReport,
) -> Result<Option<Hash>, VerifyError> {
    let (size, root) = (moving.checkpoint.size, moving.checkpoint.root);
    let mut this = Rebuild { view, moving, report, size, different: BTreeMap::new(), cache: BTreeMap::new() };
    let mut edge = Edge::default();
    let wanted = remembered.map(|checkpoint| checkpoint.size);
    let mut at_remembered = (wanted == Some(0)).then(|| edge.root());
    for number in 0..size.div_ceil(TILE_WIDTH) {
        let Some(hashes) = this.leaf_hashes(number)? else { return Ok(None) };
        for hash in hashes {
            let mut full = Vec::new();
            edge.push(hash, |tile| full.push(tile));
            for FullTile { level, index, hashes } in full {
                this.compare((level, index), &hashes)?;
            }
            if wanted == Some(edge.size()) {
                at_remembered = Some(edge.root());
            }
        }
    }
    for (level, hashes) in edge.levels().iter().enumerate().filter(|(_, hashes)| !hashes.is_empty()) {
        this.compare((level, size >> (8 * (level + 1))), hashes)?;
    }
    if edge.root() == root {
        this.blame_tiles();
        return Ok(at_remembered);
    }
    this.blame_entries()?;
    Ok(None)
}

impl Rebuild<'_> {
    fn width(&self, (level, index): Place) -> u64 {
        if index == self.size >> (8 * (level + 1)) { Edge::width(self.size, level) } else { TILE_WIDTH }
    }

    fn name(&self, place: Place) -> String {
        tile_path(place.0, place.1, self.width(place))
    }

    fn bundle_name(&self, number: u64) -> String {
        bundle_path(number, self.width((0, number)))
    }

    /// A stored tile; `None` when it is missing or has another length.
    fn stored(&mut self, place: Place) -> Result<Option<Vec<Hash>>, VerifyError> {
        let (name, width) = (self.name(place), self.width(place));
        let bytes = self.moving.file(self.view, &name, width)?.unwrap_or_default();
        Ok(parse_tile(&bytes).filter(|hashes| u64::try_from(hashes.len()) == Ok(width)))
    }

    /// The hashes of a bundle's entries. What is not there is taken from the tile, so that the rest can still be judged; `None` when
    /// that is not there either.
    fn leaf_hashes(&mut self, number: u64) -> Result<Option<Vec<Hash>>, VerifyError> {
        let (name, width) = (self.bundle_name(number), self.width((0, number)));
        self.report.bundles += 1;
        let bytes = self.moving.file(self.view, &name, width)?;
        let missing = bytes.is_none();
        let bytes = bytes.unwrap_or_default();
        let (entries, cut) = match parse_bundle(&bytes) {
            Ok(entries) => (entries, None),
            Err(cut) => (parse_bundle(prefix(&bytes, cut.entries)).unwrap_or_default(), Some(cut.entries)),
        };
        let mut hashes = Vec::with_capacity(256);
        for (entry, leaf) in (0..width).zip(&entries) {
            self.check_header(&name, number * TILE_WIDTH + entry, leaf);
            hashes.push(leaf_hash(leaf));
        }
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        if missing {
            self.report.tampered(
                &name,
                None,
                format!("it is missing, with leaves {} on", number * TILE_WIDTH),
            );
        } else if cut.is_some() || count < width {
            self.report.tampered(&name, Some(count), "it and what follows it is cut off");
        } else if count > width {
            self.report.tampered(&name, Some(width), format!("there are more than {width} entries"));
        }
        if count < width {
            let Some(stored) = self.stored((0, number))? else {
                self.report.tampered(
                    self.name((0, number)),
                    None,
                    "it is missing too: the tree cannot be rebuilt",
                );
                return Ok(None);
            };
            hashes.extend(stored.into_iter().skip(entries.len()));
        }
        Ok(Some(hashes))
    }

    fn check_header(&mut self, name: &str, seq: u64, leaf: &[u8]) {
        let problem = match LeafHeader::parse(leaf) {
            Some(header) if header.seq.0 == seq => return,
            Some(header) => format!("it is leaf {}, not leaf {seq}: it was moved or changed", header.seq),
            None => "it is not a leaf".to_owned(),
        };
        self.report.tampered(name, Some(seq % TILE_WIDTH), problem);
    }

    fn compare(&mut self, place: Place, rebuilt: &[Hash]) -> Result<(), VerifyError> {
        self.report.tiles += 1;
        let Some(stored) = self.stored(place)? else {
            let name = self.name(place);
            self.report.tampered(name, None, "it is missing or has another length");
            return Ok(());
        };
        let positions: Vec<_> =
            (0..).zip(stored.iter().zip(rebuilt)).filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect();
        if !positions.is_empty() {
            self.different.insert(place, positions);
        }
        Ok(())
    }

    /// The entries are what was signed: every tile that differs was changed.
    fn blame_tiles(&mut self) {
        for (place, positions) in std::mem::take(&mut self.different) {
            let of = if place.0 == 0 { "its entry" } else { "the tile below it" };
            for position in positions {
                let name = self.name(place);
                self.report.tampered(
                    name,
                    entry(position),
                    format!("the hash is not that of {of}: the tile was changed"),
                );
            }
        }
    }

    /// The entries are not what was signed.
    fn blame_entries(&mut self) -> Result<(), VerifyError> {
        let before = self.report.findings.len();
        let different = std::mem::take(&mut self.different);
        for (place, positions) in &different {
            let authentic = self.leads_to_root(*place)?;
            for position in positions {
                self.blame(*place, *position, authentic, &different);
            }
        }
        let signed = self.stored_root()? == Some(self.moving.checkpoint.root);
        if self.report.findings.len() == before || (different.is_empty() && !signed) {
            let problem = "entries and tiles agree with each other, but not with its root: they were rewritten after it was signed";
            self.report.tampered(CHECKPOINT, None, problem);
        }
        Ok(())
    }

    fn blame(
        &mut self,
        (level, index): Place,
        position: usize,
        authentic: bool,
        different: &BTreeMap<Place, Vec<usize>>,
    ) {
        let child = (level.wrapping_sub(1), index * TILE_WIDTH + u64::try_from(position).unwrap_or(0));
        if !authentic {
            let name = self.name((level, index));
            let problem =
                "the hash is not that of what it stands for, and the tile does not lead to the checkpoint";
            self.report.tampered(name, entry(position), problem);
        } else if level == 0 {
            let name = self.bundle_name(index);
            self.report.tampered(name, entry(position), "it is not the leaf that was signed: it was changed");
        } else if !different.contains_key(&child) {
            // What stands below agrees with itself and not with this: it was rewritten as a whole.
            let (file, what) = match level {
                1 => (self.bundle_name(child.1), "its entries and their tile"),
                _ => (self.name(child), "it and what stands below it"),
            };
            self.report.tampered(
                file,
                None,
                format!("{what} were rewritten: they do not lead to the checkpoint"),
            );
        }
    }

    /// Whether a stored tile leads to the signed root by way of the stored tiles above it.
    fn leads_to_root(&mut self, place: Place) -> Result<bool, VerifyError> {
        let (mut level, mut index) = place;
        while index != self.size >> (8 * (level + 1)) {
            let Some(hashes) = self.cached((level, index))? else { return Ok(false) };
            let parent = (level + 1, index / TILE_WIDTH);
            let position = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
            let above = self.cached(parent)?.and_then(|hashes| hashes.get(position).copied());
            if above != Some(root_of(&hashes)) {
                return Ok(false);
            }
            (level, index) = parent;
        }
        Ok(self.stored_root()? == Some(self.moving.checkpoint.root))
    }

    /// The root that the stored partial tiles give.
    fn stored_root(&mut self) -> Result<Option<Hash>, VerifyError> {
        let mut levels = Vec::new();
        for level in 0..Edge::height(self.size) {
            let place = (level, self.size >> (8 * (level + 1)));
            let hashes = if self.width(place) == 0 { Some(Vec::new()) } else { self.cached(place)? };
            let Some(hashes) = hashes else { return Ok(None) };
            levels.push(hashes);
        }
        Ok(Some(Edge::from_levels(self.size, levels).root()))
    }

    fn cached(&mut self, place: Place) -> Result<Option<Vec<Hash>>, VerifyError> {
        if let Some(found) = self.cache.get(&place) {
            return Ok(found.clone());
        }
        let stored = self.stored(place)?;
        if self.cache.len() > 64 {
            self.cache.clear();
        }
        self.cache.insert(place, stored.clone());
        Ok(stored)
    }
}

fn entry(position: usize) -> Option<u64> {
    u64::try_from(position).ok()
}

/// The first `count` entries of a bundle that is cut short after them.
fn prefix(bytes: &[u8], count: usize) -> &[u8] {
    let mut end = 0;
    for _ in 0..count {
        let length =
            bytes.get(end..).and_then(<[u8]>::first_chunk::<2>).map_or(0, |l| u16::from_be_bytes(*l));
        end += 2 + usize::from(length);
    }
    bytes.get(..end).unwrap_or_default()
}
