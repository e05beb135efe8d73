//! The pump: grants whoever can be granted now, inside the release's own execution or when the one timer rings.
//! The only place above the families: they hand their waiters to it and tell it which lines may move.
//! Outside a command nothing is written while clients are paused or data are loaded; `min-replicas-to-write` is not asked.

mod asker;
mod desk;
mod grant;
pub(crate) mod serve;
mod tell;
mod view;

use std::sync::Arc;

use redis_module::RedisString;

use crate::call::Call;
use crate::error::Error;
use crate::ffi::blocked::Blocked;
use crate::ffi::context::{self, Writing};
use crate::ffi::{Ctx, channel, occasions, string};
use crate::line::Number;
use crate::line::hall::{Due, Join, Preference, Request};
use crate::line::name::{Family, KeyName};
use crate::line::plan::{Plan, Wanted, Wants};
use crate::reply::Reply;
use crate::time::{Millis, UnixMillis};
use crate::{clock, config, rate, stats};
pub(crate) use asker::ClientId;
use asker::{Address, Asker};
use desk::with;
pub(crate) use grant::{Grant, Mark, Next};
use grant::{Granted, undo};
use tell::{End, tell};
pub(crate) use view::{
    Present, ahead, crowd, is_awaited, is_wanted, present, somebody_waits, waiters,
};

/// How soon a write is tried again that had to wait for a pause to end.
const PAUSED: Millis = Millis::new(50);

/// What became of an attempt to grant the first of a line.
#[derive(Debug)]
pub(crate) enum Attempt {
    Granted(Grant),
    /// It could be, but nobody would hear of it.
    Unheard,
    /// Not now; at that time it is worth another look, `None`: when somebody gives something back.
    NotYet(Option<UnixMillis>),
    /// Not before this gate has room, which it cannot do without.
    HeldUp {
        by: KeyName,
        look_at: Option<UnixMillis>,
    },
}

/// Somebody who is next, and what a grant needs to know of it.
#[derive(Debug)]
pub(crate) struct First {
    number: Number,
    pub(crate) plan: Arc<Plan>,
    pub(crate) request: Request,
    pub(crate) preference: Option<Preference>,
    address: Option<Arc<Address>>,
}

/// How somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The connection waits with it.
    Block,
    /// By a ticket: it is told on a shard channel.
    Notify { channel: Box<[u8]> },
}

/// What keeps somebody from waiting: its own bound on the line, or one of the server's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    Queue,
    Server,
}

/// Somebody who wants to wait, and what it is answered at once.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) join: Join,
    pub(crate) manner: Manner,
    /// If it has a ticket.
    pub(crate) queued: Reply,
    /// If it may not wait.
    pub(crate) too_many: Reply,
}

/// Whether a limit would govern those who wait for a gate that did not before.
pub(crate) fn is_other_limit(key: &KeyName, limit: usize) -> bool {
    with(|desk| desk.hall.is_awaited(key) && desk.hall.limit(key) != limit)
}

/// The limit that governs all who wait for a gate from now on.
pub(crate) fn name_limit(key: &KeyName, limit: usize) {
    with(|desk| desk.hall.set_limit(key, limit));
}

/// Whether an id that waits for any of these keys has been charged for it.
pub(crate) fn is_charged(wants: &Wants, id: &[u8]) -> bool {
    somebody_waits() && with(|desk| desk.is_charged(wants, id))
}

/// A lease of a key that somebody may wait for ends then: it is looked at no later.
pub(crate) fn lease_ends(call: &Call<'_>, key: &KeyName, end: UnixMillis) {
    with(|desk| desk.hall.look_by(key, end));
    schedule(call);
}

/// An id has been granted at once what it may wait for as well: then it waits no longer.
pub(crate) fn supersede<'k>(
    call: &Call<'_>,
    keys: impl IntoIterator<Item = &'k KeyName>,
    id: &[u8],
) {
    if !somebody_waits() {
        return;
    }
    for key in keys {
        while let Some(number) = with(|desk| desk.hall.find(key, id)) {
            replace(call, number);
        }
    }
    schedule(call);
}

/// Ends the wait of an id that has asked again. Who held a ticket and asks over the same connection knows.
fn replace(call: &Call<'_>, number: Number) {
    let client = context::client_id(call.ctx);
    with(|desk| desk.line_changed(number));
    let waiter = with(|desk| desk.leave(number));
    if let Some(waiter) = waiter.filter(|waiter| waiter.asker.client() != Some(client)) {
        tell(call, waiter, End::Replaced);
    }
}

/// The limit under which a waiter is granted that wants this gate.
pub(crate) fn limit(wanted: &Wanted) -> usize {
    if wanted.unlimited {
        0
    } else {
        with(|desk| desk.hall.limit(&wanted.key))
    }
}

/// Lets the client of the running command wait, if it can. Replies what it is answered at once.
pub(crate) fn join(call: &Call<'_>, wish: Wish, at_once: Reply) -> Option<Reply> {
    if !may_wait(call, &wish.manner) {
        return Some(at_once);
    }
    let stats = stats::of(wish.join.asked.wants.family());
    if let Some(bound) = with(|desk| desk.bound(&wish)) {
        stats.refused(bound);
        return Some(wish.too_many);
    }
    stats.waits.add();
    // An id stands once: it takes over the oldest of its places.
    let places = with(|desk| {
        desk.hall
            .find_all(&wish.join.asked.wants, &wish.join.asked.request.id)
    });
    for number in places.into_iter().skip(1) {
        replace(call, number);
    }
    let charged = with(|desk| desk.is_charged(&wish.join.asked.wants, &wish.join.asked.request.id));
    if !charged {
        rate::charge::take(call, &wish.join.asked.charges);
    }
    let client = context::client_id(call.ctx);
    let (asker, reply) = match wish.manner {
        Manner::Block => (Asker::Blocked(Blocked::new(call.ctx)), None),
        Manner::Notify { channel } => {
            let ticket = with(|desk| desk.ticket(client, channel));
            (ticket, Some(wish.queued))
        }
    };
    let (line, former) = with(|desk| desk.join(wish.join, asker));
    // What the first one asks for is new: it may be had already, or be worth a look at another time.
    if let Some(line) = line {
        serve::line(call, &line);
    }
    // Who held a ticket and asks again over the same connection knows.
    if let Some(former) = former.filter(|former| former.asker.client() != Some(client)) {
        tell(call, former, End::Replaced);
    }
    schedule(call);
    reply
}

fn may_wait(call: &Call<'_>, manner: &Manner) -> bool {
    match manner {
        Manner::Block => context::may_block(call.ctx),
        Manner::Notify { .. } => context::may_hold_ticket(call.ctx),
    }
}

/// Grants what a command may have set free, and sees that the timer rings in time.
pub(crate) fn moved(call: &Call<'_>, keys: Vec<KeyName>) {
    serve::keys(call, &keys);
    if !keys.is_empty() {
        schedule(call);
    }
}

/// Takes an id that waits for this key out of its line; it is told so. `false`: it is in none.
pub(crate) fn cancel(call: &Call<'_>, key: &KeyName, id: &[u8]) -> bool {
    let Some(number) = with(|desk| desk.hall.find(key, id)) else {
        return false;
    };
    end_wait(call, number, End::Cancelled);
    serve::due_lines(call);
    schedule(call);
    stats::of(key.family()).cancels.add();
    true
}

/// A command has told its client that this id holds what it was granted: from then on nobody takes it back.
pub(crate) fn confirm(call: &Call<'_>, family: Family, key: &RedisString, id: &[u8]) {
    if desk::some_grant_is_uncertain() {
        let key = call.name(family, key);
        with(|desk| desk.confirm(&key, id));
    }
}

/// The reply has reached its client.
pub(crate) fn delivered(client: Blocked) {
    if let Some(granted) = with(|desk| desk.granted.remove(&client)) {
        handed_over(&granted);
    }
}

/// Lets the messages out. Who has no subscriber any more does not keep its grant.
pub(crate) fn send() {
    let ctx = occasions::own_context();
    for message in with(|desk| desk.take_messages()) {
        let heard = channel::publish(ctx, &message.address.channel, &message.text) > 0;
        let Some(granted) = message.granted else {
            continue;
        };
        if heard {
            handed_over(&granted);
        } else {
            stats::of(granted.family()).unheard.add();
            with(|desk| desk.undo.push(granted));
            with(|desk| desk.ring(ctx, Millis::ZERO));
        }
    }
}

/// Whether the server has still to call back, so that the module's code must stay.
pub(crate) fn is_sending() -> bool {
    with(|desk| desk.is_sending())
}

/// A blocked client is gone. A grant that has not reached it is taken back, but not here: nothing may be written.
pub(crate) fn blocked_gone(ctx: Ctx, client: Blocked) {
    let waited = with(|desk| desk.blocked_gone(client));
    if waited {
        client.let_go();
    }
    with(|desk| desk.ring(ctx, Millis::ZERO));
}

/// A client is gone, whatever it was.
pub(crate) fn client_gone(ctx: Ctx, client: ClientId) {
    if with(|desk| desk.client_gone(client)) {
        with(|desk| desk.ring(ctx, Millis::ZERO));
    }
}

/// The server ends the wait of a blocked client: what it is answered, if it was waiting.
pub(crate) fn unblocked(ctx: Ctx, client: Blocked) -> Option<Result<Reply, Error>> {
    let waiter = with(|desk| desk.unblocked(client))?;
    let call = Call::outside(ctx);
    let answer = tell::refusal(&call, &waiter);
    stats::of(waiter.plan.wants.family()).timeouts.add();
    with(|desk| desk.ring(ctx, Millis::ZERO));
    Some(answer)
}

/// The timer rings.
pub(crate) fn tick(ctx: Ctx) {
    with(|desk| desk.timer = None);
    let call = Call::outside(ctx);
    while let Some(due) = with(|desk| desk.hall.due(call.now())) {
        match due {
            Due::Deadline(number) => end_wait(&call, number, End::TimedOut),
            Due::Patience(number) => with(|desk| desk.line_changed(number)),
        }
    }
    if config::MAX_WAITERS.get() == 0 {
        for number in with(|desk| desk.hall.numbers()) {
            end_wait(&call, number, End::Dismissed);
        }
    }
    match context::writing(ctx) {
        Writing::Now => serve_due(&call),
        // The primary's next word overrides what is here; who was blocked has been sent away by the server.
        Writing::Never => {
            with(|desk| {
                desk.undo.clear();
                desk.refunds.clear();
            });
            for key in with(|desk| desk.hall.keys()) {
                dismiss(&call, &key, &Error::Moved);
            }
        }
        Writing::Later => {
            stats::DEFERRED.add();
            return with(|desk| desk.ring(ctx, PAUSED));
        }
    }
    schedule(&call);
}

/// The alarm rings. Whoever is due is served by the timer, when the server may call it.
pub(crate) fn hasten() {
    let now = UnixMillis::new(clock::micros() / 1_000);
    with(|desk| desk.hasten(occasions::own_context(), now));
}

/// The module is unloaded: nothing calls it any more.
pub(crate) fn end() {
    with(desk::Desk::drop_alarm);
}

/// The timer goes by the wall clock: when that has stepped back, it would ring late.
pub(crate) fn check_timer(ctx: Ctx) {
    if somebody_waits() {
        with(|desk| desk.schedule(ctx, clock::now().ms));
    }
}

fn serve_due(call: &Call<'_>) {
    for granted in with(|desk| std::mem::take(&mut desk.undo)) {
        undo(call, &granted);
    }
    let refunds = with(|desk| std::mem::take(&mut desk.refunds));
    rate::charge::give(call, &refunds);
    // Here no command of a client has made sure that this server may write the keys.
    for key in with(|desk| desk.due_keys(call.now())) {
        context::select(call.ctx, key.db());
        if context::serves(call.ctx, &string(key.key())) {
            serve::key(call, &key);
        } else {
            dismiss(call, &key, &Error::Moved);
        }
    }
    serve::due_lines(call);
}

/// Ends a wait without a grant.
fn end_wait(call: &Call<'_>, number: Number, end: End) {
    with(|desk| desk.line_changed(number));
    let Some(waiter) = with(|desk| desk.leave(number)) else {
        return;
    };
    if matches!(end, End::TimedOut) {
        stats::of(waiter.plan.wants.family()).timeouts.add();
    }
    tell(call, waiter, end);
}

fn dismiss(call: &Call<'_>, key: &KeyName, error: &Error) {
    for waiter in with(|desk| desk.dismiss(key)) {
        tell(call, waiter, End::Failed(error.clone()));
    }
}

fn handed_over(granted: &Granted) {
    let took = clock::micros() - granted.at;
    stats::of(granted.family()).handed_over.add(took);
}

fn schedule(call: &Call<'_>) {
    with(|desk| desk.schedule(call.ctx, call.now()));
}

impl First {
    /// Whether it would hear of its grant.
    fn hears(&self, ctx: Ctx) -> bool {
        let address = self.address.as_ref();
        address.is_none_or(|address| channel::somebody_listens(ctx, &address.channel))
    }
}
