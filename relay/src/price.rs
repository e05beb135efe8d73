//! What requests cost: a price for each model, by its name or by the longest beginning of it that is listed. The public
//! figures of the providers come along as data (`price/*.toml`); what an operator says stands over them. A model that is
//! not listed has no price, and none is made up for it. Pure.

mod cost;
mod decimal;
mod estimate;
mod peak;
mod resold;
mod row;
mod table;
mod usd;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

pub use self::cost::MicroUsd;
pub(crate) use self::estimate::{Asked, Estimate};
pub use self::row::Price;

use self::{
    resold::{Place, resold},
    table::Table,
};
use crate::{time::UnixMillis, usage::Usage};

/// One file for each provider.
const BUNDLED: [&str; 4] = [
    include_str!("price/anthropic.toml"),
    include_str!("price/openai.toml"),
    include_str!("price/google.toml"),
    include_str!("price/deepseek.toml"),
];

/// Under this name are counted all models that nobody has listed: callers may ask for any number of them.
pub(crate) const OTHER: &str = "other";

/// The prices of all models, and the names under which models are counted.
#[derive(Debug)]
pub(crate) struct Prices {
    own: Table,
    /// Of Anthropic's models, under their own names, where somebody else has them run in a part of the world.
    regional: Table,
    /// Of models that the configuration names.
    named: HashSet<Box<str>>,
}

/// What is known of a model by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) price: Option<&'a Price>,
    /// The name under which it is counted: its own where somebody has listed that, what is listed of it, or none.
    pub(crate) counted_as: &'a str,
}

/// A provider's list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    /// The provider's own page, and when it was read.
    #[expect(dead_code, reason = "it is read to see that it is there")]
    source: String,
    #[expect(dead_code, reason = "it is read to see that it is there")]
    as_of: String,
    models: HashMap<String, Price>,
}

impl Prices {
    /// The bundled prices with `own` over them. `named` are names that are counted by themselves, priced or not.
    pub(crate) fn new<'a>(
        own: impl IntoIterator<Item = (&'a str, Price)>,
        named: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let own: Vec<_> = own.into_iter().collect();
        let lists = BUNDLED
            .map(|list| -> List { toml::from_str(list).expect("a test reads what is bundled") });
        let rows = |of: fn(&Price) -> Price| {
            let bundled = lists.iter().flat_map(|list| &list.models);
            let bundled = bundled.map(move |(name, price)| (name.as_str(), of(price)));
            bundled.chain(own.iter().cloned())
        };
        Self {
            own: Table::new(rows(Price::clone)),
            regional: Table::new(rows(Price::regional)),
            named: named.into_iter().map(Box::from).collect(),
        }
    }

    /// What a request has cost that was sent to `model`; none where that is not known. The model that the answer names
    /// counts where its name is listed more exactly.
    pub(crate) fn cost(&self, model: &str, usage: &Usage, at: UnixMillis) -> Option<MicroUsd> {
        let answered = usage.model.as_deref();
        let price = self
            .exact(model)
            .or_else(|| self.exact(answered?))
            .or_else(|| self.begun(model).map(|(_, price)| price))
            .or_else(|| self.begun(answered?).map(|(_, price)| price))?;
        price.cost(usage, at)
    }

    /// What reading so much from a cache has saved, by today's price of a model as it is counted.
    pub(crate) fn saved(&self, model: &str, tokens: u64, at: UnixMillis) -> MicroUsd {
        let price = self.listed(model).price;
        price.map_or(MicroUsd(0), |price| price.saved(tokens, at))
    }

    pub(crate) fn listed<'m>(&'m self, model: &'m str) -> Listed<'m> {
        let price = self.exact(model);
        if price.is_some() {
            let counted_as = model;
            return Listed { price, counted_as };
        }
        let begun = self.begun(model);
        let part = begun.map_or(OTHER, |(name, _)| {
            name.trim_end_matches(['-', '@', '.', ':'])
        });
        Listed {
            price: begun.map(|(_, price)| price),
            counted_as: if self.named.contains(model) {
                model
            } else {
                part
            },
        }
    }

    fn exact(&self, model: &str) -> Option<&Price> {
        let (table, name) = self.place(model);
        table.exact(name)
    }

    fn begun(&self, model: &str) -> Option<(&str, &Price)> {
        let (table, name) = self.place(model);
        let begun = table.begun(name)?;
        Some((&begun.name, &begun.price))
    }

    /// Where it is looked up, and as what: whoever is listed under its whole name is so first.
    fn place<'m>(&self, model: &'m str) -> (&Table, &'m str) {
        let is_listed = || self.own.exact(model).is_some() || self.own.begun(model).is_some();
        match resold(model) {
            Some((Place::Anywhere, name)) if !is_listed() => (&self.own, name),
            Some((Place::Regional, name)) if !is_listed() => (&self.regional, name),
            Some(_) | None => (&self.own, model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_200_000_000);

    fn price(toml: &str) -> Price {
        toml::from_str(toml).unwrap()
    }

    fn usage(input: u64, output: u64) -> Usage {
        Usage {
            input: Some(input),
            output: Some(output),
            ..Usage::default()
        }
    }

    #[test]
    fn every_bundled_list_is_valid_and_says_where_it_is_from() {
        for text in BUNDLED {
            let list: List = toml::from_str(text).unwrap();
            assert!(text.contains("source = \"https://"));
            assert!(!list.models.is_empty(), "{text}");
            for name in list.models.keys() {
                assert!(!name.trim_end_matches('*').contains('*'), "{name}");
            }
        }
    }

    #[test]
    fn a_name_comes_before_its_longest_beginning_and_own_prices_before_all() {
        let own = [
            ("claude-opus-5-5", price("input = 1\noutput = 2")),
            ("claude-*", price("input = 3\noutput = 4")),
            ("claude-op*", price("input = 5\noutput = 6")),
        ];
        let prices = Prices::new(own, []);
        let of = |model: &str| prices.cost(model, &usage(1_000_000, 0), NOW);
        assert_eq!(of("claude-opus-5-5"), Some(MicroUsd(1_000_000)));
        assert_eq!(of("claude-opportune"), Some(MicroUsd(5_000_000)));
        assert_eq!(of("claude-x"), Some(MicroUsd(3_000_000)));
        assert_eq!(of("claude-haiku-4-5-20251001"), Some(MicroUsd(1_000_000)));
        assert_eq!(of("llama"), None);
    }

    #[test]
    fn the_name_in_the_answer_counts_where_it_is_listed_more_exactly() {
        let own = [
            ("deployment", price("input = 7")),
            ("gw/*", price("input = 9")),
        ];
        let prices = Prices::new(own, []);
        let of = |model: &str, answered: &str| {
            let told = Usage {
                model: Some(answered.into()),
                ..usage(1_000_000, 0)
            };
            prices.cost(model, &told, NOW)
        };
        assert_eq!(of("deployment", "gpt-5"), Some(MicroUsd(7_000_000)));
        assert_eq!(of("unlisted", "gpt-5"), Some(MicroUsd(1_250_000)));
        assert_eq!(of("gw/x", "gpt-5"), Some(MicroUsd(1_250_000)));
        assert_eq!(of("gw/x", "unlisted"), Some(MicroUsd(9_000_000)));
        assert_eq!(of("unlisted", "unlisted too"), None);
    }

    #[test]
    fn a_model_of_anthropic_costs_more_where_bedrock_keeps_it_in_a_region() {
        let prices = Prices::new([], []);
        let of = |model: &str, answered: &str| {
            let told = Usage {
                model: Some(answered.into()),
                ..usage(1_000_000, 0)
            };
            prices.cost(model, &told, NOW)
        };
        let (opus, haiku) = ("claude-opus-5", "claude-haiku-4-5-20251001");
        for (model, answered, expected) in [
            (opus, opus, 5_000_000),
            ("global.anthropic.claude-opus-5", opus, 5_000_000),
            ("us.anthropic.claude-opus-5", opus, 5_500_000),
            ("anthropic.claude-opus-5-v1:0", opus, 5_500_000),
            (
                "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
                haiku,
                1_100_000,
            ),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", "", 15_000_000),
            ("us-gov.anthropic.claude-opus-5", "", 0),
        ] {
            let expected = (expected > 0).then_some(MicroUsd(expected));
            assert_eq!(of(model, answered), expected, "{model}");
        }
        let own = [
            ("us.anthropic.claude-opus-5*", price("input = 3")),
            ("claude-haiku-4-5*", price("input = 0.7")),
        ];
        let prices = Prices::new(own, []);
        let of = |model: &str| prices.cost(model, &usage(1_000_000, 0), NOW);
        assert_eq!(of("us.anthropic.claude-opus-5"), Some(MicroUsd(3_000_000)));
        let haiku = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";
        assert_eq!(of(haiku), Some(MicroUsd(700_000)));
        assert_eq!(prices.listed(haiku).counted_as, "claude-haiku-4-5");
    }

    #[test]
    fn reading_from_a_cache_saves_the_difference_to_other_input() {
        let own = [
            ("m", price("input = 3\noutput = 9\ncache_read = 0.3")),
            ("n", price("input = 3")),
        ];
        let prices = Prices::new(own, []);
        let saved = |model: &str| prices.saved(model, 2_000_000, NOW);
        assert_eq!(saved("m"), MicroUsd(5_400_000));
        assert_eq!((saved("n"), saved("unlisted")), (MicroUsd(0), MicroUsd(0)));
    }

    #[test]
    fn models_are_counted_under_listed_names_alone() {
        let prices = Prices::new([], ["my-model"]);
        for (model, expected) in [
            ("my-model", "my-model"),
            ("claude-opus-5-5", "claude-opus-5-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5-made-up", "claude-haiku-4-5"),
            ("made-up", OTHER),
        ] {
            assert_eq!(prices.listed(model).counted_as, expected, "{model}");
        }
    }
}
