//! Which leaves a request has: found without scanning the log.
//!
//! Owns: sorted runs `index/<n>`, one for every [`RUN`] leaves, and the map of the leaves after the last run. A run is the pairs
//! (request id, sequence number) in order. Ids start with the time, and leaves come in time, so a request's leaves are in the runs
//! whose range of ids holds it: nearly always one or two, more only for ids older than a long-lived request's last leaf.
//! A lookup compares the range of each run (40 bytes in memory per run), then reads the runs that may hold the id and searches them.
//! Invariant: runs are derived and carry a MAC; a missing or edited one is made anew from the bundles, so no leaf can be
//! hidden by editing an index. Not here: reading leaves (`read`).

use std::collections::BTreeMap;

use casemate_core::{RequestId, Seq};
use casemate_storage::LedgerFiles;
use casemate_storage::ledger_files::LedgerView;
use casemate_vault::{MacPurpose, Vault, constant_time_eq};

use crate::error::ReadLedgerError;
use crate::leaf::LeafHeader;
use crate::tile::{bundle_path, parse_bundle};
use crate::tree::TILE_WIDTH;

/// Leaves in a run: 64 bundles.
pub(crate) const RUN: u64 = 64 * TILE_WIDTH;
const MAGIC: [u8; 8] = *b"CmIndex1";
/// `magic 8 | number 8 | bytes so far 8 | count 8 | lowest id 16 | highest id 16 | mac 32`.
const HEADER: usize = 96;
const PAIR: usize = 24;
const RUN_BYTES: usize = HEADER + 64 * 256 * PAIR + 32;

/// What a run's header says of it, kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    low: RequestId,
    high: RequestId,
    /// Bytes of all leaves up to the end of this run.
    bytes: u64,
}

/// The index of the whole ledger.
#[derive(Debug, Default)]
pub(crate) struct Index {
    runs: Vec<Range>,
    /// What is in no run yet, with the bytes that each leaf takes.
    recent: BTreeMap<(RequestId, Seq), u64>,
    bytes_in_runs: u64,
}

impl Index {
    /// Opens the runs that a ledger of `sealed` leaves has, making those that are missing or wrong, and reads the bundles after
    /// the last run.
    pub(crate) fn open(files: &LedgerFiles, vault: &Vault, sealed: u64) -> Result<Self, ReadLedgerError> {
        let mut index = Self::default();
        for number in 0..sealed / RUN {
            match read_range(files.view(), vault, number)? {
                Some(range) => {
                    index.bytes_in_runs = range.bytes;
                    index.runs.push(range);
                }
                None => {
                    index.load_bundles(files.view(), number * RUN, (number + 1) * RUN)?;
                    index.finish_run(files, vault)?;
                }
            }
        }
        index.load_bundles(files.view(), sealed / RUN * RUN, sealed)?;
        Ok(index)
    }

    /// Adds a sealed leaf; leaves come in order.
    pub(crate) fn add(&mut self, request: RequestId, seq: Seq, bytes: usize) {
        self.recent.insert((request, seq), stored_bytes(bytes));
    }

    /// Whether [`Self::finish_run`] is due.
    pub(crate) fn run_is_full(&self) -> bool {
        u64::try_from(self.recent.len()).unwrap_or(u64::MAX) >= RUN
    }

    /// Bytes that all sealed leaves take.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes_in_runs + self.recent.values().sum::<u64>()
    }

    /// Writes the first [`RUN`] recent leaves as a run.
    pub(crate) fn finish_run(&mut self, files: &LedgerFiles, vault: &Vault) -> Result<(), ReadLedgerError> {
        let number = u64::try_from(self.runs.len()).unwrap_or(u64::MAX);
        let end = Seq((number + 1) * RUN);
        let run: Vec<_> = self.recent.keys().copied().filter(|(_, seq)| *seq < end).collect();
        let (Some((low, _)), Some((high, _))) = (run.first(), run.last()) else { return Ok(()) };
        let bytes: u64 = self.recent.iter().filter(|((_, seq), _)| *seq < end).map(|(_, bytes)| bytes).sum();
        let range = Range { low: *low, high: *high, bytes: self.bytes_in_runs + bytes };
        files.publish(&[(path(number), encode(vault, number, &range, &run))])?;
        self.recent.retain(|(_, seq), _| *seq >= end);
        self.bytes_in_runs = range.bytes;
        self.runs.push(range);
        Ok(())
    }

    /// The sealed leaves of a request, in order.
    pub(crate) fn leaves(
        &self,
        view: &LedgerView,
        vault: &Vault,
        request: RequestId,
    ) -> Result<Vec<Seq>, ReadLedgerError> {
        let mut found = Vec::new();
        for (number, range) in self.runs.iter().enumerate() {
            if (range.low..=range.high).contains(&request) {
                let number = u64::try_from(number).unwrap_or(u64::MAX);
                found.extend(search(view, vault, number, request)?);
            }
        }
        let recent = self.recent.range((request, Seq(0))..=(request, Seq(u64::MAX)));
        found.extend(recent.map(|((_, seq), _)| *seq));
        Ok(found)
    }

    fn load_bundles(&mut self, view: &LedgerView, from: u64, to: u64) -> Result<(), ReadLedgerError> {
        for (request, seq, bytes) in read_headers(view, from, to)? {
            self.add(request, seq, bytes);
        }
        Ok(())
    }
}

/// What a leaf costs on disk, with its hash and its place in the index.
pub(crate) fn stored_bytes(leaf: usize) -> u64 {
    u64::try_from(leaf + 2 + 33 + PAIR).unwrap_or(u64::MAX)
}

fn path(number: u64) -> String {
    format!("index/{number:09}")
}

fn encode(vault: &Vault, number: u64, range: &Range, run: &[(RequestId, Seq)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(RUN_BYTES);
    for part in [MAGIC, number.to_be_bytes(), range.bytes.to_be_bytes(), RUN.to_be_bytes()] {
        out.extend_from_slice(&part);
    }
    out.extend_from_slice(&range.low.to_bytes());
    out.extend_from_slice(&range.high.to_bytes());
    out.extend_from_slice(&vault.mac(MacPurpose::Ledger, &[b"index header", &out]));
    for (request, seq) in run {
        out.extend_from_slice(&request.to_bytes());
        out.extend_from_slice(&seq.0.to_be_bytes());
    }
    out.extend_from_slice(&vault.mac(MacPurpose::Ledger, &[b"index", &out]));
    out
}

/// Reads a run's header; `None` unless the vault wrote it for this run.
fn parse_header(vault: &Vault, bytes: &[u8], number: u64) -> Option<Range> {
    let (body, mac) = bytes.get(..HEADER)?.split_last_chunk::<32>()?;
    let (magic, rest) = body.split_first_chunk::<8>()?;
    let (found, rest) = rest.split_first_chunk::<8>()?;
    let (bytes, rest) = rest.split_first_chunk::<8>()?;
    let (_, rest) = rest.split_first_chunk::<8>()?;
    let (low, rest) = rest.split_first_chunk::<16>()?;
    let (high, _) = rest.split_first_chunk::<16>()?;
    let authentic = constant_time_eq(&vault.mac(MacPurpose::Ledger, &[b"index header", body]), mac);
    (authentic && *magic == MAGIC && *found == number.to_be_bytes()).then(|| Range {
        low: RequestId::from_bytes(*low),
        high: RequestId::from_bytes(*high),
        bytes: u64::from_be_bytes(*bytes),
    })
}

/// The range of a run, from its header; `None` when it is not there whole.
fn read_range(view: &LedgerView, vault: &Vault, number: u64) -> Result<Option<Range>, ReadLedgerError> {
    let header = view.read_part(&path(number), 0, HEADER)?.unwrap_or_default();
    let last = u64::try_from(RUN_BYTES - 1).unwrap_or(u64::MAX);
    let whole = view.read_part(&path(number), last, 2)?.is_some_and(|end| end.len() == 1);
    Ok(parse_header(vault, &header, number).filter(|_| whole))
}

fn parse_pair(bytes: &[u8]) -> Option<(RequestId, Seq)> {
    let (request, rest) = bytes.split_first_chunk::<16>()?;
    let (seq, _) = rest.split_first_chunk::<8>()?;
    Some((RequestId::from_bytes(*request), Seq(u64::from_be_bytes(*seq))))
}

/// Looks into one run; into its bundles when its MAC is wrong.
fn search(
    view: &LedgerView,
    vault: &Vault,
    number: u64,
    request: RequestId,
) -> Result<Vec<Seq>, ReadLedgerError> {
    let bytes = view.read(&path(number))?.unwrap_or_default();
    let authentic = parse_header(vault, &bytes, number).is_some()
        && bytes.split_last_chunk::<32>().is_some_and(|(body, mac)| {
            constant_time_eq(&vault.mac(MacPurpose::Ledger, &[b"index", body]), mac)
        });
    if !authentic {
        tracing::warn!(run = number, "an index run of the ledger was edited; its bundles are read instead");
        let headers = read_headers(view, number * RUN, (number + 1) * RUN)?;
        return Ok(headers.into_iter().filter(|(id, ..)| *id == request).map(|(_, seq, _)| seq).collect());
    }
    let pairs = bytes.get(HEADER..bytes.len() - 32).unwrap_or_default();
    let (pairs, _) = pairs.as_chunks::<PAIR>();
    let start = pairs.partition_point(|pair| parse_pair(pair).is_some_and(|(id, _)| id < request));
    let from = pairs.get(start..).unwrap_or_default().iter().filter_map(|pair| parse_pair(pair));
    Ok(from.take_while(|(id, _)| *id == request).map(|(_, seq)| seq).collect())
}

/// Request, place and length of the leaves `from..to`, where `from` starts a bundle and `to` ends the sealed leaves or a bundle.
fn read_headers(
    view: &LedgerView,
    from: u64,
    to: u64,
) -> Result<Vec<(RequestId, Seq, usize)>, ReadLedgerError> {
    let mut found = Vec::new();
    let mut start = from;
    while start < to {
        let width = (to - start).min(TILE_WIDTH);
        let name = bundle_path(start / TILE_WIDTH, width);
        let bytes = view.read(&name)?.ok_or_else(|| ReadLedgerError::damaged(&name, "it is missing"))?;
        let entries = parse_bundle(&bytes).map_err(|_| ReadLedgerError::damaged(&name, "it is cut short"))?;
        for (seq, entry) in (start..start + width).zip(entries) {
            let header = LeafHeader::parse(entry).filter(|header| header.seq.0 == seq);
            let header = header.ok_or_else(|| {
                ReadLedgerError::damaged(&name, format!("entry {} is not leaf {seq}", seq % TILE_WIDTH))
            })?;
            found.push((header.request, header.seq, entry.len()));
        }
        start += width;
        if u64::try_from(found.len()).unwrap_or(u64::MAX) != start - from {
            return Err(ReadLedgerError::damaged(&name, "it has fewer entries than it should"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
