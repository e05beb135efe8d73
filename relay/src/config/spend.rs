//! `[spend]` in `weir.toml`, and how much may be spent where that is limited.

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::MicroUsd;

/// Of somebody's requests together; 0 = no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpendLimits {
    pub per_day: MicroUsd,
    pub per_month: MicroUsd,
    pub total: MicroUsd,
}

/// What holds for all limits of this kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spend {
    /// Where days and months begin.
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: TimeZone,
    pub unpriced: Unpriced,
}

/// What becomes of a request for a model without a price, where spending is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unpriced {
    /// A limit that is silently not kept is none.
    #[default]
    Refuse,
    /// It is served, and counts as nothing.
    Allow,
}

impl Default for Spend {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            unpriced: Unpriced::default(),
        }
    }
}

fn time_zone<'de, D: Deserializer<'de>>(from: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(from)?;
    TimeZone::get(&name).map_err(|_| {
        let why = format!("there is no time zone `{name}`; one is called like Europe/Berlin");
        D::Error::custom(why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_time_zone_and_what_is_done_without_a_price_are_read() {
        let read = |text: &str| Config::from_toml(text).map(|config| config.spend);
        assert_eq!(read("").unwrap(), Spend::default());
        let spend = read("[spend]\ntime_zone = \"Asia/Tokyo\"\nunpriced = \"allow\"").unwrap();
        assert_eq!(spend.time_zone.iana_name(), Some("Asia/Tokyo"));
        assert_eq!(spend.unpriced, Unpriced::Allow);
        for (text, expected) in [
            (
                "[spend]\ntime_zone = \"Mars\"",
                "weir.toml line 2: time_zone: there is no time zone `Mars`; one is called like Europe/Berlin",
            ),
            (
                "[users.a]\nspend_total = -1",
                "weir.toml line 2: spend_total: invalid value: string \"-1\", expected a number from 0 to 1000000 with at most six places",
            ),
        ] {
            let refusal = Config::from_toml(text).unwrap_err();
            assert_eq!(refusal.to_string(), expected);
        }
    }
}
