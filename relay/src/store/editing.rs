//! A change of what operators make, in one transaction: whoever makes one watches all changes, and writes nothing where
//! there was another one meanwhile. What was done, who did it and the news of it are written together or not at all.

use std::time::Duration;

use super::{
    Batch, Connection, Link, Made, Reply, Store, StoreError, StoredAccount, StoredKey,
    StoredRoster, StoredSettings, StoredTable,
    audit::{Entry, note},
    changes, keys,
    link::{ask_on, ask_one_on},
    list, names,
    roster::{self, SECRET, SHOWN},
};

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A change in the making: what was read has not changed when it is written.
#[derive(Debug)]
pub(crate) struct Editing {
    over: Connection,
    batch: Batch,
}

impl Store {
    /// Begins a change, with all accounts, groups, users and settings that are stored now.
    pub(crate) async fn edit(&self) -> Result<(Editing, StoredRoster), StoreError> {
        let editing = Editing::begin(&self.callers, &[names::CHANGES]).await?;
        let stored = roster::read(&editing.over).await?;
        Ok((editing, stored))
    }
}

impl Editing {
    /// Nothing is written if one of these changes meanwhile.
    pub(super) async fn begin(callers: &Link, watched: &[&str]) -> Result<Self, StoreError> {
        let over = callers.another(ANSWER_WITHIN).await?;
        let mut batch = Batch::of("WATCH");
        for name in watched {
            batch.arg(name);
        }
        if let Some(error) = ask_one_on(&over, &batch).await?.error() {
            return Err(refused("WATCH", error));
        }
        let batch = Batch::of("MULTI");
        Ok(Self { over, batch })
    }

    /// What is there before anything is written.
    pub(super) async fn ask(&self, batch: &Batch) -> Result<Reply, StoreError> {
        ask_one_on(&self.over, batch).await
    }

    /// Where further writes go.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// A key as it is now.
    pub(crate) async fn key(&self, id: &str) -> Result<Option<StoredKey>, StoreError> {
        let mut batch = Batch::of("HGETALL");
        batch.arg(names::key(id));
        Ok(keys::read(id, &ask_one_on(&self.over, &batch).await?))
    }

    pub(crate) fn put_key(&mut self, key: &StoredKey) {
        keys::write(&mut self.batch, key);
        self.batch.command("SADD").arg(names::KEYS).arg(&key.id);
        changes::tell(&mut self.batch, Made::Key, &key.id);
    }

    pub(crate) fn delete_key(&mut self, id: &str) {
        self.delete(Made::Key, &names::key(id), (names::KEYS, id));
    }

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
        self.batch.command("SREM").arg(names::DRAINED).arg(id);
        self.delete(Made::Account, &names::account(id), (names::ACCOUNTS, id));
    }

    pub(crate) fn drain_account(&mut self, id: &str) {
        self.batch.command("SADD").arg(names::DRAINED).arg(id);
        changes::tell(&mut self.batch, Made::Account, id);
    }

    pub(crate) fn refill_account(&mut self, id: &str) {
        self.batch.command("SREM").arg(names::DRAINED).arg(id);
        changes::tell(&mut self.batch, Made::Account, id);
    }

    pub(crate) fn put_group(&mut self, group: &StoredTable) {
        self.put(
            Made::Group,
            &names::group(&group.id),
            (names::GROUPS, group),
        );
    }

    pub(crate) fn delete_group(&mut self, id: &str) {
        self.delete(Made::Group, &names::group(id), (names::GROUPS, id));
    }

    pub(crate) fn put_user(&mut self, user: &StoredTable) {
        self.put(Made::User, &names::user(&user.id), (names::USERS, user));
    }

    pub(crate) fn delete_user(&mut self, id: &str) {
        self.delete(Made::User, &names::user(id), (names::USERS, id));
    }

    pub(crate) fn put_settings(&mut self, settings: &StoredSettings) {
        self.batch.command("HSET").arg(names::SETTINGS);
        self.batch.arg("version").number(settings.version);
        self.batch.arg("table").arg(&settings.table);
        changes::tell(&mut self.batch, Made::Settings, "all");
    }

    fn put(&mut self, made: Made, name: &str, (set, table): (&str, &StoredTable)) {
        let batch = &mut self.batch;
        batch.command("HSET").arg(name);
        batch.arg("version").number(table.version);
        batch.arg("table").arg(&table.table);
        batch.command("SADD").arg(set).arg(&table.id);
        changes::tell(batch, made, &table.id);
    }

    fn delete(&mut self, made: Made, name: &str, (set, id): (&str, &str)) {
        self.batch.command("DEL").arg(name);
        self.batch.command("SREM").arg(set).arg(id);
        changes::tell(&mut self.batch, made, id);
    }

    /// Writes it and who did it, known to every relay at once. False: something else was changed since it began, and
    /// nothing is written.
    pub(crate) async fn commit(mut self, entry: &Entry) -> Result<bool, StoreError> {
        note(&mut self.batch, entry);
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
