//! What is read off a line and off what it waits for.

use harness::{Redis, Reply, eventually};

use crate::moment::Moment;

/// How late a change that others made may be noticed: 100 ms, and what a busy machine adds.
pub(crate) const NOTICED_WITHIN_MS: i64 = 100 + 400;

/// How late whoever is due may be served where the machine stalls. How late they are served where it does not is what
/// [`assert_to_the_millisecond`] and [`assert_noticed`] are about, of several.
const STALLED_MS: i64 = 30_000;

/// The ids that wait, next one first. `command` is `UMQ.WAITERS` or `QGATE.WAITERS` with its key.
#[track_caller]
pub(crate) fn waiters(redis: &Redis, command: &str) -> Vec<String> {
    let rows = redis.call(format!("{command} COUNT 10000"));
    let id = |row: &Reply| row.items()[0].text();
    rows.items().iter().map(id).collect()
}

/// Waits until just these ids stand in line, in this order.
#[track_caller]
pub(crate) fn until_waiters_are(redis: &Redis, command: &str, ids: &[&str]) {
    eventually("the line is as expected", || {
        let seen = waiters(redis, command);
        if seen == ids {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
}

/// Who has the turn.
#[track_caller]
pub(crate) fn holder(redis: &Redis, key: &str) -> Option<String> {
    match redis.call(["UMQ.INFO", key]).field("holder") {
        Reply::Nil => None,
        name => Some(name.text()),
    }
}

/// Gives a turn back for whoever has it, until nobody has it: the holders, one after the other.
#[track_caller]
pub(crate) fn served(redis: &Redis, key: &str) -> Vec<String> {
    let next = || {
        let holder = holder(redis, key)?;
        assert_eq!(redis.call(["UMQ.RELEASE", key, &holder]), 1);
        Some(holder)
    };
    std::iter::from_fn(next).collect()
}

/// The members that have a slot, by name.
#[track_caller]
pub(crate) fn members(redis: &Redis, key: &str) -> Vec<String> {
    let rows = redis.call(["QGATE.MEMBERS", key, "COUNT", "10000"]);
    let name = |row: &Reply| row.items()[0].text();
    let mut names: Vec<_> = rows.items().iter().map(name).collect();
    names.sort();
    names
}

/// When a turn was granted, by the server's clock: tokens are its microseconds while they are rare.
pub(crate) fn granted_at(token: i64) -> i64 {
    token / 1_000
}

/// A grant came when it was due, as far as can be told of a single one.
#[track_caller]
pub(crate) fn assert_served(due: i64, granted_at: i64) {
    let served = due..due + STALLED_MS;
    assert!(served.contains(&granted_at), "{granted_at} in {served:?}");
}

/// These grants came after changes that somebody else made, and most of them soon enough for that.
#[track_caller]
pub(crate) fn assert_noticed(grants: &[(Moment, i64)]) {
    for (change, granted_at) in grants {
        assert_served(change.from, *granted_at);
    }
    let late = grants.iter().map(|(change, at)| at - change.until);
    let mut late: Vec<i64> = late.collect();
    late.sort_unstable();
    assert!(late[late.len() / 2] <= NOTICED_WITHIN_MS, "{late:?}");
}

/// None of these is early, and half of them are less late than any looking every 100 ms could be.
#[track_caller]
pub(crate) fn assert_to_the_millisecond(mut late_ms: Vec<i64>) {
    late_ms.sort_unstable();
    assert!(late_ms[0] >= 0, "{late_ms:?}");
    assert!(late_ms[late_ms.len() / 2] <= 10, "{late_ms:?}");
}

/// The server is well and nobody waits for anything.
#[track_caller]
pub(crate) fn assert_sound(redis: &Redis) {
    assert_eq!(redis.info("weir_panics"), "0");
    eventually("nobody is blocked", || {
        let blocked = redis.info("blocked_clients");
        if blocked == "0" { Ok(()) } else { Err(blocked) }
    });
    let log = redis.log();
    for sign in ["ASSERTION FAILED", "crashed by signal", "panicked"] {
        assert!(!log.contains(sign), "{log}");
    }
}
