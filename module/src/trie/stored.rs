//! HASH ↔ trie. Field `seed` makes the digests of this key its own; every other field is the digest of a prefix.
//! Ended entries are invisible; each write sweeps a few that it happens to draw.

use redis_module::RedisString;

use super::chain::{Chain, Digest};
use super::entry::Entry;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::api;
use crate::ffi::hash_key::HashKey;
use crate::ffi::key::Access;
use crate::lifetime::end_of_key;
use crate::time::{MAX_SPAN, UnixMillis};
use crate::{config, stats};

const SEED: &[u8] = b"seed";
/// Wider than `hash-max-listpack-value` (64): the server then keeps the key as a hash table from its first entry on.
/// In a listpack, each probe of a look-up would scan the whole key.
const SEED_WIDTH: usize = 72;
/// How many entries a write draws to sweep the ended ones among them: with five, at most a fifth of a trie is ended.
const DRAWN: usize = 5;
/// How many are drawn while the trie is over its bound, to find ones that end soon.
const DRAWN_OVER_BOUND: usize = 16;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    call: &'a Call<'a>,
    key: HashKey<'a>,
    /// Of a missing key: one that it would get.
    seed: u64,
}

/// The longest prefix that is stored and has not ended.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) digest: Digest,
    pub(super) segments: usize,
    pub(super) text: RedisString,
}

impl<'a> Stored<'a> {
    pub(super) fn open(
        call: &'a Call<'a>,
        name: &'a RedisString,
        access: Access,
    ) -> Result<Self, Error> {
        let key = HashKey::open(call.ctx, name, access)?;
        let seed = if key.is_missing() {
            random()
        } else {
            let text = key.get(SEED).ok_or(Error::WrongType)?;
            let text = std::str::from_utf8(text.as_slice()).map_err(|_| Error::WrongType)?;
            text.parse().map_err(|_| Error::WrongType)?
        };
        Ok(Self { call, key, seed })
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// How many entries it has, ended ones included.
    pub(super) fn len(&self) -> usize {
        self.key.len().saturating_sub(1)
    }

    pub(super) fn memory(&self) -> i64 {
        if self.key.is_missing() {
            0
        } else {
            self.key.memory()
        }
    }

    pub(super) fn longest(&self, chain: &Chain<'_>) -> Result<Option<Hit>, Error> {
        if self.key.is_missing() {
            return Ok(None);
        }
        let mut digests = chain.digests(self.seed);
        while let Some((at, text)) = self.key.rfind(&digests) {
            if self.entry(text.as_slice())?.is_live(self.call.now()) {
                return Ok(Some(Hit {
                    digest: digests[at],
                    segments: at + 1,
                    text,
                }));
            }
            digests.truncate(at);
        }
        Ok(None)
    }

    pub(super) fn entry<'t>(&self, text: &'t [u8]) -> Result<Entry<'t>, Error> {
        Entry::parse(text, self.call.now()).ok_or(Error::WrongType)
    }

    /// Writes an entry and sees that the key outlives it.
    pub(super) fn put(&self, digest: Digest, entry: Entry<'_>) {
        let now = self.call.now();
        let unknown = !self.key.is_missing() && self.key.expires_at().is_none();
        if self.key.is_missing() {
            let seed = format!("{:0>SEED_WIDTH$}", self.seed);
            self.key.set(SEED, seed.as_bytes());
        }
        self.key.set(&digest, &entry.write());
        let latest = || unknown.then(|| now.plus(MAX_SPAN));
        if let Some(end) = end_of_key(self.key.expires_at(), entry.end, now, latest) {
            self.key.expire_at(end);
        }
    }

    /// Whether this prefix is stored and has not ended.
    pub(super) fn has(&self, digest: &Digest) -> Result<bool, Error> {
        self.key.get(digest).map_or(Ok(false), |text| {
            Ok(self.entry(text.as_slice())?.is_live(self.call.now()))
        })
    }

    /// Removes those of the entries that are there. A trie without entries goes.
    pub(super) fn discard(&self, entries: &[&[u8]]) {
        self.key.remove(entries);
        if self.len() == 0 && !self.key.is_missing() {
            self.key.delete();
        }
    }

    /// Removes the entries with this value from the part of the trie that a walk comes to next, about `count` entries of it:
    /// where the next part begins, 0 at the end, and how many were removed that had not ended.
    pub(super) fn forget(
        &self,
        cursor: u64,
        value: &[u8],
        count: usize,
    ) -> Result<(u64, usize), Error> {
        let (next, part) = self.key.scan(cursor, count)?;
        let with_value: Vec<(&[u8], bool)> = part
            .iter()
            .filter(|(field, _)| field.len() == size_of::<Digest>())
            .filter_map(|(field, text)| {
                let entry = Entry::parse(text, self.call.now())?;
                (entry.value == value).then(|| (&field[..], entry.is_live(self.call.now())))
            })
            .collect();
        let fields: Vec<&[u8]> = with_value.iter().map(|(field, _)| *field).collect();
        self.discard(&fields);
        let removed = with_value.iter().filter(|(_, live)| *live).count();
        let next = if self.key.is_missing() { 0 } else { next };
        Ok((next, removed))
    }

    /// Removes ended entries among a few drawn ones and, over the bound, those of them that end first.
    /// `but` is never removed.
    pub(super) fn sweep(&self, but: &Digest) {
        let over = self.len().saturating_sub(config::TRIE_MAX_ENTRIES.get());
        let drawn = self
            .key
            .sample(if over > 0 { DRAWN_OVER_BOUND } else { DRAWN });
        let mut entries: Vec<(UnixMillis, &[u8])> = drawn
            .iter()
            .filter(|(field, _)| field.len() == size_of::<Digest>() && field != but)
            .filter_map(|(field, text)| {
                let entry = Entry::parse(text, self.call.now())?;
                Some((entry.end, field.as_slice()))
            })
            .collect();
        entries.sort_unstable();
        entries.dedup();
        let ended = entries.partition_point(|(end, _)| *end <= self.call.now());
        let evicted = over
            .saturating_sub(ended)
            .min(entries.len() - ended)
            .min(DRAWN);
        let gone: Vec<&[u8]> = entries[..ended + evicted]
            .iter()
            .map(|(_, field)| *field)
            .collect();
        self.discard(&gone);
        stats::TRIE_ENDED.add_many(ended);
        stats::TRIE_EVICTED.add_many(evicted);
    }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the server writes as many bytes as it is told.
    unsafe { api!(RedisModule_GetRandomBytes)(bytes.as_mut_ptr(), bytes.len()) };
    u64::from_ne_bytes(bytes)
}
