//! What is reserved in a budget: its live reservations, summed by when they end. Ends are rounded up, so there are few
//! sums however many reservations there are: at most 18 of one lease, 500 of all. What has ended is left out,
//! so whatever somebody else did to a record, its sum is right again when that lease has ended. Pure.

use super::record::Reservation;
use crate::time::{MAX_LEASE, Millis, UnixMillis};

/// An end is rounded up by at most this part of the lease.
const PART: i64 = 8;
/// How many sums there are at most when all have the same lease.
const USUAL: usize = 18;
/// No reservation of ours ends later than so long from now.
pub(super) const FURTHEST: Millis = Millis::new(MAX_LEASE.get() + MAX_LEASE.get() / PART);

/// As it is stored: `<end>:<amount>:<count>` of each, soonest end first, joined by blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums(Vec<Sum>);

/// Reservations that end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    end: UnixMillis,
    amount: u64,
    count: u64,
}

/// When a reservation with this lease ends: at the next multiple of a power of two.
pub(super) fn end_of(lease: Millis, now: UnixMillis) -> UnixMillis {
    let step = 1 << (lease.get() / PART).max(1).ilog2();
    let end = now.plus(lease).get();
    UnixMillis::new(end.saturating_add(step - 1) / step * step)
}

impl Sums {
    /// The live ones. A time that no reservation can have counts as 30 days from now. `None`: the text is not ours.
    pub(super) fn parse(text: &[u8], now: UnixMillis) -> Option<Self> {
        let mut live = Vec::with_capacity(USUAL);
        let mut rest = text;
        while !rest.is_empty() {
            let sum = Sum::read(&mut rest, now)?;
            if sum.end > now {
                live.push(sum);
            }
        }
        Some(Self(live))
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(32 * self.0.len());
        let mut digits = itoa::Buffer::new();
        for sum in &self.0 {
            text.extend_from_slice(digits.format(sum.end.get()).as_bytes());
            text.push(b':');
            text.extend_from_slice(digits.format(sum.amount).as_bytes());
            text.push(b':');
            text.extend_from_slice(digits.format(sum.count).as_bytes());
            text.push(b' ');
        }
        text.pop();
        text
    }

    pub(super) fn amount(&self) -> u64 {
        let amounts = self.0.iter().map(|sum| sum.amount);
        amounts.fold(0, u64::saturating_add)
    }

    /// How many reservations there are.
    pub(super) fn count(&self) -> u64 {
        let counts = self.0.iter().map(|sum| sum.count);
        counts.fold(0, u64::saturating_add)
    }

    pub(super) fn add(&mut self, one: Reservation) {
        match self.0.iter_mut().find(|sum| sum.end == one.end) {
            Some(sum) => {
                sum.amount = sum.amount.saturating_add(one.amount);
                sum.count = sum.count.saturating_add(1);
            }
            None => {
                let at = self.0.partition_point(|sum| sum.end < one.end);
                self.0.insert(at, Sum::of(one));
            }
        }
    }

    /// Of one that has been added and is live.
    pub(super) fn remove(&mut self, one: Reservation) {
        let Some(at) = self.0.iter().position(|sum| sum.end == one.end) else {
            return;
        };
        let sum = &mut self.0[at];
        sum.amount = sum.amount.saturating_sub(one.amount);
        sum.count = sum.count.saturating_sub(1);
        if sum.count == 0 {
            self.0.remove(at);
        }
    }
}

impl Sum {
    fn of(one: Reservation) -> Self {
        Self {
            end: one.end,
            amount: one.amount,
            count: 1,
        }
    }

    /// The first of a text, which goes on behind it.
    fn read(text: &mut &[u8], now: UnixMillis) -> Option<Self> {
        let end = i64::try_from(number(text, b':')?).unwrap_or(i64::MAX);
        Some(Self {
            end: UnixMillis::new(end).believable(FURTHEST, now),
            amount: number(text, b':')?,
            count: number(text, b' ')?,
        })
    }
}

/// The number before a separator, or before the end of the text. Each command reads all sums: so this is one pass.
fn number(text: &mut &[u8], separator: u8) -> Option<u64> {
    let mut value = 0_u64;
    for (at, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value.saturating_mul(10).saturating_add(digit.into());
        } else if *byte == separator && at > 0 {
            *text = &text[at + 1..];
            return Some(value);
        } else {
            return None;
        }
    }
    let is_last = separator == b' ' && !text.is_empty();
    *text = &[];
    is_last.then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::{Sums, end_of};
    use crate::budget::record::Reservation;
    use crate::time::{MAX_LEASE, Millis, UnixMillis};

    const NOW: UnixMillis = UnixMillis::ZERO;

    fn sums(text: &str) -> Option<Sums> {
        Sums::parse(text.as_bytes(), NOW)
    }

    fn reservation(amount: u64, end: i64) -> Reservation {
        Reservation {
            amount,
            end: UnixMillis::new(end),
        }
    }

    #[test]
    fn reservations_are_summed_by_their_ends() {
        let mut sums = Sums::default();
        for (amount, end) in [(5, 200), (7, 100), (1, 200), (0, 300)] {
            sums.add(reservation(amount, end));
        }
        assert_eq!(sums.write(), b"100:7:1 200:6:2 300:0:1");
        assert_eq!((sums.amount(), sums.count()), (13, 4));
        sums.remove(reservation(5, 200));
        sums.remove(reservation(0, 300));
        sums.remove(reservation(9, 400));
        assert_eq!(sums.write(), b"100:7:1 200:1:1");
        sums.remove(reservation(1, 200));
        sums.remove(reservation(7, 100));
        assert_eq!(sums, Sums::default());
        assert_eq!(sums.write(), b"");
    }

    #[test]
    fn what_is_written_can_be_read_but_for_what_has_ended() {
        let text = b"100:7:1 200:6:2";
        for (now, live) in [
            (99, &text[..]),
            (100, b"200:6:2"),
            (199, b"200:6:2"),
            (200, b""),
        ] {
            let sums = Sums::parse(text, UnixMillis::new(now)).expect("they are ours");
            assert_eq!(sums.write(), live, "at {now}");
        }
    }

    #[test]
    fn text_that_is_not_ours_is_refused_and_absurd_numbers_are_cut() {
        for text in [
            "x",
            " ",
            "1",
            "1:2",
            "1:2:",
            ":2:3",
            "1::3",
            "1:2:3:4",
            "-1:2:3",
            "1:-2:3",
            "1:2:3,4:5:6",
            "1:2:3  4:5:6",
            " 1:2:3",
            "1 2:3:4",
        ] {
            assert_eq!(sums(text), None, "{text}");
        }
        let huge = sums("99999999999999999999:99999999999999999999:99999999999999999999 5:7:1")
            .expect("they are numbers");
        assert_eq!(huge.amount(), u64::MAX);
        assert_eq!(huge.0[0].end, NOW.plus(MAX_LEASE));
    }

    proptest! {
        #[test]
        fn an_end_is_no_earlier_than_the_lease_and_at_most_an_eighth_later(
            now in 0..2_000_000_000_000_i64,
            lease in 1..=MAX_LEASE.get(),
        ) {
            let end = end_of(Millis::new(lease), UnixMillis::new(now)).get();
            assert!((now + lease..=now + lease + lease / 8).contains(&end));
        }

        #[test]
        fn reservations_of_one_lease_have_few_ends(lease in 1..100_000_i64, begin in 0..100_000_i64) {
            let ends = (begin..begin + lease).map(|now| end_of(Millis::new(lease), UnixMillis::new(now)));
            let mut ends: Vec<_> = ends.collect();
            assert!(ends.is_sorted());
            ends.dedup();
            assert!(ends.len() <= 18, "{}", ends.len());
        }
    }
}
