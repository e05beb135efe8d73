//! The relay's only clock. Everything else is told the time.
//! Spans are measured with `tokio::time::Instant`, so that paused tests may move it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall time in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixMillis(pub(crate) u64);

impl UnixMillis {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub(crate) fn now() -> Self {
        Self(millis(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        ))
    }

    /// Hours since 1970.
    pub(crate) fn hour(self) -> u64 {
        self.0 / 3_600_000
    }

    /// Days (UTC) since 1970.
    pub(crate) fn day(self) -> u64 {
        self.0 / 86_400_000
    }
}

/// Whole milliseconds of a span; the largest number where it is longer than 500 million years.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
