//! What can be seen of the lines: who waits, how many, for how long. Changes nothing.

use redis_module::RedisString;

use super::desk::{self, with};
use crate::call::Call;
use crate::line::hall::{Family, LineName};
use crate::reply::Reply;
use crate::time::Millis;

/// How many wait in a line.
pub(crate) fn waiting(line: &LineName) -> usize {
    with(|desk| desk.hall.waiting(line))
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
        lines: desk.hall.lines().len(),
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
