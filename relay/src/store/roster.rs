//! Stored accounts and groups: a HASH each, SETs of their ids, and a SET of the accounts that are drained. Who changes one
//! watches all changes, and writes nothing where there was another one meanwhile.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::{
    Batch, Connection, Made, Reply, Store, StoreError, changes,
    link::{ask_on, ask_one_on},
    list, names,
};

const SECRET: &str = "secret:";
const SHOWN: &str = "shown:";
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

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

/// A group as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredGroup {
    pub(crate) id: String,
    pub(crate) version: u64,
    /// Its table, as JSON.
    pub(crate) table: String,
}

/// All that is stored, ordered by ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredRoster {
    pub(crate) accounts: Vec<StoredAccount>,
    pub(crate) groups: Vec<StoredGroup>,
    /// Ids of accounts, be they stored or not.
    pub(crate) drained: Vec<String>,
}

/// A change in the making: what was read has not changed when it is written.
#[derive(Debug)]
pub(crate) struct Editing {
    over: Connection,
    batch: Batch,
}

impl Store {
    pub(crate) async fn roster(&self) -> Result<StoredRoster, StoreError> {
        read(&self.callers.connection()?).await
    }

    /// Begins a change, with all that is stored now.
    pub(crate) async fn edit_roster(&self) -> Result<(Editing, StoredRoster), StoreError> {
        let over = self.callers.another(ANSWER_WITHIN).await?;
        let mut batch = Batch::of("WATCH");
        batch.arg(names::CHANGES);
        if let Some(error) = ask_one_on(&over, &batch).await?.error() {
            return Err(refused("WATCH", error));
        }
        let stored = read(&over).await?;
        let batch = Batch::of("MULTI");
        Ok((Editing { over, batch }, stored))
    }
}

impl Editing {
    pub(crate) fn put_account(&mut self, account: &StoredAccount) {
        let batch = &mut self.batch;
        let name = names::account(&account.id);
        batch.command("DEL").arg(&name);
        batch.command("HSET").arg(&name);
        batch.arg("version").number(account.version);
        batch.arg("table").arg(&account.table);
        for (field, secret) in &account.secrets {
            batch.arg(format!("{SECRET}{field}")).arg(&secret.sealed);
            batch.arg(format!("{SHOWN}{field}")).arg(&secret.shown);
        }
        batch.command("SADD").arg(names::ACCOUNTS).arg(&account.id);
        changes::tell(batch, Made::Account, &account.id);
    }

    pub(crate) fn delete_account(&mut self, id: &str) {
        let batch = &mut self.batch;
        batch.command("DEL").arg(names::account(id));
        batch.command("SREM").arg(names::ACCOUNTS).arg(id);
        batch.command("SREM").arg(names::DRAINED).arg(id);
        changes::tell(batch, Made::Account, id);
    }

    pub(crate) fn drain_account(&mut self, id: &str) {
        self.batch.command("SADD").arg(names::DRAINED).arg(id);
        changes::tell(&mut self.batch, Made::Account, id);
    }

    pub(crate) fn refill_account(&mut self, id: &str) {
        self.batch.command("SREM").arg(names::DRAINED).arg(id);
        changes::tell(&mut self.batch, Made::Account, id);
    }

    pub(crate) fn put_group(&mut self, group: &StoredGroup) {
        let batch = &mut self.batch;
        batch.command("HSET").arg(names::group(&group.id));
        batch.arg("version").number(group.version);
        batch.arg("table").arg(&group.table);
        batch.command("SADD").arg(names::GROUPS).arg(&group.id);
        changes::tell(batch, Made::Group, &group.id);
    }

    pub(crate) fn delete_group(&mut self, id: &str) {
        let batch = &mut self.batch;
        batch.command("DEL").arg(names::group(id));
        batch.command("SREM").arg(names::GROUPS).arg(id);
        changes::tell(batch, Made::Group, id);
    }

    /// Writes it, known to every relay at once. False: something else was changed since it began, and nothing is written.
    pub(crate) async fn commit(mut self) -> Result<bool, StoreError> {
        self.batch.command("EXEC");
        let replies = ask_on(&self.over, &self.batch).await?;
        let done = replies.last().unwrap_or(&Reply::Nil);
        if *done == Reply::Nil {
            return Ok(false);
        }
        let failed = list("EXEC", done)?.iter().find_map(Reply::error);
        failed.map_or(Ok(true), |error| Err(refused("EXEC", error)))
    }
}

fn refused(command: &'static str, error: &str) -> StoreError {
    StoreError::Refused {
        command,
        error: error.to_owned(),
    }
}

async fn read(over: &Connection) -> Result<StoredRoster, StoreError> {
    let mut batch = Batch::new();
    for set in [names::ACCOUNTS, names::GROUPS, names::DRAINED] {
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
    let (accounts, groups) = (ids(0)?, ids(1)?);
    let mut batch = Batch::new();
    for id in &accounts {
        batch.command("HGETALL").arg(names::account(id));
    }
    for id in &groups {
        batch.command("HGETALL").arg(names::group(id));
    }
    let hashes = match batch.len() {
        0 => Vec::new(),
        _ => ask_on(over, &batch).await?,
    };
    let (of_accounts, of_groups) = hashes.split_at(accounts.len().min(hashes.len()));
    let accounts = accounts.iter().zip(of_accounts);
    let groups = groups.iter().zip(of_groups);
    Ok(StoredRoster {
        accounts: accounts
            .filter_map(|(id, hash)| known("account", id, hash, account))
            .collect(),
        groups: groups
            .filter_map(|(id, hash)| known("group", id, hash, group))
            .collect(),
        drained: ids(2)?,
    })
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

fn group(id: &str, fields: &HashMap<&str, &str>) -> Option<StoredGroup> {
    Some(StoredGroup {
        id: id.to_owned(),
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
            assert_eq!(group("a", &rest), None);
        }
        let mut rest = HashMap::from(whole);
        rest.insert("version", "-1");
        assert_eq!(account("a", &rest), None);
    }
}
