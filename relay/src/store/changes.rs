//! The news of what operators make: a capped stream that tells every relay what changed.

use std::time::Duration;

use super::{Batch, Link, Reply, Store, StoreError, list, names, place, wire::Connection};

/// Reading this many changes at once says that others may have been dropped from the stream meanwhile.
const CHANGES_AT_ONCE: usize = 1000;
const CHANGES_KEPT: u64 = 10_000;
const WAIT_MS: u64 = 5_000;
const WAIT_AT_MOST: Duration = Duration::from_secs(8);

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// These were made, changed or deleted.
    Told(News),
    /// Some changes cannot be told any more: all is to be read again.
    Gap,
}

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Their ids.
    pub(crate) keys: Vec<String>,
    /// How many changes there were of anything else.
    pub(crate) of_roster: usize,
}

/// What something that changed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    Key,
    Account,
    Group,
    User,
    Settings,
}

impl Made {
    fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Account => "account",
            Self::Group => "group",
            Self::User => "user",
            Self::Settings => "settings",
        }
    }
}

impl News {
    fn len(&self) -> usize {
        self.keys.len() + self.of_roster
    }

    /// Of entries that say nothing to us, others know more.
    fn add(&mut self, fields: &[[Reply; 2]]) {
        for [name, value] in fields {
            match (name.text(), value.text()) {
                (Some("key"), Some(id)) => self.keys.push(id.to_owned()),
                (Some("account" | "group" | "user" | "settings"), Some(_)) => self.of_roster += 1,
                _ => {}
            }
        }
    }
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

/// Adds the news to the transaction that changes something.
pub(super) fn tell(batch: &mut Batch, made: Made, id: &str) {
    batch.command("XADD").arg(names::CHANGES);
    batch.arg("MAXLEN").arg("~").number(CHANGES_KEPT).arg("*");
    batch.arg(made.word()).arg(id);
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
            let news = self.read().await?;
            if news.len() >= CHANGES_AT_ONCE {
                return Ok(Change::Gap);
            }
            if news.len() > 0 {
                return Ok(Change::Told(news));
            }
            // Silence: the stream may have been deleted or replaced by an older one.
            let last = last_change(&self.connection).await?;
            if place(&last) < place(&self.last) {
                self.last = last;
                return Ok(Change::Gap);
            }
        }
    }

    /// What the next entries tell; nothing when none has come for a while.
    async fn read(&mut self) -> Result<News, StoreError> {
        let mut batch = Batch::of("XREAD");
        batch.arg("COUNT").number(CHANGES_AT_ONCE as u64);
        batch.arg("BLOCK").number(WAIT_MS);
        batch.arg("STREAMS").arg(names::CHANGES).arg(&self.last);
        let reply = one(&self.connection, &batch).await?;
        if reply == Reply::Nil {
            return Ok(News::default());
        }
        // The stream's name, and its entries.
        let entries = list("XREAD", &reply)?.get(1);
        let entries = list("XREAD", entries.unwrap_or(&Reply::Nil))?;
        let mut news = News::default();
        for entry in entries {
            let Some((place, fields)) = entry_of(entry) else {
                return Err(StoreError::Form { command: "XREAD" });
            };
            place.clone_into(&mut self.last);
            news.add(fields);
        }
        Ok(news)
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

/// Of an entry its place in the stream, and its fields.
fn entry_of(entry: &Reply) -> Option<(&str, &[[Reply; 2]])> {
    let [place, fields] = entry.list()? else {
        return None;
    };
    Some((place.text()?, fields.list()?.as_chunks().0))
}
