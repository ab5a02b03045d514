//! Sealing: the leaves of the tail become entry bundles, tiles and a signed checkpoint, at most a second after they came.
//!
//! Invariants: what a checkpoint covers is on disk before the checkpoint is, and was durable in the tail before that, so
//! after any crash either the tiles or the tail hold every leaf; full tiles and bundles never change. A segment goes only
//! when all its leaves are under a checkpoint that is on disk.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use casemate_core::Seq;
use casemate_storage::StorageError;

use crate::error::ReadLedgerError;
use crate::frame::Frame;
use crate::leaf::LeafHeader;
use crate::note::Checkpoint;
use crate::shared::{Call, Published, Shared};
use crate::tail::{State, TAIL};
use crate::tile::{bundle_path, push_entry, tile_bytes, tile_path};
use crate::tree::{Edge, FullTile, TILE_WIDTH};

/// The checkpoint's file.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Why a round of sealing failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Vault(#[from] casemate_vault::VaultError),
    #[error(transparent)]
    Index(#[from] ReadLedgerError),
}

impl SealError {
    /// Whether a later round may succeed: the disk can get room again, and the process descriptors.
    fn is_passing(&self) -> bool {
        let (Self::Storage(error) | Self::Index(ReadLedgerError::Storage(error))) = self else {
            return false;
        };
        matches!(error, StorageError::Full | StorageError::Descriptors)
    }
}

/// A file to be published: its name and its bytes.
type NewFile = (String, Vec<u8>);

/// The tiles of a tree that are not full, with their paths.
fn partial_tiles(edge: &Edge) -> Vec<NewFile> {
    let mut files = Vec::new();
    for (level, hashes) in edge.levels().iter().enumerate() {
        let width = Edge::width(edge.size(), level);
        if width > 0 {
            let index = edge.size() >> (8 * (level + 1));
            files.push((tile_path(level, index, width), tile_bytes(hashes)));
        }
    }
    files
}

/// The partial bundle's path in a tree of `size` leaves.
fn partial_bundle(size: u64) -> Option<String> {
    let width = size % TILE_WIDTH;
    (width > 0).then(|| bundle_path(size / TILE_WIDTH, width))
}

/// Files that a tree of `size` leaves has and a larger one does not need.
fn partial_names(edge: &Edge) -> impl Iterator<Item = String> {
    let tiles = partial_tiles(edge).into_iter().map(|(name, _)| name);
    tiles.chain(partial_bundle(edge.size()))
}

/// The sealer's own state: the edge of the tree and the entries of the bundle that is not full.
pub(crate) struct Sealer {
    edge: Edge,
    bundle: Vec<u8>,
}

impl Sealer {
    /// Goes on from a published tree; `bundle` is its partial bundle.
    pub(crate) fn new(edge: Edge, bundle: Vec<u8>) -> Self {
        Self { edge, bundle }
    }

    /// Seals everything that was appended before this call.
    pub(crate) fn seal(&mut self, shared: &Shared) -> Result<(), SealError> {
        shared.sync_now()?;
        let durable = shared.durable.load(Ordering::Acquire);
        let frames = shared.tail().frames(self.edge.size(), durable);
        if frames.is_empty() {
            return Ok(());
        }
        let (edge, bundle, files) = self.grow(&frames);
        shared.files.publish(&files)?;
        drop(files);
        let checkpoint = Checkpoint {
            origin: shared.key.verifier.name().to_owned(),
            size: edge.size(),
            root: edge.root(),
        };
        let note = shared.key.sign(&shared.vault, &checkpoint)?;
        shared.files.publish(&[(CHECKPOINT.to_owned(), note.clone().into_bytes())])?;

        let old: Vec<_> = partial_names(&self.edge).collect();
        let kept: Vec<_> = partial_names(&edge).collect();
        let first = self.edge.size();
        *self = Self { edge: edge.clone(), bundle };
        let indexed = index(shared, first, &frames);
        shared.published.store(Arc::new(Published { checkpoint, note, edge }));
        let done = shared.tail().sealed_up_to(self.edge.size());
        for name in old.iter().filter(|name| !kept.contains(name)).chain(&done) {
            shared.files.remove(name)?;
        }
        indexed
    }

    /// The tree after `frames`, its partial bundle, and the files that make the difference.
    fn grow(&self, frames: &[Arc<Frame>]) -> (Edge, Vec<u8>, Vec<NewFile>) {
        let (mut edge, mut bundle, mut files) = (self.edge.clone(), self.bundle.clone(), Vec::new());
        for frame in frames {
            push_entry(&mut bundle, frame.leaf());
            edge.push(frame.hash, |FullTile { level, index, hashes }| {
                files.push((tile_path(level, index, TILE_WIDTH), tile_bytes(&hashes)));
            });
            if edge.size() % TILE_WIDTH == 0 {
                files.push((
                    bundle_path(edge.size() / TILE_WIDTH - 1, TILE_WIDTH),
                    std::mem::take(&mut bundle),
                ));
            }
        }
        files.extend(partial_bundle(edge.size()).map(|name| (name, bundle.clone())));
        files.extend(partial_tiles(&edge));
        (edge, bundle, files)
    }
}

fn index(shared: &Shared, first: u64, frames: &[Arc<Frame>]) -> Result<(), SealError> {
    let mut index = shared.index.write().unwrap_or_else(PoisonError::into_inner);
    for (seq, frame) in (first..).zip(frames) {
        if let Some(header) = LeafHeader::parse(frame.leaf()) {
            index.add(header.request, Seq(seq), frame.leaf().len());
        }
    }
    while index.run_is_full() {
        index.finish_run(&shared.files, &shared.vault)?;
    }
    Ok(())
}

/// Removes what a crash left: partial tiles of another width than the tree has, spare segments, sealed segments.
pub(crate) fn sweep(shared: &Shared) -> Result<(), StorageError> {
    let published = shared.published.load();
    let kept: Vec<_> = partial_names(&published.edge).collect();
    for name in &kept {
        let Some(folder) = Path::new(name).parent().and_then(Path::parent).and_then(Path::to_str) else {
            continue;
        };
        for partial in shared.files.view().list(folder)?.iter().filter(|name| name.ends_with(".p")) {
            let partial = format!("{folder}/{partial}");
            for width in shared.files.view().list(&partial)? {
                let name = format!("{partial}/{width}");
                if !kept.contains(&name) {
                    shared.files.remove(&name)?;
                }
            }
        }
    }
    let oldest = shared.tail().live.front().map_or(0, |segment| segment.first);
    let done = |name: &&String| name.parse::<u64>().map_or(true, |first| first < oldest);
    for name in shared.files.view().list(TAIL)?.iter().filter(done) {
        shared.files.remove(&format!("{TAIL}/{name}"))?;
    }
    Ok(())
}

impl Shared {
    /// Keeps a preallocated segment ready, so that going on to the next one costs `append` a rename.
    fn prepare_spare(&self) -> Result<(), StorageError> {
        let free = self.files.free_bytes()?;
        self.tail().free_bytes = free;
        if free < self.settings.min_free_bytes {
            return Err(StorageError::Full);
        }
        if self.tail().spare.is_none() {
            let spare =
                self.files.create_segment(&format!("{TAIL}/spare"), self.settings.segment_bytes, true)?;
            self.tail().spare = Some(spare);
        }
        Ok(())
    }

    /// One round: a spare segment, then sealing. Says whether the sealer should go on.
    pub(crate) fn seal_round(&self, sealer: &mut Sealer) -> bool {
        let spare = self.prepare_spare().map_err(SealError::from);
        let result = sealer.seal(self).and(spare);
        let mut rounds = self.rounds();
        rounds.sealed = sealer.edge.size();
        if let Err(error) = &result {
            rounds.failures += 1;
            rounds.last_failure = error.to_string();
        }
        drop(rounds);
        self.round_done.notify_all();
        let mut tail = self.tail();
        let was_full = tail.disk_full;
        tail.disk_full = result.as_ref().is_err_and(SealError::is_passing);
        let broken = tail.state != State::Open && tail.state != State::Closed;
        let full = tail.disk_full;
        drop(tail);
        match &result {
            Err(error) if full && !was_full => {
                tracing::error!(%error, "the ledger cannot be written for now; requests are denied until it can")
            }
            Err(error) if !full && !broken => self.break_down(&error.to_string()),
            _ if was_full && !full => tracing::info!("the ledger can be written again"),
            _ => {}
        }
        !broken && (result.is_ok() || full)
    }
}

/// The sealer thread.
pub(crate) fn run(shared: &Shared, mut sealer: Sealer) {
    shared.seal_call.answer();
    let mut since: Option<Instant> = None;
    loop {
        let closing = shared.closing.load(Ordering::Acquire);
        let level = shared.seal_call.level().max(if shared.tail().disk_full { Call::SOON } else { 0 });
        if level < Call::NOW && !closing {
            if level == 0 {
                since = None;
                thread::park();
                continue;
            }
            let waited = since.get_or_insert_with(Instant::now).elapsed();
            if let Some(rest) = shared.settings.seal_every.checked_sub(waited).filter(|rest| !rest.is_zero())
            {
                thread::park_timeout(rest);
                continue;
            }
        }
        since = None;
        shared.seal_call.clear();
        if !shared.seal_round(&mut sealer) || closing {
            break;
        }
    }
    // Nobody waits for a round that will not come.
    let mut rounds = shared.rounds();
    rounds.ended = true;
    if rounds.last_failure.is_empty() {
        rounds.last_failure = "the ledger is closed".to_owned();
    }
    drop(rounds);
    shared.round_done.notify_all();
}
