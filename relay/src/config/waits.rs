//! `[waiting]` in `weir.toml`: how long requests stand in line, and how callers are kept meanwhile.

use std::time::Duration;

use serde::Deserialize;

use super::shape::{DAY_MS, bounded};
use crate::time::millis;

/// How long requests wait, and how their callers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// In line, for an answer that is streamed; zero = not at all.
    pub stream: Duration,
    /// In line, for any other answer; zero = not at all.
    pub whole: Duration,
    /// How long a stream stays closed while there is nothing to send; an error before keeps its status.
    pub grace: Duration,
    /// Between two heartbeats before the answer begins.
    pub heartbeat: Duration,
    /// How long an answer may be silent before it gets a heartbeat.
    pub silence: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            stream: Duration::from_secs(120),
            whole: Duration::from_secs(60),
            grace: Duration::from_secs(8),
            heartbeat: Duration::from_secs(10),
            silence: Duration::from_secs(15),
        }
    }
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Waiting {
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    max_stream_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    max_whole_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    grace_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 100, DAY_MS>")]
    heartbeat_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 100, DAY_MS>")]
    silence_ms: u64,
}

impl Default for Waiting {
    fn default() -> Self {
        let waits = Waits::default();
        Self {
            max_stream_ms: millis(waits.stream),
            max_whole_ms: millis(waits.whole),
            grace_ms: millis(waits.grace),
            heartbeat_ms: millis(waits.heartbeat),
            silence_ms: millis(waits.silence),
        }
    }
}

impl From<Waiting> for Waits {
    fn from(waiting: Waiting) -> Self {
        let ms = Duration::from_millis;
        Self {
            stream: ms(waiting.max_stream_ms),
            whole: ms(waiting.max_whole_ms),
            grace: ms(waiting.grace_ms),
            heartbeat: ms(waiting.heartbeat_ms),
            silence: ms(waiting.silence_ms),
        }
    }
}
