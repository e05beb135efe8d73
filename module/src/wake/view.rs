//! What can be seen of the lines: who waits, how many, for how long. Changes nothing.

use redis_module::RedisString;

use super::desk::{self, with};
use crate::call::Call;
use crate::line::name::{Family, KeyName};
use crate::reply::Reply;
use crate::time::Millis;

/// Whether anybody has named a key.
pub(crate) fn is_awaited(key: &KeyName) -> bool {
    with(|desk| desk.hall.is_awaited(key))
}

/// Whether somebody would take what a key has to give.
pub(crate) fn is_wanted(key: &KeyName) -> bool {
    with(|desk| desk.hall.is_wanted(key))
}

/// Whether anybody waits at all: a look that costs nothing.
pub(crate) fn somebody_waits() -> bool {
    desk::somebody_waits()
}

/// All who wait, in numbers.
#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) waiters: usize,
    pub(crate) blocked: usize,
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
}

pub(crate) fn present() -> Present {
    with(|desk| Present {
        waiters: desk.hall.len(),
        blocked: desk.blocked(),
        lines: desk.hall.lines(),
        bytes: desk.hall.bytes(),
    })
}

/// Who waits for a key, in numbers.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) waiting: usize,
    pub(crate) flows: usize,
    pub(crate) oldest: Millis,
}

pub(crate) fn crowd(call: &Call<'_>, family: Family, key: &RedisString) -> Crowd {
    let Some(key) = call.awaited(family, key) else {
        return Crowd {
            waiting: 0,
            flows: 0,
            oldest: Millis::ZERO,
        };
    };
    with(|desk| Crowd {
        waiting: desk.hall.waiting(&key),
        flows: desk.hall.flows(&key),
        oldest: desk
            .hall
            .oldest_since(&key)
            .map_or(Millis::ZERO, |since| call.now().since(since)),
    })
}

/// How many are served before this id, or before one that comes now.
pub(crate) fn ahead(key: &KeyName, id: &[u8]) -> usize {
    with(|desk| match desk.hall.find(key, id) {
        Some(number) => desk.hall.ahead(number),
        None => desk.hall.waiting(key),
    })
}

/// Those who wait in a line: id, flow and how long, in the order in which they are served.
pub(crate) fn waiters(call: &Call<'_>, family: Family, key: &RedisString, most: usize) -> Reply {
    let Some(key) = call.awaited(family, key) else {
        return Reply::Array(Vec::new());
    };
    with(|desk| {
        let rows = desk.hall.in_order(&key, most).into_iter().map(|waiter| {
            let flow = Some(waiter.flow.bytes()).filter(|flow| !flow.is_empty());
            Reply::Array(vec![
                Reply::Bytes(waiter.request.id.to_vec()),
                Reply::or_nil(flow, |flow| Reply::Bytes(flow.to_vec())),
                Reply::Int(call.now().since(waiter.since).get()),
            ])
        });
        Reply::Array(rows.collect())
    })
}
