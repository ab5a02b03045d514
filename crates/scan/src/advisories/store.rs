//! The store of advisories: one file, sorted by ecosystem and name, of which a lookup reads a few kilobytes.
//!
//! The form, version 2; numbers in the tail are 8 bytes, the lowest first:
//! ```text
//! magic, version    16 bytes
//! blocks            whole packages in order: ecosystem, key, advisories; a new block begins after 4 KB
//! index             facts about all, then for each block its first key, length and checksum
//! tail              index offset, index length, total length, checksum of the index, checksum of magic and tail
//! ```
//! Invariants: nothing is believed before its checksum held; what does not fit is refused with what is wrong, never guessed; whatever the
//! bytes say, no more is read than the file has. Checksums find accidents; they are no signature. Not here: the disk (`cli`).

pub(super) mod write;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::record::{Affected, Reader};
use crate::packages::Ecosystem;

const MAGIC: &[u8; 12] = b"casemate-adv";
const VERSION: u32 = 2;
const HEAD_BYTES: u64 = 16;
const SUM_BYTES: usize = 8;
const TAIL_BYTES: u64 = 24 + 2 * SUM_BYTES as u64;

/// An index or a block beyond it is not ours.
const MAX_READ_BYTES: u64 = 256 * 1024 * 1024;

/// Bytes that can be read anywhere: a file, or memory.
pub trait Bytes {
    /// How many there are.
    ///
    /// # Errors
    /// When that cannot be told.
    fn length(&self) -> io::Result<u64>;

    /// Reads a stretch of them, whole.
    ///
    /// # Errors
    /// When they cannot be read, or end before.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>>;
}

impl Bytes for Vec<u8> {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.get(from..).and_then(|rest| rest.get(..length));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Why a store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It is some other file.
    #[error("it is no store of advisories")]
    Foreign,
    /// Another release of Casemate wrote it.
    #[error("it has version {0}, and this Casemate reads version {VERSION}: import the advisories again")]
    Version(u32),
    /// It was cut or changed.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It could not be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
}

impl casemate_core::Faulty for StoreError {
    fn fault(&self) -> casemate_core::Fault {
        match self {
            Self::Foreign | Self::Version(_) | Self::Damaged(_) => casemate_core::Fault::Caller,
            Self::Read(_) => casemate_core::Fault::Unavailable,
        }
    }
}

/// What a store says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// When the newest of its records was changed, as the record says.
    pub newest: String,
    /// How many advisories are in it.
    pub records: u64,
    /// Packages and pairs of a package and an advisory, by ecosystem as OSV spells it.
    pub ecosystems: BTreeMap<String, (u64, u64)>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Where a block lies.
#[derive(Debug)]
struct Block {
    first: (Ecosystem, String),
    offset: u64,
    length: usize,
    sum: [u8; SUM_BYTES],
}

/// A store that is open.
#[derive(Debug)]
pub struct Store<B> {
    bytes: B,
    facts: Facts,
    blocks: Vec<Block>,
    /// The block that was read last, and its position: lookups in order meet in it.
    last: RefCell<Option<(usize, Vec<u8>)>>,
}

impl<B: Bytes> Store<B> {
    /// Opens a store: reads its ends and its index.
    ///
    /// # Errors
    /// When it is none, of another version, damaged, or cannot be read.
    pub fn open(bytes: B) -> Result<Self, StoreError> {
        let total = bytes.length().map_err(StoreError::Read)?;
        let head = match total < HEAD_BYTES {
            true => return Err(StoreError::Foreign),
            false => bytes.read_at(0, HEAD_BYTES as usize).map_err(StoreError::Read)?,
        };
        let version =
            head.strip_prefix(MAGIC).and_then(|rest| Some(u32::from_le_bytes(rest.try_into().ok()?)));
        match version.ok_or(StoreError::Foreign)? {
            VERSION => {}
            other => return Err(StoreError::Version(other)),
        }
        let tail_at = total.checked_sub(TAIL_BYTES).filter(|at| *at >= HEAD_BYTES);
        let tail_at = tail_at.ok_or(StoreError::Damaged("it ends in the middle"))?;
        let tail = bytes.read_at(tail_at, TAIL_BYTES as usize).map_err(StoreError::Read)?;
        let tail = Tail::read(&head, &tail).ok_or(StoreError::Damaged("its end is not what was written"))?;
        let ends = tail.index_at.checked_add(tail.index_length);
        if tail.total != total || ends != Some(tail_at) || tail.index_length > MAX_READ_BYTES {
            return Err(StoreError::Damaged("its end is not what was written"));
        }
        let index = bytes.read_at(tail.index_at, tail.index_length as usize).map_err(StoreError::Read)?;
        if sum(&index) != tail.index_sum {
            return Err(StoreError::Damaged("its index is not what was written"));
        }
        let (mut facts, blocks) =
            read_index(&index, tail.index_at).ok_or(StoreError::Damaged("its index cannot be read"))?;
        facts.bytes = total;
        Ok(Self { bytes, facts, blocks, last: RefCell::new(None) })
    }

    /// What it says about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The advisories about a package, by [`Ecosystem::key`]. Lookups in the order of the keys read each block once.
    ///
    /// # Errors
    /// When the block cannot be read or is damaged.
    pub fn find(&self, ecosystem: Ecosystem, key: &str) -> Result<Vec<Affected>, StoreError> {
        let after =
            self.blocks.partition_point(|block| (block.first.0, block.first.1.as_str()) <= (ecosystem, key));
        let Some(at) = after.checked_sub(1) else { return Ok(Vec::new()) };
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(block, _)| *block != at) {
            *last = Some((at, self.block(at)?));
        }
        let block = last.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        search(block, |of, found| (of, found) == (ecosystem, key))
            .ok_or(StoreError::Damaged("a part of it cannot be read"))
    }

    /// The advisories about what lies below a path, by key: of `golang.org/x/text` those about `golang.org/x/text/language`.
    ///
    /// # Errors
    /// When a block cannot be read or is damaged.
    pub fn below(&self, ecosystem: Ecosystem, path: &str) -> Result<Vec<Affected>, StoreError> {
        let start = format!("{path}/");
        let first = self
            .blocks
            .partition_point(|block| (block.first.0, block.first.1.as_str()) <= (ecosystem, start.as_str()))
            .saturating_sub(1);
        let mut all = Vec::new();
        for (at, block) in self.blocks.iter().enumerate().skip(first) {
            let (of, key) = (block.first.0, block.first.1.as_str());
            if (of, key) > (ecosystem, start.as_str()) && !(of == ecosystem && key.starts_with(&start)) {
                break;
            }
            let mut last = self.last.borrow_mut();
            if last.as_ref().is_none_or(|(block, _)| *block != at) {
                *last = Some((at, self.block(at)?));
            }
            let block = last.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
            let found = search(block, |of, key| of == ecosystem && key.starts_with(&start));
            all.extend(found.ok_or(StoreError::Damaged("a part of it cannot be read"))?);
        }
        Ok(all)
    }

    fn block(&self, at: usize) -> Result<Vec<u8>, StoreError> {
        let block = self.blocks.get(at).ok_or(StoreError::Damaged("a part of it is missing"))?;
        let bytes = self.bytes.read_at(block.offset, block.length).map_err(StoreError::Read)?;
        match sum(&bytes) == block.sum {
            true => Ok(bytes),
            false => Err(StoreError::Damaged("a part of it is not what was written")),
        }
    }
}

/// The end of the file.
struct Tail {
    index_at: u64,
    index_length: u64,
    total: u64,
    index_sum: [u8; SUM_BYTES],
}

impl Tail {
    fn read(head: &[u8], tail: &[u8]) -> Option<Self> {
        let (said, own_sum) = tail.split_last_chunk::<SUM_BYTES>()?;
        if sum(&[head, said].concat()) != *own_sum {
            return None;
        }
        let mut from = Reader(said);
        let mut number = || Some(u64::from_le_bytes(from.take(8)?.try_into().ok()?));
        let (index_at, index_length, total) = (number()?, number()?, number()?);
        Some(Self { index_at, index_length, total, index_sum: from.take(SUM_BYTES)?.try_into().ok()? })
    }

    fn write(&self, head: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        for number in [self.index_at, self.index_length, self.total] {
            said.extend_from_slice(&number.to_le_bytes());
        }
        said.extend_from_slice(&self.index_sum);
        let own_sum = sum(&[head, &said].concat());
        said.extend_from_slice(&own_sum);
        said
    }
}

fn head() -> Vec<u8> {
    [MAGIC.as_slice(), &VERSION.to_le_bytes()].concat()
}

fn sum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let digest = Sha256::digest(bytes);
    digest.first_chunk().copied().unwrap_or_default()
}

fn ecosystem(byte: u8) -> Option<Ecosystem> {
    Ecosystem::ALL.get(usize::from(byte)).copied()
}

fn read_index(bytes: &[u8], end: u64) -> Option<(Facts, Vec<Block>)> {
    let mut from = Reader(bytes);
    let mut facts = Facts { newest: from.text()?, records: from.number()?, ..Facts::default() };
    for _ in 0..from.count()? {
        let name = ecosystem(from.byte()?)?.osv().to_owned();
        facts.ecosystems.insert(name, (from.number()?, from.number()?));
    }
    let count = from.count()?;
    let mut blocks = Vec::with_capacity(count);
    let mut offset = HEAD_BYTES;
    for _ in 0..count {
        let first = (ecosystem(from.byte()?)?, from.text()?);
        let length = from.number()?;
        let sum = from.take(SUM_BYTES)?.try_into().ok()?;
        let next = offset.checked_add(length).filter(|next| *next <= end && length <= MAX_READ_BYTES)?;
        blocks.push(Block { first, offset, length: usize::try_from(length).ok()?, sum });
        offset = next;
    }
    (from.is_done() && offset == end).then_some((facts, blocks))
}

/// The advisories of a block about the packages that are wanted.
fn search(block: &[u8], wanted: impl Fn(Ecosystem, &str) -> bool) -> Option<Vec<Affected>> {
    let mut from = Reader(block);
    let mut all = Vec::new();
    while !from.is_done() {
        let (ecosystem, key) = (ecosystem(from.byte()?)?, std::str::from_utf8(from.bytes()?).ok()?);
        let mut group = Reader(from.bytes()?);
        while wanted(ecosystem, key) && !group.is_done() {
            all.push(Affected::decode(ecosystem, &mut group)?);
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests;
