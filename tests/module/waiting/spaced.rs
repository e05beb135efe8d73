//! Waiting for a turn that is free but too early for the spacing asked.

use harness::Redis;

use super::asker::{Asker, in_one_piece, in_transaction};
use super::line::{
    assert_served, assert_sound, assert_to_the_millisecond, granted_at, until_waiters_are,
};
use crate::moment::{moment, server_ms};
use crate::typed::typed;
use crate::umq::{granted, stored};

#[test]
fn a_turn_released_too_early_is_granted_when_the_spacing_has_passed() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 120 BLOCK 0");
    let answers = in_transaction(&redis, &["UMQ.RELEASE t a", "UMQ.INFO t", "GET t"]);
    assert_eq!(*answers[1].field("waiting"), 1);
    assert_eq!(*answers[1].field("holder"), harness::Reply::Nil);
    let stamp: i64 = answers[2]
        .text()
        .split(' ')
        .nth(2)
        .unwrap()
        .parse()
        .unwrap();
    let at = granted_at(granted(&b.answer()));
    assert_served(stamp + 120, at);
    assert_eq!(stored(&redis, "t")[2], stamp);
    assert_sound(&redis);
}

#[test]
fn each_spacing_ends_at_its_millisecond() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t w PX 50000");
    let mut late = Vec::new();
    for round in 0..15 {
        redis.call("UMQ.RELEASE t w");
        let stamp = stored(&redis, "t")[2];
        let line = "UMQ.ACQUIRE t w PX 50000 DELAY 25 BLOCK 0";
        let at = granted_at(granted(&redis.call(line)));
        assert!(at >= stamp + 25, "round {round}");
        late.push(at - stamp - 25);
    }
    assert_to_the_millisecond(late);
}

#[test]
fn the_spacing_is_counted_from_the_end_of_a_lease_that_nobody_gave_back() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 60");
    let [lease_end, ..] = stored(&redis, "t");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80 BLOCK 0");
    let at = granted_at(granted(&b.answer()));
    assert_served(lease_end + 80, at);
    assert_eq!(stored(&redis, "t")[2], lease_end);
}

#[test]
fn who_waits_for_a_long_spacing_holds_those_behind_until_it_leaves() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "c"]);
    let answers = in_transaction(&redis, &["UMQ.CANCEL t b", "UMQ.INFO t"]);
    assert_eq!(answers[0], 1);
    assert_eq!(*answers[1].field("holder"), "c");
    assert_eq!(b.answer().items()[0], 0);
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn who_is_first_because_another_flow_has_a_new_first_goes_at_once() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let spaced = "PX 50000 DELAY 80000 FLOW spaced";
    let b = Asker::ask(&redis, format!("UMQ.ACQUIRE t b {spaced} BLOCK 0"));
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 FLOW other BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "c"]);
    let earlier = format!("UMQ.ACQUIRE t d {spaced} WAITED 300000 NOTIFY n 0");
    let answers = in_transaction(&redis, &[&earlier, "UMQ.INFO t"]);
    assert_eq!(answers[0].items()[0], 2);
    assert_eq!(*answers[1].field("holder"), "c", "in the same execution");
    granted(&c.answer());
    drop(b);
    assert_sound(&redis);
}

#[test]
fn a_wait_ended_by_its_patience_says_what_remains_of_the_spacing() {
    let redis = Redis::start();
    let stamp = server_ms(&redis);
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 90000 ""#)));
    let refused = redis.call("UMQ.ACQUIRE t b PX 1000 DELAY 80000 BLOCK 60");
    let after = server_ms(&redis);
    let wait = refused.items()[1].int();
    assert!(
        (stamp + 80_000 - after..=80_000 - 60).contains(&wait),
        "{wait}"
    );
    assert_eq!(refused, [0, wait, 0, 0]);
    assert_sound(&redis);
}

#[test]
fn the_spacing_of_the_next_in_line_counts_and_not_that_of_the_last_grant() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000 DELAY 86400000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    redis.call("UMQ.RELEASE t a");
    granted(&b.answer());
}

#[test]
fn the_first_in_line_asking_again_without_a_wait_is_told_the_spacing_that_remains() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let stamp = stored(&redis, "t")[2];
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 0");
    let early = moment(&redis, "UMQ.ACQUIRE t b PX 1000 DELAY 80000");
    let wait = early.reply.items()[1].int();
    assert!(early.left_until(stamp + 80_000).contains(&wait), "{wait}");
    assert_eq!(early.reply, [0, wait, 0, 0]);
    let behind = redis.call("UMQ.ACQUIRE t c PX 1000 DELAY 80000");
    assert_eq!(behind, [0, -1, 0, 1], "b waits before c");
}
