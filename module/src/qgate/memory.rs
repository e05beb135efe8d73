//! What this server remembers of gates beside the data: the limit last named, for `QGATE.INFO` to show, and when a slot
//! was granted last, for equally loaded gates to take turns. Of a fixed size: where there are very many gates, the one
//! of a handful is forgotten that was granted least recently.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::call::Call;
use crate::ffi::context;

const HANDFULS: usize = 8_192;
/// As many gates may fall on the same handful.
const GATES: usize = 8;

/// Untouched memory that the server does not have to hold until gates fall there.
#[derive(Debug)]
struct Handful {
    digests: [AtomicU64; GATES],
    granted_at: [AtomicI64; GATES],
    limits: [AtomicU32; GATES],
}

static MEMORY: [Handful; HANDFULS] = [const {
    Handful {
        digests: [const { AtomicU64::new(0) }; GATES],
        granted_at: [const { AtomicI64::new(0) }; GATES],
        limits: [const { AtomicU32::new(0) }; GATES],
    }
}; HANDFULS];

/// What is remembered of one gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    handful: &'static Handful,
    /// Where it is in the handful; `None`: it is not remembered.
    index: Option<usize>,
    digest: u64,
}

impl Handful {
    fn find(&self, digest: u64) -> Option<usize> {
        let mut digests = self.digests.iter();
        digests.position(|known| known.load(Ordering::Relaxed) == digest)
    }
}

impl Memory {
    /// Of a gate in the database of the running execution.
    pub(super) fn of(call: &Call<'_>, gate: &[u8]) -> Self {
        let digest = xxh3_64_with_seed(gate, context::db(call.ctx) as u64).max(1);
        let handful = &MEMORY[digest as usize % HANDFULS];
        Self {
            handful,
            index: handful.find(digest),
            digest,
        }
    }

    /// `limit` is at most 1,000,000.
    pub(super) fn name(&self, limit: usize) {
        let index = self.index.unwrap_or_else(|| self.make_room());
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.handful.limits[index].store(limit, Ordering::Relaxed);
    }

    pub(super) fn last_named(&self) -> Option<usize> {
        let limit = self.handful.limits[self.index?].load(Ordering::Relaxed);
        usize::try_from(limit).ok()
    }

    /// Now, if its limit has been named, be it only just now.
    pub(super) fn grant(&self, call: &Call<'_>) {
        let index = self.index.or_else(|| self.handful.find(self.digest));
        if let Some(index) = index {
            let now = call.tick();
            self.handful.granted_at[index].store(now, Ordering::Relaxed);
        }
    }

    /// In µs; 0: not since this server remembers.
    pub(super) fn last_granted(&self) -> i64 {
        self.index.map_or(0, |index| {
            self.handful.granted_at[index].load(Ordering::Relaxed)
        })
    }

    fn make_room(&self) -> usize {
        let granted_at = |index: &usize| self.handful.granted_at[*index].load(Ordering::Relaxed);
        let is_free = |index: &usize| self.handful.digests[*index].load(Ordering::Relaxed) == 0;
        let free = (0..GATES).find(is_free);
        let index = free.or_else(|| (0..GATES).min_by_key(granted_at));
        let index = index.expect("there are some");
        self.handful.digests[index].store(self.digest, Ordering::Relaxed);
        self.handful.granted_at[index].store(0, Ordering::Relaxed);
        index
    }
}
