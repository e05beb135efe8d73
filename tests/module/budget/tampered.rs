//! Hashes that others have written.

use harness::Redis;

use super::{WRONG_TYPE, answer, granted, info, reserve};
use crate::aof::appending;
use crate::moment::server_ms;
use crate::unchanged::refuses;

const LINES: [&str; 4] = [
    "BUDGET.RESERVE b a COST 1 PX 5000 LIMIT 100",
    "BUDGET.RENEW b PX 5000 a",
    "BUDGET.SETTLE b a 1",
    "BUDGET.INFO b",
];

#[test]
fn a_key_that_is_no_budget_is_refused() {
    let redis = appending().start();
    for written in [
        "SET b v",
        "RPUSH b a",
        "SADD b a",
        "ZADD b 1 a",
        "XADD b * field value",
        "HSET b field 1",
        "HSET b reserved 5:5:5",
        "HSET b spent x",
        "HSET b spent 1.5",
        "HSET b spent 5 reserved x",
        "HSET b spent 5 reserved 5:5",
        "HSET b spent 5 reserved 5:-5:5",
        "HSET b spent 5 reserved 5:5:5:5",
    ] {
        redis.call("DEL b");
        redis.call(written);
        refuses(&redis, &LINES.map(|line| (line, WRONG_TYPE)));
    }
}

#[test]
fn a_record_that_is_none_is_refused_to_its_own_member_alone() {
    let redis = appending().start();
    redis.call("HSET b spent 5");
    for record in ["", "x", "5 x", "-5 5", "1 2 3", "9007199254740992 5"] {
        redis.call(["HSET", "b", "@a", record]);
        let of_member = &LINES[..3];
        let table: Vec<_> = of_member.iter().map(|line| (*line, WRONG_TYPE)).collect();
        refuses(&redis, &table);
        assert_eq!(info(&redis, "b"), [5, 0, 0]);
    }
    assert_eq!(reserve(&redis, "b", 95, 100), granted(5, 95));
}

#[test]
fn a_budget_that_somebody_has_only_begun_is_one() {
    let redis = Redis::start();
    redis.call("HSET b spent 50");
    assert_eq!(info(&redis, "b"), [50, 0, 0]);
    assert_eq!(reserve(&redis, "a", 50, 100), granted(50, 50));
    redis.call(["HSET", "b", "reserved", ""]);
    assert_eq!(info(&redis, "b"), [50, 0, 0]);
}

#[test]
fn absurd_times_count_as_30_days_from_now_and_absurd_sums_harm_nobody() {
    let redis = Redis::start();
    let huge = "99999999999999999999";
    redis.call(["HSET", "b", "spent", huge]);
    redis.call([
        "HSET",
        "b",
        "reserved",
        &format!("{huge}:{huge}:{huge} {huge}1:{huge}:1"),
    ]);
    redis.call(["HSET", "b", "@a", &format!("7 {huge}")]);
    redis.call(["HSET", "b", "@b", huge]);
    assert_eq!(info(&redis, "b"), [i64::MAX, i64::MAX, i64::MAX]);
    for (line, first) in [
        (
            "BUDGET.RESERVE b a COST 8 PX 5000 LIMIT 9007199254740991",
            0,
        ),
        ("BUDGET.RESERVE b a COST 6 PX 5000 LIMIT 0", 1),
        ("BUDGET.RESERVE b b COST 6 PX 5000 LIMIT 0", -1),
    ] {
        assert_eq!(answer(&redis.call(line)).0, first, "{line}");
    }
    assert_eq!(redis.call("BUDGET.RENEW b PX 5000 a b"), [1, 0]);
    assert_eq!(redis.call("BUDGET.SETTLE b a 9007199254740991"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE b b 1"), 0);
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_sum_that_others_have_spoiled_is_right_again_when_its_leases_have_ended() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("HDEL b @a");
    assert_eq!(info(&redis, "b"), [0, 40, 1]);
    let ended = server_ms(&redis) - 1;
    redis.call(format!("HSET b reserved {ended}:40:1"));
    assert_eq!(info(&redis, "b"), [0, 0, 0]);
    assert_eq!(reserve(&redis, "a", 100, 100), granted(0, 100));
    redis.call("HDEL b reserved");
    assert_eq!(redis.call("BUDGET.SETTLE b a 100"), 1);
    assert_eq!(info(&redis, "b"), [100, 0, 0]);
}
