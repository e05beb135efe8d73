//! Bounds on a line: the caller's `QUEUE`, and the server's settings.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, until_waiters_are};
use crate::umq::granted;

/// A turn, a gate with a single slot, and another turn, all held.
fn held() -> Redis {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("UMQ.ACQUIRE u a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

#[track_caller]
fn set(redis: &Redis, name: &str, value: u32) {
    assert_eq!(redis.call(format!("CONFIG SET weir.{name} {value}")), "OK");
}

#[test]
fn a_line_as_long_as_the_caller_bears_is_not_joined() {
    let redis = held();
    let refused = |line: &str| redis.call(line);
    assert_eq!(
        refused("UMQ.ACQUIRE t b PX 1000 BLOCK 0 QUEUE 0"),
        [-1, -1, 0, 0]
    );
    assert_eq!(
        refused("QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0 QUEUE 0"),
        [-1, 1, 0]
    );
    let _turns = ask_one_by_one(&redis, 3, "UMQ.ACQUIRE t w{} PX 1000 BLOCK 0 QUEUE 3");
    let _slots = ask_one_by_one(
        &redis,
        3,
        "QGATE.ACQUIRE g w{} LIMIT 1 PX 1000 BLOCK 0 QUEUE 3",
    );
    until_waiters_are(&redis, "UMQ.WAITERS t", &["w0", "w1", "w2"]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["w0", "w1", "w2"]);
    assert_eq!(
        refused("UMQ.ACQUIRE t b PX 1000 BLOCK 0 QUEUE 3"),
        [-1, -1, 0, 3]
    );
    assert_eq!(
        refused("UMQ.ACQUIRE t b PX 1000 QUEUE 2 BLOCK 9"),
        [-1, -1, 0, 3]
    );
    let gate = "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0 QUEUE 3";
    assert_eq!(refused(gate), [-1, 1, 3]);
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0 QUEUE 1000000");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["w0", "w1", "w2", "b"]);
}

#[test]
fn a_free_turn_is_granted_however_short_a_line_the_caller_bears() {
    let redis = Redis::start();
    granted(&redis.call("UMQ.ACQUIRE t a PX 1000 BLOCK 0 QUEUE 0"));
    let slot = redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000 BLOCK 0 QUEUE 0");
    assert_eq!(slot, [1, 1, 0]);
}

#[test]
fn without_a_wait_the_waiting_clause_means_nothing() {
    let redis = held();
    let clause = "QUEUE 0 FLOW f WEIGHT 3 WAITED 5000";
    let turn = redis.call(format!("UMQ.ACQUIRE t b PX 1000 {clause}"));
    assert_eq!(turn, [0, -1, 0, 0]);
    let slot = redis.call(format!("QGATE.ACQUIRE g b LIMIT 1 PX 1000 {clause}"));
    assert_eq!(slot, [0, 1, 0]);
    granted(&redis.call(format!("UMQ.ACQUIRE free b PX 1000 {clause}")));
    assert_sound(&redis);
}

#[test]
fn the_settings_have_their_defaults() {
    let redis = Redis::start();
    for (name, default) in [
        ("weir.max-waiters", "100000"),
        ("weir.max-waiters-per-line", "100000"),
        ("weir.max-blocked-clients", "1000"),
    ] {
        assert_eq!(redis.call(["CONFIG", "GET", name]), [name, default]);
        let refused = redis.call(["CONFIG", "SET", name, "-1"]);
        assert!(refused.is_error(), "{name}: {refused:?}");
    }
}

#[test]
fn the_server_bears_so_many_waiters_in_all() {
    let redis = held();
    set(&redis, "max-waiters", 3);
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let _c = Asker::ask(&redis, "UMQ.ACQUIRE u c PX 1000 BLOCK 0");
    let _d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 1000 BLOCK 0");
    assert_eq!(
        redis.call("UMQ.ACQUIRE t e PX 1000 BLOCK 0"),
        [-1, -1, 0, 1]
    );
    assert_eq!(
        redis.call("QGATE.ACQUIRE g e LIMIT 1 PX 1000 BLOCK 0"),
        [-1, 1, 1]
    );
    assert_eq!(redis.call("UMQ.ACQUIRE t e PX 1000"), [0, -1, 0, 1]);
    granted(&redis.call("UMQ.ACQUIRE free e PX 1000 BLOCK 0"));
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    let _e = Asker::ask(&redis, "UMQ.ACQUIRE u e PX 1000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS u", &["c", "e"]);
}

#[test]
fn the_server_bears_so_many_waiters_per_line() {
    let redis = held();
    set(&redis, "max-waiters-per-line", 2);
    let _line = ask_one_by_one(&redis, 2, "UMQ.ACQUIRE t w{} PX 1000 BLOCK 0");
    assert_eq!(
        redis.call("UMQ.ACQUIRE t b PX 1000 BLOCK 0"),
        [-1, -1, 0, 2]
    );
    let _c = Asker::ask(&redis, "UMQ.ACQUIRE u c PX 1000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS u", &["c"]);
}

#[test]
fn the_server_bears_so_many_blocked_clients() {
    let redis = held();
    set(&redis, "max-blocked-clients", 2);
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let _c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0");
    assert_eq!(
        redis.call("UMQ.ACQUIRE t d PX 1000 BLOCK 0"),
        [-1, -1, 0, 1]
    );
    drop(b);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    let _d = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 1000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["d"]);
}

#[test]
fn every_way_out_of_a_line_makes_room_under_the_bounds() {
    let redis = held();
    for name in ["max-waiters", "max-waiters-per-line", "max-blocked-clients"] {
        set(&redis, name, 1);
    }
    for round in 0..3 {
        let mut served = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
        assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
        granted(&served.answer());
        assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
        granted(&redis.call("UMQ.ACQUIRE t a PX 500000"));
        let out_of_patience = redis.call("UMQ.ACQUIRE t c PX 1000 BLOCK 5");
        assert_eq!(out_of_patience, [0, -1, 0, 0], "round {round}");
        let mut cancelled = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 1000 BLOCK 0");
        assert_eq!(redis.call("UMQ.CANCEL t d"), 1);
        assert_eq!(cancelled.answer().items()[0], 0);
        drop(Asker::ask(&redis, "UMQ.ACQUIRE t e PX 1000 BLOCK 0"));
        until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    }
}

#[test]
fn bounds_set_below_the_line_keep_it_and_refuse_newcomers() {
    let redis = held();
    let mut askers = ask_one_by_one(&redis, 5, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    for name in ["max-waiters-per-line", "max-blocked-clients", "max-waiters"] {
        set(&redis, name, 2);
        until_waiters_are(&redis, "UMQ.WAITERS t", &["w0", "w1", "w2", "w3", "w4"]);
        assert_eq!(
            redis.call("UMQ.ACQUIRE t b PX 1000 BLOCK 0"),
            [-1, -1, 0, 5]
        );
    }
    let mut before = "a".to_owned();
    for (number, asker) in askers.iter_mut().enumerate() {
        assert_eq!(redis.call(["UMQ.RELEASE", "t", &before]), 1);
        granted(&asker.answer());
        before = format!("w{number}");
    }
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
}
