//! Dismissing all waiters by a setting, and unloading the module.

use harness::{Redis, eventually};

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, holder, until_waiters_are};
use crate::load::path;
use crate::umq::granted;

fn held() -> Redis {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

#[track_caller]
fn unloaded(redis: &Redis) {
    eventually("the module can be unloaded", || {
        let reply = redis.call("MODULE UNLOAD weir");
        if reply == "OK" {
            Ok(())
        } else {
            Err(format!("{reply:?}"))
        }
    });
}

#[test]
fn no_waiters_at_all_dismisses_those_that_stand_and_refuses_new_ones() {
    let redis = held();
    let mut turns = ask_one_by_one(&redis, 5, "UMQ.ACQUIRE t w{} PX 1000 BLOCK 0");
    let mut slots = ask_one_by_one(&redis, 5, "QGATE.ACQUIRE g w{} LIMIT 1 PX 1000 BLOCK 9000");
    assert_eq!(redis.call("CONFIG SET weir.max-waiters 0"), "OK");
    for asker in &mut turns {
        assert_eq!(asker.answer(), [0, -1, 0, 0]);
    }
    for asker in &mut slots {
        assert_eq!(asker.answer(), [0, 1, 0]);
    }
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    assert_eq!(
        redis.call("UMQ.ACQUIRE t b PX 1000 BLOCK 0"),
        [-1, -1, 0, 0]
    );
    assert_eq!(
        redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0"),
        [-1, 1, 0]
    );
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000"), [0, -1, 0, 0]);
    granted(&redis.call("UMQ.ACQUIRE free b PX 1000 BLOCK 0"));
    assert_eq!(redis.call("CONFIG SET weir.max-waiters 100000"), "OK");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn the_module_stays_while_somebody_waits_and_can_go_when_nobody_does() {
    let redis = held();
    let path = path(&redis);
    for _ in 0..3 {
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
        let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 50000");
        let refused = redis.call("MODULE UNLOAD weir");
        assert!(refused.is_error(), "{refused:?}");
        until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
        assert_eq!(redis.call("CONFIG SET weir.max-waiters 0"), "OK");
        unloaded(&redis);
        assert_eq!(b.answer(), [0, -1, 0, 0]);
        assert_eq!(c.answer(), [0, 1, 0]);
        assert_eq!(redis.call(["MODULE", "LOAD", &path]), "OK");
        assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    }
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn the_module_can_go_however_the_line_was_left() {
    let redis = held();
    redis.call("UMQ.ACQUIRE t b PX 1000 BLOCK 5");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 90000");
    let mut d = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 1000 BLOCK 90000");
    drop(Asker::ask(
        &redis,
        "QGATE.ACQUIRE g e LIMIT 1 PX 1000 BLOCK 0",
    ));
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&c.answer());
    assert_eq!(redis.call("UMQ.CANCEL t d"), 1);
    assert_eq!(d.answer().items()[0], 0);
    unloaded(&redis);
    assert_eq!(redis.call("PING"), "PONG");
}

#[test]
fn arguments_of_loadmodule_set_the_bounds() {
    let redis = Redis::builder()
        .module_args(["max-waiters", "7", "max-waiters-per-line", "1"])
        .start();
    assert_eq!(
        redis.call("CONFIG GET weir.max-waiters"),
        ["weir.max-waiters", "7"]
    );
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(
        redis.call("UMQ.ACQUIRE t c PX 1000 BLOCK 0"),
        [-1, -1, 0, 1]
    );
    let none = Redis::builder().module_args(["max-waiters", "0"]).start();
    none.call("UMQ.ACQUIRE t a PX 500000");
    assert_eq!(none.call("UMQ.ACQUIRE t b PX 1000 BLOCK 0"), [-1, -1, 0, 0]);
}
