//! The keys of a call, as the server finds them for ACLs and clusters: by the command's own parser.

use harness::{Redis, Reply, error};

use super::info;
use crate::cluster::only_server;
use crate::limited::limited;
use crate::typed::typed;

#[track_caller]
fn keys(redis: &Redis, line: &str) -> Vec<String> {
    let words = [vec![b"COMMAND".to_vec(), b"GETKEYS".to_vec()], typed(line)].concat();
    let keys = redis.call(words);
    keys.items().iter().map(Reply::text).collect()
}

#[test]
fn every_budget_is_a_key_and_words_that_read_like_others_fool_nobody() {
    let redis = Redis::start();
    for (line, expected) in [
        (
            "BUDGET.RESERVE AND AND COST 1 PX 5000 LIMIT 5",
            &["AND"][..],
        ),
        (
            "BUDGET.RESERVE LIMIT AND COST 1 PX 5000 LIMIT 5 AND AND LIMIT 5 AND PX LIMIT 5",
            &["LIMIT", "AND", "PX"],
        ),
        (
            r#"budget.reserve "" a limit 5 until 5 and b limit 5 cost 1 and c ex 5 limit 5"#,
            &["", "b", "c"],
        ),
        ("BUDGET.SETTLE AND AND 5", &["AND"]),
        (
            "BUDGET.SETTLE KEEP AND 5 AND AND KEEP 5 AND UNTIL UNTIL 5",
            &["KEEP", "AND", "UNTIL"],
        ),
    ] {
        assert_eq!(keys(&redis, line), expected, "{line}");
        let reply = redis.call(typed(line));
        assert!(!reply.is_error(), "{line}: {reply:?}");
        let mut made = expected.to_vec();
        made.sort_unstable();
        let there = redis.call("KEYS *");
        let mut there: Vec<_> = there.items().iter().map(Reply::text).collect();
        there.sort();
        assert_eq!(there, made, "{line}");
        redis.call("FLUSHALL");
    }
}

#[test]
fn a_call_that_cannot_be_read_names_no_keys_and_does_nothing() {
    let redis = Redis::start();
    for line in [
        "BUDGET.RESERVE k1 a COST 1 PX 5000 UNTIL 5 x y",
        "BUDGET.RESERVE k1 a COST 1 PX 5000 LIMIT 5 AND k2",
        "BUDGET.RESERVE k1 a COST 1 PX 5000 LIMIT 5 AND k1 LIMIT 5",
        "BUDGET.SETTLE k1 a 5 AND",
        "BUDGET.SETTLE k1 a -5",
    ] {
        let named = redis.call(format!("COMMAND GETKEYS {line}"));
        assert!(named.is_error(), "{line}: {named:?}");
        assert!(redis.call(line).is_error(), "{line}");
    }
    assert_eq!(redis.call("DBSIZE"), 0);
}

#[test]
fn every_budget_needs_the_right_to_read_and_to_write_it() {
    let redis = Redis::start();
    for line in [
        "BUDGET.RESERVE day LIMIT COST 1 PX 500000 LIMIT 5 AND month LIMIT 5",
        "BUDGET.SETTLE day LIMIT 1 AND month",
    ] {
        for rules in [
            "~day",
            "~month",
            "%R~day ~month",
            "~day %R~month",
            "~day %W~month",
            "~AND ~LIMIT ~day",
            "~day ~month -budget.reserve -budget.settle",
        ] {
            let answer = limited(&redis, rules).call(line);
            let denied = matches!(&answer, Reply::Error(line) if line.starts_with("NOPERM "));
            assert!(denied, "{line}: {rules}: {answer:?}");
        }
        let allowed = limited(&redis, "~day ~month").call(line);
        assert!(!allowed.is_error(), "{line}: {allowed:?}");
    }
    assert_eq!(info(&redis, "month"), [1, 0, 0]);
}

#[test]
fn all_budgets_must_share_a_slot() {
    let redis = only_server();
    let refusal = error("CROSSSLOT Keys in request don't hash to the same slot");
    for line in [
        "BUDGET.RESERVE k1 a COST 1 PX 5000 LIMIT 5 AND k2 LIMIT 5",
        "BUDGET.SETTLE {x}day a 1 AND {x}month AND {y}total",
    ] {
        assert_eq!(redis.call(line), refusal, "{line}");
    }
    let line = "BUDGET.RESERVE {x}day a COST 1 PX 5000 LIMIT 5 AND {x}month LIMIT 5";
    assert_eq!(redis.call(line).items()[0], 1);
    assert_eq!(redis.call("BUDGET.SETTLE {x}day a 1 AND {x}month"), 2);
}
