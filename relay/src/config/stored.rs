//! Accounts, groups, users, keys and settings that are not in `weir.toml`: the same tables, checked by the same functions.
//! Errors name the field instead of a line; secrets stand beside the table and are put in last.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use toml::Table;

use super::{
    AccountConfig, ConfigError, Credential, GroupConfig, Price, Proof, UserConfig, file,
    names::is_name, settings::Tables,
};
use crate::{key::NewKey, secret::Secret};

/// The fields of an account that are secrets.
pub(crate) const SECRET_FIELDS: [&str; 4] =
    [API_KEY, ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN];
const API_KEY: &str = "api_key";
const ACCESS_KEY_ID: &str = "access_key_id";
const SECRET_ACCESS_KEY: &str = "secret_access_key";
const SESSION_TOKEN: &str = "session_token";

/// What stands for a secret while the rest is checked.
const UNKNOWN: &str = "-";

/// What does not fit in a table. The fault of who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{why}", field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub(crate) struct Misfit {
    /// None: of the table as a whole.
    pub(crate) field: Option<String>,
    pub(crate) why: String,
}

/// An account by its table. It is given the secrets for these fields, and by `secret` what each of them is.
pub(crate) fn stored_account<E: From<Misfit>>(
    id: &str,
    table: &Table,
    given: &[&str],
    secret: impl Fn(&AccountConfig, &str) -> Result<Secret, E>,
) -> Result<AccountConfig, E> {
    check_id(id)?;
    let mut table = table.clone();
    if let Some(field) = SECRET_FIELDS
        .iter()
        .find(|field| table.contains_key(**field))
    {
        return Err(misfit(Some(field), "a secret does not belong in the table").into());
    }
    for field in given {
        table.insert((*field).to_owned(), UNKNOWN.into());
    }
    let text = text_of(&table)?;
    let account = file::account_of(id, &text).map_err(|error| explain(&text, error))?;
    let mut whole = account.clone();
    for (field, credential) in whole.credentials_mut() {
        *credential = Credential::Literal(secret(&account, field)?);
    }
    Ok(whole)
}

/// A group by its table; these are the accounts that there are.
pub(crate) fn stored_group(
    id: &str,
    table: &Table,
    accounts: Vec<&str>,
) -> Result<GroupConfig, Misfit> {
    check_id(id)?;
    let text = text_of(table)?;
    file::group_of(id, &text, accounts).map_err(|error| explain(&text, error))
}

/// A user by the table of its limits.
pub(crate) fn stored_user(id: &str, table: &Table) -> Result<UserConfig, Misfit> {
    check_id(id)?;
    let text = text_of(table)?;
    file::user_of(id, &text).map_err(|error| explain(&text, error))
}

/// What a key is to be, by its table.
pub(crate) fn stored_key(table: &Table) -> Result<NewKey, Misfit> {
    let text = text_of(table)?;
    file::key_of(&text).map_err(|error| explain(&text, error))
}

/// Settings by their tables, and prices of an operator's own.
pub(super) fn stored_settings(
    tables: &Map<String, Value>,
) -> Result<(Tables, Vec<(String, Price)>), Misfit> {
    let tables = Table::try_from(tables);
    let tables = tables.map_err(|error| misfit(None, &error.to_string()))?;
    let text = text_of(&tables)?;
    file::settings_of(&text).map_err(|error| explain(&text, error))
}

impl AccountConfig {
    /// Differs where what is sent to its upstream does, or how.
    pub(crate) fn print(&self) -> [u8; 32] {
        let mut alike = self.clone();
        alike.max_concurrent = 0;
        alike.enabled = true;
        alike.note.clear();
        let mut digest = Sha256::new();
        for (field, secret) in self.secrets() {
            digest.update(field);
            digest.update(Sha256::digest(secret.reveal()));
        }
        digest.chain_update(format!("{alike:?}")).finalize().into()
    }

    /// The same with its secrets in place, wherever they are read from.
    pub(crate) fn with_secrets(mut self) -> Result<Self, ConfigError> {
        let account = self.id.clone();
        for (_, credential) in self.credentials_mut() {
            let secret = credential.resolve();
            *credential = Credential::Literal(secret.map_err(|why| ConfigError::Account {
                account: account.clone(),
                why,
            })?);
        }
        Ok(self)
    }

    /// The secrets that it holds, by their fields.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        let credentials = match &self.proof {
            Proof::Key(key) => vec![(API_KEY, key)],
            Proof::AwsKeys {
                access_key_id,
                secret_access_key,
                session_token,
            } => {
                let keys = [
                    (ACCESS_KEY_ID, access_key_id),
                    (SECRET_ACCESS_KEY, secret_access_key),
                ];
                let token = session_token.iter().map(|token| (SESSION_TOKEN, token));
                keys.into_iter().chain(token).collect()
            }
        };
        let credentials = credentials.into_iter();
        credentials.filter_map(|(field, credential)| match credential {
            Credential::Literal(secret) => Some((field, secret)),
            Credential::Env(_) | Credential::File(_) => None,
        })
    }

    /// Where its secrets are, by their fields.
    fn credentials_mut(&mut self) -> Vec<(&'static str, &mut Credential)> {
        match &mut self.proof {
            Proof::Key(key) => vec![(API_KEY, key)],
            Proof::AwsKeys {
                access_key_id,
                secret_access_key,
                session_token,
            } => {
                let keys = [
                    (ACCESS_KEY_ID, access_key_id),
                    (SECRET_ACCESS_KEY, secret_access_key),
                ];
                let token = session_token.iter_mut().map(|token| (SESSION_TOKEN, token));
                keys.into_iter().chain(token).collect()
            }
        }
    }
}

/// The first line is empty: what is said of the table as a whole is said of that one.
fn text_of(table: &Table) -> Result<String, Misfit> {
    let text = toml::to_string(table);
    let text = text.map_err(|error| misfit(None, &error.to_string()))?;
    Ok(format!("\n{text}"))
}

fn check_id(id: &str) -> Result<(), Misfit> {
    match (1..=64).contains(&id.len()) && is_name(id) {
        true => Ok(()),
        false => {
            let why = "a name is 1 to 64 letters, digits, `-` and `_`";
            Err(misfit(Some("id"), why))
        }
    }
}

/// An error that names a line of a table, in terms of its fields.
fn explain(text: &str, error: ConfigError) -> Misfit {
    let ConfigError::Line { line, why, .. } = error else {
        return misfit(None, &error.to_string());
    };
    let before: Vec<&str> = text.lines().take(line).collect();
    let section = before.iter().rev().find_map(|line| {
        let inner = line.strip_prefix('[')?;
        Some(inner.strip_suffix(']')?.replace('"', ""))
    });
    let section = section.as_deref();
    let missing = why.strip_prefix("missing field `");
    if let Some((field, _)) = missing.and_then(|rest| rest.split_once('`')) {
        let field = section.map_or(field.to_owned(), |section| format!("{section}.{field}"));
        return misfit(Some(&field), "is missing");
    }
    let key = before.last().and_then(|line| line.split_once('='));
    let Some((key, _)) = key else {
        return misfit(section, &why);
    };
    let key = key.trim().trim_matches('"');
    let why = why.strip_prefix(&format!("{key}: ")).unwrap_or(&why);
    let field = section.map_or(key.to_owned(), |section| format!("{section}.{key}"));
    misfit(Some(&field), why)
}

fn misfit(field: Option<&str>, why: &str) -> Misfit {
    Misfit {
        field: field.map(str::to_owned),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(table: &str, given: &[&str]) -> Result<AccountConfig, Misfit> {
        let table = table.parse().unwrap();
        stored_account("second", &table, given, |_, field| {
            // Of what looks like a place too, only the text itself is meant.
            Ok(Secret::new(format!("env:{field}")))
        })
    }

    #[test]
    fn a_table_is_an_account_as_it_would_be_in_the_file() {
        let of_file = file::account_of(
            "second",
            "kind = \"anthropic\"\napi_key = \"x\"\nmax_concurrent = 3\nnote = \"of Ann\"",
        );
        let table = "kind = \"anthropic\"\nmax_concurrent = 3\nnote = \"of Ann\"";
        let stored = account(table, &["api_key"]).unwrap();
        assert_eq!(format!("{stored:?}"), format!("{:?}", of_file.unwrap()));
        let secrets = stored
            .secrets()
            .map(|(field, secret)| (field, secret.reveal()));
        assert_eq!(secrets.collect::<Vec<_>>(), [("api_key", "env:api_key")]);
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_field() {
        let kind = "kind = \"anthropic\"\n";
        for (table, given, field, why) in [
            (
                "max_concurrent = -1",
                &["api_key"][..],
                Some("max_concurrent"),
                "must be 0 to 1000000",
            ),
            (
                "base_url = \"http://x\"",
                &["api_key"],
                Some("base_url"),
                "http://",
            ),
            (
                "timeouts = { total_ms = 0 }",
                &["api_key"],
                Some("timeouts.total_ms"),
                "must be 1 to",
            ),
            (
                "models = { \"a b\" = \"c\" }",
                &["api_key"],
                Some("models.a b"),
                "a model is named",
            ),
            ("api_key = \"k\"", &[], Some("api_key"), "does not belong"),
            (
                "nonsense = 1",
                &["api_key"],
                Some("nonsense"),
                "unknown field",
            ),
            ("", &[], None, "api_key"),
        ] {
            let refused = account(&format!("{kind}{table}"), given).unwrap_err();
            assert_eq!(refused.field.as_deref(), field, "{refused}");
            assert!(refused.why.contains(why), "{refused}");
        }
        let refused = stored_account("a b", &Table::new(), &[], |_, _| Err(misfit(None, "")));
        assert_eq!(refused.unwrap_err().field.as_deref(), Some("id"));
    }

    #[test]
    fn a_group_names_accounts_that_there_are() {
        let group = |table: &str| stored_group("g", &table.parse().unwrap(), vec!["a", "b"]);
        assert_eq!(group("accounts = [\"b\"]").unwrap().accounts, ["b"]);
        for (table, why) in [
            ("accounts = [\"c\"]", "there is no account `c`"),
            ("accounts = [\"a\", \"a\"]", "`a` stands twice"),
        ] {
            let refused = group(table).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("accounts"));
            assert_eq!(refused.why, why);
        }
        assert_eq!(
            group("accounts = []").unwrap_err().why,
            "a group needs at least one account"
        );
    }
}
