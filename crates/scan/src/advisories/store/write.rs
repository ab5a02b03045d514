//! Writes a store: sorts what was taken in, drops what came twice, fills blocks.
//!
//! Invariants: the same advisories make the same bytes, in whatever order they came; of two copies of a record the newer one stays. Not
//! here: the form, which the reading side describes.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use super::super::record::{Affected, Writer};
use super::{HEAD_BYTES, SUM_BYTES, TAIL_BYTES, Tail, head, sum};
use crate::packages::Ecosystem;

/// A block is closed by the package that fills it to here.
const BLOCK_BYTES: usize = 4 * 1024;

/// What one advisory says of one package, as it will be written. One allocation holds all of it: there are hundreds of thousands.
#[derive(Debug)]
pub(crate) struct Row {
    ecosystem: Ecosystem,
    /// Key, name, id, time of the last change; then the record's bytes.
    text: Box<[u8]>,
    ends: [u32; 4],
}

impl Row {
    pub(crate) fn new(affected: &Affected) -> Self {
        let key = affected.ecosystem.key(&affected.name);
        let advisory = &affected.advisory;
        let mut text = Vec::new();
        let ends = [&key, &affected.name, &advisory.id, &advisory.modified].map(|part| {
            text.extend_from_slice(part.as_bytes());
            u32::try_from(text.len()).unwrap_or(u32::MAX)
        });
        text.extend_from_slice(&affected.encode());
        Self { ecosystem: affected.ecosystem, text: text.into(), ends }
    }

    fn part(&self, from: Option<usize>, to: Option<usize>) -> &[u8] {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let (from, to) = (from.map_or(0, end), to.map_or(self.text.len(), end));
        self.text.get(from..to).unwrap_or_default()
    }

    fn key(&self) -> (Ecosystem, &[u8]) {
        (self.ecosystem, self.part(None, Some(0)))
    }

    fn name(&self) -> &[u8] {
        self.part(Some(0), Some(1))
    }

    pub(crate) fn id(&self) -> &str {
        std::str::from_utf8(self.part(Some(1), Some(2))).unwrap_or_default()
    }

    fn modified(&self) -> &[u8] {
        self.part(Some(2), Some(3))
    }

    fn record(&self) -> &[u8] {
        self.part(Some(3), None)
    }
}

/// Writes a store, and tells how many advisories and how many pairs of a package and an advisory it keeps.
pub(crate) fn store(mut rows: Vec<Row>, newest: &str, output: &mut dyn Write) -> io::Result<(u64, u64)> {
    rows.sort_by(|a, b| {
        a.key()
            .cmp(&b.key())
            .then_with(|| a.name().cmp(b.name()))
            .then_with(|| a.id().cmp(b.id()))
            // The newest copy first: it is the one that stays.
            .then_with(|| b.modified().cmp(a.modified()))
            .then_with(|| a.record().cmp(b.record()))
    });
    rows.dedup_by(|later, kept| {
        later.key() == kept.key() && later.name() == kept.name() && later.id() == kept.id()
    });
    let records = rows.iter().map(Row::id).collect::<HashSet<_>>().len() as u64;
    let head = head();
    output.write_all(&head)?;
    let mut index = Index::default();
    let mut block = Block::default();
    for group in rows.chunk_by(|a, b| a.key() == b.key()) {
        let Some(first) = group.first() else { continue };
        index.count(first.ecosystem, group.len());
        block.add(first, group);
        if block.bytes.0.len() >= BLOCK_BYTES {
            index.close(&mut block, output)?;
        }
    }
    if !block.bytes.0.is_empty() {
        index.close(&mut block, output)?;
    }
    let index_at = HEAD_BYTES + index.written;
    let index = index.encode(newest, records);
    output.write_all(&index)?;
    let index_length = index.len() as u64;
    let total = index_at + index_length + TAIL_BYTES;
    output.write_all(&Tail { index_at, index_length, total, index_sum: sum(&index) }.write(&head))?;
    Ok((records, rows.len() as u64))
}

#[derive(Default)]
struct Block {
    first: Option<(u8, Vec<u8>)>,
    bytes: Writer,
}

impl Block {
    fn add(&mut self, first: &Row, group: &[Row]) {
        let (ecosystem, key) = (byte_of(first.ecosystem), first.key().1);
        self.first.get_or_insert_with(|| (ecosystem, key.to_vec()));
        self.bytes.byte(ecosystem);
        self.bytes.bytes(key);
        self.bytes.number(group.iter().map(|row| row.record().len() as u64).sum());
        group.iter().for_each(|row| self.bytes.0.extend_from_slice(row.record()));
    }
}

/// A block that was written: its first ecosystem and key, its length and checksum.
struct Closed {
    first: (u8, Vec<u8>),
    length: u64,
    sum: [u8; SUM_BYTES],
}

#[derive(Default)]
struct Index {
    counts: BTreeMap<u8, (u64, u64)>,
    blocks: Vec<Closed>,
    written: u64,
}

impl Index {
    fn count(&mut self, ecosystem: Ecosystem, rows: usize) {
        let counts = self.counts.entry(byte_of(ecosystem)).or_default();
        counts.0 += 1;
        counts.1 += rows as u64;
    }

    fn close(&mut self, block: &mut Block, output: &mut dyn Write) -> io::Result<()> {
        let Block { first, bytes } = std::mem::take(block);
        output.write_all(&bytes.0)?;
        self.written += bytes.0.len() as u64;
        self.blocks.push(Closed {
            first: first.unwrap_or_default(),
            length: bytes.0.len() as u64,
            sum: sum(&bytes.0),
        });
        Ok(())
    }

    fn encode(&self, newest: &str, records: u64) -> Vec<u8> {
        let mut to = Writer::default();
        to.text(newest);
        to.number(records);
        to.number(self.counts.len() as u64);
        for (ecosystem, (packages, rows)) in &self.counts {
            to.byte(*ecosystem);
            to.number(*packages);
            to.number(*rows);
        }
        to.number(self.blocks.len() as u64);
        for block in &self.blocks {
            let (ecosystem, key) = &block.first;
            to.byte(*ecosystem);
            to.bytes(key);
            to.number(block.length);
            to.0.extend_from_slice(&block.sum);
        }
        to.0
    }
}

fn byte_of(ecosystem: Ecosystem) -> u8 {
    let at = Ecosystem::ALL.iter().position(|known| *known == ecosystem);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}
