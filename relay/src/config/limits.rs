//! `[users.<name>]` in `weir.toml`, the limits that users and groups have alike, and addresses of networks.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::{
    ConfigError, MicroUsd, SpendLimits,
    file::Source,
    names::check_id,
    shape::{Account, Group, bounded},
};

/// Of all requests together that are somebody's; 0 = none of its kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub max_concurrent: u32,
    pub requests_per_minute: u64,
    pub tokens_per_minute: u64,
    pub spend: SpendLimits,
}

/// Somebody who owns keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserConfig {
    pub id: String,
    pub limits: Limits,
}

/// One in each nanosecond: as fast as rates count.
pub(crate) const MOST_TOKENS_PER_MINUTE: u64 = 60_000_000_000;

/// A user in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct User {
    #[serde(deserialize_with = "bounded::<_, 0, 1_000_000>")]
    pub(super) max_concurrent: u64,
    #[serde(deserialize_with = "bounded::<_, 0, 1_000_000_000>")]
    pub(super) requests_per_minute: u64,
    #[serde(deserialize_with = "bounded::<_, 0, MOST_TOKENS_PER_MINUTE>")]
    pub(super) tokens_per_minute: u64,
    pub(super) spend_per_day: MicroUsd,
    pub(super) spend_per_month: MicroUsd,
    pub(super) spend_total: MicroUsd,
}

impl From<&User> for Limits {
    fn from(user: &User) -> Self {
        Self {
            max_concurrent: u32::try_from(user.max_concurrent).expect("bounded to 1,000,000"),
            requests_per_minute: user.requests_per_minute,
            tokens_per_minute: user.tokens_per_minute,
            spend: SpendLimits {
                per_day: user.spend_per_day,
                per_month: user.spend_per_month,
                total: user.spend_total,
            },
        }
    }
}

impl From<&Group> for Limits {
    fn from(group: &Group) -> Self {
        Self {
            max_concurrent: u32::try_from(group.max_concurrent).expect("bounded to 1,000,000"),
            requests_per_minute: group.requests_per_minute,
            tokens_per_minute: group.tokens_per_minute,
            spend: SpendLimits {
                per_day: group.spend_per_day,
                per_month: group.spend_per_month,
                total: group.spend_total,
            },
        }
    }
}

/// Its gate has how many it takes at once.
impl From<&Account> for Limits {
    fn from(account: &Account) -> Self {
        Self {
            requests_per_minute: account.requests_per_minute,
            tokens_per_minute: account.tokens_per_minute,
            ..Self::default()
        }
    }
}

/// An address, or a network as `10.0.0.0/8`.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let one = || {
        text.parse()
            .map(|address: IpAddr| IpNet::from(address.to_canonical()))
    };
    let net = text.parse().or_else(|_| one());
    net.map_err(|_| format!("`{text}` is neither an address nor a network like 10.0.0.0/8"))
}

pub(super) fn users(
    source: &Source<'_>,
    all: &BTreeMap<Spanned<String>, User>,
) -> Result<Vec<UserConfig>, ConfigError> {
    all.iter().map(|(id, one)| user(source, id, one)).collect()
}

pub(super) fn user(
    source: &Source<'_>,
    id: &Spanned<String>,
    user: &User,
) -> Result<UserConfig, ConfigError> {
    check_id(source, id)?;
    Ok(UserConfig {
        id: id.get_ref().clone(),
        limits: user.into(),
    })
}

pub(super) fn networks(
    source: &Source<'_>,
    all: &[Spanned<String>],
) -> Result<Vec<IpNet>, ConfigError> {
    let net = |text: &Spanned<String>| {
        let why = |why| source.error(text.span().start, why);
        network(text.get_ref()).map_err(why)
    };
    all.iter().map(net).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn limits_of_users_and_groups_are_read() {
        let config = Config::from_toml(
            r#"
            [listen]
            trusted_proxies = ["10.0.0.0/8", "::1"]
            [users.ann]
            max_concurrent = 2
            requests_per_minute = 3
            tokens_per_minute = 4
            spend_per_day = 1.5
            spend_total = "2"
            [users.bob]
            [accounts.a]
            kind = "anthropic"
            api_key = "x"
            [groups.g]
            accounts = ["a"]
            requests_per_minute = 5
            spend_per_month = 7
            "#,
        )
        .unwrap();
        let of = |max_concurrent, requests_per_minute, tokens_per_minute| Limits {
            max_concurrent,
            requests_per_minute,
            tokens_per_minute,
            spend: SpendLimits::default(),
        };
        let users: Vec<_> = config.users.iter().map(|user| user.limits).collect();
        let spend = |per_day, per_month, total| SpendLimits {
            per_day: MicroUsd(per_day),
            per_month: MicroUsd(per_month),
            total: MicroUsd(total),
        };
        let ann = Limits {
            spend: spend(1_500_000, 0, 2_000_000),
            ..of(2, 3, 4)
        };
        assert_eq!(users, [ann, Limits::default()]);
        let of_group = Limits {
            spend: spend(0, 7_000_000, 0),
            ..of(0, 5, 0)
        };
        assert_eq!(config.groups[0].limits, of_group);
        let nets: Vec<String> = config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(nets, ["10.0.0.0/8", "::1/128"]);
    }

    #[test]
    fn what_is_wrong_with_a_limit_names_the_line() {
        for (text, expected) in [
            (
                "[users.a]\nrequests_per_minute = -1",
                "weir.toml line 2: requests_per_minute: must be 0 to 1000000000",
            ),
            (
                "[users.\"a b\"]",
                "weir.toml line 1: a name is 1 to 64 letters, digits, `-` and `_`",
            ),
            (
                "[listen]\ntrusted_proxies = [\n \"10.0.0.0/33\"]",
                "weir.toml line 3: `10.0.0.0/33` is neither an address nor a network like 10.0.0.0/8",
            ),
        ] {
            assert_eq!(Config::from_toml(text).unwrap_err().to_string(), expected);
        }
    }
}
