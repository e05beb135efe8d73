//! What a key may be, by the table that an operator gives: the same bounds for the command line and the API.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;

use super::{
    MicroUsd, SpendLimits,
    limits::{MOST_TOKENS_PER_MINUTE, network},
    shape::{bounded, yes},
};
use crate::{
    key::{KeyRules, NewKey},
    limit::ROUTES,
};

/// The end of the year 9999, the last that a date of HTTP can tell.
pub(crate) const LAST_MS: u64 = 253_402_300_799_999;

const LONGEST_NAME: usize = 200;
const LONGEST_WORD: usize = 200;
const MOST_WORDS: usize = 200;

/// What a key is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
pub(crate) struct KeyTable {
    #[serde(deserialize_with = "name")]
    name: String,
    /// Whose accounts it may use.
    group: String,
    /// Whose accounts serve what none of the group can.
    fallback_group: Option<String>,
    /// Who owns it, whose limits hold too.
    user: Option<String>,
    /// Requests at once; 0 = no limit.
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000>")]
    max_concurrent: u64,
    /// Whether its requests may wait in line.
    #[serde(default = "yes")]
    waits: bool,
    #[serde(default, deserialize_with = "words")]
    tags: Vec<String>,
    #[serde(default)]
    rules: Rules,
}

/// What is not named is not limited.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRules)]
struct Rules {
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000_000>")]
    requests_per_minute: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, MOST_TOKENS_PER_MINUTE>")]
    tokens_per_minute: u64,
    /// US dollars, with at most six places.
    #[serde(default)]
    #[schema(value_type = String)]
    spend_per_day: MicroUsd,
    #[serde(default)]
    #[schema(value_type = String)]
    spend_per_month: MicroUsd,
    #[serde(default)]
    #[schema(value_type = String)]
    spend_total: MicroUsd,
    #[serde(default, deserialize_with = "words")]
    models: Vec<String>,
    #[serde(default, deserialize_with = "routes")]
    routes: Vec<String>,
    #[serde(default, deserialize_with = "networks")]
    #[schema(value_type = Vec<String>)]
    ips: Vec<IpNet>,
    #[serde(default, deserialize_with = "expiry")]
    expires_ms: Option<u64>,
}

impl From<KeyTable> for NewKey {
    fn from(key: KeyTable) -> Self {
        let rules = key.rules;
        Self {
            name: key.name,
            group: key.group,
            fallback_group: key.fallback_group,
            max_concurrent: u32::try_from(key.max_concurrent).expect("bounded to 1,000,000"),
            waits: key.waits,
            tags: key.tags,
            rules: KeyRules {
                user: key.user,
                requests_per_minute: rules.requests_per_minute,
                tokens_per_minute: rules.tokens_per_minute,
                spend: SpendLimits {
                    per_day: rules.spend_per_day,
                    per_month: rules.spend_per_month,
                    total: rules.spend_total,
                },
                models: rules.models,
                routes: rules.routes,
                ips: rules.ips,
                expires_ms: rules.expires_ms,
            },
        }
    }
}

/// A word of a list: lists are kept with spaces between their words.
pub(crate) fn word(text: &str) -> Result<String, String> {
    let fits = text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_graphic());
    match !text.is_empty() && fits {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 200 visible characters, without spaces".to_owned()),
    }
}

pub(crate) fn route(text: &str) -> Result<String, String> {
    match text.starts_with('/') || ROUTES.contains(&text) {
        true => word(text),
        false => Err(format!(
            "is one of {}, or a path that begins with `/`",
            ROUTES.join(", ")
        )),
    }
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    match fits {
        true => Ok(name),
        false => Err(D::Error::custom("must be 1 to 200 bytes of visible text")),
    }
}

fn each<'de, D: Deserializer<'de>, T>(
    from: D,
    read: fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    let words: Vec<String> = Vec::deserialize(from)?;
    if words.len() > MOST_WORDS {
        return Err(D::Error::custom(format!(
            "has at most {MOST_WORDS} entries"
        )));
    }
    let read = words.iter().map(|word| read(word));
    read.collect::<Result<_, _>>().map_err(D::Error::custom)
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    each(from, word)
}

fn routes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    each(from, route)
}

fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    each(from, network)
}

fn expiry<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    bounded::<_, 0, LAST_MS>(from).map(Some)
}
