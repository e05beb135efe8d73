//! What becomes of an account while requests know it: an operator closes it, opens it again, or changes it. Pure.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Shared by all editions of an account.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    closed: AtomicBool,
    newest: AtomicU64,
}

impl Standing {
    /// Whether it takes new requests.
    pub(crate) fn is_open(&self) -> bool {
        !self.closed.load(Relaxed)
    }

    /// Says whether that is a change.
    pub(crate) fn set_open(&self, is_open: bool) -> bool {
        self.closed.swap(!is_open, Relaxed) == is_open
    }

    /// The number of a new edition.
    pub(crate) fn next(&self) -> u64 {
        self.newest.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn is_newest(&self, edition: u64) -> bool {
        self.newest.load(Relaxed) == edition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_open_until_it_is_closed_and_its_last_edition_counts() {
        let standing = Standing::default();
        assert!(standing.is_open() && !standing.set_open(true));
        assert!(standing.set_open(false) && !standing.is_open());
        let [first, second] = [standing.next(), standing.next()];
        assert!(!standing.is_newest(first) && standing.is_newest(second));
    }
}
