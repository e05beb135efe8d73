//! Where a string, an object or a list ends, found sixty-four bytes at a time. Within them nothing but quotes,
//! backslashes and brackets is looked at. Pure.
//!
//! Each byte of a block is a bit of a mask, the first the lowest. How escapes and strings are found in masks is described
//! in Langdale and Lemire, "Parsing gigabytes of JSON per second", <https://arxiv.org/abs/1902.08318>, section 3.1.

/// So many bytes are looked at together.
const WIDTH: usize = 64;

/// After the quote that ends the string whose first quote stands at `at`.
#[inline]
pub(super) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut escapes = Escapes::default();
    let mut from = at + 1;
    while from < text.len() {
        let block = block(&text[from..]);
        let escaped = escapes.next(mask(&block, b'\\'));
        let quotes = mask(&block, b'"') & !escaped;
        if quotes != 0 {
            return Some(from + first(quotes) + 1);
        }
        from += WIDTH;
    }
    None
}

/// After the bracket that closes the one at `at`, of whichever kind.
pub(super) fn container_end(text: &[u8], at: usize) -> Option<usize> {
    let mut escapes = Escapes::default();
    let mut strings = Strings::default();
    let mut depth = 0;
    let mut from = at;
    while from < text.len() {
        let block = block(&text[from..]);
        let escaped = escapes.next(mask(&block, b'\\'));
        let outside = !strings.next(mask(&block, b'"') & !escaped) & !escaped;
        let (opening, closing) = brackets(&block);
        let (opening, closing) = (opening & outside, closing & outside);
        let mut left = opening | closing;
        while left != 0 {
            let place = first(left);
            depth += 1 - 2 * (closing >> place & 1).cast_signed();
            if depth == 0 {
                return Some(from + place + 1);
            }
            left &= left - 1;
        }
        from += WIDTH;
    }
    None
}

/// Which bytes stand after a backslash that is not escaped itself.
#[derive(Default)]
struct Escapes {
    /// Whether the first of the next block does.
    carry: bool,
}

impl Escapes {
    #[inline]
    fn next(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = u64::MAX / 3;
        let carried = u64::from(std::mem::take(&mut self.carry));
        if backslashes == 0 {
            return carried;
        }
        let backslashes = backslashes & !carried;
        let following = backslashes << 1 | carried;
        // Adding to where a run begins at an odd place makes a carry ripple to behind its end; what is left of runs that
        // begin at an even place stays as it is.
        let begin_odd = backslashes & !EVEN & !following;
        let (even_runs, carry) = begin_odd.overflowing_add(backslashes);
        self.carry = carry;
        (EVEN ^ (even_runs << 1)) & following
    }
}

/// Which bytes are part of a string; of its quotes the first is one, the last is not.
#[derive(Default)]
struct Strings {
    /// All bits where a string goes on into the next block, none where it does not.
    carry: u64,
}

impl Strings {
    #[inline]
    fn next(&mut self, quotes: u64) -> u64 {
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= self.carry;
        self.carry = 0_u64.wrapping_sub(inside >> 63);
        inside
    }
}

/// The text's first bytes; after its end there are zeros.
#[inline]
fn block(text: &[u8]) -> [u8; WIDTH] {
    match text.first_chunk() {
        Some(block) => *block,
        None => {
            let mut block = [0; WIDTH];
            block[..text.len()].copy_from_slice(text);
            block
        }
    }
}

/// Opening and closing ones. The square brackets differ from the curly ones by one bit.
#[inline]
fn brackets(block: &[u8; WIDTH]) -> (u64, u64) {
    let folded = block.map(|byte| byte | 0x20);
    (mask(&folded, b'{'), mask(&folded, b'}'))
}

/// Which bytes are this one.
#[cfg(target_arch = "x86_64")]
#[inline]
fn mask(block: &[u8; WIDTH], byte: u8) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    let (words, _) = block.as_chunks::<8>();
    let word = |at: usize| i64::from_le_bytes(words[at]);
    [6, 4, 2, 0].into_iter().fold(0, |mask, at| {
        // SAFETY: SSE2 is part of x86_64.
        let equal = unsafe {
            let bytes = _mm_set_epi64x(word(at + 1), word(at));
            _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed())))
        };
        mask << 16 | u64::from(equal.cast_unsigned())
    })
}

/// Which bytes are this one.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn mask(block: &[u8; WIDTH], byte: u8) -> u64 {
    let bits = block.iter().rev();
    bits.fold(0, |mask, each| mask << 1 | u64::from(*each == byte))
}

fn first(mask: u64) -> usize {
    mask.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec, prop_assert_eq, prop_oneof, proptest, strategy::Just, strategy::Strategy,
    };

    use super::*;

    /// Byte by byte.
    fn naive_string_end(text: &[u8], at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            match text.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    fn naive_container_end(text: &[u8], mut at: usize) -> Option<usize> {
        let mut depth = 0;
        loop {
            match text.get(at)? {
                b'"' => {
                    at = naive_string_end(text, at)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                // What is no JSON: here as in a string it takes the next byte with it.
                b'\\' => at += 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            4 => Just("\""), 2 => Just("\\"), 1 => Just("\\\\"), 2 => Just("{"), 2 => Just("}"), 1 => Just("["),
            1 => Just("]"), 2 => Just("abc"), 1 => Just("a text of some length, é, which takes half a block"),
            1 => Just("\"a\\\"b\""), 1 => Just("{\"k\":[1]}"),
        ];
        vec(part, 0..120).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_string_ends_at_its_first_quote_that_is_not_escaped(text in text()) {
            let text = format!("\"{text}");
            prop_assert_eq!(string_end(text.as_bytes(), 0), naive_string_end(text.as_bytes(), 0));
        }

        #[test]
        fn a_container_ends_where_as_many_are_closed_as_were_opened(text in text()) {
            let text = format!("{{{text}");
            let (seen, expected) = (container_end(text.as_bytes(), 0), naive_container_end(text.as_bytes(), 0));
            prop_assert_eq!(seen, expected.filter(|end| *end <= text.len()), "{}", text);
        }
    }

    #[test]
    fn every_place_in_a_block_is_looked_at() {
        for place in 1..200 {
            let text = format!("\"{}\\\\\\\"\"}}]", "x".repeat(place));
            assert_eq!(string_end(text.as_bytes(), 0), Some(place + 6));
            let text = format!("[{}{text}", " ".repeat(place));
            assert_eq!(container_end(text.as_bytes(), 0), Some(2 * place + 8));
        }
        assert_eq!(string_end(b"\"\\\"", 0), None);
        assert_eq!(container_end(b"[[]", 0), None);
    }
}
