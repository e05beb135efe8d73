//! Who waits, for what, and where in line.

use std::fmt;

use super::keyspace::Name;
use super::line::{Line, Place};
use super::{Family, LISTENED, Message, World};
use crate::grammar::rates::Rate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Acquire,
    Admit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: Name,
    pub(crate) unlimited: bool,
    pub(crate) priority: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) name: Name,
    pub(crate) rate: Rate,
    pub(crate) cost: i128,
}

#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    pub(crate) number: u64,
    pub(crate) family: Family,
    pub(crate) form: Form,
    pub(crate) all: Vec<Wanted>,
    pub(crate) any: Vec<Wanted>,
    pub(crate) id: Vec<u8>,
    pub(crate) lease: i64,
    pub(crate) delay: i64,
    pub(crate) flow: Vec<u8>,
    pub(crate) since: i64,
    pub(crate) deadline: Option<i64>,
    /// Until then it wants this one of `any` alone.
    pub(crate) preference: Option<(usize, i64)>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) connection: usize,
    pub(crate) channel: Vec<u8>,
}

/// What somebody who joins brings along that the line is to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) weight: Option<u64>,
    pub(super) limits: Vec<(Name, usize)>,
}

impl Waiter {
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.all.iter().chain(&self.any)
    }

    pub(super) fn is_for(&self, name: &Name) -> bool {
        self.wanted().any(|wanted| wanted.name == *name)
    }

    pub(super) fn names(&self, family: Family, name: &Name) -> bool {
        self.family == family && self.is_for(name)
    }

    /// Those of `any` that it would take now.
    pub(super) fn candidates(&self, now: i64) -> Vec<usize> {
        match self.preference {
            Some((index, until)) if until > now => vec![index],
            _ => (0..self.any.len()).collect(),
        }
    }

    /// The keys of which those in its line take one.
    pub(super) fn line(&self, now: i64) -> Vec<&Name> {
        let indices = self.candidates(now).into_iter();
        let mut keys: Vec<&Name> = indices.map(|index| &self.any[index].name).collect();
        if keys.is_empty() {
            keys.extend(self.all.first().map(|wanted| &wanted.name));
        }
        keys.sort_unstable();
        keys
    }

    pub(super) fn hears(&self) -> bool {
        LISTENED.iter().any(|name| name.as_bytes() == self.channel)
    }

    pub(super) fn place(&self) -> Place {
        (self.since, self.number)
    }

    /// The key of which it wants nothing but one.
    pub(super) fn only(&self) -> Option<&Name> {
        match (self.form, &*self.any) {
            (Form::Acquire, [only]) => Some(&only.name),
            _ => None,
        }
    }
}

/// Who waits for what: `id(own)accounts`.
impl fmt::Display for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = |wanted: &[Wanted]| {
            let keys = wanted.iter().map(|one| one.name.key.escape_ascii());
            keys.map(|key| key.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (id, all, any) = (self.id.escape_ascii(), keys(&self.all), keys(&self.any));
        write!(f, "{id}({all}){any}")
    }
}

impl World {
    /// How many have named a key.
    pub(super) fn waiting(&self, family: Family, name: &Name) -> usize {
        self.at(family, name).count()
    }

    pub(super) fn at(&self, family: Family, name: &Name) -> impl Iterator<Item = &Waiter> {
        self.waiters
            .iter()
            .filter(move |one| one.names(family, name))
    }

    pub(super) fn find(&self, family: Family, name: &Name, id: &[u8]) -> Option<usize> {
        let is_it = |one: &Waiter| one.id == id && one.names(family, name);
        self.waiters.iter().position(is_it)
    }

    /// Where the order of a line is known: nobody competes for the key from elsewhere.
    pub(super) fn line(&self, family: Family, name: &Name) -> Option<&Line> {
        let line = self.lines.get(&(family, name.clone()))?;
        let is_contested = family == Family::Gate && self.contested.contains(name);
        (!is_contested).then_some(line)
    }

    /// Stands in line, in the place where its id stands already if it does.
    pub(super) fn join(&mut self, mut waiter: Waiter, standing: Standing) {
        let former = self.oldest_place(&waiter);
        let mut weight = standing.weight;
        self.last_number += 1;
        waiter.number = self.last_number;
        if let Some(at) = former {
            weight = weight.or(self.weight_of(&self.waiters[at]));
            let former = self.step_out(at);
            self.last_number -= 1;
            (waiter.number, waiter.since) = (former.number, former.since);
            waiter.flow.clone_from(&former.flow);
            if !former.charges.is_empty() {
                waiter.charges.clone_from(&former.charges);
            }
            if former.connection != waiter.connection {
                self.owe("moved", &former);
            }
        }
        self.limits.extend(standing.limits);
        if waiter.form == Form::Admit {
            let names = waiter.wanted().map(|wanted| wanted.name.clone());
            self.contested.extend(names);
        }
        if let Some(key) = waiter.only() {
            let line = self.lines.entry((waiter.family, key.clone()));
            line.or_default().join(&waiter.flow, weight, waiter.place());
        }
        self.waiters.push(waiter);
        self.waiters.sort_unstable_by_key(|one| one.number);
        self.close_empty_lines();
    }

    /// An id stands once: it takes over the oldest of its places, and leaves the others.
    fn oldest_place(&mut self, waiter: &Waiter) -> Option<usize> {
        let is_his = |one: &Waiter| {
            let mut names = waiter.wanted().map(|wanted| &wanted.name);
            one.id == waiter.id && names.any(|name| one.names(waiter.family, name))
        };
        let oldest = self.waiters.iter().position(is_his)?;
        while let Some(at) = self.waiters.iter().skip(oldest + 1).position(is_his) {
            let other = self.leave(oldest + 1 + at);
            if other.connection != waiter.connection {
                self.owe("moved", &other);
            }
        }
        Some(oldest)
    }

    /// Leaves unserved; what it was charged is given back.
    pub(super) fn leave(&mut self, at: usize) -> Waiter {
        let waiter = self.step_out(at);
        self.close_empty_lines();
        self.refunds.extend_from_slice(&waiter.charges);
        waiter
    }

    /// Leaves because it was served.
    pub(super) fn served(&mut self, at: usize) {
        let waiter = self.waiters.remove(at);
        if let Some(line) = self.own_line(&waiter) {
            line.serve(&waiter.flow, waiter.place());
        }
        self.close_empty_lines();
    }

    /// It is to be told so on its channel, if anybody listens there.
    pub(super) fn owe(&mut self, word: &str, waiter: &Waiter) {
        if waiter.hears() {
            let text = [word.as_bytes(), b":0:", &waiter.id].concat();
            let channel = waiter.channel.clone();
            self.owed.push(Message { channel, text });
        }
    }

    fn step_out(&mut self, at: usize) -> Waiter {
        let waiter = self.waiters.remove(at);
        if let Some(line) = self.own_line(&waiter) {
            line.leave(&waiter.flow, waiter.place());
        }
        waiter
    }

    fn own_line(&mut self, waiter: &Waiter) -> Option<&mut Line> {
        let key = (waiter.family, waiter.only()?.clone());
        self.lines.get_mut(&key)
    }

    fn weight_of(&self, waiter: &Waiter) -> Option<u64> {
        let key = (waiter.family, waiter.only()?.clone());
        self.lines.get(&key)?.weight(&waiter.flow)
    }

    /// A line in which nobody stands remembers nothing.
    fn close_empty_lines(&mut self) {
        self.lines.retain(|_, line| line.flows() > 0);
        if self.waiters.is_empty() {
            self.contested.clear();
        }
    }
}
