//! The rates of a call: all are charged or none, when granted or queued, and given back when the wait ends in vain.

use harness::{Redis, Reply, error, eventually};

use super::{admit, granted, held, hold, not_granted, queued, refused};
use crate::unchanged::changes_nothing;
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::Listener;

/// Ten tokens, of which none flows back while a test runs; each call takes three.
const RATE: &str = "RATES 1 r 10 1 100000000 3";

/// How many tokens a bucket of ten has.
#[track_caller]
fn left(redis: &Redis, key: &str) -> i64 {
    let peek = format!("RATE.TAKE {key} BURST 10 RATE 1 PER 100000000 COST 0");
    redis.call(peek).items()[1].int()
}

#[track_caller]
fn until_left(redis: &Redis, key: &str, tokens: i64) {
    eventually("the tokens are back", || {
        let left = left(redis, key);
        if left == tokens {
            Ok(())
        } else {
            Err(left.to_string())
        }
    });
}

/// Refused by a rate: after how long it is worth asking again.
#[track_caller]
fn retry_after(answer: &Reply, key: &str) -> i64 {
    let retry = answer.items()[1].int();
    let expected = Reply::Array(vec![
        (-2).into(),
        retry.into(),
        0.into(),
        0.into(),
        key.into(),
    ]);
    assert_eq!(*answer, expected);
    retry
}

#[test]
fn a_grant_is_charged() {
    let redis = Redis::start();
    for left_then in [7, 4, 1] {
        let ask = format!("ALL 1 u 9 ANY 1 a 9 {RATE}");
        assert_eq!(
            redis.call(admit(&format!("m{left_then}"), &ask)).items()[0],
            1
        );
        assert_eq!(left(&redis, "r"), left_then);
    }
}

#[test]
fn all_rates_are_charged_or_none_and_no_slot_is_taken_where_one_is_short() {
    let redis = Redis::start();
    redis.call("RATE.TAKE short BURST 10 RATE 1 PER 100000000 COST 8");
    redis.call("RATE.TAKE empty BURST 10 RATE 1 PER 100000000 COST 10");
    for (rates, key, retry_ms) in [
        (
            "RATES 2 r 10 1 100000000 3 short 10 1 100000000 3",
            "short",
            100_000_000,
        ),
        (
            "RATES 2 short 10 1 100000000 3 r 10 1 100000000 3",
            "short",
            100_000_000,
        ),
        (
            "RATES 3 r 10 1 100000000 3 empty 10 1 100000000 1 short 10 1 100000000 9",
            "empty",
            100_000_000,
        ),
        (
            "RATES 3 r 10 1 100000000 3 short 10 1 100000000 4 empty 10 1 100000000 1",
            "short",
            200_000_000,
        ),
    ] {
        let ask = format!("ALL 1 u 1 ANY 1 a 1 {rates}");
        for wait in ["", "BLOCK 0", "NOTIFY ch 0"] {
            let answer =
                changes_nothing(&redis, || redis.call(admit("m", &format!("{ask} {wait}"))));
            let retry = retry_after(&answer, key);
            assert!(
                (retry_ms - 20_000..=retry_ms).contains(&retry),
                "{retry} {rates}"
            );
        }
    }
    assert_eq!(redis.call("EXISTS u a r"), 0);
    assert_eq!(redis.info("weir_qgate_refused_rate"), "12");
}

#[test]
fn who_asks_again_when_told_to_is_granted() {
    let redis = Redis::start();
    let ask = |id: &str| redis.call(admit(id, "ANY 1 a 9 RATES 1 r 1 1 1500 1"));
    assert_eq!(ask("m").items()[0], 1);
    let retry = retry_after(&ask("n"), "r");
    assert!((1..=1_500).contains(&retry), "{retry}");
    redis.call(format!("DEBUG SLEEP {}", retry as f64 / 1_000.0));
    assert_eq!(ask("n"), granted(0, 2));
}

#[test]
fn a_cost_above_the_burst_is_never_had() {
    let redis = held(&["a"]);
    let never = not_granted(-2, 0, 0, "r");
    let rate = "RATES 1 r 10 1 100000000 11";
    assert_eq!(redis.call(admit("m", &format!("ANY 1 b 9 {rate}"))), never);
    assert_eq!(
        redis.call(admit("m", &format!("ANY 1 a 1 {rate} BLOCK 0"))),
        never
    );
    assert_eq!(
        redis.call(admit("m", "ANY 1 b 9 RATES 1 r 10 1 5 0")),
        granted(0, 1)
    );
    assert_eq!(redis.call("EXISTS r"), 0, "nothing costs nothing");
}

#[test]
fn who_is_refused_by_a_gate_and_does_not_wait_is_not_charged() {
    let redis = held(&["u"]);
    let ask = admit("m", &format!("ALL 1 u 1 ANY 1 a 1 {RATE}"));
    assert_eq!(
        changes_nothing(&redis, || redis.call(ask)),
        refused(1, 0, "u")
    );
    let full = admit("m", &format!("ALL 1 u 1 ANY 1 a 1 {RATE} QUEUE 0 BLOCK 0"));
    assert_eq!(
        changes_nothing(&redis, || redis.call(full)),
        not_granted(-1, 1, 0, "u")
    );
}

#[test]
fn a_waiter_is_charged_when_it_joins_and_not_again_when_it_is_granted() {
    let redis = held(&["u"]);
    let mut m = Asker::ask(
        &redis,
        admit("m", &format!("ALL 1 u 1 ANY 1 a 1 {RATE} BLOCK 0")),
    );
    assert_eq!(left(&redis, "r"), 7);
    redis.call("QGATE.RELEASE u h");
    assert_eq!(m.answer(), granted(0, 1));
    assert_eq!(left(&redis, "r"), 7);
    assert_sound(&redis);
}

#[test]
fn a_wait_that_ends_in_vain_gives_back_what_it_was_charged() {
    let redis = held(&["u", "a"]);
    let ask = format!("ALL 1 u 1 ANY 1 a 1 {RATE}");
    let block = |ms: u32| Asker::ask(&redis, admit("m", &format!("{ask} BLOCK {ms}")));

    let mut timed_out = block(60);
    assert_eq!(left(&redis, "r"), 7);
    assert_eq!(timed_out.answer(), refused(1, 0, "u"));
    until_left(&redis, "r", 10);

    let mut cancelled = block(0);
    assert_eq!(left(&redis, "r"), 7);
    redis.call("QGATE.CANCEL a m");
    cancelled.answer();
    until_left(&redis, "r", 10);

    let gone = block(0);
    assert_eq!(left(&redis, "r"), 7);
    drop(gone);
    until_left(&redis, "r", 10);

    let killed = block(0);
    assert_eq!(left(&redis, "r"), 7);
    redis.call(format!("CLIENT KILL ID {}", killed.client_id()));
    until_left(&redis, "r", 10);

    let mut dismissed = block(0);
    assert_eq!(left(&redis, "r"), 7);
    redis.call("CONFIG SET weir.max-waiters 0");
    dismissed.answer();
    until_left(&redis, "r", 10);
    redis.call("CONFIG SET weir.max-waiters 100");

    let mut failed = block(0);
    assert_eq!(left(&redis, "r"), 7);
    in_transaction(&redis, &["DEL u", "SET u x"]);
    assert!(failed.answer().is_error());
    until_left(&redis, "r", 10);
    assert_eq!(redis.call("EXISTS r"), 0, "a full bucket is no key");
    assert_sound(&redis);
}

#[test]
fn a_ticket_that_ends_in_vain_gives_back_what_it_was_charged() {
    let redis = held(&["u"]);
    let mut listener = Listener::on(&redis, "ch");
    let ask = format!("ALL 1 u 1 ANY 1 a 1 {RATE} NOTIFY ch");
    redis.call(admit("m", &format!("{ask} 60")));
    assert_eq!(left(&redis, "r"), 7);
    assert_eq!(listener.hears(), "timeout:0:m");
    until_left(&redis, "r", 10);
    let mut client = redis.connect();
    assert_eq!(
        client.call(admit("m", &format!("{ask} 0"))),
        queued(1, 0, "u")
    );
    assert_eq!(left(&redis, "r"), 7);
    drop(client);
    until_left(&redis, "r", 10);
    drop(listener);
    crate::waiting::listener::until_listeners_are(&redis, "ch", 0);
    redis.call(admit("m", &format!("{ask} 0")));
    redis.call("QGATE.RELEASE u h");
    until_left(&redis, "r", 10);
    assert_eq!(redis.call("EXISTS u a"), 0, "nobody would have heard of it");
}

#[test]
fn a_grant_taken_back_gives_back_what_it_was_charged() {
    let redis = held(&["u"]);
    let m = Asker::ask(
        &redis,
        admit("m", &format!("ALL 1 u 1 ANY 1 a 1 {RATE} BLOCK 0")),
    );
    let kill = format!("CLIENT KILL ID {}", m.client_id());
    let answers = in_transaction(&redis, &["QGATE.RELEASE u h", "QGATE.COUNT u a", &kill]);
    assert_eq!(answers[1], [[1, 0], [1, 0]]);
    until_left(&redis, "r", 10);
    eventually("both slots are free", || {
        let seen = redis.call("EXISTS u a");
        if seen == 0 {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_sound(&redis);
}

#[test]
fn asking_again_is_not_charged() {
    let redis = held(&["full"]);
    let ask = format!("ALL 1 u 1 ANY 1 a 1 {RATE}");
    for _ in 0..3 {
        assert_eq!(redis.call(admit("m", &ask)), granted(0, 1));
        assert_eq!(left(&redis, "r"), 7);
    }
    let waits = format!("ALL 1 full 1 ANY 1 b 1 {RATE} BLOCK 0");
    let mut first = Asker::ask(&redis, admit("n", &waits));
    let mut second = Asker::ask(&redis, admit("n", &waits));
    assert_eq!(first.answer().items()[0], 0);
    assert_eq!(left(&redis, "r"), 4);
    assert_eq!(
        redis
            .call(admit("n", &waits.replace("BLOCK 0", "")))
            .items()[0],
        0
    );
    assert_eq!(left(&redis, "r"), 4);
    redis.call("QGATE.RELEASE full h");
    assert_eq!(second.answer(), granted(0, 1));
    assert_eq!(left(&redis, "r"), 4);
    assert_sound(&redis);
}

#[test]
fn a_waiter_that_asks_again_gives_back_once() {
    let redis = held(&["u"]);
    let waits = format!("ALL 1 u 1 ANY 1 a 1 {RATE} BLOCK 0");
    let _first = Asker::ask(&redis, admit("m", &waits));
    let _second = Asker::ask(&redis, admit("m", &waits));
    let _third = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    assert_eq!(left(&redis, "r"), 7);
    redis.call("QGATE.CANCEL u m");
    until_left(&redis, "r", 10);
    let _later = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let _charged = Asker::ask(&redis, admit("m", &waits));
    assert_eq!(left(&redis, "r"), 7, "it was not charged before");
}

#[test]
fn a_member_that_takes_what_it_lacks_is_charged() {
    let redis = Redis::start();
    let ask = format!("ALL 1 u 1 ANY 1 a 1 {RATE}");
    redis.call(admit("m", &ask));
    redis.call("QGATE.RELEASE u m");
    assert_eq!(redis.call(admit("m", &ask)), granted(0, 1));
    assert_eq!(left(&redis, "r"), 4);
}

#[test]
fn a_bucket_of_another_shape_is_an_error_whether_or_not_it_would_be_charged() {
    let redis = held(&["u"]);
    redis.call("RPUSH list x");
    let wrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    let rates = "RATES 2 r 10 1 100000000 3 list 10 1 100000000 3";
    hold(&redis, "b", "m");
    for ask in [
        "ALL 1 v 1 ANY 1 a 1",
        "ALL 1 u 1 ANY 1 a 1 BLOCK 0",
        "ALL 1 u 1 ANY 1 a 1",
        "ANY 1 b 1",
    ] {
        let ask = admit("m", &format!("{ask} {rates}"));
        assert_eq!(changes_nothing(&redis, || redis.call(ask)), wrong);
    }
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    assert_sound(&redis);
}

#[test]
fn a_bucket_that_becomes_foreign_meanwhile_is_left_alone() {
    let redis = held(&["u"]);
    let mut m = Asker::ask(
        &redis,
        admit("m", &format!("ALL 1 u 1 ANY 1 a 1 {RATE} BLOCK 0")),
    );
    in_transaction(&redis, &["DEL r", "RPUSH r x"]);
    redis.call("QGATE.CANCEL u m");
    assert_eq!(m.answer(), refused(1, 0, "u"));
    assert_sound(&redis);
    assert_eq!(redis.call("LRANGE r 0 -1"), ["x"]);
}

#[test]
fn waiters_are_charged_and_given_back_in_their_own_database() {
    let redis = Redis::start();
    redis.call("SELECT 3");
    hold(&redis, "u", "h");
    let mut client = redis.connect();
    client.call("SELECT 3");
    let ask = format!("ALL 1 u 1 ANY 1 a 1 {RATE} BLOCK 0");
    let mut m = Asker::ask_over(&redis, client, admit("m", &ask));
    assert_eq!(left(&redis, "r"), 7);
    redis.call("SELECT 5");
    let mut n = Asker::ask(&redis, admit("n", "ANY 1 r 1 BLOCK 5"));
    n.answer();
    redis.call("SELECT 3");
    redis.call("QGATE.CANCEL u m");
    m.answer();
    until_left(&redis, "r", 10);
    assert_eq!(members(&redis, "u"), ["h"]);
    redis.call("SELECT 0");
    assert_eq!(redis.call("EXISTS u a"), 0);
    assert_sound(&redis);
}
