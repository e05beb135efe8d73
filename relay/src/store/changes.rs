//! The news of callers' keys: a capped stream that tells every relay which one changed.

use std::time::Duration;

use super::{Batch, Link, Reply, Store, StoreError, list, names, wire::Connection};

/// Reading this many changes at once says that others may have been dropped from the stream meanwhile.
const CHANGES_AT_ONCE: usize = 1000;
const CHANGES_KEPT: u64 = 10_000;
const WAIT_MS: u64 = 5_000;
const WAIT_AT_MOST: Duration = Duration::from_secs(8);

/// What happened to the keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// These were made or changed.
    Keys(Vec<String>),
    /// Some changes cannot be told any more: all keys are to be read again.
    Gap,
}

/// A reader of the changes, from a place in their stream on.
#[derive(Debug)]
pub(crate) struct Changes {
    connection: Connection,
    last: String,
}

impl Store {
    /// Changes from now on.
    pub(crate) async fn changes(&self) -> Result<Changes, StoreError> {
        Changes::of(&self.callers).await
    }
}

/// Adds the news to the transaction that changes the key.
pub(super) fn tell(batch: &mut Batch, id: &str) {
    batch.command("XADD").arg(names::CHANGES);
    batch.arg("MAXLEN").arg("~").number(CHANGES_KEPT).arg("*");
    batch.arg("key").arg(id);
}

impl Changes {
    async fn of(callers: &Link) -> Result<Self, StoreError> {
        let connection = callers.another(WAIT_AT_MOST).await?;
        let last = last_change(&connection).await?;
        Ok(Self { connection, last })
    }

    /// Waits for the next change. After an error this reader is of no use any more.
    pub(crate) async fn next(&mut self) -> Result<Change, StoreError> {
        loop {
            let ids = self.read().await?;
            if ids.len() >= CHANGES_AT_ONCE {
                return Ok(Change::Gap);
            }
            if !ids.is_empty() {
                return Ok(Change::Keys(ids));
            }
            // Silence: the stream may have been deleted or replaced by an older one.
            let last = last_change(&self.connection).await?;
            if place(&last) < place(&self.last) {
                self.last = last;
                return Ok(Change::Gap);
            }
        }
    }

    /// The ids that the next entries tell, none when none has come for a while.
    async fn read(&mut self) -> Result<Vec<String>, StoreError> {
        let mut batch = Batch::of("XREAD");
        batch.arg("COUNT").number(CHANGES_AT_ONCE as u64);
        batch.arg("BLOCK").number(WAIT_MS);
        batch.arg("STREAMS").arg(names::CHANGES).arg(&self.last);
        let reply = one(&self.connection, &batch).await?;
        if reply == Reply::Nil {
            return Ok(Vec::new());
        }
        // The stream's name, and its entries.
        let entries = list("XREAD", &reply)?.get(1);
        let entries = list("XREAD", entries.unwrap_or(&Reply::Nil))?;
        let mut ids = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some((place, key)) = entry_of(entry) else {
                return Err(StoreError::Form { command: "XREAD" });
            };
            place.clone_into(&mut self.last);
            ids.extend(key.map(str::to_owned));
        }
        Ok(ids)
    }
}

/// The id of the newest change; "0-0" before the first.
async fn last_change(connection: &Connection) -> Result<String, StoreError> {
    let mut batch = Batch::of("XREVRANGE");
    batch.arg(names::CHANGES).arg("+").arg("-");
    batch.arg("COUNT").arg("1");
    let reply = one(connection, &batch).await?;
    let newest = list("XREVRANGE", &reply)?.first().and_then(entry_of);
    Ok(newest.map_or("0-0", |(place, _)| place).to_owned())
}

async fn one(connection: &Connection, batch: &Batch) -> Result<Reply, StoreError> {
    Ok(connection.send(batch).await?.pop().unwrap_or(Reply::Nil))
}

/// Of an entry its place in the stream, and what its field `key` says.
fn entry_of(entry: &Reply) -> Option<(&str, Option<&str>)> {
    let [place, fields] = entry.list()? else {
        return None;
    };
    let mut fields = fields.list()?.as_chunks().0.iter();
    let key = fields.find_map(|[name, value]| (name.text() == Some("key")).then(|| value.text()));
    Some((place.text()?, key.flatten()))
}

/// The two numbers of a stream's id, in which its entries are ordered.
fn place(id: &str) -> Option<(u64, u64)> {
    let (time, count) = id.split_once('-')?;
    Some((time.parse().ok()?, count.parse().ok()?))
}
