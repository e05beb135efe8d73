//! How fast what only grows has grown of late. Pure.

use std::{collections::VecDeque, time::Duration};

use super::{seen::Totals, snapshot::TotalsShown};
use crate::time::{UnixMillis, millis};

/// Over which a rate is the mean.
const SPAN: Duration = Duration::from_secs(10);

/// The totals of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Rates(VecDeque<(UnixMillis, Totals)>);

impl Rates {
    pub(crate) fn learn(&mut self, totals: Totals, now: UnixMillis) {
        let is_of_today = |seen: &(UnixMillis, Totals)| seen.1.day == totals.day;
        // A day begins at nothing, and so may Redis.
        if !self
            .0
            .back()
            .is_none_or(|seen| is_of_today(seen) && seen.1.requests <= totals.requests)
        {
            self.0.clear();
        }
        self.0.push_back((now, totals));
        let begin = now.0.saturating_sub(millis(SPAN));
        while self.0.len() > 2 && self.0.get(1).is_some_and(|(at, _)| at.0 <= begin) {
            self.0.pop_front();
        }
    }

    /// Per second; nothing before there are two looks.
    pub(crate) fn shown(&self) -> TotalsShown {
        let (Some((from, before)), Some((to, now))) = (self.0.front(), self.0.back()) else {
            return TotalsShown::default();
        };
        let seconds = to.since(*from).as_secs_f64();
        let rate = |of: fn(&Totals) -> u64| match seconds > 0.0 {
            true => (of(now).saturating_sub(of(before)) as f64 / seconds * 10.0).round() / 10.0,
            false => 0.0,
        };
        TotalsShown {
            requests_per_s: rate(|totals| totals.requests),
            errors_per_s: rate(|totals| totals.failed),
            tokens_per_s: rate(|totals| totals.tokens),
            spend_today_micro_usd: now.cost_micro_usd,
            ..TotalsShown::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(day: u64, requests: u64) -> Totals {
        Totals {
            day,
            requests,
            failed: requests / 10,
            tokens: requests * 100,
            cost_micro_usd: requests,
        }
    }

    #[test]
    fn a_rate_is_the_mean_of_the_last_seconds() {
        let mut rates = Rates::default();
        assert_eq!(rates.shown(), TotalsShown::default());
        for second in 0..=30 {
            rates.learn(totals(1, second * 20), UnixMillis(second * 1_000));
            let expected = if second == 0 { 0.0 } else { 20.0 };
            assert_eq!(rates.shown().requests_per_s, expected);
        }
        let shown = rates.shown();
        assert_eq!((shown.errors_per_s, shown.tokens_per_s), (2.0, 2_000.0));
        assert_eq!(shown.spend_today_micro_usd, 600);
        assert!(rates.0.len() <= 12, "{}", rates.0.len());
        // Nobody looked for a while.
        rates.learn(totals(1, 1_600), UnixMillis(130_000));
        assert_eq!(rates.shown().requests_per_s, 10.0);
    }

    #[test]
    fn a_new_day_and_an_emptied_redis_begin_anew() {
        for (day, requests) in [(2, 700), (1, 0)] {
            let mut rates = Rates::default();
            rates.learn(totals(1, 500), UnixMillis(0));
            rates.learn(totals(day, requests), UnixMillis(1_000));
            assert_eq!(rates.shown().requests_per_s, 0.0);
            rates.learn(totals(day, requests + 5), UnixMillis(2_000));
            assert_eq!(rates.shown().requests_per_s, 5.0);
        }
    }
}
