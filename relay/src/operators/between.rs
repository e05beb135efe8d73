//! The times between which operators look.

use super::error::Refusal;

/// The end of the year 9999, in milliseconds since 1970.
const LATEST_MS: u64 = 253_402_300_799_999;

/// `from_ms` lies before `to_ms`, and neither beyond the calendar.
pub(super) fn check(from_ms: Option<u64>, to_ms: Option<u64>) -> Result<(), Refusal> {
    let later = |ms: &u64| *ms > LATEST_MS;
    let of = |field, why| Err(Refusal::of_field(field, why));
    match (from_ms, to_ms) {
        (Some(from), _) if later(&from) => of("from_ms", "lies after the year 9999"),
        (_, Some(to)) if later(&to) => of("to_ms", "lies after the year 9999"),
        (_, Some(0)) => of("to_ms", "lies before everything"),
        (Some(from), Some(to)) if from >= to => of("from_ms", "must lie before to_ms"),
        (_, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_begins_before_it_ends_and_within_the_calendar() {
        for (from, to, is_fine) in [
            (None, None, true),
            (Some(0), None, true),
            (None, Some(1), true),
            (Some(1), Some(2), true),
            (Some(LATEST_MS - 1), Some(LATEST_MS), true),
            (Some(2), Some(2), false),
            (Some(3), Some(2), false),
            (None, Some(0), false),
            (Some(LATEST_MS + 1), None, false),
            (None, Some(u64::MAX), false),
        ] {
            assert_eq!(check(from, to).is_ok(), is_fine, "{from:?} {to:?}");
        }
    }
}
