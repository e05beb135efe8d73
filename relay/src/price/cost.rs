//! What an answer costs by the price of its model: reckoned in millionths of millionths of a dollar, rounded once. Pure.

use super::{Price, decimal::Decimal, row::Long};
use crate::{
    time::UnixMillis,
    usage::{Region, Tier, Usage, number},
};

/// Millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(pub u64);

/// A billion dollars: nothing costs more, and sums of it are far from the end of 64 bits.
const MOST: u128 = 1_000_000_000_000_000;
/// A price for a thousand, in what one of a million's is in.
const PER_THOUSAND: u128 = 1_000;

impl Price {
    /// None where a part of it has no price here.
    pub(super) fn cost(&self, usage: &Usage, at: UnixMillis) -> Option<MicroUsd> {
        let price = self.at(at);
        let (times_input, times_output) = price.length_times(usage);
        let times = [price.tier_times(usage)?, price.region_times(usage)?];
        let input = scaled(price.input_cost(usage), times_input);
        let output = scaled(price.output_cost(usage)?, times_output);
        let tokens = times.into_iter().fold(input.saturating_add(output), scaled);
        let searches = match number(usage.web_searches) {
            0 => 0,
            searches => u128::from(searches) * u128::from(price.web_search?.0) * PER_THOUSAND,
        };
        Some(rounded(tokens.saturating_add(exact(searches))))
    }

    /// What so many tokens of input would have cost more than they did as read from a cache.
    pub(super) fn saved(&self, tokens: u64, at: UnixMillis) -> MicroUsd {
        let price = self.at(at);
        let read = price.cache_read.unwrap_or(price.input);
        let difference = price.input.0.saturating_sub(read.0);
        rounded(exact(priced((tokens, Decimal(difference)))))
    }

    fn input_cost(&self, usage: &Usage) -> u128 {
        let or_input = |own: Option<Decimal>| own.unwrap_or(self.input);
        let read = or_input(self.cache_read);
        let special = usage.special;
        let input = split(usage.input, special.input_audio);
        let cached = split(usage.cache_read, special.cache_read_audio);
        [
            (input.rest, self.input),
            (input.special, or_input(self.input_audio)),
            (cached.rest, read),
            (cached.special, self.cache_read_audio.unwrap_or(read)),
            (usage.cache_write_5m(), or_input(self.cache_write_5m)),
            (number(usage.cache_write_1h), or_input(self.cache_write_1h)),
        ]
        .into_iter()
        .map(priced)
        .sum()
    }

    fn output_cost(&self, usage: &Usage) -> Option<u128> {
        if number(usage.output) == 0 {
            return Some(0);
        }
        let output = self.output?;
        let audio = split(usage.output, usage.special.output_audio);
        let image = split(Some(audio.rest), usage.special.output_image);
        let parts = [
            (image.rest, output),
            (audio.special, self.output_audio.unwrap_or(output)),
            (image.special, self.output_image.unwrap_or(output)),
        ];
        Some(parts.into_iter().map(priced).sum())
    }

    fn length_times(&self, usage: &Usage) -> (Decimal, Decimal) {
        match self.long {
            Some(Long {
                above,
                input,
                output,
            }) if usage.prompt().0 > above => (input, output),
            _ => (Decimal::ONE, Decimal::ONE),
        }
    }

    fn tier_times(&self, usage: &Usage) -> Option<Decimal> {
        match usage.tier {
            None | Some(Tier::Standard) => Some(Decimal::ONE),
            Some(Tier::Batch) => self.batch,
            Some(Tier::Flex) => self.flex,
            Some(Tier::Priority) => self.priority,
            Some(Tier::Fast) => self.fast,
            Some(Tier::Other) => None,
        }
    }

    fn region_times(&self, usage: &Usage) -> Option<Decimal> {
        match usage.region {
            None | Some(Region::Anywhere) => Some(Decimal::ONE),
            Some(Region::Us) => self.us,
            Some(Region::Other) => None,
        }
    }
}

/// Tokens of a class, and those of them that have a price of their own.
struct Split {
    rest: u64,
    special: u64,
}

fn split(all: Option<u64>, special: Option<u64>) -> Split {
    let all = number(all);
    let special = number(special).min(all);
    Split {
        rest: all - special,
        special,
    }
}

fn priced((tokens, price): (u64, Decimal)) -> u128 {
    u128::from(tokens) * u128::from(price.0)
}

/// Three factors, each in millionths, are only taken out at the end.
const FACTORS: u128 = 1_000_000_000_000_000_000;

fn exact(cost: u128) -> u128 {
    cost.saturating_mul(FACTORS)
}

fn scaled(cost: u128, times: Decimal) -> u128 {
    cost.saturating_mul(u128::from(times.0))
}

/// To the nearest millionth of a dollar; what costs anything costs one.
fn rounded(cost: u128) -> MicroUsd {
    const MICRO: u128 = FACTORS * 1_000_000;
    let nearest = cost.saturating_add(MICRO / 2) / MICRO;
    let micro = nearest.clamp(u128::from(cost > 0), MOST);
    MicroUsd(u64::try_from(micro).expect("it is bounded"))
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::*;
    use crate::usage::Special;

    const NOW: UnixMillis = UnixMillis(1_795_200_000_000);

    fn price(toml: &str) -> Price {
        toml::from_str(toml).unwrap()
    }

    fn cost(price: &Price, usage: &Usage) -> Option<u64> {
        price.cost(usage, NOW).map(|cost| cost.0)
    }

    #[test]
    fn each_class_has_its_price_or_that_of_other_input_or_output() {
        let usage = Usage {
            input: Some(1_000),
            output: Some(2_000),
            cache_read: Some(10_000),
            cache_write: Some(500),
            cache_write_1h: Some(200),
            reasoning: Some(1_500),
            ..Usage::default()
        };
        let all = price(
            "input = 4\noutput = 20\ncache_read = 0.2\ncache_write_5m = 5\ncache_write_1h = 8",
        );
        let expected = 1_000 * 4 + 2_000 * 20 + 10_000 / 5 + 300 * 5 + 200 * 8;
        assert_eq!(cost(&all, &usage), Some(expected));
        let expected = (1_000 + 10_000 + 500) * 4 + 2_000 * 20;
        assert_eq!(
            cost(&price("input = 4\noutput = 20"), &usage),
            Some(expected)
        );
        assert_eq!(
            cost(&price("input = 4"), &usage),
            None,
            "its output has no price"
        );
    }

    #[test]
    fn sound_and_pictures_have_prices_of_their_own() {
        let usage = Usage {
            input: Some(100),
            cache_read: Some(50),
            output: Some(70),
            special: Special {
                input_audio: Some(40),
                cache_read_audio: Some(10),
                output_audio: Some(20),
                output_image: Some(30),
            },
            ..Usage::default()
        };
        let price = price(
            "input = 1\ncache_read = 2\noutput = 3\ninput_audio = 10\ncache_read_audio = 20\noutput_audio = 30\noutput_image = 100",
        );
        let expected = 60 + 40 * 10 + 40 * 2 + 10 * 20 + 20 * 3 + 20 * 30 + 30 * 100;
        assert_eq!(cost(&price, &usage), Some(expected));
    }

    #[test]
    fn tier_region_length_and_searches_count() {
        let price = price(
            "input = 2\noutput = 10\nweb_search = 10\nbatch = 0.5\nfast = 2\nus = 1.1\nlong = { above = 200, input = 2, output = 1.5 }",
        );
        let usage = |input: u64, tier: Option<Tier>, region: Option<Region>| Usage {
            input: Some(input),
            output: Some(10),
            tier,
            region,
            ..Usage::default()
        };
        let of = |input, tier, region| cost(&price, &usage(input, tier, region));
        assert_eq!(of(200, None, None), Some(500));
        assert_eq!(of(201, None, None), Some(201 * 4 + 150));
        assert_eq!(of(200, Some(Tier::Batch), None), Some(250));
        assert_eq!(of(200, Some(Tier::Fast), Some(Region::Us)), Some(1_100));
        assert_eq!(
            of(200, Some(Tier::Standard), Some(Region::Anywhere)),
            Some(500)
        );
        for (tier, region) in [
            (Some(Tier::Priority), None),
            (Some(Tier::Other), None),
            (None, Some(Region::Other)),
        ] {
            assert_eq!(of(200, tier, region), None, "{tier:?} {region:?}");
        }
        let searched = Usage {
            web_searches: Some(3),
            ..usage(200, Some(Tier::Batch), None)
        };
        assert_eq!(cost(&price, &searched), Some(250 + 30_000));
    }

    #[test]
    fn it_is_rounded_once_and_never_to_nothing() {
        let price = price("input = 0.02\noutput = 0.4");
        let of = |input, output| {
            let usage = Usage {
                input: Some(input),
                output: Some(output),
                ..Usage::default()
            };
            cost(&price, &usage)
        };
        assert_eq!(of(0, 0), Some(0));
        assert_eq!(of(1, 0), Some(1));
        assert_eq!(of(74, 0), Some(1));
        assert_eq!(of(75, 0), Some(2));
        assert_eq!(of(25, 5), Some(3), "half and two");
        assert_eq!(of(u64::MAX, u64::MAX), Some(420_000_000_000));
    }

    proptest! {
        #[test]
        fn it_is_what_floating_numbers_say(
            tokens in [0..2_000_000_u64, 0..2_000_000, 0..2_000_000, 0..2_000_000],
            prices in [0..100_000_000_u64, 0..100_000_000, 0..100_000_000, 0..100_000_000],
        ) {
            let [input, output, read, written] = prices.map(|price| price as f64 / 1e6);
            let price = price(&format!(
                "input = {input}\noutput = {output}\ncache_read = {read}\ncache_write_5m = {written}"
            ));
            let usage = Usage {
                input: Some(tokens[0]),
                output: Some(tokens[1]),
                cache_read: Some(tokens[2]),
                cache_write: Some(tokens[3]),
                ..Usage::default()
            };
            let naive: f64 = tokens.iter().zip([input, output, read, written])
                .map(|(tokens, price)| *tokens as f64 * price).sum();
            let seen = cost(&price, &usage).unwrap() as f64;
            prop_assert!((seen - naive).abs() <= 1.0, "{seen} {naive}");
        }
    }
}
