//! The rules of a bucket in tables: the slowest and the quickest rate, bursts, debts, gifts, and the ends of all ranges.

use super::{Bucket, MAX_TOKENS, Rate, Room};
use crate::error::Error;
use crate::time::{MAX_SPAN, Millis, UnixNanos};

const NS_PER_MS: i64 = 1_000_000;
const DAY: i64 = 24 * 3_600_000;
const YEARS: i64 = 3_650 * DAY;
/// A day of 2026, in ns.
const BEGIN: i64 = 1_790_000_000_123_456_000;

fn at(ns: i64) -> UnixNanos {
    UnixNanos::new(BEGIN + ns)
}

fn rate(burst: i64, tokens: i64, per_ms: i64) -> Rate {
    Rate::new(burst, tokens, per_ms).expect("a rate that may be")
}

/// What `RATE.TAKE` answers, and the bucket afterwards.
fn take(bucket: &mut Bucket, rate: &Rate, cost: u64, now: UnixNanos) -> [i64; 4] {
    let (allowed, retry) = match bucket.room(rate, cost, now) {
        Room::Now => {
            *bucket = bucket.charged(rate, cost, now);
            (1, 0)
        }
        Room::In(wait) => (0, wait.get()),
        Room::Never => (0, -1),
    };
    let left = bucket.remaining(rate, now).cast_signed();
    [allowed, left, retry, bucket.reset(now).get()]
}

#[track_caller]
fn answers<const N: usize>(rate: &Rate, steps: [(i64, u64, [i64; 4]); N]) {
    let mut bucket = Bucket::FULL;
    for (ns, cost, answer) in steps {
        assert_eq!(
            take(&mut bucket, rate, cost, at(ns)),
            answer,
            "{cost} at {ns}"
        );
    }
}

#[test]
fn one_per_day_is_exact_to_the_nanosecond() {
    const NS: i64 = DAY * NS_PER_MS;
    answers(
        &rate(1, 1, DAY),
        [
            (0, 1, [1, 0, 0, DAY]),
            (0, 1, [0, 0, DAY, DAY]),
            (1, 1, [0, 0, DAY, DAY]),
            (NS - NS_PER_MS - 1, 1, [0, 0, 2, 2]),
            (NS - 1, 1, [0, 0, 1, 1]),
            (NS, 1, [1, 0, 0, DAY]),
            (3 * NS, 1, [1, 0, 0, DAY]),
            (3 * NS, 2, [0, 0, -1, DAY]),
        ],
    );
}

#[test]
fn a_billion_per_minute_is_exact_to_the_nanosecond() {
    const BILLION: i64 = 1_000_000_000;
    answers(
        &rate(BILLION, BILLION, 60_000),
        [
            (0, 1, [1, BILLION - 1, 0, 1]),
            (0, 999_999_998, [1, 1, 0, 60_000]),
            (0, 2, [0, 1, 1, 60_000]),
            (59, 2, [0, 1, 1, 60_000]),
            (60, 2, [1, 0, 0, 60_000]),
            (119, 1, [0, 0, 1, 60_000]),
            (120, 1, [1, 0, 0, 60_000]),
            (120, 1_000_000, [0, 0, 60, 60_000]),
            (60 * NS_PER_MS + 120, 1_000_000, [1, 0, 0, 60_000]),
        ],
    );
}

#[test]
fn a_burst_fits_one_by_one_and_not_one_more_whatever_the_rate() {
    for (burst, tokens, per_ms) in [
        (3, 3, 1_000),
        (7, 7, 60_000),
        (1_000, 7, 60_000),
        (60, 999, 1_000),
    ] {
        let rate = rate(burst, tokens, per_ms);
        let mut bucket = Bucket::FULL;
        for left in (0..burst).rev() {
            let [allowed, remaining, ..] = take(&mut bucket, &rate, 1, at(0));
            assert_eq!((allowed, remaining), (1, left), "{rate:?}");
        }
        assert_eq!(bucket.remaining(&rate, at(0)), 0);
        assert!(
            matches!(bucket.room(&rate, 1, at(0)), Room::In(_)),
            "{rate:?}"
        );
    }
}

#[test]
fn who_waits_as_long_as_told_is_served_and_who_comes_before_is_not() {
    let rate = rate(5, 7, 1_000);
    for cost in 1..=5 {
        let bucket = Bucket::FULL
            .charged(&rate, 5, at(0))
            .charged(&rate, 2, at(0));
        let Room::In(wait) = bucket.room(&rate, cost, at(0)) else {
            panic!("there is no room for {cost}");
        };
        let then = wait.get() * NS_PER_MS;
        assert_eq!(bucket.room(&rate, cost, at(then)), Room::Now);
        assert_ne!(bucket.room(&rate, cost, at(then - NS_PER_MS)), Room::Now);
    }
}

#[test]
fn a_debt_that_was_forced_delays_all_that_follow() {
    let rate = rate(2, 1, 1_000);
    let bucket = Bucket::FULL.charged(&rate, 5, at(0));
    assert_eq!(bucket.reset(at(0)).get(), 5_000);
    for (ns, cost, room) in [
        (0, 0, Room::Now),
        (0, 1, Room::In(Millis::new(4_000))),
        (0, 2, Room::In(Millis::new(5_000))),
        (0, 3, Room::Never),
        (4_000 * NS_PER_MS - 1, 1, Room::In(Millis::new(1))),
        (4_000 * NS_PER_MS, 1, Room::Now),
    ] {
        assert_eq!(bucket.room(&rate, cost, at(ns)), room, "{cost} at {ns}");
    }
}

#[test]
fn what_was_taken_can_be_given_back_and_no_more() {
    let rate = rate(3, 3, 1_000);
    let one = Bucket::FULL.charged(&rate, 1, at(0));
    for cost in 0..=3 {
        assert_eq!(
            one.charged(&rate, cost, at(7)).given(&rate, cost, at(7)),
            one
        );
    }
    for more in [1, 2, MAX_TOKENS.unsigned_abs()] {
        let full = one.given(&rate, more, at(0));
        assert_eq!(full.remaining(&rate, at(0)), 3);
        assert_eq!(full.forget_at(at(0)), None);
    }
}

#[test]
fn rates_that_time_cannot_hold_are_refused_by_name() {
    const MS: i64 = MAX_SPAN.get();
    for (given, argument, max) in [
        ((1, 1, 0), "PER", YEARS),
        ((1, 1, YEARS + 1), "PER", YEARS),
        ((1, 0, 1), "RATE", NS_PER_MS),
        ((1, -1, 1), "RATE", NS_PER_MS),
        ((1, NS_PER_MS + 1, 1), "RATE", NS_PER_MS),
        ((1, MAX_TOKENS + 1, MS), "RATE", MAX_TOKENS),
        ((0, 1, DAY), "BURST", 3_650),
        ((3_651, 1, DAY), "BURST", 3_650),
        ((2, 1, MS), "BURST", 1),
        ((MAX_TOKENS + 1, 1_000_000, 1), "BURST", MAX_TOKENS),
        ((i64::MIN, i64::MAX, i64::MAX), "PER", YEARS),
    ] {
        let refused = Rate::new(given.0, given.1, given.2);
        let error = Error::NotInRange {
            argument,
            min: 1,
            max,
        };
        assert_eq!(refused, Err(error), "{given:?}");
    }
    for (burst, tokens, per_ms) in [
        (1, 1, MS),
        (3_650, 1, DAY),
        (1, NS_PER_MS, 1),
        (MAX_TOKENS, MAX_TOKENS, MS),
    ] {
        assert!(Rate::new(burst, tokens, per_ms).is_ok());
    }
}

#[test]
fn the_greatest_arguments_at_the_ends_of_time_do_no_harm() {
    const MOST: u64 = MAX_TOKENS.unsigned_abs();
    for rate in [
        rate(1, 1, YEARS),
        rate(MAX_TOKENS, MAX_TOKENS, YEARS),
        rate(1, 1, 1),
    ] {
        for now in [0, 1, BEGIN, i64::MAX - 1, i64::MAX].map(UnixNanos::new) {
            let mut bucket = Bucket::FULL;
            for _ in 0..3 {
                bucket = bucket.charged(&rate, MOST, now).given(&rate, 1, now);
                assert!(bucket.reset(now) <= MAX_SPAN);
                assert!(bucket.remaining(&rate, now) <= MOST);
                assert_eq!(Bucket::parse(&bucket.write(), now), Some(bucket));
                for cost in [0, 1, MOST] {
                    bucket.room(&rate, cost, now);
                }
            }
        }
    }
}

#[test]
fn text_that_is_not_a_bucket_is_refused_and_an_absurd_time_is_cut() {
    for text in ["", "x", "1.5", " 1", "1 2", "+1", "1e9", "-", "nan", "1\0"] {
        assert_eq!(Bucket::parse(text.as_bytes(), at(0)), None, "{text:?}");
    }
    let debt = |ns: i128| {
        let text = (i128::from(BEGIN) + ns).to_string();
        let bucket = Bucket::parse(text.as_bytes(), at(0)).expect("a bucket");
        bucket.reset(at(0)).get()
    };
    let most = i128::from(YEARS) * i128::from(NS_PER_MS);
    for (ns, ms) in [
        (most, YEARS),
        (most + 1, 30 * DAY),
        (i128::from(i64::MAX), 30 * DAY),
        (i128::from(u64::MAX) * 1_000, 30 * DAY),
        (0, 0),
        (-1, 0),
        (i128::from(i64::MIN) * 1_000, 0),
    ] {
        assert_eq!(debt(ns), ms, "{ns} ns ahead");
    }
}
