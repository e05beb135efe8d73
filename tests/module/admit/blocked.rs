//! Waiting on a connection of one's own: for the whole, holding nothing meanwhile, until it is had or the wait ends.

use harness::error;

use super::{admit, granted, held, hold, not_granted, refused};
use crate::moment::server_ms;
use crate::unchanged::changes_nothing;
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, members, until_waiters_are};

const WHOLE: &str = "ALL 2 u 1 v 1 ANY 2 a 1 b 1";

#[test]
fn a_waiter_holds_nothing_until_it_has_all() {
    let redis = held(&["u", "v", "a", "b"]);
    let before = redis.digest();
    let mut m = Asker::ask(&redis, admit("m", &format!("{WHOLE} BLOCK 0")));
    assert_eq!(redis.digest(), before);
    for (gate, rest) in [
        ("v", [[1, 1], [0, 1], [1, 1], [1, 1]]),
        ("b", [[1, 1], [0, 1], [1, 1], [0, 1]]),
    ] {
        assert_eq!(redis.call(["QGATE.RELEASE", gate, "h"]), 1);
        assert_eq!(redis.call("QGATE.COUNT u v a b"), rest, "{gate}");
    }
    let answers = in_transaction(&redis, &["QGATE.RELEASE u h", "QGATE.COUNT u v a b"]);
    assert_eq!(answers[1], [[1, 0], [1, 0], [1, 0], [1, 0]]);
    assert_eq!(m.answer(), granted(1, 1));
    assert_eq!(members(&redis, "b"), ["m"]);
    assert_sound(&redis);
}

#[test]
fn a_waiter_takes_whichever_gate_frees_first() {
    for (free, index) in [("a", 0), ("b", 1), ("c", 2)] {
        let redis = held(&["a", "b", "c"]);
        let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 3 a 1 b 1 c 1 BLOCK 0"));
        assert_eq!(redis.call(["QGATE.RELEASE", free, "h"]), 1);
        assert_eq!(m.answer(), granted(index, 1));
        assert_eq!(members(&redis, "u"), ["m"]);
        assert_sound(&redis);
    }
}

#[test]
fn leaving_several_gates_at_once_serves_who_needs_several() {
    let redis = held(&["u", "v", "a", "b"]);
    let mut m = Asker::ask(&redis, admit("m", &format!("{WHOLE} BLOCK 0")));
    assert_eq!(redis.call("QGATE.LEAVE h 3 b v u"), 3);
    assert_eq!(m.answer(), granted(1, 1));
    assert_eq!(
        redis.call("QGATE.COUNT u v a b"),
        [[1, 0], [1, 0], [1, 0], [1, 0]]
    );
}

#[test]
fn a_wait_that_ends_says_what_is_in_the_way_then() {
    let redis = held(&["u", "a", "b"]);
    let asked = server_ms(&redis);
    let answer = redis.call(admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 80"));
    assert_eq!(answer, refused(1, 0, "u"));
    assert!(server_ms(&redis) >= asked + 80);
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 300"));
    redis.call("QGATE.RELEASE u h");
    assert_eq!(m.answer(), refused(1, 0, "a"));
    assert_eq!(redis.call("QGATE.COUNT u a b"), [[0, 0], [1, 0], [1, 0]]);
    assert_sound(&redis);
}

#[test]
fn any_key_that_a_waiter_named_cancels_its_wait() {
    let redis = held(&["u", "v", "a", "b"]);
    for gate in ["u", "v", "a", "b"] {
        let mut m = Asker::ask(&redis, admit("m", &format!("{WHOLE} BLOCK 0")));
        assert_eq!(redis.call("QGATE.CANCEL other m"), 0);
        assert_eq!(redis.call(["QGATE.CANCEL", gate, "n"]), 0);
        assert_eq!(redis.call(["QGATE.CANCEL", gate, "m"]), 1, "{gate}");
        assert_eq!(m.answer(), refused(1, 0, "u"));
        assert_eq!(redis.call(["QGATE.CANCEL", gate, "m"]), 0, "{gate}");
        assert_eq!(
            redis.call("QGATE.COUNT u v a b"),
            [[1, 0], [1, 0], [1, 0], [1, 0]]
        );
    }
    assert_sound(&redis);
}

#[test]
fn who_goes_away_leaves_every_line_and_those_behind_are_served() {
    let redis = held(&["u", "a"]);
    let gone = Asker::ask(&redis, admit("gone", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let killed = Asker::ask(&redis, admit("killed", "ANY 1 a 1 BLOCK 0"));
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 v 1 ANY 1 a 1 BLOCK 0"));
    redis.call(format!("CLIENT KILL ID {}", killed.client_id()));
    drop(gone);
    until_waiters_are(&redis, "QGATE.WAITERS a", &["m"]);
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    redis.call("QGATE.LEAVE h 2 u a");
    assert_eq!(m.answer(), granted(0, 1));
    assert_sound(&redis);
}

#[test]
fn a_full_line_is_not_joined() {
    let redis = held(&["a", "b", "u"]);
    let pool = "ANY 2 a 1 b 1";
    let _first = Asker::ask(&redis, admit("w", &format!("{pool} QUEUE 1 BLOCK 0")));
    let refusal = not_granted(-1, 1, 1, "a");
    let answer = changes_nothing(&redis, || {
        redis.call(admit("m", &format!("{pool} QUEUE 1 BLOCK 0")))
    });
    assert_eq!(answer, refusal);
    assert_eq!(
        redis.call(admit("m", &format!("{pool} QUEUE 0 NOTIFY ch 0"))),
        refusal
    );
    let _other_line = Asker::ask(&redis, admit("n", "ANY 1 a 1 QUEUE 1 BLOCK 0"));
    until_waiters_are(&redis, "QGATE.WAITERS a", &["w", "n"]);
    let _again = Asker::ask(&redis, admit("w", &format!("{pool} QUEUE 0 BLOCK 0")));
    until_waiters_are(&redis, "QGATE.WAITERS b", &["w"]);
    assert_eq!(redis.info("weir_qgate_refused_by_queue"), "2");
}

#[test]
fn the_servers_bounds_hold_for_it_too() {
    let redis = held(&["a", "u"]);
    let ask = |id: &str| admit(id, "ALL 1 u 1 ANY 1 a 1 BLOCK 0");
    redis.call("CONFIG SET weir.max-blocked-clients 1");
    let _w = Asker::ask(&redis, ask("w"));
    assert_eq!(redis.call(ask("m")), not_granted(-1, 1, 1, "u"));
    redis.call("CONFIG SET weir.max-blocked-clients 100");
    redis.call("CONFIG SET weir.max-waiters-per-line 1");
    assert_eq!(redis.call(ask("m")), not_granted(-1, 1, 1, "u"));
    redis.call("CONFIG SET weir.max-waiters-per-line 100");
    redis.call("CONFIG SET weir.max-waiters 1");
    assert_eq!(redis.call(ask("m")), not_granted(-1, 1, 1, "u"));
    until_waiters_are(&redis, "QGATE.WAITERS u", &["w"]);
}

#[test]
fn a_server_that_wants_no_waiters_dismisses_all() {
    let redis = held(&["a", "u"]);
    let mut w = Asker::ask(&redis, admit("w", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let mut x = Asker::ask(&redis, admit("x", "ANY 1 a 1 BLOCK 0"));
    redis.call("CONFIG SET weir.max-waiters 0");
    assert_eq!(w.answer(), refused(1, 0, "u"));
    assert_eq!(x.answer(), refused(1, 0, "a"));
    assert_eq!(redis.call("QGATE.COUNT u a"), [[1, 0], [1, 0]]);
    assert_eq!(redis.call("MODULE UNLOAD weir"), "OK");
}

#[test]
fn a_waiter_can_be_unblocked_where_the_server_can() {
    let redis = held(&["a"]);
    let mut w = Asker::ask(&redis, admit("w", "ANY 1 a 1 BLOCK 0"));
    let unblocked = redis.call(format!("CLIENT UNBLOCK {}", w.client_id()));
    if unblocked == 1 {
        assert_eq!(w.answer(), refused(1, 0, "a"));
        until_waiters_are(&redis, "QGATE.WAITERS a", &[]);
    } else {
        until_waiters_are(&redis, "QGATE.WAITERS a", &["w"]);
    }
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_newcomer_does_not_overtake_those_in_line() {
    let redis = held(&["a", "b"]);
    let mut w = Asker::ask(&redis, admit("w", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
    let lines = [
        "MULTI",
        "QGATE.RELEASE a h",
        "QGATE.ADMIT m PX 500000 ANY 2 a 1 b 1",
        "QGATE.ACQUIRE a n LIMIT 1 PX 500000",
        "EXEC",
    ];
    let answers = crate::waiting::asker::in_one_piece(&redis, &lines);
    let answers = answers[4].items();
    assert_eq!(answers[1], refused(1, 0, "a"));
    assert_eq!(answers[2], [0, 1, 0]);
    assert_eq!(w.answer(), granted(0, 1));
}

#[test]
fn a_gate_that_becomes_foreign_while_it_is_waited_for_is_an_error_for_those_who_named_it() {
    let redis = held(&["u", "a", "b"]);
    let mut by_all = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 c 1 BLOCK 0"));
    let mut by_any = Asker::ask(&redis, admit("n", "ANY 2 a 1 b 1 BLOCK 0"));
    let mut other = Asker::ask(&redis, admit("o", "ANY 1 b 1 BLOCK 0"));
    in_transaction(&redis, &["DEL u a", "SET u x", "RPUSH a x"]);
    let wrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_eq!(by_all.answer(), wrong);
    assert_eq!(by_any.answer(), wrong);
    assert_eq!(redis.call("EXISTS c"), 0);
    hold(&redis, "c", "x");
    redis.call("QGATE.RELEASE b h");
    assert_eq!(other.answer(), granted(0, 1));
    assert_sound(&redis);
}
