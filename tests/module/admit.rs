//! `QGATE.ADMIT`: a slot of every gate of one list and of one gate of another, together or not at all, now or after a
//! wait. First what the tests are written with, then a file per concern.

mod again;
mod blocked;
mod by_others;
mod choice;
mod closed;
mod cluster;
mod fairness;
mod found;
mod inside;
mod keys;
mod limits;
mod preferred;
mod rates;
mod replicated;
mod roles;
mod rolled_back;
mod seen;
mod tickets;
mod together;

use harness::{Redis, Reply};

/// A call whose lease outlives every test.
fn admit(member: &str, rest: &str) -> String {
    format!("QGATE.ADMIT {member} PX 500000 {rest}")
}

/// Gives `member` a slot of a gate, whatever its limit. None is named: it would govern those who wait.
#[track_caller]
fn hold(redis: &Redis, gate: &str, member: &str) {
    let taken = redis.call(format!("QGATE.ACQUIRE {gate} {member} LIMIT 0 PX 500000"));
    assert_eq!(taken.items()[0], 1, "{gate} {member}");
}

/// A server where `h` holds a slot of each of these gates.
#[track_caller]
fn held(gates: &[&str]) -> Redis {
    let redis = Redis::start();
    for gate in gates {
        hold(&redis, gate, "h");
    }
    redis
}

fn granted(index: i64, in_use: i64) -> Reply {
    Reply::Array(vec![
        1.into(),
        index.into(),
        in_use.into(),
        0.into(),
        Reply::Nil,
    ])
}

/// Not granted, by this status; `key` is in the way.
fn not_granted(status: i64, in_use: i64, ahead: i64, key: &str) -> Reply {
    Reply::Array(vec![
        status.into(),
        (-1).into(),
        in_use.into(),
        ahead.into(),
        key.into(),
    ])
}

fn refused(in_use: i64, ahead: i64, key: &str) -> Reply {
    not_granted(0, in_use, ahead, key)
}

/// Waits with a ticket.
fn queued(in_use: i64, ahead: i64, key: &str) -> Reply {
    not_granted(2, in_use, ahead, key)
}
