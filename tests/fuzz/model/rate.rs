//! `RATE.*`, and the rates of `QGATE.ADMIT`

use super::World;
use super::bucket::{Bucket, Room, in_ms};
use super::hall::Charge;
use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use crate::grammar::rates::{Force, Rate, RateAct};

impl World {
    pub(super) fn rate(&mut self, name: &Name, rate: &Rate, act: &RateAct) -> Shape {
        let Some(bucket) = self.bucket(name) else {
            return Shape::wrong_type();
        };
        let (cost, room) = match act {
            RateAct::Give { cost } => {
                let given = bucket.given(rate, *cost);
                self.save_bucket(name, bucket, given);
                return tokens(given.remaining(rate));
            }
            RateAct::Take { cost, force } => match force {
                Force::Yes => (*cost, Room::Now),
                Force::No => (*cost, bucket.room(rate, *cost)),
            },
        };
        let (allowed, retry_after, after) = match room {
            Room::Now => (1, 0, bucket.taken(rate, cost)),
            Room::In(ms) => (0, ms, bucket),
            Room::Never => (0, -1, bucket),
        };
        self.save_bucket(name, bucket, after);
        Shape::Items(vec![
            Shape::int(allowed),
            tokens(after.remaining(rate)),
            Shape::int(retry_after),
            Shape::int(in_ms(after.debt)),
        ])
    }

    /// `None`: the key holds something else.
    pub(super) fn bucket(&self, name: &Name) -> Option<Bucket> {
        match self.keys.get(name).map(|entry| &entry.value) {
            None => Some(Bucket::full()),
            Some(Value::Text(text)) => Bucket::read(text, self.now_ns()),
            Some(Value::Scores(_) | Value::Fields(_) | Value::List(_) | Value::Entries(_)) => None,
        }
    }

    pub(super) fn charge(&mut self, charges: &[Charge]) {
        for charge in charges {
            if let Some(bucket) = self.bucket(&charge.name) {
                let after = bucket.taken(&charge.rate, charge.cost);
                self.save_bucket(&charge.name, bucket, after);
            }
        }
    }

    pub(super) fn refund(&mut self, charge: &Charge) {
        if let Some(bucket) = self.bucket(&charge.name) {
            let after = bucket.given(&charge.rate, charge.cost);
            self.save_bucket(&charge.name, bucket, after);
        }
    }

    /// A bucket that is full goes; one that has not changed is not written.
    fn save_bucket(&mut self, name: &Name, before: Bucket, after: Bucket) {
        if before == after {
            return;
        }
        if after.debt == 0 {
            self.keys.remove(name);
            return;
        }
        let full_at = self.now_ns() + after.debt;
        let mut entry = Entry::new(Value::Text(full_at.to_string().into_bytes()));
        entry.end = End::At(in_ms(full_at));
        self.keys.put(name, entry);
    }

    fn now_ns(&self) -> i128 {
        i128::from(self.now_micros()) * 1_000
    }
}

fn tokens(count: i128) -> Shape {
    Shape::int(i64::try_from(count).expect("no burst is larger"))
}
