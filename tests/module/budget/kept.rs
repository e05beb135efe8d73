//! What is kept of a budget, for how long, and what replicas and the append-only file get.

use harness::{Redis, Reply};

use super::{DAY_MS, answer, end_of, granted, info, reserve};
use crate::aof::{appended, appending};
use crate::moment::server_ms;
use crate::unchanged::changes_nothing;

const YEAR_2100: i64 = 4_102_444_800_000;

#[track_caller]
fn ends(redis: &Redis, key: &str) -> i64 {
    redis.call(["PEXPIRETIME", key]).int()
}

#[test]
fn a_budget_is_a_hash_that_one_can_read() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    reserve(&redis, "b", 7, 100);
    redis.call("BUDGET.SETTLE b c 30");
    let [a, b, c] = ["a", "b", "c"].map(|member| end_of(&redis, "b", member));
    let sums = if a == b {
        format!("{a}:47:2")
    } else {
        format!("{a}:40:1 {b}:7:1")
    };
    for (field, value) in [
        ("spent", "30".to_owned()),
        ("reserved", sums),
        ("@a", format!("40 {a}")),
        ("@b", format!("7 {b}")),
        ("@c", c.to_string()),
    ] {
        assert_eq!(redis.call(["HGET", "b", field]), value, "{field}");
    }
    assert_eq!(redis.call("HLEN b"), 5);
}

#[test]
fn a_budget_of_which_nobody_says_until_when_has_no_end() {
    let redis = Redis::start();
    for line in [
        "BUDGET.RESERVE b a COST 1 PX 5000 LIMIT 10",
        "BUDGET.RENEW b PX 5000 a",
        "BUDGET.SETTLE b a 1",
        "BUDGET.SETTLE b x 1",
    ] {
        redis.call(line);
        assert_eq!(ends(&redis, "b"), -1, "{line}");
    }
}

#[test]
fn a_budget_ends_when_its_period_is_over() {
    let redis = Redis::start();
    let line = format!("BUDGET.RESERVE b a COST 1 PX 5000 LIMIT 10 UNTIL {YEAR_2100}");
    redis.call(line);
    assert_eq!(ends(&redis, "b"), YEAR_2100);
    redis.call("BUDGET.RENEW b PX 900000 a");
    redis.call("BUDGET.SETTLE b a 1");
    redis.call("BUDGET.RESERVE b b COST 1 PX 5000 LIMIT 10");
    redis.call("BUDGET.RESERVE b c COST 1 PX 5000 LIMIT 10 UNTIL 1");
    assert_eq!(ends(&redis, "b"), YEAR_2100);
    redis.call(format!("BUDGET.SETTLE b b 1 UNTIL {}", YEAR_2100 + 5));
    assert_eq!(ends(&redis, "b"), YEAR_2100 + 5);
}

#[test]
fn each_budget_of_a_call_has_an_end_of_its_own() {
    let redis = Redis::start();
    let (day, month) = (YEAR_2100, YEAR_2100 + DAY_MS);
    let line = format!(
        "BUDGET.RESERVE day a LIMIT 10 UNTIL {day} COST 1 AND month UNTIL {month} LIMIT 10 AND total LIMIT 10 PX 5000"
    );
    assert_eq!(answer(&redis.call(line)), granted(0, 1));
    assert_eq!(
        ["day", "month", "total"].map(|key| ends(&redis, key)),
        [day, month, -1]
    );
    let line =
        format!("BUDGET.SETTLE day2 a 1 UNTIL {day} AND month2 UNTIL {month} AND total2 KEEP 5000");
    assert_eq!(redis.call(line), 3);
    assert_eq!(
        ["day2", "month2", "total2"].map(|key| ends(&redis, key)),
        [day, month, -1]
    );
}

#[test]
fn a_period_that_is_over_is_kept_for_what_it_still_holds() {
    let redis = Redis::start();
    redis.call("BUDGET.RESERVE b a COST 1 PX 500000 LIMIT 10 UNTIL 1");
    let lease = end_of(&redis, "b", "a");
    let left = lease - server_ms(&redis);
    assert!((lease..=lease + left + 60_000).contains(&ends(&redis, "b")));
    redis.call("BUDGET.SETTLE b a 1 UNTIL 1");
    let remembered = end_of(&redis, "b", "a");
    assert!((remembered..=remembered + DAY_MS).contains(&ends(&redis, "b")));
    assert_eq!(redis.call("BUDGET.SETTLE b a 1 UNTIL 1"), 0);
}

#[test]
fn a_budget_whose_end_others_have_set_outlives_what_it_holds() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("PEXPIRE b 1000");
    redis.call("BUDGET.RENEW b PX 900000 a");
    assert!(ends(&redis, "b") >= end_of(&redis, "b", "a"));
    redis.call("PERSIST b");
    redis.call(format!("BUDGET.SETTLE b x 1 UNTIL {YEAR_2100}"));
    assert_eq!(ends(&redis, "b"), YEAR_2100);
    redis.call("PERSIST b");
    // Nobody knows what else it holds.
    redis.call("BUDGET.SETTLE b y 1 KEEP 1 UNTIL 1");
    assert!(ends(&redis, "b") >= server_ms(&redis) + 30 * DAY_MS);
}

#[test]
fn the_file_holds_sums_and_records_in_one_transaction_and_nothing_of_a_refusal() {
    let redis = appending().start();
    let line =
        format!("BUDGET.RESERVE b a COST 40 PX 500000 LIMIT 100 UNTIL {YEAR_2100} AND c LIMIT 100");
    redis.call(&line);
    redis.call(&line);
    reserve(&redis, "x", 61, 100);
    let end = end_of(&redis, "b", "a");
    redis.call("BUDGET.SETTLE b a 30");
    let until = end_of(&redis, "b", "a");
    redis.call("BUDGET.SETTLE b a 30");
    let expected = [
        "MULTI".to_owned(),
        format!("HSET b reserved {end}:40:1 @a 40 {end} spent 0"),
        format!("PEXPIREAT b {YEAR_2100}"),
        format!("HSET c reserved {end}:40:1 @a 40 {end} spent 0"),
        "EXEC".to_owned(),
        format!("HSET b spent 30 @a {until} reserved "),
    ];
    assert_eq!(appended(&redis)[..5], expected[..5]);
    let last = &appended(&redis)[5..];
    assert_eq!(last, &expected[5..], "{last:?}");
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let redis = appending().start();
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b c 9");
    for line in [
        "BUDGET.RESERVE b a COST 40 PX 1000 LIMIT 0",
        "BUDGET.RESERVE b b COST 60 PX 1000 LIMIT 100",
        "BUDGET.RESERVE b b COST 1 PX 1000 LIMIT 100 AND missing LIMIT 0",
        "BUDGET.RESERVE b c COST 1 PX 1000 LIMIT 100",
        "BUDGET.RENEW b PX 1000 b c",
        "BUDGET.SETTLE b c 7",
        "BUDGET.INFO b",
        "BUDGET.INFO missing",
    ] {
        let reply = changes_nothing(&redis, || redis.call(line));
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
}

#[test]
fn a_crash_forgets_neither_reservations_nor_settlements() {
    let mut redis = appending().start();
    reserve(&redis, "a", 40, 100);
    reserve(&redis, "b", 7, 100);
    redis.call("BUDGET.SETTLE b b 9");
    redis.kill();
    redis.restart();
    assert_eq!(info(&redis, "b"), [9, 40, 1]);
    assert_eq!(redis.call("BUDGET.SETTLE b b 9"), 0);
    assert_eq!(redis.call("BUDGET.SETTLE b a 9"), 1);
    assert_eq!(info(&redis, "b"), [18, 0, 0]);
}

#[test]
fn a_promoted_replica_goes_on_with_the_same_budget() {
    let mut redis = Redis::start();
    let replica = redis.replica(Redis::builder());
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b b 9");
    redis.call("BUDGET.RENEW b PX 900000 a");
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
    assert_eq!(info(&replica, "b"), [9, 40, 1]);
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    assert_eq!(replica.call("BUDGET.SETTLE b b 9"), 0);
    assert_eq!(replica.call("BUDGET.SETTLE b a 30"), 1);
    assert_eq!(info(&replica, "b"), [39, 0, 0]);
}

#[test]
fn a_dumped_budget_goes_on_on_another_server() {
    let (from, to) = (Redis::start(), Redis::start());
    reserve(&from, "a", 40, 100);
    from.call("BUDGET.SETTLE b b 9");
    let Reply::Text(dump) = from.call("DUMP b") else {
        panic!("a key can be dumped");
    };
    assert_eq!(to.call([b"RESTORE".as_slice(), b"b", b"0", &dump]), "OK");
    assert_eq!(info(&to, "b"), [9, 40, 1]);
    assert_eq!(reserve(&to, "c", 52, 100), (0, 9, 40, Some("b".to_owned())));
    assert_eq!(to.call("BUDGET.SETTLE b a 1"), 1);
    assert_eq!(to.call("BUDGET.SETTLE b b 9"), 0);
}

#[test]
fn a_copied_or_renamed_budget_goes_on_by_its_new_name() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b b 9");
    redis.call("COPY b copy");
    redis.call("RENAME b renamed");
    assert_eq!(redis.call("BUDGET.SETTLE copy a 30"), 1);
    for (key, expected) in [
        ("b", [0, 0, 0]),
        ("copy", [39, 0, 0]),
        ("renamed", [9, 40, 1]),
    ] {
        assert_eq!(info(&redis, key), expected, "{key}");
    }
    assert_eq!(redis.call("BUDGET.SETTLE renamed b 9"), 0);
    assert_eq!(redis.call("BUDGET.RENEW renamed PX 90000 a"), [1]);
}

#[test]
fn a_full_server_refuses_to_reserve_and_lets_settle_and_renew() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("CONFIG SET maxmemory 1");
    let refused = redis.call("BUDGET.RESERVE b b COST 1 PX 5000 LIMIT 100");
    assert!(matches!(&refused, Reply::Error(line) if line.starts_with("OOM ")));
    assert_eq!(redis.call("BUDGET.RENEW b PX 900000 a"), [1]);
    assert_eq!(redis.call("BUDGET.SETTLE b a 30"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE b c 30"), 1);
    assert_eq!(info(&redis, "b"), [60, 0, 0]);
}
