//! Which gate of ANY is taken, when nobody waits: tiers, then the least load, then turns.

use harness::Redis;

use super::{admit, granted, hold};
use crate::waiting::line::members;

/// Fills a gate with so many holders.
#[track_caller]
fn fill(redis: &Redis, gate: &str, count: usize) {
    let members: String = (0..count)
        .map(|number| format!(" 99999999999999 h{number}"))
        .collect();
    assert_eq!(redis.call(format!("ZADD {gate}{members}")), count as i64);
}

/// The index that is granted to a member that gives its slot back at once.
#[track_caller]
fn chosen(redis: &Redis, gates: &[&str], rest: &str) -> i64 {
    let listed: Vec<_> = gates.iter().map(|gate| format!("{gate} 1000000")).collect();
    let ask = format!("ANY {} {} {rest}", gates.len(), listed.join(" "));
    let answer = redis.call(admit("m", &ask));
    let index = answer.items()[1].int();
    assert_eq!(answer.items()[0], 1, "{answer:?}");
    assert_eq!(redis.call(["QGATE.RELEASE", gates[index as usize], "m"]), 1);
    index
}

#[test]
fn the_least_loaded_gate_is_taken() {
    let redis = Redis::start();
    fill(&redis, "a", 3);
    fill(&redis, "b", 2);
    fill(&redis, "c", 4);
    for (limits, index, in_use) in [
        ([9, 9, 9], 1, 3),
        ([10, 5, 10], 0, 4),
        ([4, 3, 9], 2, 5),
        ([3, 2, 100], 2, 5),
        ([3, 3, 4], 1, 3),
    ] {
        let [a, b, c] = limits;
        let ask = format!("ANY 3 a {a} b {b} c {c}");
        assert_eq!(
            redis.call(admit("m", &ask)),
            granted(index, in_use),
            "{ask}"
        );
        redis.call("QGATE.LEAVE m 3 a b c");
    }
}

#[test]
fn loads_are_compared_without_rounding() {
    let redis = Redis::start();
    fill(&redis, "a", 1);
    fill(&redis, "b", 33_333);
    // 1/3 > 33,333/100,000 > 33,333/100,001; in floats of 32 bits the last two are one.
    for (gates, index) in [
        ("a 3 b 100000", 1),
        ("b 100000 a 3", 0),
        ("a 4 b 100000", 0),
        ("b 99999 a 3", 1),
    ] {
        redis.call("QGATE.ADMIT x PX 500000 ANY 1 b 0");
        redis.call("QGATE.RELEASE b x");
        let ask = format!("ANY 2 {gates}");
        let answer = redis.call(admit("m", &ask));
        assert_eq!(answer.items()[1], index, "{ask}");
        redis.call("QGATE.LEAVE m 2 a b");
    }
}

#[test]
fn equally_loaded_gates_take_turns() {
    let redis = Redis::start();
    let turns: Vec<_> = (0..9)
        .map(|_| chosen(&redis, &["a", "b", "c"], ""))
        .collect();
    assert_eq!(turns, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(chosen(&redis, &["c", "b"], ""), 1, "whatever their order");
    assert_eq!(chosen(&redis, &["b", "d", "a"], ""), 1, "a new one first");
}

#[test]
fn a_grant_by_acquiring_or_by_hand_off_counts_for_the_turns_too() {
    let redis = Redis::start();
    assert_eq!(chosen(&redis, &["a", "b"], ""), 0);
    assert_eq!(chosen(&redis, &["a", "b"], ""), 1);
    redis.call("QGATE.ACQUIRE a x LIMIT 5 PX 500000");
    redis.call("QGATE.RELEASE a x");
    assert_eq!(chosen(&redis, &["a", "b"], ""), 1);
    assert_eq!(chosen(&redis, &["a", "b"], ""), 0);
}

#[test]
fn equal_fractions_of_different_limits_are_equal_loads() {
    let redis = Redis::start();
    fill(&redis, "a", 1);
    fill(&redis, "b", 2);
    let turn = |ask: &str| {
        let index = redis.call(admit("m", ask)).items()[1].int();
        redis.call("QGATE.LEAVE m 2 a b");
        index
    };
    let turns: Vec<_> = (0..4).map(|_| turn("ANY 2 a 3 b 6")).collect();
    assert_eq!(turns, [0, 1, 0, 1]);
}

#[test]
fn a_gate_without_a_limit_bears_no_load() {
    let redis = Redis::start();
    fill(&redis, "a", 500);
    fill(&redis, "b", 1);
    assert_eq!(
        redis.call(admit("m", "ANY 2 b 1000000 a 0")),
        granted(1, 501)
    );
    assert_eq!(redis.call(admit("n", "ANY 2 a 0 c 1")), granted(1, 1));
}

#[test]
fn a_lower_tier_is_taken_first_however_loaded() {
    let redis = Redis::start();
    fill(&redis, "a", 8);
    let tiers = "ANY 3 b 10 a 10 c 10 PRIORITY 2 1 2";
    assert_eq!(redis.call(admit("m", tiers)), granted(1, 9));
    assert_eq!(redis.call(admit("n", tiers)), granted(1, 10));
    assert_eq!(redis.call(admit("o", tiers)), granted(0, 1));
    assert_eq!(redis.call(admit("p", tiers)), granted(2, 1));
    let far_apart = "ANY 2 d 10 e 10 PRIORITY 1000000 -1000000";
    assert_eq!(redis.call(admit("q", far_apart)), granted(1, 1));
    assert_eq!(redis.call(admit("r", far_apart)), granted(1, 2));
}

#[test]
fn within_a_tier_the_least_loaded_then_the_one_granted_least_recently_is_taken() {
    let redis = Redis::start();
    fill(&redis, "a", 2);
    fill(&redis, "b", 1);
    let rest = "PRIORITY 3 5 5 3";
    hold(&redis, "d", "x");
    assert_eq!(chosen(&redis, &["a", "b", "c", "d"], rest), 3);
    hold(&redis, "d", "y");
    let turns: Vec<_> = (0..2)
        .map(|_| chosen(&redis, &["a", "b", "c", "d"], rest))
        .collect();
    assert_eq!(turns, [0, 3], "both have two");
}

#[test]
fn priorities_may_stand_before_the_gates_and_in_any_order_of_options() {
    let redis = Redis::start();
    let line = "QGATE.ADMIT m PRIORITY 2 1 QUEUE 5 ANY 2 a 1 b 1 FLOW f EX 500 ALL 1 u 1";
    assert_eq!(redis.call(line), granted(1, 1));
    let line = "qgate.admit n priority 1 2 any 2 a 1 b 1 ex 500 all 1 u 2 prefer b";
    assert_eq!(redis.call(line), granted(0, 1).clone());
    assert_eq!(members(&redis, "u"), ["m", "n"]);
}
