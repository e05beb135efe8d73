//! The counters of the hours that requests are booked in now: how they are called, and that they end by themselves.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::super::{Batch, names};
use crate::{config::Retention, settings::Current, tally::Span, time::UnixMillis};

const HOURS_OF_DAY: u64 = 24;
/// A request is booked in the hour in which it began; few last for longer than this.
const HOURS_REMEMBERED: usize = 3;
/// The sums of a day are looked at while it lasts.
const TOTALS_KEPT_S: u64 = 2 * 86_400;

/// What this relay has booked lately.
#[derive(Debug)]
pub(crate) struct Period {
    settings: Current,
    hours: BTreeMap<u64, HashMap<Box<str>, Counters>>,
}

/// The counters of one caller in one hour and its day.
#[derive(Debug)]
pub(super) struct Counters {
    /// The names of the hashes.
    pub(super) hashes: [Box<str>; 2],
    /// Of the one that has the day's sums of all callers.
    pub(super) totals: Box<str>,
    end: End,
}

/// Whether Redis knows when they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Unknown,
    Known,
}

impl Period {
    pub(crate) fn new(settings: Current) -> Self {
        Self {
            settings,
            hours: BTreeMap::new(),
        }
    }

    pub(super) fn retention(&self) -> Retention {
        self.settings.now().retention
    }

    pub(super) fn counters(&mut self, at: UnixMillis, key: &str) -> &Counters {
        let hour = at.hour();
        let callers = self.hours.entry(hour).or_default();
        if !callers.contains_key(key) {
            callers.insert(key.into(), Counters::of(hour, key));
        }
        &callers[key]
    }

    /// Once an hour for each caller: its counters end by themselves, and are found by those who look for all.
    pub(super) fn bound(&self, batch: &mut Batch) {
        for (hour, callers) in &self.hours {
            let callers = callers.iter();
            let unbound: Vec<_> = callers
                .filter(|(_, counters)| counters.end == End::Unknown)
                .collect();
            if !unbound.is_empty() {
                self.forget_old_records(batch, *hour);
                bound_totals(batch, *hour);
            }
            for (key, counters) in unbound {
                self.bound_one(batch, *hour, key, counters);
            }
        }
    }

    fn bound_one(&self, batch: &mut Batch, hour: u64, key: &str, counters: &Counters) {
        let spans = [Span::Hour(hour), Span::Day(hour / HOURS_OF_DAY)];
        let retention = self.retention();
        let kept = [retention.hours, retention.days];
        for ((span, kept), hash) in spans.into_iter().zip(kept).zip(&counters.hashes) {
            let users = names::users(span);
            batch.command("SADD").arg(&users).arg(key);
            for name in [&*users, hash] {
                batch.command("EXPIRE").arg(name);
                batch.number(kept.as_secs()).arg("NX");
            }
        }
    }

    fn forget_old_records(&self, batch: &mut Batch, hour: u64) {
        let age_ms = u64::try_from(self.retention().record_age.as_millis()).unwrap_or(u64::MAX);
        let oldest = Span::Hour(hour).begin().0.saturating_sub(age_ms);
        batch.command("XTRIM").arg(names::RECORDS);
        batch.arg("MINID").number(oldest);
    }

    pub(super) fn is_bound(&mut self) {
        while self.hours.len() > HOURS_REMEMBERED {
            self.hours.pop_first();
        }
        let all = self.hours.values_mut().flat_map(HashMap::values_mut);
        all.for_each(|counters| counters.end = End::Known);
    }
}

fn bound_totals(batch: &mut Batch, hour: u64) {
    batch
        .command("EXPIRE")
        .arg(names::totals(hour / HOURS_OF_DAY));
    batch.number(TOTALS_KEPT_S).arg("NX");
}

impl Counters {
    fn of(hour: u64, key: &str) -> Self {
        let spans = [Span::Hour(hour), Span::Day(hour / HOURS_OF_DAY)];
        Self {
            hashes: spans.map(|span| names::usage(span, key).into()),
            totals: names::totals(hour / HOURS_OF_DAY).into(),
            end: End::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, settings::Settings};

    const HOUR_MS: u64 = 3_600_000;

    fn period() -> Period {
        Period::new(Current::new(Settings::of(&Config::default())))
    }

    fn bound(period: &Period) -> String {
        let mut batch = Batch::new();
        period.bound(&mut batch);
        String::from_utf8(batch.bytes().to_vec()).unwrap()
    }

    #[test]
    fn redis_is_told_once_an_hour_and_caller_until_it_has_heard() {
        let mut period = period();
        let at = UnixMillis(50 * HOUR_MS + 5);
        period.counters(at, "k1");
        for _ in 0..2 {
            let told = bound(&period);
            assert_eq!(told.matches("EXPIRE").count(), 5, "{told}");
            assert_eq!(told.matches("XTRIM").count(), 1);
            assert!(told.contains("usage:hour:50:k1") && told.contains("usage:day:2:k1"));
        }
        period.is_bound();
        assert_eq!(bound(&period), "");
        period.counters(at, "k1");
        assert_eq!(bound(&period), "");
        period.counters(at, "k2");
        assert!(bound(&period).contains("usage:hour:50:k2"));
        period.counters(UnixMillis(51 * HOUR_MS), "k1");
        assert!(bound(&period).contains("usage:hour:51:k1"));
    }

    #[test]
    fn hours_that_are_over_are_forgotten() {
        let mut period = period();
        for hour in 0..100 {
            period.counters(UnixMillis(hour * HOUR_MS), "k");
            period.is_bound();
        }
        assert_eq!(period.hours.len(), HOURS_REMEMBERED);
    }
}
