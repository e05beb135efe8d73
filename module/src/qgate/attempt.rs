//! A waiter's attempt: what it stands in line for, taken if it can be had now.

use redis_module::RedisString;

use super::gate::Room;
use super::memory::Memory;
use super::stored::Stored;
use super::take::{self, Gate, Obstacle, Order, Role, Taken};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::line::hall::Request;
use crate::line::name::{Family, KeyName};
use crate::line::plan::{Form, Plan, Wanted, Wants};
use crate::reply::Reply;
use crate::time::UnixMillis;
use crate::wake::serve::Served;
use crate::wake::{self, Attempt, First, Grant, Mark, Next};

/// `among`: the gates that may have room; without them, all that the waiter would take are looked at. `about`: the gate
/// of which is to be said whether it has more, and when.
pub(crate) fn attempt(
    call: &Call<'_>,
    first: &First,
    Served { among, about }: Served<'_>,
    hears: impl Fn() -> bool,
) -> Result<Attempt, Error> {
    let wants = &first.plan.wants;
    let preference = first.preference.as_ref();
    let preferred = preference.map(|preference| preference.index);
    let insists = preference.is_some_and(|preference| preference.insists_until.is_some());
    let may_have_room = |key: &KeyName| among.is_none_or(|among| among.contains(key));
    let is_candidate = |(index, wanted): &(usize, &Wanted)| {
        (!insists || preferred == Some(*index)) && may_have_room(&wanted.key)
    };
    let any: Vec<_> = wants.any.iter().enumerate().filter(is_candidate).collect();
    with_order(call, wants, &any, &first.request, wake::limit, |order| {
        let order = &Order {
            preferred,
            about: about.map(KeyName::key),
            ..*order
        };
        Ok(match take::look(call, order)? {
            Ok(_) if !hears() => Attempt::Unheard,
            Ok(takeable) => Attempt::Granted(grant(call, first, takeable.take(call))),
            Err(obstacle) => not_yet(call, &first.plan, &obstacle, about),
        })
    })
}

/// What stands in the way of somebody who wants this; `None`: nothing does.
pub(super) fn obstacle<T>(
    call: &Call<'_>,
    wants: &Wants,
    request: &Request,
    then: impl FnOnce(Option<&Obstacle<'_>>) -> T,
) -> Result<T, Error> {
    let any: Vec<_> = wants.any.iter().enumerate().collect();
    let limit = |wanted: &Wanted| Memory::of(call, wanted.key.key()).last_named();
    let limit = |wanted: &Wanted| limit(wanted).filter(|_| !wanted.unlimited).unwrap_or(0);
    with_order(call, wants, &any, request, limit, |order| {
        Ok(then(take::look(call, order)?.err().as_ref()))
    })
}

/// Who waits at the very gate that has no room stays first there; another gate holds it up.
fn not_yet(
    call: &Call<'_>,
    plan: &Plan,
    obstacle: &Obstacle<'_>,
    about: Option<&KeyName>,
) -> Attempt {
    let name = obstacle.gate().name.as_slice();
    let all = plan.wants.all.iter();
    let mut all = all.filter(|_| obstacle.role == Role::All);
    match all.find(|wanted| wanted.key.key() == name) {
        Some(wanted) if !plan.line.contains(&wanted.key) => Attempt::HeldUp {
            by: wanted.key.clone(),
            look_at: obstacle.look_at(),
        },
        _ => Attempt::NotYet(match about.filter(|about| about.key() != name) {
            None => obstacle.look_at(),
            Some(about) => look_at(call, about),
        }),
    }
}

fn with_order<T>(
    call: &Call<'_>,
    wants: &Wants,
    any: &[(usize, &Wanted)],
    request: &Request,
    limit: impl Fn(&Wanted) -> usize,
    then: impl FnOnce(&Order<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let names = |wanted: &[(usize, &Wanted)]| -> Vec<RedisString> {
        let keys = wanted.iter().map(|(_, wanted)| wanted.key.key());
        keys.map(string).collect()
    };
    let all: Vec<_> = wants.all.iter().enumerate().collect();
    let (all_names, any_names) = (names(&all), names(any));
    let (all, any) = (
        gates(call, &all, &all_names, &limit),
        gates(call, any, &any_names, &limit),
    );
    let member = string(&request.id);
    then(&Order {
        member: &member,
        lease: request.lease.get(),
        all: &all,
        any: &any,
        preferred: None,
        about: None,
    })
}

fn gates<'a>(
    call: &Call<'_>,
    wanted: &[(usize, &Wanted)],
    names: &'a [RedisString],
    limit: impl Fn(&Wanted) -> usize,
) -> Vec<Gate<'a>> {
    let gates = wanted.iter().zip(names);
    gates
        .map(|((index, wanted), name)| Gate {
            name,
            key: Some(wanted.key.clone()),
            index: *index,
            memory: Memory::of(call, wanted.key.key()),
            limit: limit(wanted),
            priority: wanted.priority,
            taken: false,
        })
        .collect()
}

fn grant(call: &Call<'_>, first: &First, taken: Taken<'_>) -> Grant {
    let in_use = taken.in_use as i64;
    let index = taken.index.map_or(-1, |index| index as i64);
    let (reply, number) = match first.plan.wants.form {
        Form::Acquire => (Reply::ints([1, in_use, 0]), in_use),
        Form::Admit => (super::admit::granted(index, in_use), index),
    };
    let entered = taken.entered.into_iter();
    let slots = entered.map(|(name, end)| (call.name(Family::Gate, name), end));
    let slots: Vec<_> = slots.collect();
    Grant {
        reply,
        number,
        mark: (!slots.is_empty()).then_some(Mark::Slots(slots)),
        next: if taken.has_more {
            Next::AtOnce
        } else {
            Next::NotBefore(taken.next_end)
        },
    }
}

/// When a gate may have room, unless somebody gives a slot back before.
pub(crate) fn look_at(call: &Call<'_>, key: &KeyName) -> Option<UnixMillis> {
    let name = string(key.key());
    let gate = Stored::open(call, &name, Access::Read).ok()?;
    gate.look_at(&gate.look().ok()?)
}

/// Whether a gate has room for one more, and if not, when it is worth another look.
pub(crate) fn room(
    call: &Call<'_>,
    key: &RedisString,
    limit: usize,
) -> Result<Result<(), Option<UnixMillis>>, Error> {
    let gate = Stored::open(call, key, Access::Read)?;
    let found = gate.look()?;
    Ok(match found.room(limit, call.now()) {
        Room::Free => Ok(()),
        Room::Full | Room::Closed => Err(gate.look_at(&found)),
    })
}
