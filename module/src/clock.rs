//! The only file that reads a clock. It is read once per execution; decisions get the result as an argument.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use redis_module::raw;

use crate::time::{UnixMillis, UnixNanos};

/// What the server's clock says in one execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Within a transaction or a script it stands still where the server's own does (7.2 and later).
    pub(crate) ms: UnixMillis,
    /// The same, as finely as it is known: to the microsecond.
    pub(crate) ns: UnixNanos,
    /// Microseconds since 1970, greater than any that this server has read before.
    pub(crate) tick: i64,
}

/// The wall clock, in µs since 1970.
#[expect(clippy::disallowed_methods, reason = "this file is the clock")]
pub(crate) fn micros() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

static LAST_TICK: AtomicI64 = AtomicI64::new(0);

pub(crate) fn now() -> Now {
    let micros = micros();
    // SAFETY: set once at load; without arguments; called from the main thread.
    let frozen = unsafe { raw::RedisModule_CachedMicroseconds.map(|read| read()) };
    let shown = frozen.unwrap_or(micros);
    let tick = micros.max(LAST_TICK.load(Ordering::Relaxed).saturating_add(1));
    LAST_TICK.store(tick, Ordering::Relaxed);
    Now {
        ms: UnixMillis::new(shown / 1_000),
        ns: UnixNanos::of_micros(shown),
        tick,
    }
}
