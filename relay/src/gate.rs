//! What a request may have to hold: slots of a gate, the turn of an account; and how long both were held of late,
//! from which a refused caller is told when to come back.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// Leased slots in Redis under a limit; 0 = no limit, counted only.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Its key in Redis.
    pub(crate) name: Box<str>,
    /// An operator may change it while requests wait.
    limit: AtomicU32,
    pub(crate) held: HoldTime,
}

/// The right to send an account the next user's own message.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Its key in Redis.
    pub(crate) name: Box<str>,
    /// The least time between two.
    pub(crate) delay: Duration,
    pub(crate) held: HoldTime,
}

/// How long something is held nowadays: a mean in which the newest eighth counts most.
#[derive(Debug, Default)]
pub(crate) struct HoldTime(AtomicU64);

const SHORTEST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

impl Gate {
    pub(crate) fn new(name: String, limit: u32) -> Self {
        Self {
            name: name.into(),
            limit: limit.into(),
            held: HoldTime::default(),
        }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }
}

impl HoldTime {
    /// A lost update between two threads costs one sample of a mean.
    pub(crate) fn learn(&self, held: Duration) {
        let sample = u64::try_from(held.as_micros()).unwrap_or(u64::MAX);
        let mean = self.0.load(Ordering::Relaxed);
        let next = if mean == 0 {
            sample
        } else {
            mean - mean / 8 + sample / 8
        };
        self.0.store(next.max(1), Ordering::Relaxed);
    }

    /// The mean; zero before anything was held.
    pub(crate) fn mean(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// When one of `limit` places, each held for `held`, is likely to be free: 1 to 60 s, up to a half later by `spread`
/// (0 to 999), so that many who are refused together do not come back together.
pub(crate) fn likely_free(held: Duration, limit: u32, spread: u64) -> Duration {
    let expected = (held / limit.max(1)).clamp(SHORTEST_RETRY, LONGEST_RETRY);
    let later = expected.mul_f64(spread as f64 / 2000.0);
    (expected + later).min(LONGEST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_follows_what_is_held() {
        let held = HoldTime::default();
        assert_eq!(held.mean(), Duration::ZERO);
        held.learn(Duration::from_secs(8));
        assert_eq!(held.mean(), Duration::from_secs(8));
        for _ in 0..100 {
            held.learn(Duration::from_secs(2));
        }
        assert!(
            held.mean() < Duration::from_millis(2100),
            "{:?}",
            held.mean()
        );
    }

    #[test]
    fn a_retry_is_told_by_hold_time_and_limit_within_bounds() {
        let seconds = Duration::from_secs;
        assert_eq!(likely_free(seconds(20), 5, 0), seconds(4));
        assert_eq!(likely_free(seconds(20), 5, 500), seconds(5));
        assert_eq!(likely_free(Duration::ZERO, 5, 0), seconds(1));
        assert_eq!(likely_free(seconds(3600), 1, 999), seconds(60));
        assert_eq!(likely_free(seconds(10), 0, 0), seconds(10));
    }
}
