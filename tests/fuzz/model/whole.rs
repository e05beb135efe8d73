//! What must hold of everything at once.

use super::hall::Waiter;
use super::keyspace::{Name, Value};
use super::{Family, World};
use crate::grammar::admit::Admit;
use crate::grammar::gates::Qgate;
use crate::grammar::turns::Umq;
use crate::grammar::waiting::Patience;
use crate::grammar::{self, Ask};

impl World {
    /// All keys that should be there, or may be.
    pub(crate) fn names(&self) -> Vec<Name> {
        self.keys.names().cloned().collect()
    }

    /// When something will happen to those who wait, soonest first.
    pub(crate) fn events(&self) -> Vec<i64> {
        let mut events = Vec::new();
        for waiter in &self.waiters {
            events.extend(waiter.deadline);
            events.extend(waiter.preference.map(|(_, until)| until));
            for wanted in waiter.wanted() {
                events.extend(self.next_event(&wanted.name, waiter.delay));
            }
        }
        events.extend(self.changed.values());
        events.retain(|at| *at > self.now);
        events.sort_unstable();
        events.dedup();
        events
    }

    fn next_event(&self, name: &Name, delay: i64) -> Vec<i64> {
        let Some(entry) = self.keys.get(name) else {
            return Vec::new();
        };
        let mut events = match &entry.value {
            Value::Text(_) => self.turn(name).map_or(Vec::new(), |turn| {
                vec![turn.lease_end, turn.stamp + delay, turn.lease_end + delay]
            }),
            Value::Scores(_) => {
                let closed = self.look(name).map(|found| found.closed_until);
                let ends = self.slots(name).into_iter().map(|(_, end)| end);
                ends.take(3).chain(closed).collect()
            }
            Value::Fields(_) | Value::List(_) | Value::Entries(_) => Vec::new(),
        };
        let end = entry.end.earliest();
        events.extend((end < i64::MAX).then(|| end + 1));
        events
    }
}

/// What a step may be drawn from.
impl World {
    /// Whether nobody could say what comes of it: it asks for one who waits for what is no gate any more, and may be sent
    /// away at any time; or for one who waits for something else too, and is told of both in the same words.
    pub(crate) fn is_moot(&self, db: usize, words: &[Vec<u8>]) -> bool {
        let read = grammar::ours(words).and_then(|name| grammar::read(&name, words).ok());
        let (family, keys, id, clause) = match read {
            Some(Ask::Turn(key, Umq::Acquire(ask))) => {
                (Family::Turn, vec![key], ask.id, ask.clause)
            }
            Some(Ask::Gate(key, Qgate::Acquire(ask))) => {
                (Family::Gate, vec![key], ask.id, ask.clause)
            }
            Some(Ask::Admit(Admit {
                member,
                all,
                any,
                clause,
                ..
            })) => {
                let keys = all.into_iter().chain(any).map(|gate| gate.key);
                (Family::Gate, keys.collect(), member, clause)
            }
            _ => return false,
        };
        let asks_for = |one: &Waiter| {
            let mut names = keys.iter().map(|key| Name {
                db,
                key: key.clone(),
            });
            names.any(|name| one.names(family, &name))
        };
        let is_told_alike = |one: &Waiter| match &clause.patience {
            Some(Patience::Notify { channel, .. }) => *channel == one.channel,
            Some(Patience::Block) | None => false,
        };
        let mut same = self.waiters.iter().filter(|one| one.id == id);
        same.any(|one| {
            let may_leave = (family, one.family) == (Family::Gate, Family::Gate);
            may_leave && self.is_broken(one) || is_told_alike(one) && !asks_for(one)
        })
    }

    /// Who waits for a key, in the first database.
    pub(crate) fn waiting_ids(&self, family: Family, key: &[u8]) -> Vec<Vec<u8>> {
        let name = first(key);
        self.at(family, &name).map(|one| one.id.clone()).collect()
    }

    /// Who holds a turn or a slot, in the first database.
    pub(crate) fn holder_ids(&self, key: &[u8]) -> Vec<Vec<u8>> {
        let name = first(key);
        match self.keys.get(&name).map(|entry| &entry.value) {
            Some(Value::Text(_)) => {
                let turn = self.turn(&name).filter(|turn| !turn.holder.is_empty());
                turn.map(|turn| turn.holder).into_iter().collect()
            }
            Some(Value::Scores(_)) => {
                let slots = self.slots(&name).into_iter();
                slots.map(|(member, _)| member).collect()
            }
            Some(Value::Fields(_) | Value::List(_) | Value::Entries(_)) | None => Vec::new(),
        }
    }
}

fn first(key: &[u8]) -> Name {
    Name {
        db: 0,
        key: key.to_vec(),
    }
}
