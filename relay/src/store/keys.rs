//! The keys of callers: a HASH each, a SET of their ids, and a capped stream that tells every relay which one changed.

use std::{collections::HashMap, time::Duration};

use redis::{
    Cmd, Pipeline, Value,
    aio::MultiplexedConnection,
    from_redis_value_ref as typed,
    streams::{StreamRangeReply, StreamReadReply},
};
use tokio::time::timeout;

use super::{Store, StoreError, names};

/// Reading this many changes at once says that others may have been dropped from the stream meanwhile.
const CHANGES_AT_ONCE: usize = 1000;
const CHANGES_KEPT: usize = 10_000;
const KEYS_AT_ONCE: usize = 500;
/// The end of the year 9999, the last that a date of HTTP can tell.
const LAST_MS: u64 = 253_402_300_799_999;
const WAIT_MS: u64 = 5_000;
const WAIT_AT_MOST: Duration = Duration::from_secs(8);

/// A key of a caller as Redis has it. The text of the key itself is nowhere, only its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) digest: [u8; 32],
    pub(crate) max_concurrent: u32,
    pub(crate) enabled: bool,
    pub(crate) created_ms: u64,
}

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
    connection: MultiplexedConnection,
    last: String,
}

impl Store {
    /// Changes from now on.
    pub(crate) async fn changes(&self) -> Result<Changes, StoreError> {
        let mut connection = self.waiting_connection().await?;
        let last = last_change(&mut connection).await?;
        Ok(Changes { connection, last })
    }

    pub(crate) async fn all_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let ids = self
            .ask_one(redis::cmd("SMEMBERS").arg(names::KEYS))
            .await?;
        let mut ids: Vec<String> = typed(&ids).map_err(|_| form("SMEMBERS"))?;
        ids.sort_unstable();
        let mut keys = Vec::with_capacity(ids.len());
        for ids in ids.chunks(KEYS_AT_ONCE) {
            keys.extend(self.keys(ids).await?.into_iter().flatten());
        }
        Ok(keys)
    }

    /// Per id the key, or none where there is none.
    pub(crate) async fn keys(&self, ids: &[String]) -> Result<Vec<Option<StoredKey>>, StoreError> {
        let mut pipeline = Pipeline::with_capacity(ids.len());
        for id in ids {
            pipeline.cmd("HGETALL").arg(names::key(id));
        }
        let replies = self.ask(&pipeline).await?;
        Ok(ids
            .iter()
            .zip(&replies)
            .map(|(id, reply)| read_key(id, reply))
            .collect())
    }

    pub(crate) async fn put_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut set = Cmd::new();
        set.arg("HSET").arg(names::key(&key.id));
        set.arg("name").arg(&key.name).arg("group").arg(&key.group);
        set.arg("digest").arg(hex(&key.digest));
        set.arg("max_concurrent").arg(key.max_concurrent);
        set.arg("enabled")
            .arg(u8::from(key.enabled))
            .arg("created_ms")
            .arg(key.created_ms);
        let mut pipeline = redis::pipe();
        pipeline.atomic().add_command(set);
        pipeline.cmd("SADD").arg(names::KEYS).arg(&key.id);
        self.publish(pipeline, &key.id).await
    }

    /// Whether there was such a key.
    pub(crate) async fn disable_key(&self, id: &str) -> Result<bool, StoreError> {
        let known = self
            .ask_one(redis::cmd("SISMEMBER").arg(names::KEYS).arg(id))
            .await?;
        if known != Value::Int(1) {
            return Ok(false);
        }
        let mut pipeline = redis::pipe();
        pipeline
            .atomic()
            .cmd("HSET")
            .arg(names::key(id))
            .arg("enabled")
            .arg(0);
        self.publish(pipeline, id).await?;
        Ok(true)
    }

    /// Runs a transaction that changes a key, the news of it included.
    async fn publish(&self, mut pipeline: Pipeline, id: &str) -> Result<(), StoreError> {
        pipeline
            .cmd("XADD")
            .arg(names::CHANGES)
            .arg("MAXLEN")
            .arg("~")
            .arg(CHANGES_KEPT);
        pipeline.arg("*").arg("key").arg(id);
        let mut link = self.link()?;
        let done = pipeline.query_async::<Value>(&mut link.connection).await;
        done.map(drop).map_err(|error| match error.code() {
            Some(_) => StoreError::Refused {
                command: "MULTI",
                error: error.to_string(),
            },
            None => self.unanswered(&link, error),
        })
    }
}

impl Changes {
    /// Waits for the next change. After an error this reader is of no use any more.
    pub(crate) async fn next(&mut self) -> Result<Change, StoreError> {
        loop {
            let mut read = redis::cmd("XREAD");
            read.arg("COUNT")
                .arg(CHANGES_AT_ONCE)
                .arg("BLOCK")
                .arg(WAIT_MS);
            read.arg("STREAMS").arg(names::CHANGES).arg(&self.last);
            let reply = timeout(WAIT_AT_MOST, read.query_async(&mut self.connection)).await;
            let reply: Option<StreamReadReply> = reply
                .map_err(|_| StoreError::Down)?
                .map_err(StoreError::Unanswered)?;
            let entries = reply
                .into_iter()
                .flat_map(|reply| reply.keys)
                .flat_map(|key| key.ids);
            let mut ids = Vec::new();
            for entry in entries {
                ids.extend(entry.get::<String>("key"));
                self.last = entry.id;
            }
            if ids.len() >= CHANGES_AT_ONCE {
                return Ok(Change::Gap);
            }
            if !ids.is_empty() {
                return Ok(Change::Keys(ids));
            }
            // Silence: the stream may have been deleted or replaced by an older one.
            let last = last_change(&mut self.connection).await?;
            if place(&last) < place(&self.last) {
                self.last = last;
                return Ok(Change::Gap);
            }
        }
    }
}

/// The id of the newest change; "0-0" before the first.
async fn last_change(connection: &mut MultiplexedConnection) -> Result<String, StoreError> {
    let mut newest = redis::cmd("XREVRANGE");
    newest
        .arg(names::CHANGES)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(1);
    let reply = timeout(WAIT_AT_MOST, newest.query_async(connection)).await;
    let reply: StreamRangeReply = reply
        .map_err(|_| StoreError::Down)?
        .map_err(StoreError::Unanswered)?;
    Ok(reply
        .ids
        .into_iter()
        .next()
        .map_or_else(|| "0-0".to_owned(), |entry| entry.id))
}

/// The two numbers of a stream's id, in which its entries are ordered.
fn place(id: &str) -> Option<(u64, u64)> {
    let (time, count) = id.split_once('-')?;
    Some((time.parse().ok()?, count.parse().ok()?))
}

/// What is stored is input too: a hash that is not a key of ours counts as none.
fn read_key(id: &str, reply: &Value) -> Option<StoredKey> {
    let fields: HashMap<String, String> = typed(reply).ok()?;
    if fields.is_empty() {
        return None;
    }
    let key = parse_key(id, &fields);
    if key.is_none() {
        tracing::error!(key.id = id, "this key in Redis is malformed and ignored");
    }
    key
}

fn parse_key(id: &str, fields: &HashMap<String, String>) -> Option<StoredKey> {
    let created_ms = fields.get("created_ms")?.parse().ok()?;
    if created_ms > LAST_MS {
        return None;
    }
    Some(StoredKey {
        id: id.to_owned(),
        name: fields.get("name")?.clone(),
        group: fields.get("group")?.clone(),
        digest: unhex(fields.get("digest")?)?,
        max_concurrent: fields.get("max_concurrent")?.parse().ok()?,
        enabled: fields.get("enabled")? == "1",
        created_ms,
    })
}

fn form(command: &'static str) -> StoreError {
    StoreError::Form { command }
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, place) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[place..place + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(of: &[(&str, &str)]) -> HashMap<String, String> {
        of.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        let digest = std::array::from_fn(|place| place as u8 * 7);
        assert_eq!(unhex(&hex(&digest)), Some(digest));
        assert_eq!(unhex("zz"), None);
        assert_eq!(unhex(&"é".repeat(32)), None);
    }

    #[test]
    fn a_hash_that_is_not_a_key_counts_as_none() {
        let digest = "00".repeat(32);
        let whole = [
            ("name", "n"),
            ("group", "g"),
            ("digest", digest.as_str()),
            ("max_concurrent", "3"),
            ("enabled", "1"),
            ("created_ms", "5"),
        ];
        assert!(parse_key("k", &fields(&whole)).is_some_and(|key| key.enabled));
        for missing in 0..whole.len() {
            let rest: Vec<_> = whole
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != missing)
                .map(|(_, f)| *f)
                .collect();
            assert_eq!(parse_key("k", &fields(&rest)), None);
        }
        let made = |ms: u64| {
            let mut tampered = fields(&whole);
            tampered.insert("created_ms".into(), ms.to_string());
            parse_key("k", &tampered)
        };
        assert!(made(LAST_MS).is_some());
        assert_eq!(made(LAST_MS + 1), None);
    }
}
