//! What the day and the month are called in a time zone, and when they are over. Worked out once a day, not once a request.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use crate::time::UnixMillis;

/// Today, as it was asked for last.
#[derive(Debug, Default)]
pub(crate) struct Calendar(ArcSwapOption<Today>);

/// A day and its month.
#[derive(Debug)]
pub(crate) struct Today {
    zone: TimeZone,
    /// When it was looked at.
    since: UnixMillis,
    pub(crate) day: Period,
    pub(crate) month: Period,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) called: Box<str>,
    /// When the next one begins; unknown only at the end of time.
    pub(crate) until: Option<UnixMillis>,
}

impl Calendar {
    pub(crate) fn today(&self, zone: &TimeZone, now: UnixMillis) -> Arc<Today> {
        if let Some(today) = &*self.0.load()
            && today.is_still(zone, now)
        {
            return Arc::clone(today);
        }
        let today = Arc::new(Today::new(zone, now));
        self.0.store(Some(Arc::clone(&today)));
        today
    }
}

impl Today {
    pub(crate) fn new(zone: &TimeZone, now: UnixMillis) -> Self {
        let at = zoned(zone, now);
        let today = at.date();
        Self {
            zone: zone.clone(),
            since: now,
            day: Period {
                called: today.to_string().into(),
                until: begin(today.tomorrow(), &at),
            },
            month: Period {
                called: today.strftime("%Y-%m").to_string().into(),
                until: begin(today.last_of_month().tomorrow(), &at),
            },
        }
    }

    fn is_still(&self, zone: &TimeZone, now: UnixMillis) -> bool {
        let is_over = self.day.until.is_none_or(|until| until <= now);
        self.since <= now && !is_over && self.zone == *zone
    }
}

/// Where midnight is left out, the day begins when it is over.
fn begin(day: Result<Date, jiff::Error>, like: &Zoned) -> Option<UnixMillis> {
    let begin = day.ok()?.to_zoned(like.time_zone().clone()).ok()?;
    let ms = u64::try_from(begin.timestamp().as_millisecond()).ok()?;
    Some(UnixMillis(ms))
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

    fn shown(period: &Period) -> (String, String) {
        let ms = i64::try_from(period.until.unwrap().0).unwrap();
        let until = Timestamp::from_millisecond(ms).unwrap();
        (period.called.to_string(), until.to_string())
    }

    #[test]
    fn days_and_months_begin_where_their_time_zone_says() {
        for [zone, now, day, day_ends, month, month_ends] in ROWS {
            let today = Today::new(&TimeZone::get(zone).unwrap(), at(now));
            let expected = [(day, day_ends), (month, month_ends)];
            let expected = expected.map(|(name, end)| (name.to_owned(), end.to_owned()));
            assert_eq!(
                [&today.day, &today.month].map(shown),
                expected,
                "{zone} {now}"
            );
        }
    }

    #[test]
    fn a_day_is_looked_up_once_until_it_is_over_or_begins_elsewhere() {
        let (calendar, [utc, tokyo]) = (
            Calendar::default(),
            ["UTC", "Asia/Tokyo"].map(|name| TimeZone::get(name).unwrap()),
        );
        let first = calendar.today(&utc, at("2026-11-21T12:00:00Z"));
        let later = calendar.today(&utc, at("2026-11-21T23:59:59.999Z"));
        assert!(Arc::ptr_eq(&first, &later));
        for (zone, now, day) in [
            (&utc, "2026-11-22T00:00:00Z", "2026-11-22"),
            (&utc, "2026-11-21T00:00:00Z", "2026-11-21"),
            (&tokyo, "2026-11-21T15:00:00Z", "2026-11-22"),
            (&utc, "2026-11-21T15:00:00Z", "2026-11-21"),
        ] {
            assert_eq!(&*calendar.today(zone, at(now)).day.called, day, "{now}");
        }
    }
}
