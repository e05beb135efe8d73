//! The limits that a call names, those of its gates that others wait for, and gates without one.

use harness::Redis;

use super::{admit, granted, held, hold, refused};
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, members, until_waiters_are};

#[test]
fn a_gate_without_a_limit_is_counted_and_refuses_nobody() {
    let redis = held(&["u", "a"]);
    for (member, in_use) in [("m", 2), ("n", 3)] {
        assert_eq!(
            redis.call(admit(member, "ALL 1 u 0 ANY 1 a 0")),
            granted(0, in_use)
        );
    }
    assert_eq!(redis.call("QGATE.COUNT u a"), [[3, 0], [3, 0]]);
}

#[test]
fn who_names_no_limit_passes_those_in_line() {
    let redis = held(&["u", "a"]);
    let _w = Asker::ask(&redis, admit("w", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    assert_eq!(redis.call(admit("m", "ALL 1 u 0 ANY 1 a 0")), granted(0, 2));
    assert_eq!(redis.call("QGATE.COUNT u a"), [[2, 1], [2, 1]]);
}

#[test]
fn lowering_a_limit_evicts_nobody_and_grants_nobody_until_there_is_room() {
    let redis = Redis::start();
    for member in ["x", "y", "z"] {
        assert_eq!(
            redis.call(admit(member, "ALL 1 u 3 ANY 1 a 3")).items()[0],
            1
        );
    }
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 1 a 9")),
        refused(3, 0, "u")
    );
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 2 ANY 1 a 9 BLOCK 0"));
    for (leaves, count) in [("x", [[2, 1], [2, 1]]), ("y", [[2, 0], [2, 0]])] {
        assert_eq!(redis.call(format!("QGATE.LEAVE {leaves} 2 u a")), 2);
        assert_eq!(redis.call("QGATE.COUNT u a"), count);
    }
    assert_eq!(m.answer(), granted(0, 2));
}

#[test]
fn naming_a_higher_limit_moves_the_line_whoever_names_it() {
    for (raise, asks) in [
        (
            "QGATE.ACQUIRE u z LIMIT 3 PX 500000",
            "ALL 1 u 2 ANY 1 a 9 BLOCK 0",
        ),
        (
            "QGATE.ADMIT z PX 500000 ALL 1 u 3",
            "ALL 1 u 2 ANY 1 a 9 BLOCK 0",
        ),
        (
            "QGATE.ADMIT z PX 500000 ANY 2 u 3 c 1",
            "ALL 1 u 2 ANY 1 a 9 BLOCK 0",
        ),
        (
            "QGATE.ACQUIRE u z LIMIT 3 PX 500000",
            "ANY 2 u 2 u2 1 BLOCK 0",
        ),
        (
            "QGATE.ADMIT z PX 500000 ALL 1 u 3",
            "ANY 2 u 2 u2 1 BLOCK 0",
        ),
        (
            "QGATE.ADMIT z PX 500000 ANY 2 u 3 full 1",
            "ANY 2 u 2 u2 1 BLOCK 0",
        ),
        ("QGATE.ACQUIRE u z LIMIT 3 PX 500000", "ALL 1 u 2 BLOCK 0"),
    ] {
        let redis = held(&["u", "u2", "full"]);
        hold(&redis, "u", "h2");
        let mut w = Asker::ask(&redis, admit("w", asks));
        let answer = redis.call(raise);
        assert_eq!(w.answer().items()[0], 1, "{raise} for {asks}");
        assert_eq!(
            members(&redis, "u")[..3],
            ["h", "h2", "w"],
            "{raise} for {asks}"
        );
        let z_waits_or_went_elsewhere = !members(&redis, "u").contains(&"z".to_owned());
        assert!(z_waits_or_went_elsewhere, "{answer:?}");
        assert_sound(&redis);
    }
}

#[test]
fn the_limit_named_last_governs_all_who_wait_for_a_gate() {
    let redis = held(&["a"]);
    hold(&redis, "a", "h2");
    let asks = ["w0", "w1", "w2"];
    let mut askers = asks.map(|id| {
        Asker::ask(
            &redis,
            admit(id, "ANY 2 a 2 full 1 BLOCK 0").replace("full", "a2"),
        )
    });
    // The first takes the gate beside; what is left waits for both.
    assert_eq!(askers[0].answer(), granted(1, 1));
    assert_eq!(redis.call("QGATE.ACQUIRE a z LIMIT 1 PX 500000"), [0, 2, 2]);
    let answers = in_transaction(&redis, &["QGATE.RELEASE a h", "QGATE.COUNT a a2"]);
    assert_eq!(
        answers[1],
        [[1, 2], [1, 2]],
        "one is as many as there may be"
    );
    assert_eq!(redis.call("QGATE.ACQUIRE a z LIMIT 3 PX 500000"), [0, 3, 0]);
    assert_eq!(askers[1].answer(), granted(0, 2));
    assert_eq!(askers[2].answer(), granted(0, 3));
    until_waiters_are(&redis, "QGATE.WAITERS a", &[]);
}

#[test]
fn a_limit_that_a_refused_call_names_is_the_one_shown() {
    let redis = held(&["u", "a"]);
    redis.call(admit("m", "ALL 1 u 1 ANY 2 a 7 b 5"));
    for (gate, limit) in [("u", 1), ("a", 7)] {
        let info = redis.call(["QGATE.INFO", gate]);
        assert_eq!(*info.field("limit"), limit, "{gate}");
    }
}

#[test]
fn a_raised_limit_lets_waiters_through_before_the_call_that_names_it() {
    let redis = held(&["a", "b"]);
    let mut w = Asker::ask(&redis, admit("w", "ANY 2 a 1 b 1 BLOCK 0"));
    assert_eq!(redis.call(admit("z", "ANY 2 a 2 b 1")), refused(2, 0, "a"));
    assert_eq!(w.answer(), granted(0, 2));
    let mut w = Asker::ask(&redis, admit("v", "ANY 2 a 2 b 1 BLOCK 0"));
    assert_eq!(redis.call(admit("z", "ANY 2 a 4 b 1")), granted(0, 4));
    assert_eq!(w.answer(), granted(0, 3));
}
