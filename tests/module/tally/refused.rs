//! What cannot be counted is refused before anything is written: the id can be counted afterwards.

use super::{add, assert_counters};
use crate::aof::appending;
use crate::unchanged::refuses;

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

/// Commands that make keys of every type but that of the key in question.
const OTHERS: [&str; 5] = [
    "SET x v",
    "RPUSH x a",
    "SADD x a",
    "SADD x 1 2 3",
    "XADD x * field value",
];

#[test]
fn a_hash_of_another_type_is_refused_wherever_it_stands() {
    let redis = appending().start();
    for written in OTHERS.iter().chain([&"ZADD x 1 a"]) {
        redis.call("DEL x");
        redis.call(written);
        let table = [
            add("r1", "1 x f 1"),
            add("r1", "2 x f 1 hour f 1"),
            add("r1", "3 hour f 1 day f 1 x f 1"),
        ];
        refuses(&redis, &table.map(|line| (line, WRONG_TYPE)));
    }
    assert_eq!(redis.call("DEL x"), 1);
    assert_eq!(redis.call(add("r1", "2 hour f 1 x f 1")), 1);
}

#[test]
fn ids_of_another_type_are_refused() {
    let redis = appending().start();
    for written in OTHERS.iter().chain([&"HSET x f 1"]) {
        redis.call("DEL x");
        redis.call(written);
        refuses(&redis, &[("TALLY.ADD x r1 PX 5000 1 hour f 1", WRONG_TYPE)]);
    }
}

#[test]
fn a_field_that_is_no_integer_is_refused_by_name() {
    let redis = appending().start();
    let refusal = "ERR hash value is not an integer: field 'f'";
    for value in [
        "x",
        "1.5",
        "01",
        "+1",
        "-0",
        "1e3",
        "9223372036854775808",
        "nan",
    ] {
        redis.call(["HSET", "hour", "f", value]);
        let lines = [
            add("r1", "1 hour f 1"),
            add("r1", "3 day f 1 hour g 1 hour f 1"),
        ];
        refuses(&redis, &lines.map(|line| (line, refusal)));
    }
    redis.call(["HSET", "hour", "f", ""]);
    refuses(&redis, &[(add("r1", "1 hour f 0"), refusal)]);
    let strange = r#"ERR hash value is not an integer: field '\x00\r\n%s'"#;
    redis.call(["HSET", "hour", "\0\r\n%s", "v"]);
    refuses(&redis, &[(add("r1", r#"1 hour "\x00\r\n%s" 1"#), strange)]);
}

#[test]
fn a_counter_that_would_leave_its_range_is_refused_by_name() {
    let redis = appending().start();
    redis.call("HSET hour up 9223372036854775807 down -9223372036854775808");
    let refusal =
        |field: &str| format!("ERR increment or decrement would overflow: field '{field}'");
    let table = [
        (add("r1", "1 hour up 1"), refusal("up")),
        (add("r1", "1 hour down -1"), refusal("down")),
        (add("r1", "3 day f 1 hour g 1 hour up 1"), refusal("up")),
        (
            add("r1", "2 day f 9223372036854775807 day f 1"),
            refusal("f"),
        ),
        // As one after the other: the way there leaves the range, though the sum would not.
        (add("r1", "2 hour up 1 hour up -1"), refusal("up")),
        (
            add(
                "r1",
                "2 day f -9223372036854775808 day f -9223372036854775808",
            ),
            refusal("f"),
        ),
    ];
    refuses(&redis, &table);
    assert_eq!(redis.call(add("r1", "2 hour up -1 hour up 1")), 1);
    assert_counters(
        &redis,
        "hour",
        &[
            ("down", "-9223372036854775808"),
            ("up", "9223372036854775807"),
        ],
    );
}

#[test]
fn a_server_without_memory_refuses_to_count() {
    let redis = appending().start();
    redis.call("CONFIG SET maxmemory 1");
    let refused = redis.call(add("r1", "1 hour f 1"));
    assert!(refused.is_error(), "{refused:?}");
    redis.call("CONFIG SET maxmemory 0");
    assert_eq!(redis.call(add("r1", "1 hour f 1")), 1);
}
