//! What is seen of waiters and grants: at every gate that was named, and in the counters.

use harness::{Redis, Reply};

use super::{admit, granted, held, hold, refused};
use crate::waiting::asker::Asker;
use crate::waiting::line::assert_sound;

fn counter(redis: &Redis, name: &str) -> i64 {
    let text = redis.info(&format!("weir_qgate_{name}"));
    text.parse().expect("a counter is a number")
}

#[test]
fn every_gate_that_a_waiter_named_shows_it() {
    let redis = held(&["u", "a", "b"]);
    let ask = "ALL 2 u 1 v 1 ANY 2 a 1 b 1 FLOW f BLOCK 0";
    let _m = Asker::ask(&redis, admit("m", ask));
    let _n = Asker::ask(&redis, admit("n", "ANY 2 b 1 a 1 BLOCK 0"));
    for (gate, waiting) in [("u", 1), ("v", 1), ("a", 2), ("b", 2)] {
        let info = redis.call(["QGATE.INFO", gate]);
        assert_eq!(*info.field("waiting"), waiting, "{gate}");
        let oldest = info.field("oldest-wait-ms").int();
        assert!((0..60_000).contains(&oldest), "{gate}: {oldest}");
        let rows = redis.call(["QGATE.WAITERS", gate]);
        let first = rows.items()[0].items();
        assert_eq!((&first[0], &first[1]), (&"m".into(), &"f".into()), "{gate}");
        assert_eq!(rows.items().len(), waiting as usize, "{gate}");
    }
    let rows = redis.call("QGATE.WAITERS a");
    assert_eq!(rows.items()[1].items()[1], Reply::Nil, "n has no flow");
    let counts = [[1, 1], [0, 1], [1, 2], [1, 2], [0, 0]];
    assert_eq!(redis.call("QGATE.COUNT u v a b x"), counts);
    assert_eq!(redis.call("QGATE.WAITERS a COUNT 1").items().len(), 1);
    assert_eq!(*redis.call("QGATE.INFO a").field("flows"), 2);
}

#[test]
fn as_many_waiters_are_shown_as_asked_for_though_others_stand_between_them() {
    let redis = held(&["a"]);
    let _m = Asker::ask(&redis, admit("m", "ALL 1 u 9 ANY 1 a 1 BLOCK 0"));
    let _x = Asker::ask(&redis, admit("x", "ANY 1 a 1 BLOCK 0"));
    let _n = Asker::ask(&redis, admit("n", "ALL 1 u 9 ANY 1 a 1 BLOCK 0"));
    let rows = redis.call("QGATE.WAITERS u COUNT 2");
    let ids: Vec<_> = rows
        .items()
        .iter()
        .map(|row| row.items()[0].text())
        .collect();
    assert_eq!(ids, ["m", "n"]);
}

#[test]
fn grants_refusals_and_waits_are_counted() {
    let redis = held(&["u"]);
    redis.call("CONFIG RESETSTAT");
    let before: Vec<i64> = NAMES.iter().map(|name| counter(&redis, name)).collect();
    redis.call(admit("m", "ALL 1 v 1 ANY 2 a 1 b 1"));
    redis.call(admit("m", "ALL 1 v 1 ANY 2 a 1 b 1"));
    redis.call(admit("n", "ALL 1 u 1 ANY 2 a 1 b 1"));
    redis.call("QGATE.CLOSE c PX 500000");
    redis.call(admit("n", "ANY 1 c 1"));
    redis.call(admit("n", "ANY 1 d 1 RATES 1 r 1 1 1 2"));
    redis.call(admit("n", "ALL 1 u 1 ANY 1 d 1 BLOCK 20"));
    redis.call(admit("n", "ALL 1 u 1 ANY 1 d 1 QUEUE 0 BLOCK 20"));
    let _cancelled = Asker::ask(&redis, admit("n", "ALL 1 u 1 ANY 1 d 1 BLOCK 0"));
    redis.call("QGATE.CANCEL d n");
    let mut handed = Asker::ask(&redis, admit("n", "ALL 1 u 1 ANY 1 d 1 BLOCK 0"));
    redis.call("QGATE.RELEASE u h");
    assert_eq!(handed.answer(), granted(0, 1));
    let after = NAMES.iter().map(|name| counter(&redis, name));
    let grown: Vec<_> = NAMES
        .iter()
        .zip(after.zip(before).map(|(now, then)| now - then))
        .collect();
    let expected = [4, 2, 1, 1, 1, 3, 1, 1, 1, 1];
    assert_eq!(grown, NAMES.iter().zip(expected).collect::<Vec<_>>());
    assert_sound(&redis);
}

/// Slots are counted, not calls.
const NAMES: [&str; 10] = [
    "grants",
    "extensions",
    "refused_full",
    "refused_closed",
    "refused_rate",
    "waits",
    "timeouts",
    "cancels",
    "hand_offs",
    "refused_by_queue",
];

#[test]
fn those_who_are_told_how_many_are_ahead_know_their_place_in_their_own_line() {
    let redis = held(&["u", "a"]);
    let _x = Asker::ask(&redis, admit("x", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let _y = Asker::ask(&redis, admit("y", "ALL 1 v 9 ANY 1 a 1 BLOCK 0"));
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 1 a 1")),
        refused(1, 1, "u")
    );
    assert_eq!(redis.call(admit("m", "ANY 1 a 1")), refused(1, 2, "a"));
    hold(&redis, "other", "h");
    assert_eq!(
        redis.call(admit("m", "ANY 2 other 1 other2 0")),
        granted(1, 1)
    );
    assert_eq!(
        redis.call(admit("m2", "ANY 1 other 1")),
        refused(1, 0, "other")
    );
}
