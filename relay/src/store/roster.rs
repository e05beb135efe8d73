//! Stored accounts, groups, users and settings as they are read: a HASH each, SETs of their ids, and a SET of the accounts
//! that are drained. `editing` writes them.

use std::{
    collections::{BTreeMap, HashMap},
    slice,
};

use super::{Batch, Connection, Reply, Store, StoreError, link::ask_on, list, names};
use crate::config::Values;

pub(super) const SECRET: &str = "secret:";
pub(super) const SHOWN: &str = "shown:";

/// An account as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAccount {
    pub(crate) id: String,
    /// Grows with every change.
    pub(crate) version: u64,
    /// Its table, as JSON, without secrets.
    pub(crate) table: String,
    /// By their fields.
    pub(crate) secrets: BTreeMap<String, StoredSecret>,
}

/// A secret as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSecret {
    pub(crate) sealed: String,
    /// As much of it as operators are shown.
    pub(crate) shown: String,
}

/// A group or a user as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTable {
    pub(crate) id: String,
    pub(crate) version: u64,
    /// Its table, as JSON.
    pub(crate) table: String,
}

/// What operators have set, as Redis has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredSettings {
    /// Grows with every change; 0 before the first.
    pub(crate) version: u64,
    /// By their names, as JSON; empty before the first.
    pub(crate) table: String,
}

/// All that is stored, ordered by ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredRoster {
    pub(crate) accounts: Vec<StoredAccount>,
    pub(crate) groups: Vec<StoredTable>,
    pub(crate) users: Vec<StoredTable>,
    /// Ids of accounts, be they stored or not.
    pub(crate) drained: Vec<String>,
    pub(crate) settings: StoredSettings,
}

impl StoredSettings {
    /// What is stored is input: what is no table holds nothing.
    pub(crate) fn values(&self) -> Values {
        serde_json::from_str(&self.table).unwrap_or_default()
    }
}

impl Store {
    pub(crate) async fn roster(&self) -> Result<StoredRoster, StoreError> {
        read(&self.callers.connection()?).await
    }
}

pub(super) async fn read(over: &Connection) -> Result<StoredRoster, StoreError> {
    let mut batch = Batch::new();
    for set in [names::ACCOUNTS, names::GROUPS, names::USERS, names::DRAINED] {
        batch.command("SMEMBERS").arg(set);
    }
    let sets = ask_on(over, &batch).await?;
    let ids = |place: usize| -> Result<Vec<String>, StoreError> {
        let members = list("SMEMBERS", sets.get(place).unwrap_or(&Reply::Nil))?;
        let ids = members.iter().filter_map(Reply::text);
        let mut ids: Vec<String> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        Ok(ids)
    };
    let (accounts, groups, users) = (ids(0)?, ids(1)?, ids(2)?);
    let mut batch = Batch::new();
    let hashes = accounts.iter().map(|id| names::account(id));
    let hashes = hashes.chain(groups.iter().map(|id| names::group(id)));
    let hashes = hashes.chain(users.iter().map(|id| names::user(id)));
    for name in hashes.chain([names::SETTINGS.to_owned()]) {
        batch.command("HGETALL").arg(name);
    }
    let hashes = ask_on(over, &batch).await?;
    let mut hashes = hashes.iter();
    Ok(StoredRoster {
        accounts: all("account", &accounts, &mut hashes, account),
        groups: all("group", &groups, &mut hashes, table),
        users: all("user", &users, &mut hashes, table),
        settings: hashes
            .next()
            .filter(|hash| hash.list().is_some_and(|fields| !fields.is_empty()))
            .and_then(|hash| known("settings", "all", hash, settings))
            .unwrap_or_default(),
        drained: ids(3)?,
    })
}

/// The next hashes are those of these.
fn all<T>(
    what: &str,
    ids: &[String],
    hashes: &mut slice::Iter<'_, Reply>,
    parse: fn(&str, &HashMap<&str, &str>) -> Option<T>,
) -> Vec<T> {
    let pairs = ids.iter().zip(hashes);
    pairs
        .filter_map(|(id, hash)| known(what, id, hash, parse))
        .collect()
}

/// What is stored is input too: a hash that is none of ours counts as none.
fn known<T>(
    what: &str,
    id: &str,
    hash: &Reply,
    parse: fn(&str, &HashMap<&str, &str>) -> Option<T>,
) -> Option<T> {
    let fields = hash.list()?.as_chunks().0.iter();
    let fields = fields.filter_map(|[name, value]| Some((name.text()?, value.text()?)));
    let known = parse(id, &fields.collect());
    if known.is_none() {
        tracing::error!(what, id, "this is malformed in Redis and ignored");
    }
    known
}

fn account(id: &str, fields: &HashMap<&str, &str>) -> Option<StoredAccount> {
    let secrets = fields.iter().filter_map(|(name, sealed)| {
        let field = name.strip_prefix(SECRET)?;
        let shown = fields.get(format!("{SHOWN}{field}").as_str());
        let secret = StoredSecret {
            sealed: (*sealed).to_owned(),
            shown: shown.copied().unwrap_or_default().to_owned(),
        };
        Some((field.to_owned(), secret))
    });
    Some(StoredAccount {
        id: id.to_owned(),
        version: fields.get("version")?.parse().ok()?,
        table: (*fields.get("table")?).to_owned(),
        secrets: secrets.collect(),
    })
}

fn table(id: &str, fields: &HashMap<&str, &str>) -> Option<StoredTable> {
    Some(StoredTable {
        id: id.to_owned(),
        version: fields.get("version")?.parse().ok()?,
        table: (*fields.get("table")?).to_owned(),
    })
}

fn settings(_: &str, fields: &HashMap<&str, &str>) -> Option<StoredSettings> {
    Some(StoredSettings {
        version: fields.get("version")?.parse().ok()?,
        table: (*fields.get("table")?).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_is_not_an_account_counts_as_none() {
        let whole = [
            ("version", "3"),
            ("table", "{}"),
            ("secret:api_key", "sealed"),
        ];
        let read = account("a", &HashMap::from(whole)).unwrap();
        assert_eq!((read.version, read.table.as_str()), (3, "{}"));
        assert_eq!(read.secrets["api_key"].sealed, "sealed");
        for missing in ["version", "table"] {
            let mut rest = HashMap::from(whole);
            rest.remove(missing);
            assert_eq!(account("a", &rest), None);
            assert_eq!(table("a", &rest), None);
        }
        let mut rest = HashMap::from(whole);
        rest.insert("version", "-1");
        assert_eq!(account("a", &rest), None);
    }
}
