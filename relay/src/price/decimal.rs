//! Decimal numbers as an operator writes them, read exactly: as text, or as a number of TOML. Pure.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

const PLACES: usize = 6;
const MOST_MILLIONTHS: u64 = 1_000_000_000_000;

/// A number from 0 to a million with at most six places, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal(pub(super) u64);

impl Decimal {
    pub(super) const ONE: Self = Self(1_000_000);

    /// To the nearest millionth.
    pub(super) fn times(self, times: Self) -> Self {
        let product = u128::from(self.0) * u128::from(times.0);
        let millionths = (product + u128::from(Self::ONE.0) / 2) / u128::from(Self::ONE.0);
        Self(u64::try_from(millionths).unwrap_or(u64::MAX))
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > PLACES {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let places: u64 = format!("{places:0<PLACES$}").parse().ok()?;
        let millionths = whole.checked_mul(1_000_000)?.checked_add(places)?;
        (millionths <= MOST_MILLIONTHS).then_some(Self(millionths))
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1000000 with at most six places")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        Decimal::read(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
        self.visit_str(&number.to_string())
    }

    /// The shortest text that is read as this number is what was written.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
        self.visit_str(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct One {
        x: Decimal,
    }

    fn read(value: &str) -> Option<u64> {
        let one: Option<One> = toml::from_str(&format!("x = {value}")).ok();
        one.map(|one| one.x.0)
    }

    #[test]
    fn numbers_and_texts_are_read_exactly() {
        for (value, expected) in [
            ("3", 3_000_000),
            ("0.1", 100_000),
            ("0.075", 75_000),
            ("1.25", 1_250_000),
            ("18.75", 18_750_000),
            ("\"0.000001\"", 1),
            ("0.000001", 1),
            ("\"1000000\"", 1_000_000_000_000),
        ] {
            assert_eq!(read(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for value in [
            "-1",
            "\"-1\"",
            "1000000.1",
            "0.0000001",
            "\"1.\"",
            "\".5\"",
            "\"1e3\"",
            "nan",
            "inf",
            "\"\"",
            "true",
            "\"1,5\"",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
