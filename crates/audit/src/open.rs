//! Opening the ledger: key, checkpoint, tree, index, tail, in this order.
//!
//! Invariant: nothing is changed before everything that is there was read and authenticated; a folder that holds part of a ledger
//! is refused, never taken for a new one. Not here: the judgement on the tail (`recovery`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread;

use arc_swap::ArcSwap;
use casemate_core::Clock;
use casemate_storage::LedgerFiles;
use casemate_storage::ledger_files::LedgerView;
use casemate_vault::{KeyScope, Vault, VaultError};
use tokio::sync::watch;

use crate::error::{OpenLedgerError, ReadLedgerError};
use crate::frame::{Frame, SEGMENT_HEADER, SegmentHeader};
use crate::index::{Index, stored_bytes};
use crate::keys::SigningKey;
use crate::leaf::LeafHeader;
use crate::ledger::Ledger;
use crate::note::Checkpoint;
use crate::recovery::{Dropped, RawSegment, Recovered, recover};
use crate::seal::{self, CHECKPOINT, Sealer};
use crate::settings::LedgerSettings;
use crate::shared::{Call, Progress, Published, Rounds, Shared};
use crate::sync;
use crate::tail::{LiveSegment, Pen, State, TAIL, Tail, segment_name};
use crate::tile::{bundle_path, parse_bundle, parse_tile, push_entry, tile_path};
use crate::tree::{Edge, TILE_WIDTH, leaf_hash};

impl Ledger {
    /// Opens the ledger, or makes a new one in an empty folder, and records that the platform started. The vault must hold the
    /// data key of scope `Ledger` (`storage` sees to that).
    ///
    /// # Errors
    /// [`OpenLedgerError`], by variant; [`OpenLedgerError::Damaged`] names the file and the place in it.
    pub fn open(
        files: LedgerFiles,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        settings: LedgerSettings,
    ) -> Result<Arc<Self>, OpenLedgerError> {
        settings.check()?;
        if vault.current_key(&KeyScope::Ledger).is_none() {
            return Err(VaultError::NoKey { scope: KeyScope::Ledger.to_string() }.into());
        }
        let boot = files.boot_id();
        let key = match SigningKey::open(&files, &vault)? {
            Some(key) => key,
            None => create(&files, &vault, &settings, boot)?,
        };
        let (published, bundle) = open_tree(&files, &vault, &key, &settings, boot)?;
        let size = published.checkpoint.size;
        let index = Index::open(&files, &vault, size).map_err(from_read)?;
        let segments = read_segments(files.view(), size)?;
        let recovered = recover(&vault, boot, size, &segments)?;
        let message = describe(&recovered);
        let latest = recovered.unsealed.last().map(|frame| frame.leaf()).or(bundle.last().map(Vec::as_slice));
        let latest_ms = latest.and_then(LeafHeader::parse).map_or(0, |header| time_of(&header));
        let mut tail = continue_tail(&files, &segments, recovered, size, &bundle, index.bytes())?;
        let begun_in = |raw: &RawSegment| SegmentHeader::parse(&raw.bytes).map(|header| header.boot);
        if segments.get(tail.live.len() - 1).and_then(begun_in) != Some(boot) {
            // WHY: recovery trusts a segment's boot id to say in which run of the machine its frames were written.
            let pen = Pen { files: &files, vault: &vault, settings: &settings, boot, durable: size };
            tail.roll(&pen)?;
        }

        let sealer = Sealer::new(published.edge.clone(), entries(&bundle));
        let shared = Arc::new(Shared {
            files,
            vault,
            clock,
            settings,
            key,
            boot,
            durable: AtomicU64::new(size),
            progress: watch::Sender::new(Progress { durable: size, ended: None }),
            index: RwLock::new(index),
            published: ArcSwap::from_pointee(published),
            rounds: Mutex::new(Rounds { sealed: size, ..Rounds::default() }),
            round_done: Condvar::new(),
            tail: Mutex::new(tail),
            syncing: Mutex::new(()),
            sync_call: Call::default(),
            seal_call: Call::default(),
            closing: AtomicBool::new(false),
            latest_ms: AtomicU64::new(latest_ms),
        });
        seal::sweep(&shared)?;
        start(shared, sealer, message)
    }
}

/// Starts the threads, with one round of sealing done: what was recovered is under a checkpoint before anything new comes, and
/// the disk is known to have room.
fn start(shared: Arc<Shared>, mut sealer: Sealer, message: String) -> Result<Arc<Ledger>, OpenLedgerError> {
    shared.seal_round(&mut sealer);
    let ledger = Arc::new(Ledger { shared, threads: Mutex::new(Vec::new()) });
    let spawn = |name: &str, run: Box<dyn FnOnce(&Shared) + Send>| {
        let shared = Arc::clone(&ledger.shared);
        thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared))
    };
    let threads = vec![
        spawn("ledger-sync", Box::new(sync::run))?,
        spawn("ledger-seal", Box::new(move |shared: &Shared| seal::run(shared, sealer)))?,
    ];
    *ledger.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = threads;
    let mut message = message;
    let now = ledger.shared.clock.now().as_millis();
    let before = ledger.shared.latest_ms.load(std::sync::atomic::Ordering::Acquire);
    if before > now {
        message.push_str(&format!("the clock is {} ms behind the last request; ", before - now));
    }
    match ledger.note("started", message.trim_end_matches("; ")) {
        Ok(_) => {}
        // It can still be read, and goes on by itself once there is room.
        Err(casemate_core::RecordError::Full) => tracing::error!("the ledger is full; requests are denied"),
        Err(error) => return Err(error.into()),
    }
    Ok(ledger)
}

fn time_of(header: &LeafHeader) -> u64 {
    let bytes = header.request.to_bytes();
    bytes.iter().take(6).fold(0, |time, byte| time << 8 | u64::from(*byte))
}

fn describe(recovered: &Recovered) -> String {
    let mut message = String::new();
    if !recovered.unsealed.is_empty() {
        message.push_str(&format!(
            "{} leaves were recovered after the last checkpoint; ",
            recovered.unsealed.len()
        ));
    }
    match &recovered.dropped {
        Some(Dropped { seq, power_cut: false }) => {
            message
                .push_str(&format!("leaf {seq} was not finished when the process ended, and was dropped; "));
        }
        Some(Dropped { seq, power_cut: true }) => {
            message.push_str(&format!(
                "the machine stopped before leaf {seq} and what followed it was on disk; "
            ));
        }
        None => {}
    }
    message
}

/// Makes a new ledger's key, if nothing but a folder is there.
fn create(
    files: &LedgerFiles,
    vault: &Vault,
    settings: &LedgerSettings,
    boot: [u8; 16],
) -> Result<SigningKey, OpenLedgerError> {
    let view = files.view();
    for name in [CHECKPOINT, "tile/entries", TAIL] {
        if !view.list(name).unwrap_or_default().is_empty() || view.read(name).is_ok_and(|file| file.is_some())
        {
            return Err(OpenLedgerError::damaged(
                "key.json",
                format!("it is missing, but `{name}` is there"),
            ));
        }
    }
    let key = SigningKey::create(files, vault, &settings.origin)?;
    create_tail(files, vault, settings, boot)?;
    Ok(key)
}

fn create_tail(
    files: &LedgerFiles,
    vault: &Vault,
    settings: &LedgerSettings,
    boot: [u8; 16],
) -> Result<(), OpenLedgerError> {
    let mut segment = files.create_segment(&format!("{TAIL}/first"), settings.segment_bytes, true)?;
    segment.write_at(&SegmentHeader { first: 0, boot, chain: [0; 32] }.to_bytes(vault), 0)?;
    segment.sync()?;
    files.rename_segment(&mut segment, &segment_name(0))?;
    Ok(files.sync_names(TAIL)?)
}

/// Reads and checks checkpoint, right edge and partial bundle; a new ledger gets its empty checkpoint here.
fn open_tree(
    files: &LedgerFiles,
    vault: &Vault,
    key: &SigningKey,
    settings: &LedgerSettings,
    boot: [u8; 16],
) -> Result<(Published, Vec<Vec<u8>>), OpenLedgerError> {
    let view = files.view();
    let note = match view.read(CHECKPOINT)? {
        Some(note) => note,
        None => create_checkpoint(files, vault, key, settings, boot)?,
    };
    let checkpoint = Checkpoint::open(&note, &key.verifier)?;
    let mut levels = Vec::new();
    for level in 0..Edge::height(checkpoint.size) {
        let width = Edge::width(checkpoint.size, level);
        let hashes = if width == 0 {
            Vec::new()
        } else {
            let name = tile_path(level, checkpoint.size >> (8 * (level + 1)), width);
            let bytes = view.read(&name)?.ok_or_else(|| OpenLedgerError::damaged(&name, "it is missing"))?;
            let whole = |hashes: &Vec<_>| u64::try_from(hashes.len()) == Ok(width);
            parse_tile(&bytes)
                .filter(whole)
                .ok_or_else(|| OpenLedgerError::damaged(&name, "it has another length"))?
        };
        levels.push(hashes);
    }
    let edge = Edge::from_levels(checkpoint.size, levels);
    if edge.root() != checkpoint.root {
        return Err(OpenLedgerError::damaged(CHECKPOINT, "the partial tiles do not give its root"));
    }
    let bundle = open_bundle(view, &edge)?;
    let note = String::from_utf8_lossy(&note).into_owned();
    Ok((Published { checkpoint, note, edge }, bundle))
}

fn create_checkpoint(
    files: &LedgerFiles,
    vault: &Vault,
    key: &SigningKey,
    settings: &LedgerSettings,
    boot: [u8; 16],
) -> Result<Vec<u8>, OpenLedgerError> {
    let missing = || OpenLedgerError::damaged(CHECKPOINT, "it is missing, but leaves are there");
    if !files.view().list("tile/entries")?.is_empty() {
        return Err(missing());
    }
    let segments = read_segments(files.view(), 0)?;
    if segments.is_empty() {
        create_tail(files, vault, settings, boot)?;
    } else if segments.len() > 1 || recover(vault, boot, 0, &segments)?.next > 0 {
        return Err(missing());
    }
    let origin = key.verifier.name().to_owned();
    let empty = Checkpoint { origin, size: 0, root: Edge::default().root() };
    let note = key.sign(vault, &empty)?.into_bytes();
    files.publish(&[(CHECKPOINT.to_owned(), note.clone())])?;
    Ok(note)
}

/// The entries of the bundle that is not full, checked against the edge.
fn open_bundle(view: &LedgerView, edge: &Edge) -> Result<Vec<Vec<u8>>, OpenLedgerError> {
    let width = edge.size() % TILE_WIDTH;
    if width == 0 {
        return Ok(Vec::new());
    }
    let name = bundle_path(edge.size() / TILE_WIDTH, width);
    let bytes = view.read(&name)?.ok_or_else(|| OpenLedgerError::damaged(&name, "it is missing"))?;
    let leaves = parse_bundle(&bytes)
        .map_err(|cut| OpenLedgerError::damaged(&name, format!("entry {} is cut short", cut.entries)))?;
    let hashes = edge.levels().first().map(Vec::as_slice).unwrap_or_default();
    for (entry, (leaf, hash)) in leaves.iter().zip(hashes).enumerate() {
        if leaf_hash(leaf) != *hash {
            return Err(OpenLedgerError::damaged(&name, format!("entry {entry} was changed")));
        }
    }
    if leaves.len() != hashes.len() {
        return Err(OpenLedgerError::damaged(&name, format!("it has {} entries, not {width}", leaves.len())));
    }
    Ok(leaves.into_iter().map(<[u8]>::to_vec).collect())
}

fn entries(leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut bundle = Vec::new();
    leaves.iter().for_each(|leaf| push_entry(&mut bundle, leaf));
    bundle
}

/// The names of the segments with their first leaves, from the one that holds leaf `sealed` on.
pub(crate) fn list_segments(
    view: &LedgerView,
    sealed: u64,
) -> Result<Vec<(u64, String)>, casemate_storage::StorageError> {
    let names = view.list(TAIL)?;
    let mut segments: Vec<_> = names
        .into_iter()
        .filter_map(|name| Some((name.parse::<u64>().ok()?, format!("{TAIL}/{name}"))))
        .collect();
    segments.sort_unstable();
    let from = segments.partition_point(|(first, _)| *first <= sealed).saturating_sub(1);
    Ok(segments.split_off(from))
}

fn read_segments(view: &LedgerView, sealed: u64) -> Result<Vec<RawSegment>, OpenLedgerError> {
    let mut segments = Vec::new();
    for (first, name) in list_segments(view, sealed)? {
        let bytes = view.read(&name)?.ok_or_else(|| OpenLedgerError::damaged(&name, "it is missing"))?;
        segments.push(RawSegment { name, first, bytes });
    }
    Ok(segments)
}

/// Clears what was dropped, removes segments after the end, and opens the one that is written next.
fn continue_tail(
    files: &LedgerFiles,
    segments: &[RawSegment],
    recovered: Recovered,
    sealed: u64,
    bundle: &[Vec<u8>],
    sealed_bytes: u64,
) -> Result<Tail, OpenLedgerError> {
    let (before, after) = segments.split_at_checked(recovered.segment + 1).unwrap_or((segments, &[]));
    let last = before.last().ok_or_else(|| OpenLedgerError::damaged(TAIL, "there is no segment"))?;
    let segment = files.open_segment(&last.name)?;
    let offset = u64::try_from(recovered.offset.max(SEGMENT_HEADER)).unwrap_or(u64::MAX);
    if recovered.dropped.is_some() {
        let zeros = vec![0; last.bytes.len().saturating_sub(recovered.offset)];
        segment.write_at(&zeros, offset)?;
        segment.sync()?;
    }
    for segment in after {
        files.remove(&segment.name)?;
    }
    let unsealed_bytes = recovered.unsealed.iter().map(|frame| stored_bytes(frame.leaf().len())).sum::<u64>();
    let mut recent: VecDeque<_> = bundle.iter().map(|leaf| Arc::new(Frame::sealed(leaf))).collect();
    recent.extend(recovered.unsealed);
    let live = before.iter().map(|segment| LiveSegment { first: segment.first, name: segment.name.clone() });
    Ok(Tail {
        next: recovered.next,
        chain: recovered.chain,
        segment: Arc::new(segment),
        offset,
        live: live.collect(),
        // WHY: whether an earlier run synced these is not known.
        unsynced: before
            .iter()
            .rev()
            .skip(1)
            .map(|raw| files.open_segment(&raw.name).map(Arc::new))
            .collect::<Result<_, _>>()?,
        names_unsynced: true,
        spare: None,
        recent,
        recent_first: sealed / TILE_WIDTH * TILE_WIDTH,
        sealed,
        bytes: sealed_bytes + unsealed_bytes,
        unsealed_bytes,
        open_entries: 0,
        disk_full: false,
        free_bytes: u64::MAX,
        state: State::Open,
    })
}

fn from_read(error: ReadLedgerError) -> OpenLedgerError {
    match error {
        ReadLedgerError::Damaged { file, problem } => OpenLedgerError::Damaged { file, problem },
        ReadLedgerError::Storage(error) => error.into(),
        other => OpenLedgerError::damaged("index", other.to_string()),
    }
}
