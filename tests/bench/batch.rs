//! Commands that go out in one write, each with the answer it must get: a bench whose commands do not do
//! what it says would measure something else.

use harness::Reply;

/// What a command must answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// This integer, alone or as the first element.
    Int(i64),
    Nil,
    /// A string of any kind.
    Text,
    /// An array of this many elements.
    Items(usize),
}

/// Encoded commands and their expected answers.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    wire: Vec<u8>,
    expected: Vec<Expected>,
}

impl Batch {
    /// A single command.
    pub(crate) fn one(words: &[impl AsRef<[u8]>], expected: Expected) -> Self {
        let mut batch = Self::default();
        batch.push(words, expected);
        batch
    }

    pub(crate) fn push(&mut self, words: &[impl AsRef<[u8]>], expected: Expected) {
        self.head(b'*', words.len());
        for word in words {
            let word = word.as_ref();
            self.head(b'$', word.len());
            self.wire.extend_from_slice(word);
            self.wire.extend_from_slice(b"\r\n");
        }
        self.expected.push(expected);
    }

    /// How many commands it has.
    pub(crate) fn len(&self) -> usize {
        self.expected.len()
    }

    pub(crate) fn wire(&self) -> &[u8] {
        &self.wire
    }

    pub(crate) fn expected(&self) -> &[Expected] {
        &self.expected
    }

    /// # Panics
    /// When it is not the answer that the command at this place must get.
    pub(crate) fn check(&self, at: usize, reply: &Reply) {
        let expected = self.expected[at];
        assert!(
            expected.is(reply),
            "command {at} of a batch must answer {expected:?}, not {reply:?}"
        );
    }

    pub(crate) fn clear(&mut self) {
        self.wire.clear();
        self.expected.clear();
    }

    fn head(&mut self, kind: u8, count: usize) {
        self.wire.push(kind);
        self.wire.extend_from_slice(count.to_string().as_bytes());
        self.wire.extend_from_slice(b"\r\n");
    }
}

impl Expected {
    pub(crate) fn is(self, reply: &Reply) -> bool {
        match (self, reply) {
            (Self::Int(wanted), Reply::Array(items)) => items.first().is_some_and(|i| *i == wanted),
            (Self::Int(wanted), reply) => *reply == wanted,
            (Self::Nil, Reply::Nil) | (Self::Text, Reply::Text(_) | Reply::Status(_)) => true,
            (Self::Items(wanted), Reply::Array(items)) => items.len() == wanted,
            (Self::Nil | Self::Text | Self::Items(_), _) => false,
        }
    }
}
