//! Reads server-sent events beside a stream, from pieces cut anywhere. The bytes themselves pass untouched; only what
//! somebody wants to read is kept, and no more than a bounded part of it.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use memchr::memchr2;

/// The most that is kept of one event. A longer one is reported with the data that fitted.
const KEPT: usize = 256 << 10;

/// One event, at the empty line that ends it. The name is empty where none was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// Where in a stream its reader stands.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// What came so far of the line that the last piece broke off in.
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    within: Within,
    event: Seen,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Nothing came after the last line end.
    #[default]
    LineStart,
    /// The last line ended with CR: a LF that follows belongs to it.
    LineStartAfterCr,
    Line,
    /// A line that nobody reads.
    SkippedLine,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Seen {
    #[default]
    Nothing,
    Field,
}

impl Scanner {
    /// Takes the next piece. `wants` says by its name whether an event's data is to be kept; `on_event` gets each event
    /// that this piece ends.
    pub(crate) fn push(
        &mut self,
        mut piece: &[u8],
        wants: impl Fn(&[u8]) -> bool,
        mut on_event: impl FnMut(&Event<'_>),
    ) {
        if self.within == Within::LineStartAfterCr && !piece.is_empty() {
            self.within = Within::LineStart;
            piece = piece.strip_prefix(b"\n").unwrap_or(piece);
        }
        while let Some(end) = memchr2(b'\n', b'\r', piece) {
            self.end_line(&piece[..end], &wants, &mut on_event);
            let ended_by_cr = piece[end] == b'\r';
            piece = &piece[end + 1..];
            if ended_by_cr && piece.is_empty() {
                self.within = Within::LineStartAfterCr;
            } else if ended_by_cr {
                piece = piece.strip_prefix(b"\n").unwrap_or(piece);
            }
        }
        if !piece.is_empty() {
            self.keep(piece, &wants);
        }
    }

    /// Whether what is sent next begins a line.
    pub(crate) fn at_line_start(&self) -> bool {
        matches!(self.within, Within::LineStart | Within::LineStartAfterCr)
    }

    fn end_line(
        &mut self,
        rest: &[u8],
        wants: &impl Fn(&[u8]) -> bool,
        on_event: &mut impl FnMut(&Event<'_>),
    ) {
        match std::mem::take(&mut self.within) {
            Within::SkippedLine => {}
            Within::LineStart | Within::LineStartAfterCr if rest.is_empty() => {
                self.end_event(on_event);
            }
            Within::LineStart | Within::LineStartAfterCr => self.field(rest, wants),
            Within::Line => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(&rest[..rest.len().min(KEPT)]);
                self.field(&line, wants);
                line.clear();
                self.line = line;
            }
        }
    }

    fn end_event(&mut self, on_event: &mut impl FnMut(&Event<'_>)) {
        if std::mem::take(&mut self.event) == Seen::Field {
            on_event(&Event {
                name: &self.name,
                data: &self.data,
            });
        }
        self.name.clear();
        self.data.clear();
    }

    fn field(&mut self, line: &[u8], wants: &impl Fn(&[u8]) -> bool) {
        if let Some(name) = value_of(line, b"event") {
            self.event = Seen::Field;
            self.name.clear();
            self.name.extend_from_slice(&name[..name.len().min(KEPT)]);
        } else if let Some(data) = value_of(line, b"data") {
            let first = std::mem::replace(&mut self.event, Seen::Field) == Seen::Nothing
                || self.data.is_empty();
            if wants(&self.name) && self.data.len() + data.len() < KEPT {
                if !first {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(data);
            }
        }
    }

    /// The piece ends within a line.
    fn keep(&mut self, part: &[u8], wants: &impl Fn(&[u8]) -> bool) {
        if self.within == Within::SkippedLine {
            return;
        }
        self.within = Within::Line;
        self.line.extend_from_slice(&part[..part.len().min(KEPT)]);
        let unread = value_of(&self.line, b"data").is_some() && !wants(&self.name);
        if unread || self.line.len() >= KEPT {
            self.line.clear();
            self.within = Within::SkippedLine;
            self.event = Seen::Field;
        }
    }
}

/// The value of a line of this field, without the one space that may stand before it.
fn value_of<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(field)? {
        [] => Some(b""),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prop_assert_eq, prop_oneof, proptest, strategy::Just};

    use super::*;

    type Events = Vec<(Vec<u8>, Vec<u8>)>;

    fn read(pieces: &[&[u8]], wants: impl Fn(&[u8]) -> bool) -> (Events, Scanner) {
        let mut scanner = Scanner::default();
        let mut events = Vec::new();
        for piece in pieces {
            scanner.push(piece, &wants, |event| {
                events.push((event.name.to_vec(), event.data.to_vec()));
            });
        }
        (events, scanner)
    }

    fn event(name: &str, data: &str) -> (Vec<u8>, Vec<u8>) {
        (name.into(), data.into())
    }

    #[test]
    fn events_are_named_and_their_data_joined() {
        let stream = b"event: a\ndata: 1\ndata:2\n\n: comment\r\n\r\ndata\r\rid: 5\n\nevent:b\n\n\ndata: cut";
        let (events, scanner) = read(&[stream], |_| true);
        assert_eq!(events, [event("a", "1\n2"), event("", ""), event("b", "")]);
        assert!(!scanner.at_line_start());
    }

    #[test]
    fn data_that_nobody_wants_is_not_kept() {
        let (events, scanner) = read(
            &[
                b"event: big\ndata: 12",
                b"345\n\nevent: small\nda",
                b"ta: 6\n\n",
            ],
            |name| name == b"small",
        );
        assert_eq!(events, [event("big", ""), event("small", "6")]);
        assert!(scanner.at_line_start());
        assert!(scanner.line.capacity() < 64);
    }

    #[test]
    fn no_line_makes_the_reader_grow_without_bound() {
        let piece = vec![b'x'; 1 << 20];
        let (events, scanner) = read(&[b"data: ", &piece, &piece, b"\n\ndata: 1\n\n"], |_| true);
        assert_eq!(events, [event("", ""), event("", "1")]);
        assert!(scanner.line.capacity() <= KEPT + (1 << 20) && scanner.data.capacity() <= KEPT);
    }

    #[test]
    fn every_split_of_a_stream_reads_the_same() {
        let stream = b"event: a\r\ndata: x\r\n\r\nevent: b\rdata: y\r\rdata: z\n\n\ndata: end\n";
        let (whole, _) = read(&[stream], |_| true);
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                assert_eq!(
                    read(&pieces, |_| true).0,
                    whole,
                    "split at {first} and {second}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_read_the_same(
            parts in vec(prop_oneof![
                Just("event: a"), Just("event: b"), Just("data: 1"), Just("data:"), Just("data"), Just(": c"),
                Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"), Just("x"), Just(":"), Just(" ")
            ], 0..40),
            cuts in vec(0_usize..200, 0..20),
        ) {
            let stream = parts.concat().into_bytes();
            let wants = |name: &[u8]| name != b"b";
            let (whole, at_end) = read(&[&stream], wants);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            let (cut, scanner) = read(&pieces, wants);
            prop_assert_eq!(cut, whole);
            prop_assert_eq!(scanner.at_line_start(), at_end.at_line_start());
            let ends_line = stream.last().is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
            prop_assert_eq!(scanner.at_line_start(), ends_line);
        }
    }
}
