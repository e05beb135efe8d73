//! The module's memory of who waits: the lines, whose the waiters are, grants on their way, messages, and the timer.
//! It is held only for a moment at a time, never while the server is called with something that may call back.

mod askers;

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hashbrown::HashMap;

use super::asker::{Address, Asker, ClientId};
use super::{Bound, First, Granted, Manner, Wish};
use crate::ffi::Ctx;
use crate::ffi::alarm::Alarm;
use crate::ffi::blocked::Blocked;
use crate::ffi::timer::Timer;
use crate::line::Number;
use crate::line::hall::{Hall, Join, Next, Waiter};
use crate::line::name::KeyName;
use crate::line::plan::{LineName, Wants};
use crate::rate::bucket::Charge;
use crate::time::{Millis, UnixMillis};
use crate::{clock, config};
use askers::Askers;

/// How soon changes are noticed that others made to a key that somebody waits for.
const SAFETY: Millis = Millis::new(100);

/// What a ticket is told, on its way.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) address: Arc<Address>,
    pub(super) text: Vec<u8>,
    /// To be taken back if nobody hears of it.
    pub(super) granted: Option<Granted>,
}

#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) hall: Hall<Asker>,
    askers: Askers,
    pub(super) granted: HashMap<Blocked, Granted>,
    /// Grants whose client is gone.
    pub(super) undo: Vec<Granted>,
    /// What was charged to those who were not granted.
    pub(super) refunds: Vec<Charge>,
    /// Lines whose first may be another one than before.
    pub(super) lines_due: Vec<LineName>,
    outbox: Vec<Message>,
    /// Whether the server has been asked to let the messages out.
    sending: bool,
    pub(super) timer: Option<(Timer, UnixMillis)>,
    /// Where the timer would be late.
    alarm: Option<Alarm>,
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
    let uncertain = desk.granted.len() + desk.undo.len() + desk.outbox.len();
    UNCERTAIN.store(uncertain, Ordering::Relaxed);
    done
}

pub(super) fn some_grant_is_uncertain() -> bool {
    UNCERTAIN.load(Ordering::Relaxed) > 0
}

pub(super) fn somebody_waits() -> bool {
    WAITERS.load(Ordering::Relaxed) > 0
}

impl Desk {
    pub(super) fn blocked(&self) -> usize {
        self.askers.blocked()
    }

    /// What keeps somebody from waiting, if anything does. Who takes over a place takes no more room.
    pub(super) fn bound(&self, wish: &Wish) -> Option<Bound> {
        let join = &wish.join;
        let in_line = self.hall.before_newcomer(join);
        let former = self
            .hall
            .find_any(&join.asked.wants, &join.asked.request.id);
        let former = former.and_then(|number| self.hall.waiter(number));
        let blocked_before = former.is_some_and(|former| former.asker.client().is_none());
        let blocks_one_more = wish.manner == Manner::Block && !blocked_before;
        if blocks_one_more && self.askers.blocked() >= config::MAX_BLOCKED_CLIENTS.get() {
            return Some(Bound::Server);
        }
        if former.is_some() {
            return None;
        }
        if join.queue.is_some_and(|most| in_line >= most) {
            return Some(Bound::Queue);
        }
        let full = in_line >= config::MAX_WAITERS_PER_LINE.get()
            || self.hall.len() >= config::MAX_WAITERS.get();
        full.then_some(Bound::Server)
    }

    /// The ticket of a client for messages on this channel.
    pub(super) fn ticket(&self, client: ClientId, channel: Box<[u8]>) -> Asker {
        Asker::Ticket(self.askers.address(client, channel))
    }

    pub(super) fn is_charged(&self, wants: &Wants, id: &[u8]) -> bool {
        let stands = self.hall.find_any(wants, id);
        let waiter = stands.and_then(|number| self.hall.waiter(number));
        waiter.is_some_and(|waiter| waiter.is_charged())
    }

    /// Puts somebody in line: in which, if that moves it, and whose place it took over. Who stands before others of its
    /// flow without being able to go may leave the first place to another flow.
    pub(super) fn join(
        &mut self,
        join: Join,
        asker: Asker,
    ) -> (Option<LineName>, Option<Waiter<Asker>>) {
        let joined = self.hall.join(join, asker.clone());
        if let Some(former) = &joined.former {
            self.askers.forget(&former.asker, joined.number);
        }
        self.askers.add(&asker, joined.number);
        let line = joined.moves.then(|| self.hall.line_of(joined.number));
        (line.flatten().cloned(), joined.former)
    }

    /// Who is next in a line.
    pub(super) fn first(&self, line: &LineName) -> Option<First> {
        self.first_by(self.hall.first(line)?)
    }

    pub(super) fn first_by(&self, number: Number) -> Option<First> {
        let first = self.hall.waiter(number)?;
        Some(First {
            number,
            plan: Arc::clone(&first.plan),
            request: first.request.clone(),
            preference: first.preference().cloned(),
            address: first.asker.address().map(Arc::clone),
        })
    }

    /// The waiter that has been served; `None`: it has left meanwhile.
    pub(super) fn serve(&mut self, number: Number) -> Option<Waiter<Asker>> {
        let waiter = self.hall.serve(number)?;
        self.askers.forget(&waiter.asker, number);
        Some(waiter)
    }

    pub(super) fn leave(&mut self, number: Number) -> Option<Waiter<Asker>> {
        let mut waiter = self.hall.leave(number)?;
        self.refunds.extend(waiter.take_charges());
        self.askers.forget(&waiter.asker, number);
        Some(waiter)
    }

    /// Puts a message in the outbox: whether the server is to be asked to let it out.
    pub(super) fn post(&mut self, message: Message) -> bool {
        self.outbox.push(message);
        !mem::replace(&mut self.sending, true)
    }

    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        self.sending = false;
        mem::take(&mut self.outbox)
    }

    /// Whether the server still has to call back.
    pub(super) fn is_sending(&self) -> bool {
        self.sending
    }

    /// Somebody else was told that this id holds what it was granted: it is not taken back any more.
    pub(super) fn confirm(&mut self, key: &KeyName, id: &[u8]) {
        let mut stays = |granted: &mut Granted| *granted.id != *id || granted.confirm(key);
        self.granted.retain(|_, granted| stays(granted));
        self.undo.retain_mut(&mut stays);
        for message in &mut self.outbox {
            let mut granted = message.granted.take();
            message.granted = granted.take_if(|granted| stays(granted));
        }
    }

    /// A blocked client is gone: whether it was waiting. Its grant, if it has one, is to be taken back.
    pub(super) fn blocked_gone(&mut self, client: Blocked) -> bool {
        self.undo.extend(self.granted.remove(&client));
        let number = self.askers.number_of(client);
        number.is_some_and(|number| self.abandon(number))
    }

    /// The server ends the wait of a blocked client: the waiter that it was.
    pub(super) fn unblocked(&mut self, client: Blocked) -> Option<Waiter<Asker>> {
        let number = self.askers.number_of(client)?;
        self.line_changed(number);
        self.leave(number)
    }

    /// A client is gone and its tickets with it, also those whose message has not left: whether it had any.
    pub(super) fn client_gone(&mut self, client: ClientId) -> bool {
        let numbers = self.askers.numbers_of(client);
        let left = numbers.into_iter().filter(|number| self.abandon(*number));
        let left = left.count();
        let own = |message: &mut Message| message.address.client == client;
        let unsent: Vec<_> = self.outbox.extract_if(.., own).collect();
        let any = left + unsent.len() > 0;
        self.undo
            .extend(unsent.into_iter().filter_map(|message| message.granted));
        any
    }

    /// The first of somebody's line may soon be another one.
    pub(super) fn line_changed(&mut self, number: Number) {
        let line = self.hall.line_of(number);
        if let Some(line) = line.filter(|line| self.lines_due.last() != Some(*line)) {
            self.lines_due.push(line.clone());
        }
    }

    /// Whether the next one is granted however many are in use.
    pub(super) fn next_is_unlimited(&mut self, key: &KeyName) -> bool {
        match self.hall.next(key) {
            Some(Next::Ready(next)) => self.hall.is_unlimited(next, key),
            Some(Next::Aside(_)) | None => false,
        }
    }

    fn abandon(&mut self, number: Number) -> bool {
        self.line_changed(number);
        self.leave(number).is_some()
    }

    /// Sends away who has named a key.
    pub(super) fn dismiss(&mut self, key: &KeyName) -> Vec<Waiter<Asker>> {
        let numbers = self.hall.numbers_at(key);
        numbers
            .into_iter()
            .filter_map(|number| self.leave(number))
            .collect()
    }

    /// The keys to look at now: those that are due, and from time to time all.
    pub(super) fn due_keys(&mut self, now: UnixMillis) -> Vec<KeyName> {
        if self.safety_at.is_some_and(|at| at <= now) {
            self.safety_at = None;
            self.hall.keys()
        } else {
            self.hall.due_looks(now)
        }
    }

    /// Sees that the timer rings when the next thing is due, and not when nobody waits.
    pub(super) fn schedule(&mut self, ctx: Ctx, now: UnixMillis) {
        if self.hall.len() == 0 && self.undo.is_empty() && self.refunds.is_empty() {
            self.lines_due.clear();
            self.safety_at = None;
            self.silence(ctx);
            return;
        }
        // A clock that steps back must not put the next look off.
        let latest = now.plus(SAFETY);
        let safety = self.safety_at.map_or(latest, |at| at.min(latest));
        self.safety_at = Some(safety);
        let next = self.hall.next_due().filter(|due| *due <= safety);
        let due = next.unwrap_or(safety);
        let at_once =
            !self.undo.is_empty() || !self.refunds.is_empty() || !self.lines_due.is_empty();
        let due = if at_once { now } else { due };
        if self.timer.is_none_or(|(_, rings_at)| rings_at != due) {
            self.ring_at(ctx, due, now);
        }
        if let Some(next) = next.filter(|next| *next > now) {
            self.set_alarm(next);
        }
    }

    fn set_alarm(&mut self, at: UnixMillis) {
        if self.alarm.is_none() {
            self.alarm = Alarm::new();
        }
        if let Some(alarm) = &mut self.alarm
            && !alarm.is_set_for(at)
        {
            alarm.set(at, clock::micros());
        }
    }

    /// The alarm has rung: what is due by now need not wait for the timer.
    pub(super) fn hasten(&mut self, ctx: Ctx, now: UnixMillis) {
        if let Some(alarm) = &mut self.alarm {
            alarm.rang();
        }
        if self.hall.next_due().is_some_and(|due| due <= now) {
            self.ring(ctx, Millis::ZERO);
        }
    }

    /// For good, or until somebody waits again.
    pub(super) fn drop_alarm(&mut self) {
        self.alarm = None;
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
}
