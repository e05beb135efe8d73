//! Wall time in milliseconds, in nanoseconds where those are too coarse, and the bounds that every span from outside must keep.
//! Pure: nothing here reads a clock (`clock` does).

/// A point in time, in ms since 1970, by the server's clock. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixMillis(i64);

/// A point in time, in ns since 1970, by the same clock. Never negative; good until the year 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnixNanos(i64);

/// A span of time in ms. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(i64);

const NANOS: u128 = 1_000_000;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// The longest lease: what holds longer than this is a mistake.
pub(crate) const MAX_LEASE: Millis = Millis(30 * DAY);
/// The longest life of anything else.
pub(crate) const MAX_SPAN: Millis = Millis(3_650 * DAY);
/// The longest spacing between two turns.
pub(crate) const MAX_DELAY: Millis = Millis(24 * HOUR);

impl UnixMillis {
    /// The beginning of time, which stands for "not yet" where a time may be missing.
    pub(crate) const ZERO: Self = Self(0);
    /// Later than anything that will come.
    pub(crate) const NEVER: Self = Self(i64::MAX);

    pub(crate) fn new(ms: i64) -> Self {
        Self(ms.max(0))
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }

    pub(crate) fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    pub(crate) fn minus(self, span: Millis) -> Self {
        Self::new(self.0.saturating_sub(span.0))
    }

    /// How long it is from `earlier` to this; nothing when it lies ahead.
    pub(crate) fn since(self, earlier: Self) -> Millis {
        Millis::new(self.0.saturating_sub(earlier.0))
    }

    /// A stored time further ahead than anything of ours can be counts as 30 days from now.
    pub(crate) fn believable(self, furthest: Millis, now: Self) -> Self {
        if self > now.plus(furthest) {
            now.plus(MAX_LEASE)
        } else {
            self
        }
    }
}

impl UnixNanos {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) fn new(ns: i64) -> Self {
        Self(ns.max(0))
    }

    pub(crate) fn of_micros(us: i64) -> Self {
        Self::new(us.saturating_mul(1_000))
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }

    pub(crate) fn plus(self, span_ns: u128) -> Self {
        let span = i64::try_from(span_ns).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(span))
    }

    /// How many ns it is from `earlier` to this; none when it lies ahead.
    pub(crate) fn since(self, earlier: Self) -> u128 {
        u128::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The first ms that is not before it.
    pub(crate) fn rounded_up(self) -> UnixMillis {
        let since_1970 = Millis::holding(self.since(Self::ZERO));
        UnixMillis(since_1970.0)
    }
}

impl Millis {
    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const MINUTE: Self = Self(60 * SECOND);

    pub(crate) const fn new(ms: i64) -> Self {
        Self(if ms < 0 { 0 } else { ms })
    }

    /// The fewest ms that hold so many ns.
    pub(crate) fn holding(ns: u128) -> Self {
        Self(i64::try_from(ns.div_ceil(NANOS)).unwrap_or(i64::MAX))
    }

    pub(crate) const fn get(self) -> i64 {
        self.0
    }

    pub(crate) const fn nanos(self) -> u128 {
        self.0 as u128 * NANOS
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self::new(self.0.saturating_sub(other.0))
    }

    /// Three quarters of it.
    pub(crate) fn most(self) -> Self {
        Self(self.0 - self.0 / 4)
    }
}
