//! Slot gates as the scripts before the module answered them, row by row. Where the answer is a better one
//! the name says so.

use harness::{Redis, error};

use crate::moment::server_ms;
use crate::unchanged::{changes_nothing, refuses};

/// The status of an acquire with a lease of 50 s.
#[track_caller]
fn acquire(redis: &Redis, member: &str, limit: i64) -> i64 {
    let line = format!("QGATE.ACQUIRE g {member} LIMIT {limit} PX 50000");
    redis.call(line).items()[0].int()
}

#[test]
fn a_limit_of_two_grants_two_and_refuses_the_third() {
    let redis = Redis::start();
    assert_eq!(["t1", "t2", "t3"].map(|t| acquire(&redis, t, 2)), [1, 1, 0]);
}

#[test]
fn a_holder_below_the_limit_gets_no_second_slot() {
    let redis = Redis::start();
    acquire(&redis, "t1", 2);
    assert_eq!(acquire(&redis, "t1", 2), 1);
    assert_eq!(redis.call("ZCARD g"), 1);
}

#[test]
fn better_a_holder_at_the_limit_is_granted_and_its_lease_extended() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g t1 LIMIT 2 PX 1000");
    acquire(&redis, "t2", 2);
    let before = redis.call("ZSCORE g t1").text();
    assert_eq!(acquire(&redis, "t1", 2), 1);
    assert!(redis.call("ZSCORE g t1").text() > before);
}

#[test]
fn a_slot_is_gone_at_its_very_expiry() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    redis.call(format!("ZADD g {now} t1"));
    redis.call(format!("PEXPIREAT g {}", now + 50_000));
    assert_eq!(acquire(&redis, "t2", 1), 1);
    assert_eq!(redis.call("ZRANGE g 0 -1"), ["t2"]);
}

#[test]
fn better_a_short_task_after_a_long_one_does_not_shorten_the_keys_life() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g long LIMIT 2 PX 90000");
    let long_end: i64 = redis.call("ZSCORE g long").text().parse().unwrap();
    redis.call("QGATE.ACQUIRE g short LIMIT 2 PX 10");
    assert!(redis.call("PEXPIRETIME g").int() >= long_end);
}

#[test]
fn better_a_limit_of_zero_is_none_and_a_negative_one_an_error() {
    let redis = Redis::start();
    assert_eq!(["t1", "t2"].map(|t| acquire(&redis, t, 0)), [1, 1]);
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [2, 0]);
    let refused = changes_nothing(&redis, || {
        redis.call("QGATE.ACQUIRE g t3 LIMIT -1 PX 50000")
    });
    assert_eq!(
        refused,
        error("ERR value is not an integer or out of range: LIMIT must be 0 to 1000000")
    );
}

#[test]
fn a_limit_that_is_no_integer_is_an_error_and_changes_nothing() {
    let redis = Redis::start();
    let refusal = "ERR value is not an integer or out of range: LIMIT must be 0 to 1000000";
    refuses(
        &redis,
        &[
            ("QGATE.ACQUIRE g t1 LIMIT abc PX 50000", refusal),
            ("QGATE.ACQUIRE g t1 LIMIT 1.5 PX 50000", refusal),
        ],
    );
}

#[test]
fn better_a_lease_of_zero_is_an_error_and_deletes_nothing() {
    let redis = Redis::start();
    acquire(&redis, "t1", 2);
    let refused = changes_nothing(&redis, || redis.call("QGATE.ACQUIRE g t2 LIMIT 2 PX 0"));
    assert_eq!(
        refused,
        error("ERR invalid expire time in 'qgate.acquire' command: PX must be 1 to 2592000000")
    );
}

#[test]
fn with_a_limit_of_two_the_third_is_refused_and_a_holder_is_not() {
    let redis = Redis::start();
    let statuses = ["a", "b", "c", "a"].map(|member| acquire(&redis, member, 2));
    assert_eq!(statuses, [1, 1, 0, 1]);
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [2, 0]);
}

#[test]
fn a_lowered_limit_evicts_nobody() {
    let redis = Redis::start();
    acquire(&redis, "a", 2);
    acquire(&redis, "b", 2);
    assert_eq!(acquire(&redis, "a", 1), 1);
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [2, 0]);
}

#[test]
fn a_release_is_idempotent_and_says_whether_there_was_a_holder() {
    let redis = Redis::start();
    acquire(&redis, "a", 2);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    for line in [
        "QGATE.RELEASE g a",
        "QGATE.RELEASE g x",
        "QGATE.RELEASE nokey a",
    ] {
        assert_eq!(changes_nothing(&redis, || redis.call(line)), 0, "{line}");
    }
}
