//! The limits of a new key, as `weir key create` takes them.

use ipnet::IpNet;
use jiff::Timestamp;

use crate::{
    config::{MOST_TOKENS_PER_MINUTE, MicroUsd, SpendLimits, network, route, word},
    key::KeyRules,
};

#[derive(Debug, clap::Args)]
pub(super) struct Rules {
    /// Who owns it: a user, whose limits hold too.
    #[arg(long)]
    user: Option<String>,
    /// 0 = no limit.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    requests_per_minute: u64,
    /// 0 = no limit.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MOST_TOKENS_PER_MINUTE))]
    tokens_per_minute: u64,
    /// US dollars, by the prices that are configured; 0 = no limit.
    #[arg(long, default_value = "0")]
    spend_per_day: MicroUsd,
    #[arg(long, default_value = "0")]
    spend_per_month: MicroUsd,
    /// For as long as there is the key.
    #[arg(long, default_value = "0")]
    spend_total: MicroUsd,
    /// A model that it may use, or the beginning of its name with a `*`; may be given several times. Without: all.
    #[arg(long = "model", value_parser = word)]
    models: Vec<String>,
    /// A route that it may use: messages, chat, responses, generate_content, embeddings, count_tokens, models, stored, or a
    /// path, or the beginning of one with a `*`; may be given several times. Without: all.
    #[arg(long = "route", value_parser = route)]
    routes: Vec<String>,
    /// An address from which it may be used, or a network like 10.0.0.0/8; may be given several times. Without: any.
    #[arg(long = "ip", value_parser = network)]
    ips: Vec<IpNet>,
    /// Until when it may be used, like 2027-01-31T12:00:00Z.
    #[arg(long)]
    expires: Option<Timestamp>,
}

impl From<Rules> for KeyRules {
    fn from(rules: Rules) -> Self {
        let ms = |end: Timestamp| u64::try_from(end.as_millisecond()).unwrap_or(0);
        Self {
            user: rules.user,
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
            expires_ms: rules.expires.map(ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn parse(words: &[&str]) -> Result<KeyRules, String> {
        let command = Rules::augment_args(Command::new("create").no_binary_name(true));
        let matches = command.try_get_matches_from(words);
        let matches = matches.map_err(|error| error.to_string())?;
        let rules = Rules::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        Ok(rules.into())
    }

    #[test]
    fn limits_are_read_and_nothing_is_limited_unless_told() {
        assert_eq!(parse(&[]), Ok(KeyRules::default()));
        let rules = parse(&[
            "--user=ann",
            "--requests-per-minute=5",
            "--tokens-per-minute=6",
            "--spend-per-day=2.5",
            "--spend-total=40",
            "--model=claude-*",
            "--model=gpt-5",
            "--route=messages",
            "--route=/v1/models*",
            "--ip=10.0.0.0/8",
            "--ip=::1",
            "--expires=1970-01-01T00:00:07Z",
        ]);
        let expected = KeyRules {
            user: Some("ann".into()),
            requests_per_minute: 5,
            tokens_per_minute: 6,
            spend: SpendLimits {
                per_day: MicroUsd(2_500_000),
                per_month: MicroUsd(0),
                total: MicroUsd(40_000_000),
            },
            models: vec!["claude-*".into(), "gpt-5".into()],
            routes: vec!["messages".into(), "/v1/models*".into()],
            ips: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            expires_ms: Some(7_000),
        };
        assert_eq!(rules, Ok(expected));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for (word, why) in [
            ("--ip=10.0.0.0/33", "neither an address nor a network"),
            ("--route=nothing", "is one of messages, chat"),
            ("--model=a b", "without spaces"),
            ("--expires=soon", "soon"),
            ("--requests-per-minute=-1", "-1"),
            ("--spend-per-month=much", "must be US dollars"),
        ] {
            let refusal = parse(&[word]).unwrap_err();
            assert!(refusal.contains(why), "{refusal}");
        }
    }
}
