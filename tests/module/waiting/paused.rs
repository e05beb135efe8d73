//! Pauses, in which nothing may be written: what falls due in them happens after them, and the server survives.

use harness::Redis;

use super::asker::{Asker, in_one_piece, in_transaction};
use super::line::{assert_sound, granted_at, holder, until_waiters_are};
use crate::aof::appending;
use crate::moment::milliseconds;
use crate::qgate::lease_end;
use crate::umq::granted;

/// How long after a pause what fell due in it has happened.
const SOON_MS: i64 = 1_000;

/// Shortens the leases of `t` and `g` and pauses for 400 ms in one turn of the loop: when the pause ends, at the least.
#[track_caller]
fn pause_over_two_ends(redis: &Redis, mode: &str) -> i64 {
    let pause = format!("CLIENT PAUSE 400 {mode}");
    let lines = [
        "TIME",
        "UMQ.RENEW t a PX 50",
        "QGATE.RENEW g PX 50 a",
        &pause,
    ];
    let answers = in_one_piece(redis, &lines);
    assert_eq!(answers[3], "OK");
    milliseconds(&answers[0]) + 400
}

/// A server that appends and holds a turn `t` and a gate `g`.
fn held() -> Redis {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

#[test]
fn leases_that_end_in_a_pause_are_handed_over_after_it() {
    for mode in ["WRITE", "ALL"] {
        let redis = held();
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
        let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
        let pause_ends = pause_over_two_ends(&redis, mode);
        let turn_at = granted_at(granted(&b.answer()));
        assert_eq!(c.answer(), [1, 1, 0]);
        let slot_at = lease_end(&redis, "g", "c") - 500_000;
        for at in [turn_at, slot_at] {
            let after = pause_ends..pause_ends + SOON_MS;
            assert!(after.contains(&at), "{mode}: {at} in {after:?}");
        }
        assert_sound(&redis);
    }
}

#[test]
fn a_pause_that_is_called_off_lets_the_line_move() {
    let redis = held();
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let lines = ["UMQ.RENEW t a PX 1", "CLIENT PAUSE 600000 WRITE"];
    in_one_piece(&redis, &lines);
    redis.call("DEBUG SLEEP 0.1");
    assert_eq!(
        holder(&redis, "t"),
        None,
        "ended, and nobody can be granted"
    );
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("CLIENT UNPAUSE"), "OK");
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn patience_that_ends_in_a_pause_makes_one_answer() {
    for mode in ["WRITE", "ALL"] {
        let redis = held();
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 250");
        let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
        redis.call(format!("CLIENT PAUSE 400 {mode}"));
        assert_eq!(b.answer(), [0, -1, 0, 0]);
        assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
        granted(&c.answer());
        assert_sound(&redis);
    }
}

#[test]
fn patience_and_a_lease_that_end_in_one_pause_lose_no_turn() {
    let redis = held();
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 200");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    pause_over_two_ends(&redis, "WRITE");
    if b.answer().items()[0] == 1 {
        assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
    }
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn who_goes_away_in_a_pause_is_passed_over_after_it() {
    let redis = held();
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    pause_over_two_ends(&redis, "WRITE");
    drop(b);
    granted(&c.answer());
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    assert_sound(&redis);
}

#[test]
fn a_roll_back_waits_until_the_pause_is_over() {
    let redis = held();
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 500000 BLOCK 0");
    let mut e = Asker::ask(&redis, "QGATE.ACQUIRE g e LIMIT 1 PX 500000 BLOCK 0");
    let answers = in_transaction(
        &redis,
        &[
            "TIME",
            "UMQ.RELEASE t a",
            "QGATE.RELEASE g a",
            "CLIENT PAUSE 400 WRITE",
            &format!("CLIENT KILL ID {}", b.client_id()),
            &format!("CLIENT KILL ID {}", d.client_id()),
        ],
    );
    let pause_ends = milliseconds(&answers[0]) + 400;
    let after = pause_ends..pause_ends + SOON_MS;
    let turn_at = granted_at(granted(&c.answer()));
    assert!(after.contains(&turn_at), "{turn_at} in {after:?}");
    assert_eq!(e.answer(), [1, 1, 0]);
    let slot_at = lease_end(&redis, "g", "e") - 500_000;
    assert!(after.contains(&slot_at), "{slot_at} in {after:?}");
    assert_sound(&redis);
}

#[test]
fn a_release_sent_in_a_pause_hands_over_after_it() {
    let redis = held();
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.call("CLIENT PAUSE 200 WRITE");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}
