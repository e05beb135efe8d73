//! What this server remembers of gates beside the data: the limit last named, for `QGATE.INFO` to show, and when a slot
//! was granted last, for equally loaded gates to take turns. Of a fixed size: a gate that falls on another's place is
//! forgotten.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::call::Call;
use crate::ffi::context;

const PLACES: usize = 16_384;
/// A place holds a gate's digest, its low bits given up for the limit.
const LIMIT_BITS: u64 = (1 << 20) - 1;

#[derive(Debug)]
struct Place {
    limit: AtomicU64,
    granted_at: AtomicI64,
}

static PLACES_BY_GATE: [Place; PLACES] = [const {
    Place {
        limit: AtomicU64::new(0),
        granted_at: AtomicI64::new(0),
    }
}; PLACES];

/// What is remembered of one gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    digest: u64,
    place: &'static Place,
}

impl Memory {
    /// Of a gate in the database of the running execution.
    pub(super) fn of(call: &Call<'_>, gate: &[u8]) -> Self {
        let digest = xxh3_64_with_seed(gate, context::db(call.ctx) as u64);
        let place = &PLACES_BY_GATE[digest as usize % PLACES];
        Self { digest, place }
    }

    /// `limit` is at most 1,000,000.
    pub(super) fn name(&self, limit: usize) {
        if !self.is_there() {
            self.place.granted_at.store(0, Ordering::Relaxed);
        }
        let limit = self.digest & !LIMIT_BITS | limit as u64 & LIMIT_BITS;
        self.place.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn last_named(&self) -> Option<usize> {
        let limit = self.place.limit.load(Ordering::Relaxed) & LIMIT_BITS;
        self.is_there().then_some(limit as usize)
    }

    /// Now, if its limit has been named.
    pub(super) fn grant(&self, call: &Call<'_>) {
        if self.is_there() {
            let now = call.tick();
            self.place.granted_at.store(now, Ordering::Relaxed);
        }
    }

    /// In µs; 0: not since this server remembers.
    pub(super) fn last_granted(&self) -> i64 {
        let at = self.place.granted_at.load(Ordering::Relaxed);
        if self.is_there() { at } else { 0 }
    }

    fn is_there(&self) -> bool {
        let digest = self.place.limit.load(Ordering::Relaxed);
        digest & !LIMIT_BITS == self.digest & !LIMIT_BITS
    }
}
