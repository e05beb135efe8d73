//! Where a number or word of JSON ends. Pure.

use super::NotJson;

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
