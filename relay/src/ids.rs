//! The names that the relay gives: to requests, to keys, to tokens; and what nobody guesses.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::secret::Secret;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const PREFIX: &[u8; 4] = b"req_";
const PROCESS_DIGITS: usize = 13;
const COUNT_DIGITS: usize = 8;
const TOKEN_DIGITS: usize = 12;
const SECRET_DIGITS: usize = 52;
const LENGTH: usize = PREFIX.len() + PROCESS_DIGITS + COUNT_DIGITS;

/// The name of one request: the member under which it holds slots and turns, and the caller's handle for support.
/// 64 random bits of the process, then a count: unique across relays without asking the system each time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId([u8; LENGTH]);

impl RequestId {
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);

        let mut text = [0; LENGTH];
        let (prefix, rest) = text.split_at_mut(PREFIX.len());
        let (process_digits, count_digits) = rest.split_at_mut(PROCESS_DIGITS);
        prefix.copy_from_slice(PREFIX);
        spell(process(), process_digits);
        spell(count, count_digits);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of ASCII letters and digits")
    }

    /// The id with this text, if it has the form of one.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let text: [u8; LENGTH] = text.try_into().ok()?;
        let is_letter = |byte: &u8| ALPHABET.contains(byte);
        let digits = text.strip_prefix(PREFIX)?;
        digits.iter().all(is_letter).then_some(Self(text))
    }

    /// The name of the process that gave it.
    pub(crate) fn process(&self) -> &str {
        &self.as_str()[PREFIX.len()..PREFIX.len() + PROCESS_DIGITS]
    }

    /// A number from 0 to 999 that differs between neighbours, to spread what should not happen in one instant.
    pub(crate) fn spread(&self) -> u64 {
        self.0
            .iter()
            .fold(0_u64, |sum, byte| {
                sum.wrapping_mul(131).wrapping_add(u64::from(*byte))
            })
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(20)
            % 1000
    }
}

impl AsRef<[u8]> for RequestId {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of this process, which stands in all its request ids.
pub(crate) fn process_name() -> String {
    let mut digits = [0; PROCESS_DIGITS];
    spell(process(), &mut digits);
    digits.into_iter().map(char::from).collect()
}

fn process() -> u64 {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    *PROCESS.get_or_init(|| u64::from_be_bytes(random()))
}

/// The public name of a key: short enough to read out, never reused.
pub(crate) fn new_key_id() -> String {
    let mut digits = [0; 12];
    spell(u64::from_be_bytes(random()), &mut digits);
    format!(
        "key_{}",
        std::str::from_utf8(&digits).expect("made of ASCII letters and digits")
    )
}

/// A caller's credential: the domain's name, then 256 random bits.
pub(crate) fn new_key_secret() -> Secret {
    new_secret("weir_default_")
}

/// The public name of an operators' token.
pub(crate) fn new_token_id() -> String {
    let mut digits = [0; TOKEN_DIGITS];
    spell(u64::from_be_bytes(random()), &mut digits);
    digits.into_iter().map(char::from).collect()
}

/// 256 random bits after what tells people what they are.
pub(crate) fn new_secret(prefix: &str) -> Secret {
    let mut text = String::from(prefix);
    for part in random::<32>().chunks(5) {
        let mut wide = [0; 8];
        wide[..part.len()].copy_from_slice(part);
        let mut digits = [0; 8];
        spell(u64::from_be_bytes(wide) >> 24, &mut digits);
        // 5 bytes are 8 digits; the 2 bytes that are left are 16 bits, in 4 digits.
        let used = (part.len() * 8).div_ceil(5);
        text.extend(digits[..used].iter().map(|digit| char::from(*digit)));
    }
    Secret::new(text)
}

/// Whether it has the form of 256 random bits.
pub(crate) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_DIGITS && text.bytes().all(|letter| ALPHABET.contains(&letter))
}

/// The number's lowest bits, five to a letter, the lowest last.
fn spell(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 32) as usize];
        number /= 32;
    }
}

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn request_ids_do_not_repeat() {
        let ids: HashSet<_> = (0..10_000).map(|_| RequestId::next()).collect();
        assert_eq!(ids.len(), 10_000);
    }

    #[test]
    fn an_id_is_read_from_its_own_text_alone() {
        let id = RequestId::next();
        assert_eq!(RequestId::read(id.as_str().as_bytes()), Some(id));
        assert_eq!(id.process(), process_name());
        let text = id.as_str();
        for other in [
            &text[1..],
            &text.to_uppercase(),
            "",
            &format!("{text}a"),
            &text.replace('_', "-"),
        ] {
            assert_eq!(RequestId::read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn neighbouring_requests_are_spread() {
        let spreads: HashSet<_> = (0..200).map(|_| RequestId::next().spread()).collect();
        assert!(spreads.len() > 100, "{} different of 200", spreads.len());
    }

    #[test]
    fn a_key_has_256_random_bits_in_52_letters_after_its_prefix() {
        let (one, other) = (new_key_secret(), new_key_secret());
        assert!(one.reveal() != other.reveal());
        let letters = one
            .reveal()
            .strip_prefix("weir_default_")
            .expect("the prefix");
        assert_eq!(letters.len(), 52);
        assert!(letters.bytes().all(|letter| ALPHABET.contains(&letter)));
    }
}
