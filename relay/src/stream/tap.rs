//! Reads an answer beside its way to the caller: what it used, and whether it came to its end.

use bytes::Bytes;

use crate::{
    dialect::{Dialect, Place},
    sse::Scanner,
    usage::Usage,
};

/// The most of an answer that is kept to be read at its end; a longer one passes, its usage unknown.
const KEPT: usize = 4 << 20;

/// A reader for one answer.
#[derive(Debug)]
pub(super) struct Tap {
    form: Form,
    usage: Usage,
}

#[derive(Debug)]
enum Form {
    Events {
        dialect: Dialect,
        scanner: Scanner,
        place: Place,
    },
    Whole {
        dialect: Dialect,
        copy: Vec<u8>,
        length: usize,
    },
    Opaque {
        ending: Ending,
    },
}

/// What an answer's own bytes say of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It said that it is complete.
    Complete,
    /// It is a stream and did not say so.
    Cut,
    /// It is not of a form that says so: its transport tells.
    Unmarked,
    /// The same, of an error answer.
    Refusal,
}

impl Tap {
    pub(super) fn events(dialect: Dialect) -> Self {
        let scanner = Scanner::default();
        Self::of(Form::Events {
            dialect,
            scanner,
            place: Place::Within,
        })
    }

    pub(super) fn whole(dialect: Dialect) -> Self {
        Self::of(Form::Whole {
            dialect,
            copy: Vec::new(),
            length: 0,
        })
    }

    /// An error answer.
    pub(super) fn refusal() -> Self {
        Self::of(Form::Opaque {
            ending: Ending::Refusal,
        })
    }

    /// An answer that cannot be read, for it is compressed.
    pub(super) fn opaque() -> Self {
        Self::of(Form::Opaque {
            ending: Ending::Unmarked,
        })
    }

    fn of(form: Form) -> Self {
        Self {
            form,
            usage: Usage::default(),
        }
    }

    pub(super) fn read(&mut self, piece: &[u8]) {
        let usage = &mut self.usage;
        match &mut self.form {
            Form::Events {
                dialect,
                scanner,
                place,
            } => scanner.push(
                piece,
                |name| dialect.reads(name),
                |event| {
                    if dialect.read_event(event, usage) == Place::Last {
                        *place = Place::Last;
                    }
                },
            ),
            Form::Whole { copy, length, .. } => {
                *length += piece.len();
                if *length <= KEPT {
                    copy.extend_from_slice(piece);
                }
            }
            Form::Opaque { .. } => {}
        }
    }

    /// What it used, as far as it said, and how it ended, if it ends here.
    pub(super) fn end(&mut self) -> (Usage, Ending) {
        let ending = match &mut self.form {
            Form::Events {
                place: Place::Last, ..
            } => Ending::Complete,
            Form::Events {
                place: Place::Within,
                ..
            } => Ending::Cut,
            Form::Whole {
                dialect,
                copy,
                length,
            } => {
                if *length <= KEPT {
                    dialect.read_answer(copy, &mut self.usage);
                }
                Ending::Unmarked
            }
            Form::Opaque { ending } => *ending,
        };
        (self.usage, ending)
    }

    /// The event that tells that a stream was cut, on a line of its own.
    pub(super) fn error_event(&self, message: &str) -> Bytes {
        let Form::Events {
            dialect, scanner, ..
        } = &self.form
        else {
            return Bytes::new();
        };
        let event = dialect.error_event(message);
        if scanner.at_line_start() {
            event
        } else {
            [b"\n", &*event].concat().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_complete_only_with_its_last_event() {
        let mut tap = Tap::events(Dialect::Anthropic);
        tap.read(b"event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n");
        tap.read(b"event: message_stop\ndata: {}\n");
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
        tap.read(b"\n");
        assert_eq!(tap.end().1, Ending::Complete);
    }

    #[test]
    fn the_error_event_begins_a_line() {
        let mut tap = Tap::events(Dialect::Anthropic);
        assert!(tap.error_event("x").starts_with(b"event: error\n"));
        tap.read(b"event: content_block_delta\ndata: {\"de");
        assert!(tap.error_event("x").starts_with(b"\nevent: error\n"));
        tap.read(b"\n");
        assert!(tap.error_event("x").starts_with(b"event: error\n"));
    }

    #[test]
    fn a_whole_answer_is_read_unless_it_is_too_long() {
        let answer = br#"{"usage":{"output_tokens":2}}"#;
        let mut tap = Tap::whole(Dialect::Anthropic);
        answer.chunks(5).for_each(|piece| tap.read(piece));
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
        tap.read(&vec![b' '; KEPT]);
        let mut long = Tap::whole(Dialect::Anthropic);
        long.read(&vec![b' '; KEPT]);
        long.read(answer);
        assert_eq!(long.end().0, Usage::default());
    }
}
