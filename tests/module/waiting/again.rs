//! An id stands once per line: asking again, and leaving by `CANCEL`.

use harness::{Redis, Reply};

use super::asker::{Asker, ask_one_by_one, in_one_piece, in_transaction};
use super::line::{
    assert_sound, assert_to_the_millisecond, granted_at, holder, members, until_waiters_are,
};
use crate::moment::{moment, server_ms};
use crate::qgate::lease_end;
use crate::umq::{granted, stored};

#[test]
fn asking_again_takes_the_older_place_over_and_replaces_the_request() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut earlier = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 DELAY 80000 BLOCK 0");
    let _c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 1000 BLOCK 0");
    let mut later = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 700000 BLOCK 0");
    assert_eq!(earlier.answer().items()[0], 0);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "c"]);
    let released = moment(&redis, "UMQ.RELEASE t a");
    granted(&later.answer());
    let [lease_end, ..] = stored(&redis, "t");
    assert!(released.plus(700_000).contains(&lease_end));
    earlier.assert_silent();
}

#[test]
fn asking_again_for_a_slot_replaces_the_lease() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut earlier = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0");
    let _c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0");
    let mut later = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 700000 BLOCK 0");
    assert_eq!(earlier.answer().items()[0], 0);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b", "c"]);
    let released = moment(&redis, "QGATE.RELEASE g a");
    assert_eq!(later.answer(), [1, 1, 0]);
    assert!(
        released
            .plus(700_000)
            .contains(&lease_end(&redis, "g", "b"))
    );
}

#[test]
fn asking_again_replaces_the_patience() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut earlier = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 400");
    let mut later = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(earlier.answer(), [0, -1, 0, 0]);
    assert_eq!(
        redis.call("UMQ.ACQUIRE t c PX 1000 BLOCK 500"),
        [0, -1, 0, 0]
    );
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    let mut last = Asker::send(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 50");
    assert_eq!(later.answer(), [0, -1, 0, 0]);
    assert_eq!(last.answer(), [0, -1, 0, 0]);
    assert_sound(&redis);
}

#[test]
fn the_connection_that_was_replaced_can_go_without_taking_the_place_along() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut earlier = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let mut later = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(earlier.answer().items()[0], 0);
    drop(earlier);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&later.answer());
}

#[test]
fn a_connection_killed_in_the_turn_in_which_it_is_replaced_takes_nothing_along() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut earlier = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let mut later = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    assert_eq!(earlier.answer().items()[0], 0);
    let kill = format!("CLIENT KILL ID {}", earlier.client_id());
    in_transaction(&redis, &["UMQ.RELEASE t a", &kill]);
    granted(&later.answer());
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
}

#[test]
fn asking_again_is_not_refused_for_a_line_that_is_full() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    for name in ["max-waiters", "max-waiters-per-line"] {
        redis.call(format!("CONFIG SET weir.{name} 1"));
    }
    let mut later = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0 QUEUE 1");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&later.answer());
}

#[test]
fn asking_again_for_what_is_free_by_now_is_granted_at_once() {
    let redis = Redis::start();
    let mut late = Vec::new();
    for round in 0..9 {
        let key = format!("t{round}");
        let held = [
            format!("UMQ.ACQUIRE {key} a PX 9000"),
            format!("UMQ.RELEASE {key} a"),
        ];
        in_one_piece(&redis, &held.each_ref().map(String::as_str));
        let first = format!("UMQ.ACQUIRE {key} b PX 9000 DELAY 80000 BLOCK 0");
        let mut earlier = Asker::ask(&redis, first);
        let again = format!("UMQ.ACQUIRE {key} b PX 9000 BLOCK 0");
        let asked = server_ms(&redis);
        late.push(granted_at(granted(&redis.call(again))) - asked);
        assert_eq!(earlier.answer().items()[0], 0);
    }
    assert_to_the_millisecond(late);
}

#[test]
fn asking_again_without_a_wait_answers_the_own_place_and_keeps_it() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut turns = ask_one_by_one(&redis, 3, "UMQ.ACQUIRE t w{} PX 1000 BLOCK 0");
    let mut slots = ask_one_by_one(&redis, 3, "QGATE.ACQUIRE g w{} LIMIT 1 PX 1000 BLOCK 0");
    for place in 0..3 {
        let turn = redis.call(format!("UMQ.ACQUIRE t w{place} PX 1000"));
        assert_eq!(turn, [0, -1, 0, place]);
        let slot = redis.call(format!("QGATE.ACQUIRE g w{place} LIMIT 1 PX 1000"));
        assert_eq!(slot, [0, 1, place]);
    }
    until_waiters_are(&redis, "UMQ.WAITERS t", &["w0", "w1", "w2"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&turns[0].answer());
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(slots[0].answer(), [1, 1, 0]);
}

#[test]
fn cancelling_takes_a_waiter_out_of_the_line_and_answers_it() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 1000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 60000");
    assert_eq!(redis.call("UMQ.CANCEL t c"), 0);
    assert_eq!(redis.call("UMQ.CANCEL t b"), 1);
    assert_eq!(redis.call("QGATE.CANCEL g c"), 1);
    assert_eq!(b.answer(), [0, -1, 0, 0]);
    assert_eq!(c.answer(), [0, 1, 0]);
    for line in ["UMQ.CANCEL t b", "UMQ.CANCEL t a", "UMQ.CANCEL missing a"] {
        assert_eq!(redis.call(line), 0, "{line}");
    }
    for line in [
        "QGATE.CANCEL g c",
        "QGATE.CANCEL g a",
        "QGATE.CANCEL missing a",
    ] {
        assert_eq!(redis.call(line), 0, "{line}");
    }
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    assert_eq!(members(&redis, "g"), ["a"]);
    assert_sound(&redis);
}

#[test]
fn who_is_cancelled_before_the_release_is_not_served_and_who_is_served_is_not_cancelled() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let lines = ["UMQ.CANCEL t b", "UMQ.RELEASE t a", "UMQ.CANCEL t c"];
    assert_eq!(in_one_piece(&redis, &lines), [1, 1, 0].map(Reply::Int));
    assert_eq!(b.answer().items()[0], 0);
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn one_id_may_wait_in_several_lines() {
    let redis = Redis::start();
    let before = server_ms(&redis);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("QGATE.ACQUIRE t2 a LIMIT 1 PX 500000");
    let mut askers = [
        "UMQ.ACQUIRE t b PX 1000 BLOCK 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0",
        "QGATE.ACQUIRE t2 b LIMIT 1 PX 1000 BLOCK 0",
    ]
    .map(|line| Asker::ask(&redis, line));
    assert_eq!(redis.call("QGATE.CANCEL g b"), 1);
    assert_eq!(askers[1].answer(), [0, 1, 0]);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    until_waiters_are(&redis, "QGATE.WAITERS t2", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    assert!(granted(&askers[0].answer()) / 1_000 >= before);
    assert_eq!(redis.call("QGATE.RELEASE t2 a"), 1);
    assert_eq!(askers[2].answer(), [1, 1, 0]);
}
