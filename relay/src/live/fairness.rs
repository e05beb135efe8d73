//! What each caller got in the last minutes: its share of the time in which slots were held, and how long it waited. Pure.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::seen::Finished;
use crate::time::{UnixMillis, millis};

pub(crate) const SPAN: Duration = Duration::from_secs(300);
/// Of more requests than that the newest stand for all.
const MOST: usize = 10_000;

/// The requests that have ended lately.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<Finished>);

/// A request that has not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Running<'a> {
    Holds { key: &'a str, since: UnixMillis },
    Waits { key: &'a str, waited_ms: u64 },
}

/// What one caller got.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Share {
    pub(crate) key: Arc<str>,
    pub(crate) share: f64,
    pub(crate) wait_p50_ms: u64,
    pub(crate) wait_p95_ms: u64,
}

#[derive(Debug, Default)]
struct Sum {
    held_ms: u64,
    waits: Vec<u64>,
}

impl Window {
    /// In the order in which they ended.
    pub(crate) fn learn(&mut self, finished: Vec<Finished>, now: UnixMillis) {
        self.0.extend(finished);
        let begin = begin(now);
        while self.0.len() > MOST || self.0.front().is_some_and(|first| first.at < begin) {
            self.0.pop_front();
        }
    }

    /// The largest share first, at most `most` of them.
    pub(crate) fn shares<'a>(
        &'a self,
        running: impl Iterator<Item = Running<'a>>,
        most: usize,
        now: UnixMillis,
    ) -> Vec<Share> {
        let begin = begin(now);
        let mut sums: HashMap<&str, Sum> = HashMap::new();
        for one in &self.0 {
            let sum = sums.entry(&one.key).or_default();
            // What was before the first of these minutes does not count.
            sum.held_ms += one.held_ms.min(millis(one.at.since(begin)));
            sum.waits.push(one.waited_ms);
        }
        for one in running {
            match one {
                Running::Holds { key, since } => {
                    let held = now.since(since.max(begin));
                    sums.entry(key).or_default().held_ms += millis(held);
                }
                Running::Waits { key, waited_ms } => {
                    sums.entry(key).or_default().waits.push(waited_ms);
                }
            }
        }
        let all: u64 = sums.values().map(|sum| sum.held_ms).sum();
        let mut shares: Vec<Share> = sums
            .into_iter()
            .map(|(key, sum)| sum.share(key, all))
            .collect();
        let order = |one: &Share, other: &Share| {
            let by_share = other.share.total_cmp(&one.share);
            let by_wait = other.wait_p95_ms.cmp(&one.wait_p95_ms);
            by_share.then(by_wait).then_with(|| one.key.cmp(&other.key))
        };
        shares.sort_unstable_by(order);
        shares.truncate(most);
        shares
    }
}

impl Sum {
    fn share(mut self, key: &str, all: u64) -> Share {
        self.waits.sort_unstable();
        let share = self.held_ms as f64 / all.max(1) as f64;
        Share {
            key: key.into(),
            share: (share * 10_000.0).round() / 10_000.0,
            wait_p50_ms: quantile(&self.waits, 50),
            wait_p95_ms: quantile(&self.waits, 95),
        }
    }
}

fn begin(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(millis(SPAN)))
}

/// The smallest that so many of a hundred do not exceed; 0 of none.
fn quantile(sorted: &[u64], of_hundred: usize) -> u64 {
    let place = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn finished(key: &str, ago_ms: u64, waited_ms: u64, held_ms: u64) -> Finished {
        Finished {
            key: key.into(),
            at: UnixMillis(NOW.0 - ago_ms),
            waited_ms,
            held_ms,
        }
    }

    fn shares(window: &Window, running: &[Running<'_>]) -> Vec<(String, f64, u64, u64)> {
        let shares = window.shares(running.iter().copied(), 100, NOW).into_iter();
        shares
            .map(|one| {
                (
                    one.key.to_string(),
                    one.share,
                    one.wait_p50_ms,
                    one.wait_p95_ms,
                )
            })
            .collect()
    }

    #[test]
    fn a_share_is_of_the_time_in_which_slots_were_held() {
        let mut window = Window::default();
        let all = vec![
            // All but its last ten seconds was before.
            finished("old", 290_000, 7, 600_000),
            finished("a", 200_000, 100, 20_000),
            finished("a", 100_000, 300, 40_000),
        ];
        window.learn(all, NOW);
        let running = [
            Running::Holds {
                key: "b",
                since: UnixMillis(NOW.0 - 30_000),
            },
            Running::Waits {
                key: "c",
                waited_ms: 9_000,
            },
        ];
        let expected = [
            ("a".into(), 0.6, 100, 300),
            ("b".into(), 0.3, 0, 0),
            ("old".into(), 0.1, 7, 7),
            ("c".into(), 0.0, 9_000, 9_000),
        ];
        assert_eq!(shares(&window, &running), expected);
    }

    #[test]
    fn percentiles_are_of_all_waits_and_of_those_that_last() {
        let mut window = Window::default();
        window.learn((1..=99).map(|n| finished("a", 1_000, n, 1)).collect(), NOW);
        let waits = [Running::Waits {
            key: "a",
            waited_ms: 60_000,
        }];
        assert_eq!(shares(&window, &waits), [("a".into(), 1.0, 50, 95)]);
        for (waits, p50, p95) in [(&[][..], 0, 0), (&[4], 4, 4), (&[1, 2], 1, 2)] {
            assert_eq!((quantile(waits, 50), quantile(waits, 95)), (p50, p95));
        }
    }

    #[test]
    fn what_ended_long_ago_is_forgotten_and_only_so_much_is_kept() {
        let mut window = Window::default();
        window.learn(vec![finished("gone", 300_001, 0, 1)], NOW);
        assert_eq!(shares(&window, &[]), []);
        let many = (0..2 * MOST).map(|n| finished(if n < MOST { "a" } else { "b" }, 5, 0, 1));
        window.learn(many.collect(), NOW);
        assert_eq!(shares(&window, &[]), [("b".into(), 1.0, 0, 0)]);
    }
}
