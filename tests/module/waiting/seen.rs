//! What INFO, COUNT and WAITERS show of a line, in RESP2 and RESP3.

use harness::{Redis, Reply, eventually};

use super::asker::{Asker, ask_one_by_one, in_transaction};
use super::line::until_waiters_are;
use crate::moment::{Moment, moment, server_ms};
use crate::umq::granted;
use crate::unchanged::changes_nothing;

/// A turn `t` and a gate `g` with a single slot, both held.
fn held() -> Redis {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

/// A span that began between `after` and `before` and was looked at in this moment.
#[track_caller]
fn assert_began_between(after: i64, before: i64, seen: &Moment, span: &Reply) {
    let range = seen.from - before..=seen.until - after;
    assert!(range.contains(&span.int()), "{span:?} in {range:?}");
}

#[test]
fn info_and_count_show_how_many_wait() {
    let redis = held();
    for info in ["UMQ.INFO t", "QGATE.INFO g"] {
        let seen = redis.call(info);
        for field in ["waiting", "flows", "oldest-wait-ms"] {
            assert_eq!(*seen.field(field), 0, "{info} {field}");
        }
    }
    let clauses = ["", "FLOW f", "FLOW f", "", "FLOW h WEIGHT 9"];
    let mut askers = Vec::new();
    for (number, clause) in clauses.iter().enumerate() {
        for line in [
            format!("UMQ.ACQUIRE t w{number} PX 1000 BLOCK 0 {clause}"),
            format!("QGATE.ACQUIRE g w{number} LIMIT 1 PX 1000 BLOCK 0 {clause}"),
        ] {
            askers.push(Asker::ask(&redis, line));
        }
    }
    for info in ["UMQ.INFO t", "QGATE.INFO g"] {
        let seen = redis.call(info);
        assert_eq!(*seen.field("waiting"), 5, "{info}");
        assert_eq!(*seen.field("flows"), 3, "{info}");
    }
    assert_eq!(
        redis.call("QGATE.COUNT g missing g"),
        [[1, 5], [0, 0], [1, 5]]
    );
    drop(askers);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_eq!(*redis.call("UMQ.INFO t").field("flows"), 0);
    assert_eq!(*redis.call("QGATE.INFO g").field("oldest-wait-ms"), 0);
}

#[test]
fn info_shows_how_long_the_oldest_waits() {
    let redis = held();
    let after = server_ms(&redis);
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0 FLOW f");
    let _c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0");
    let before = server_ms(&redis);
    redis.call("UMQ.ACQUIRE t d PX 1000 BLOCK 30");
    let _e = Asker::ask(&redis, "UMQ.ACQUIRE t e PX 1000 BLOCK 0");
    let _f = Asker::ask(&redis, "QGATE.ACQUIRE g f LIMIT 1 PX 1000 BLOCK 0");
    for info in ["UMQ.INFO t", "QGATE.INFO g"] {
        let seen = moment(&redis, info);
        assert_began_between(after, before, &seen, seen.reply.field("oldest-wait-ms"));
    }
}

#[test]
fn waiters_are_listed_with_their_flow_and_time() {
    let redis = held();
    let after = server_ms(&redis);
    let _askers = [
        "UMQ.ACQUIRE t b PX 1000 BLOCK 0",
        "UMQ.ACQUIRE t c PX 1000 BLOCK 0 FLOW f",
        "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0",
        "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0 FLOW f",
    ]
    .map(|line| Asker::ask(&redis, line));
    let before = server_ms(&redis);
    for list in ["UMQ.WAITERS t", "QGATE.WAITERS g"] {
        let seen = changes_nothing(&redis, || moment(&redis, list));
        let [b, c] = seen.reply.items() else {
            panic!("two rows were expected, not {:?}", seen.reply);
        };
        assert_eq!(b.items()[..2], [Reply::from("b"), Reply::Nil]);
        assert_eq!(c.items()[..2], [Reply::from("c"), "f".into()]);
        for row in [b, c] {
            assert_eq!(row.items().len(), 3);
            assert_began_between(after, before, &seen, &row.items()[2]);
        }
    }
}

#[test]
fn waiters_are_listed_a_hundred_at_a_time_unless_told() {
    let redis = held();
    let _askers = ask_one_by_one(
        &redis,
        120,
        "QGATE.ACQUIRE g w{} LIMIT 1 PX 1000 BLOCK 0 FLOW f{}",
    );
    let count = |line: &str| redis.call(line).items().len();
    assert_eq!(count("QGATE.WAITERS g"), 100);
    assert_eq!(count("QGATE.WAITERS g COUNT 1"), 1);
    assert_eq!(count("QGATE.WAITERS g count 110"), 110);
    assert_eq!(count("QGATE.WAITERS g COUNT 10000"), 120);
}

#[test]
fn nobody_waits_for_what_is_missing() {
    let redis = Redis::start();
    for list in ["UMQ.WAITERS t", "QGATE.WAITERS g", "UMQ.WAITERS t COUNT 5"] {
        let none = changes_nothing(&redis, || redis.call(list));
        assert_eq!(none, Reply::Array(Vec::new()), "{list}");
    }
}

#[test]
fn resp3_has_the_same_answers() {
    let redis = held();
    let mut client = redis.connect_resp3();
    assert_eq!(
        client.call("UMQ.ACQUIRE t b PX 1000 BLOCK 20"),
        [0, -1, 0, 0]
    );
    let mut b = Asker::ask_over(&redis, client, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let mut c = Asker::ask_over(
        &redis,
        redis.connect_resp3(),
        "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0",
    );
    let mut reader = redis.connect_resp3();
    let rows = reader.call("QGATE.WAITERS g");
    assert_eq!(rows.items()[0].items()[..2], [Reply::from("c"), Reply::Nil]);
    let info = reader.call("UMQ.INFO t");
    assert!(matches!(info, Reply::Map(_)), "{info:?}");
    assert_eq!(*info.field("waiting"), 1);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_eq!(redis.call("QGATE.CANCEL g c"), 1);
    assert_eq!(c.answer(), [0, 1, 0]);
}

#[test]
fn ids_of_waiters_may_be_any_1_to_512_bytes() {
    let redis = held();
    let every_byte: Vec<u8> = (0..=255).chain(0..=255).collect();
    let ids: [&[u8]; 6] = [
        b"\0",
        b" ",
        b"a b 1 2 ",
        b"\r\n%s%n",
        b"\xff\xfe",
        &every_byte,
    ];
    let ask = |id: &[u8]| {
        let turn = [
            b"UMQ.ACQUIRE",
            b"t".as_slice(),
            id,
            b"PX",
            b"9000",
            b"BLOCK",
            b"0",
        ];
        let slot = [
            b"QGATE.ACQUIRE",
            b"g".as_slice(),
            id,
            b"LIMIT",
            b"1",
            b"PX",
            b"9000",
            b"BLOCK",
            b"0",
        ];
        (Asker::ask(&redis, turn), Asker::ask(&redis, slot))
    };
    let askers = ids.map(ask);
    for list in ["UMQ.WAITERS t", "QGATE.WAITERS g"] {
        let rows = redis.call(list);
        let listed: Vec<_> = rows
            .items()
            .iter()
            .map(|row| row.items()[0].clone())
            .collect();
        assert_eq!(listed, ids.map(Reply::from));
    }
    for (id, (mut turn, mut slot)) in ids.into_iter().zip(askers) {
        let again = [b"UMQ.ACQUIRE", b"t".as_slice(), id, b"PX", b"9000"];
        assert_eq!(redis.call(again), [0, -1, 0, 0]);
        assert_eq!(redis.call([b"UMQ.CANCEL".as_slice(), b"t", id]), 1);
        assert_eq!(turn.answer().items()[0], 0);
        assert_eq!(redis.call([b"QGATE.CANCEL".as_slice(), b"g", id]), 1);
        assert_eq!(slot.answer().items()[0], 0);
    }
}

#[test]
fn each_database_has_lines_of_its_own() {
    let redis = held();
    let mut other = redis.connect();
    other.call("SELECT 1");
    other.call("UMQ.ACQUIRE t z PX 500000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut client = redis.connect();
    client.call("SELECT 1");
    let mut c = Asker::ask_over(&redis, client, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(other.call("UMQ.WAITERS t").items()[0].items()[0], "c");
    assert_eq!(other.call("UMQ.CANCEL t b"), 0);
    assert_eq!(other.call("UMQ.RELEASE t z"), 1);
    granted(&c.answer());
    assert_eq!(*other.call("UMQ.INFO t").field("holder"), "c");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    other.call("UMQ.RENEW t c PX 30");
    let mut d = Asker::ask_over(&redis, other, "UMQ.ACQUIRE t d PX 500000 BLOCK 0");
    granted(&d.answer());
    assert_eq!(*redis.call("UMQ.INFO t").field("holder"), "a");
}

#[test]
fn what_becomes_of_waiters_is_counted() {
    let redis = held();
    let counted = |name: &str| redis.info(&format!("weir_{name}"));
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let d = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 500000 BLOCK 0");
    redis.call("UMQ.ACQUIRE t e PX 500000 BLOCK 1");
    redis.call("UMQ.ACQUIRE t f PX 500000 BLOCK 1 QUEUE 2");
    redis.call("UMQ.CANCEL t c");
    redis.call("UMQ.CANCEL t x");
    redis.call("UMQ.RELEASE t a");
    granted(&b.answer());
    c.answer();
    let kill = format!("CLIENT KILL ID {}", d.client_id());
    in_transaction(&redis, &["UMQ.RELEASE t b", &kill]);
    eventually("the grant is rolled back", || {
        let rolled_back = counted("umq_roll_backs");
        if rolled_back == "1" {
            Ok(())
        } else {
            Err(rolled_back)
        }
    });
    for (name, count) in [
        ("umq_waits", "4"),
        ("umq_hand_offs", "2"),
        ("umq_timeouts", "1"),
        ("umq_cancels", "1"),
        ("umq_refused_by_queue", "1"),
        ("umq_grants", "3"),
    ] {
        assert_eq!(counted(name), count, "{name}");
    }
}
