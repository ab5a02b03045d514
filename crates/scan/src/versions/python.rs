//! Python's versions (PEP 440).
//!
//! Invariant: everything that PEP 440 allows is read, in all its spellings; anything else is no version. Not here: specifiers.

use std::cmp::Ordering;

use super::number::{Number, without_trailing_zeros};

/// A version of Python's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    epoch: Number,
    /// Without zeros at the end.
    release: Vec<Number>,
    before: Option<(Stage, Number)>,
    after: Option<Number>,
    development: Option<Number>,
    local: Vec<Local>,
}

/// A stage before the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Alpha,
    Beta,
    Candidate,
}

/// A part of a local version. Words come before numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    Word(Box<str>),
    Number(Number),
}

const STAGES: [(&str, Stage); 8] = [
    ("alpha", Stage::Alpha),
    ("a", Stage::Alpha),
    ("beta", Stage::Beta),
    ("b", Stage::Beta),
    ("preview", Stage::Candidate),
    ("pre", Stage::Candidate),
    ("rc", Stage::Candidate),
    ("c", Stage::Candidate),
];

impl Python {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut rest = Rest(text.strip_prefix('v').unwrap_or(&text));
        let mut first = rest.digits()?;
        let epoch = if rest.take("!") { std::mem::replace(&mut first, rest.digits()?) } else { Number::ZERO };
        let mut release = vec![first];
        while let Some(number) = rest.attempt(|rest| rest.take(".").then(|| rest.digits()).flatten()) {
            release.push(number);
        }
        let before = rest.attempt(|rest| {
            rest.separator();
            let (_, stage) = STAGES.iter().find(|(word, _)| rest.take(word))?;
            Some((*stage, rest.number_or_zero()))
        });
        let after = rest.attempt(|rest| rest.take("-").then(|| rest.digits()).flatten()).or_else(|| {
            rest.attempt(|rest| {
                rest.separator();
                ["post", "rev", "r"].iter().any(|word| rest.take(word)).then(|| rest.number_or_zero())
            })
        });
        let development = rest.attempt(|rest| {
            rest.separator();
            rest.take("dev").then(|| rest.number_or_zero())
        });
        let local = if rest.take("+") {
            let local = rest.0;
            rest.0 = "";
            local.split(['.', '-', '_']).map(Local::parse).collect::<Option<_>>()?
        } else {
            Vec::new()
        };
        let release = without_trailing_zeros(release);
        rest.0.is_empty().then_some(Self { epoch, release, before, after, development, local })
    }

    /// What PEP 440 compares after epoch and release: a development release comes before the stages, a release after them.
    fn stage(&self) -> (u8, Option<&(Stage, Number)>) {
        match (&self.before, &self.after, &self.development) {
            (Some(before), ..) => (1, Some(before)),
            (None, None, Some(_)) => (0, None),
            (None, ..) => (2, None),
        }
    }

    /// No development number is the larger.
    fn development(&self) -> (bool, Option<&Number>) {
        (self.development.is_none(), self.development.as_ref())
    }
}

impl Local {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        Some(Number::parse(text).map_or_else(|| Self::Word(text.into()), Self::Number))
    }
}

impl Ord for Python {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| self.release.cmp(&other.release))
            .then_with(|| self.stage().cmp(&other.stage()))
            // None comes first, as it should.
            .then_with(|| self.after.cmp(&other.after))
            .then_with(|| self.development().cmp(&other.development()))
            .then_with(|| self.local.cmp(&other.local))
    }
}

impl PartialOrd for Python {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is left to read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, word: &str) -> bool {
        match self.0.strip_prefix(word) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn separator(&mut self) {
        self.0 = self.0.strip_prefix(['.', '-', '_']).unwrap_or(self.0);
    }

    fn digits(&mut self) -> Option<Number> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        let number = Number::parse(digits)?;
        self.0 = rest;
        Some(number)
    }

    /// `1`, `.1`, `-1`, or nothing, which is zero.
    fn number_or_zero(&mut self) -> Number {
        self.attempt(|rest| {
            rest.separator();
            rest.digits()
        })
        .unwrap_or(Number::ZERO)
    }

    /// Reads something, or nothing at all.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.0;
        let found = read(self);
        if found.is_none() {
            self.0 = before;
        }
        found
    }
}
