//! What a soak is to be: how long, how many, and what happens meanwhile.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) span: Duration,
    pub(crate) callers: u32,
    pub(crate) keys: u32,
    /// How many requests of a key at once.
    pub(crate) key_limit: u32,
    /// The last one takes turns.
    pub(crate) accounts: u32,
    /// How many requests of an account at once.
    pub(crate) limit: u32,
    pub(crate) lease: Duration,
    /// Of a hundred calls, so many are left before they have ended.
    pub(crate) leave_percent: i64,
    pub(crate) disturbance: Disturbance,
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disturbance {
    None,
    /// Relays are killed and started again, and once another Redis takes over.
    Kills,
    /// Relays are, and the one Redis, which has written all that it has answered.
    Crashes,
}

/// What callers who have little may spend in all, for each second.
const SCARCE_MICRO_USD_PER_S: u64 = 5_000;

impl Plan {
    /// What one user may spend in all, who would like to spend more.
    pub(crate) fn scarce_micro_usd(&self) -> u64 {
        SCARCE_MICRO_USD_PER_S * self.span.as_secs()
    }

    pub(crate) fn callers_per_key(&self) -> u32 {
        self.callers.div_ceil(self.keys)
    }

    /// After an outage of Redis, everything held is known to it again after so long.
    pub(crate) fn renewal(&self) -> Duration {
        self.lease / 3
    }
}
