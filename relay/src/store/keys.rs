//! The keys of callers: a HASH each, and a SET of their ids. What changes one tells `changes` in the same transaction.

use std::collections::HashMap;

use super::{Batch, Reply, Store, StoreError, changes, changes::Made, is_away, list, names};
use crate::key::KeyRules;

const KEYS_AT_ONCE: usize = 500;
/// The end of the year 9999, the last that a date of HTTP can tell.
const LAST_MS: u64 = 253_402_300_799_999;

/// A key of a caller as Redis has it. The text of the key itself is nowhere, only its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) digest: [u8; 32],
    pub(crate) max_concurrent: u32,
    /// Whether its requests may wait in line; else they are answered at once.
    pub(crate) waits: bool,
    pub(crate) enabled: bool,
    pub(crate) created_ms: u64,
    pub(crate) rules: KeyRules,
}

impl Store {
    pub(crate) async fn all_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut batch = Batch::of("SMEMBERS");
        batch.arg(names::KEYS);
        let reply = self.callers.ask_one(&batch).await?;
        let ids = list("SMEMBERS", &reply)?.iter().filter_map(Reply::text);
        let mut ids: Vec<String> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        let mut keys = Vec::with_capacity(ids.len());
        for ids in ids.chunks(KEYS_AT_ONCE) {
            keys.extend(self.keys(ids).await?.into_iter().flatten());
        }
        Ok(keys)
    }

    /// Per id the key, or none where there is none.
    pub(crate) async fn keys(&self, ids: &[String]) -> Result<Vec<Option<StoredKey>>, StoreError> {
        let mut batch = Batch::new();
        for id in ids {
            batch.command("HGETALL").arg(names::key(id));
        }
        let replies = self.callers.ask(&batch).await?;
        Ok(ids
            .iter()
            .zip(&replies)
            .map(|(id, reply)| read_key(id, reply))
            .collect())
    }

    pub(crate) async fn put_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut batch = Batch::of("MULTI");
        batch.command("HSET").arg(names::key(&key.id));
        batch.arg("name").arg(&key.name);
        batch.arg("group").arg(&key.group);
        batch.arg("digest").arg(hex(&key.digest));
        batch.arg("max_concurrent").number(key.max_concurrent);
        batch.arg("waits").number(u8::from(key.waits));
        batch.arg("enabled").number(u8::from(key.enabled));
        batch.arg("created_ms").number(key.created_ms);
        for (field, value) in key.rules.written() {
            batch.arg(field).arg(value);
        }
        batch.command("SADD").arg(names::KEYS).arg(&key.id);
        self.publish(batch, &key.id).await
    }

    /// Whether there was such a key.
    pub(crate) async fn disable_key(&self, id: &str) -> Result<bool, StoreError> {
        let mut batch = Batch::of("SISMEMBER");
        batch.arg(names::KEYS).arg(id);
        if self.callers.ask_one(&batch).await? != Reply::Int(1) {
            return Ok(false);
        }
        let mut batch = Batch::of("MULTI");
        batch.command("HSET").arg(names::key(id));
        batch.arg("enabled").number(0_u8);
        self.publish(batch, id).await?;
        Ok(true)
    }

    /// Ends a transaction that changes a key with the news of it.
    async fn publish(&self, mut batch: Batch, id: &str) -> Result<(), StoreError> {
        changes::tell(&mut batch, Made::Key, id);
        batch.command("EXEC");
        let mut replies = self.callers.ask(&batch).await?;
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        let done = replies.pop().unwrap_or(Reply::Nil);
        match list("EXEC", &done)?.iter().find_map(Reply::error) {
            None => Ok(()),
            Some(error) => Err(StoreError::Refused {
                command: "EXEC",
                error: error.to_owned(),
            }),
        }
    }
}

/// What is stored is input too: a hash that is not a key of ours counts as none.
fn read_key(id: &str, reply: &Reply) -> Option<StoredKey> {
    let fields = reply.list().filter(|fields| !fields.is_empty())?;
    let fields = fields.as_chunks().0.iter();
    let fields = fields.filter_map(|[name, value]| Some((name.text()?, value.text()?)));
    let key = parse_key(id, &fields.collect());
    if key.is_none() {
        tracing::error!(key.id = id, "this key in Redis is malformed and ignored");
    }
    key
}

fn parse_key(id: &str, fields: &HashMap<&str, &str>) -> Option<StoredKey> {
    let created_ms = fields.get("created_ms")?.parse().ok()?;
    if created_ms > LAST_MS {
        return None;
    }
    Some(StoredKey {
        id: id.to_owned(),
        name: (*fields.get("name")?).to_owned(),
        group: (*fields.get("group")?).to_owned(),
        digest: unhex(fields.get("digest")?)?,
        max_concurrent: fields.get("max_concurrent")?.parse().ok()?,
        // Keys that were made before they could say so wait.
        waits: fields.get("waits").is_none_or(|waits| *waits == "1"),
        enabled: *fields.get("enabled")? == "1",
        created_ms,
        rules: KeyRules::read(|field| fields.get(field).copied())?,
    })
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
        assert!(parse_key("k", &HashMap::from(whole)).is_some_and(|key| key.enabled && key.waits));
        for missing in 0..whole.len() {
            let mut rest = HashMap::from(whole);
            rest.remove(whole[missing].0);
            assert_eq!(parse_key("k", &rest), None);
        }
        let made = |ms: u64| {
            let ms = ms.to_string();
            let mut tampered = HashMap::from(whole);
            tampered.insert("created_ms", &ms);
            parse_key("k", &tampered)
        };
        assert!(made(LAST_MS).is_some());
        assert_eq!(made(LAST_MS + 1), None);
    }
}
