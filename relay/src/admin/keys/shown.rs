//! A key as operators see it: never its text, nor the digest of that.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    admin::{Fields, users::shown_limits},
    config::Limits,
    key::{KeyRules, NewKey},
    spent::Budgets,
    store::StoredKey,
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) fallback_group: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) max_concurrent: u32,
    pub(crate) waits: bool,
    pub(crate) enabled: bool,
    pub(crate) created_ms: u64,
    /// Until when the text that it had before is good too.
    pub(crate) overlap_until_ms: Option<u64>,
    #[schema(value_type = Object)]
    pub(crate) rules: Fields,
    pub(crate) tags: Vec<String>,
    pub(crate) spent: Budgets,
}

pub(super) fn show((key, spent): (&StoredKey, Budgets)) -> Shown {
    Shown {
        id: key.id.clone(),
        version: key.version,
        name: key.name.clone(),
        group: key.group.clone(),
        fallback_group: key.fallback_group.clone(),
        user: key.rules.user.clone(),
        max_concurrent: key.max_concurrent,
        waits: key.waits,
        enabled: key.enabled,
        created_ms: key.created_ms,
        overlap_until_ms: key.overlap.map(|overlap| overlap.until.0),
        rules: rules(&key.rules),
        tags: key.tags.clone(),
        spent,
    }
}

/// The table that an operator would give for it.
pub(super) fn fields(terms: &NewKey) -> Fields {
    let mut fields = Fields::new();
    let mut put = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    put("name", json!(terms.name));
    put("group", json!(terms.group));
    put("max_concurrent", json!(terms.max_concurrent));
    put("waits", json!(terms.waits));
    put("tags", json!(terms.tags));
    put("rules", rules(&terms.rules).into());
    if let Some(group) = &terms.fallback_group {
        put("fallback_group", json!(group));
    }
    if let Some(user) = &terms.rules.user {
        put("user", json!(user));
    }
    fields
}

/// What is not limited has no field.
fn rules(rules: &KeyRules) -> Fields {
    let mut fields = shown_limits(&Limits {
        max_concurrent: 0,
        requests_per_minute: rules.requests_per_minute,
        tokens_per_minute: rules.tokens_per_minute,
        spend: rules.spend,
    });
    let ips: Vec<String> = rules.ips.iter().map(ToString::to_string).collect();
    let lists = [
        ("models", &rules.models),
        ("routes", &rules.routes),
        ("ips", &ips),
    ];
    for (field, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        fields.insert(field.into(), json!(list));
    }
    if let Some(end) = rules.expires_ms {
        fields.insert("expires_ms".into(), json!(end));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admin::table_of,
        config::{MicroUsd, stored_key},
    };

    fn read(table: Value) -> Result<NewKey, crate::config::Misfit> {
        let table = table_of(table.as_object().unwrap()).unwrap();
        stored_key(&table)
    }

    #[test]
    fn what_is_shown_of_a_key_makes_the_same_key() {
        let table = json!({
            "name": "of Ann", "group": "g", "fallback_group": "h", "user": "ann",
            "max_concurrent": 3, "waits": false, "tags": ["a", "b"],
            "rules": {
                "requests_per_minute": 5, "tokens_per_minute": 6, "spend_per_day": "1.50",
                "spend_total": 2, "models": ["claude-*"], "routes": ["messages", "/v1/x*"],
                "ips": ["10.0.0.0/8"], "expires_ms": 9_000_000_000_000_u64,
            },
        });
        let key = read(table).unwrap();
        assert_eq!(key.rules.spend.per_day, MicroUsd(1_500_000));
        assert_eq!(key.rules.expires_ms, Some(9_000_000_000_000));
        assert_eq!(read(Value::Object(fields(&key))), Ok(key));
        let least = read(json!({"name": "n", "group": "g"})).unwrap();
        assert!(least.waits && least.rules == KeyRules::default());
        assert_eq!(read(Value::Object(fields(&least))), Ok(least));
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told_by_its_field() {
        for (field, value, why) in [
            ("name", json!(""), "1 to 200 bytes"),
            ("max_concurrent", json!(-1), "must be 0 to 1000000"),
            ("tags", json!(["a b"]), "without spaces"),
            ("rules.ips", json!(["10.0.0.0/33"]), "neither an address"),
            ("rules.routes", json!(["nothing"]), "is one of messages"),
            ("rules.spend_per_day", json!(-1), "from 0 to 1000000"),
            ("rules.tokens_per_minute", json!("x"), "invalid type"),
            ("rules.models", json!(vec!["m"; 201]), "at most 200"),
            ("rules.expires_ms", json!(-1), "must be 0 to"),
            ("rules.nonsense", json!(1), "unknown field"),
            ("nonsense", json!(1), "unknown field"),
        ] {
            let mut table = json!({"name": "n", "group": "g"});
            match field.split_once('.') {
                Some((rules, rule)) => table[rules] = json!({rule: value}),
                None => table[field] = value,
            }
            let refused = read(table).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{refused}");
            assert!(refused.why.contains(why), "{refused}");
        }
    }
}
