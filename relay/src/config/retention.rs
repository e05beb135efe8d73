//! How long what requests have used is remembered.

use std::time::Duration;

use serde::Deserialize;

use super::shape::bounded;

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many records of requests there are at most.
    pub records: u64,
    pub record_age: Duration,
    /// Of counters by the hour.
    pub hours: Duration,
    /// Of counters by the day.
    pub days: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        RetentionTable::default().into()
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetentionTable {
    #[serde(deserialize_with = "bounded::<_, 1, 100_000_000>")]
    records: u64,
    #[serde(deserialize_with = "bounded::<_, 1, 3_650>")]
    record_days: u64,
    #[serde(deserialize_with = "bounded::<_, 1, 400>")]
    hour_counter_days: u64,
    #[serde(deserialize_with = "bounded::<_, 1, 3_650>")]
    day_counter_days: u64,
}

impl Default for RetentionTable {
    fn default() -> Self {
        Self {
            records: 100_000,
            record_days: 90,
            hour_counter_days: 8,
            day_counter_days: 400,
        }
    }
}

impl From<RetentionTable> for Retention {
    fn from(table: RetentionTable) -> Self {
        let days = |count: u64| DAY * u32::try_from(count).expect("bounded to 3,650");
        Self {
            records: table.records,
            record_age: days(table.record_days),
            hours: days(table.hour_counter_days),
            days: days(table.day_counter_days),
        }
    }
}
