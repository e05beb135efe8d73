//! The pump: grants whoever can be granted now, inside the release's own execution or when the one timer rings.
//! The only place above the families: they hand their waiters to it and tell it which lines may move.
//! Outside a command nothing is written while clients are paused or data are loaded; `min-replicas-to-write` is not asked.

mod desk;

use redis_module::RedisString;

use crate::call::Call;
use crate::error::Error;
use crate::ffi::blocked::Blocked;
use crate::ffi::context::{self, Writing};
use crate::ffi::{Ctx, string};
use crate::line::Number;
use crate::line::hall::{Family, Join, LineName, Request};
use crate::reply::Reply;
use crate::time::{Millis, UnixMillis};
use crate::{config, qgate, stats, umq};
use desk::{Granted, with};

/// How soon a write is tried again that had to wait for a pause to end.
const PAUSED: Millis = Millis::new(50);

/// What became of an attempt to grant the first of a line.
#[derive(Debug)]
pub(crate) enum Attempt {
    Granted {
        reply: Reply,
        /// `None`: it had been granted before, and is nobody's to take back.
        mark: Option<Mark>,
    },
    /// Not now; at that time it is worth another look, `None`: when somebody gives something back.
    NotYet(Option<UnixMillis>),
}

/// By what a grant is known, so that it is taken back only while it is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Token(i64),
    LeaseEnd(UnixMillis),
}

/// Somebody who wants to wait, and what it is answered if it may not.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) join: Join,
    pub(crate) too_many: Reply,
}

/// How many wait in a line.
pub(crate) fn waiting(line: &LineName) -> usize {
    with(|desk| desk.hall.waiting(line))
}

/// Whether anybody waits at all: a look that costs nothing.
pub(crate) fn somebody_waits() -> bool {
    desk::somebody_waits()
}

/// Who waits for a key, in numbers.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) waiting: usize,
    pub(crate) flows: usize,
    pub(crate) oldest: Millis,
}

pub(crate) fn crowd(call: &Call<'_>, family: Family, key: &RedisString) -> Crowd {
    let line = call.line_in_use(family, key);
    let Some(line) = line else {
        return Crowd {
            waiting: 0,
            flows: 0,
            oldest: Millis::ZERO,
        };
    };
    with(|desk| Crowd {
        waiting: desk.hall.waiting(&line),
        flows: desk.hall.flows(&line),
        oldest: desk
            .hall
            .oldest_since(&line)
            .map_or(Millis::ZERO, |since| call.now().since(since)),
    })
}

/// How many are served before this id, or before one that comes now.
pub(crate) fn ahead(line: &LineName, id: &[u8]) -> usize {
    with(|desk| match desk.hall.find(line, id) {
        Some(number) => desk.hall.ahead(number),
        None => desk.hall.waiting(line),
    })
}

/// The limit that governs a line from now on. Whether it is another one than before.
pub(crate) fn name_limit(line: &LineName, limit: usize) -> bool {
    with(|desk| {
        let changed = desk.hall.limit(line) != limit;
        desk.hall.set_limit(line, limit);
        changed
    })
}

/// Those who wait in a line: id, flow and how long, in the order in which they are served.
pub(crate) fn waiters(call: &Call<'_>, family: Family, key: &RedisString, most: usize) -> Reply {
    let Some(line) = call.line_in_use(family, key) else {
        return Reply::Array(Vec::new());
    };
    with(|desk| {
        let rows = desk.hall.in_order(&line, most).into_iter().map(|waiter| {
            let flow = Some(&*waiter.flow).filter(|flow| !flow.is_empty());
            Reply::Array(vec![
                Reply::Bytes(waiter.request.id.to_vec()),
                Reply::or_nil(flow, |flow| Reply::Bytes(flow.to_vec())),
                Reply::Int(call.now().since(waiter.since).get()),
            ])
        });
        Reply::Array(rows.collect())
    })
}

/// Lets the client of the running command wait. Replies what it is answered at once instead.
pub(crate) fn join(call: &Call<'_>, wish: Wish, at_once: Reply) -> Option<Reply> {
    if !context::may_block(call.ctx) {
        return Some(at_once);
    }
    let Wish { join, too_many } = wish;
    let line = join.line.clone();
    if with(|desk| desk.is_full(&join)) {
        stats::REFUSED_BY_BOUND.add();
        return Some(too_many);
    }
    let client = Blocked::new(call.ctx);
    let (first, replaced) = with(|desk| desk.join(join, client));
    // What the first one asks for is new: it may be had already, or be worth a look at another time.
    if first {
        serve(call, &line);
    }
    if let Some((former, request)) = replaced {
        former.answer(refusal(call, &line, &request));
    }
    stats::WAITS.add();
    schedule(call);
    None
}

/// Grants as many of a line as can be granted now.
pub(crate) fn serve(call: &Call<'_>, line: &LineName) {
    let key = string(&line.key);
    while let Some((number, request, limit)) = with(|desk| desk.first(line)) {
        let attempt = match line.family {
            Family::Turn => umq::acquire::attempt(call, &key, &request),
            Family::Gate => qgate::acquire::attempt(call, &key, &request, limit),
        };
        match attempt {
            Ok(Attempt::Granted { reply, mark }) => grant(call, line, number, reply, mark),
            Ok(Attempt::NotYet(at)) => return with(|desk| desk.hall.look_again(line, at)),
            Err(error) => return dismiss(line, || Err(error.clone())),
        }
    }
}

/// Moves the lines that a command may have set free, and sees that the timer rings in time.
pub(crate) fn moved(call: &Call<'_>, lines: Vec<LineName>) {
    for line in &lines {
        serve(call, line);
    }
    if !lines.is_empty() {
        schedule(call);
    }
}

/// Takes an id out of a line; it is answered that its wait has ended. `false`: it is not in line.
pub(crate) fn cancel(call: &Call<'_>, line: &LineName, id: &[u8]) -> bool {
    let Some(number) = with(|desk| desk.hall.find(line, id)) else {
        return false;
    };
    end_wait(call, number);
    moved(call, vec![line.clone()]);
    stats::CANCELS.add();
    true
}

/// A command has told its client that this id holds what it was granted: from then on nobody takes it back.
pub(crate) fn confirm(call: &Call<'_>, family: Family, key: &RedisString, id: &[u8]) {
    if desk::some_grant_is_uncertain() {
        let line = call.line(family, key);
        with(|desk| desk.confirm(&line, id));
    }
}

/// The reply has reached its client.
pub(crate) fn delivered(client: Blocked) {
    with(|desk| desk.granted.remove(&client));
}

/// A blocked client is gone. A grant that has not reached it is taken back, but not here: nothing may be written.
pub(crate) fn gone(ctx: Ctx, client: Blocked) {
    let waited = with(|desk| desk.gone(client));
    if waited {
        client.let_go();
    }
    with(|desk| desk.ring(ctx, Millis::ZERO));
}

/// The timer rings.
pub(crate) fn tick(ctx: Ctx) {
    with(|desk| desk.timer = None);
    let call = Call::outside(ctx);
    for number in with(|desk| desk.hall.due_deadlines(call.now())) {
        end_wait(&call, number);
        stats::TIMEOUTS.add();
    }
    if config::MAX_WAITERS.get() == 0 {
        dismiss_all(&call);
    }
    match context::writing(ctx) {
        Writing::Now => serve_due(&call),
        // The primary's next word overrides what is here; who waited has been sent away by the server.
        Writing::Never => {
            with(|desk| desk.undo.clear());
            for line in with(|desk| desk.hall.lines()) {
                dismiss(&line, || Err(Error::Moved));
            }
        }
        Writing::Later => {
            stats::DEFERRED.add();
            return with(|desk| desk.ring(ctx, PAUSED));
        }
    }
    schedule(&call);
}

fn serve_due(call: &Call<'_>) {
    for granted in with(|desk| std::mem::take(&mut desk.undo)) {
        undo(call, &granted);
    }
    for line in with(|desk| desk.due_lines(call.now())) {
        serve_outside(call, &line);
    }
}

fn grant(call: &Call<'_>, line: &LineName, number: Number, reply: Reply, mark: Option<Mark>) {
    let Some((client, waited)) = with(|desk| {
        // Somebody who listens to keyspace events may have served it meanwhile.
        let waiter = (desk.hall.first(line) == Some(number))
            .then(|| desk.hall.serve_first(line))
            .flatten()?;
        let waited = call.now().since(waiter.since);
        let granted = mark.map(|mark| Granted {
            line: waiter.line,
            request: waiter.request,
            mark,
        });
        Some((desk.hand_over(waiter.number, granted)?, waited))
    }) else {
        return;
    };
    stats::HAND_OFFS.add();
    stats::waited(waited);
    client.answer(Ok(reply));
}

/// As `serve`, where no command of a client has made sure that this server may write the key.
fn serve_outside(call: &Call<'_>, line: &LineName) {
    context::select(call.ctx, line.db);
    if context::serves(call.ctx, &string(&line.key)) {
        serve(call, line);
    } else {
        dismiss(line, || Err(Error::Moved));
    }
}

/// Takes a grant back whose waiter is gone, if it is still the same, and grants the next.
fn undo(call: &Call<'_>, granted: &Granted) {
    let line = &granted.line;
    context::select(call.ctx, line.db);
    let key = string(&line.key);
    if !context::serves(call.ctx, &key) {
        return;
    }
    let member = &granted.request.id;
    let undone = match granted.mark {
        Mark::Token(token) => umq::release::take_back(call, &key, member, token),
        Mark::LeaseEnd(end) => qgate::release::take_back(call, &key, member, end),
    };
    if undone == Ok(true) {
        stats::ROLL_BACKS.add();
        serve(call, line);
    }
}

/// Answers a waiter that its wait has ended without a grant.
fn end_wait(call: &Call<'_>, number: Number) {
    let Some((client, line, request)) = with(|desk| desk.leave(number)) else {
        return;
    };
    client.answer(refusal(call, &line, &request));
    with(|desk| desk.hall.look_again(&line, Some(call.now())));
}

fn refusal(call: &Call<'_>, line: &LineName, request: &Request) -> Result<Reply, Error> {
    let here = context::db(call.ctx);
    context::select(call.ctx, line.db);
    let key: RedisString = string(&line.key);
    let reply = match line.family {
        Family::Turn => umq::acquire::refusal(call, &key, request),
        Family::Gate => qgate::acquire::refusal(call, &key),
    };
    context::select(call.ctx, here);
    reply
}

fn dismiss(line: &LineName, reply: impl Fn() -> Result<Reply, Error>) {
    for client in with(|desk| desk.dismiss(line)) {
        client.answer(reply());
    }
}

fn dismiss_all(call: &Call<'_>) {
    for number in with(|desk| desk.hall.numbers()) {
        end_wait(call, number);
    }
}

fn schedule(call: &Call<'_>) {
    with(|desk| desk.schedule(call.ctx, call.now()));
}
