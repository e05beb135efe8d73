//! The end of patience: who is not served in time is told so once, leaves the line, and loses nobody a slot.

use harness::{Redis, Reply};

use super::asker::{Asker, ask_one_by_one, in_one_piece};
use super::line::{assert_served, assert_sound, holder, members, until_waiters_are};
use crate::moment::server_ms;
use crate::umq::granted;

/// Answers of those who were not served while somebody had the turn, or the only slot.
const NO_TURN: [i64; 4] = [0, -1, 0, 0];
const NO_SLOT: [i64; 3] = [0, 1, 0];

#[test]
fn a_waiter_that_is_not_served_in_time_is_told_so_and_has_left() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    for (line, no) in [
        ("UMQ.ACQUIRE t b PX 1000 BLOCK 80", Reply::from(NO_TURN)),
        (
            "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 80",
            Reply::from(NO_SLOT),
        ),
    ] {
        let asked = server_ms(&redis);
        assert_eq!(redis.call(line), no);
        let waited = server_ms(&redis) - asked;
        assert_served(80, waited);
    }
    assert_eq!(*redis.call("UMQ.INFO t").field("waiting"), 0);
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    assert_sound(&redis);
}

#[test]
fn the_shortest_patience_is_a_millisecond_and_the_longest_ten_years() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000 BLOCK 1"), NO_TURN);
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 1000 BLOCK 315360000000");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&c.answer());
}

#[test]
fn patience_ends_in_its_own_order_whatever_the_place_in_line() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let mut c = Asker::send(&redis, "UMQ.ACQUIRE t c PX 1000 BLOCK 200");
    let mut d = Asker::send(&redis, "UMQ.ACQUIRE t d PX 1000 BLOCK 60");
    let _e = Asker::ask(&redis, "UMQ.ACQUIRE t e PX 1000 BLOCK 500000");
    assert_eq!(d.answer(), NO_TURN);
    assert_eq!(c.answer(), NO_TURN);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "e"]);
}

#[test]
fn hundreds_who_run_out_of_patience_in_one_turn_of_the_loop_are_all_told() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut askers: Vec<_> = (0..200)
        .map(|number| {
            let line = format!("QGATE.ACQUIRE g w{number} LIMIT 1 PX 1000 BLOCK 300");
            Asker::send(&redis, line)
        })
        .collect();
    redis.call("DEBUG SLEEP 1");
    for asker in &mut askers {
        assert_eq!(asker.answer(), NO_SLOT);
    }
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    assert_sound(&redis);
}

#[test]
fn a_release_and_the_end_of_patience_in_one_turn_of_the_loop_make_one_answer() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 500");
    let mut d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 500000 BLOCK 500");
    let lines = ["DEBUG SLEEP 1", "UMQ.RELEASE t a", "QGATE.RELEASE g a"];
    assert_eq!(in_one_piece(&redis, &lines)[1..], [1, 1].map(Reply::Int));
    match b.answer().items()[0].int() {
        1 => assert_eq!(holder(&redis, "t").as_deref(), Some("b")),
        status => assert_eq!((status, holder(&redis, "t")), (0, None)),
    }
    match d.answer().items()[0].int() {
        1 => assert_eq!(members(&redis, "g"), ["d"]),
        status => assert_eq!((status, redis.call("EXISTS g").int()), (0, 0)),
    }
    assert_eq!(redis.call("QGATE.COUNT g").items()[0].items()[1], 0);
    assert_sound(&redis);
}

#[test]
fn no_slot_is_lost_when_the_heads_patience_ends_in_the_turn_of_the_release() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 500");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    in_one_piece(&redis, &["DEBUG SLEEP 1", "UMQ.RELEASE t a"]);
    let b_was_served = b.answer().items()[0] == 1;
    if b_was_served {
        assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
    }
    granted(&c.answer());
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    assert_sound(&redis);
}

#[test]
fn a_lease_and_a_patience_that_end_at_once_make_one_answer() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 400");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 300");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    redis.call("DEBUG SLEEP 1");
    if b.answer().items()[0] == 1 {
        assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
    }
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn those_behind_are_served_when_the_head_has_run_out_of_patience() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 400");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    assert_eq!(b.answer().items()[0], 0);
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn patience_that_has_not_ended_survives_a_long_command() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let askers = ask_one_by_one(&redis, 5, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 60000");
    in_one_piece(&redis, &["DEBUG SLEEP 0.5", "UMQ.RELEASE t a"]);
    for (number, mut asker) in askers.into_iter().enumerate() {
        granted(&asker.answer());
        assert_eq!(redis.call(format!("UMQ.RELEASE t w{number}")), 1);
    }
}

#[test]
fn who_was_served_in_time_hears_nothing_when_its_patience_would_have_ended() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 250");
    let served = redis.call("UMQ.RELEASE t a");
    assert_eq!(served, 1);
    let first = b.answer();
    redis.call("UMQ.ACQUIRE u a PX 500000");
    assert_eq!(redis.call("UMQ.ACQUIRE u c PX 1000 BLOCK 400"), NO_TURN);
    assert!(first.items()[0] == 1 || first == NO_TURN, "{first:?}");
    b.assert_silent();
    assert_sound(&redis);
}
