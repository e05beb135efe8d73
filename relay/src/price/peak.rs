//! A price for the busy hours of working days. Pure.

use serde::Deserialize;

use super::Price;
use crate::time::UnixMillis;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// From Monday to Friday, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peak {
    /// From each first one until the second begins.
    hours: Vec<[u64; 2]>,
    pub(super) price: Price,
}

impl Peak {
    pub(super) fn is_at(&self, at: UnixMillis) -> bool {
        let hour = at.0 % DAY_MS / HOUR_MS;
        // 1970 began on a Thursday.
        let day = (at.0 / DAY_MS + 3) % 7;
        let within = |[from, until]: &[u64; 2]| (*from..*until).contains(&hour);
        day < 5 && self.hours.iter().any(within)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn it_holds_in_its_hours_from_monday_to_friday() {
        let peak: Peak =
            toml::from_str("hours = [[1, 4], [6, 10]]\nprice = { input = 2 }").unwrap();
        for (at, expected) in [
            ("2026-11-20T00:59:59.999Z", false),
            ("2026-11-20T01:00:00Z", true),
            ("2026-11-20T03:59:59.999Z", true),
            ("2026-11-20T04:00:00Z", false),
            ("2026-11-20T06:00:00Z", true),
            ("2026-11-20T10:00:00Z", false),
            // A Saturday and a Sunday.
            ("2026-11-21T02:00:00Z", false),
            ("2026-11-22T02:00:00Z", false),
            ("2026-11-23T02:00:00Z", true),
        ] {
            let moment: Timestamp = at.parse().unwrap();
            let ms = u64::try_from(moment.as_millisecond()).unwrap();
            assert_eq!(peak.is_at(UnixMillis(ms)), expected, "{at}");
        }
    }
}
