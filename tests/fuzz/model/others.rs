//! What others do to our keys with core commands.

use std::collections::BTreeMap;

use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use super::{Verdict, World};

impl World {
    pub(super) fn others(&mut self, connection: usize, words: &[Vec<u8>]) -> Verdict<Shape> {
        let db = self.selected.get(&connection).copied().unwrap_or(0);
        let word = |at: usize| String::from_utf8_lossy(&words[at]).into_owned();
        let name = |at: usize| Name {
            db,
            key: words[at].clone(),
        };
        let number = |at: usize| word(at).parse::<i64>().map_err(|_| "no number".to_owned());
        Ok(match word(0).as_str() {
            "SELECT" => {
                let db = usize::try_from(number(1)?).map_err(|_| "no database".to_owned())?;
                self.selected.insert(connection, db);
                Shape::ok()
            }
            "FLUSHALL" => self.flush(None),
            "FLUSHDB" => self.flush(Some(db)),
            "DEL" => {
                self.changed_by_others(&name(1));
                let was = self.keys.remove(&name(1));
                Shape::int(i64::from(was.is_some()))
            }
            "SET" => {
                self.changed_by_others(&name(1));
                let text = Value::Text(words[2].clone());
                self.keys.put(&name(1), Entry::new(text));
                Shape::ok()
            }
            "ZADD" => {
                let score = word(2).parse().map_err(|_| "no score".to_owned())?;
                self.zadd(&name(1), score, &words[3])
            }
            "ZREM" => self.zrem(&name(1), &words[2]),
            "HSET" => self.hset(&name(1), &words[2], &words[3]),
            "RPUSH" => self.rpush(&name(1)),
            "RENAME" => self.rename(&name(1), &name(2)),
            "COPY" => self.copy(&name(1), &name(2), words.len() > 3),
            "PEXPIRE" => {
                let at = self.now + number(2)?;
                self.expire(&name(1), End::At(at))
            }
            "PERSIST" => self.expire(&name(1), End::Never),
            other => return Err(format!("the model knows no {other}")),
        })
    }

    fn flush(&mut self, db: Option<usize>) -> Shape {
        let names: Vec<Name> = self.keys.names().cloned().collect();
        for name in names
            .iter()
            .filter(|name| db.is_none_or(|db| db == name.db))
        {
            self.changed_by_others(name);
        }
        self.keys.clear(db);
        Shape::ok()
    }

    /// The value of a key that is to hold one of this kind, made if it is missing.
    fn made(&mut self, name: &Name, empty: Value) -> Option<&mut Value> {
        self.changed_by_others(name);
        if self.keys.get(name).is_none() {
            self.keys.put(name, Entry::new(empty.clone()));
        }
        let value = &mut self.keys.change(name)?.value;
        let same_kind = std::mem::discriminant(value) == std::mem::discriminant(&empty);
        same_kind.then_some(value)
    }

    fn zadd(&mut self, name: &Name, score: f64, member: &[u8]) -> Shape {
        match self.made(name, Value::Scores(BTreeMap::new())) {
            Some(Value::Scores(scores)) => {
                let was = scores.insert(member.to_vec(), score);
                Shape::int(i64::from(was.is_none()))
            }
            _ => Shape::wrong_type(),
        }
    }

    fn zrem(&mut self, name: &Name, member: &[u8]) -> Shape {
        let Some(entry) = self.keys.change(name) else {
            return Shape::int(0);
        };
        let Value::Scores(scores) = &mut entry.value else {
            return Shape::wrong_type();
        };
        let was = scores.remove(member);
        if scores.is_empty() {
            self.keys.remove(name);
        }
        self.changed_by_others(name);
        Shape::int(i64::from(was.is_some()))
    }

    fn hset(&mut self, name: &Name, field: &[u8], value: &[u8]) -> Shape {
        match self.made(name, Value::Fields(BTreeMap::new())) {
            Some(Value::Fields(fields)) => {
                let was = fields.insert(field.to_vec(), value.to_vec());
                Shape::int(i64::from(was.is_none()))
            }
            _ => Shape::wrong_type(),
        }
    }

    fn rpush(&mut self, name: &Name) -> Shape {
        match self.made(name, Value::List(0)) {
            Some(Value::List(length)) => {
                *length += 1;
                Shape::int(*length)
            }
            _ => Shape::wrong_type(),
        }
    }

    fn rename(&mut self, from: &Name, to: &Name) -> Shape {
        let Some(entry) = self.keys.remove(from) else {
            return Shape::error("ERR no such key");
        };
        self.changed_by_others(from);
        self.changed_by_others(to);
        self.keys.put(to, entry);
        Shape::ok()
    }

    fn copy(&mut self, from: &Name, to: &Name, replaces: bool) -> Shape {
        if from == to {
            return Shape::error("ERR source and destination objects are the same");
        }
        let Some(entry) = self.keys.get(from).cloned() else {
            return Shape::int(0);
        };
        if self.keys.get(to).is_some() && !replaces {
            return Shape::int(0);
        }
        self.changed_by_others(to);
        self.keys.put(to, entry);
        Shape::int(1)
    }

    fn expire(&mut self, name: &Name, end: End) -> Shape {
        let Some(entry) = self.keys.change(name) else {
            return Shape::int(0);
        };
        let was_endless = entry.end == End::Never;
        entry.end = end;
        let is_done = end != End::Never || !was_endless;
        Shape::int(i64::from(is_done))
    }
}
