//! The limit last named for a gate, for `QGATE.INFO` to show: a memory of this server, not a rule, and not data.
//! Of a fixed size: a gate that falls on another's place is forgotten.

use std::cell::RefCell;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::call::Call;
use crate::ffi::api;

const PLACES: usize = 16_384;

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    gate: u64,
    limit: u32,
}

thread_local! {
    static LIMITS: RefCell<Vec<Place>> = RefCell::new(vec![Place::default(); PLACES]);
}

pub(super) fn remember(call: &Call<'_>, gate: &[u8], limit: usize) {
    let gate = digest(call, gate);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    LIMITS.with_borrow_mut(|places| places[place_of(gate)] = Place { gate, limit });
}

pub(super) fn last_named(call: &Call<'_>, gate: &[u8]) -> Option<i64> {
    let gate = digest(call, gate);
    let place = LIMITS.with_borrow(|places| places[place_of(gate)]);
    (place.gate == gate).then_some(i64::from(place.limit))
}

fn place_of(digest: u64) -> usize {
    digest as usize % PLACES
}

/// Names a gate within its database.
fn digest(call: &Call<'_>, gate: &[u8]) -> u64 {
    // SAFETY: `ctx` is the running execution's.
    let db = unsafe { api!(RedisModule_GetSelectedDb)(call.ctx) };
    xxh3_64_with_seed(gate, db as u64)
}
