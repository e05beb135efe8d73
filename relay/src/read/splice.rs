//! The only way in which a request's body is ever changed: bytes put in the place of others.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// What to put where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) at: Range<usize>,
    pub(crate) with: &'static str,
}

impl Splice {
    pub(crate) fn apply(&self, body: &[u8]) -> Bytes {
        let length = body.len() - self.at.len() + self.with.len();
        let mut spliced = BytesMut::with_capacity(length);
        spliced.extend_from_slice(&body[..self.at.start]);
        spliced.extend_from_slice(self.with.as_bytes());
        spliced.extend_from_slice(&body[self.at.end..]);
        spliced.freeze()
    }
}
