//! Fields of accounts and groups as the command line has them: `KEY=VALUE`, the value as in `weir.toml`, or a plain word;
//! no value takes the field away. Secrets are never given as arguments, which others can see: only where they are.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    admin::{Fields, accounts::Secrets},
    config::{Credential, SECRET_FIELDS},
    secret::Secret,
};

/// What is given for an account or a group.
#[derive(Default)]
pub(super) struct Given {
    pub(super) fields: Fields,
    pub(super) secrets: Secrets,
}

impl Given {
    pub(super) fn read(pairs: &[String]) -> anyhow::Result<Self> {
        let mut given = Self::default();
        let mut lines = String::new();
        for pair in pairs {
            let (field, value) = pair
                .split_once('=')
                .with_context(|| "fields are given as KEY=VALUE")?;
            if SECRET_FIELDS.contains(&field) {
                given
                    .secrets
                    .insert(field.to_owned(), secret(field, value)?);
            } else if value.is_empty() {
                given.fields.insert(field.to_owned(), Value::Null);
            } else {
                lines += &line(field, value);
            }
        }
        let table: toml::Table = lines
            .parse()
            .map_err(|error: toml::de::Error| anyhow::anyhow!("{}", error.message()))?;
        for (field, value) in table {
            given.fields.insert(field, serde_json::to_value(value)?);
        }
        Ok(given)
    }
}

/// A line as in `weir.toml`.
fn line(field: &str, value: &str) -> String {
    let as_it_is = format!("{field} = {value}\n");
    match as_it_is.parse::<toml::Table>() {
        Ok(_) => as_it_is,
        Err(_) => format!("{field} = {}\n", toml::Value::from(value)),
    }
}

pub(super) fn secret(field: &str, place: &str) -> anyhow::Result<Secret> {
    let credential = match place.split_once(':') {
        Some(("env", name)) => Credential::Env(name.to_owned()),
        Some(("file", path)) => Credential::File(path.into()),
        _ if place == "-" => return from_stdin(),
        _ => bail!("{field} is a secret: say where it is (env:NAME, file:PATH, or - for stdin)"),
    };
    credential
        .resolve()
        .map_err(|why| anyhow::anyhow!("{field}: {why}"))
}

fn from_stdin() -> anyhow::Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text)?;
    Ok(Secret::new(text.trim()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(pairs: &[&str]) -> anyhow::Result<Given> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        Given::read(&pairs)
    }

    #[test]
    fn values_are_those_of_the_file_or_plain_words() {
        let given = read(&[
            "kind=anthropic",
            "base_url=https://example.com/v1",
            "max_concurrent=4",
            "serial_turns=true",
            "timeouts.connect_ms=5",
            "timeouts.idle_ms=6",
            "note=of \"Ann\"",
            "models={ a = \"b\" }",
            "priority=",
        ]);
        let expected = json!({
            "priority": null, "kind": "anthropic", "base_url": "https://example.com/v1",
            "max_concurrent": 4, "serial_turns": true,
            "timeouts": {"connect_ms": 5, "idle_ms": 6}, "note": "of \"Ann\"",
            "models": {"a": "b"},
        });
        let given = given.expect("all are fields");
        assert_eq!(Value::Object(given.fields), expected);
        assert!(given.secrets.is_empty());
    }

    #[test]
    fn a_secret_is_no_argument() {
        let refused = |pair: &str| {
            let refused = read(&[pair]).err().expect("it is refused");
            refused.to_string()
        };
        let why = refused("api_key=sk-hidden");
        assert!(why.contains("stdin") && !why.contains("hidden"), "{why}");
        assert!(refused("api_key=file:/nowhere").contains("/nowhere"));
        assert!(refused("nonsense").contains("KEY=VALUE"));
    }
}
