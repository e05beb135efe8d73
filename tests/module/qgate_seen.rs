//! What `QGATE.COUNT`, `MEMBERS` and `INFO` show of a gate.

use harness::{Redis, Reply};

use crate::moment::moment;
use crate::qgate::lease_end;
use crate::unchanged::changes_nothing;

#[test]
fn counting_answers_a_pair_per_gate_in_the_order_asked() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g1 a LIMIT 0 PX 50000");
    redis.call("QGATE.ACQUIRE g2 a LIMIT 0 PX 50000");
    redis.call("QGATE.ACQUIRE g2 b LIMIT 0 PX 50000");
    let counts = changes_nothing(&redis, || redis.call("QGATE.COUNT g2 missing g1 g2"));
    assert_eq!(counts, [[2, 0], [0, 0], [1, 0], [2, 0]]);
}

#[test]
fn members_are_listed_with_the_time_they_have_left() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 20000");
    let listed = changes_nothing(&redis, || moment(&redis, "QGATE.MEMBERS g"));
    let rows = listed.reply.items();
    for (row, member) in rows.iter().zip(["b", "a"]) {
        let [name, left] = row.items() else {
            panic!("a pair was expected, not {row:?}");
        };
        assert_eq!(*name, member);
        let end = lease_end(&redis, "g", member);
        assert!(listed.left_until(end).contains(&left.int()));
    }
    assert_eq!(rows.len(), 2);
    let missing = redis.call("QGATE.MEMBERS missing");
    assert_eq!(missing, Reply::Array(Vec::new()));
}

#[test]
fn members_are_listed_a_hundred_at_a_time_unless_told() {
    let redis = Redis::start();
    for member in 0..150 {
        let lease = 50_000 + member;
        redis.call(format!("QGATE.ACQUIRE g m{member} LIMIT 0 PX {lease}"));
    }
    let count = |line: &str| redis.call(line).items().len();
    assert_eq!(count("QGATE.MEMBERS g"), 100);
    assert_eq!(count("QGATE.MEMBERS g COUNT 1"), 1);
    assert_eq!(count("QGATE.MEMBERS g count 120"), 120);
    assert_eq!(count("QGATE.MEMBERS g COUNT 10000"), 150);
}

#[test]
fn info_shows_a_gate_at_a_glance() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 5 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 7 PX 20000");
    let seen = changes_nothing(&redis, || moment(&redis, "QGATE.INFO g"));
    let next = seen.reply.field("next-expiry-ms").int();
    let end = lease_end(&redis, "g", "b");
    assert!(seen.left_until(end).contains(&next));
    assert_eq!(seen.reply, info(2, 7.into(), next.into()));
}

#[test]
fn info_of_a_missing_gate_answers_zeros_and_nil() {
    let redis = Redis::start();
    let missing = info(0, Reply::Nil, Reply::Nil);
    assert_eq!(redis.call("QGATE.INFO g"), missing);
    let Reply::Map(pairs) = redis.connect_resp3().call("QGATE.INFO g") else {
        panic!("a map was expected");
    };
    let flat: Vec<_> = pairs
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect();
    assert_eq!(missing, flat);
}

/// What `QGATE.INFO` answers in RESP2 of an open gate while nobody can wait.
fn info(in_use: i64, limit: Reply, next: Reply) -> Reply {
    let zero = || Reply::Int(0);
    let fields = [
        ("in-use", in_use.into()),
        ("waiting", zero()),
        ("limit", limit),
        ("closed-ms", zero()),
        ("flows", zero()),
        ("oldest-wait-ms", zero()),
        ("next-expiry-ms", next),
    ];
    let flat = fields.map(|(name, value)| [name.into(), value]);
    Reply::Array(flat.into_iter().flatten().collect())
}
