//! One entry of a trie: until when, and what. Pure.

use crate::integer;
use crate::time::{MAX_SPAN, Millis, UnixMillis};

/// As it is stored: `<end-ms>:<value>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) end: UnixMillis,
    pub(super) value: &'a [u8],
}

impl<'a> Entry<'a> {
    /// An end that no entry of ours can have counts as 30 days from now. `None`: the text is not an entry.
    pub(super) fn parse(text: &'a [u8], now: UnixMillis) -> Option<Self> {
        let colon = text.iter().position(|byte| *byte == b':')?;
        let end = UnixMillis::new(integer::saturating(&text[..colon])?);
        Some(Self {
            end: end.believable(MAX_SPAN, now),
            value: &text[colon + 1..],
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut text = format!("{}:", self.end.get()).into_bytes();
        text.extend_from_slice(self.value);
        text
    }

    pub(super) fn is_live(&self, now: UnixMillis) -> bool {
        self.end > now
    }

    /// The end that a hit gives it, when it is to live for `life` from now: `None` while most of that time is left.
    pub(super) fn refreshed(&self, life: Millis, now: UnixMillis) -> Option<UnixMillis> {
        (self.end.since(now) < life.most()).then(|| now.plus(life))
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;
    use crate::time::{Millis, UnixMillis};

    const NOW: UnixMillis = UnixMillis::ZERO;

    #[test]
    fn what_is_written_can_be_read_whatever_the_value() {
        for value in [&b"a"[..], b":", b"1:2:3", b"\0\xff -"] {
            let entry = Entry {
                end: UnixMillis::new(77),
                value,
            };
            assert_eq!(Entry::parse(&entry.write(), NOW), Some(entry));
        }
    }

    #[test]
    fn text_that_is_not_an_entry_is_refused_and_an_absurd_end_is_cut() {
        for text in [&b""[..], b"1", b":", b"x:v", b"1.5:v", b" 1:v"] {
            assert_eq!(Entry::parse(text, NOW), None);
        }
        let absurd = Entry::parse(b"99999999999999999999999:v", NOW).expect("an entry");
        assert_eq!(absurd.end.get(), 30 * 24 * 3_600_000);
    }

    #[test]
    fn a_hit_refreshes_once_a_quarter_of_the_time_is_gone() {
        let entry = Entry {
            end: UnixMillis::new(1_000),
            value: b"v",
        };
        for (now, life, end) in [
            (0, 1_000, None),
            (250, 1_000, None),
            (251, 1_000, Some(1_251)),
            (999, 10, Some(1_009)),
            (900, 10, None),
        ] {
            let refreshed = entry.refreshed(Millis::new(life), UnixMillis::new(now));
            assert_eq!(refreshed.map(UnixMillis::get), end, "at {now}");
        }
    }
}
