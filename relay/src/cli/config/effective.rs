//! What is in force with a `weir.toml`: its own words over the defaults that `weir init` writes, and the environment over
//! both. What operators have set is in Redis, and not here. A secret that stands in it is left out; where one is read from is shown.

use toml::{Table, Value};

use crate::{
    cli::init::TEMPLATE,
    config::{self, Config, RedisAt, Servers},
};

/// What stands in the place of a secret.
const GIVEN: &str = "(given)";
/// A key whose name has one of these holds a secret, unless it says where one is.
const SECRET: [&str; 4] = ["key", "password", "secret", "token"];
/// Tables whose keys are names of the operator's, each with the defaults of the one in the template.
const NAMED: [(&str, &str); 2] = [("accounts", "main"), ("groups", "default")];
/// Of the account in the template, and nobody's default.
const ITS_OWN: [&str; 3] = ["kind", "base_url", "api_key"];

/// `text` is good, and `config` is what came of it.
pub(super) fn shown(text: &str, config: &Config) -> Result<Table, toml::de::Error> {
    let own: Table = toml::from_str(text)?;
    let mut all: Table = toml::from_str(TEMPLATE)?;
    add_settings(&mut all);
    for (table, sample) in NAMED {
        let sample = all
            .remove(table)
            .and_then(|mut it| it.get_mut(sample).cloned());
        let defaults = sample.as_ref().and_then(Value::as_table);
        let mut named = Table::new();
        for id in own
            .get(table)
            .and_then(Value::as_table)
            .into_iter()
            .flat_map(Table::keys)
        {
            let mut one = defaults.cloned().unwrap_or_default();
            one.retain(|key, _| !ITS_OWN.contains(&key) && key != "accounts");
            named.insert(id.clone(), Value::Table(one));
        }
        all.insert(table.to_owned(), Value::Table(named));
    }
    lay_over(&mut all, own);
    lay_environment_over(&mut all, config);
    hide(&mut all, "");
    Ok(all)
}

/// The template does not name them, so that they can be changed while relays run.
fn add_settings(all: &mut Table) {
    for (name, value) in config::defaults() {
        let (table, key) = name.split_once('.').expect("each stands in a table");
        let table = all
            .entry(table)
            .or_insert_with(|| Value::Table(Table::new()));
        if let (Some(table), Ok(value)) = (table.as_table_mut(), Value::try_from(value)) {
            table.insert(key.to_owned(), value);
        }
    }
}

fn lay_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// And what was made of what was left out.
fn lay_environment_over(all: &mut Table, config: &Config) {
    let mut say = |table: &str, key: &str, value: String| {
        let table = all
            .entry(table)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Some(table) = table.as_table_mut() {
            table.insert(key.to_owned(), Value::String(value));
        }
    };
    let operators = config.operators.listen.map(|listen| listen.to_string());
    say("listen", "callers", config.callers.to_string());
    say(
        "listen",
        "operators",
        operators.unwrap_or_else(|| "off".into()),
    );
    say("log", "filter", config.log.filter.clone());
    say("log", "format", config.log.format.word().to_owned());
    if let Some(module) = &config.module {
        say("module", "path", module.display().to_string());
    }
    if let RedisAt::Given(Servers::One(address)) = &config.redis {
        say("redis", "url", address.to_string());
    }
    let data_dir = config.data_dir.display().to_string();
    all.insert("data_dir".into(), Value::String(data_dir));
    let Some(Value::Table(accounts)) = all.get_mut("accounts") else {
        return;
    };
    for account in &config.accounts {
        if let Some(Value::Table(one)) = accounts.get_mut(&account.id) {
            one.insert("base_url".into(), Value::String(account.base_url.clone()));
        }
    }
}

fn hide(table: &mut Table, named: &str) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(table) => hide(table, key),
            Value::String(text) if is_secret(named, key) && !is_place(text) => {
                GIVEN.clone_into(text);
            }
            _ => {}
        }
    }
}

/// Names of models and their kin may be called anything.
fn is_secret(table: &str, key: &str) -> bool {
    let of_files = ["tls", "operators_tls"].contains(&table);
    let of_names = ["models", "aliases"].contains(&table);
    !of_files && !of_names && SECRET.iter().any(|word| key.contains(word))
}

fn is_place(text: &str) -> bool {
    text.starts_with("env:") || text.starts_with("file:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(text: &str) -> Table {
        shown(text, &Config::from_toml(text).unwrap()).unwrap()
    }

    #[test]
    fn defaults_are_filled_in_around_what_the_file_says() {
        let all = effective(
            "[waiting]\ngrace_ms = 5\n[accounts.a]\nkind = \"openai\"\napi_key = \"env:K\"\n[groups.g]\naccounts = [\"a\"]",
        );
        let waiting = all["waiting"].as_table().unwrap();
        assert_eq!(waiting["grace_ms"].as_integer(), Some(5));
        assert_eq!(waiting["silence_ms"].as_integer(), Some(15_000));
        let account = all["accounts"]["a"].as_table().unwrap();
        assert_eq!(
            account["base_url"].as_str(),
            Some("https://api.openai.com/v1")
        );
        assert_eq!(
            account["timeouts"]["total_ms"].as_integer(),
            Some(3_600_000)
        );
        assert_eq!(account["api_key"].as_str(), Some("env:K"));
        assert!(all["accounts"].get("main").is_none());
        assert_eq!(all["groups"]["g"]["accounts"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_is_shown_is_a_good_file_again_and_has_no_secret() {
        let text = "[redis]\nurl = \"redis://me:hidden-1@10.0.0.1:7000\"\n[accounts.a]\nkind = \"bedrock\"\nregion = \"r\"\n\
                    access_key_id = \"hidden-2\"\nsecret_access_key = \"hidden-3\"\n[accounts.b]\nkind = \"gemini\"\n\
                    api_key = \"hidden-4\"\nmodels = { key = \"m\" }\n[listen.tls]\ncertificate = \"c\"\nkey = \"k\"";
        let all = effective(text);
        let shown = toml::to_string(&all).unwrap();
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(all["listen"]["tls"]["key"].as_str(), Some("k"));
        assert_eq!(all["accounts"]["b"]["models"]["key"].as_str(), Some("m"));
        assert_eq!(all["redis"]["url"].as_str(), Some("redis://10.0.0.1:7000"));
        let read = Config::from_toml(&shown).unwrap();
        assert_eq!(
            format!("{:?}", read.waits),
            format!("{:?}", Config::from_toml(text).unwrap().waits)
        );
    }
}
