//! A table that stands alone, without a file around it.

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::{Source, account_from, group_from};
use crate::config::{AccountConfig, ConfigError, GroupConfig};

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
