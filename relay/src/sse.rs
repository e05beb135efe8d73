//! Reads server-sent events beside a stream, from pieces cut anywhere. The bytes themselves pass untouched; only what
//! somebody wants to read is kept, and no more than a bounded part of it.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use memchr::memchr2;

/// The most that is kept of one event. A longer one is reported with the data that fitted. The last event of a Responses
/// stream has the whole answer in it.
const KEPT: usize = 4 << 20;

/// One event, at the empty line that ends it. The name is empty where none was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: &'a [u8],
    /// How many bytes of the piece have come with it and before it.
    pub(crate) end: usize,
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
    /// A comment, or a field that nobody reads.
    Line,
    Field,
}

impl Scanner {
    /// Takes the next piece. `wants` says by its name whether an event's data is to be kept; `on_event` gets each event
    /// that this piece ends.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        wants: impl Fn(&[u8]) -> bool,
        mut on_event: impl FnMut(&Event<'_>),
    ) {
        let mut at = 0;
        if self.within == Within::LineStartAfterCr && !piece.is_empty() {
            self.within = Within::LineStart;
            at = usize::from(piece[0] == b'\n');
        }
        while let Some(length) = memchr2(b'\n', b'\r', &piece[at..]) {
            let end = at + length;
            let line = at..end;
            at = match &piece[end..] {
                [b'\r', b'\n', ..] => end + 2,
                _ => end + 1,
            };
            self.end_line(&piece[line], at, &wants, &mut on_event);
            if piece[end..] == *b"\r" {
                self.within = Within::LineStartAfterCr;
            }
        }
        if at < piece.len() {
            self.keep(&piece[at..], &wants);
        }
    }

    /// Whether what is sent next begins a line.
    pub(crate) fn at_line_start(&self) -> bool {
        matches!(self.within, Within::LineStart | Within::LineStartAfterCr)
    }

    /// Whether the next piece begins with the rest of the line end that ended the last event.
    pub(crate) fn belongs_to_last_event(&self, piece: &[u8]) -> bool {
        self.within == Within::LineStartAfterCr
            && self.event == Seen::Nothing
            && piece.starts_with(b"\n")
    }

    /// Whether what is sent next stands between two events: after an empty line, or before anything.
    pub(crate) fn at_boundary(&self) -> bool {
        self.at_line_start() && self.event == Seen::Nothing
    }

    fn end_line(
        &mut self,
        rest: &[u8],
        end: usize,
        wants: &impl Fn(&[u8]) -> bool,
        on_event: &mut impl FnMut(&Event<'_>),
    ) {
        match std::mem::take(&mut self.within) {
            Within::SkippedLine => {}
            Within::LineStart | Within::LineStartAfterCr if rest.is_empty() => {
                self.end_event(end, on_event);
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

    fn end_event(&mut self, end: usize, on_event: &mut impl FnMut(&Event<'_>)) {
        if std::mem::take(&mut self.event) == Seen::Field {
            on_event(&Event {
                name: &self.name,
                data: &self.data,
                end,
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
            let first = std::mem::replace(&mut self.event, Seen::Field) != Seen::Field
                || self.data.is_empty();
            if wants(&self.name) && self.data.len() + data.len() < KEPT {
                if !first {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(data);
            }
        } else if self.event == Seen::Nothing {
            self.event = Seen::Line;
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
        let piece = vec![b'x'; KEPT];
        let (events, scanner) = read(&[b"data: ", &piece, &piece, b"\n\ndata: 1\n\n"], |_| true);
        assert_eq!(events, [event("", ""), event("", "1")]);
        assert!(scanner.line.capacity() <= 2 * KEPT && scanner.data.capacity() <= KEPT);
    }

    #[test]
    fn between_two_events_is_after_an_empty_line() {
        let at_boundary = |stream: &str| read(&[stream.as_bytes()], |_| true).1.at_boundary();
        for between in [
            "",
            "\n",
            "data: 1\n\n",
            "data: 1\r\r",
            ": c\r\n\r",
            "data: 1\r\n\r\n",
        ] {
            assert!(at_boundary(between), "{between:?}");
        }
        for within in [
            "d",
            "data: 1\n",
            ": c\n",
            "id: 5\r\n",
            "event: a\r",
            "\n\ndata",
        ] {
            assert!(!at_boundary(within), "{within:?}");
        }
    }

    #[test]
    fn an_event_says_how_much_of_the_piece_came_with_it() {
        let mut scanner = Scanner::default();
        let mut ends = Vec::new();
        for piece in [
            "data: 1\n\ndata: 2\r\n\r\nda",
            "ta: 3\r\r",
            "\ndata: 4\n",
            "\nx",
        ] {
            scanner.push(piece.as_bytes(), |_| true, |event| ends.push(event.end));
        }
        assert_eq!(ends, [9, 20, 7, 1]);
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
            prop_assert_eq!(scanner.at_boundary(), at_end.at_boundary());
            let ends_line = stream.last().is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
            prop_assert_eq!(scanner.at_line_start(), ends_line);
        }
    }
}
