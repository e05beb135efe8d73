//! A bucket of tokens that fills at a steady rate. What is remembered is when it will be full, which GCRA calls the
//! theoretical arrival time. Pure. Spans are whole ns in 128 bits, which hold every product of checked arguments;
//! what is charged is rounded up, so that over time no more than the rate is given.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;

use crate::error::Error;
use crate::integer;
use crate::time::{MAX_LEASE, MAX_SPAN, Millis, UnixMillis, UnixNanos};

/// The most tokens of a burst, a rate or a cost.
pub(crate) const MAX_TOKENS: i64 = 1_000_000_000_000;
/// Whatever it is charged, a bucket is full again after so long.
const MAX_DEBT: u128 = MAX_SPAN.nanos();

/// How much a bucket holds, and how much flows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    burst: u128,
    tokens: u128,
    per_ns: u128,
    /// How long an empty bucket takes to be full.
    capacity: u128,
}

/// So much of the rate that is kept under a key.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) db: i32,
    pub(crate) key: Box<[u8]>,
    pub(crate) rate: Rate,
    pub(crate) cost: u64,
}

/// Whether so much can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    /// Then, if nobody else takes before.
    In(Millis),
    /// The bucket does not hold so much.
    Never,
}

/// As it is stored: the ns since 1970 at which it is full, in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    full_at: UnixNanos,
}

impl Rate {
    /// So many tokens in every `per_ms`, at most one per ns; the burst flows in within 10 years.
    pub(crate) fn new(burst: i64, tokens: i64, per_ms: i64) -> Result<Self, Error> {
        within("PER", per_ms, MAX_SPAN.get())?;
        let per_ns = Millis::new(per_ms).nanos();
        let tokens = within("RATE", tokens, fewer(per_ns))?;
        let burst = within("BURST", burst, fewer(MAX_DEBT * tokens / per_ns))?;
        Ok(Self {
            burst,
            tokens,
            per_ns,
            capacity: capacity(burst, tokens, per_ns),
        })
    }

    /// How long so many tokens take to flow in, rounded up.
    fn span_of(&self, tokens: u128) -> u128 {
        span_of(tokens, self.tokens, self.per_ns)
    }

    /// How many whole tokens flow in meanwhile.
    fn tokens_in(&self, span_ns: u128) -> u128 {
        span_ns * self.tokens / self.per_ns
    }
}

impl Bucket {
    pub(crate) const FULL: Self = Self {
        full_at: UnixNanos::ZERO,
    };

    /// A time that no bucket of ours can have counts as 30 days from now. `None`: the text is not a bucket.
    pub(crate) fn parse(text: &[u8], now: UnixNanos) -> Option<Self> {
        let full_at = UnixNanos::new(integer::saturating(text)?);
        let is_absurd = full_at.since(now) > MAX_DEBT;
        Some(if is_absurd {
            Self::in_debt(MAX_LEASE.nanos(), now)
        } else {
            Self { full_at }
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        self.full_at.get().to_string().into_bytes()
    }

    /// How many whole tokens it has.
    pub(crate) fn remaining(&self, rate: &Rate, now: UnixNanos) -> u64 {
        let span = rate.capacity.saturating_sub(self.debt(now));
        let tokens = rate.tokens_in(span).min(rate.burst);
        u64::try_from(tokens).expect("no burst is larger")
    }

    pub(crate) fn room(&self, rate: &Rate, cost: u64, now: UnixNanos) -> Room {
        if u128::from(cost) > rate.burst {
            return Room::Never;
        }
        if cost <= self.remaining(rate, now) {
            return Room::Now;
        }
        let after = self.debt(now) + rate.span_of(cost.into());
        Room::In(Millis::holding(after.saturating_sub(rate.capacity)))
    }

    /// With so much taken, whether there is room for it or not.
    pub(crate) fn charged(self, rate: &Rate, cost: u64, now: UnixNanos) -> Self {
        Self::in_debt(self.debt(now) + rate.span_of(cost.into()), now)
    }

    /// With so much put back, as much as was charged for it; what does not fit is lost.
    pub(crate) fn given(self, rate: &Rate, cost: u64, now: UnixNanos) -> Self {
        let span = rate.span_of(cost.into());
        Self::in_debt(self.debt(now).saturating_sub(span), now)
    }

    /// Until it is full.
    pub(crate) fn reset(&self, now: UnixNanos) -> Millis {
        Millis::holding(self.debt(now))
    }

    /// When it is full, as any bucket that is not stored; `None`: it is full already.
    pub(crate) fn forget_at(&self, now: UnixNanos) -> Option<UnixMillis> {
        (self.full_at > now).then(|| self.full_at.rounded_up())
    }

    /// How long what is missing takes to flow in.
    pub(crate) fn debt(&self, now: UnixNanos) -> u128 {
        self.full_at.since(now)
    }

    fn in_debt(debt: u128, now: UnixNanos) -> Self {
        Self {
            full_at: now.plus(debt.min(MAX_DEBT)),
        }
    }
}

/// How long so many tokens take to flow in, rounded up.
fn span_of(tokens: u128, flows: u128, per_ns: u128) -> u128 {
    (tokens * per_ns).div_ceil(flows)
}

/// How long an empty bucket takes to be full. The whole burst must fit also when it is taken one by one, each
/// rounded up; but what that adds is never more than a thousandth of a token.
fn capacity(burst: u128, flows: u128, per_ns: u128) -> u128 {
    let at_once = span_of(burst, flows, per_ns);
    let one_by_one = burst * span_of(1, flows, per_ns);
    one_by_one.min(at_once + per_ns / flows / 1_000)
}

/// The value, if it is 1 to `max`.
fn within(argument: &'static str, value: i64, max: i64) -> Result<u128, Error> {
    let min = 1;
    if !(min..=max).contains(&value) {
        return Err(Error::NotInRange { argument, min, max });
    }
    Ok(value.unsigned_abs().into())
}

/// The most tokens that an argument may name where there may be no more than this.
fn fewer(most: u128) -> i64 {
    i64::try_from(most).map_or(MAX_TOKENS, |most| most.min(MAX_TOKENS))
}
