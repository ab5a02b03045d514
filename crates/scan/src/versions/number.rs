//! Whole numbers of any length, as versions have them.
//!
//! Invariant: leading zeros make no difference, and nothing overflows. Not here: what a number means.

use std::fmt;

/// A whole number. The order of the variants is the order of the numbers: a long one does not fit a short one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    Short(u64),
    /// How many digits, then the digits: so numbers of one length compare as text.
    Long(usize, Box<str>),
}

impl Number {
    pub(super) const ZERO: Self = Self::Short(0);

    /// Reads digits; `None` for anything else and for nothing.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(match digits.parse() {
            Ok(number) => Self::Short(number),
            Err(_) => {
                let digits = digits.trim_start_matches('0');
                Self::Long(digits.len(), digits.into())
            }
        })
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The next number.
    pub(super) fn next(&self) -> Self {
        match self {
            Self::Short(number) => match number.checked_add(1) {
                Some(next) => Self::Short(next),
                None => Self::Long(20, "18446744073709551616".into()),
            },
            Self::Long(_, digits) => {
                let mut next: Vec<u8> = digits.bytes().collect();
                let nines = next.iter().rev().take_while(|digit| **digit == b'9').count();
                let stays = next.len().saturating_sub(nines);
                next.truncate(stays);
                match next.last_mut() {
                    Some(digit) => *digit = digit.saturating_add(1),
                    None => next.push(b'1'),
                }
                next.extend(std::iter::repeat_n(b'0', nines));
                let digits: String = next.into_iter().map(char::from).collect();
                Self::Long(digits.len(), digits.into())
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(number) => write!(f, "{number}"),
            Self::Long(_, digits) => f.write_str(digits),
        }
    }
}

/// Without the zeros at the end: `1.0` and `1` are then the same list.
pub(super) fn without_trailing_zeros(mut numbers: Vec<Number>) -> Vec<Number> {
    let kept = numbers.iter().rposition(|number| !number.is_zero()).map_or(0, |at| at + 1);
    numbers.truncate(kept);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length() {
        let number = |digits: &str| Number::parse(digits).unwrap();
        assert!(number("18446744073709551615") < number("18446744073709551616"));
        assert!(number("99999999999999999999") < number("100000000000000000000"));
        assert_eq!(number("000000000000000000000000018"), number("18"));
        assert_eq!(number("18446744073709551615").next(), number("18446744073709551616"));
        assert_eq!(number("99999999999999999999").next(), number("100000000000000000000"));
        assert_eq!(number("18446744073709551619").next(), number("18446744073709551620"));
        assert_eq!(Number::parse(""), None);
        assert_eq!(Number::parse("-1"), None);
    }
}
