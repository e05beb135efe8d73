//! `BUDGET.*`: spending under a limit. First what the tests are written with, then a file per concern.

mod ended;
mod kept;
mod keys;
mod renewed;
mod reserved;
mod settled;
mod tampered;
mod together;

use harness::{Redis, Reply};

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const DAY_MS: i64 = 86_400_000;
/// The most of a limit, a cost or a settlement.
const MOST: i64 = 9_007_199_254_740_991;

/// What a reservation is answered: status, spent, reserved, and the key that refuses.
#[track_caller]
fn answer(reply: &Reply) -> (i64, i64, i64, Option<String>) {
    let [status, spent, reserved, key] = reply.items() else {
        panic!("a reservation is answered by four things, not {reply:?}");
    };
    let key = (*key != Reply::Nil).then(|| key.text());
    (status.int(), spent.int(), reserved.int(), key)
}

/// Asks for a reservation of `cost` in the budget `b`, under a lease that outlives every test.
#[track_caller]
fn reserve(redis: &Redis, member: &str, cost: i64, limit: i64) -> (i64, i64, i64, Option<String>) {
    let line = format!("BUDGET.RESERVE b {member} COST {cost} PX 500000 LIMIT {limit}");
    answer(&redis.call(line))
}

fn granted(spent: i64, reserved: i64) -> (i64, i64, i64, Option<String>) {
    (1, spent, reserved, None)
}

fn full(spent: i64, reserved: i64) -> (i64, i64, i64, Option<String>) {
    (0, spent, reserved, Some("b".to_owned()))
}

/// Spent, reserved, members.
#[track_caller]
fn info(redis: &Redis, key: &str) -> [i64; 3] {
    let info = redis.call(["BUDGET.INFO", key]);
    ["spent", "reserved", "members"].map(|field| info.field(field).int())
}

/// Until when a member's record says something.
#[track_caller]
fn end_of(redis: &Redis, key: &str, member: &str) -> i64 {
    let record = redis.call(["HGET", key, &format!("@{member}")]).text();
    let end = record.split(' ').next_back().unwrap_or_default();
    end.parse().expect("a record ends with a time")
}
