//! `TRIE.*`: a HASH of digests. Which digest a chain has, the model learns when it first sees it stored.

use std::collections::BTreeMap;

use harness::Reply;

use super::World;
use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use super::turn::{believable, mercifully};
use crate::grammar::tries::{Chain, Shape as Wanted, Trie};
use crate::grammar::words::MAX_SPAN;

pub(super) type Fields = BTreeMap<Vec<u8>, Vec<u8>>;

/// The longest prefix that is stored.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) value: Vec<u8>,
    end: i64,
    segments: usize,
    digest: Vec<u8>,
}

/// The key, or an entry that matters, holds something else.
#[derive(Debug)]
pub(super) struct Broken;

impl World {
    pub(super) fn trie(&mut self, name: &Name, act: Trie, reply: &Reply) -> Shape {
        let answered = match act {
            Trie::Save {
                chain,
                value,
                life,
                replaced,
            } => self.save(name, &chain, &value, life, replaced),
            Trie::Find { chain, life, shape } => self.find_prefix(name, &chain, life, shape),
            Trie::Del { chain } => self.del(name, &chain),
            Trie::Forget {
                value,
                cursor,
                count,
            } => self.forget(name, &value, cursor, count, reply),
            Trie::Info => self.trie_info(name),
        };
        answered.unwrap_or_else(|Broken| Shape::wrong_type())
    }

    fn save(
        &mut self,
        name: &Name,
        chain: &Chain,
        value: &[u8],
        life: i64,
        replaced: Option<Chain>,
    ) -> Result<Shape, Broken> {
        self.fields(name)?;
        let end = self.now + life;
        let digest = self.digest(name, chain);
        self.put(name, chain, digest, value, end);
        let old = replaced.and_then(|old| self.digest(name, &old));
        self.discard(name, old.as_slice());
        Ok(Shape::ok())
    }

    fn find_prefix(
        &mut self,
        name: &Name,
        chain: &Chain,
        life: Option<i64>,
        shape: Wanted,
    ) -> Result<Shape, Broken> {
        let hit = self.longest(name, chain)?;
        if let (Some(hit), Some(life)) = (&hit, life)
            && hit.end - self.now < life - life / 4
        {
            let digest = Some(hit.digest.clone());
            self.put(name, chain, digest, &hit.value, self.now + life);
        }
        let segments = hit.as_ref().map_or(0, |hit| hit.segments);
        let value = hit.map_or_else(Shape::nil, |hit| Shape::text(&hit.value));
        Ok(match shape {
            Wanted::Value => value,
            Wanted::WithMatch => Shape::Items(vec![
                value,
                Shape::count(segments),
                Shape::count(chain.len()),
            ]),
        })
    }

    fn del(&mut self, name: &Name, chain: &Chain) -> Result<Shape, Broken> {
        let fields = self.fields(name)?;
        let digest = self.digest(name, chain);
        let text = digest.as_ref().and_then(|digest| fields.get(digest));
        let was_live = match text {
            None => false,
            Some(text) => entry(text, self.now).ok_or(Broken)?.0 > self.now,
        };
        self.discard(name, digest.as_slice());
        Ok(Shape::int(i64::from(was_live)))
    }

    /// From a cursor other than the beginning, or a part at a time, it may remove fewer than all.
    fn forget(
        &mut self,
        name: &Name,
        value: &[u8],
        cursor: u64,
        count: usize,
        reply: &Reply,
    ) -> Result<Shape, Broken> {
        let fields = self.fields(name)?;
        let found = fields.iter().filter(|(field, text)| {
            let found = entry(text, self.now).filter(|_| field.len() == 16);
            found.is_some_and(|(_, stored)| stored == value)
        });
        let found: Vec<(Vec<u8>, bool)> = found
            .map(|(field, text)| {
                let end = entry(text, self.now).map_or(0, |(end, _)| end);
                (field.clone(), end > self.now)
            })
            .collect();
        let live = found.iter().filter(|(_, live)| *live).count();
        let is_whole = cursor == 0 && count > 8 * (fields.len() + 4);
        let digests: Vec<Vec<u8>> = found.into_iter().map(|(field, _)| field).collect();
        if is_whole {
            self.discard(name, &digests);
            return Ok(Shape::Items(vec![Shape::text(b"0"), Shape::count(live)]));
        }
        if let Some(entry) = self.keys.change(name) {
            entry.forgettable = digests;
        }
        let next = match reply {
            Reply::Array(items) => items.first().cloned(),
            _ => None,
        };
        let most = i64::try_from(live).expect("they are few");
        Ok(Shape::Items(vec![
            Shape::Is(next.filter(is_cursor).unwrap_or(Reply::Nil)),
            Shape::Between(0, most),
        ]))
    }

    fn trie_info(&self, name: &Name) -> Result<Shape, Broken> {
        let fields = self.fields(name)?;
        let is_there = self.keys.get(name).is_some();
        let bytes = match is_there {
            true => Shape::Between(1, 1 << 30),
            false => Shape::int(0),
        };
        let entries = fields.len().saturating_sub(1);
        Ok(Shape::fields(vec![
            ("entries", Shape::count(entries)),
            ("bytes", bytes),
        ]))
    }

    pub(super) fn longest(&self, name: &Name, chain: &Chain) -> Result<Option<Hit>, Broken> {
        let fields = self.fields(name)?;
        for segments in (1..=chain.len()).rev() {
            let Some(digest) = self.digest(name, &chain[..segments].to_vec()) else {
                continue;
            };
            let Some(text) = fields.get(&digest) else {
                continue;
            };
            let (end, value) = entry(text, self.now).ok_or(Broken)?;
            if end > self.now {
                return Ok(Some(Hit {
                    value: value.to_vec(),
                    end,
                    segments,
                    digest,
                }));
            }
        }
        Ok(None)
    }

    fn fields(&self, name: &Name) -> Result<Fields, Broken> {
        let Some(entry) = self.keys.get(name) else {
            return Ok(Fields::new());
        };
        let Value::Fields(fields) = &entry.value else {
            return Err(Broken);
        };
        seed(fields).ok_or(Broken)?;
        Ok(fields.clone())
    }

    /// As far as it has been seen.
    fn digest(&self, name: &Name, chain: &Chain) -> Option<Vec<u8>> {
        let Value::Fields(fields) = &self.keys.get(name)?.value else {
            return None;
        };
        let key = (seed(fields)?, chain.clone());
        self.digests.get(&key).cloned()
    }

    /// From now on it is known which digest a chain has under a seed.
    pub(super) fn learn(&mut self, fields: &Fields, chain: Chain, digest: Vec<u8>) {
        if let Some(seed) = seed(fields) {
            self.digests.insert((seed, chain), digest);
        }
    }

    fn put(&mut self, name: &Name, chain: &Chain, digest: Option<Vec<u8>>, value: &[u8], end: i64) {
        if self.keys.get(name).is_none() {
            self.keys
                .put(name, Entry::new(Value::Fields(Fields::new())));
        }
        let (now, most) = (self.now, self.trie_most);
        let text = [end.to_string().as_bytes(), b":", value].concat();
        let entry = self.keys.change(name).expect("it has just been put there");
        let Value::Fields(fields) = &mut entry.value else {
            return;
        };
        match digest {
            Some(digest) => drop(fields.insert(digest, text)),
            None => entry.unseen.push((chain.clone(), text)),
        }
        let entries = (fields.len() + entry.unseen.len()).saturating_sub(1);
        entry.evictable = entries.saturating_sub(most).min(5);
        outlive(entry, end, now);
    }

    /// Removes entries, and the trie with the last one.
    fn discard(&mut self, name: &Name, digests: &[Vec<u8>]) {
        let Some(entry) = self.keys.change(name) else {
            return;
        };
        let Value::Fields(fields) = &mut entry.value else {
            return;
        };
        fields.retain(|field, _| !digests.contains(field));
        if fields.len() <= 1 && entry.unseen.is_empty() {
            self.keys.remove(name);
        }
    }
}

/// The key ends no earlier than its entries, unless somebody else has set its end.
fn outlive(entry: &mut Entry, end: i64, now: i64) {
    if entry.end != End::Never && entry.end.earliest() >= end {
        return;
    }
    let ahead = end + (end - now);
    let most = if entry.end == End::Never {
        ahead.max(now + MAX_SPAN)
    } else {
        ahead
    };
    entry.end = End::Between(end, most);
}

/// An entry: until when, and what.
pub(super) fn entry(text: &[u8], now: i64) -> Option<(i64, &[u8])> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let end = mercifully(&text[..colon])?.max(0);
    Some((believable(end, MAX_SPAN, now), &text[colon + 1..]))
}

/// What parts this trie's digests from those of others; before it has been seen, nothing.
fn seed(fields: &Fields) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(fields.get(&b"seed"[..])?).ok()?;
    let seed: u64 = text.parse().ok()?;
    Some(seed.to_string().into_bytes())
}

fn is_cursor(reply: &Reply) -> bool {
    matches!(reply, Reply::Text(text) if text.iter().all(u8::is_ascii_digit))
}
