//! Amounts of money as people write them: US dollars with up to six places, exactly. Pure.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{MicroUsd, decimal::Decimal};

impl<'de> Deserialize<'de> for MicroUsd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Decimal::deserialize(from).map(|Decimal(millionths)| Self(millionths))
    }
}

impl FromStr for MicroUsd {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = Decimal::read(text).map(|Decimal(millionths)| Self(millionths));
        read.ok_or("must be US dollars, from 0 to 1000000 with at most six places")
    }
}

impl MicroUsd {
    /// With at least two places, and no more than it has.
    pub(crate) fn shortly(self) -> String {
        let places = format!("{:06}", self.0 % 1_000_000);
        let (cents, rest) = places.split_at(2);
        let rest = rest.trim_end_matches('0');
        format!("{}.{cents}{rest}", self.0 / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        for (amount, text) in [
            (0, "0.00"),
            (1, "0.000001"),
            (12_500_000, "12.50"),
            (1_234_000, "1.234"),
            (1_000_000_000_000, "1000000.00"),
        ] {
            assert_eq!(MicroUsd(amount).shortly(), text);
            assert_eq!(text.parse(), Ok(MicroUsd(amount)));
        }
        for text in ["", "-1", "1,5", "0.0000001", "$1", "1000001"] {
            assert!(text.parse::<MicroUsd>().is_err(), "{text}");
        }
    }
}
