//! What a budget knows of one member: `<amount> <end>` while it has a reservation, and once that is settled
//! `<until>`, the time until which this is remembered. Pure.

use super::sums::FURTHEST;
use crate::integer;
use crate::time::UnixMillis;

/// The most of a limit, a cost or a settlement: the largest integer that a double holds exactly.
pub(super) const MAX_AMOUNT: i64 = (1 << 53) - 1;

/// As of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Reserved(Reservation),
    Settled,
    /// The lease has ended, or the settlement need not be remembered any more.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reservation {
    pub(super) amount: u64,
    pub(super) end: UnixMillis,
}

impl Record {
    /// A time that no record of ours can have counts as 30 days from now. `None`: the text is not a record.
    pub(super) fn parse(text: &[u8], now: UnixMillis) -> Option<Self> {
        let mut numbers = text.split(|byte| *byte == b' ').map(integer::saturating);
        let first = numbers.next()??;
        let (record, end) = match numbers.next() {
            None => (Self::Settled, UnixMillis::new(first)),
            Some(end) => {
                let end = UnixMillis::new(end?).believable(FURTHEST, now);
                let amount = amount(first)?;
                (Self::Reserved(Reservation { amount, end }), end)
            }
        };
        let is_whole = numbers.next().is_none();
        is_whole.then_some(if end > now { record } else { Self::Over })
    }
}

impl Reservation {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut digits = itoa::Buffer::new();
        let mut text = Vec::with_capacity(32);
        text.extend_from_slice(digits.format(self.amount).as_bytes());
        text.push(b' ');
        text.extend_from_slice(digits.format(self.end.get()).as_bytes());
        text
    }
}

/// An amount that one reservation can have.
fn amount(value: i64) -> Option<u64> {
    (0..=MAX_AMOUNT)
        .contains(&value)
        .then(|| value.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::{MAX_AMOUNT, Record, Reservation};
    use crate::time::UnixMillis;

    const DAY: i64 = 24 * 3_600_000;

    fn reservation(amount: u64, end: i64) -> Reservation {
        Reservation {
            amount,
            end: UnixMillis::new(end),
        }
    }

    fn parse(text: &str, now: i64) -> Option<Record> {
        Record::parse(text.as_bytes(), UnixMillis::new(now))
    }

    #[test]
    fn a_reservation_that_is_written_can_be_read() {
        let most = MAX_AMOUNT.unsigned_abs();
        for (reservation, text) in [
            (reservation(0, 1), "0 1"),
            (reservation(most, 33 * DAY), "9007199254740991 2851200000"),
        ] {
            assert_eq!(reservation.write(), text.as_bytes());
            assert_eq!(parse(text, 0), Some(Record::Reserved(reservation)));
        }
    }

    #[test]
    fn a_record_is_over_at_its_end() {
        let reserved = Record::Reserved(reservation(5, 100));
        for (text, record) in [("5 100", reserved), ("100", Record::Settled)] {
            assert_eq!(parse(text, 99), Some(record));
            assert_eq!(parse(text, 100), Some(Record::Over));
        }
    }

    #[test]
    fn text_that_is_no_record_is_refused() {
        for text in [
            "",
            " ",
            "x",
            "1.5",
            "1 ",
            " 1",
            "1  2",
            "1 2 3",
            "1 x",
            "-1 2",
            "9007199254740992 2",
            "1:2",
        ] {
            assert_eq!(parse(text, 0), None, "{text:?}");
        }
    }

    #[test]
    fn an_absurd_time_is_cut() {
        let cut = Record::Reserved(reservation(5, 30 * DAY));
        for (text, record) in [
            ("99999999999999999999", Record::Settled),
            ("-5", Record::Over),
            ("5 99999999999999999999", cut),
            ("5 2916000001", cut),
            ("5 -5", Record::Over),
        ] {
            assert_eq!(parse(text, 0), Some(record), "{text}");
        }
    }
}
