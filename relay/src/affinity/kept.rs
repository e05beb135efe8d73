//! The tokens of a message that count, without the space between them, and their digest. What stands together in the
//! body is not copied. Pure.

use xxhash_rust::xxh3::xxh3_64;

use crate::json::Token;

/// Most of what is inserted into one message; more finds room too.
const INSERTED: usize = 64;

/// What is kept so far of one message.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    text: &'a [u8],
    /// What was kept before `run`.
    copy: Vec<u8>,
    run: Run,
}

/// A stretch of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Run {
    start: usize,
    end: usize,
}

/// How much was kept at some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    copied: usize,
    run: Run,
}

impl<'a> Kept<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            copy: Vec::new(),
            run: Run::default(),
        }
    }

    #[inline]
    pub(super) fn keep(&mut self, token: Token) {
        if self.run.end != token.start {
            self.flush();
            self.run.start = token.start;
        }
        self.run.end = token.end;
    }

    /// Keeps a comma, unless what stood before it was the first and is left out.
    #[inline]
    pub(super) fn keep_comma(&mut self, token: Token) {
        if !matches!(self.last(), Some(b'{' | b'[')) {
            self.keep(token);
        }
    }

    /// The next member or element is left out, and with it the comma before it.
    pub(super) fn leave_out(&mut self) {
        if self.last() == Some(&b',') {
            match self.run.start < self.run.end {
                true => self.run.end -= 1,
                false => drop(self.copy.pop()),
            }
        }
    }

    /// Keeps what does not stand in the text.
    pub(super) fn insert(&mut self, text: &[u8]) {
        self.flush();
        self.copy.extend_from_slice(text);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            copied: self.copy.len(),
            run: self.run,
        }
    }

    /// Forgets what was kept since.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.copy.truncate(mark.copied);
        self.run = mark.run;
    }

    /// Of all that was kept.
    pub(super) fn digest(mut self) -> u64 {
        if self.copy.is_empty() {
            return xxh3_64(&self.text[self.run.start..self.run.end]);
        }
        self.flush();
        xxh3_64(&self.copy)
    }

    #[inline]
    fn last(&self) -> Option<&u8> {
        match self.run.start < self.run.end {
            true => self.text.get(self.run.end - 1),
            false => self.copy.last(),
        }
    }

    fn flush(&mut self) {
        if self.copy.capacity() == 0 {
            self.copy.reserve(self.text.len() + INSERTED);
        }
        self.copy
            .extend_from_slice(&self.text[self.run.start..self.run.end]);
        self.run.start = self.run.end;
    }
}
