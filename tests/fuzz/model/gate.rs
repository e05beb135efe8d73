//! A gate as it is stored: member → lease end; the empty member's score is minus the time until which it is closed.

use std::collections::BTreeMap;

use super::World;
use super::keyspace::{End, Entry, Name, Value};
use super::turn::believable;
use crate::grammar::words::{MAX_LEASE, MAX_SPAN};

/// What a look at a gate shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) in_use: usize,
    /// 0: open.
    pub(super) closed_until: i64,
}

impl Found {
    pub(super) fn has_room(self, limit: usize) -> bool {
        self.closed_until == 0 && (limit == 0 || self.in_use < limit)
    }
}

impl World {
    /// `None`: the key holds something else.
    pub(super) fn look(&self, name: &Name) -> Option<Found> {
        let Some(entry) = self.keys.get(name) else {
            return Some(Found {
                in_use: 0,
                closed_until: 0,
            });
        };
        let Value::Scores(scores) = &entry.value else {
            return None;
        };
        Some(Found {
            in_use: holders(scores, self.now).count(),
            closed_until: closed_until(scores, self.now),
        })
    }

    /// When a member's lease ends, if it holds a slot.
    pub(super) fn held_until(&self, name: &Name, member: &[u8]) -> Option<i64> {
        let end = *self.scores(name)?.get(member)? as i64;
        (!member.is_empty() && end > self.now).then_some(end)
    }

    /// The holders with the ends of their leases, the soonest first.
    pub(super) fn slots(&self, name: &Name) -> Vec<(Vec<u8>, i64)> {
        let Some(scores) = self.scores(name) else {
            return Vec::new();
        };
        let mut slots: Vec<_> = holders(scores, self.now).collect();
        slots.sort_by(|(one, end), (other, other_end)| {
            end.total_cmp(other_end).then(one.cmp(other))
        });
        let cut = |end: f64| believable(end as i64, MAX_LEASE, self.now);
        let slots = slots.into_iter();
        slots
            .map(|(member, end)| (member.clone(), cut(end)))
            .collect()
    }

    /// Gives a member a lease that ends then.
    pub(super) fn lease(&mut self, name: &Name, member: &[u8], end: i64) {
        self.write(name, &[member.to_vec()], end as f64, end);
    }

    pub(super) fn lease_all(&mut self, name: &Name, members: &[Vec<u8>], end: i64) {
        self.write(name, members, end as f64, end);
    }

    pub(super) fn close(&mut self, name: &Name, until: i64) {
        self.write(name, &[Vec::new()], -(until as f64), until);
    }

    pub(super) fn open(&mut self, name: &Name) {
        let Some(entry) = self.keys.change(name) else {
            return;
        };
        let Value::Scores(scores) = &mut entry.value else {
            return;
        };
        scores.remove(&b""[..]);
        if scores.is_empty() {
            self.keys.remove(name);
        }
    }

    /// Removes members, and the gate with the last one.
    pub(super) fn remove_members(&mut self, name: &Name, members: &[Vec<u8>]) {
        let now = self.now;
        let Some(entry) = self.keys.change(name) else {
            return;
        };
        let Value::Scores(scores) = &mut entry.value else {
            return;
        };
        scores.retain(|member, _| !members.contains(member));
        // What has ended is swept with them.
        if holders(scores, now).count() == 0 && closed_until(scores, now) == 0 {
            self.keys.remove(name);
        }
    }

    fn scores(&self, name: &Name) -> Option<&BTreeMap<Vec<u8>, f64>> {
        match &self.keys.get(name)?.value {
            Value::Scores(scores) => Some(scores),
            Value::Text(_) | Value::Fields(_) | Value::List(_) | Value::Entries(_) => None,
        }
    }

    fn write(&mut self, name: &Name, members: &[Vec<u8>], score: f64, end: i64) {
        if self.keys.get(name).is_none() {
            let empty = Value::Scores(BTreeMap::new());
            self.keys.put(name, Entry::new(empty));
        }
        let now = self.now;
        let entry = self.keys.change(name).expect("it has just been put there");
        if let Value::Scores(scores) = &mut entry.value {
            scores.extend(members.iter().map(|member| (member.clone(), score)));
            outlive(&mut entry.end, scores, end, now);
        }
    }
}

/// The key ends no earlier than all that it holds, and at most one lease later.
fn outlive(key: &mut End, scores: &BTreeMap<Vec<u8>, f64>, end: i64, now: i64) {
    if *key != End::Never && key.earliest() >= end {
        return;
    }
    let last = holders(scores, now).map(|(_, end)| believable(end as i64, MAX_LEASE, now));
    let last = last
        .max()
        .unwrap_or(0)
        .max(closed_until(scores, now))
        .max(end);
    *key = End::Between(last, last + (end - now));
}

pub(super) fn closed_until(scores: &BTreeMap<Vec<u8>, f64>, now: i64) -> i64 {
    let until = scores.get(&b""[..]).map_or(0, |score| -*score as i64);
    if until > now {
        believable(until, MAX_SPAN, now)
    } else {
        0
    }
}

fn holders(scores: &BTreeMap<Vec<u8>, f64>, now: i64) -> impl Iterator<Item = (&Vec<u8>, f64)> {
    let held = scores.iter().map(|(member, end)| (member, *end));
    held.filter(move |(member, end)| !member.is_empty() && *end > now as f64)
}
