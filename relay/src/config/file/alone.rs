//! A table that stands alone, without a file around it.

use std::mem;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::{Source, account_from, group_from};
use crate::{
    config::{
        AccountConfig, ConfigError, GroupConfig, Price, UserConfig, key::KeyTable, limits, names,
        settings::Tables,
    },
    key::NewKey,
};

/// An account by the text of its table alone, which is called `id`.
pub(in crate::config) fn account_of(id: &str, text: &str) -> Result<AccountConfig, ConfigError> {
    let (source, id, account) = one(id, text)?;
    account_from(&source, &id, account)
}

/// A group by the text of its table alone; these are the accounts that there are.
pub(in crate::config) fn group_of(
    id: &str,
    text: &str,
    accounts: Vec<&str>,
) -> Result<GroupConfig, ConfigError> {
    let (source, id, group) = one(id, text)?;
    group_from(&source, &id, &group, accounts)
}

/// A user by the text of its table alone.
pub(in crate::config) fn user_of(id: &str, text: &str) -> Result<UserConfig, ConfigError> {
    let (source, id, user) = one(id, text)?;
    limits::user(&source, &id, &user)
}

/// What a key is to be, by the text of its table.
pub(in crate::config) fn key_of(text: &str) -> Result<NewKey, ConfigError> {
    one::<KeyTable>("key", text).map(|(_, _, key)| key.into())
}

/// Settings by the text of their tables, and prices of an operator's own.
pub(in crate::config) fn settings_of(
    text: &str,
) -> Result<(Tables, Vec<(String, Price)>), ConfigError> {
    let (source, _, mut tables) = one::<Tables>("settings", text)?;
    let prices = names::prices(&source, mem::take(&mut tables.prices))?;
    Ok((tables, prices))
}

fn one<'a, T: DeserializeOwned>(
    id: &'a str,
    text: &'a str,
) -> Result<(Source<'a>, Spanned<String>, T), ConfigError> {
    let source = Source { name: id, text };
    let table = toml::from_str(text).map_err(|error| {
        source.error(error.span().map_or(0, |span| span.start), error.message())
    })?;
    Ok((source, Spanned::new(0..0, id.to_owned()), table))
}
