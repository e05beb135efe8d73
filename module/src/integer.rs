//! Integers as text: as a caller may write them, and as a key may hold them. Pure.

/// An integer as Redis reads one: no sign but `-`, no blanks, no leading zeros.
pub(crate) fn exact(bytes: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match bytes {
        [b'0'] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.first().is_none_or(|first| *first == b'0') {
        return None;
    }
    digits.iter().try_fold(0_i64, |sum, byte| {
        let digit = char::from(*byte).to_digit(10)?.into();
        let sum = sum.checked_mul(10)?;
        if is_negative {
            sum.checked_sub(digit)
        } else {
            sum.checked_add(digit)
        }
    })
}

/// An integer of any size, cut to the range of `i64`. `None`: not an integer.
pub(crate) fn saturating(bytes: &[u8]) -> Option<i64> {
    let digits = digits(bytes)?;
    let size = digits.iter().fold(0_i64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if digits.len() < bytes.len() {
        -size
    } else {
        size
    })
}

/// What follows the sign: at least one digit and nothing else.
fn digits(bytes: &[u8]) -> Option<&[u8]> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::{exact, saturating};

    #[test]
    fn integers_are_read_as_redis_reads_them_and_stored_ones_with_mercy() {
        const MAX: i64 = i64::MAX;
        for (text, strictly, mercifully) in [
            ("0", Some(0), Some(0)),
            ("-7", Some(-7), Some(-7)),
            ("9223372036854775807", Some(MAX), Some(MAX)),
            ("-9223372036854775808", Some(i64::MIN), Some(-MAX)),
            ("9223372036854775808", None, Some(MAX)),
            ("01", None, Some(1)),
            ("-0", None, Some(0)),
            ("", None, None),
            ("-", None, None),
            ("+1", None, None),
            (" 1", None, None),
            ("1.5", None, None),
            ("1e3", None, None),
        ] {
            assert_eq!(exact(text.as_bytes()), strictly, "{text:?}");
            assert_eq!(saturating(text.as_bytes()), mercifully, "{text:?}");
        }
    }
}
