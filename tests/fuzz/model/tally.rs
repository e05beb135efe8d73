//! `TALLY.ADD`: ids in a zset, each with the time until which it is known, counters in hashes, and records in streams.

use std::collections::BTreeMap;

use super::World;
use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use super::trie::Fields;
use super::turn::believable;
use crate::grammar::tallies::{Increment, Record, Tally};
use crate::grammar::words::{MAX_SPAN, escaped, integer};

/// The sum of each counter, by its hash.
type Sums = BTreeMap<Name, BTreeMap<Vec<u8>, i64>>;

impl World {
    pub(super) fn tally(&mut self, db: usize, tally: &Tally) -> Shape {
        let name = |key: &[u8]| Name {
            db,
            key: key.to_vec(),
        };
        let ids = name(&tally.ids);
        let known_until = match self.keys.get(&ids).map(|entry| &entry.value) {
            None => None,
            Some(Value::Scores(scores)) => scores.get(&tally.id),
            Some(Value::Text(_) | Value::Fields(_) | Value::List(_) | Value::Entries(_)) => {
                return Shape::wrong_type();
            }
        };
        if known_until.is_some_and(|until| *until as i64 > self.now) {
            return Shape::int(0);
        }
        let (mut sums, mut refusals) = (Sums::new(), Vec::new());
        for one in &tally.increments {
            if let Err(refusal) = self.increment(&mut sums, name(&one.hash), one) {
                refusals.push(refusal);
            }
        }
        let stream = tally.record.as_ref().map(|record| name(&record.stream));
        let held = stream.as_ref().and_then(|stream| self.keys.get(stream));
        if held.is_some_and(|entry| !matches!(entry.value, Value::Entries(_))) {
            refusals.push(Shape::wrong_type());
        }
        if !refusals.is_empty() {
            return Shape::OneOf(refusals);
        }
        self.know(&ids, &tally.id, self.now + tally.keep);
        for (name, sums) in sums {
            self.set_counters(&name, sums);
        }
        if let (Some(name), Some(record)) = (stream, &tally.record) {
            self.append(&name, record);
        }
        Shape::int(1)
    }

    /// Of what is beyond the bound, nobody knows how much goes now.
    fn append(&mut self, name: &Name, record: &Record) {
        self.changed_by_others(name);
        if self.keys.get(name).is_none() {
            let empty = Value::Entries(Vec::new());
            self.keys.put(name, Entry::new(empty));
        }
        let entry = self.keys.change(name).expect("it has just been put there");
        if let Value::Entries(entries) = &mut entry.value {
            entries.push(record.words.clone());
            entry.evictable = entries.len().saturating_sub(record.most);
        }
    }

    fn increment(&self, sums: &mut Sums, hash: Name, one: &Increment) -> Result<(), Shape> {
        let stored = match self.keys.get(&hash).map(|entry| &entry.value) {
            None => None,
            Some(Value::Fields(fields)) => fields.get(&one.field),
            Some(Value::Text(_) | Value::Scores(_) | Value::List(_) | Value::Entries(_)) => {
                return Err(Shape::wrong_type());
            }
        };
        let refusal = |line| Shape::error(&format!("ERR {line}: field '{}'", escaped(&one.field)));
        let stored = match stored.map(|text| integer(text)) {
            None => 0,
            Some(Some(stored)) => stored,
            Some(None) => return Err(refusal("hash value is not an integer")),
        };
        let of_hash = sums.entry(hash).or_default();
        let sum = of_hash.entry(one.field.clone()).or_insert(stored);
        let more = sum.checked_add(one.by);
        *sum = more.ok_or_else(|| refusal("increment or decrement would overflow"))?;
        Ok(())
    }

    /// The key ends no earlier than the last id, and at most as long after it as the new one is known.
    fn know(&mut self, name: &Name, id: &[u8], until: i64) {
        self.changed_by_others(name);
        if self.keys.get(name).is_none() {
            let empty = Value::Scores(BTreeMap::new());
            self.keys.put(name, Entry::new(empty));
        }
        let now = self.now;
        let entry = self.keys.change(name).expect("it has just been put there");
        let Value::Scores(scores) = &mut entry.value else {
            return;
        };
        scores.insert(id.to_vec(), until as f64);
        // What closes a gate has the lowest of all scores, and is over as an id.
        scores.remove(&b""[..]);
        if entry.end != End::Never && entry.end.earliest() >= until {
            return;
        }
        let ends = scores.values().map(|end| *end as i64);
        let last = ends.map(|end| believable(end, MAX_SPAN, now));
        let last = last.max().unwrap_or(until);
        entry.end = End::Between(last, last + (until - now));
    }

    fn set_counters(&mut self, name: &Name, sums: BTreeMap<Vec<u8>, i64>) {
        self.changed_by_others(name);
        if self.keys.get(name).is_none() {
            let empty = Value::Fields(Fields::new());
            self.keys.put(name, Entry::new(empty));
        }
        let entry = self.keys.change(name).expect("it has just been put there");
        if let Value::Fields(fields) = &mut entry.value {
            let texts = sums.into_iter();
            fields.extend(texts.map(|(field, sum)| (field, sum.to_string().into_bytes())));
        }
    }
}
