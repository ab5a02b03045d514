//! Crockford's base32 in lower case: the text form of secrets that people read, copy or type.
//!
//! Invariant: one value has one text and one text one value: nothing is trimmed, folded or corrected when reading, so no
//! second spelling of a secret exists. Not here: what the secrets are good for.

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes bytes, five bits a character. A length that is no multiple of five bytes ends in zero bits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0_u32);
    let mut push = |digit: u32| {
        let index = usize::try_from(digit & 31).unwrap_or(0);
        text.push(DIGITS.get(index).copied().map_or('?', char::from));
    };
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    text
}

/// Whether a text is written in this alphabet.
pub(crate) fn is_base32(text: &str) -> bool {
    text.bytes().all(|byte| DIGITS.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_five_bits_a_character() {
        let check = |bytes: &[u8], text: &str| assert_eq!(encode(bytes), text);
        check(&[], "");
        check(&[0], "00");
        check(&[0xff], "zw");
        check(&[0xff; 5], "zzzzzzzz");
        check(&[0x00, 0x44, 0x32, 0x14, 0xc7], "01234567");
        check(b"hello", "d1jprv3f");
    }

    #[test]
    fn knows_its_alphabet() {
        assert!(is_base32("0123456789abcdefghjkmnpqrstvwxyz"));
        for other in ["I", "i", "l", "o", "u", "A", "-", " ", "_", "é"] {
            assert!(!is_base32(other), "{other}");
        }
    }
}
