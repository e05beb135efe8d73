//! How many bytes of requests the process holds, and that it never holds more than it may.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The bound for all requests together.
#[derive(Debug)]
pub(crate) struct Buffers {
    held: AtomicUsize,
    limit: AtomicUsize,
}

/// What one request holds of it; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Buffers>,
    held: usize,
}

/// There is no room for more.
#[derive(Debug)]
pub(crate) struct Full;

impl Buffers {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            held: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
        }
    }

    /// What is held already stays.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Relaxed);
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share {
            of: Arc::clone(self),
            held: 0,
        }
    }
}

impl Share {
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let before = self.of.held.fetch_add(bytes, Relaxed);
        self.held += bytes;
        if before + bytes > self.of.limit.load(Relaxed) {
            Err(Full)
        } else {
            Ok(())
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.held.fetch_sub(self.held, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_for_all_together_and_comes_back() {
        let buffers = Arc::new(Buffers::new(10));
        let mut one = buffers.share();
        let mut other = buffers.share();
        assert!(one.grow(6).is_ok());
        assert!(other.grow(6).is_err());
        drop(other);
        assert!(one.grow(4).is_ok());
        buffers.set_limit(12);
        assert!(one.grow(2).is_ok());
        drop(one);
        assert_eq!(buffers.held(), 0);
    }
}
