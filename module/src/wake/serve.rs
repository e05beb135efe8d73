//! Serves those in line: who wants what a key has to give, then those whom it held up.

use std::sync::Arc;

use super::desk::with;
use super::tell::{End, tell};
use super::{Attempt, First, Grant, Next, dismiss};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::{context, string};
use crate::line::plan::{Family, KeyName, LineName};
use crate::time::UnixMillis;
use crate::{qgate, stats, umq};

/// Grants as much of a key as can be granted now.
pub(super) fn key(call: &Call<'_>, key: &Arc<KeyName>) {
    takers(call, key);
    if key.family == Family::Gate {
        held_up(call, key);
    }
}

/// Grants as many of a line as can be granted now, with whichever of its keys. `false`: none of them has room.
pub(super) fn line(call: &Call<'_>, line: &LineName) -> bool {
    while let Some(first) = with(|desk| desk.first(line)) {
        match attempt(call, &first, None) {
            Ok(Attempt::NotYet(at)) => {
                watch(call, line, at);
                return false;
            }
            Ok(attempt) => {
                settle(call, &first, attempt);
            }
            Err(error) => give_up(call, &first, &error),
        }
    }
    true
}

/// The lines whose first has changed. Here no command of a client has made sure that this server may write the keys.
pub(super) fn due_lines(call: &Call<'_>) {
    let here = context::db(call.ctx);
    for due in with(|desk| std::mem::take(&mut desk.lines_due)) {
        let Some(key) = due.keys().first() else {
            continue;
        };
        context::select(call.ctx, key.db);
        if context::serves(call.ctx, &string(&key.key)) {
            line(call, &due);
        } else {
            dismiss(call, key, &Error::Moved);
        }
    }
    context::select(call.ctx, here);
}

/// Who wants this turn, or a slot of this gate or of another as good.
fn takers(call: &Call<'_>, key: &Arc<KeyName>) {
    while let Some(first) = with(|desk| desk.next(key)) {
        match attempt(call, &first, Some(key)) {
            Ok(Attempt::NotYet(at)) => return with(|desk| desk.hall.look_again(key, at)),
            Ok(attempt) => {
                let next = settle(call, &first, attempt);
                if let Next::NotBefore(at) = next
                    && with(|desk| !desk.next_is_unlimited(key))
                {
                    return with(|desk| desk.hall.look_again(key, at));
                }
            }
            Err(error) => give_up(call, &first, &error),
        }
    }
}

/// Who cannot do without a slot of this gate is called back, as long as it has one.
fn held_up(call: &Call<'_>, key: &Arc<KeyName>) {
    let name = string(&key.key);
    let mut without_room = Vec::new();
    while with(|desk| desk.hall.holds_up(key)) {
        let limit = with(|desk| desk.hall.limit(key));
        match qgate::attempt::room(call, &name, limit) {
            Ok(Ok(())) => {}
            Ok(Err(at)) => return with(|desk| desk.hall.look_again(key, at)),
            Err(error) => return dismiss(call, key, &error),
        }
        let Some(called) = with(|desk| desk.hall.call_back(key)) else {
            return;
        };
        if !without_room.contains(&called) && !line(call, &called) {
            without_room.push(called);
        }
    }
}

fn attempt(call: &Call<'_>, first: &First, only: Option<&Arc<KeyName>>) -> Result<Attempt, Error> {
    let hears = || first.hears(call.ctx);
    let Some(some_key) = first.plan.wants.some_key() else {
        return Err(Error::Internal);
    };
    match some_key.family {
        Family::Turn => umq::acquire::attempt(call, some_key, &first.request, hears),
        Family::Gate => qgate::attempt::attempt(call, first, only.map(|key| &**key), hears),
    }
}

/// Does as the attempt came out, other than to wait on; what comes next.
fn settle(call: &Call<'_>, first: &First, attempt: Attempt) -> Next {
    match attempt {
        Attempt::Granted(grant) => {
            let next = grant.next;
            hand_over(call, first, grant);
            next
        }
        Attempt::Unheard => {
            with(|desk| desk.leave(first.number));
            stats::of(first.plan.wants.family()).unheard.add();
            Next::AtOnce
        }
        Attempt::HeldUp { by, look_at } => {
            with(|desk| {
                desk.hall.hold_up(first.number, &by);
                desk.hall.look_again(&by, look_at);
            });
            Next::AtOnce
        }
        Attempt::NotYet(at) => Next::NotBefore(at),
    }
}

fn hand_over(call: &Call<'_>, first: &First, grant: Grant) {
    // Somebody who listens to keyspace events may have served it meanwhile.
    let Some(waiter) = with(|desk| desk.serve(first.number)) else {
        return;
    };
    let stats = stats::of(first.plan.wants.family());
    stats.hand_offs.add();
    stats.waited.add(call.now().since(waiter.since).get());
    tell(call, waiter, End::Granted(grant));
}

/// A key of the plan holds what is not ours: nobody can have it.
fn give_up(call: &Call<'_>, first: &First, error: &Error) {
    if let Some(waiter) = with(|desk| desk.leave(first.number)) {
        tell(call, waiter, End::Failed(error.clone()));
    }
}

/// Sees that the keys of a line are looked at when a lease ends. `at` is of the first of them.
fn watch(call: &Call<'_>, line: &LineName, at: Option<UnixMillis>) {
    if let [only] = line.keys() {
        return with(|desk| desk.hall.look_again(only, at));
    }
    for key in line.keys() {
        if with(|desk| desk.hall.look_at(key).is_none()) {
            let at = qgate::attempt::look_at(call, key);
            with(|desk| desk.hall.look_again(key, at));
        }
    }
}
