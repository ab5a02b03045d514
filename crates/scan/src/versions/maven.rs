//! Maven's versions, by its published order (the POM reference, "Version Order Specification"; class `ComparableVersion` of Maven 3.8).
//!
//! Invariant: every text is a version, as in Maven. Not here: version ranges in brackets (`packages::maven` calls them unknown).

use std::cmp::Ordering;

use super::number::Number;

/// A version: a list of numbers, words and lists.
#[derive(Debug, Clone)]
pub(super) struct Maven(Vec<Item>);

#[derive(Debug, Clone)]
enum Item {
    Number(Number),
    Word(Qualifier),
    List(Vec<Item>),
}

/// A word by rank: the known ones in their order, all others behind them, by their letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Qualifier(usize, Box<str>);

const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

/// The rank of no word at all.
const RELEASE: usize = 5;

impl Qualifier {
    fn new(word: &str, before_digit: bool) -> Self {
        let word = match word {
            "a" if before_digit => "alpha",
            "b" if before_digit => "beta",
            "m" if before_digit => "milestone",
            "ga" | "final" | "release" => "",
            "cr" => "rc",
            word => word,
        };
        match QUALIFIERS.iter().position(|known| *known == word) {
            Some(rank) => Self(rank, "".into()),
            None => Self(QUALIFIERS.len(), word.into()),
        }
    }
}

impl Maven {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.to_lowercase();
        // Lists that are still open, the outermost first. A hyphen and a change between digits and letters open one.
        let mut open: Vec<Vec<Item>> = vec![Vec::new()];
        let push = |open: &mut Vec<Vec<Item>>, token: &str, before_digit: bool| {
            let item = match Number::parse(token) {
                Some(number) => Item::Number(number),
                None if token.is_empty() => Item::Number(Number::ZERO),
                None => Item::Word(Qualifier::new(token, before_digit)),
            };
            if let Some(list) = open.last_mut() {
                list.push(item);
            }
        };
        let mut start = 0;
        let mut in_digits = false;
        for (at, c) in text.char_indices() {
            let token = text.get(start..at).unwrap_or_default();
            if c == '.' || c == '-' {
                push(&mut open, token, false);
                start = at + 1;
                if c == '-' {
                    open.push(Vec::new());
                }
            } else {
                let digit = c.is_ascii_digit();
                if digit != in_digits && !token.is_empty() {
                    if digit {
                        open_for_word(&mut open);
                    }
                    push(&mut open, token, digit);
                    start = at;
                    open.push(Vec::new());
                }
                in_digits = digit;
            }
        }
        let last = text.get(start..).unwrap_or_default();
        if !last.is_empty() {
            if !in_digits {
                open_for_word(&mut open);
            }
            push(&mut open, last, false);
        }
        Self(close(open))
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        lists(&self.0, &other.0)
    }
}

/// A word that digits or the end follow begins a list of its own behind a full stop too: `1.rc1` is `1-rc1`.
fn open_for_word(open: &mut Vec<Vec<Item>>) {
    if open.last().is_some_and(|list| !list.is_empty()) {
        open.push(Vec::new());
    }
}

/// Puts each open list at the end of the one before it, without what means nothing at its end.
fn close(mut open: Vec<Vec<Item>>) -> Vec<Item> {
    let mut inner: Option<Vec<Item>> = None;
    while let Some(mut list) = open.pop() {
        if let Some(inner) = inner.take() {
            list.push(Item::List(inner));
        }
        normalise(&mut list);
        inner = Some(list);
    }
    inner.unwrap_or_default()
}

/// Takes zeros, release words and empty lists away from the end, also from before a list that stays.
fn normalise(list: &mut Vec<Item>) {
    let mut at = list.len();
    while at > 0 {
        at -= 1;
        match list.get(at) {
            Some(item) if item.is_nothing() => {
                list.remove(at);
            }
            Some(Item::List(_)) => {}
            _ => break,
        }
    }
}

impl Item {
    fn is_nothing(&self) -> bool {
        match self {
            Self::Number(number) => number.is_zero(),
            Self::Word(word) => word.0 == RELEASE,
            Self::List(items) => items.is_empty(),
        }
    }

    /// How it stands to nothing: `1-rc` to `1`.
    fn against_nothing(&self) -> Ordering {
        match self {
            Self::Number(number) => number.cmp(&Number::ZERO),
            Self::Word(word) => word.0.cmp(&RELEASE),
            Self::List(items) => {
                items.iter().map(Self::against_nothing).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            }
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Word(a), Self::Word(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => lists(a, b),
            // Words come before lists, and both before numbers.
            (Self::Number(_), _) | (Self::List(_), Self::Word(_)) => Ordering::Greater,
            (_, Self::Number(_)) | (Self::Word(_), Self::List(_)) => Ordering::Less,
        }
    }
}

fn lists(a: &[Item], b: &[Item]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => a.order(b),
            (Some(a), None) => a.against_nothing(),
            (None, Some(b)) => b.against_nothing().reverse(),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
