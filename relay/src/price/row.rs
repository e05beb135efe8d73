//! The price of a model as it is written, bundled or in `weir.toml`: US dollars for a million tokens of each class, and
//! how many times as much a tier, a region or a long prompt makes of it. What has no price of its own costs as much as
//! other input or output. Pure.

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{decimal::Decimal, peak::Peak};
use crate::time::UnixMillis;

/// A price, and the one that follows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub(super) input: Decimal,
    /// What makes no output needs none.
    pub(super) output: Option<Decimal>,
    pub(super) cache_read: Option<Decimal>,
    pub(super) cache_write_5m: Option<Decimal>,
    pub(super) cache_write_1h: Option<Decimal>,
    pub(super) input_audio: Option<Decimal>,
    pub(super) cache_read_audio: Option<Decimal>,
    pub(super) output_audio: Option<Decimal>,
    pub(super) output_image: Option<Decimal>,
    /// For a thousand.
    pub(super) web_search: Option<Decimal>,
    /// Times, of all tokens.
    pub(super) batch: Option<Decimal>,
    pub(super) flex: Option<Decimal>,
    pub(super) priority: Option<Decimal>,
    pub(super) fast: Option<Decimal>,
    pub(super) us: Option<Decimal>,
    /// Where somebody else has it run in one region or one part of the world.
    regional: Option<Decimal>,
    pub(super) long: Option<Long>,
    peak: Option<Box<Peak>>,
    later: Option<Box<Later>>,
}

/// How many times as much all of a request costs whose prompt is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Long {
    /// Tokens.
    pub(super) above: u64,
    pub(super) input: Decimal,
    pub(super) output: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    #[serde(deserialize_with = "day")]
    from: UnixMillis,
    price: Price,
}

impl Price {
    /// The one that holds at a time.
    pub(super) fn at(&self, at: UnixMillis) -> &Self {
        match &self.later {
            Some(later) if later.from <= at => later.price.at(at),
            _ => match &self.peak {
                Some(peak) if peak.is_at(at) => &peak.price,
                _ => self,
            },
        }
    }

    /// What it is where it is resold regionally.
    pub(super) fn regional(&self) -> Self {
        let times = self.regional.unwrap_or(Decimal::ONE);
        let scaled = |price: Option<Decimal>| price.map(|price| price.times(times));
        let later = self.later.as_ref().map(|later| {
            let price = later.price.regional();
            Box::new(Later { price, ..**later })
        });
        Self {
            input: self.input.times(times),
            output: scaled(self.output),
            cache_read: scaled(self.cache_read),
            cache_write_5m: scaled(self.cache_write_5m),
            cache_write_1h: scaled(self.cache_write_1h),
            later,
            ..self.clone()
        }
    }
}

/// Where a day of UTC begins.
fn day<'de, D: Deserializer<'de>>(from: D) -> Result<UnixMillis, D::Error> {
    let text = String::deserialize(from)?;
    let day: Date = text.parse().map_err(D::Error::custom)?;
    let begin = day.to_zoned(TimeZone::UTC).map_err(D::Error::custom)?;
    let millis = begin.timestamp().as_millisecond();
    u64::try_from(millis)
        .map(UnixMillis)
        .map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_price_holds_from_its_day_on() {
        let price: Price = toml::from_str(
            "input = 2\nlater = { from = \"2026-12-01\", price = { input = 4, later = { from = \"2027-01-01\", price = { input = 5 } } } }",
        )
        .unwrap();
        const DECEMBER: u64 = 1_796_083_200_000;
        for (at, expected) in [
            (0, 2),
            (DECEMBER - 1, 2),
            (DECEMBER, 4),
            (DECEMBER + 31 * 86_400_000 - 1, 4),
            (DECEMBER + 31 * 86_400_000, 5),
        ] {
            let input = price.at(UnixMillis(at)).input;
            assert_eq!(input, Decimal(expected * 1_000_000), "{at}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "",
            "output = 1",
            "input = -1",
            "input = 1\ninptu = 2",
            "input = 1\nlong = { above = 5 }",
            "input = 1\nlater = { from = \"soon\", price = { input = 1 } }",
        ] {
            assert!(toml::from_str::<Price>(text).is_err(), "{text}");
        }
    }
}
