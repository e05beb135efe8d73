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

/// `limit` is at most 1,000,000.
pub(super) fn named(call: &Call<'_>, gate: &[u8], limit: usize) {
    let digest = digest(call, gate);
    let place = place_of(digest);
    let now = digest & !LIMIT_BITS | limit as u64 & LIMIT_BITS;
    if !is_of(place, digest) {
        place.granted_at.store(0, Ordering::Relaxed);
    }
    place.limit.store(now, Ordering::Relaxed);
}

pub(super) fn last_named(call: &Call<'_>, gate: &[u8]) -> Option<usize> {
    let digest = digest(call, gate);
    let place = place_of(digest);
    let limit = place.limit.load(Ordering::Relaxed) & LIMIT_BITS;
    is_of(place, digest).then_some(limit as usize)
}

/// Now, for a gate whose limit has been named.
pub(super) fn granted(call: &Call<'_>, gate: &[u8]) {
    let digest = digest(call, gate);
    let place = place_of(digest);
    if is_of(place, digest) {
        place.granted_at.store(call.tick(), Ordering::Relaxed);
    }
}

/// In µs; 0: not since this server remembers.
pub(super) fn last_granted(call: &Call<'_>, gate: &[u8]) -> i64 {
    let digest = digest(call, gate);
    let place = place_of(digest);
    if is_of(place, digest) {
        place.granted_at.load(Ordering::Relaxed)
    } else {
        0
    }
}

fn is_of(place: &Place, digest: u64) -> bool {
    place.limit.load(Ordering::Relaxed) & !LIMIT_BITS == digest & !LIMIT_BITS
}

fn place_of(digest: u64) -> &'static Place {
    &PLACES_BY_GATE[digest as usize % PLACES]
}

/// Names a gate within its database.
fn digest(call: &Call<'_>, gate: &[u8]) -> u64 {
    xxh3_64_with_seed(gate, context::db(call.ctx) as u64)
}
