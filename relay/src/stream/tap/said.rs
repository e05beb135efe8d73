//! What an answer has said of itself so far: what it used, and what it made that somebody may continue.

use crate::{
    dialect::{Dialect, Place},
    pins::{Made, Mark},
    sse::Event,
    usage::Usage,
};

#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) usage: Usage,
    /// None where nobody wants to know.
    pub(super) made: Option<Made>,
}

impl Said {
    /// One event of a stream; where it stands, if it tells.
    pub(super) fn read_event(&mut self, dialect: Dialect, event: &Event<'_>) -> Option<Place> {
        if let Some(made) = &mut self.made {
            dialect.made_by_event(event, made);
        }
        dialect.read_event(event, &mut self.usage)
    }

    /// An answer that is not a stream.
    pub(super) fn read_answer(&mut self, dialect: Dialect, body: &[u8]) {
        dialect.read_answer(body, &mut self.usage);
        self.read_beginning(dialect, body);
    }

    /// What can be read of an answer that was too long to be kept: not what it used, which stands at its end.
    pub(super) fn read_beginning(&mut self, dialect: Dialect, kept: &[u8]) {
        if let Some(made) = &mut self.made {
            dialect.made_by_answer(kept, made);
        }
    }

    /// What was made since the last time.
    pub(super) fn made(&mut self) -> Vec<Mark> {
        let made = self.made.as_mut();
        made.map(Made::take).unwrap_or_default()
    }
}
