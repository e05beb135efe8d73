//! `[failover]` in `weir.toml`: how often and how long a request is tried on other accounts.

use std::time::Duration;

use serde::Deserialize;

use super::shape::{DAY_MS, bounded};
use crate::time::millis;

/// The bounds of one request's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failover {
    /// How many accounts may see a request; 1 = no failover.
    pub max_attempts: u32,
    /// No attempt begins later than this after the first one.
    pub within: Duration,
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            within: Duration::from_secs(60),
        }
    }
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FailoverTable {
    #[serde(deserialize_with = "bounded::<_, 1, 10>")]
    max_attempts: u64,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    within_ms: u64,
}

impl Default for FailoverTable {
    fn default() -> Self {
        let failover = Failover::default();
        Self {
            max_attempts: failover.max_attempts.into(),
            within_ms: millis(failover.within),
        }
    }
}

impl From<FailoverTable> for Failover {
    fn from(table: FailoverTable) -> Self {
        Self {
            max_attempts: u32::try_from(table.max_attempts).expect("bounded to 10"),
            within: Duration::from_millis(table.within_ms),
        }
    }
}
