//! A member that asks again: it keeps what it has, its leases only grow, and it takes what it lacks.

use harness::Redis;

use super::{admit, granted, held, hold, refused};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::unchanged::changes_nothing;
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::Listener;

#[test]
fn a_holder_keeps_its_gate_and_its_leases_grow() {
    let redis = Redis::start();
    let ask = "ALL 1 u 1 ANY 3 a 1 b 1 c 1 PREFER b";
    assert_eq!(redis.call(admit("m", ask)), granted(1, 1));
    for (lease, least) in [(900_000, 890_000), (100, 890_000), (1_900_000, 1_890_000)] {
        let line = format!("QGATE.ADMIT m PX {lease} ALL 1 u 1 ANY 3 a 1 b 1 c 1 PREFER a");
        assert_eq!(redis.call(line), granted(1, 1));
        let (own, of_any) = (lease_end(&redis, "u", "m"), lease_end(&redis, "b", "m"));
        assert_eq!(own, of_any);
        assert!(own > server_ms(&redis) + least);
    }
    assert_eq!(
        redis.call("QGATE.COUNT u a b c"),
        [[1, 0], [0, 0], [1, 0], [0, 0]]
    );
}

#[test]
fn a_holder_keeps_its_gate_though_all_are_full_or_closed_or_the_limits_lowered() {
    let redis = Redis::start();
    let ask = "ALL 1 u 3 ANY 2 a 3 b 3";
    assert_eq!(redis.call(admit("m", ask)), granted(0, 1));
    for gate in ["u", "a", "b"] {
        hold(&redis, gate, "x");
        hold(&redis, gate, "y");
    }
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 2 a 1 b 1")),
        granted(0, 3)
    );
    redis.call("QGATE.CLOSE u PX 500000");
    redis.call("QGATE.CLOSE a PX 500000");
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 2 b 9 a 1")),
        granted(1, 3)
    );
    assert_eq!(redis.call("QGATE.COUNT u a b"), [[3, 0], [3, 0], [2, 0]]);
}

#[test]
fn a_holder_takes_what_it_lacks() {
    let redis = Redis::start();
    let ask = "ALL 2 u 1 v 1 ANY 2 a 1 b 1";
    assert_eq!(redis.call(admit("m", ask)), granted(0, 1));
    redis.call("QGATE.RELEASE u m");
    assert_eq!(redis.call(admit("m", ask)), granted(0, 1));
    assert_eq!(members(&redis, "u"), ["m"]);
    redis.call("QGATE.RELEASE a m");
    hold(&redis, "a", "x");
    assert_eq!(redis.call(admit("m", ask)), granted(1, 1), "the other one");
    redis.call("QGATE.LEAVE m 2 u v");
    hold(&redis, "v", "x");
    let answer = changes_nothing(&redis, || redis.call(admit("m", ask)));
    assert_eq!(
        answer,
        refused(1, 0, "v"),
        "and nothing if it cannot have all"
    );
    assert_eq!(
        redis.call("QGATE.COUNT u v a b"),
        [[0, 0], [1, 0], [1, 0], [1, 0]]
    );
}

#[test]
fn a_lease_that_has_ended_is_no_slot_that_is_kept() {
    let redis = Redis::start();
    redis.call("ZADD b 5 m");
    hold(&redis, "u", "m");
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 2 a 1 b 1")),
        granted(0, 1)
    );
    assert_eq!(redis.call("QGATE.COUNT a b"), [[1, 0], [0, 0]]);
}

#[test]
fn a_holder_is_not_held_up_by_those_who_wait() {
    let redis = Redis::start();
    let ask = "ALL 1 u 1 ANY 1 a 1";
    assert_eq!(redis.call(admit("m", ask)), granted(0, 1));
    let _n = Asker::ask(&redis, admit("n", &format!("{ask} BLOCK 0")));
    let _o = Asker::ask(&redis, admit("o", "ANY 1 a 1 BLOCK 0"));
    assert_eq!(
        redis.call(admit("m", &format!("{ask} BLOCK 0"))),
        granted(0, 1)
    );
}

#[test]
fn a_waiter_that_asks_again_keeps_its_place_and_the_earlier_asker_is_told() {
    let redis = held(&["a", "b"]);
    let ask =
        |member: &str, rest: &str| Asker::ask(&redis, admit(member, &format!("{rest} BLOCK 0")));
    let mut first = ask("m", "ANY 2 a 1 b 1");
    let mut n = ask("n", "ANY 2 a 1 b 1");
    let mut second = ask("m", "ALL 1 u 1 ANY 2 a 1 b 1");
    assert_eq!(first.answer(), refused(1, 0, "a"));
    until_waiters_are(&redis, "QGATE.WAITERS a", &["m", "n"]);
    assert_eq!(redis.call("QGATE.COUNT u a b"), [[0, 1], [1, 2], [1, 2]]);
    redis.call("QGATE.RELEASE b h");
    assert_eq!(second.answer(), granted(1, 1));
    redis.call("QGATE.RELEASE a h");
    assert_eq!(n.answer(), granted(0, 1));
    assert_eq!(members(&redis, "u"), ["m"]);
    assert_sound(&redis);
}

#[test]
fn an_id_stands_once_for_a_key_whatever_else_it_asked_for() {
    let redis = held(&["a", "b", "c", "u"]);
    let mut listener = Listener::on(&redis, "ch");
    let mut by_ticket = redis.connect();
    let asked = by_ticket.call(admit("m", "ANY 2 a 1 b 1 NOTIFY ch 0"));
    assert_eq!(asked.items()[0], 2);
    let mut other = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 b 1 c 1 BLOCK 0"));
    assert_eq!(listener.hears(), "moved:0:m");
    assert_eq!(
        redis.call("QGATE.COUNT a b c u"),
        [[1, 0], [1, 1], [1, 1], [1, 1]]
    );
    let plain = Asker::ask(&redis, "QGATE.ACQUIRE u m LIMIT 1 PX 500000 BLOCK 0");
    assert_eq!(other.answer(), refused(1, 0, "u"));
    assert_eq!(
        redis.call("QGATE.COUNT a b c u"),
        [[1, 0], [1, 0], [1, 0], [1, 1]]
    );
    drop(plain);
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn who_asks_again_without_waiting_learns_its_place_and_keeps_it() {
    let redis = held(&["a"]);
    let askers = ["x", "m", "y"].map(|id| Asker::ask(&redis, admit(id, "ANY 1 a 1 BLOCK 0")));
    for (id, ahead) in [("x", 0), ("m", 1), ("y", 2), ("new", 3)] {
        assert_eq!(redis.call(admit(id, "ANY 1 a 1")), refused(1, ahead, "a"));
    }
    for mut asker in askers {
        let holder = members(&redis, "a").remove(0);
        assert_eq!(redis.call(["QGATE.RELEASE", "a", &holder]), 1);
        assert_eq!(asker.answer(), granted(0, 1));
    }
}
