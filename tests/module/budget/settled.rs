//! What is booked, and that it is booked once.

use harness::{Redis, eventually};

use super::{DAY_MS, end_of, granted, info, reserve};
use crate::moment::moment;
use crate::unchanged::changes_nothing;

#[test]
fn a_settlement_is_booked_once_and_lets_the_reservation_go() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    reserve(&redis, "b", 7, 100);
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 1);
    assert_eq!(info(&redis, "b"), [30, 7, 1]);
    for actual in [30, 31, 0] {
        let line = format!("BUDGET.SETTLE b a {actual}");
        assert_eq!(changes_nothing(&redis, || redis.call(line)), 0);
    }
    assert_eq!(info(&redis, "b"), [30, 7, 1]);
}

#[test]
fn more_than_was_reserved_is_booked_even_beyond_the_limit() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    assert_eq!(redis.call("BUDGET.SETTLE b a 5000"), 1);
    assert_eq!(info(&redis, "b"), [5000, 0, 0]);
}

#[test]
fn nothing_spent_gives_the_reservation_back() {
    let redis = Redis::start();
    reserve(&redis, "a", 100, 100);
    assert_eq!(redis.call("BUDGET.SETTLE b a 0"), 1);
    assert_eq!(reserve(&redis, "b", 100, 100), granted(0, 100));
}

#[test]
fn what_was_never_reserved_is_booked_once_too() {
    let redis = Redis::start();
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 0);
    assert_eq!(info(&redis, "b"), [30, 0, 0]);
}

#[test]
fn what_a_server_has_lost_is_booked_all_the_same() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("FLUSHALL");
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 0);
    assert_eq!(info(&redis, "b"), [30, 0, 0]);
}

#[test]
fn a_settlement_is_remembered_for_a_day_unless_told_otherwise() {
    let redis = Redis::start();
    for (options, keep) in [
        ("", DAY_MS),
        ("KEEP 500000", 500_000),
        ("KEEP 2592000000", 2_592_000_000),
    ] {
        let line = format!("BUDGET.SETTLE b r{keep} 1 {options}");
        let settled = moment(&redis, line);
        let end = end_of(&redis, "b", &format!("r{keep}"));
        assert!(settled.plus(keep).contains(&end), "{options}");
    }
}

#[test]
fn what_is_not_remembered_any_more_is_booked_anew() {
    let redis = Redis::start();
    assert_eq!(redis.call("BUDGET.SETTLE b a 30 KEEP 20"), 1);
    eventually("it is forgotten", || {
        match redis.call("BUDGET.SETTLE b a 30").int() {
            1 => Ok(()),
            other => Err(other.to_string()),
        }
    });
    assert_eq!(info(&redis, "b"), [60, 0, 0]);
}

#[test]
fn what_was_spent_stops_at_the_end_of_its_range() {
    let redis = Redis::start();
    redis.call("HSET b spent 9223372036854775000");
    assert_eq!(redis.call("BUDGET.SETTLE b a 9007199254740991"), 1);
    assert_eq!(info(&redis, "b"), [i64::MAX, 0, 0]);
    assert_eq!(redis.call("BUDGET.SETTLE b b 1"), 1);
    assert_eq!(redis.call("HGET b spent"), i64::MAX.to_string());
}

#[test]
fn others_may_correct_what_was_spent() {
    let redis = Redis::start();
    redis.call("BUDGET.SETTLE b a 100");
    redis.call("HINCRBY b spent -150");
    assert_eq!(info(&redis, "b"), [-50, 0, 0]);
    assert_eq!(reserve(&redis, "b", 150, 100), granted(-50, 150));
}
