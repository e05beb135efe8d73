//! Inside transactions, scripts and functions: whole as outside, and never waiting where nobody can.

use harness::Reply;

use super::{admit, granted, held, refused};
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, members, until_waiters_are};

#[test]
fn a_transaction_does_not_block() {
    let redis = held(&["u"]);
    let lines = [
        &*admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"),
        &*admit("m", "ALL 1 v 1 ANY 1 a 1 BLOCK 0"),
        "QGATE.COUNT u v a",
        "QGATE.RELEASE u h",
        &*admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"),
    ];
    let answers = in_transaction(&redis, &lines);
    assert_eq!(answers[0], refused(1, 0, "u"));
    assert_eq!(answers[1], granted(0, 1));
    assert_eq!(answers[2], [[1, 0], [1, 0], [1, 0]]);
    assert_eq!(answers[4], granted(0, 1));
    assert_sound(&redis);
}

#[test]
fn a_script_neither_blocks_nor_takes_tickets_and_is_not_patient() {
    let redis = held(&["u", "a"]);
    let script = |rest: &str| {
        let words: Vec<_> = rest.split(' ').map(|word| format!("'{word}'")).collect();
        let text = format!(
            "return redis.call('QGATE.ADMIT','m','PX','500000',{})",
            words.join(",")
        );
        redis.call(["EVAL", &text, "4", "u", "a", "b", "r"])
    };
    // A script's nil ends nothing: the whole reply is there.
    for wait in ["BLOCK 0", "NOTIFY ch 0"] {
        let rates = "RATES 1 r 10 1 100000000 3";
        assert_eq!(
            script(&format!("ALL 1 u 1 ANY 1 b 1 {rates} {wait}")),
            refused(1, 0, "u")
        );
        assert_eq!(
            redis.call("EXISTS r"),
            0,
            "who does not wait is not charged"
        );
        let ask = format!("ANY 2 a 1 b 1 PREFER a PATIENCE 9000 {wait}");
        let answer = script(&ask);
        assert_eq!(answer.items()[..3], granted(1, 1).items()[..3], "{wait}");
        redis.call("QGATE.RELEASE b m");
    }
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    assert_sound(&redis);
}

#[test]
fn a_release_in_a_script_hands_several_gates_over() {
    let redis = held(&["u", "a"]);
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let text = "redis.call('QGATE.RELEASE', 'u', 'h'); redis.call('QGATE.RELEASE', 'a', 'h'); \
                return redis.call('QGATE.COUNT', 'u', 'a')";
    assert_eq!(redis.call(["EVAL", text, "2", "u", "a"]), [[1, 0], [1, 0]]);
    assert_eq!(m.answer(), granted(0, 1));
}

#[test]
fn a_transaction_that_watches_a_gate_fails_when_a_call_or_a_hand_off_takes_a_slot_there() {
    let redis = held(&["u"]);
    for gate in ["u", "v", "a"] {
        let mut watching = redis.connect();
        let mut m = Asker::ask(&redis, admit("m", "ALL 2 u 1 v 1 ANY 1 a 1 BLOCK 0"));
        watching.call(["WATCH", gate]);
        redis.call("QGATE.RELEASE u h");
        assert_eq!(m.answer(), granted(0, 1));
        watching.call("MULTI");
        watching.call("PING");
        assert_eq!(watching.call("EXEC"), Reply::Nil, "{gate}");
        redis.call("QGATE.LEAVE m 3 u v a");
        super::hold(&redis, "u", "h");
    }
}

#[test]
fn a_transaction_that_watches_gates_goes_on_when_a_call_is_refused() {
    let redis = held(&["u"]);
    let mut watching = redis.connect();
    watching.call("WATCH u v a");
    redis.call(admit("m", "ALL 2 v 1 u 1 ANY 1 a 1"));
    watching.call("MULTI");
    watching.call("PING");
    assert_eq!(watching.call("EXEC"), ["PONG"]);
    assert_eq!(members(&redis, "u"), ["h"]);
}
