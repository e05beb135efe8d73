//! One limit per line: the last one named for a gate governs all its waiters.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one, in_transaction};
use super::line::{assert_sound, members, until_waiters_are};

#[test]
fn a_higher_limit_named_by_anybody_moves_the_line() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut askers = ask_one_by_one(&redis, 4, "QGATE.ACQUIRE g w{} LIMIT 1 PX 50000 BLOCK 0");
    assert_eq!(
        redis.call("QGATE.ACQUIRE g x LIMIT 3 PX 50000").items()[0],
        0
    );
    assert_eq!(askers[0].answer(), [1, 2, 0]);
    assert_eq!(askers[1].answer(), [1, 3, 0]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["w2", "w3"]);
    assert_eq!(members(&redis, "g"), ["a", "w0", "w1"]);
}

#[test]
fn a_higher_limit_named_by_a_waiter_moves_the_line_before_it() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    let _c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 2 PX 50000 BLOCK 0");
    assert_eq!(b.answer(), [1, 2, 0]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["c"]);
}

#[test]
fn a_limit_with_room_for_all_serves_the_line_and_who_named_it_behind() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let askers = ask_one_by_one(&redis, 2, "QGATE.ACQUIRE g w{} LIMIT 1 PX 50000 BLOCK 0");
    assert_eq!(
        redis.call("QGATE.ACQUIRE g x LIMIT 9 PX 50000 BLOCK 0"),
        [1, 4, 0]
    );
    for (number, mut asker) in (2..).zip(askers) {
        assert_eq!(asker.answer(), [1, number, 0]);
    }
    assert_sound(&redis);
}

#[test]
fn a_higher_limit_named_by_a_holder_moves_the_line() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    assert_eq!(
        redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 50000").items()[0],
        1
    );
    assert_eq!(b.answer(), [1, 2, 0]);
}

#[test]
fn a_lower_limit_named_by_anybody_holds_the_line() {
    let redis = Redis::start();
    for name in ["a1", "a2", "a3"] {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 3 PX 50000"));
    }
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 3 PX 50000 BLOCK 0");
    assert_eq!(redis.call("QGATE.ACQUIRE g x LIMIT 1 PX 50000"), [0, 3, 1]);
    for (name, left) in [("a1", 2), ("a2", 1)] {
        let lines = [&format!("QGATE.RELEASE g {name}"), "QGATE.COUNT g"];
        assert_eq!(in_transaction(&redis, &lines)[1], [[left, 1]]);
    }
    assert_eq!(redis.call("QGATE.RELEASE g a3"), 1);
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(*redis.call("QGATE.INFO g").field("limit"), 1);
}

#[test]
fn a_limit_of_zero_is_granted_whoever_waits() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    let granted = redis.call("QGATE.ACQUIRE g x LIMIT 0 PX 50000");
    assert_eq!(granted.items()[0], 1);
    let granted = redis.call("QGATE.ACQUIRE g y LIMIT 0 PX 50000 BLOCK 0");
    assert_eq!(granted.items()[0], 1);
    assert_eq!(members(&redis, "g"), ["a", "x", "y"]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b"]);
    assert_eq!(redis.call("QGATE.RELEASE g a x"), 2);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b"]);
    assert_eq!(redis.call("QGATE.RELEASE g y"), 1);
    assert_eq!(b.answer(), [1, 1, 0], "the line goes by its own limit");
}

#[test]
fn a_limit_of_zero_waits_only_for_a_closed_gate() {
    let redis = Redis::start();
    redis.call("QGATE.CLOSE g PX 500000");
    let mut a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 0 PX 50000 BLOCK 0");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 0 PX 50000 BLOCK 0");
    until_waiters_are(&redis, "QGATE.WAITERS g", &["a", "b"]);
    redis.call("QGATE.OPEN g");
    assert_eq!(a.answer(), [1, 1, 0]);
    assert_eq!(b.answer(), [1, 2, 0]);
}

#[test]
fn a_limit_of_zero_that_has_joined_a_line_keeps_its_place() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    redis.call("QGATE.CLOSE g PX 500000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 0 PX 50000 BLOCK 0");
    redis.call("QGATE.OPEN g");
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b", "c"]);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(c.answer(), [1, 2, 0]);
}
