//! Serves those in line: who wants what a key has to give, then those whom it held up.

use std::slice;

use super::desk::with;
use super::tell::{End, tell};
use super::{Attempt, First, Grant, Next as More, dismiss};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::{context, string};
use crate::line::Number;
use crate::line::hall::Next;
use crate::line::name::{Family, KeyName};
use crate::line::plan::LineName;
use crate::time::UnixMillis;
use crate::{qgate, stats, umq};

/// What there is to be had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served<'a> {
    /// Nothing but these; `None`: whatever a waiter would take is worth a look.
    pub(crate) among: Option<&'a [KeyName]>,
    /// The one of which is to be said when there is more of it.
    pub(crate) about: Option<&'a KeyName>,
}

const ANY: Served<'_> = Served {
    among: None,
    about: None,
};

/// Grants as much of a key as can be granted now.
pub(super) fn key(call: &Call<'_>, key: &KeyName) {
    keys(call, slice::from_ref(key));
}

/// As `key`, of several that are free at once: who may have one of them has the one it would rather have.
pub(super) fn keys(call: &Call<'_>, keys: &[KeyName]) {
    for key in keys {
        let (among, about) = (Some(keys), Some(key));
        pump(call, key, Served { among, about });
    }
}

/// Serves whoever is next until nothing is left, and notes when the key is worth another look.
fn pump(call: &Call<'_>, key: &KeyName, served: Served<'_>) {
    let mut without_room = Vec::new();
    let look_at = loop {
        let Some(next) = with(|desk| desk.hall.next(key)) else {
            break None;
        };
        let go_on = match next {
            Next::Ready(number) => take(call, key, served, number),
            Next::Aside(aside) => call_back(call, key, aside, &mut without_room),
        };
        if let Err(look_at) = go_on {
            break look_at;
        }
    };
    with(|desk| desk.hall.look_again(key, look_at));
}

/// Grants as many of a line as can be granted now, with whichever of its keys. `false`: none of them has room.
pub(super) fn line(call: &Call<'_>, line: &LineName) -> bool {
    while let Some(first) = with(|desk| desk.first(line)) {
        match attempt(call, &first, ANY) {
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
        context::select(call.ctx, key.db());
        if context::serves(call.ctx, &string(key.key())) {
            line(call, &due);
        } else {
            dismiss(call, key, &Error::Moved);
        }
    }
    context::select(call.ctx, here);
}

/// Somebody wants this turn, or a slot of this gate or of another as good. `Err`: there is no more of it until then.
fn take(
    call: &Call<'_>,
    key: &KeyName,
    served: Served<'_>,
    number: Number,
) -> Result<(), Option<UnixMillis>> {
    let Some(first) = with(|desk| desk.first_by(number)) else {
        return Ok(());
    };
    let more = match attempt(call, &first, served) {
        Ok(attempt) => settle(call, &first, attempt),
        Err(error) => {
            give_up(call, &first, &error);
            More::AtOnce
        }
    };
    let More::NotBefore(at) = more else {
        return Ok(());
    };
    let still_waits = with(|desk| desk.first_by(number).is_some());
    if !still_waits && with(|desk| desk.next_is_unlimited(key)) {
        return Ok(());
    }
    Err(at)
}

/// Who cannot do without a slot of this gate is called back, as long as it has one.
fn call_back(
    call: &Call<'_>,
    key: &KeyName,
    aside: LineName,
    without_room: &mut Vec<LineName>,
) -> Result<(), Option<UnixMillis>> {
    let limit = with(|desk| desk.hall.limit(key));
    match qgate::attempt::room(call, &string(key.key()), limit) {
        Ok(room) => room?,
        Err(error) => {
            dismiss(call, key, &error);
            return Ok(());
        }
    }
    with(|desk| desk.hall.call_back(&aside, key));
    if !without_room.contains(&aside) && !line(call, &aside) {
        without_room.push(aside);
    }
    Ok(())
}

fn attempt(call: &Call<'_>, first: &First, served: Served<'_>) -> Result<Attempt, Error> {
    let hears = || first.hears(call.ctx);
    let Some(some_key) = first.plan.wants.some_key() else {
        return Err(Error::Internal);
    };
    match some_key.family() {
        Family::Turn => umq::acquire::attempt(call, some_key, &first.request, hears),
        Family::Gate => qgate::attempt::attempt(call, first, served, hears),
    }
}

/// Does as the attempt came out, other than to wait on; what comes next.
fn settle(call: &Call<'_>, first: &First, attempt: Attempt) -> More {
    match attempt {
        Attempt::Granted(grant) => {
            let next = grant.next;
            hand_over(call, first, grant);
            next
        }
        Attempt::Unheard => {
            with(|desk| desk.leave(first.number));
            stats::of(first.plan.wants.family()).unheard.add();
            More::AtOnce
        }
        Attempt::HeldUp { by, look_at } => {
            with(|desk| {
                desk.hall.hold_up(first.number, &by);
                desk.hall.look_again(&by, look_at);
            });
            More::AtOnce
        }
        Attempt::NotYet(at) => More::NotBefore(at),
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
