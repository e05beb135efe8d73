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
static MEMORY: [[Kept; GATES]; HANDFULS] = [const { [const { Kept::none() }; GATES] }; HANDFULS];

/// What is kept of one gate, side by side: most handfuls have one.
#[derive(Debug)]
struct Kept {
    /// Of its name; 0: of none.
    digest: AtomicU64,
    granted_at: AtomicI64,
    limit: AtomicU32,
}

/// What is remembered of one gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    handful: &'static [Kept; GATES],
    /// `None`: it is not remembered.
    kept: Option<&'static Kept>,
    digest: u64,
}

impl Kept {
    const fn none() -> Self {
        Self {
            digest: AtomicU64::new(0),
            granted_at: AtomicI64::new(0),
            limit: AtomicU32::new(0),
        }
    }

    fn find(handful: &[Self; GATES], digest: u64) -> Option<&Self> {
        let mut handful = handful.iter();
        handful.find(|kept| kept.digest.load(Ordering::Relaxed) == digest)
    }
}

impl Memory {
    /// Of a gate in the database of the running execution.
    pub(super) fn of(call: &Call<'_>, gate: &[u8]) -> Self {
        let digest = xxh3_64_with_seed(gate, context::db(call.ctx) as u64).max(1);
        let handful = &MEMORY[digest as usize % HANDFULS];
        Self {
            handful,
            kept: Kept::find(handful, digest),
            digest,
        }
    }

    /// `limit` is at most 1,000,000.
    pub(super) fn name(&self, limit: usize) {
        let kept = self.kept.unwrap_or_else(|| self.make_room());
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        kept.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn last_named(&self) -> Option<usize> {
        let limit = self.kept?.limit.load(Ordering::Relaxed);
        usize::try_from(limit).ok()
    }

    /// Now, if its limit has been named, be it only just now.
    pub(super) fn grant(&self, call: &Call<'_>) {
        let kept = self.kept.or_else(|| Kept::find(self.handful, self.digest));
        if let Some(kept) = kept {
            kept.granted_at.store(call.tick(), Ordering::Relaxed);
        }
    }

    /// In µs; 0: not since this server remembers.
    pub(super) fn last_granted(&self) -> i64 {
        self.kept
            .map_or(0, |kept| kept.granted_at.load(Ordering::Relaxed))
    }

    fn make_room(&self) -> &'static Kept {
        let granted_at = |kept: &&Kept| kept.granted_at.load(Ordering::Relaxed);
        let free = Kept::find(self.handful, 0);
        let kept = free.or_else(|| self.handful.iter().min_by_key(granted_at));
        let kept = kept.expect("there are some");
        kept.digest.store(self.digest, Ordering::Relaxed);
        kept.granted_at.store(0, Ordering::Relaxed);
        kept
    }
}
