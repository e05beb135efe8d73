//! `UMQ.*`

use harness::Reply;

use super::hall::{Form, Standing, Waiter, Wanted};
use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use super::turn::Turn;
use super::{Caller, Family, Manner, Verdict, World};
use crate::grammar::turns::{Stamp, TurnAsk, Umq};
use crate::grammar::waiting::{Clause, Patience};

/// How far tokens may run ahead of the clock, in µs: one for each time that the server has looked at it.
const HASTE: i64 = 1_000_000;

impl World {
    pub(super) fn umq(
        &mut self,
        caller: Caller,
        name: &Name,
        act: Umq,
        reply: &Reply,
    ) -> Verdict<Shape> {
        match act {
            Umq::Acquire(ask) => return self.acquire_turn(caller, name, &ask, reply),
            Umq::Cancel { id } => return Ok(self.cancel(Family::Turn, name, &id)),
            Umq::Waiters { most } => return Ok(self.in_line(Family::Turn, name, most)),
            Umq::Renew { .. } | Umq::Release { .. } | Umq::Force | Umq::Info => {}
        }
        let Some(mut turn) = self.turn(name) else {
            return Ok(Shape::wrong_type());
        };
        let is_done = match act {
            Umq::Info => return Ok(self.turn_info(name, &turn)),
            Umq::Renew { id, lease } => {
                let is_holder = turn.holder == id;
                turn.lease_end = self.now + lease;
                is_holder
            }
            Umq::Release { id, stamps } => {
                let is_holder = turn.holder == id;
                let stamp = match stamps {
                    Stamp::Now => self.now,
                    Stamp::Keep => turn.stamp,
                };
                turn.free(stamp);
                is_holder
            }
            Umq::Force => {
                let is_held = !turn.holder.is_empty();
                turn.free(turn.stamp);
                is_held
            }
            Umq::Acquire(_) | Umq::Cancel { .. } | Umq::Waiters { .. } => false,
        };
        if is_done {
            self.save_turn(name, &turn);
            self.freed(name);
        }
        Ok(Shape::int(i64::from(is_done)))
    }

    fn acquire_turn(
        &mut self,
        caller: Caller,
        name: &Name,
        ask: &TurnAsk,
        reply: &Reply,
    ) -> Verdict<Shape> {
        let Some(mut turn) = self.turn(name) else {
            return Ok(Shape::wrong_type());
        };
        if turn.holder == ask.id {
            turn.lease_end = turn.lease_end.max(self.now + ask.lease);
            self.save_turn(name, &turn);
            return Ok(Shape::ints([1, 0, turn.token, 0]));
        }
        let early = turn.early(ask.delay, self.now);
        let (least, most) = self.ahead(Family::Turn, name, &ask.id);
        let is_free = turn.holder.is_empty();
        if is_free && early == 0 && self.waiting(Family::Turn, name) == 0 {
            return self.grant_at_once(name, &turn, ask, reply);
        }
        let unknown = Shape::int(-1);
        let wait = match (is_free && early > 0, least, most) {
            (true, _, 0) => Shape::int(early),
            (true, 0, _) => Shape::OneOf(vec![Shape::int(early), unknown]),
            _ => unknown,
        };
        let ahead = Shape::Between(least, most);
        let wanted = Wanted {
            name: name.clone(),
            unlimited: false,
            priority: 0,
        };
        let waiter = Waiter {
            family: Family::Turn,
            delay: ask.delay,
            any: vec![wanted],
            ..self.newcomer(caller, &ask.id, ask.lease, &ask.clause)
        };
        let standing = Standing {
            weight: ask.clause.weight,
            limits: Vec::new(),
        };
        let status = self.wait(caller, waiter, standing, &ask.clause);
        let wait = if status == -1 { Shape::int(-1) } else { wait };
        Ok(Shape::Items(vec![
            Shape::int(status),
            wait,
            Shape::int(0),
            ahead,
        ]))
    }

    fn grant_at_once(
        &mut self,
        name: &Name,
        turn: &Turn,
        ask: &TurnAsk,
        reply: &Reply,
    ) -> Verdict<Shape> {
        let token = match reply {
            Reply::Array(items) => match items.get(2) {
                Some(Reply::Int(token)) => *token,
                _ => 0,
            },
            _ => 0,
        };
        self.new_token(name, turn.token, token)?;
        let turn = turn.granted(&ask.id, ask.lease, ask.delay, token, self.now);
        self.save_turn(name, &turn);
        Ok(Shape::ints([1, 0, token, 0]))
    }

    /// Larger than that of any grant before, and no smaller than the time in µs. What is far ahead of the clock somebody
    /// else has written, and is remembered only by the key.
    pub(super) fn new_token(&mut self, name: &Name, stored: i64, token: i64) -> Verdict {
        let soon = self.now_micros() + HASTE;
        let before = self.tokens.get(name).copied();
        let before = before.filter(|before| *before < soon).unwrap_or(0);
        let least = stored.max(before).saturating_add(1).max(self.now_micros());
        let most = stored.saturating_add(HASTE).max(soon);
        if !(least..=most).contains(&token) {
            return Err(format!("{token} is no token after {stored} and {before}"));
        }
        self.tokens.insert(name.clone(), token);
        Ok(())
    }

    /// `None`: the key holds something else.
    pub(super) fn turn(&self, name: &Name) -> Option<Turn> {
        match self.keys.get(name).map(|entry| &entry.value) {
            None => Some(Turn::unused()),
            Some(Value::Text(text)) => Turn::read(text, self.now),
            Some(Value::Scores(_) | Value::Fields(_) | Value::List(_) | Value::Entries(_)) => None,
        }
    }

    /// Writes a turn that says something new; one that says nothing goes.
    pub(super) fn save_turn(&mut self, name: &Name, turn: &Turn) {
        let text = Value::Text(turn.write());
        let end = turn.forgotten_at();
        if end <= self.now {
            self.keys.remove(name);
        } else if self.keys.get(name).is_none_or(|entry| entry.value != text) {
            let mut entry = Entry::new(text);
            entry.end = End::At(end);
            self.keys.put(name, entry);
        }
    }

    fn turn_info(&self, name: &Name, turn: &Turn) -> Shape {
        let holder = match &*turn.holder {
            [] => Shape::nil(),
            holder => Shape::text(holder),
        };
        let since = match turn.stamp {
            0 => Shape::nil(),
            stamp => Shape::int(self.now - stamp),
        };
        let [waiting, flows, oldest] = self.crowd(Family::Turn, name);
        let lease = (turn.lease_end - self.now).max(0);
        Shape::fields(vec![
            ("holder", holder),
            ("token", Shape::int(turn.token)),
            ("lease-ms", Shape::int(lease)),
            ("since-stamp-ms", since),
            ("waiting", waiting),
            ("flows", flows),
            ("oldest-wait-ms", oldest),
        ])
    }

    /// How many have named a key; in how many flows those stand with whom they stand in line, and for how long the one
    /// who has waited longest. Where lines compete, at least those who have named it themselves.
    pub(super) fn crowd(&self, family: Family, name: &Name) -> [Shape; 3] {
        let mut flows: Vec<_> = self.at(family, name).map(|one| &one.flow).collect();
        flows.sort_unstable();
        flows.dedup();
        let count = |count: usize| i64::try_from(count).expect("they are few");
        let waited = |one: &Waiter| self.now - one.since;
        let oldest = self.at(family, name).map(waited).max().unwrap_or(0);
        let (most, longest) = match self.line(family, name) {
            Some(_) => (flows.len(), oldest),
            None => (
                self.waiters.len(),
                self.waiters.iter().map(waited).max().unwrap_or(0),
            ),
        };
        [
            Shape::count(self.waiting(family, name)),
            Shape::Between(count(flows.len()), count(most)),
            Shape::Between(oldest, longest),
        ]
    }

    pub(super) fn cancel(&mut self, family: Family, name: &Name, id: &[u8]) -> Shape {
        let Some(at) = self.find(family, name, id) else {
            return Shape::int(0);
        };
        let waiter = self.leave(at);
        self.owe("cancelled", &waiter);
        Shape::int(1)
    }

    /// The rows of `*.WAITERS`.
    pub(super) fn in_line(&self, family: Family, name: &Name, most: usize) -> Shape {
        let row = |one: &Waiter| {
            let flow = match &*one.flow {
                [] => Shape::nil(),
                flow => Shape::text(flow),
            };
            let waited = Shape::int(self.now - one.since);
            Shape::Items(vec![Shape::text(&one.id), flow, waited])
        };
        if let Some(line) = self.line(family, name) {
            let numbers = line.order().into_iter().take(most);
            let waiter = |number| self.waiters.iter().find(|one| one.number == number);
            return Shape::Items(numbers.filter_map(waiter).map(row).collect());
        }
        let rows: Vec<Shape> = self.at(family, name).map(row).collect();
        if rows.len() > most {
            let some = (0..most).map(|_| Shape::OneOf(rows.clone()));
            return Shape::Items(some.collect());
        }
        Shape::Set(rows)
    }

    /// Somebody who may wait from now on.
    pub(super) fn newcomer(
        &self,
        caller: Caller,
        id: &[u8],
        lease: i64,
        clause: &Clause,
    ) -> Waiter {
        let (channel, ms) = match &clause.patience {
            Some(Patience::Notify { channel, ms }) => (channel.clone(), *ms),
            Some(Patience::Block) | None => (Vec::new(), 0),
        };
        Waiter {
            number: 0,
            family: Family::Gate,
            form: Form::Acquire,
            all: Vec::new(),
            any: Vec::new(),
            id: id.to_vec(),
            lease,
            delay: 0,
            flow: clause.flow.clone().unwrap_or_default(),
            since: (self.now - clause.waited.unwrap_or(0)).max(0),
            deadline: (ms > 0).then_some(self.now + ms),
            preference: None,
            charges: Vec::new(),
            connection: caller.connection,
            channel,
        }
    }

    /// Lets somebody wait who wants to and may: the status.
    pub(super) fn wait(
        &mut self,
        caller: Caller,
        waiter: Waiter,
        standing: Standing,
        clause: &Clause,
    ) -> i64 {
        if !may_wait(caller, clause) {
            return 0;
        }
        let known = |key: &Name| self.find(waiter.family, key, &waiter.id).is_some();
        let stands = waiter.wanted().any(|wanted| known(&wanted.name));
        let line = waiter.line(self.now);
        let others = self.waiters.iter();
        let others = others.filter(|one| one.family == waiter.family);
        let in_line = others.filter(|one| one.line(self.now) == line).count();
        if !stands && clause.queue.is_some_and(|most| in_line >= most) {
            return -1;
        }
        self.join(waiter, standing);
        2
    }
}

/// By a ticket, which nobody in a script can hold.
pub(super) fn may_wait(caller: Caller, clause: &Clause) -> bool {
    let wants = matches!(clause.patience, Some(Patience::Notify { .. }));
    wants && caller.manner != Manner::Script
}

impl Turn {
    pub(super) fn granted(&self, id: &[u8], lease: i64, delay: i64, token: i64, now: i64) -> Self {
        Self {
            lease_end: now + lease,
            token,
            stamp: self.stamp,
            keep: delay.max(60_000),
            holder: id.to_vec(),
        }
    }
}
