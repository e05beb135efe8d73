//! What a key may be used for, as an operator decides it, and as a hash in Redis has it.

use ipnet::IpNet;

use crate::config::{MicroUsd, SpendLimits, network};

/// Nothing that is not named here is limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRules {
    /// Who owns it: a user of the configuration, whose limits hold too.
    pub user: Option<String>,
    /// 0 = no limit.
    pub requests_per_minute: u64,
    pub tokens_per_minute: u64,
    pub spend: SpendLimits,
    /// Names, or their beginnings with a `*`.
    pub models: Vec<String>,
    /// Names of routes, or paths, or their beginnings with a `*`.
    pub routes: Vec<String>,
    pub ips: Vec<IpNet>,
    pub expires_ms: Option<u64>,
}

impl KeyRules {
    /// Field by field; what is not limited has none.
    pub(crate) fn written(&self) -> Vec<(&'static str, String)> {
        let number = |number: u64| (number > 0).then(|| number.to_string());
        let amount = |amount: MicroUsd| (amount.0 > 0).then(|| amount.shortly());
        let ips: Vec<String> = self.ips.iter().map(ToString::to_string).collect();
        let list = |list: &[String]| (!list.is_empty()).then(|| list.join(" "));
        let fields = [
            ("user", self.user.clone()),
            ("requests_per_minute", number(self.requests_per_minute)),
            ("tokens_per_minute", number(self.tokens_per_minute)),
            ("spend_per_day", amount(self.spend.per_day)),
            ("spend_per_month", amount(self.spend.per_month)),
            ("spend_total", amount(self.spend.total)),
            ("models", list(&self.models)),
            ("routes", list(&self.routes)),
            ("ips", list(&ips)),
            ("expires_ms", self.expires_ms.map(|end| end.to_string())),
        ];
        let told = |(field, value): (&'static str, Option<String>)| Some((field, value?));
        fields.into_iter().filter_map(told).collect()
    }

    /// None where a limit cannot be read: a key is not used without its limits.
    pub(crate) fn read<'f>(field: impl Fn(&str) -> Option<&'f str>) -> Option<Self> {
        let number = |name| field(name).map_or(Some(0), |text| text.parse().ok());
        let amount = |name| field(name).map_or(Some(MicroUsd(0)), |text| text.parse().ok());
        let list = |name| -> Vec<String> {
            let words = field(name).unwrap_or_default().split_whitespace();
            words.map(str::to_owned).collect()
        };
        let expires = field("expires_ms").map(str::parse);
        Some(Self {
            user: field("user").map(str::to_owned),
            requests_per_minute: number("requests_per_minute")?,
            tokens_per_minute: number("tokens_per_minute")?,
            spend: SpendLimits {
                per_day: amount("spend_per_day")?,
                per_month: amount("spend_per_month")?,
                total: amount("spend_total")?,
            },
            models: list("models"),
            routes: list("routes"),
            ips: list("ips")
                .iter()
                .map(|text| network(text).ok())
                .collect::<Option<_>>()?,
            expires_ms: expires.transpose().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let rules = KeyRules {
            user: Some("ann".into()),
            requests_per_minute: 5,
            tokens_per_minute: 7,
            spend: SpendLimits {
                per_day: MicroUsd(1_500_000),
                per_month: MicroUsd(1),
                total: MicroUsd(20_000_000),
            },
            models: vec!["claude-*".into(), "gpt-5".into()],
            routes: vec!["messages".into(), "/v1/models*".into()],
            ips: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            expires_ms: Some(9),
        };
        for rules in [rules, KeyRules::default()] {
            let written = rules.written();
            let field = |name: &str| {
                let mut fields = written.iter();
                fields
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| value.as_str())
            };
            assert_eq!(KeyRules::read(field), Some(rules));
        }
        for (bad, value) in [
            ("ips", "10.0.0.0/33"),
            ("expires_ms", "soon"),
            ("tokens_per_minute", "-1"),
            ("spend_per_day", "much"),
        ] {
            assert_eq!(KeyRules::read(|name| (name == bad).then_some(value)), None);
        }
    }
}
