//! Settings: what operators may change while relays run. Each has a name as in `weir.toml`; what stands there cannot be
//! changed elsewhere. A new setting: a field in its table, and a row in `defaults`.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use toml::{Spanned, Table};

use super::{
    Config, Misfit, Price, Spend, failover::FailoverTable, retention::RetentionTable,
    shape::Admission, stored_settings, waits::Waiting,
};
use crate::time::millis;

/// Prices of an operator's own are called so, and by the model.
const PRICES: &str = "prices";

/// Values by their names: `waiting.grace_ms`, `prices.<model>`.
pub(crate) type Values = Map<String, Value>;

/// The tables of `weir.toml` that hold settings.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tables {
    admission: Admission,
    waiting: Waiting,
    failover: FailoverTable,
    retention: RetentionTable,
    spend: Spend,
    pub(super) prices: BTreeMap<Spanned<String>, Price>,
}

/// What holds where nobody says anything.
pub(crate) fn defaults() -> Values {
    let config = Config::default();
    let ms = |span: Duration| json!(millis(span));
    let days = |span: Duration| json!(span.as_secs() / 86_400);
    let (waits, kept) = (config.waits, config.retention);
    [
        (
            "admission.affinity_patience_ms",
            ms(config.affinity_patience),
        ),
        ("waiting.max_stream_ms", ms(waits.stream)),
        ("waiting.max_whole_ms", ms(waits.whole)),
        ("waiting.grace_ms", ms(waits.grace)),
        ("waiting.heartbeat_ms", ms(waits.heartbeat)),
        ("waiting.silence_ms", ms(waits.silence)),
        ("failover.max_attempts", json!(config.failover.max_attempts)),
        ("failover.within_ms", ms(config.failover.within)),
        ("retention.records", json!(kept.records)),
        ("retention.record_days", days(kept.record_age)),
        ("retention.hour_counter_days", days(kept.hours)),
        ("retention.day_counter_days", days(kept.days)),
        ("spend.time_zone", json!("UTC")),
        ("spend.unpriced", json!("refuse")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Whether there is such a setting.
pub(crate) fn is_setting(name: &str) -> bool {
    let is_price = |(table, model): (&str, &str)| table == PRICES && !model.is_empty();
    defaults().contains_key(name) || name.split_once('.').is_some_and(is_price)
}

/// The settings that the text of a file names.
pub(super) fn declared(file: &str) -> Values {
    let mut declared = Values::new();
    let file: Table = toml::from_str(file).unwrap_or_default();
    for (section, table) in &file {
        let fields = table.as_table().into_iter().flatten();
        for (field, value) in fields {
            let name = format!("{section}.{field}");
            if is_setting(&name) {
                let value = serde_json::to_value(value).unwrap_or_default();
                declared.insert(name, value);
            }
        }
    }
    declared
}

impl Config {
    /// The values that hold: what `weir.toml` says, else what is set, else what is usual.
    pub(crate) fn values(&self, set: &Values) -> Values {
        let mut values = defaults();
        values.extend(set.clone());
        values.extend(self.declared.clone());
        values
    }

    /// The same with what is set in its place. `weir.toml` has the last word.
    pub(crate) fn with(&self, set: &Values) -> Result<Self, Misfit> {
        let mut tables = Values::new();
        for (name, value) in self.values(set) {
            let (section, field) = name.split_once('.').unwrap_or((PRICES, &name));
            let table = tables.entry(section).or_insert_with(|| json!({}));
            table[field] = value;
        }
        let (tables, prices) = stored_settings(&tables)?;
        Ok(Self {
            affinity_patience: Duration::from_millis(tables.admission.affinity_patience_ms),
            waits: tables.waiting.into(),
            failover: tables.failover.into(),
            retention: tables.retention.into(),
            spend: tables.spend,
            prices,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "[waiting]\ngrace_ms = 5\n[prices.\"gpt-4.1\"]\ninput = 1\n[admission]\nlease_ms = 5000";

    fn set(values: Value) -> Values {
        values.as_object().unwrap().clone()
    }

    #[test]
    fn what_the_file_says_stands_over_what_is_set_and_that_over_what_is_usual() {
        let config = Config::from_toml(FILE).unwrap();
        let declared: Vec<&String> = config.declared.keys().collect();
        assert_eq!(declared, ["prices.gpt-4.1", "waiting.grace_ms"]);
        let set = set(json!({
            "waiting.grace_ms": 7, "waiting.silence_ms": 700, "failover.max_attempts": 2,
            "admission.affinity_patience_ms": 9, "retention.record_days": 3,
            "spend.time_zone": "Asia/Tokyo", "prices.own.model": {"input": "0.5", "output": 2},
            "prices.gpt-4.1": {"input": 9},
        }));
        let with = config.with(&set).unwrap();
        let ms = Duration::from_millis;
        assert_eq!((with.waits.grace, with.waits.silence), (ms(5), ms(700)));
        assert_eq!(
            (with.failover.max_attempts, with.affinity_patience),
            (2, ms(9))
        );
        assert_eq!(with.retention.record_age, Duration::from_secs(3 * 86_400));
        assert_eq!(with.spend.time_zone.iana_name(), Some("Asia/Tokyo"));
        assert_eq!(with.lease, ms(5_000));
        let prices: Vec<&str> = with
            .prices
            .iter()
            .map(|(model, _)| model.as_str())
            .collect();
        assert_eq!(prices, ["gpt-4.1", "own.model"]);
        assert_eq!(with.prices[0].1, config.prices[0].1);
    }

    #[test]
    fn nothing_set_is_the_file_alone() {
        let config = Config::from_toml(FILE).unwrap();
        let with = config.with(&Values::new()).unwrap();
        assert_eq!(format!("{with:?}"), format!("{config:?}"));
    }

    #[test]
    fn what_is_no_value_of_a_setting_is_told_by_its_name() {
        let config = Config::default();
        for (name, value, why) in [
            ("waiting.grace_ms", json!(-1), "must be 0 to"),
            ("failover.max_attempts", json!(11), "must be 1 to 10"),
            ("spend.time_zone", json!("Mars"), "there is no time zone"),
            ("retention.records", json!("many"), "invalid type"),
            ("prices.m.input", json!({"output": 1}), "is missing"),
            ("prices.a b", json!({"input": 1}), "a model is named by"),
        ] {
            let at = name.strip_suffix(".input").unwrap_or(name);
            let set = set(json!({ at: value }));
            let refused = config.with(&set).unwrap_err();
            assert!(refused.why.contains(why), "{refused}");
            assert_eq!(refused.field.as_deref(), Some(name), "{refused}");
        }
        assert!(is_setting("prices.a.b") && is_setting("spend.unpriced"));
        assert!(!is_setting("admission.lease_ms") && !is_setting("prices."));
    }
}
