//! Closed gates among ALL and among ANY: nobody is granted there meanwhile, and they open on time.

use harness::Redis;

use super::{admit, granted, held, refused};
use crate::moment::{moment, server_ms};
use crate::qgate::lease_end;
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, assert_to_the_millisecond};

#[test]
fn a_closed_gate_is_in_the_way_among_all_and_passed_over_among_any() {
    let redis = Redis::start();
    redis.call("QGATE.CLOSE u PX 500000");
    redis.call("QGATE.CLOSE a PX 500000");
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 0 ANY 1 b 1")),
        refused(0, 0, "u")
    );
    assert_eq!(
        redis.call(admit("m", "ANY 2 a 0 b 1 PREFER a")),
        granted(1, 1)
    );
    assert_eq!(redis.call(admit("n", "ANY 2 a 0 b 1")), refused(0, 0, "a"));
    assert_eq!(redis.info("weir_qgate_refused_closed"), "2");
}

#[test]
fn opening_a_gate_of_all_serves_those_whom_it_held_up_in_the_same_execution() {
    let redis = Redis::start();
    redis.call("QGATE.CLOSE u PX 500000");
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
    let mut n = Asker::ask(&redis, admit("n", "ALL 1 v 1 ANY 2 a 1 b 1 BLOCK 0"));
    assert_eq!(n.answer().items()[0], 1, "held up by nobody");
    let answers = in_transaction(&redis, &["QGATE.OPEN u", "QGATE.COUNT u a b"]);
    assert_eq!(answers[1], [[1, 0], [1, 0], [1, 0]]);
    assert_eq!(m.answer().items()[0], 1);
    assert_sound(&redis);
}

#[test]
fn opening_a_gate_of_any_serves_those_who_wait_for_it_in_the_same_execution() {
    let redis = held(&["b"]);
    redis.call("QGATE.CLOSE a PX 500000");
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
    let answers = in_transaction(&redis, &["QGATE.OPEN a", "QGATE.COUNT u a b"]);
    assert_eq!(answers[1], [[1, 0], [1, 0], [1, 0]]);
    assert_eq!(m.answer(), granted(0, 1));
}

#[test]
fn a_gate_that_opens_by_itself_serves_its_waiters_at_that_millisecond() {
    for ask in [
        "ALL 1 {g} 1 ANY 2 a 0 b 0 BLOCK 0",
        "ALL 1 {u} 1 ANY 1 {g} 1 BLOCK 0",
        "ALL 1 {u} 1 ANY 2 {g} 1 full 1 BLOCK 0",
        "ALL 2 {g} 1 {u} 1 BLOCK 0",
    ] {
        let redis = held(&["full"]);
        let mut late = Vec::new();
        for round in 0..9 {
            let (gate, own) = (format!("g{round}"), format!("u{round}"));
            let closed = moment(&redis, format!("QGATE.CLOSE {gate} PX 40"));
            let ask = ask.replace("{g}", &gate).replace("{u}", &own);
            let asked = server_ms(&redis);
            assert_eq!(redis.call(admit("m", &ask)).items()[0], 1);
            let at = lease_end(&redis, &gate, "m") - 500_000;
            assert!(at >= closed.from + 40);
            late.push((at - asked.max(closed.until + 40)).max(0));
            redis.call("QGATE.LEAVE m 2 a b");
        }
        assert_to_the_millisecond(late);
        assert_sound(&redis);
    }
}

#[test]
fn a_lease_that_ends_serves_those_who_wait_at_that_millisecond() {
    for ask in [
        "ALL 1 {g} 1 ANY 2 a 0 b 0 BLOCK 0",
        "ALL 1 {u} 1 ANY 2 {g} 1 full 1 BLOCK 0",
        "ALL 2 {u} 1 {g} 1 BLOCK 0",
    ] {
        let redis = held(&["full"]);
        let mut late = Vec::new();
        for round in 0..9 {
            let (gate, own) = (format!("g{round}"), format!("u{round}"));
            redis.call(format!("QGATE.ADMIT x PX 60 ANY 1 {gate} 1"));
            let end = lease_end(&redis, &gate, "x");
            let ask = ask.replace("{g}", &gate).replace("{u}", &own);
            let asked = server_ms(&redis);
            assert_eq!(redis.call(admit("m", &ask)).items()[0], 1);
            late.push(lease_end(&redis, &gate, "m") - 500_000 - end.max(asked));
            redis.call("QGATE.LEAVE m 2 a b");
        }
        assert_to_the_millisecond(late);
        assert_sound(&redis);
    }
}
