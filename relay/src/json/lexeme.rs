//! Where a string, number or word of JSON ends. Pure.

use super::NotJson;

/// After the quote that ends the string that begins at `at`.
#[inline]
pub(super) fn string(text: &[u8], mut at: usize) -> Result<usize, NotJson> {
    at += 1;
    loop {
        at += plain_length(&text[at..]);
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at += escape(&text[at + 1..]).ok_or(NotJson { at })?,
            _ => return Err(NotJson { at }),
        }
    }
}

/// After the number, `true`, `false` or `null` that begins at `at`.
pub(super) fn scalar(text: &[u8], at: usize) -> Result<usize, NotJson> {
    let rest = &text[at..];
    let word: &[u8] = match rest.first() {
        Some(b't') => b"true",
        Some(b'f') => b"false",
        Some(b'n') => b"null",
        _ => return number(text, at),
    };
    match rest.starts_with(word) {
        true => Ok(at + word.len()),
        false => Err(NotJson { at }),
    }
}

fn number(text: &[u8], at: usize) -> Result<usize, NotJson> {
    let at = past(text, at, b"-");
    let at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    let at = match text.get(at) {
        Some(b'.') => digits(text, at + 1)?,
        _ => at,
    };
    match text.get(at) {
        Some(b'e' | b'E') => digits(text, past(text, at + 1, b"+-")),
        _ => Ok(at),
    }
}

/// Past one of these bytes, if one is there.
fn past(text: &[u8], at: usize, any: &[u8]) -> usize {
    at + usize::from(text.get(at).is_some_and(|byte| any.contains(byte)))
}

/// Past one digit and all that follow it.
fn digits(text: &[u8], at: usize) -> Result<usize, NotJson> {
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    match digits.count() {
        0 => Err(NotJson { at }),
        count => Ok(at + count),
    }
}

/// The length of an escape whose backslash stands before `rest`; none if it is not one.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = rest.get(1..5)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)
        }
        _ => None,
    }
}

/// How many bytes stand before the next quote, backslash or control character; eight are looked at together.
#[inline]
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
    let (words, rest) = text.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let escapes = below(word ^ (ONES * u64::from(b'\\')), 1);
        // A borrow may mark bytes above one that is marked rightly, never below.
        let special = quotes | escapes | below(word, u64::from(b' '));
        if special != 0 {
            return place * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let plain = rest.iter().position(is_special).unwrap_or(rest.len());
    words.len() * 8 + plain
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_plain_stretch_ends_at_the_first_special_byte(
            bytes in vec(prop_oneof![0x20_u8..0x5c, 0x5d_u8.., 0x1c_u8..0x24], 0..40),
        ) {
            let naive = bytes.iter().take_while(|byte| !matches!(byte, 0..=0x1f | b'"' | b'\\')).count();
            prop_assert_eq!(plain_length(&bytes), naive);
        }
    }
}
