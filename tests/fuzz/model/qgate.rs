//! `QGATE.*` but `QGATE.ADMIT`

use harness::Reply;

use super::gate::Found;
use super::hall::{Standing, Waiter, Wanted};
use super::keyspace::Name;
use super::shape::Shape;
use super::{Caller, Family, Manner, Verdict, World};
use crate::grammar::gates::{Qgate, SlotAsk};

impl World {
    pub(super) fn qgate(
        &mut self,
        caller: Caller,
        name: &Name,
        act: Qgate,
        reply: &Reply,
    ) -> Verdict<Shape> {
        match act {
            Qgate::Cancel { id } => return Ok(self.cancel(Family::Gate, name, &id)),
            Qgate::Waiters { most } => return Ok(self.in_line(Family::Gate, name, most)),
            _ => {}
        }
        let Some(found) = self.look(name) else {
            return Ok(Shape::wrong_type());
        };
        Ok(match act {
            Qgate::Acquire(ask) => return self.acquire_slot(caller, name, &ask, reply),
            Qgate::Renew { lease, members } => self.renew(name, lease, &members),
            Qgate::Release { members } => {
                let held = members.iter().filter(|member| self.holds(name, member));
                let mut held: Vec<Vec<u8>> = held.cloned().collect();
                held.sort_unstable();
                held.dedup();
                self.give_back(name, &held);
                Shape::count(held.len())
            }
            Qgate::Close { ms } => {
                self.close(name, self.now + ms);
                self.freed(name);
                Shape::ok()
            }
            Qgate::Open => {
                let was_closed = found.closed_until > 0;
                if was_closed {
                    self.open(name);
                    self.freed(name);
                }
                Shape::int(i64::from(was_closed))
            }
            Qgate::Members { most } => {
                let rows = self.slots(name).into_iter().take(most);
                let row = |(member, end): (Vec<u8>, i64)| {
                    Shape::Items(vec![Shape::text(&member), Shape::int(end - self.now)])
                };
                Shape::Items(rows.map(row).collect())
            }
            Qgate::Info => self.gate_info(name, found),
            Qgate::Cancel { .. } | Qgate::Waiters { .. } => Shape::int(0),
        })
    }

    fn acquire_slot(
        &mut self,
        caller: Caller,
        name: &Name,
        ask: &SlotAsk,
        reply: &Reply,
    ) -> Verdict<Shape> {
        self.named.insert(name.clone(), ask.limit);
        if self.govern(name, ask.limit) {
            self.hear_before()?;
        }
        let found = self.look(name).ok_or("a grant has spoiled the gate")?;
        let is_holder = self.holds(name, &ask.id);
        let is_let_in = found.has_room(ask.limit) && self.may_enter(name, ask.limit, reply);
        if is_holder || is_let_in {
            while let Some(at) = self.stands(std::slice::from_ref(name), &ask.id) {
                let former = self.leave(at);
                self.supersede(caller, &former);
            }
            let in_use = self.take_slot(name, &ask.id, ask.lease);
            return Ok(Shape::ints([1, in_use, 0]));
        }
        let (least, most) = self.ahead(Family::Gate, name, &ask.id);
        let wanted = Wanted {
            name: name.clone(),
            unlimited: ask.limit == 0,
            priority: 0,
        };
        let waiter = Waiter {
            any: vec![wanted],
            ..self.newcomer(caller, &ask.id, ask.lease, &ask.clause)
        };
        let limit = (ask.limit > 0).then(|| (name.clone(), ask.limit));
        let standing = Standing {
            weight: ask.clause.weight,
            limits: limit.into_iter().collect(),
        };
        let status = self.wait(caller, waiter, standing, &ask.clause);
        Ok(Shape::Items(vec![
            Shape::int(status),
            Shape::count(found.in_use),
            Shape::Between(least, most),
        ]))
    }

    /// A limit is named that governs those who wait: whether it lets them move.
    pub(super) fn govern(&mut self, name: &Name, limit: usize) -> bool {
        if limit == 0 || self.waiting(Family::Gate, name) == 0 {
            return false;
        }
        let before = self.limits.insert(name.clone(), limit);
        let changes = before != Some(limit);
        if changes {
            self.freed(name);
        }
        changes
    }

    /// Whether somebody who comes now may have a slot that is free: nobody overtakes those who could have it. While a
    /// change made by others is not noticed, it depends.
    pub(super) fn may_enter(&self, name: &Name, limit: usize, reply: &Reply) -> bool {
        if limit == 0 {
            return true;
        }
        let is_sure = |one: &&Waiter| one.only().is_some() || !self.may_be_unnoticed(one);
        let takers = self.at(Family::Gate, name).filter(is_sure).filter(|one| {
            let can = self.could_have(one).filter(|_| self.should_have(one));
            can.is_some_and(|can| {
                let of_all = one.all.iter().any(|wanted| wanted.name == *name);
                of_all || can.iter().any(|index| one.any[*index].name == *name)
            })
        });
        if takers.count() > 0 {
            return false;
        }
        let is_granted = match reply {
            Reply::Array(items) => [1, -2].iter().any(|status| items[0] == *status),
            _ => false,
        };
        let mut waiting = self.at(Family::Gate, name);
        is_granted || !waiting.any(|one| self.may_be_unnoticed(one))
    }

    /// The oldest place of an id that waits for any of these gates.
    pub(super) fn stands(&self, names: &[Name], id: &[u8]) -> Option<usize> {
        let mut waiters = self.waiters.iter();
        waiters.position(|one| {
            let mut names = names.iter();
            one.id == id && names.any(|name| one.names(Family::Gate, name))
        })
    }

    /// Somebody who has asked again was granted at once, and waits no more; another connection is told so.
    pub(super) fn supersede(&mut self, caller: Caller, former: &Waiter) {
        let is_the_same = former.connection == caller.connection;
        if !is_the_same || caller.manner == Manner::Script {
            self.owe("moved", former);
        }
    }

    fn renew(&mut self, name: &Name, lease: i64, members: &[Vec<u8>]) -> Shape {
        let held = |member: &Vec<u8>| self.holds(name, member);
        let held: Vec<bool> = members.iter().map(held).collect();
        let holders = members.iter().zip(&held).filter(|(_, held)| **held);
        let holders: Vec<Vec<u8>> = holders.map(|(member, _)| member.clone()).collect();
        if !holders.is_empty() {
            self.lease_all(name, &holders, self.now + lease);
            self.freed(name);
        }
        let replies = held.iter().map(|held| Shape::int(i64::from(*held)));
        Shape::Items(replies.collect())
    }

    fn give_back(&mut self, name: &Name, holders: &[Vec<u8>]) {
        if !holders.is_empty() {
            self.remove_members(name, holders);
            self.freed(name);
        }
    }

    pub(super) fn give_back_all(&mut self, member: &[u8], names: &[Name]) -> Shape {
        if names.iter().any(|name| self.look(name).is_none()) {
            return Shape::wrong_type();
        }
        let held = names.iter().filter(|name| self.holds(name, member));
        let held: Vec<Name> = held.cloned().collect();
        for name in &held {
            self.give_back(name, &[member.to_vec()]);
        }
        Shape::count(held.len())
    }

    pub(super) fn count(&self, names: &[Name]) -> Shape {
        let row = |name: &Name| {
            let in_use = self.look(name)?.in_use;
            let waiting = self.waiting(Family::Gate, name);
            Some(Shape::Items(vec![
                Shape::count(in_use),
                Shape::count(waiting),
            ]))
        };
        let rows: Option<Vec<Shape>> = names.iter().map(row).collect();
        rows.map_or_else(Shape::wrong_type, Shape::Items)
    }

    fn gate_info(&self, name: &Name, found: Found) -> Shape {
        let [waiting, flows, oldest] = self.crowd(Family::Gate, name);
        let limit = self
            .named
            .get(name)
            .filter(|_| self.keys.get(name).is_some());
        let limit = limit.map_or_else(Shape::nil, |limit| Shape::count(*limit));
        let first = self.slots(name).first().map(|(_, end)| end - self.now);
        Shape::fields(vec![
            ("in-use", Shape::count(found.in_use)),
            ("waiting", waiting),
            ("limit", limit),
            (
                "closed-ms",
                Shape::int((found.closed_until - self.now).max(0)),
            ),
            ("flows", flows),
            ("oldest-wait-ms", oldest),
            ("next-expiry-ms", first.map_or_else(Shape::nil, Shape::int)),
        ])
    }
}
