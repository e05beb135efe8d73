//! All that is asked for is taken together, or nothing changes; and what the answer says.

use harness::Redis;

use super::{admit, granted, held, hold, refused};
use crate::moment::moment;
use crate::qgate::{close, lease_end};
use crate::unchanged::changes_nothing;
use crate::waiting::line::members;

#[test]
fn a_slot_of_every_gate_of_all_and_of_one_of_any_is_taken_with_one_lease() {
    let redis = Redis::start();
    let admitted = moment(&redis, admit("m", "ALL 2 u 1 v 2 ANY 2 a 1 b 1"));
    assert_eq!(admitted.reply, granted(0, 1));
    for gate in ["u", "v", "a"] {
        assert_eq!(members(&redis, gate), ["m"]);
        let end = lease_end(&redis, gate, "m");
        assert!(admitted.plus(500_000).contains(&end), "{gate}");
        assert_eq!(end, lease_end(&redis, "u", "m"), "{gate}");
        assert!(redis.call(["PEXPIRETIME", gate]).int() >= end, "{gate}");
    }
    assert_eq!(redis.call("EXISTS b"), 0);
}

#[test]
fn all_alone_has_no_index_and_tells_what_is_in_use_of_its_last_gate() {
    let redis = held(&["v"]);
    assert_eq!(redis.call(admit("m", "ALL 2 u 1 v 5")), granted(-1, 2));
    assert_eq!(members(&redis, "u"), ["m"]);
    assert_eq!(members(&redis, "v"), ["h", "m"]);
}

#[test]
fn any_alone_takes_one() {
    let redis = Redis::start();
    assert_eq!(redis.call(admit("m", "ANY 3 a 1 b 1 c 1")), granted(0, 1));
    assert_eq!(redis.call(admit("n", "ANY 3 a 1 b 1 c 1")), granted(1, 1));
    assert_eq!(redis.call(admit("o", "ANY 1 c 1")), granted(0, 1));
    assert_eq!(
        redis.call(admit("p", "ANY 3 a 1 b 1 c 1")),
        refused(1, 0, "a")
    );
}

#[test]
fn who_is_refused_by_any_gate_has_changed_nothing() {
    let redis = held(&["u", "w", "a", "b"]);
    close(&redis, "closed", "99999999999999");
    for (ask, in_use, key) in [
        ("ALL 1 u 1 ANY 2 c 1 d 1", 1, "u"),
        ("ALL 2 u 1 v 1 ANY 1 c 1", 1, "u"),
        ("ALL 2 v 1 u 1 ANY 1 c 1", 1, "u"),
        ("ALL 2 v 1 closed 9 ANY 1 c 1", 0, "closed"),
        ("ALL 3 v 1 u 1 w 1 ANY 1 c 1", 1, "u"),
        ("ALL 3 v 1 w 1 u 1 ANY 1 a 1", 1, "w"),
        ("ALL 1 v 1 ANY 2 a 1 b 1", 1, "a"),
        ("ALL 1 v 1 ANY 2 b 1 a 1", 1, "b"),
        ("ALL 1 v 1 ANY 2 closed 0 a 1", 0, "closed"),
        ("ALL 1 v 1 ANY 2 a 1 closed 0", 1, "a"),
        ("ALL 2 v 1 u 1", 1, "u"),
        ("ANY 1 b 1", 1, "b"),
    ] {
        let answer = changes_nothing(&redis, || redis.call(admit("m", ask)));
        assert_eq!(answer, refused(in_use, 0, key), "{ask}");
    }
}

#[test]
fn a_gate_of_another_shape_refuses_the_whole_wherever_it_stands() {
    let redis = held(&["u"]);
    redis.call("SET text x");
    redis.call("RPUSH list x");
    hold(&redis, "held", "m");
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    for ask in [
        "ALL 1 text 1 ANY 1 a 1",
        "ALL 2 v 1 list 1 ANY 1 a 1",
        "ALL 1 v 1 ANY 2 a 1 text 1",
        "ALL 1 v 1 ANY 2 list 0 a 1",
        "ANY 3 held 1 a 1 text 1",
        "ALL 2 u 1 text 1",
        "ALL 1 u 1 ANY 1 text 1",
        "ALL 1 v 1 ANY 1 a 1 RATES 1 list 5 5 5 1",
        "ALL 1 v 1 ANY 1 a 1 AFFINITY text chain",
    ] {
        let answer = changes_nothing(&redis, || redis.call(admit("m", ask)));
        assert_eq!(answer, harness::error(wrong), "{ask}");
    }
}

#[test]
fn what_is_in_use_counts_live_holders_only() {
    let redis = Redis::start();
    redis.call("ZADD u 5 ended 6 also-ended");
    redis.call("ZADD a 5 ended 99999999999999 living");
    assert_eq!(redis.call(admit("m", "ALL 1 u 1 ANY 1 a 2")), granted(0, 2));
    assert_eq!(
        redis.call(admit("n", "ALL 1 u 1 ANY 1 a 9")),
        refused(1, 0, "u")
    );
    assert_eq!(redis.call(admit("n", "ANY 1 a 2")), refused(2, 0, "a"));
    assert_eq!(redis.call("ZCARD u"), 1, "a grant sweeps");
}

#[test]
fn the_most_gates_that_may_be_named_are_taken_together() {
    let redis = Redis::start();
    let list = |name: &str, count: usize| -> String {
        (0..count)
            .map(|number| format!(" {name}{number} 1"))
            .collect()
    };
    let ask = format!("ALL 64{} ANY 1000{}", list("u", 64), list("a", 1_000));
    assert_eq!(redis.call(admit("m", &ask)), granted(0, 1));
    assert_eq!(redis.call("DBSIZE"), 65);
    for gate in ["u0", "u63"] {
        hold(&redis, gate, "x");
    }
    let ask = format!("ALL 64{} ANY 1000{}", list("v", 64), list("a", 1_000));
    assert_eq!(redis.call(admit("n", &ask)), granted(1, 1));
    let leave: String = (0..64).map(|number| format!(" v{number}")).collect();
    assert_eq!(redis.call(format!("QGATE.LEAVE n 65 a1{leave}")), 65);
    assert_eq!(redis.call("DBSIZE"), 65);
}

#[test]
fn a_replica_and_a_full_server_refuse_it() {
    let redis = Redis::start();
    redis.call("CONFIG SET maxmemory 1");
    let refusal = redis.call(admit("m", "ANY 1 a 1"));
    assert!(format!("{refusal:?}").contains("OOM"), "{refusal:?}");
    redis.call("CONFIG SET maxmemory 0");
    redis.call("REPLICAOF 127.0.0.1 1");
    let refusal = redis.call(admit("m", "ANY 1 a 1"));
    assert!(format!("{refusal:?}").contains("READONLY"), "{refusal:?}");
}
