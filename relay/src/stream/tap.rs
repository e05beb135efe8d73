//! Reads an answer beside its way to the caller: what it used, and whether it came to its end. All bytes pass, except for
//! the one event that the relay asked for itself (`unasked.rs`).

mod said;
mod unasked;

use bytes::Bytes;

use crate::{
    dialect::{Dialect, Place},
    error::Told,
    json_array,
    pins::{Made, Mark},
    sse,
    usage::Usage,
};
use said::Said;
use unasked::Unasked;

/// The most of an answer that is kept to be read at its end; a longer one passes, its usage unknown.
const KEPT: usize = 4 << 20;

/// A reader for one answer.
#[derive(Debug)]
pub(super) struct Tap {
    dialect: Dialect,
    form: Form,
    said: Said,
}

#[derive(Debug)]
enum Form {
    Events(Events),
    Array {
        scanner: json_array::Scanner,
        place: Place,
    },
    Whole {
        copy: Vec<u8>,
        length: usize,
    },
    Opaque {
        ending: Ending,
    },
}

#[derive(Debug)]
struct Events {
    scanner: sse::Scanner,
    place: Place,
    seen: u64,
    unasked: Option<Unasked>,
}

/// What an answer's own bytes say of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It said that it is complete.
    Complete,
    /// It is a stream that may end where it does, if its transport ends well too.
    Open,
    /// It is a stream and did not say so.
    Cut,
    /// It is not of a form that says so: its transport tells.
    Unmarked,
    /// The same, of an error answer.
    Refusal,
}

/// Whether a stream tells its usage because the caller wanted it, or only the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageChunk {
    Passes,
    IsDropped,
}

impl Tap {
    pub(super) fn events(dialect: Dialect, usage_chunk: UsageChunk) -> Self {
        let unasked = match usage_chunk {
            UsageChunk::Passes => None,
            UsageChunk::IsDropped => Some(Unasked::default()),
        };
        let events = Events {
            scanner: sse::Scanner::default(),
            place: Place::Within,
            seen: 0,
            unasked,
        };
        Self::of(dialect, Form::Events(events))
    }

    pub(super) fn array(dialect: Dialect) -> Self {
        let form = Form::Array {
            scanner: json_array::Scanner::default(),
            place: Place::Within,
        };
        Self::of(dialect, form)
    }

    pub(super) fn whole(dialect: Dialect) -> Self {
        let form = Form::Whole {
            copy: Vec::new(),
            length: 0,
        };
        Self::of(dialect, form)
    }

    /// An error answer.
    pub(super) fn refusal(dialect: Dialect) -> Self {
        let ending = Ending::Refusal;
        Self::of(dialect, Form::Opaque { ending })
    }

    /// An answer that cannot be read, for it is compressed.
    pub(super) fn opaque(dialect: Dialect) -> Self {
        let ending = Ending::Unmarked;
        Self::of(dialect, Form::Opaque { ending })
    }

    fn of(dialect: Dialect, form: Form) -> Self {
        Self {
            dialect,
            form,
            said: Said::default(),
        }
    }

    /// What the answer makes is noted too.
    pub(super) fn noting(mut self, made: Option<Made>) -> Self {
        self.said.made = made;
        self
    }

    /// What it has made since the last time.
    pub(super) fn made(&mut self) -> Vec<Mark> {
        self.said.made()
    }

    /// Reads the next piece; gives what of it, and of what was held back, goes on to the caller.
    pub(super) fn pass(&mut self, piece: Bytes) -> Bytes {
        let (dialect, said) = (self.dialect, &mut self.said);
        match &mut self.form {
            Form::Events(events) => return events.pass(dialect, said, piece),
            Form::Array { scanner, place } => scanner.push(&piece, |element| {
                let chunk = sse::Event {
                    name: b"",
                    data: element,
                    end: 0,
                };
                *place = said.read_event(dialect, &chunk).unwrap_or(*place);
            }),
            Form::Whole { copy, length } => {
                *length += piece.len();
                if *length <= KEPT {
                    copy.extend_from_slice(&piece);
                }
            }
            Form::Opaque { .. } => {}
        }
        piece
    }

    /// Whether a heartbeat may be sent now: what the caller has ends between two events, and more is to come.
    pub(super) fn at_boundary(&self) -> bool {
        match &self.form {
            Form::Events(events) if events.place == Place::Last => false,
            Form::Events(events) => events.unasked.is_some() || events.scanner.at_boundary(),
            Form::Array { .. } | Form::Whole { .. } | Form::Opaque { .. } => false,
        }
    }

    /// What it used, as far as it said, and how it ended, if it ends here.
    pub(super) fn end(&mut self) -> (Usage, Ending) {
        let ending = match &mut self.form {
            Form::Events(Events { place, .. }) => match place {
                Place::Last => Ending::Complete,
                Place::MayEnd => Ending::Open,
                Place::Within => Ending::Cut,
            },
            Form::Array { scanner, .. } if scanner.is_closed() => Ending::Complete,
            Form::Array { .. } => Ending::Cut,
            Form::Whole { copy, length } => {
                match *length <= KEPT {
                    true => self.said.read_answer(self.dialect, copy),
                    false => self.said.read_beginning(self.dialect, copy),
                }
                Ending::Unmarked
            }
            Form::Opaque { ending } => *ending,
        };
        (self.said.usage, ending)
    }

    /// What was held back of a stream that has come to its end.
    pub(super) fn rest(&mut self) -> Bytes {
        match &mut self.form {
            Form::Events(events) => events.unasked.take().map(Unasked::rest).unwrap_or_default(),
            Form::Array { .. } | Form::Whole { .. } | Form::Opaque { .. } => Bytes::new(),
        }
    }

    /// What tells that a stream was cut, where the caller's side of it can still be told.
    pub(super) fn error_event(&self, told: &Told) -> Option<Bytes> {
        match &self.form {
            Form::Events(events) => {
                let event = self.dialect.error_event(told, events.seen);
                let begins_a_line = events.unasked.is_some() || events.scanner.at_line_start();
                Some(match begins_a_line {
                    true => event,
                    false => [b"\n", &*event].concat().into(),
                })
            }
            Form::Array { scanner, .. } => {
                let element = self.dialect.error_event(told, 0);
                scanner.closing(&element).map(Bytes::from)
            }
            Form::Whole { .. } | Form::Opaque { .. } => None,
        }
    }
}

impl Events {
    fn pass(&mut self, dialect: Dialect, said: &mut Said, piece: Bytes) -> Bytes {
        if self.unasked.is_some() && self.scanner.belongs_to_last_event(&piece) {
            let (line_end, rest) = (piece.slice(..1), piece.slice(1..));
            self.read(dialect, said, &line_end);
            let line_end = self
                .unasked
                .as_ref()
                .and_then(|held| held.pass_line_end(line_end));
            return [line_end.unwrap_or_default(), self.pass(dialect, said, rest)]
                .concat()
                .into();
        }
        self.read(dialect, said, &piece);
        let Some(held) = &mut self.unasked else {
            return piece;
        };
        let passed = held.pass(piece);
        match self.unasked.take_if(|held| held.is_too_long()) {
            None => passed,
            Some(held) => [passed, held.rest()].concat().into(),
        }
    }

    fn read(&mut self, dialect: Dialect, said: &mut Said, piece: &[u8]) {
        let Self {
            scanner,
            place,
            seen,
            unasked,
        } = self;
        scanner.push(
            piece,
            |name| dialect.reads(name),
            |event| {
                *seen += 1;
                let told = said.read_event(dialect, event).unwrap_or(*place);
                if *place != Place::Last {
                    *place = told;
                }
                if let Some(unasked) = unasked {
                    unasked.event(event.end, dialect.is_usage_chunk(event));
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, ids::RequestId, stream::Cut};

    fn told(tap: &Tap) -> Bytes {
        let told = Error::from(Cut::BrokeOff).told(RequestId::next());
        tap.error_event(&told).expect("it can be told")
    }

    #[test]
    fn a_stream_is_complete_only_with_its_last_event() {
        let mut tap = Tap::events(Dialect::Anthropic, UsageChunk::Passes);
        tap.pass(Bytes::from_static(
            b"event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n",
        ));
        tap.pass(Bytes::from_static(b"event: message_stop\ndata: {}\n"));
        assert_eq!(
            tap.end(),
            (
                Usage {
                    input: Some(3),
                    ..Usage::default()
                },
                Ending::Cut
            )
        );
        tap.pass(Bytes::from_static(b"\n"));
        assert_eq!(tap.end().1, Ending::Complete);
    }

    #[test]
    fn the_error_event_begins_a_line() {
        let mut tap = Tap::events(Dialect::Anthropic, UsageChunk::Passes);
        assert!(told(&tap).starts_with(b"event: error\n"));
        tap.pass(Bytes::from_static(
            b"event: content_block_delta\ndata: {\"de",
        ));
        assert!(told(&tap).starts_with(b"\nevent: error\n"));
        tap.pass(Bytes::from_static(b"\n"));
        assert!(told(&tap).starts_with(b"event: error\n"));
    }

    #[test]
    fn a_whole_answer_is_read_unless_it_is_too_long() {
        let answer = br#"{"usage":{"output_tokens":2}}"#;
        let mut tap = Tap::whole(Dialect::Anthropic);
        for piece in answer.chunks(5) {
            tap.pass(Bytes::from_static(piece));
        }
        assert_eq!(
            tap.end(),
            (
                Usage {
                    output: Some(2),
                    ..Usage::default()
                },
                Ending::Unmarked
            )
        );
        tap.pass(vec![b' '; KEPT].into());
        let mut long = Tap::whole(Dialect::Anthropic);
        long.pass(vec![b' '; KEPT].into());
        long.pass(Bytes::from_static(answer));
        assert_eq!(long.end().0, Usage::default());
    }

    fn chat(pieces: &[&'static str]) -> (Vec<Bytes>, Tap) {
        let mut tap = Tap::events(Dialect::Chat, UsageChunk::IsDropped);
        let passed = pieces
            .iter()
            .map(|piece| tap.pass(Bytes::from_static(piece.as_bytes())))
            .collect();
        (passed, tap)
    }

    #[test]
    fn a_stream_without_a_last_event_may_end_where_it_says_so() {
        let mut tap = Tap::events(Dialect::Gemini, UsageChunk::Passes);
        let ending = |tap: &mut Tap, chunk: &str| {
            tap.pass(Bytes::from(format!("data: {chunk}\r\n\r\n")));
            tap.end().1
        };
        assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Cut);
        let finished = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
        assert_eq!(ending(&mut tap, finished), Ending::Open);
        assert_eq!(ending(&mut tap, r#"{"usageMetadata":{}}"#), Ending::Open);
        assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Cut);
        assert_eq!(ending(&mut tap, r#"{"error":{}}"#), Ending::Complete);
        assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Complete);
    }

    #[test]
    fn an_array_is_complete_when_it_is_closed() {
        let mut tap = Tap::array(Dialect::GeminiArray);
        tap.pass(Bytes::from_static(
            b"[{\"usageMetadata\":{\"promptTokenCount\":3}}",
        ));
        assert_eq!(tap.end().1, Ending::Cut);
        assert!(told(&tap).starts_with(b",{\"error\":{") && told(&tap).ends_with(b"}]"));
        tap.pass(Bytes::from_static(b"\n,{\"cand"));
        assert!(
            tap.error_event(&Error::from(Cut::Late).told(RequestId::next()))
                .is_none()
        );
        tap.pass(Bytes::from_static(b"idates\":[]}]"));
        let (usage, ending) = tap.end();
        assert_eq!((usage.input, ending), (Some(3), Ending::Complete));
    }

    #[test]
    fn between_two_events_is_where_a_heartbeat_may_be_sent() {
        let mut tap = Tap::events(Dialect::Chat, UsageChunk::Passes);
        assert!(tap.at_boundary());
        tap.pass(Bytes::from_static(b"data: {}\n"));
        assert!(!tap.at_boundary());
        tap.pass(Bytes::from_static(b"\n"));
        assert!(tap.at_boundary());
        let (passed, tap) = chat(&["data: {"]);
        assert!(tap.at_boundary() && passed[0].is_empty(), "it is held back");
        assert!(told(&tap).starts_with(b"data: {\"error\""));
    }
}
