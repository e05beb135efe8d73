//! A restatement of what `module/README.md` promises to those who ask one after the other, by looking at everything each
//! time. Where the promise leaves a choice, the model takes what it is shown, if it is one of the choices. Pure.

mod admit;
mod bucket;
mod budget;
mod gate;
mod grant;
mod hall;
mod hear;
pub(crate) mod keyspace;
mod line;
mod others;
mod qgate;
mod rate;
mod settle;
pub(crate) mod shape;
mod tally;
mod trie;
mod turn;
mod umq;
mod whole;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use harness::Reply;

use crate::grammar::tries::Chain;
use crate::grammar::{self, Ask};
use hall::{Charge, Waiter};
use keyspace::{Keyspace, Name};
use line::Line;
pub(crate) use settle::Raw;
use shape::Shape;

/// `Err` says what is wrong.
pub(crate) type Verdict<T = ()> = Result<T, String>;

/// Changes made by others are noticed within so many ms.
const NOTICED: i64 = 100;

/// The shard channels on which somebody listens.
pub(crate) const LISTENED: [&str; 2] = ["n:1", "n:2"];

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Turn,
    Gate,
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) channel: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// In what a command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Plain,
    Transaction,
    Script,
}

/// Whom a command serves before it does its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ServesBefore {
    #[default]
    ThoseWhoCan,
    ThoseWhoMust,
}

/// Who asks, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) connection: usize,
    pub(crate) manner: Manner,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    /// The µs beyond the ms.
    part: i64,
    pub(crate) keys: Keyspace,
    pub(crate) waiters: Vec<Waiter>,
    last_number: u64,
    /// Of those who wait by `ACQUIRE`.
    lines: BTreeMap<(Family, Name), Line>,
    /// Keys for which lines have competed since somebody began to wait.
    contested: BTreeSet<Name>,
    /// The limits that govern those who wait.
    limits: BTreeMap<Name, usize>,
    /// The limits last named.
    named: BTreeMap<Name, usize>,
    /// The execution in which a gate was granted last.
    granted: BTreeMap<Name, u64>,
    execution: u64,
    /// The highest token that a turn has ever had.
    tokens: BTreeMap<Name, i64>,
    /// Until when a change made by others may not have been noticed.
    changed: BTreeMap<Name, i64>,
    /// The database of each connection.
    pub(crate) selected: BTreeMap<usize, usize>,
    /// How many entries a trie may have.
    trie_most: usize,
    /// The digests of chains, as far as they have been seen, by seed.
    digests: BTreeMap<(Vec<u8>, Chain), Vec<u8>>,
    /// What is given back at the end of the step.
    refunds: Vec<Charge>,
    /// What was heard and is not explained yet.
    heard: VecDeque<Message>,
    /// What must be heard in this step.
    owed: Vec<Message>,
    serves_before: ServesBefore,
}

impl World {
    /// Nothing is there. `entries`: how many a trie may have.
    pub(crate) fn new(micros: i64, entries: usize) -> Self {
        Self {
            now: micros / 1_000,
            part: micros % 1_000,
            trie_most: entries,
            ..Self::default()
        }
    }

    /// One command: what it was answered, and all that was heard after it.
    pub(crate) fn step(
        &mut self,
        caller: Caller,
        words: &[Vec<u8>],
        reply: &Reply,
        heard: Vec<Message>,
    ) -> Verdict {
        self.execution += 1;
        self.heard = heard.into();
        let before = self.clone();
        let first = self.judge(caller, words, reply);
        if first.is_ok() {
            return first;
        }
        // Somebody who may be served at any time may have been served before the command or after it.
        let tried = std::mem::replace(self, before);
        self.serves_before = ServesBefore::ThoseWhoMust;
        let second = self.judge(caller, words, reply);
        self.serves_before = ServesBefore::ThoseWhoCan;
        if second.is_err() {
            *self = tried;
            return first;
        }
        second
    }

    fn judge(&mut self, caller: Caller, words: &[Vec<u8>], reply: &Reply) -> Verdict {
        let shape = match grammar::ours(words) {
            None => self.others(caller.connection, words)?,
            Some(name) => match grammar::read(&name, words) {
                Err(refusal) => Shape::error(&refusal),
                Ok(ask) => self.answer(caller, ask, reply)?,
            },
        };
        if !shape.fits(reply) {
            return Err(format!("the reply should be {shape:?}"));
        }
        self.end_step()
    }

    /// Time has passed, to be seen by the server in one go.
    pub(crate) fn pass(&mut self, ms: i64, heard: Vec<Message>) -> Verdict {
        self.execution += 1;
        self.now += ms;
        self.heard = heard.into();
        self.changed.retain(|_, until| *until > self.now);
        for name in self.keys.pass(self.now) {
            self.changed.insert(name, self.now + NOTICED);
        }
        self.end_step()
    }

    /// A connection was closed and made again.
    pub(crate) fn reconnect(&mut self, connection: usize, heard: Vec<Message>) -> Verdict {
        self.execution += 1;
        self.heard = heard.into();
        self.selected.remove(&connection);
        while let Some(at) = self
            .waiters
            .iter()
            .position(|one| one.connection == connection)
        {
            self.leave(at);
        }
        self.end_step()
    }

    fn answer(&mut self, caller: Caller, ask: Ask, reply: &Reply) -> Verdict<Shape> {
        let db = self.selected.get(&caller.connection).copied().unwrap_or(0);
        let name = |key: Vec<u8>| Name { db, key };
        let names = |keys: Vec<Vec<u8>>| keys.into_iter().map(name).collect::<Vec<_>>();
        match ask {
            Ask::Turn(key, act) => self.umq(caller, &name(key), act, reply),
            Ask::Gate(key, act) => self.qgate(caller, &name(key), act, reply),
            Ask::Count(keys) => Ok(self.count(&names(keys))),
            Ask::Leave(member, keys) => Ok(self.give_back_all(&member, &names(keys))),
            Ask::Admit(admit) => self.admit(caller, db, &admit, reply),
            Ask::Trie(key, act) => Ok(self.trie(&name(key), act, reply)),
            Ask::Budget(key, act) => Ok(self.budget(&name(key), act)),
            Ask::Tally(tally) => Ok(self.tally(db, &tally)),
            Ask::Rate(key, rate, act) => Ok(self.rate(&name(key), &rate, &act)),
        }
    }

    fn end_step(&mut self) -> Verdict {
        self.hear()?;
        for charge in std::mem::take(&mut self.refunds) {
            self.refund(&charge);
        }
        let touched: Vec<Name> = self.keys.touched.iter().cloned().collect();
        for name in touched {
            // Another family has written what these wait for.
            let mut waiting = self.waiters.iter();
            let is_spoiled = |one: &Waiter| self.is_broken(one) && one.is_for(&name);
            if waiting.any(is_spoiled) {
                let until = self.now + NOTICED;
                self.changed.entry(name).or_insert(until);
            }
        }
        if let Some(message) = self.heard.front() {
            return Err(format!("nobody should have been told {message:?}"));
        }
        if let Some(message) = self.owed.first() {
            return Err(format!("somebody should have been told {message:?}"));
        }
        self.nobody_waits_in_vain()
    }

    fn now_micros(&self) -> i64 {
        self.now * 1_000 + self.part
    }

    /// Something that others did to a key: noticed soon, if it matters to anybody.
    fn changed_by_others(&mut self, name: &Name) {
        self.changed.insert(name.clone(), self.now + NOTICED);
    }

    /// Something that we did to a key: noticed at once.
    fn freed(&mut self, name: &Name) {
        self.changed.remove(name);
    }
}
