//! What hand-offs write: one transaction per execution, core commands with absolute times, for the file and replicas.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one, in_transaction};
use super::line::until_waiters_are;
use crate::aof::{appended, appending};
use crate::umq::granted;
use crate::unchanged::changes_nothing;

/// What a server has appended since `before` had been.
#[track_caller]
fn since(redis: &Redis, before: &[String]) -> Vec<String> {
    let mut lines = appended(redis);
    lines.split_off(before.len())
}

/// The commands are one transaction: a single one, or all between one MULTI and one EXEC. Gives those between.
#[track_caller]
fn one_transaction(lines: &[String]) -> &[String] {
    if let [_] = lines {
        return lines;
    }
    let [first, between @ .., last] = lines else {
        panic!("nothing was appended");
    };
    assert_eq!(
        (first.as_str(), last.as_str()),
        ("MULTI", "EXEC"),
        "{lines:#?}"
    );
    let inner = between.iter().any(|line| line == "MULTI" || line == "EXEC");
    assert!(!inner, "{lines:#?}");
    between
}

#[track_caller]
fn assert_has(lines: &[String], begins: &str, ends: &str) {
    let has = lines
        .iter()
        .any(|line| line.starts_with(begins) && line.ends_with(ends));
    assert!(has, "{begins} … {ends} in {lines:#?}");
}

#[test]
fn a_release_and_the_grant_it_makes_are_one_transaction() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let before = appended(&redis);
    redis.call("UMQ.RELEASE t a");
    granted(&b.answer());
    let lines = since(&redis, &before);
    assert!(
        one_transaction(&lines)
            .iter()
            .all(|line| line.starts_with("SET t ")),
        "{lines:#?}"
    );
    let last = one_transaction(&lines).last().unwrap();
    assert!(last.contains(" b PXAT "), "{last}");

    let before = appended(&redis);
    redis.call("QGATE.RELEASE g a");
    assert_eq!(c.answer(), [1, 1, 0]);
    let lines = since(&redis, &before);
    let between = one_transaction(&lines);
    assert_has(between, "ZREM g a", "");
    assert_has(between, "ZADD g ", " c");
}

#[test]
fn a_release_that_serves_many_is_one_transaction() {
    let redis = appending().start();
    for name in ["x", "y", "z"] {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 3 PX 500000"));
    }
    let _askers = ask_one_by_one(&redis, 5, "QGATE.ACQUIRE g w{} LIMIT 3 PX 500000 BLOCK 0");
    let before = appended(&redis);
    redis.call("QGATE.RELEASE g x y z");
    until_waiters_are(&redis, "QGATE.WAITERS g", &["w3", "w4"]);
    let lines = since(&redis, &before);
    let between = one_transaction(&lines);
    for name in [" w0", " w1", " w2"] {
        assert_has(between, "ZADD g ", name);
    }
}

#[test]
fn leaving_gates_and_the_grants_it_makes_are_one_transaction() {
    let redis = appending().start();
    for key in ["g1", "g2"] {
        redis.call(format!("QGATE.ACQUIRE {key} a LIMIT 1 PX 500000"));
    }
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g1 b LIMIT 1 PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g2 c LIMIT 1 PX 500000 BLOCK 0");
    let before = appended(&redis);
    redis.call("QGATE.LEAVE a 2 g1 g2");
    assert_eq!(
        (b.answer(), c.answer()),
        ([1, 1, 0].into(), [1, 1, 0].into())
    );
    let lines = since(&redis, &before);
    let between = one_transaction(&lines);
    assert_has(between, "ZADD g1 ", " b");
    assert_has(between, "ZADD g2 ", " c");
}

#[test]
fn a_clients_transaction_with_hand_offs_is_one_transaction() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let before = appended(&redis);
    in_transaction(&redis, &["SET k v", "UMQ.RELEASE t a", "SET k w"]);
    granted(&b.answer());
    let lines = since(&redis, &before);
    let between = one_transaction(&lines);
    assert_eq!(between.first().map(String::as_str), Some("SET k v"));
    assert_eq!(between.last().map(String::as_str), Some("SET k w"));
}

#[test]
fn a_grant_by_the_timer_is_a_transaction_of_its_own() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let before = appended(&redis);
    redis.call("UMQ.RENEW t a PX 30");
    granted(&b.answer());
    let lines = since(&redis, &before);
    assert_has(&lines[..1], "SET t ", "");
    assert_has(one_transaction(&lines[1..]), "SET t ", "");

    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let before = appended(&redis);
    redis.call("QGATE.RENEW g PX 30 a");
    assert_eq!(c.answer(), [1, 1, 0]);
    let lines = since(&redis, &before);
    assert_has(&lines[..1], "ZADD g ", " a");
    assert_has(one_transaction(&lines[1..]), "ZADD g ", " c");
}

#[test]
fn waiting_itself_changes_nothing() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    changes_nothing(&redis, || {
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
        let c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
        redis.call("UMQ.ACQUIRE t d PX 1000 BLOCK 150");
        redis.call("UMQ.ACQUIRE t d PX 1000 BLOCK 0 QUEUE 1");
        redis.call("UMQ.CANCEL t b");
        b.answer();
        drop(c);
        until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    });
}

#[test]
fn a_closure_is_written_with_its_absolute_end() {
    let redis = appending().start();
    redis.call("QGATE.CLOSE g PX 500000");
    let closed = redis.digest();
    let lines = appended(&redis);
    assert_has(&lines, "ZADD g -", "");
    let mut redis = redis;
    redis.kill();
    redis.start_again();
    assert_eq!(redis.digest(), closed);
    assert!(redis.call("QGATE.INFO g").field("closed-ms").int() > 400_000);
}

#[test]
fn a_replica_without_the_module_ends_identical() {
    let mut redis = Redis::builder()
        .arg("repl-ping-replica-period", "3600")
        .start();
    let replica = redis.plain_replica();
    redis.call("UMQ.ACQUIRE t x PX 60");
    redis.call("QGATE.ACQUIRE g x LIMIT 1 PX 60");
    let mut turns = ask_one_by_one(&redis, 8, "UMQ.ACQUIRE t w{} PX 15 DELAY 5 BLOCK 0");
    let mut slots = ask_one_by_one(&redis, 8, "QGATE.ACQUIRE g w{} LIMIT 1 PX 15 BLOCK 0");
    redis.call("QGATE.CLOSE shut PX 70");
    let mut shut = Asker::ask(&redis, "QGATE.ACQUIRE shut a LIMIT 1 PX 500000 BLOCK 0");
    for asker in turns.iter_mut().chain(&mut slots).chain([&mut shut]) {
        assert_eq!(asker.answer().items()[0], 1);
    }
    redis.call("QGATE.CLOSE shut PX 500000");
    redis.call("QGATE.OPEN shut");
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
}
