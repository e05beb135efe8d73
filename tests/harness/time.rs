//! The one file of the tests that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock, for spans.
#[expect(clippy::disallowed_methods, reason = "this file reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The wall clock in milliseconds since 1970, as the server writes it into leases.
#[expect(clippy::disallowed_methods, reason = "this file reads the clock")]
pub fn unix_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    i64::try_from(since.as_millis()).expect("the clock is before the year 292,000,000")
}
