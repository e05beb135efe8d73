//! Turns with times that no command of ours writes.

use harness::{Redis, Reply};

use super::{ABSURD_MS, assert_absurd};
use crate::moment::{moment, server_ms};
use crate::typed::typed;

#[track_caller]
fn write(redis: &Redis, text: &str) {
    redis.call(["SET", "t", text]);
}

#[test]
fn an_absurd_lease_end_counts_as_30_days_from_now_and_can_be_forced() {
    let redis = Redis::start();
    for end in [
        i64::MAX.to_string(),
        "99999999999999999999999999".into(),
        (server_ms(&redis) + ABSURD_MS + 100_000).to_string(),
    ] {
        write(&redis, &format!("{end} 7 0 60000 a"));
        let shown = moment(&redis, "UMQ.INFO t");
        assert_absurd(&shown, shown.reply.field("lease-ms"));
        assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000"), [0, -1, 0, 0]);
        assert_eq!(redis.call("UMQ.FORCE t"), 1);
        assert_eq!(redis.call("EXISTS t"), 0);
    }
}

#[test]
fn the_holder_of_an_absurd_lease_can_renew_and_release_it() {
    let redis = Redis::start();
    write(&redis, &format!("{} 7 0 60000 a", i64::MAX));
    assert_eq!(redis.call("UMQ.ACQUIRE t a PX 1000"), [1, 0, 7, 0]);
    assert_eq!(redis.call("UMQ.RENEW t a PX 1000"), 1);
    let shown = redis.call("UMQ.INFO t");
    assert!(shown.field("lease-ms").int() <= 1_000);
    write(&redis, &format!("{} 7 0 60000 a", i64::MAX));
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    assert!(redis.call("PTTL t").int() <= 60_000);
}

#[test]
fn times_before_1970_are_long_ago() {
    let redis = Redis::start();
    write(&redis, "-5 -5 -5 -5 a");
    let shown = redis.call("UMQ.INFO t");
    assert_eq!(*shown.field("holder"), Reply::Nil);
    assert_eq!(*shown.field("token"), 0);
    let asked = redis.call("UMQ.ACQUIRE t b PX 1000 DELAY 86400000");
    assert_eq!(asked.items()[0], 1);
}

#[test]
fn a_stamp_of_the_future_counts_as_now() {
    let redis = Redis::start();
    write(&redis, &format!("0 7 {} 60000 ", i64::MAX));
    assert_eq!(*redis.call("UMQ.INFO t").field("since-stamp-ms"), 0);
    let early = redis.call("UMQ.ACQUIRE t b PX 1000 DELAY 500");
    assert_eq!(early, [0, 500, 0, 0]);
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000").items()[0], 1);
}

#[test]
fn the_greatest_token_and_keep_do_no_harm() {
    let redis = Redis::start();
    let soon = server_ms(&redis) + 5_000;
    for token in [i64::MAX.to_string(), "9".repeat(400)] {
        write(&redis, &format!("0 {token} 0 {token} "));
        let granted = redis.call("UMQ.ACQUIRE t a PX 1000");
        assert_eq!(granted, [1, 0, i64::MAX, 0]);
        write(&redis, &format!("{soon} {token} 0 {token} a"));
        assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
        assert!(redis.call("PTTL t").int() <= 86_400_000);
    }
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_turn_that_was_persisted_still_ends_and_gets_its_life_back() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("PERSIST t");
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000"), [0, -1, 0, 0]);
    assert_eq!(redis.call("UMQ.RENEW t a PX 40000"), 1);
    assert!((1..=100_000).contains(&redis.call("PTTL t").int()));

    let ended = server_ms(&redis) - 1;
    write(&redis, &format!("{ended} 7 0 60000 a"));
    assert_eq!(redis.call("PTTL t"), -1);
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000").items()[0], 1);
    assert!((1..=61_000).contains(&redis.call("PTTL t").int()));
}

#[test]
fn a_turn_whose_life_was_cut_short_gets_it_back_with_the_next_write() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("PEXPIRE t 30000");
    assert_eq!(redis.call("UMQ.RENEW t a PX 40000"), 1);
    assert!(redis.call("PTTL t").int() > 90_000);
}

#[test]
fn a_turn_whose_key_has_ended_is_free() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("PEXPIRE t 0");
    assert_eq!(redis.call("UMQ.RENEW t a PX 1000"), 0);
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 1000").items()[0], 1);
}

#[test]
fn text_appended_to_a_turn_belongs_to_its_holder() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call(typed(r#"APPEND t " b""#));
    let shown = redis.call("UMQ.INFO t");
    assert_eq!(*shown.field("holder"), "a b");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 0);
    assert_eq!(redis.call(["UMQ.RELEASE", "t", "a b"]), 1);
}
