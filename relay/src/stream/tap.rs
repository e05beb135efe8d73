//! Reads an answer beside its way to the caller: what it used, and whether it came to its end. All bytes pass, except for
//! the one event that the relay asked for itself (`unasked.rs`).

mod carried;
mod inflated;
#[cfg(test)]
mod metered;
mod said;
#[cfg(test)]
mod tests;
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
use carried::{Carried, tokens_of};
pub(crate) use inflated::Inflated;
use said::Said;
use unasked::Unasked;

/// The most of an answer that is kept to be read at its end; a longer one passes, its usage unknown.
const KEPT: usize = 4 << 20;

/// It ends as its transport says.
const UNREAD: Form = Form::Opaque {
    ending: Ending::Unmarked,
};

/// A reader for one answer.
#[derive(Debug)]
pub(super) struct Tap {
    dialect: Dialect,
    form: Form,
    said: Said,
    /// Of a compressed answer, which nothing can be put into.
    inflated: Option<Box<Inflated>>,
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
    carried: Carried,
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
            carried: Carried::default(),
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

    /// The same answer, compressed in this way. What cannot be unpacked passes unread.
    pub(super) fn compressed(mut self, encoding: &[u8]) -> Self {
        self.inflated = Inflated::of(encoding).map(Box::new);
        match self.inflated {
            Some(_) => self,
            None => Self {
                form: UNREAD,
                ..self
            },
        }
    }

    fn of(dialect: Dialect, form: Form) -> Self {
        Self {
            dialect,
            form,
            said: Said::default(),
            inflated: None,
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
        match self.inflated.take() {
            None => self.read(piece),
            Some(inflated) => {
                self.read_inflated(inflated, &piece);
                piece
            }
        }
    }

    fn read_inflated(&mut self, mut inflated: Box<Inflated>, piece: &[u8]) {
        let unpacked = inflated.unpack(piece, |part| drop(self.read(Bytes::copy_from_slice(part))));
        match unpacked {
            Ok(()) => self.inflated = Some(inflated),
            Err(error) => {
                tracing::debug!(%error, "a compressed answer cannot be read");
                self.form = UNREAD;
            }
        }
    }

    fn read(&mut self, piece: Bytes) -> Bytes {
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
            _ if self.inflated.is_some() => false,
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
        let mut usage = self.said.usage.clone();
        usage.streamed = self.streamed();
        (usage, ending)
    }

    /// How many tokens were generated at least.
    fn streamed(&self) -> u64 {
        match &self.form {
            Form::Events(events) => events.carried.tokens(),
            Form::Whole { length, .. } => tokens_of(*length as u64),
            Form::Array { .. } | Form::Opaque { .. } => 0,
        }
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
            _ if self.inflated.is_some() => None,
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
            carried,
        } = self;
        let mut from = 0;
        scanner.push(
            piece,
            |name| dialect.reads(name),
            |event| {
                *seen += 1;
                let bytes = carried.ends(event.end - from);
                from = event.end;
                if dialect.carries(event) {
                    carried.add(bytes);
                }
                let told = said.read_event(dialect, event).unwrap_or(*place);
                if *place != Place::Last {
                    *place = told;
                }
                if let Some(unasked) = unasked {
                    unasked.event(event.end, dialect.is_usage_chunk(event));
                }
            },
        );
        carried.begins(piece.len() - from);
    }
}
