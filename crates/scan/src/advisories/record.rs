//! What one advisory says of one package, and its bytes in the store.
//!
//! Invariant: bytes that were not written here are refused, never guessed at. Not here: where the bytes lie (`store`).

use super::Advisory;
use crate::finding::Severity;
use crate::packages::Ecosystem;
use crate::versions::{Bound, Interval, Version};

/// What one advisory says of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Where the package comes from.
    pub ecosystem: Ecosystem,
    /// The package's name, normalised.
    pub name: String,
    /// The vulnerability.
    pub advisory: Advisory,
    /// The versions that are affected.
    pub stretches: Vec<Stretch>,
    /// Single versions that are affected and lie in no stretch.
    pub versions: Vec<String>,
    /// Where the versions begin that the record itself calls patched; `None` where it only says what is affected.
    pub patched: Option<Vec<Bound>>,
}

/// Affected versions from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The versions.
    pub interval: Interval,
    /// Whether the version at the end mends it.
    pub fixed: bool,
}

impl Affected {
    /// Whether a version is affected. A single version counts however it is spelt.
    #[must_use]
    pub fn holds(&self, text: &str, version: &Version) -> bool {
        self.stretches.iter().any(|stretch| stretch.interval.contains(self.ecosystem, version))
            || self.versions.iter().any(|one| {
                let same = |other: Version| version.order(&other).is_some_and(std::cmp::Ordering::is_eq);
                one == text || Version::parse(self.ecosystem, one).is_some_and(same)
            })
    }

    /// What is affected, as npm would write it: `>=1.0.0 <1.2.0`, and `=1.4.0` for one version.
    #[must_use]
    pub fn ranges(&self) -> Vec<String> {
        let shown =
            |bound: &Bound| Bound { version: bound.shown(self.ecosystem).to_owned(), ..bound.clone() };
        let stretch = |stretch: &Stretch| {
            let (from, to) = (stretch.interval.from.as_ref(), stretch.interval.to.as_ref());
            Interval { from: from.map(shown), to: to.map(shown) }.to_string()
        };
        let listed = self.versions.iter().map(|version| format!("={version}"));
        self.stretches.iter().map(stretch).chain(listed).collect()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        let advisory = &self.advisory;
        for text in [&self.name, &advisory.id, &advisory.summary, &advisory.modified] {
            to.text(text);
        }
        to.byte(severity_byte(advisory.severity));
        to.byte(advisory.score_tenths.unwrap_or(u8::MAX));
        to.byte(u8::from(advisory.malicious));
        to.text(advisory.vector.as_deref().unwrap_or_default());
        to.number(advisory.cwes.len() as u64);
        advisory.cwes.iter().for_each(|cwe| to.number(u64::from(*cwe)));
        to.texts(&advisory.aliases);
        to.number(self.stretches.len() as u64);
        for stretch in &self.stretches {
            to.byte(u8::from(stretch.fixed));
            to.bound(stretch.interval.from.as_ref());
            to.bound(stretch.interval.to.as_ref());
        }
        to.texts(&self.versions);
        // Zero is a record that does not say it, one more than their number is one that does.
        to.number(self.patched.as_ref().map_or(0, |patched| patched.len() as u64 + 1));
        self.patched.iter().flatten().for_each(|start| to.bound(Some(start)));
        to.0
    }

    pub(super) fn decode(ecosystem: Ecosystem, from: &mut Reader<'_>) -> Option<Self> {
        let (name, id, summary, modified) = (from.text()?, from.text()?, from.text()?, from.text()?);
        let severity = severity_of(from.byte()?)?;
        let score_tenths = Some(from.byte()?).filter(|score| *score != u8::MAX);
        let malicious = from.byte()? == 1;
        let vector = Some(from.text()?).filter(|vector| !vector.is_empty());
        let cwes = (0..from.count()?).map(|_| u32::try_from(from.number()?).ok()).collect::<Option<_>>()?;
        let aliases = from.texts()?;
        let advisory =
            Advisory { id, aliases, summary, severity, score_tenths, vector, cwes, malicious, modified };
        let count = from.count()?;
        let mut stretches = Vec::with_capacity(count);
        for _ in 0..count {
            let fixed = from.byte()? == 1;
            stretches.push(Stretch { interval: Interval { from: from.bound()?, to: from.bound()? }, fixed });
        }
        let versions = from.texts()?;
        let patched = match from.number()?.checked_sub(1) {
            None => None,
            Some(count) => Some((0..count).map(|_| from.bound()?).collect::<Option<_>>()?),
        };
        Some(Self { ecosystem, name, advisory, stretches, versions, patched })
    }
}

const SEVERITIES: [Option<Severity>; 5] =
    [None, Some(Severity::Low), Some(Severity::Medium), Some(Severity::High), Some(Severity::Critical)];

fn severity_byte(severity: Option<Severity>) -> u8 {
    let at = SEVERITIES.iter().position(|known| *known == severity);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

#[expect(clippy::option_option, reason = "not readable is another thing than no severity")]
fn severity_of(byte: u8) -> Option<Option<Severity>> {
    SEVERITIES.get(usize::from(byte)).copied()
}

/// Bytes in the making: numbers of seven bits a byte, texts with their length before them.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn bound(&mut self, bound: Option<&Bound>) {
        match bound {
            None => self.byte(0),
            Some(bound) => {
                self.byte(if bound.inclusive { 2 } else { 1 });
                self.text(&bound.version);
            }
        }
    }
}

/// Reads what [`Writer`] wrote; `None` once something does not fit.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// How many things follow; never more than there are bytes for.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.count()?;
        (0..count).map(|_| self.text()).collect()
    }

    #[expect(clippy::option_option, reason = "not readable is another thing than no bound")]
    fn bound(&mut self) -> Option<Option<Bound>> {
        match self.byte()? {
            0 => Some(None),
            kind @ (1 | 2) => Some(Some(Bound { version: self.text()?, inclusive: kind == 2 })),
            _ => None,
        }
    }
}
