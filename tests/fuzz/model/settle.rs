//! What a key is seen to hold after a step, beside what it should hold. Where the promise leaves a choice, what is seen
//! is taken over.

use std::collections::BTreeMap;

use super::budget::is_over;
use super::gate::closed_until;
use super::keyspace::{End, Entry, Name, Value};
use super::trie::{Fields, entry as trie_entry};
use super::{Verdict, World};

/// A key as the server shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raw {
    pub(crate) value: Value,
    pub(crate) end: Option<i64>,
}

impl World {
    pub(crate) fn settle(&mut self, name: &Name, raw: Option<Raw>) -> Verdict {
        let (entry, raw) = match (self.keys.get(name).cloned(), raw) {
            (None, None) => return Ok(()),
            (None, Some(raw)) => {
                let left = Entry {
                    end: raw.end.map_or(End::Never, End::At),
                    ..Entry::new(raw.value)
                };
                // There were too many to sweep them all.
                let is_spent = self.may_be_gone(&left) && matches!(left.value, Value::Scores(_));
                if !is_spent {
                    return Err(format!("should not be there: {left:?}"));
                }
                self.keys.put(name, left);
                return Ok(());
            }
            (Some(entry), None) => {
                if !self.may_be_gone(&entry) {
                    return Err(format!("should be there: {entry:?}"));
                }
                self.keys.remove(name);
                return Ok(());
            }
            (Some(entry), Some(raw)) => (entry, raw),
        };
        if !ends_in_time(entry.end, raw.end) {
            return Err(format!("ends at {:?}, should at {:?}", raw.end, entry.end));
        }
        let is_as_expected = match (&entry.value, &raw.value) {
            (Value::Scores(expected), Value::Scores(seen)) => self.same_slots(expected, seen),
            (Value::Fields(expected), Value::Fields(seen)) => {
                self.same_entries(&entry, expected, seen)
            }
            (Value::Entries(expected), Value::Entries(seen)) => {
                let gone = expected.len().saturating_sub(seen.len());
                gone <= entry.evictable && expected.ends_with(seen)
            }
            (expected, seen) => expected == seen,
        };
        if !is_as_expected {
            return Err(format!("holds {:?}, should {entry:?}", raw.value));
        }
        let mut seen = Entry::new(raw.value);
        seen.end = raw.end.map_or(End::Never, End::At);
        self.keys.put(name, seen);
        Ok(())
    }

    /// Nothing is left of it but what has ended.
    fn may_be_gone(&self, entry: &Entry) -> bool {
        match &entry.value {
            Value::Scores(scores) => {
                let mut ends = scores.iter().filter(|(member, _)| !member.is_empty());
                let ended = ends.all(|(_, end)| *end <= self.now as f64);
                ended && closed_until(scores, self.now) == 0
            }
            Value::Fields(fields) => {
                let mut entries = fields.iter().filter(|(field, _)| *field != b"seed");
                let may_go = |field: &Vec<u8>, text: &Vec<u8>| {
                    entry.forgettable.contains(field) || is_ended(text, self.now)
                };
                entry.unseen.is_empty() && entries.all(|(field, text)| may_go(field, text))
            }
            Value::Text(_) | Value::List(_) | Value::Entries(_) => false,
        }
    }

    /// Members whose lease has ended may have been swept.
    fn same_slots(&self, expected: &BTreeMap<Vec<u8>, f64>, seen: &BTreeMap<Vec<u8>, f64>) -> bool {
        let closed = closed_until(expected, self.now) > 0;
        let mut gone = expected
            .iter()
            .filter(|(member, _)| !seen.contains_key(*member));
        let all_known = seen
            .iter()
            .all(|(member, end)| expected.get(member) == Some(end));
        let only_ended = gone.all(|(member, end)| {
            let is_closure = member.is_empty() && closed;
            *end <= self.now as f64 && !is_closure
        });
        all_known && only_ended
    }

    /// Entries that have ended may have been swept, a few too many evicted, those that were to be forgotten forgotten.
    fn same_entries(&mut self, entry: &Entry, expected: &Fields, seen: &Fields) -> bool {
        let mut unseen = entry.unseen.clone();
        for (field, text) in seen {
            let is_seed = field == b"seed" && expected.is_empty();
            if is_seed || expected.get(field) == Some(text) {
                continue;
            }
            let new = unseen
                .iter()
                .position(|(_, new)| new == text && field.len() == 16);
            let Some(new) = new.filter(|_| !expected.contains_key(field)) else {
                return false;
            };
            let (chain, _) = unseen.swap_remove(new);
            self.learn(seen, chain, field.clone());
        }
        let gone = expected
            .iter()
            .filter(|(field, _)| !seen.contains_key(*field));
        let live = gone.filter(|(field, text)| {
            let may_go = is_ended(text, self.now) || is_over(expected, field, self.now);
            !may_go && !entry.forgettable.contains(*field)
        });
        let has_seed = seen.contains_key(&b"seed"[..]) || !expected.contains_key(&b"seed"[..]);
        unseen.is_empty() && has_seed && live.count() <= entry.evictable
    }
}

fn is_ended(text: &[u8], now: i64) -> bool {
    trie_entry(text, now).is_some_and(|(end, _)| end <= now)
}

fn ends_in_time(expected: End, seen: Option<i64>) -> bool {
    match (expected, seen) {
        (End::Never, seen) => seen.is_none(),
        (End::At(at), seen) => seen == Some(at),
        (End::Between(from, to), Some(seen)) => (from..=to).contains(&seen),
        (End::Between(..), None) => false,
    }
}
