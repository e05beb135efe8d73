//! The limit last named for a gate, for `QGATE.INFO` to show: a memory of this server, not a rule, and not data.
//! Of a fixed size: a gate that falls on another's place is forgotten.

use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::call::Call;
use crate::ffi::context;

const PLACES: usize = 16_384;
/// A place holds a gate's digest, its low bits given up for the limit.
const LIMIT_BITS: u64 = (1 << 20) - 1;

static PLACES_BY_GATE: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];

/// `limit` is at most 1,000,000.
pub(super) fn remember(call: &Call<'_>, gate: &[u8], limit: usize) {
    let digest = digest(call, gate);
    let place = digest & !LIMIT_BITS | limit as u64 & LIMIT_BITS;
    place_of(digest).store(place, Ordering::Relaxed);
}

pub(super) fn last_named(call: &Call<'_>, gate: &[u8]) -> Option<i64> {
    let digest = digest(call, gate);
    let place = place_of(digest).load(Ordering::Relaxed);
    (place & !LIMIT_BITS == digest & !LIMIT_BITS).then_some((place & LIMIT_BITS) as i64)
}

fn place_of(digest: u64) -> &'static AtomicU64 {
    &PLACES_BY_GATE[digest as usize % PLACES]
}

/// Names a gate within its database.
fn digest(call: &Call<'_>, gate: &[u8]) -> u64 {
    xxh3_64_with_seed(gate, context::db(call.ctx) as u64)
}
