//! The keys that somebody waits for: in which lines, under which limit, and when to look next. Pure.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::line::Number;
use crate::line::name::KeyName;
use crate::line::plan::{LineName, Plan};
use crate::line::rivals::Rivals;
use crate::time::UnixMillis;

#[derive(Debug, Default)]
struct Key {
    rivals: Rivals,
    /// How many have named it who stand in a line that is not for it.
    beside: usize,
    /// The limit last named for a gate; it governs all who wait but those that named none.
    limit: usize,
    /// When it is next worth a look, other than for somebody's release.
    look_at: Option<UnixMillis>,
}

#[derive(Debug, Default)]
pub(super) struct Keys {
    by_name: HashMap<KeyName, Key>,
    looks: BTreeSet<(UnixMillis, KeyName)>,
}

impl Keys {
    pub(super) fn clear(&mut self) {
        self.by_name.clear();
        self.looks.clear();
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &KeyName> {
        self.by_name.keys()
    }

    /// A name as it is kept here.
    pub(super) fn shared(&self, key: &KeyName) -> KeyName {
        let known = self.by_name.get_key_value(key);
        known.map_or(key, |(name, _)| name).clone()
    }

    /// How many have named it who stand in a line that is not for it.
    pub(super) fn beside(&self, key: &KeyName) -> usize {
        self.by_name.get(key).map_or(0, |key| key.beside)
    }

    /// The lines in which somebody stands who has named it, or lately has.
    pub(super) fn lines(&self, key: &KeyName) -> impl Iterator<Item = &LineName> {
        let key = self.by_name.get(key);
        key.into_iter().flat_map(|key| key.rivals.lines())
    }

    pub(super) fn is_shared(&self, key: &KeyName) -> bool {
        self.lines(key).nth(1).is_some()
    }

    /// Where the virtual time of a line stands by what the key has seen of others.
    pub(super) fn clock(&self, key: &KeyName, line: &LineName) -> Option<u64> {
        self.by_name.get(key)?.rivals.clock(line)
    }

    /// The line that has the key next.
    pub(super) fn next(
        &mut self,
        key: &KeyName,
        head: impl FnMut(&LineName) -> Option<(u64, Number)>,
    ) -> Option<LineName> {
        self.by_name.get_mut(key)?.rivals.next(head)
    }

    /// There is a line that was not.
    pub(super) fn open(&mut self, line: &LineName) {
        for name in line.keys() {
            let key = self.by_name.entry(name.clone()).or_default();
            key.rivals.add(line);
        }
    }

    /// Somebody with this plan stands in this line, which is not always the plan's own.
    pub(super) fn stand(&mut self, line: &LineName, plan: &Plan) {
        for name in plan.keys_beside(line) {
            let key = self.by_name.entry(name.clone()).or_default();
            key.rivals.add(line);
            key.beside += 1;
        }
    }

    /// It stands there no longer.
    pub(super) fn leave(&mut self, line: &LineName, plan: &Plan) {
        for name in plan.keys_beside(line) {
            let Some(key) = self.by_name.get_mut(name) else {
                continue;
            };
            key.beside -= 1;
            if key.beside == 0 {
                key.rivals.retain(|line| line.contains(name));
                self.forget_if_unused(name);
            }
        }
    }

    /// Lines that are no more may still be named by keys that only some who stood there wanted.
    pub(super) fn forget_lines(&mut self, is_gone: impl Fn(&LineName) -> bool) {
        for key in self.by_name.values_mut() {
            key.rivals.retain(|line| !is_gone(line));
        }
    }

    pub(super) fn close(&mut self, line: &LineName) {
        for name in line.keys() {
            if let Some(key) = self.by_name.get_mut(name) {
                key.rivals.retain(|other| other != line);
            }
            self.forget_if_unused(name);
        }
    }

    pub(super) fn limit(&self, key: &KeyName) -> usize {
        self.by_name.get(key).map_or(0, |key| key.limit)
    }

    pub(super) fn set_limit(&mut self, key: &KeyName, limit: usize) {
        if let Some(key) = self.by_name.get_mut(key) {
            key.limit = limit;
        }
    }

    pub(super) fn look_at(&self, key: &KeyName) -> Option<UnixMillis> {
        self.by_name.get(key)?.look_at
    }

    /// When a key is next worth a look. Nothing is noted where nobody waits.
    pub(super) fn look_again(&mut self, key: &KeyName, at: Option<UnixMillis>) {
        let Some((name, _)) = self.by_name.get_key_value(key) else {
            return;
        };
        let name = name.clone();
        self.forget_look(&name);
        if let (Some(at), Some(key)) = (at, self.by_name.get_mut(&name)) {
            key.look_at = Some(at);
            self.looks.insert((at, name));
        }
    }

    pub(super) fn next_look(&self) -> Option<UnixMillis> {
        self.looks.first().map(|(at, _)| *at)
    }

    pub(super) fn due_looks(&self, now: UnixMillis) -> Vec<KeyName> {
        let due = self.looks.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, key)| key.clone()).collect()
    }

    fn forget_look(&mut self, name: &KeyName) {
        if let Some(key) = self.by_name.get_mut(name)
            && let Some(at) = key.look_at.take()
        {
            self.looks.remove(&(at, name.clone()));
        }
    }

    fn forget_if_unused(&mut self, name: &KeyName) {
        let unused = |key: &Key| key.beside == 0 && key.rivals.lines().next().is_none();
        if self.by_name.get(name).is_some_and(unused) {
            self.forget_look(name);
            self.by_name.remove(name);
        }
    }
}
