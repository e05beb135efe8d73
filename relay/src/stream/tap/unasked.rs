//! Keeps back the one event of a stream that comes only because the relay asked for usage. An event is held until it is
//! whole, since only then can it be told from others; nearly all pieces are whole events and pass uncopied.

use bytes::{Bytes, BytesMut};

/// The longest unfinished event that is held: no usage chunk is nearly so long.
const LONGEST: usize = 1 << 20;

/// What is held back, and what of the piece at hand is to be.
#[derive(Debug, Default)]
pub(super) struct Unasked {
    held: BytesMut,
    /// Where the last event ended that the piece at hand ends.
    whole: usize,
    /// Where the event stands that is to be dropped: from the end of the event before it, which may be in an earlier piece.
    dropped: Option<(usize, usize)>,
    last: Fate,
}

/// What became of an event.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Fate {
    #[default]
    Passed,
    Dropped,
}

impl Unasked {
    /// Notes an event that the piece at hand ends, and whether it is to be dropped.
    pub(super) fn event(&mut self, end: usize, is_unasked: bool) {
        self.last = match is_unasked {
            true => Fate::Dropped,
            false => Fate::Passed,
        };
        if is_unasked {
            self.dropped = Some((self.whole, end));
        }
        self.whole = end;
    }

    /// The second byte of a line end that was cut in two shares the fate of the event that it ended.
    pub(super) fn pass_line_end(&self, line_end: Bytes) -> Option<Bytes> {
        (self.last == Fate::Passed).then_some(line_end)
    }

    /// What goes on to the caller of all that came so far.
    pub(super) fn pass(&mut self, piece: Bytes) -> Bytes {
        let whole = std::mem::take(&mut self.whole);
        let dropped = self.dropped.take();
        let rest = piece.slice(whole..);
        let passed = match dropped {
            None if self.held.is_empty() => piece.slice(..whole),
            None if whole == 0 => Bytes::new(),
            None => self.joined(&[&piece[..whole]]),
            Some((start, end)) => {
                if start == 0 {
                    self.held.clear();
                }
                self.joined(&[&piece[..start], &piece[end..whole]])
            }
        };
        self.held.extend_from_slice(&rest);
        passed
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.held.len() > LONGEST
    }

    /// What was held of an event that never ended.
    pub(super) fn rest(self) -> Bytes {
        self.held.freeze()
    }

    fn joined(&mut self, parts: &[&[u8]]) -> Bytes {
        let mut joined = self.held.split();
        for part in parts {
            joined.extend_from_slice(part);
        }
        joined.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events end with `.`, the unasked one is in capitals.
    fn passed(stream: &str, cuts: &[usize]) -> Vec<String> {
        let mut unasked = Unasked::default();
        let mut event = String::new();
        let mut pass = |piece: &str| {
            for (at, letter) in piece.char_indices() {
                event.push(letter);
                if letter == '.' {
                    unasked.event(at + 1, event.starts_with(char::is_uppercase));
                    event.clear();
                }
            }
            let piece = Bytes::copy_from_slice(piece.as_bytes());
            String::from_utf8(unasked.pass(piece).to_vec()).unwrap()
        };
        let mut passed: Vec<String> = cuts
            .windows(2)
            .map(|cut| pass(&stream[cut[0]..cut[1]]))
            .collect();
        passed.push(String::from_utf8(unasked.rest().to_vec()).unwrap());
        passed
    }

    #[test]
    fn all_but_the_unasked_event_passes_wherever_the_stream_is_cut() {
        for (stream, expected) in [
            ("one.two.USAGE.done.", "one.two.done."),
            ("USAGE.done.", "done."),
            ("one.USAGE.", "one."),
            ("one.USAGE.ha", "one.ha"),
            ("one.two", "one.two"),
        ] {
            for first in 0..=stream.len() {
                for second in first..=stream.len() {
                    let passed = passed(stream, &[0, first, second, stream.len()]);
                    assert_eq!(passed.concat(), expected, "cut at {first} and {second}");
                }
            }
        }
    }

    #[test]
    fn an_event_passes_when_it_is_whole() {
        assert_eq!(passed("one.two.", &[0, 2, 6, 8]), ["", "one.", "two.", ""]);
        assert_eq!(passed("one.tw", &[0, 6]), ["one.", "tw"]);
    }
}
