//! Several budgets in one call: all or none.

use harness::{Redis, error};

use super::{WRONG_TYPE, answer, info};
use crate::aof::appending;
use crate::unchanged::{changes_nothing, refuses};

#[test]
fn a_cost_is_reserved_in_all_or_in_none() {
    let redis = Redis::start();
    let line = |member: &str, cost: i64| {
        format!(
            "BUDGET.RESERVE day {member} COST {cost} PX 500000 LIMIT 100 AND month LIMIT 150 AND total LIMIT 1000"
        )
    };
    assert_eq!(answer(&redis.call(line("a", 60))), (1, 0, 60, None));
    redis.call("BUDGET.SETTLE month x 80");
    let refused = changes_nothing(&redis, || redis.call(line("b", 20)));
    assert_eq!(answer(&refused), (0, 80, 60, Some("month".to_owned())));
    assert_eq!(answer(&redis.call(line("b", 10))), (1, 0, 70, None));
    let refused = changes_nothing(&redis, || redis.call(line("c", 50)));
    assert_eq!(answer(&refused), (0, 0, 70, Some("day".to_owned())));
    for (key, expected) in [
        ("day", [0, 70, 2]),
        ("month", [80, 70, 2]),
        ("total", [0, 70, 2]),
    ] {
        assert_eq!(info(&redis, key), expected, "{key}");
    }
}

#[test]
fn a_member_keeps_what_it_has_and_takes_what_it_lacks() {
    let redis = Redis::start();
    redis.call("BUDGET.RESERVE day a COST 60 PX 500000 LIMIT 60");
    let both = "BUDGET.RESERVE day a COST 60 PX 500000 LIMIT 0 AND month LIMIT 60";
    assert_eq!(answer(&redis.call(both)), (1, 0, 60, None));
    assert_eq!(info(&redis, "month"), [0, 60, 1]);
    let more = "BUDGET.RESERVE day a COST 61 PX 500000 LIMIT 100 AND month LIMIT 60";
    let refused = changes_nothing(&redis, || redis.call(more));
    assert_eq!(answer(&refused), (0, 0, 60, Some("month".to_owned())));
}

#[test]
fn a_member_that_is_settled_in_one_budget_reserves_in_none() {
    let redis = Redis::start();
    redis.call("BUDGET.SETTLE month a 5");
    let both = "BUDGET.RESERVE day a COST 1 PX 500000 LIMIT 100 AND month LIMIT 100";
    let refused = changes_nothing(&redis, || redis.call(both));
    assert_eq!(answer(&refused), (-1, 5, 0, Some("month".to_owned())));
}

#[test]
fn a_settlement_is_booked_in_each_budget_where_it_was_not() {
    let redis = Redis::start();
    redis.call("BUDGET.RESERVE day a COST 60 PX 500000 LIMIT 100 AND month LIMIT 100");
    assert_eq!(redis.call("BUDGET.SETTLE day a 50"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE day a 50 AND month AND total"), 2);
    assert_eq!(redis.call("BUDGET.SETTLE total a 50 AND day AND month"), 0);
    for key in ["day", "month", "total"] {
        assert_eq!(info(&redis, key), [50, 0, 0], "{key}");
    }
}

#[test]
fn a_key_that_is_no_budget_is_an_error_before_anything_is_written() {
    let redis = appending().start();
    redis.call("SET x v");
    redis.call("BUDGET.RESERVE day a COST 60 PX 500000 LIMIT 100");
    refuses(
        &redis,
        &[
            (
                "BUDGET.RESERVE day b COST 1 PX 5000 LIMIT 100 AND x LIMIT 100",
                WRONG_TYPE,
            ),
            (
                "BUDGET.RESERVE x b COST 1 PX 5000 LIMIT 100 AND day LIMIT 100",
                WRONG_TYPE,
            ),
            // Nor is a refusal the answer.
            (
                "BUDGET.RESERVE day b COST 99 PX 5000 LIMIT 100 AND x LIMIT 100",
                WRONG_TYPE,
            ),
            ("BUDGET.SETTLE day a 1 AND x", WRONG_TYPE),
            ("BUDGET.SETTLE x a 1 AND day", WRONG_TYPE),
        ],
    );
}

#[test]
fn no_budget_is_named_twice() {
    let redis = Redis::start();
    let refusal = error("ERR key 'day' is named twice");
    for line in [
        "BUDGET.RESERVE day a COST 1 PX 5000 LIMIT 5 AND day LIMIT 5",
        "BUDGET.RESERVE day a COST 1 PX 5000 LIMIT 5 AND x LIMIT 5 AND day LIMIT 5",
        "BUDGET.RESERVE x a COST 1 PX 5000 LIMIT 5 AND day LIMIT 5 AND day LIMIT 5",
        "BUDGET.SETTLE day a 1 AND day",
        "BUDGET.SETTLE x a 1 AND day AND y AND day",
    ] {
        let refused = changes_nothing(&redis, || redis.call(line));
        assert_eq!(refused, refusal, "{line}");
    }
}

#[test]
fn as_many_budgets_as_one_likes_are_one_transaction() {
    let redis = Redis::start();
    let more: String = (1..200).map(|at| format!(" AND k{at} LIMIT 5")).collect();
    let line = format!("BUDGET.RESERVE k0 a COST 5 PX 500000 LIMIT 5{more}");
    assert_eq!(answer(&redis.call(&line)), (1, 0, 5, None));
    let more: String = (1..200).map(|at| format!(" AND k{at}")).collect();
    assert_eq!(redis.call(format!("BUDGET.SETTLE k0 a 5{more}")), 200);
    assert_eq!(info(&redis, "k199"), [5, 0, 0]);
}
