//! A bucket of tokens as a rational number: what is missing of it is a whole number of ns, and so many tokens are there
//! as have flowed in by now.

use crate::grammar::rates::{MAX_DEBT, Rate};
use crate::grammar::words::MAX_LEASE;
use crate::model::turn::mercifully;

/// How long until it is full, in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) debt: i128,
}

/// Whether there is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    /// In so many ms.
    In(i64),
    Never,
}

impl Bucket {
    pub(crate) fn full() -> Self {
        Self { debt: 0 }
    }

    pub(crate) fn read(text: &[u8], now_ns: i128) -> Option<Self> {
        let debt = i128::from(mercifully(text)?) - now_ns;
        let absurd = debt > MAX_DEBT;
        let debt = if absurd {
            i128::from(MAX_LEASE) * 1_000_000
        } else {
            debt
        };
        Some(Self { debt: debt.max(0) })
    }

    pub(crate) fn remaining(self, rate: &Rate) -> i128 {
        let there = (capacity(rate) - self.debt).max(0) * rate.tokens;
        (there / rate.per_ns).min(rate.burst)
    }

    pub(crate) fn room(self, rate: &Rate, cost: i128) -> Room {
        if cost > rate.burst {
            return Room::Never;
        }
        if cost <= self.remaining(rate) {
            return Room::Now;
        }
        let missing = self.debt + charge(rate, cost) - capacity(rate);
        Room::In(in_ms(missing.max(0)))
    }

    pub(crate) fn taken(self, rate: &Rate, cost: i128) -> Self {
        let debt = (self.debt + charge(rate, cost)).min(MAX_DEBT);
        Self { debt }
    }

    pub(crate) fn given(self, rate: &Rate, cost: i128) -> Self {
        let debt = (self.debt - charge(rate, cost)).max(0);
        Self { debt }
    }
}

/// The ns that so many tokens take to flow in, rounded up.
fn charge(rate: &Rate, tokens: i128) -> i128 {
    (tokens * rate.per_ns + rate.tokens - 1) / rate.tokens
}

/// The burst must fit also when it is taken one by one, each rounded up, as far as that is not more than a thousandth
/// of a token.
fn capacity(rate: &Rate) -> i128 {
    let one_by_one = rate.burst * charge(rate, 1);
    one_by_one.min(charge(rate, rate.burst) + rate.per_ns / rate.tokens / 1_000)
}

/// The fewest ms that hold so many ns.
pub(crate) fn in_ms(ns: i128) -> i64 {
    i64::try_from((ns + 999_999) / 1_000_000).expect("no span is longer than a century")
}
