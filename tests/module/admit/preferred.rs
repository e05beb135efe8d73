//! The gate that a caller would rather have: by name or by what a trie holds for its conversation, and for how long a
//! waiter insists on it.

use harness::{Redis, error};

use super::{admit, granted, held, hold, refused};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::unchanged::{changes_nothing, ends};
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, members, until_waiters_are};

/// `a`, `b` and `c` have a slot each.
const POOL: &str = "ANY 3 a 1 b 1 c 1";

#[test]
fn the_preferred_gate_is_taken_before_tiers_and_load() {
    let redis = Redis::start();
    redis.call("ZADD b 99999999999999 x 99999999999999 y");
    let ask = "ANY 3 a 3 b 3 c 3 PRIORITY 0 9 0 PREFER b";
    assert_eq!(redis.call(admit("m", ask)), granted(1, 3));
    assert_eq!(redis.call(admit("n", ask)), granted(0, 1), "b is full");
}

#[test]
fn a_preferred_gate_must_be_one_of_any() {
    let redis = held(&["u"]);
    let refusal = error("ERR syntax error: PREFER must name one of the ANY keys");
    for ask in [
        "ANY 2 a 1 b 1 PREFER c",
        "PREFER A ANY 1 a 1",
        "ALL 1 u 1 ANY 1 a 1 PREFER u",
        "ALL 1 u 1 PREFER u",
    ] {
        let answer = changes_nothing(&redis, || redis.call(admit("m", ask)));
        assert_eq!(answer, refusal, "{ask}");
    }
}

#[test]
fn the_gate_that_a_trie_holds_for_the_longest_prefix_is_preferred() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE t s:1 a EX 500");
    redis.call("TRIE.SAVE t s:1-u:2 b EX 500");
    redis.call("TRIE.SAVE t s:1-u:2-a:3 c EX 500");
    for (chain, index) in [
        ("s:1", 0),
        ("s:1-u:9", 0),
        ("s:1-u:2", 1),
        ("--s:1--u:2-", 1),
        ("s:1-u:2-a:3-u:4", 2),
    ] {
        let ask = format!("ANY 3 a 9 b 9 c 9 AFFINITY t {chain}");
        assert_eq!(redis.call(admit("m", &ask)), granted(index, 1), "{chain}");
        redis.call("QGATE.LEAVE m 3 a b c");
    }
}

#[test]
fn what_the_trie_does_not_hold_or_what_is_not_one_of_any_is_no_preference() {
    let redis = held(&["a", "u"]);
    redis.call("TRIE.SAVE t s:1 gone EX 500");
    redis.call("TRIE.SAVE t s:2 u EX 500");
    redis.call("TRIE.SAVE t s:3 a EX 500");
    for ask in [
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY t s:1",
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY t s:2",
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY t s:4",
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY t s",
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY missing s:1",
        "ALL 1 u 9 ANY 2 a 9 b 9 AFFINITY t s:1 PATIENCE 5000 BLOCK 0",
        "ALL 1 u 9 ANY 2 a 1 b 9 AFFINITY t s:3",
    ] {
        assert_eq!(redis.call(admit("m", ask)), granted(1, 1), "{ask}");
        redis.call("QGATE.LEAVE m 2 u b");
    }
    assert_eq!(redis.call("EXISTS missing"), 0);
}

#[test]
fn an_empty_chain_is_no_preference() {
    let redis = held(&["a"]);
    redis.call("TRIE.SAVE t s a EX 500");
    for chain in ["", "-", "---"] {
        let line = [
            "QGATE.ADMIT",
            "m",
            "PX",
            "5000",
            "ANY",
            "2",
            "a",
            "9",
            "b",
            "9",
        ];
        let line = [&line[..], &["AFFINITY", "t", chain]].concat();
        assert_eq!(redis.call(line), granted(1, 1), "{chain:?}");
        redis.call("QGATE.RELEASE b m");
    }
}

#[test]
fn the_trie_is_only_read() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE t s:1 b PX 60000");
    redis.call("TRIE.SAVE t s:2 x PX 1");
    let (before, digest) = (ends(&redis), redis.call("DEBUG DIGEST-VALUE t"));
    assert_eq!(
        redis.call(admit("m", "ANY 2 a 9 b 9 AFFINITY t s:1-u:2")),
        granted(1, 1)
    );
    redis.call("QGATE.RELEASE b m");
    assert_eq!(ends(&redis), before);
    assert_eq!(redis.call("DEBUG DIGEST-VALUE t"), digest);
}

#[test]
fn who_does_not_wait_takes_any_at_once_whatever_its_patience() {
    let redis = held(&["b"]);
    let ask = format!("{POOL} PREFER b PATIENCE 86400000");
    assert_eq!(redis.call(admit("m", &ask)), granted(0, 1));
    assert_eq!(redis.call(admit("n", &ask)), granted(2, 1));
    assert_eq!(redis.call(admit("o", &ask)), refused(1, 0, "a"));
}

#[test]
fn a_patient_waiter_wants_only_its_preferred_gate() {
    let redis = held(&["b"]);
    let ask = format!("{POOL} PREFER b PATIENCE 60000 BLOCK 0");
    let mut m = Asker::ask(&redis, admit("m", &ask));
    until_waiters_are(&redis, "QGATE.WAITERS b", &["m"]);
    let others = redis.call(admit("n", "ANY 2 a 1 c 1"));
    assert_eq!(others, granted(0, 1), "whom it does not hold up");
    assert_eq!(redis.call("QGATE.RELEASE a n"), 1);
    assert_eq!(redis.call("QGATE.COUNT a b c"), [[0, 1], [1, 1], [0, 1]]);
    assert_eq!(redis.call("QGATE.RELEASE b h"), 1);
    assert_eq!(m.answer(), granted(1, 1));
    assert_sound(&redis);
}

#[test]
fn when_its_patience_ends_a_waiter_takes_any_at_that_millisecond() {
    let redis = held(&["b"]);
    let mut late = Vec::new();
    for round in 0..9 {
        let asked = server_ms(&redis);
        let ask = format!("{POOL} PREFER b PATIENCE 40 BLOCK 0");
        let answer = redis.call(admit("m", &ask));
        let until = server_ms(&redis);
        let index = answer.items()[1].int();
        assert_ne!(index, 1, "round {round}");
        let gate = ["a", "b", "c"][index as usize];
        let at = lease_end(&redis, gate, "m") - 500_000;
        assert!((asked + 40..=until).contains(&at), "{asked} {at} {until}");
        late.push(at - asked - 40);
        assert_eq!(redis.call(["QGATE.RELEASE", gate, "m"]), 1);
    }
    late.sort_unstable();
    assert!(late[4] <= 15, "{late:?}");
    assert_sound(&redis);
}

#[test]
fn when_its_patience_ends_and_all_are_full_a_waiter_stands_in_the_common_line_as_of_its_arrival() {
    let redis = held(&["a", "b", "c"]);
    let mut m = Asker::ask(
        &redis,
        admit("m", &format!("{POOL} PREFER b PATIENCE 50 BLOCK 0")),
    );
    let mut n = Asker::ask(&redis, admit("n", &format!("{POOL} BLOCK 0")));
    harness::eventually("the patience is over", || {
        let a = redis.call("QGATE.WAITERS a COUNT 1");
        let first = a.items()[0].items()[0].text();
        if first == "m" { Ok(()) } else { Err(first) }
    });
    redis.call("DEBUG SLEEP 0.06");
    assert_eq!(redis.call("QGATE.RELEASE a h"), 1);
    assert_eq!(m.answer(), granted(0, 1));
    assert_eq!(redis.call("QGATE.RELEASE c h"), 1);
    assert_eq!(n.answer(), granted(2, 1));
    assert_sound(&redis);
}

#[test]
fn a_wait_shorter_than_its_patience_ends_without_another_gate() {
    let redis = held(&["b"]);
    let ask = format!("{POOL} PREFER b PATIENCE 60000 BLOCK 60");
    let answer = redis.call(admit("m", &ask));
    assert_eq!((answer.items()[0].int(), answer.items()[1].int()), (0, -1));
    assert_eq!(redis.call("QGATE.COUNT a b c"), [[0, 0], [1, 0], [0, 0]]);
    assert_sound(&redis);
}

#[test]
fn no_patience_at_all_takes_any_at_once_though_it_would_wait() {
    let redis = held(&["b"]);
    for rest in ["PREFER b PATIENCE 0 BLOCK 0", "PREFER b BLOCK 0"] {
        let answer = redis.call(admit("m", &format!("{POOL} {rest}")));
        assert_eq!(answer.items()[0], 1, "{rest}");
        redis.call("QGATE.LEAVE m 2 a c");
    }
}

#[test]
fn a_gate_found_by_affinity_is_waited_for_like_one_that_was_named() {
    let redis = held(&["b"]);
    redis.call("TRIE.SAVE t s:1 b EX 500");
    let ask = format!("{POOL} AFFINITY t s:1-u:2 PATIENCE 60000 BLOCK 0");
    let mut m = Asker::ask(&redis, admit("m", &ask));
    until_waiters_are(&redis, "QGATE.WAITERS b", &["m"]);
    redis.call("TRIE.SAVE t s:1 a EX 500");
    hold(&redis, "x", "h");
    assert_eq!(redis.call("QGATE.RELEASE b h"), 1);
    assert_eq!(m.answer(), granted(1, 1));
    assert_eq!(members(&redis, "b"), ["m"]);
}

#[test]
fn a_patient_waiter_whose_own_gate_is_full_takes_the_preferred_one_when_that_has_room() {
    let redis = held(&["u"]);
    let ask = format!("ALL 1 u 1 {POOL} PREFER c PATIENCE 60000 BLOCK 0");
    let mut m = Asker::ask(&redis, admit("m", &ask));
    assert_eq!(redis.call("QGATE.RELEASE u h"), 1);
    assert_eq!(m.answer(), granted(2, 1));
    assert_eq!(members(&redis, "u"), ["m"]);
}
