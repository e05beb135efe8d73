//! What can be seen of the hall without changing it: how many, who, since when, in which order. Pure.

use std::mem;

use super::{Hall, Join, Waiter};
use crate::line::name::KeyName;
use crate::line::plan::{LineName, Wants};
use crate::line::{Line, Number, Place};
use crate::time::UnixMillis;

impl<A> Hall<A> {
    /// How many wait, in all lines.
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn waiter(&self, number: Number) -> Option<&Waiter<A>> {
        self.waiters.get(&number).map(|waiter| &**waiter)
    }

    /// How many have named this key.
    pub(crate) fn waiting(&self, key: &KeyName) -> usize {
        let lines = self.keys.lines(key).filter(|line| line.contains(key));
        let lines = lines.filter_map(|line| self.lines.get(line));
        self.keys.beside(key) + lines.map(Line::len).sum::<usize>()
    }

    /// The number under which an id waits for a key.
    pub(crate) fn find(&self, key: &KeyName, id: &[u8]) -> Option<Number> {
        let lines = self.keys.lines(key);
        lines
            .filter_map(|line| self.find_in(line, id))
            .find(|number| self.waiters[number].plan.wants.names(key))
    }

    /// The number under which an id waits for any of these keys.
    pub(crate) fn find_any(&self, wants: &Wants, id: &[u8]) -> Option<Number> {
        self.find_all(wants, id).first().copied()
    }

    /// All numbers under which an id waits for any of these keys, the oldest first.
    pub(crate) fn find_all(&self, wants: &Wants, id: &[u8]) -> Vec<Number> {
        let lines = wants.keys().flat_map(|wanted| self.keys.lines(&wanted.key));
        let numbers = lines.filter_map(|line| self.find_in(line, id));
        let mut numbers: Vec<_> = numbers
            .filter(|number| {
                let plan = &self.waiters[number].plan;
                wants.keys().any(|wanted| plan.wants.names(&wanted.key))
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Whether anybody has named this key.
    pub(crate) fn is_awaited(&self, key: &KeyName) -> bool {
        self.keys.beside(key) > 0 || self.lines_at(key).any(|line| line.len() > 0)
    }

    /// The limit that governs a gate's waiters.
    pub(crate) fn limit(&self, key: &KeyName) -> usize {
        self.keys.limit(key)
    }

    /// Whether somebody would take what this key has to give.
    pub(crate) fn is_wanted(&self, key: &KeyName) -> bool {
        let wants = |line: &LineName| {
            let stands = self.lines.get(line);
            stands.is_some_and(|stands| {
                let ready = line.contains(key) && stands.first().is_some();
                ready || stands.holds_up(key)
            })
        };
        self.keys.lines(key).any(wants)
    }

    /// Whether it wants this gate whatever its limit.
    pub(crate) fn is_unlimited(&self, number: Number, key: &KeyName) -> bool {
        let wants = self.waiter(number).map(|waiter| &waiter.plan.wants);
        let mut keys = wants.into_iter().flat_map(Wants::keys);
        keys.any(|wanted| wanted.unlimited && wanted.key == *key)
    }

    /// How many flows wait in the lines for this key.
    pub(crate) fn flows(&self, key: &KeyName) -> usize {
        self.lines_at(key).map(Line::flows).sum()
    }

    pub(crate) fn oldest_since(&self, key: &KeyName) -> Option<UnixMillis> {
        self.lines_at(key).filter_map(Line::oldest).min()
    }

    /// How many are served before this waiter, if nobody else comes.
    pub(crate) fn ahead(&self, number: Number) -> usize {
        let Some(waiter) = self.waiter(number) else {
            return 0;
        };
        let line = self.lines.get(waiter.line());
        line.map_or(0, |line| line.ahead(&waiter.flow, waiter.place(number)))
    }

    /// How many stand in the line that somebody would join.
    pub(crate) fn before_newcomer(&self, join: &Join) -> usize {
        let line = self.preferred_line(join);
        let line = line.unwrap_or_else(|| self.plans.line(&join.asked.wants));
        self.lines.get(&line).map_or(0, Line::len)
    }

    /// At most `most` who wait for a key, in the order in which they are served, as far as one line knows of another.
    pub(crate) fn in_order(&self, key: &KeyName, most: usize) -> Vec<&Waiter<A>> {
        let mut rows: Vec<(usize, Number)> = Vec::new();
        for (name, line) in self.named_lines_at(key) {
            // Who stands in a line that is not the key's own may not have named it.
            let some_are_enough = name.contains(key) && !self.keys.is_shared(key);
            let numbers = line.in_order(if some_are_enough { most } else { usize::MAX });
            let own = numbers
                .into_iter()
                .filter(|number| self.names(*number, key));
            rows.extend(own.take(most).enumerate());
        }
        rows.sort_unstable();
        let rows = rows.into_iter().take(most);
        rows.filter_map(|(_, number)| self.waiter(number)).collect()
    }

    /// All who have named a key.
    pub(crate) fn numbers_at(&self, key: &KeyName) -> Vec<Number> {
        let numbers = self.lines_at(key).flat_map(Line::numbers);
        numbers.filter(|number| self.names(*number, key)).collect()
    }

    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.waiters.keys().copied().collect()
    }

    /// What all waiters take, about, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let waiter = mem::size_of::<Waiter<A>>() + mem::size_of::<Place>();
        let entry = mem::size_of::<(Number, Box<Waiter<A>>, Number)>();
        self.len() * waiter
            + self.waiters.capacity() * entry
            + self.deadlines.bytes()
            + self.id_bytes
    }

    /// The line at the one key that somebody prefers.
    pub(super) fn preferred_line(&self, join: &Join) -> Option<LineName> {
        let preference = join.asked.preference.as_ref()?;
        preference.insists_until?;
        let wanted = join.asked.wants.any.get(preference.index)?;
        let line = LineName::one(&self.keys.shared(&wanted.key));
        let known = self.lines.get_key_value(&line);
        Some(known.map_or(line, |(name, _)| name.clone()))
    }

    pub(super) fn lines_at(&self, key: &KeyName) -> impl Iterator<Item = &Line> {
        self.named_lines_at(key).map(|(_, line)| line)
    }

    fn named_lines_at(&self, key: &KeyName) -> impl Iterator<Item = (&LineName, &Line)> {
        let names = self.keys.lines(key);
        names.filter_map(|name| Some((name, self.lines.get(name)?)))
    }

    fn names(&self, number: Number, key: &KeyName) -> bool {
        let waiter = self.waiter(number);
        waiter.is_some_and(|waiter| waiter.plan.wants.names(key))
    }
}
