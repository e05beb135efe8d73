//! All lines together: which waiter stands in which, until when, and when a line is next worth a look. Pure.
//! An id stands once per line; asking again takes over its place. Who asked is carried along, not looked at.

#[cfg(test)]
mod twin;

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::mem;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::deadlines::Deadlines;
use super::{FlowName, Line, Number, Place};
use crate::time::{Millis, UnixMillis};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    Turn,
    Gate,
}

/// Names a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LineName {
    pub(crate) family: Family,
    pub(crate) db: i32,
    pub(crate) key: Box<[u8]>,
}

/// A waiter's request, as much as a grant needs of it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) id: Box<[u8]>,
    pub(crate) lease: Millis,
    /// The spacing that it asks for; nothing for a slot.
    pub(crate) delay: Millis,
    /// The limit that it names for a gate; 0 for none, whatever limit governs the line.
    pub(crate) limit: usize,
}

/// How somebody joins a line.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) line: LineName,
    pub(crate) request: Request,
    pub(crate) flow: FlowName,
    pub(crate) weight: Option<u32>,
    pub(crate) now: UnixMillis,
    /// How long it has waited elsewhere.
    pub(crate) waited: Millis,
    /// `UnixMillis::NEVER`: without end.
    pub(crate) deadline: UnixMillis,
    /// How many may be in line before it does not join.
    pub(crate) queue: Option<usize>,
}

/// Somebody in line. There may be very many: every byte counts.
#[derive(Debug)]
pub(crate) struct Waiter<A> {
    pub(crate) asker: A,
    pub(crate) line: Arc<LineName>,
    pub(crate) request: Request,
    pub(crate) flow: FlowName,
    /// Since when it counts as waiting. Who comes later has not waited longer, though the clock be set back.
    pub(crate) since: UnixMillis,
    deadline: UnixMillis,
}

/// What came of joining.
#[derive(Debug)]
pub(crate) struct Joined<A> {
    pub(crate) number: Number,
    /// Whose place it took over.
    pub(crate) former: Option<Waiter<A>>,
}

#[derive(Debug, Default)]
struct Room {
    line: Line,
    /// By id; the ids themselves are with the waiters.
    numbers: HashTable<Number>,
    /// The limit last named for a gate; it governs all who wait but those that named none.
    limit: usize,
    /// When it is next worth a look, other than for somebody's release.
    look_at: Option<UnixMillis>,
}

#[derive(Debug)]
pub(crate) struct Hall<A> {
    rooms: HashMap<Arc<LineName>, Room>,
    waiters: HashMap<Number, Box<Waiter<A>>>,
    deadlines: Deadlines,
    looks: BTreeSet<(UnixMillis, Arc<LineName>)>,
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
            rooms: HashMap::new(),
            waiters: HashMap::new(),
            deadlines: Deadlines::default(),
            looks: BTreeSet::new(),
            hasher: DefaultHashBuilder::default(),
            last: 0,
            latest: UnixMillis::ZERO,
            id_bytes: 0,
        }
    }
}

impl<A> Hall<A> {
    /// How many wait, in all lines.
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// How many wait in a line.
    pub(crate) fn waiting(&self, line: &LineName) -> usize {
        self.rooms.get(line).map_or(0, |room| room.line.len())
    }

    pub(crate) fn flows(&self, line: &LineName) -> usize {
        self.rooms.get(line).map_or(0, |room| room.line.flows())
    }

    pub(crate) fn waiter(&self, number: Number) -> Option<&Waiter<A>> {
        self.waiters.get(&number).map(|waiter| &**waiter)
    }

    /// The number under which an id stands in a line.
    pub(crate) fn find(&self, line: &LineName, id: &[u8]) -> Option<Number> {
        let room = self.rooms.get(line)?;
        let same = |number: &Number| *self.waiters[number].request.id == *id;
        room.numbers.find(self.hasher.hash_one(id), same).copied()
    }

    /// How many are served before this waiter, if nobody else comes.
    pub(crate) fn ahead(&self, number: Number) -> usize {
        self.waiters.get(&number).map_or(0, |waiter| {
            let room = self.rooms.get(&waiter.line);
            room.map_or(0, |room| {
                room.line.ahead(&waiter.flow, waiter.place(number))
            })
        })
    }

    /// At most `most` waiters of a line, in the order in which they are served.
    pub(crate) fn in_order(&self, line: &LineName, most: usize) -> Vec<&Waiter<A>> {
        let order = self.rooms.get(line).map(|room| room.line.in_order(most));
        let numbers = order.unwrap_or_default();
        numbers
            .iter()
            .filter_map(|number| self.waiter(*number))
            .collect()
    }

    pub(crate) fn oldest_since(&self, line: &LineName) -> Option<UnixMillis> {
        self.rooms.get(line)?.line.oldest()
    }

    pub(crate) fn limit(&self, line: &LineName) -> usize {
        self.rooms.get(line).map_or(0, |room| room.limit)
    }

    /// The limit under which somebody is granted.
    pub(crate) fn limit_of(&self, waiter: &Waiter<A>) -> usize {
        match waiter.request.limit {
            0 => 0,
            _ => self.limit(&waiter.line),
        }
    }

    /// The limit that governs all waiters of a gate from now on. Nothing happens where nobody waits.
    pub(crate) fn set_limit(&mut self, line: &LineName, limit: usize) {
        if let Some(room) = self.rooms.get_mut(line) {
            room.limit = limit;
        }
    }

    /// Puts somebody in line, or in the place where its id stands already.
    pub(crate) fn join(&mut self, join: Join, asker: A) -> Joined<A> {
        let joined = match self.find(&join.line, &join.request.id) {
            Some(number) => self.replace(number, &join, asker),
            None => Joined {
                number: self.add(&join, asker),
                former: None,
            },
        };
        if join.request.limit > 0 {
            self.set_limit(&join.line, join.request.limit);
        }
        joined
    }

    /// Somebody leaves the line, unserved.
    pub(crate) fn leave(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = self.remove(number)?;
        let room = self.rooms.get_mut(&waiter.line)?;
        room.line.leave(&waiter.flow, waiter.place(number));
        self.close_if_empty(&waiter.line);
        Some(waiter)
    }

    pub(crate) fn first(&self, line: &LineName) -> Option<Number> {
        self.rooms.get(line)?.line.first()
    }

    /// Whether the first of a gate's line named no limit: it is granted, however many are in use.
    pub(crate) fn first_needs_no_room(&self, line: &LineName) -> bool {
        let first = self.first(line).and_then(|first| self.waiter(first));
        line.family == Family::Gate && first.is_some_and(|first| first.request.limit == 0)
    }

    /// The first of a line is served and leaves it.
    pub(crate) fn serve_first(&mut self, line: &LineName) -> Option<Waiter<A>> {
        let waiter = self.remove(self.first(line)?)?;
        let room = self.rooms.get_mut(line)?;
        room.line.serve_first();
        self.close_if_empty(&waiter.line);
        Some(waiter)
    }

    /// When a line is next worth a look. Nothing is noted where nobody waits.
    pub(crate) fn look_again(&mut self, line: &LineName, at: Option<UnixMillis>) {
        let Some((name, _)) = self.rooms.get_key_value(line) else {
            return;
        };
        let name = Arc::clone(name);
        self.forget_look(&name);
        if let (Some(at), Some(room)) = (at, self.rooms.get_mut(&name)) {
            room.look_at = Some(at);
            self.looks.insert((at, name));
        }
    }

    /// The lines that are worth a look by now.
    pub(crate) fn due_looks(&self, now: UnixMillis) -> Vec<Arc<LineName>> {
        let due = self.looks.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, line)| Arc::clone(line)).collect()
    }

    /// A waiter whose time is over by now.
    pub(crate) fn due_deadline(&mut self, now: UnixMillis) -> Option<Number> {
        let waiters = &self.waiters;
        let (at, number) = self.deadlines.first(|number| deadline(waiters, number))?;
        (at <= now).then_some(number)
    }

    /// When the next look or deadline is due.
    pub(crate) fn next_due(&mut self) -> Option<UnixMillis> {
        let waiters = &self.waiters;
        let look = self.looks.first().map(|(at, _)| *at);
        let first = self.deadlines.first(|number| deadline(waiters, number));
        let deadline = first.map(|(at, _)| at);
        [look, deadline].into_iter().flatten().min()
    }

    pub(crate) fn lines(&self) -> Vec<Arc<LineName>> {
        self.rooms.keys().cloned().collect()
    }

    pub(crate) fn numbers_in(&self, line: &LineName) -> Vec<Number> {
        let room = self.rooms.get(line);
        room.map_or(Vec::new(), |room| room.line.numbers())
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

    fn add(&mut self, join: &Join, asker: A) -> Number {
        self.last += 1;
        let number = self.last;
        self.latest = if self.waiters.is_empty() {
            join.now
        } else {
            self.latest.max(join.now)
        };
        let line = match self.rooms.get_key_value(&join.line) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::new(join.line.clone()),
        };
        let room = self.rooms.entry(Arc::clone(&line)).or_default();
        let waiter = Waiter {
            asker,
            line,
            request: join.request.clone(),
            flow: room.line.shared(Arc::clone(&join.flow)),
            since: self.latest.minus(join.waited),
            deadline: join.deadline,
        };
        let place = waiter.place(number);
        room.line.join(&waiter.flow, join.weight, place);
        self.id_bytes += waiter.request.id.len();
        let hash = self.hasher.hash_one(&*waiter.request.id);
        self.waiters.insert(number, Box::new(waiter));
        let (hasher, waiters) = (&self.hasher, &self.waiters);
        let rehash = |number: &Number| hasher.hash_one(&*waiters[number].request.id);
        room.numbers.insert_unique(hash, number, rehash);
        self.keep_deadline(number, join.deadline);
        number
    }

    fn replace(&mut self, number: Number, join: &Join, asker: A) -> Joined<A> {
        let former = self.waiters.get_mut(&number).map(|waiter| {
            let now = Waiter {
                asker,
                line: Arc::clone(&waiter.line),
                request: join.request.clone(),
                flow: Arc::clone(&waiter.flow),
                since: waiter.since,
                deadline: join.deadline,
            };
            mem::replace(&mut **waiter, now)
        });
        if let (Some(weight), Some(former)) = (join.weight, &former)
            && let Some(room) = self.rooms.get_mut(&former.line)
        {
            room.line.weigh(&former.flow, weight);
        }
        if former
            .as_ref()
            .is_some_and(|former| former.deadline != join.deadline)
        {
            self.keep_deadline(number, join.deadline);
        }
        Joined { number, former }
    }

    fn keep_deadline(&mut self, number: Number, at: UnixMillis) {
        if at < UnixMillis::NEVER {
            let waiters = &self.waiters;
            self.deadlines
                .add(at, number, |number| deadline(waiters, number));
        }
    }

    fn remove(&mut self, number: Number) -> Option<Waiter<A>> {
        let waiter = *self.waiters.remove(&number)?;
        self.id_bytes -= waiter.request.id.len();
        if let Some(room) = self.rooms.get_mut(&waiter.line) {
            let hash = self.hasher.hash_one(&*waiter.request.id);
            if let Ok(entry) = room.numbers.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
        }
        Some(waiter)
    }

    fn close_if_empty(&mut self, line: &Arc<LineName>) {
        if self.waiting(line) == 0 {
            self.forget_look(line);
            self.rooms.remove(line);
        }
    }

    fn forget_look(&mut self, line: &Arc<LineName>) {
        if let Some(room) = self.rooms.get_mut(line)
            && let Some(at) = room.look_at.take()
        {
            self.looks.remove(&(at, Arc::clone(line)));
        }
    }
}

impl<A> Waiter<A> {
    fn place(&self, number: Number) -> Place {
        let since = self.since;
        Place { since, number }
    }
}

fn deadline<A>(waiters: &HashMap<Number, Box<Waiter<A>>>, number: Number) -> Option<UnixMillis> {
    waiters.get(&number).map(|waiter| waiter.deadline)
}
