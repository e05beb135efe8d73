//! The rules of a bucket once more, in exact fractions, and how far the bucket may be from them: nowhere where the
//! time between two tokens is a whole number of ns, else by 1 ns per charge or gift, and a thousandth of a token.

use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use proptest::{collection, prop_assert, prop_assert_eq};

use super::{Bucket, Rate, Room};
use crate::time::UnixNanos;

const BEGIN: i64 = 1_790_000_000_123_456_789;
const NS_PER_MS: i64 = 1_000_000;
const DAY: i64 = 24 * 3_600_000 * NS_PER_MS;

/// Times and spans are fractions: ns times `tokens`.
#[derive(Clone, Copy, Debug)]
struct Twin {
    burst: i128,
    tokens: i128,
    per_ns: i128,
    full_at: i128,
    /// By how much the bucket may have erred until now.
    blur: i128,
}

impl Twin {
    fn debt(&self, now: i64) -> i128 {
        (self.full_at - i128::from(now) * self.tokens).max(0)
    }

    fn take(&mut self, cost: u64, now: i64) {
        self.owe(self.debt(now) + i128::from(cost) * self.per_ns, now);
    }

    fn give(&mut self, cost: u64, now: i64) {
        self.owe(self.debt(now) - i128::from(cost) * self.per_ns, now);
    }

    fn owe(&mut self, debt: i128, now: i64) {
        self.full_at = i128::from(now) * self.tokens + debt.max(0);
        self.blur += if self.is_whole() { 0 } else { self.tokens };
    }

    fn is_whole(&self) -> bool {
        self.per_ns % self.tokens == 0
    }

    /// By how much more room the bucket may see than there is.
    fn grace(&self) -> i128 {
        if self.is_whole() {
            0
        } else {
            self.blur + self.tokens + self.per_ns / 1_000
        }
    }

    /// By how much there is too little room for the cost; negative: by how much there is more.
    fn short(&self, cost: u64, now: i64) -> i128 {
        self.debt(now) + (i128::from(cost) - self.burst) * self.per_ns
    }

    /// Whole tokens, if the debt were larger by so much.
    fn remaining(&self, more: i128, now: i64) -> i128 {
        let room = self.burst * self.per_ns - self.debt(now) - more;
        (room / self.per_ns).clamp(0, self.burst)
    }

    /// In ms, rounded up.
    fn ms(&self, fraction: i128) -> i64 {
        let ms = self.tokens * i128::from(NS_PER_MS);
        let rounded_up = (fraction.max(0) + ms - 1) / ms;
        i64::try_from(rounded_up).expect("the rates are quick enough")
    }

    /// What the bucket says is what is true, or as near as it may be.
    fn agrees(&self, room: Room, cost: u64, now: i64) -> Result<(), TestCaseError> {
        let short = self.short(cost, now);
        match room {
            Room::Never => prop_assert!(i128::from(cost) > self.burst),
            Room::Now => prop_assert!(cost == 0 || short <= self.grace()),
            Room::In(wait) => {
                prop_assert!(i128::from(cost) <= self.burst && short > -self.blur);
                let least = self.ms(short - self.grace()).max(1);
                let most = self.ms(short + self.blur);
                prop_assert!((least..=most).contains(&wait.get()), "{least} to {most}");
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Take(u64),
    Force(u64),
    Give(u64),
    /// The clock goes on by so many ns, or is set back.
    Clock(i64),
}

/// Burst, tokens, and in how many ms; quick enough that many bursts come back within the longest debt.
fn rates() -> impl Strategy<Value = (i64, i64, i64)> {
    let rates = prop_oneof![
        (1..10_i64, 1..10_i64, 1..2_000_i64),
        (1..100_000_i64, 1..1_000_000_i64, 1..100_000_i64),
        (
            1..1_000_000_000_i64,
            1..1_000_000_000_i64,
            1_000..100_000_i64
        ),
        (1..50_i64, 1..3_i64, 1..86_400_001_i64),
        (1..1_000_i64, 1..1_000_i64, 1..1_000_i64).prop_map(|(b, n, ms)| (b, n, n * ms)),
    ];
    rates.prop_filter("too slow, or no rate", |(burst, tokens, per_ms)| {
        let fills_in = i128::from(*burst) * i128::from(per_ms * NS_PER_MS) / i128::from(*tokens);
        fills_in < i128::from(50 * DAY) && Rate::new(*burst, *tokens, *per_ms).is_ok()
    })
}

/// Amounts of some tokens or about a burst; times of some tokens or about a burst.
fn steps((burst, tokens, per_ms): (i64, i64, i64)) -> impl Strategy<Value = Vec<Step>> {
    let one = per_ms * NS_PER_MS / tokens;
    let all = one * burst;
    let cost = move || prop_oneof![0..4_u64, 0..burst.unsigned_abs() + 2];
    let span = prop_oneof![0..2 * one + 2, 0..all + 2, -one..1];
    let step = prop_oneof![
        6 => cost().prop_map(Step::Take),
        1 => cost().prop_map(Step::Force),
        2 => cost().prop_map(Step::Give),
        4 => span.prop_map(Step::Clock),
    ];
    collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn it_does_what_exact_fractions_do(
        ((burst, tokens, per_ms), steps) in rates().prop_flat_map(|rate| (Just(rate), steps(rate)))
    ) {
        let rate = Rate::new(burst, tokens, per_ms).expect("a rate that may be");
        let (mut bucket, mut now) = (Bucket::FULL, BEGIN);
        let mut twin = Twin {
            burst: burst.into(),
            tokens: tokens.into(),
            per_ns: i128::from(per_ms * NS_PER_MS),
            full_at: 0,
            blur: 0,
        };
        for step in steps {
            let at = UnixNanos::new(now);
            match step {
                Step::Take(cost) => {
                    let room = bucket.room(&rate, cost, at);
                    twin.agrees(room, cost, now)?;
                    if room == Room::Now {
                        bucket = bucket.charged(&rate, cost, at);
                        twin.take(cost, now);
                    }
                }
                Step::Force(cost) => {
                    bucket = bucket.charged(&rate, cost, at);
                    twin.take(cost, now);
                }
                Step::Give(cost) => {
                    bucket = bucket.given(&rate, cost, at);
                    twin.give(cost, now);
                }
                Step::Clock(span) => now += span,
            }
            let at = UnixNanos::new(now);
            let left = i128::from(bucket.remaining(&rate, at));
            let (least, most) = (twin.remaining(twin.blur, now), twin.remaining(-twin.grace(), now));
            prop_assert!((least..=most).contains(&left), "{} is not {} to {}", left, least, most);
            let owed = i128::try_from(bucket.debt(at)).expect("it is at most 10 years") * twin.tokens;
            prop_assert!((owed - twin.debt(now)).abs() <= twin.blur);
            if twin.is_whole() {
                prop_assert_eq!(bucket.reset(at).get(), twin.ms(twin.debt(now)));
            }
        }
    }
}
