//! Wall time and spans as numbers. What time it is stands in `clock.rs`. Pure.

use std::time::Duration;

/// Wall time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixMillis(pub(crate) u64);

impl UnixMillis {
    /// Later than anything that has an end: the end of the year 9999.
    pub(crate) const NEVER: Self = Self(253_402_300_799_999);

    /// Hours since 1970.
    pub(crate) fn hour(self) -> u64 {
        self.0 / 3_600_000
    }

    pub(crate) fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// None before it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Whole milliseconds of a span; the largest number where it is longer than 500 million years.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
