//! The keys of callers as they are read and written: a HASH each, and a SET of their ids. `editing` changes them.

use std::collections::HashMap;

use super::{Batch, Reply, Store, StoreError, list, names};
use crate::{
    config::LAST_MS,
    key::{KeyRules, NewKey},
    time::UnixMillis,
};

const KEYS_AT_ONCE: usize = 500;

/// A key of a caller as Redis has it. The text of the key itself is nowhere, only its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) id: String,
    /// Grows with every change.
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) group: String,
    /// Whose accounts serve what those of the group cannot.
    pub(crate) fallback_group: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) digest: [u8; 32],
    /// What was its text before, while that is good too.
    pub(crate) overlap: Option<Overlap>,
    pub(crate) max_concurrent: u32,
    /// Whether its requests may wait in line; else they are answered at once.
    pub(crate) waits: bool,
    pub(crate) enabled: bool,
    pub(crate) created_ms: u64,
    pub(crate) rules: KeyRules,
}

/// An older text of a key, which is good for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub(crate) digest: [u8; 32],
    pub(crate) until: UnixMillis,
}

impl StoredKey {
    /// What an operator decides of it.
    pub(crate) fn terms(&self) -> NewKey {
        NewKey {
            name: self.name.clone(),
            group: self.group.clone(),
            fallback_group: self.fallback_group.clone(),
            max_concurrent: self.max_concurrent,
            waits: self.waits,
            tags: self.tags.clone(),
            rules: self.rules.clone(),
        }
    }

    /// The same key, one version on, under these terms.
    pub(crate) fn under(self, terms: NewKey) -> Self {
        Self {
            version: self.version + 1,
            name: terms.name,
            group: terms.group,
            fallback_group: terms.fallback_group,
            tags: terms.tags,
            max_concurrent: terms.max_concurrent,
            waits: terms.waits,
            rules: terms.rules,
            ..self
        }
    }
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
            .map(|(id, reply)| read(id, reply))
            .collect())
    }
}

/// The whole of a key in place of what was there.
pub(super) fn write(batch: &mut Batch, key: &StoredKey) {
    let name = names::key(&key.id);
    batch.command("DEL").arg(&name);
    batch.command("HSET").arg(&name);
    batch.arg("version").number(key.version);
    batch.arg("name").arg(&key.name);
    batch.arg("group").arg(&key.group);
    if let Some(fallback) = &key.fallback_group {
        batch.arg("fallback_group").arg(fallback);
    }
    if !key.tags.is_empty() {
        batch.arg("tags").arg(key.tags.join(" "));
    }
    batch.arg("digest").arg(hex::encode(key.digest));
    if let Some(overlap) = &key.overlap {
        batch.arg("digest_before").arg(hex::encode(overlap.digest));
        batch.arg("before_until_ms").number(overlap.until.0);
    }
    batch.arg("max_concurrent").number(key.max_concurrent);
    batch.arg("waits").number(u8::from(key.waits));
    batch.arg("enabled").number(u8::from(key.enabled));
    batch.arg("created_ms").number(key.created_ms);
    for (field, value) in key.rules.written() {
        batch.arg(field).arg(value);
    }
}

/// What is stored is input too: a hash that is not a key of ours counts as none.
pub(super) fn read(id: &str, reply: &Reply) -> Option<StoredKey> {
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
    let version = fields.get("version").map(|version| version.parse());
    let tags = fields.get("tags").copied().unwrap_or_default();
    let overlap = fields.get("digest_before").map(|digest| {
        let until = fields.get("before_until_ms")?.parse().ok()?;
        let (digest, until) = (read_digest(digest)?, UnixMillis(until));
        Some(Overlap { digest, until })
    });
    Some(StoredKey {
        id: id.to_owned(),
        // Keys that were made before there were versions have the first.
        version: version.transpose().ok()?.unwrap_or(1),
        name: (*fields.get("name")?).to_owned(),
        group: (*fields.get("group")?).to_owned(),
        fallback_group: fields.get("fallback_group").map(|&group| group.to_owned()),
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        digest: read_digest(fields.get("digest")?)?,
        overlap: overlap.flatten(),
        max_concurrent: fields.get("max_concurrent")?.parse().ok()?,
        // Keys that were made before they could say so wait.
        waits: fields.get("waits").is_none_or(|waits| *waits == "1"),
        enabled: *fields.get("enabled")? == "1",
        created_ms,
        rules: KeyRules::read(|field| fields.get(field).copied())?,
    })
}

fn read_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok()?;
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        let digest = std::array::from_fn(|place| place as u8 * 7);
        assert_eq!(read_digest(&hex::encode(digest)), Some(digest));
        assert_eq!(read_digest("zz"), None);
        assert_eq!(read_digest(&"é".repeat(32)), None);
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
