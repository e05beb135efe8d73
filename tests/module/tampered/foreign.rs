//! Keys of other types, and keys of our types with foreign content.

use harness::Redis;

use super::assert_wrong_type;
use crate::typed::typed;

/// Every command, on the key `x`.
const ON_TURNS: [&str; 6] = [
    "UMQ.ACQUIRE x a PX 1000",
    "UMQ.RENEW x a PX 1000",
    "UMQ.RELEASE x a",
    "UMQ.RELEASE x a NOSTAMP",
    "UMQ.FORCE x",
    "UMQ.INFO x",
];
const ON_GATES: [&str; 9] = [
    "QGATE.ACQUIRE x a LIMIT 1 PX 1000",
    "QGATE.RENEW x PX 1000 a",
    "QGATE.RELEASE x a",
    "QGATE.LEAVE a 1 x",
    "QGATE.LEAVE a 2 g x",
    "QGATE.COUNT x",
    "QGATE.COUNT g x",
    "QGATE.MEMBERS x",
    "QGATE.INFO x",
];
const ON_TRIES: [&str; 7] = [
    "TRIE.SAVE x a v PX 1000",
    "TRIE.SAVE x a-b v PX 1000 REPLACE a",
    "TRIE.FIND x a",
    "TRIE.FIND x a PX 1000",
    "TRIE.FIND_RO x a",
    "TRIE.DEL x a",
    "TRIE.INFO x",
];
const ON_RATES: [&str; 4] = [
    "RATE.TAKE x BURST 5 RATE 5 PER 5000000",
    "RATE.TAKE x BURST 5 RATE 5 PER 5000000 COST 0",
    "RATE.TAKE x BURST 5 RATE 5 PER 5000000 COST 9 FORCE",
    "RATE.GIVE x BURST 5 RATE 5 PER 5000000 COST 1",
];

const STRING: &str = r#"SET x "1 2 3 4 h""#;
const ZSET: &str = "ZADD x 1 a";
const HASH: &str = "HSET x field value";
const OTHERS: [&str; 7] = [
    "RPUSH x a",
    "SADD x a",
    "SADD x 1 2 3",
    "XADD x * field value",
    "SETBIT x 7 1",
    "PFADD x a",
    "GEOADD x 13 38 a",
];

#[track_caller]
fn all_wrong(redis: &Redis, written: &str, commands: &[&str]) {
    redis.call("DEL x");
    let done = redis.call(typed(written));
    assert!(!done.is_error(), "{written}: {done:?}");
    for line in commands {
        assert_wrong_type(redis, line);
    }
}

#[test]
fn a_turn_is_no_other_type() {
    let redis = Redis::start();
    for written in OTHERS.iter().chain([&ZSET, &HASH]) {
        all_wrong(&redis, written, &ON_TURNS);
    }
}

#[test]
fn a_gate_is_no_other_type() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 500000");
    let sorted_sets = [&"GEOADD x 13 38 a"];
    for written in OTHERS.iter().chain([&STRING, &HASH]) {
        if !sorted_sets.contains(&written) {
            all_wrong(&redis, written, &ON_GATES);
        }
    }
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [1, 0]);
}

#[test]
fn a_trie_is_no_other_type() {
    let redis = Redis::start();
    for written in OTHERS.iter().chain([&STRING, &ZSET]) {
        all_wrong(&redis, written, &ON_TRIES);
    }
}

#[test]
fn a_rate_is_no_other_type() {
    let redis = Redis::start();
    for written in OTHERS.iter().chain([&ZSET, &HASH]) {
        all_wrong(&redis, written, &ON_RATES);
    }
}

#[test]
fn a_string_that_is_no_rate_is_refused() {
    let redis = Redis::start();
    for written in [
        STRING,
        r#"SET x """#,
        "SET x garbage",
        "SET x 1.5",
        "SET x 1e18",
        "SET x +1",
        "SET x 0x10",
        "SET x nan",
        r#"SET x " 1""#,
        r#"SET x "1\x00""#,
        r#"SET x "1\r\n""#,
        r#"SET x "\xff""#,
        "SET x %s%n",
    ] {
        all_wrong(&redis, written, &ON_RATES);
    }
}

#[test]
fn a_string_that_is_no_turn_is_refused() {
    let redis = Redis::start();
    for written in [
        r#"SET x """#,
        "SET x 5",
        "SET x garbage",
        r#"SET x "1 2 3""#,
        r#"SET x "1 2 3 4""#,
        r#"SET x "x 2 3 4 h""#,
        r#"SET x "1 x 3 4 h""#,
        r#"SET x "1 2  4 h""#,
        r#"SET x "1 2 3 4.5 h""#,
        r#"SET x "nan 2 3 4 h""#,
        r#"SET x "1\x00 2 3 4 h""#,
        r#"SET x " 1 2 3 4 h""#,
        r#"SET x "\xff\xfe 2 3 4 h""#,
        r#"SET x "%s%n 2 3 4 h""#,
    ] {
        all_wrong(&redis, written, &ON_TURNS);
    }
}

#[test]
fn a_hash_without_a_seed_is_no_trie() {
    let redis = Redis::start();
    for written in [
        HASH,
        "HSET x Seed 5",
        r#"HSET x seed """#,
        "HSET x seed x",
        "HSET x seed 1.5",
        "HSET x seed -5",
        "HSET x seed 18446744073709551616",
        r#"HSET x seed "5\x00""#,
        r#"HSET x seed "\xff""#,
    ] {
        all_wrong(&redis, written, &ON_TRIES);
    }
}
