//! All lines together: who stands in which, until when, which line has a key next, and when a key is worth a look. Pure.
//! An id stands once for a key; asking again takes over its place. Who asked is carried along, not looked at.

#[cfg(test)]
mod admission;
mod keys;
#[cfg(test)]
mod twin;
mod view;
mod waiter;

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::deadlines::Deadlines;
use super::name::KeyName;
use super::plan::{LineName, Plans};
use super::{Line, Number};
use crate::line::hall::keys::Keys;
use crate::line::hall::waiter::Extra;
pub(crate) use crate::line::hall::waiter::{Asked, Join, Preference, Request, Span, Waiter};
use crate::time::UnixMillis;

/// What came of joining.
#[derive(Debug)]
pub(crate) struct Joined<A> {
    pub(crate) number: Number,
    /// Whether its line has another first now, or one who asks for something else.
    pub(crate) moves: bool,
    /// Whose place it took over.
    pub(crate) former: Option<Waiter<A>>,
}

/// Who has a key next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Ready(Number),
    /// Those of this line whom the key holds up.
    Aside(LineName),
}

/// Whose time has come, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It waits no longer.
    Deadline(Number),
    /// It has been patient, and takes any from now on.
    Patience(Number),
}

#[derive(Debug)]
pub(crate) struct Hall<A> {
    lines: HashMap<LineName, Line>,
    keys: Keys,
    plans: Plans,
    waiters: HashMap<Number, Box<Waiter<A>>>,
    /// By id and line; the ids themselves are with the waiters.
    numbers: HashTable<Number>,
    deadlines: Deadlines,
    hasher: DefaultHashBuilder,
    last: Number,
    /// The latest time at which one who waits has come, or somebody after it.
    latest: UnixMillis,
    /// The ids of all waiters, in bytes.
    id_bytes: usize,
}

impl<A> Default for Hall<A> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            keys: Keys::default(),
            plans: Plans::default(),
            waiters: HashMap::new(),
            numbers: HashTable::new(),
            deadlines: Deadlines::default(),
            hasher: DefaultHashBuilder::default(),
            last: 0,
            latest: UnixMillis::ZERO,
            id_bytes: 0,
        }
    }
}

impl<A> Hall<A> {
    pub(crate) fn line_of(&self, number: Number) -> Option<&LineName> {
        self.waiter(number).map(Waiter::line)
    }

    /// Puts somebody in line, or in the place where its id stands already.
    pub(crate) fn join(&mut self, join: Join, asker: A) -> Joined<A> {
        self.latest = if self.waiters.is_empty() {
            join.now
        } else {
            self.latest.max(join.now)
        };
        let preferred = self.preferred_line(&join);
        let asked = join.asked;
        let known = self.find_any(&asked.wants, &asked.request.id);
        let weight = join.weight.or_else(|| self.weight_of(known?));
        let mut former = known.and_then(|number| self.step_out(number));
        // Who asks again has its place, and has been charged already.
        let charges = former.as_mut().map(Waiter::take_charges);
        let charges = charges.filter(|charges| !charges.is_empty());
        let number = known.unwrap_or(self.last + 1);
        self.last = self.last.max(number);
        let keys = &self.keys;
        let plan = self.plans.take(asked.wants, |key| keys.shared(key));
        let mut waiter = Waiter {
            asker,
            plan,
            request: asked.request,
            extra: Extra::new(
                asked.preference,
                preferred,
                charges.unwrap_or(asked.charges),
            ),
            flow: join.flow,
            since: self.latest.minus(join.waited),
            deadline: join.deadline,
        };
        if let Some(former) = &former {
            waiter.flow = former.flow.clone();
            waiter.since = former.since;
        }
        let first = self.first(waiter.line());
        self.stand(number, &mut waiter, weight);
        let moves = self.first(waiter.line()) != first;
        for (key, limit) in &asked.limits {
            self.keys.set_limit(key, *limit);
        }
        self.note_time(number, &waiter);
        self.remember(number, waiter);
        if let Some(former) = &former {
            self.close_after(former);
        }
        Joined {
            number,
            moves,
            former,
        }
    }

    /// Somebody leaves its line, unserved.
    pub(crate) fn leave(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = self.step_out(number)?;
        self.close_after(&waiter);
        Some(waiter)
    }

    /// Somebody is served and leaves its line.
    pub(crate) fn serve(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = self.forget(number)?;
        if let Some(line) = self.lines.get_mut(waiter.line()) {
            line.serve(&waiter.flow, waiter.plan.id(), waiter.place(number));
        }
        self.close_after(&waiter);
        Some(waiter)
    }

    /// Who has a turn, or a slot of a gate, next.
    pub(crate) fn next(&mut self, key: &KeyName) -> Option<Next> {
        let lines = &mut self.lines;
        let mut heads = |line: &LineName| {
            let stands = lines.get_mut(line)?;
            let ready = line.contains(key).then(|| stands.post()).flatten();
            Some((ready, stands.post_aside(key)))
        };
        let head = |line: &LineName| {
            let (ready, aside) = heads(line)?;
            ready.into_iter().chain(aside).min()
        };
        let line = self.keys.next(key, head)?;
        let (ready, aside) = heads(&line)?;
        match (ready, aside) {
            (Some(ready), aside) if aside.is_none_or(|aside| ready <= aside) => {
                Some(Next::Ready(ready.1))
            }
            _ => Some(Next::Aside(line)),
        }
    }

    /// Who is next in a line.
    pub(crate) fn first(&self, line: &LineName) -> Option<Number> {
        self.lines.get(line)?.first()
    }

    /// A gate that somebody cannot do without has no room: all of its flow that need the same stand aside.
    pub(crate) fn hold_up(&mut self, number: Number, by: &KeyName) {
        if let Some(waiter) = self.waiters.get(&number)
            && let Some(line) = self.lines.get_mut(waiter.line())
        {
            line.hold_up(&waiter.flow, waiter.plan.id(), by);
        }
    }

    /// Of those whom a gate holds up, the ones that come first in a line are called back.
    pub(crate) fn call_back(&mut self, line: &LineName, key: &KeyName) {
        if let Some(line) = self.lines.get_mut(line) {
            line.call_back(key);
        }
    }

    /// From now on another one. Nothing happens where nobody waits.
    pub(crate) fn set_limit(&mut self, key: &KeyName, limit: usize) {
        self.keys.set_limit(key, limit);
    }

    pub(crate) fn look_at(&self, key: &KeyName) -> Option<UnixMillis> {
        self.keys.look_at(key)
    }

    /// When a key is next worth a look. Nothing is noted where nobody waits.
    pub(crate) fn look_again(&mut self, key: &KeyName, at: Option<UnixMillis>) {
        self.keys.look_again(key, at);
    }

    /// If it is worth one later, it is by then. Where none is due, whoever comes to want the key finds out when.
    pub(crate) fn look_by(&mut self, key: &KeyName, at: UnixMillis) {
        if self.keys.look_at(key).is_some_and(|look| look > at) {
            self.keys.look_again(key, Some(at));
        }
    }

    /// The keys that are worth a look by now.
    pub(crate) fn due_looks(&self, now: UnixMillis) -> Vec<KeyName> {
        self.keys.due_looks(now)
    }

    /// Somebody whose time has come. Who has been patient stands where it takes any, before this returns.
    pub(crate) fn due(&mut self, now: UnixMillis) -> Option<Due> {
        let waiters = &self.waiters;
        let (at, number) = self.deadlines.first(|number| until(waiters, number))?;
        if at > now {
            return None;
        }
        let over = self.waiters.get(&number)?.deadline <= now;
        if over {
            return Some(Due::Deadline(number));
        }
        self.widen(number);
        Some(Due::Patience(number))
    }

    /// When the next look or deadline is due.
    pub(crate) fn next_due(&mut self) -> Option<UnixMillis> {
        let waiters = &self.waiters;
        let first = self.deadlines.first(|number| until(waiters, number));
        let deadline = first.map(|(at, _)| at);
        [self.keys.next_look(), deadline]
            .into_iter()
            .flatten()
            .min()
    }

    /// All keys that somebody waits for. Lines that nobody has stood in for a while are forgotten.
    pub(crate) fn keys(&mut self) -> Vec<KeyName> {
        let empty = self.lines.iter().filter(|(_, line)| line.len() == 0);
        for name in empty.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.catch_up(&name);
            self.close_if_over(&name);
        }
        let lines = &self.lines;
        self.keys.forget_lines(|line| !lines.contains_key(line));
        self.keys.names().cloned().collect()
    }

    fn weight_of(&self, number: Number) -> Option<u32> {
        let waiter = self.waiter(number)?;
        self.lines.get(waiter.line())?.weight(&waiter.flow)
    }

    fn find_in(&self, line: &LineName, id: &[u8]) -> Option<Number> {
        let same = |number: &Number| {
            let waiter = &self.waiters[number];
            *waiter.request.id == *id && waiter.line() == line
        };
        let hash = self.hasher.hash_one((id, line));
        self.numbers.find(hash, same).copied()
    }

    fn stand(&mut self, number: Number, waiter: &mut Waiter<A>, weight: Option<u32>) {
        self.keys.stand(waiter.line(), &waiter.plan);
        self.catch_up(waiter.line());
        let (lines, keys) = (&mut self.lines, &mut self.keys);
        let line = lines.entry(waiter.line().clone()).or_insert_with(|| {
            keys.open(waiter.line());
            Line::default()
        });
        waiter.flow = line.shared(waiter.flow.clone());
        line.join(&waiter.flow, waiter.plan.id(), weight, waiter.place(number));
    }

    /// While nobody could be served in a line, others were who want the same.
    fn catch_up(&mut self, name: &LineName) {
        let clocks = name
            .keys()
            .iter()
            .filter_map(|key| self.keys.clock(key, name));
        if let (Some(clock), Some(line)) = (clocks.max(), self.lines.get_mut(name)) {
            line.advance(clock);
        }
    }

    fn widen(&mut self, number: Number) {
        let weight = self.weight_of(number);
        let Some(mut waiter) = self.step_out(number) else {
            return;
        };
        let former = waiter.line().clone();
        waiter.insist_no_more();
        self.stand(number, &mut waiter, weight);
        self.keys.leave(&former, &waiter.plan);
        self.close_if_over(&former);
        self.note_time(number, &waiter);
        self.remember(number, waiter);
    }

    fn note_time(&mut self, number: Number, waiter: &Waiter<A>) {
        let at = waiter.until();
        if at < UnixMillis::NEVER {
            let waiters = &self.waiters;
            self.deadlines
                .add(at, number, |number| until(waiters, number));
        }
    }

    fn remember(&mut self, number: Number, waiter: Waiter<A>) {
        let hash_of = |hasher: &DefaultHashBuilder, waiter: &Waiter<A>| {
            hasher.hash_one((&*waiter.request.id, waiter.line()))
        };
        let hash = hash_of(&self.hasher, &waiter);
        self.id_bytes += waiter.request.id.len();
        self.waiters.insert(number, Box::new(waiter));
        let (hasher, waiters) = (&self.hasher, &self.waiters);
        let rehash = |number: &Number| hash_of(hasher, &waiters[number]);
        self.numbers.insert_unique(hash, number, rehash);
    }

    fn forget(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = *self.waiters.remove(&number)?;
        let hash = self.hasher.hash_one((&*waiter.request.id, waiter.line()));
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        self.id_bytes -= waiter.request.id.len();
        Some(waiter)
    }

    /// Leaves the line, which stays for now.
    fn step_out(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = self.forget(number)?;
        if let Some(line) = self.lines.get_mut(waiter.line()) {
            line.leave(&waiter.flow, waiter.plan.id(), waiter.place(number));
        }
        Some(waiter)
    }

    fn close_after(&mut self, waiter: &Waiter<A>) {
        if self.waiters.is_empty() {
            self.lines.clear();
            self.keys.clear();
            self.plans = Plans::default();
            return;
        }
        self.plans.drop(&waiter.plan);
        self.keys.leave(waiter.line(), &waiter.plan);
        self.close_if_over(waiter.line());
    }

    /// An empty line is kept while others want the same keys and a flow has had its share.
    fn close_if_over(&mut self, name: &LineName) {
        let Some(line) = self.lines.get(name) else {
            return;
        };
        let has_rivals = || name.keys().iter().any(|key| self.keys.is_shared(key));
        if line.len() == 0 && (line.is_forgotten() || !has_rivals()) {
            self.lines.remove(name);
            self.keys.close(name);
        }
    }
}

fn until<A>(waiters: &HashMap<Number, Box<Waiter<A>>>, number: Number) -> Option<UnixMillis> {
    waiters.get(&number).map(|waiter| waiter.until())
}
