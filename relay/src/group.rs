//! Groups: which accounts serve which keys.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::forward::Upstream;

/// A set of accounts of one provider.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

impl Group {
    pub(crate) fn new(upstreams: Vec<Arc<Upstream>>) -> Self {
        Self {
            upstreams,
            next: AtomicUsize::new(0),
        }
    }

    /// A place that moves on with every call, so that equals take turns.
    pub(crate) fn rotate(&self) -> usize {
        self.next.fetch_add(1, Relaxed) % self.upstreams.len()
    }
}
