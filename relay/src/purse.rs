//! Days and months of spending: when they begin and end in a time zone, and what is said of them in Redis. Pure.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::time::UnixMillis;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Day,
    Month,
    Total,
}

/// What was spent in a period, as Redis knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purse {
    /// What tells it from others: `<whose>:<id>:<period>`.
    pub(crate) called: Box<str>,
    /// When its period is over, if ever.
    pub(crate) until: Option<UnixMillis>,
}

impl Purse {
    /// Several, as one word.
    pub(crate) fn text(all: &[Self]) -> String {
        let word = |purse: &Self| {
            let called = &purse.called;
            match purse.until {
                Some(until) => format!("{called}@{}", until.0),
                None => called.to_string(),
            }
        };
        all.iter().map(word).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn read(text: &str) -> Option<Box<[Self]>> {
        let purse = |word: &str| {
            let (called, until) = match word.split_once('@') {
                Some((name, until)) => (name, Some(UnixMillis(until.parse().ok()?))),
                None => (word, None),
            };
            let called = called.into();
            Some(Self { called, until })
        };
        text.split(',').map(purse).collect()
    }
}

impl Span {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Day => "per day",
            Self::Month => "per month",
            Self::Total => "in total",
        }
    }

    /// What it is called now, and when the next begins.
    pub(crate) fn period(self, now: &Zoned) -> (String, Option<UnixMillis>) {
        let today = now.date();
        let (name, next) = match self {
            Self::Day => (today.to_string(), today.tomorrow()),
            Self::Month => {
                let month = now.strftime("%Y-%m").to_string();
                (month, today.last_of_month().tomorrow())
            }
            Self::Total => return ("total".to_owned(), None),
        };
        // Where midnight is left out, the day begins when it is over.
        let begin = next.and_then(|day| day.to_zoned(now.time_zone().clone()));
        let until = begin.ok().map(|begin| begin.timestamp().as_millisecond());
        (
            name,
            until.and_then(|ms| u64::try_from(ms).ok()).map(UnixMillis),
        )
    }
}

pub(crate) fn zoned(zone: &TimeZone, now: UnixMillis) -> Zoned {
    let ms = i64::try_from(now.0).unwrap_or(i64::MAX);
    let now = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    now.to_zoned(zone.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where, when, the day and its end, the month and its end.
    const ROWS: [[&str; 6]; 7] = [
        [
            "UTC",
            "2026-12-31T23:59:59.999Z",
            "2026-12-31",
            "2027-01-01T00:00:00Z",
            "2026-12",
            "2027-01-01T00:00:00Z",
        ],
        [
            "UTC",
            "2027-01-01T00:00:00Z",
            "2027-01-01",
            "2027-01-02T00:00:00Z",
            "2027-01",
            "2027-02-01T00:00:00Z",
        ],
        [
            "Asia/Tokyo",
            "2026-12-31T15:00:00Z",
            "2027-01-01",
            "2027-01-01T15:00:00Z",
            "2027-01",
            "2027-01-31T15:00:00Z",
        ],
        // The day on which the clocks go forward has 23 hours.
        [
            "Europe/Berlin",
            "2026-03-28T23:00:00Z",
            "2026-03-29",
            "2026-03-29T22:00:00Z",
            "2026-03",
            "2026-03-31T22:00:00Z",
        ],
        [
            "Europe/Berlin",
            "2026-10-24T22:00:00Z",
            "2026-10-25",
            "2026-10-25T23:00:00Z",
            "2026-10",
            "2026-10-31T23:00:00Z",
        ],
        // There it goes forward at midnight.
        [
            "Asia/Beirut",
            "2026-03-28T12:00:00Z",
            "2026-03-28",
            "2026-03-28T22:00:00Z",
            "2026-03",
            "2026-03-31T21:00:00Z",
        ],
        [
            "UTC",
            "2028-02-29T12:00:00Z",
            "2028-02-29",
            "2028-03-01T00:00:00Z",
            "2028-02",
            "2028-03-01T00:00:00Z",
        ],
    ];

    fn at(text: &str) -> UnixMillis {
        let moment: Timestamp = text.parse().unwrap();
        UnixMillis(u64::try_from(moment.as_millisecond()).unwrap())
    }

    /// The periods of a day and of a month, and when they end.
    fn periods(zone: &str, now: &str) -> [(String, String); 2] {
        let now = zoned(&TimeZone::get(zone).unwrap(), at(now));
        [Span::Day, Span::Month].map(|span| {
            let (name, until) = span.period(&now);
            let ms = i64::try_from(until.unwrap().0).unwrap();
            (name, Timestamp::from_millisecond(ms).unwrap().to_string())
        })
    }

    #[test]
    fn days_and_months_begin_where_their_time_zone_says() {
        for [zone, now, day, day_ends, month, month_ends] in ROWS {
            let expected = [(day, day_ends), (month, month_ends)];
            let expected = expected.map(|(name, end)| (name.to_owned(), end.to_owned()));
            assert_eq!(periods(zone, now), expected, "{zone} {now}");
        }
    }
}
