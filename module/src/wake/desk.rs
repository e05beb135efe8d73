//! The module's memory of who waits: the lines, the clients behind their numbers, grants on their way, and the timer.
//! It is held only for a moment at a time, never while the server is called with something that may call back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::Mark;
use crate::config;
use crate::ffi::Ctx;
use crate::ffi::blocked::Blocked;
use crate::ffi::timer::Timer;
use crate::line::Number;
use crate::line::hall::{Hall, Join, LineName, Request};
use crate::time::{Millis, UnixMillis};

/// How soon changes are noticed that others made to a key that somebody waits for.
const SAFETY: Millis = Millis::new(100);

/// A grant that has not reached its client yet.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) line: Arc<LineName>,
    pub(super) request: Request,
    pub(super) mark: Mark,
}

#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) hall: Hall,
    clients: HashMap<Number, Blocked>,
    numbers: HashMap<Blocked, Number>,
    pub(super) granted: HashMap<Blocked, Granted>,
    /// Grants whose client is gone.
    pub(super) undo: Vec<Granted>,
    pub(super) timer: Option<(Timer, UnixMillis)>,
    /// When all lines are looked at again.
    safety_at: Option<UnixMillis>,
}

static DESK: LazyLock<Mutex<Desk>> = LazyLock::new(Mutex::default);
static WAITERS: AtomicUsize = AtomicUsize::new(0);
/// Grants that may still be taken back.
static UNCERTAIN: AtomicUsize = AtomicUsize::new(0);

pub(super) fn with<T>(work: impl FnOnce(&mut Desk) -> T) -> T {
    let mut desk = DESK.lock().unwrap_or_else(PoisonError::into_inner);
    let done = work(&mut desk);
    WAITERS.store(desk.hall.len(), Ordering::Relaxed);
    UNCERTAIN.store(desk.granted.len() + desk.undo.len(), Ordering::Relaxed);
    done
}

pub(super) fn some_grant_is_uncertain() -> bool {
    UNCERTAIN.load(Ordering::Relaxed) > 0
}

pub(super) fn somebody_waits() -> bool {
    WAITERS.load(Ordering::Relaxed) > 0
}

impl Desk {
    /// Whether one of the bounds on waiters keeps this one out.
    pub(super) fn is_full(&self, join: &Join) -> bool {
        if self.hall.find(&join.line, &join.request.id).is_some() {
            return false;
        }
        let in_line = self.hall.waiting(&join.line);
        join.queue.is_some_and(|most| in_line >= most)
            || in_line >= config::MAX_WAITERS_PER_LINE.get()
            || self.hall.len() >= config::MAX_WAITERS.get()
            || self.clients.len() >= config::MAX_BLOCKED_CLIENTS.get()
    }

    /// Puts a client in line: whether it stands first there, and whose place it took over.
    pub(super) fn join(
        &mut self,
        join: Join,
        client: Blocked,
    ) -> (bool, Option<(Blocked, Request)>) {
        let (line, request) = (join.line.clone(), join.request.clone());
        let (number, former) = self.hall.join(join);
        let first = self.hall.first(&line) == Some(number);
        self.clients.insert(number, client);
        self.numbers.insert(client, number);
        let former = former.and_then(|former| self.forget(former));
        (first, former.map(|former| (former, request)))
    }

    /// The request of the first in line, and the limit under which it is granted.
    pub(super) fn first(&self, line: &LineName) -> Option<(Number, Request, usize)> {
        let number = self.hall.first(line)?;
        let first = self.hall.waiter(number)?;
        let limit = match first.request.limit {
            0 => 0,
            _ => self.hall.limit(line),
        };
        Some((number, first.request.clone(), limit))
    }

    /// The client of a waiter that has been served, whose grant is on its way from now on.
    pub(super) fn hand_over(
        &mut self,
        number: Number,
        granted: Option<Granted>,
    ) -> Option<Blocked> {
        let client = self.forget(number)?;
        granted.map(|granted| self.granted.insert(client, granted));
        Some(client)
    }

    /// Somebody else was told that this id holds what it was granted: it is not taken back any more.
    pub(super) fn confirm(&mut self, line: &LineName, id: &[u8]) {
        let other = |granted: &Granted| *granted.line != *line || *granted.request.id != *id;
        self.granted.retain(|_, granted| other(granted));
        self.undo.retain(other);
    }

    pub(super) fn leave(&mut self, number: Number) -> Option<(Blocked, Arc<LineName>, Request)> {
        let waiter = self.hall.leave(number)?;
        let client = self.forget(number)?;
        Some((client, waiter.line, waiter.request))
    }

    /// A client is gone: whether it was waiting. Its grant, if it has one, is to be taken back.
    pub(super) fn gone(&mut self, client: Blocked) -> bool {
        self.undo.extend(self.granted.remove(&client));
        let Some(number) = self.numbers.get(&client).copied() else {
            return false;
        };
        if let Some((_, line, _)) = self.leave(number) {
            self.hall.look_again(&line, Some(UnixMillis::ZERO));
        }
        true
    }

    /// Empties a line: the clients that waited there.
    pub(super) fn dismiss(&mut self, line: &LineName) -> Vec<Blocked> {
        let numbers = self.hall.numbers_in(line);
        numbers
            .into_iter()
            .filter_map(|number| self.leave(number))
            .map(|(client, _, _)| client)
            .collect()
    }

    /// The lines to look at now: those that are due, and from time to time all.
    pub(super) fn due_lines(&mut self, now: UnixMillis) -> Vec<Arc<LineName>> {
        if self.safety_at.is_some_and(|at| at <= now) {
            self.safety_at = None;
            self.hall.lines()
        } else {
            self.hall.due_looks(now)
        }
    }

    /// Sees that the timer rings when the next thing is due, and not when nobody waits.
    pub(super) fn schedule(&mut self, ctx: Ctx, now: UnixMillis) {
        if self.hall.len() == 0 && self.undo.is_empty() {
            self.safety_at = None;
            self.silence(ctx);
            return;
        }
        // A clock that steps back must not put the next look off.
        let latest = now.plus(SAFETY);
        let safety = self.safety_at.map_or(latest, |at| at.min(latest));
        self.safety_at = Some(safety);
        let due = self.hall.next_due().map_or(safety, |due| due.min(safety));
        let due = if self.undo.is_empty() { due } else { now };
        if self.timer.is_none_or(|(_, rings_at)| rings_at != due) {
            self.ring_at(ctx, due, now);
        }
    }

    /// Rings after a while, whatever is due.
    pub(super) fn ring(&mut self, ctx: Ctx, after: Millis) {
        self.ring_at(ctx, UnixMillis::ZERO.plus(after), UnixMillis::ZERO);
    }

    fn ring_at(&mut self, ctx: Ctx, at: UnixMillis, now: UnixMillis) {
        self.silence(ctx);
        self.timer = Some((Timer::new(ctx, at.since(now)), at));
    }

    fn silence(&mut self, ctx: Ctx) {
        if let Some((timer, _)) = self.timer.take() {
            timer.stop(ctx);
        }
    }

    fn forget(&mut self, number: Number) -> Option<Blocked> {
        let client = self.clients.remove(&number)?;
        self.numbers.remove(&client);
        Some(client)
    }
}
