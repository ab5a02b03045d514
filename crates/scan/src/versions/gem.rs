//! Ruby's versions: numbers and words between full stops.
//!
//! Invariant: a word makes a version a pre-release, which comes before the version without it. Not here: requirements (`~>`).

use std::cmp::Ordering;

use super::number::Number;

/// A version of a gem. Words come before numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gem(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Word(Box<str>),
    Number(Number),
}

impl Gem {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.bytes().all(fits) {
            return None;
        }
        let text = text.replace('-', ".pre.");
        let mut segments = Vec::new();
        for part in text.split('.') {
            let mut rest = part;
            while let Some(first) = rest.chars().next() {
                let digits = first.is_ascii_digit();
                let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
                let (token, next) = rest.split_at_checked(end)?;
                segments
                    .push(Number::parse(token).map_or_else(|| Segment::Word(token.into()), Segment::Number));
                rest = next;
            }
        }
        Some(Self(canonical(&segments)))
    }
}

/// Without the zeros at the end of the numbers and at the end of all.
fn canonical(segments: &[Segment]) -> Vec<Segment> {
    let word = segments.iter().position(|segment| matches!(segment, Segment::Word(_)));
    let (numbers, words) = segments.split_at(word.unwrap_or(segments.len()));
    let kept = |part: &[Segment]| {
        let zero = |segment: &Segment| matches!(segment, Segment::Number(number) if number.is_zero());
        let end = part.iter().rposition(|segment| !zero(segment)).map_or(0, |at| at + 1);
        part.iter().take(end).cloned().collect::<Vec<_>>()
    };
    [kept(numbers), kept(words)].concat()
}

impl Ord for Gem {
    fn cmp(&self, other: &Self) -> Ordering {
        let zero = Segment::Number(Number::ZERO);
        for at in 0..self.0.len().max(other.0.len()) {
            let order = self.0.get(at).unwrap_or(&zero).cmp(other.0.get(at).unwrap_or(&zero));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for Gem {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
