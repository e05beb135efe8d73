//! All lines together: which waiter stands in which, until when, and when a line is next worth a look. Pure.
//! An id stands once per line; asking again takes over its place.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{FlowName, Line, Number, Standing};
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
    /// Since when it counts as waiting.
    pub(crate) since: UnixMillis,
    /// `None`: without end.
    pub(crate) deadline: Option<UnixMillis>,
    /// How many may be in line before it does not join.
    pub(crate) queue: Option<usize>,
}

/// Somebody in line.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) number: Number,
    pub(crate) line: Arc<LineName>,
    pub(crate) request: Request,
    pub(crate) flow: FlowName,
    pub(crate) since: UnixMillis,
    deadline: Option<UnixMillis>,
    standing: Standing,
}

#[derive(Debug)]
struct Room {
    line: Line,
    by_id: HashMap<Box<[u8]>, Number>,
    /// The limit last named for a gate; it governs all who wait but those that named none.
    limit: usize,
    /// When it is next worth a look, other than for somebody's release.
    look_at: Option<UnixMillis>,
}

#[derive(Debug, Default)]
pub(crate) struct Hall {
    rooms: HashMap<Arc<LineName>, Room>,
    waiters: HashMap<Number, Waiter>,
    deadlines: BTreeSet<(UnixMillis, Number)>,
    looks: BTreeSet<(UnixMillis, Arc<LineName>)>,
    last: Number,
}

impl Hall {
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

    pub(crate) fn waiter(&self, number: Number) -> Option<&Waiter> {
        self.waiters.get(&number)
    }

    /// The number under which an id stands in a line.
    pub(crate) fn find(&self, line: &LineName, id: &[u8]) -> Option<Number> {
        self.rooms.get(line)?.by_id.get(id).copied()
    }

    /// How many are served before this waiter, if nobody else comes.
    pub(crate) fn ahead(&self, number: Number) -> usize {
        self.waiters.get(&number).map_or(0, |waiter| {
            let room = self.rooms.get(&waiter.line);
            room.map_or(0, |room| room.line.ahead(&waiter.standing))
        })
    }

    /// At most `most` waiters of a line, in the order in which they are served.
    pub(crate) fn in_order(&self, line: &LineName, most: usize) -> Vec<&Waiter> {
        let order = self.rooms.get(line).map(|room| room.line.in_order(most));
        let numbers = order.unwrap_or_default();
        numbers
            .iter()
            .filter_map(|number| self.waiters.get(number))
            .collect()
    }

    pub(crate) fn oldest_since(&self, line: &LineName) -> Option<UnixMillis> {
        self.rooms.get(line)?.line.oldest()
    }

    pub(crate) fn limit(&self, line: &LineName) -> usize {
        self.rooms.get(line).map_or(0, |room| room.limit)
    }

    /// The limit that governs all waiters of a gate from now on. Nothing happens where nobody waits.
    pub(crate) fn set_limit(&mut self, line: &LineName, limit: usize) {
        if let Some(room) = self.rooms.get_mut(line) {
            room.limit = limit;
        }
    }

    /// Puts somebody in line: its number, and that of the one whose place it took over.
    pub(crate) fn join(&mut self, join: Join) -> (Number, Option<Number>) {
        self.last += 1;
        let number = self.last;
        let line = self.name(join.line);
        let room = self.rooms.entry(Arc::clone(&line)).or_insert_with(|| Room {
            line: Line::default(),
            by_id: HashMap::new(),
            limit: 0,
            look_at: None,
        });
        if join.request.limit > 0 {
            room.limit = join.request.limit;
        }
        let before = room.by_id.insert(join.request.id.clone(), number);
        let former = before.and_then(|before| self.waiters.remove(&before));
        let (standing, since, flow) = match &former {
            Some(former) => {
                room.line.replace(&former.standing, number, join.weight);
                let flow = Arc::clone(&former.flow);
                (former.standing.clone(), former.since, flow)
            }
            None => {
                let standing = room.line.join(number, &join.flow, join.weight, join.since);
                (standing, join.since, join.flow)
            }
        };
        if let (Some(before), Some(former)) = (before, former) {
            former
                .deadline
                .map(|at| self.deadlines.remove(&(at, before)));
        }
        join.deadline.map(|at| self.deadlines.insert((at, number)));
        let waiter = Waiter {
            number,
            line,
            request: join.request,
            flow,
            since,
            deadline: join.deadline,
            standing,
        };
        self.waiters.insert(number, waiter);
        (number, before)
    }

    /// Somebody leaves the line, unserved.
    pub(crate) fn leave(&mut self, number: Number) -> Option<Waiter> {
        let waiter = self.remove(number)?;
        let room = self.rooms.get_mut(&waiter.line)?;
        room.line.leave(&waiter.standing);
        self.close_if_empty(&waiter.line);
        Some(waiter)
    }

    pub(crate) fn first(&self, line: &LineName) -> Option<Number> {
        self.rooms.get(line)?.line.first()
    }

    /// The first of a line is served and leaves it.
    pub(crate) fn serve_first(&mut self, line: &LineName) -> Option<Waiter> {
        let number = self.first(line)?;
        let waiter = self.remove(number)?;
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

    /// The waiters whose time is over by now.
    pub(crate) fn due_deadlines(&self, now: UnixMillis) -> Vec<Number> {
        let due = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, number)| *number).collect()
    }

    /// When the next look or deadline is due.
    pub(crate) fn next_due(&self) -> Option<UnixMillis> {
        let look = self.looks.first().map(|(at, _)| *at);
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        [look, deadline].into_iter().flatten().min()
    }

    pub(crate) fn lines(&self) -> Vec<Arc<LineName>> {
        self.rooms.keys().cloned().collect()
    }

    pub(crate) fn numbers_in(&self, line: &LineName) -> Vec<Number> {
        let room = self.rooms.get(line);
        room.map_or(Vec::new(), |room| room.by_id.values().copied().collect())
    }

    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.waiters.keys().copied().collect()
    }

    fn name(&self, line: LineName) -> Arc<LineName> {
        match self.rooms.get_key_value(&line) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::new(line),
        }
    }

    fn remove(&mut self, number: Number) -> Option<Waiter> {
        let waiter = self.waiters.remove(&number)?;
        waiter
            .deadline
            .map(|at| self.deadlines.remove(&(at, number)));
        if let Some(room) = self.rooms.get_mut(&waiter.line) {
            room.by_id.remove(&waiter.request.id);
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
