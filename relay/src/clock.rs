//! The relay's only clock. Everything else is told the time.
//! Spans are measured with `tokio::time::Instant`, so that paused tests may move it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::time::{UnixMillis, millis};

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
}
