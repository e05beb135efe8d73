//! Queue turns as the scripts before the module answered them, row by row. Where the answer is a better one
//! the name says so.

use harness::{Redis, error};

use crate::moment::{moment, server_ms};
use crate::typed::typed;
use crate::unchanged::changes_nothing;

/// The first two elements, which mean what the scripts returned.
#[track_caller]
fn acquired(redis: &Redis, id: &str, delay: i64) -> [i64; 2] {
    let reply = redis.call(format!("UMQ.ACQUIRE t {id} PX 9000 DELAY {delay}"));
    let items = reply.items();
    [items[0].int(), items[1].int()]
}

#[test]
fn a_free_turn_without_a_last_stamp_is_granted() {
    let redis = Redis::start();
    assert_eq!(acquired(&redis, "a", 200), [1, 0]);
}

#[test]
fn forty_milliseconds_after_the_last_stamp_a_delay_of_200_has_160_left() {
    let redis = Redis::start();
    let stamp = server_ms(&redis) - 40;
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 60000 ""#)));
    let asked = moment(&redis, "UMQ.ACQUIRE t a PX 9000 DELAY 200");
    let wait = asked.reply.items()[1].int();
    assert_eq!(asked.reply.items()[0], 0);
    assert!(asked.left_until(stamp + 200).contains(&wait), "{wait}");
}

#[test]
fn a_turn_held_by_another_is_refused_with_minus_one() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    assert_eq!(acquired(&redis, "b", 200), [0, -1]);
}

#[test]
fn better_a_turn_held_by_the_same_id_is_granted_again_and_its_lease_extended() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 1000");
    let again = moment(&redis, "UMQ.ACQUIRE t a PX 9000 DELAY 200");
    assert_eq!(again.reply.items()[0], 1);
    let info = moment(&redis, "UMQ.INFO t");
    let lease = info.reply.field("lease-ms").int();
    assert!((again.from + 9_000 - info.until..=9_000).contains(&lease));
}

#[test]
fn better_a_lease_of_zero_is_an_error_and_deletes_nothing() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    let refused = changes_nothing(&redis, || redis.call("UMQ.ACQUIRE t a PX 0"));
    assert_eq!(
        refused,
        error("ERR invalid expire time in 'umq.acquire' command: PX must be 1 to 2592000000")
    );
}

#[test]
fn a_lease_that_is_no_integer_is_an_error() {
    let redis = Redis::start();
    for lease in ["1.5", "text"] {
        let line = format!("UMQ.ACQUIRE t a PX {lease}");
        let refused = changes_nothing(&redis, || redis.call(line));
        assert_eq!(
            refused,
            error("ERR value is not an integer or out of range: PX must be 1 to 2592000000")
        );
    }
}

#[test]
fn a_release_by_the_holder_leaves_a_stamp_for_60_seconds() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    let released = moment(&redis, "UMQ.RELEASE t a");
    assert_eq!(released.reply, 1);
    let ends = redis.call("PEXPIRETIME t").int();
    assert!(released.plus(60_000).contains(&ends));
}

#[test]
fn a_release_by_another_or_twice_leaves_the_stamp_untouched() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    assert_eq!(changes_nothing(&redis, || redis.call("UMQ.RELEASE t b")), 0);
    redis.call("UMQ.RELEASE t a");
    assert_eq!(changes_nothing(&redis, || redis.call("UMQ.RELEASE t a")), 0);
}

#[test]
fn renewing_answers_1_to_the_holder_and_0_to_another_or_after_the_end() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    assert_eq!(redis.call("UMQ.RENEW t a PX 9000"), 1);
    assert_eq!(redis.call("UMQ.RENEW t b PX 9000"), 0);
    let ended = server_ms(&redis) - 1;
    redis.call(typed(&format!(r#"SET t "{ended} 7 0 60000 a""#)));
    assert_eq!(redis.call("UMQ.RENEW t a PX 9000"), 0);
}

#[test]
fn a_forced_release_leaves_neither_holder_nor_stamp() {
    let redis = Redis::start();
    acquired(&redis, "a", 0);
    assert_eq!(redis.call("UMQ.FORCE t"), 1);
    assert_eq!(acquired(&redis, "b", 86_400_000), [1, 0]);
}

#[test]
fn better_a_lease_that_ended_without_a_release_keeps_the_spacing() {
    let redis = Redis::start();
    let ended = server_ms(&redis) - 40;
    redis.call(typed(&format!(r#"SET t "{ended} 7 0 60000 a""#)));
    let asked = moment(&redis, "UMQ.ACQUIRE t b PX 9000 DELAY 20000");
    let wait = asked.reply.items()[1].int();
    assert_eq!(asked.reply.items()[0], 0);
    assert!(asked.left_until(ended + 20_000).contains(&wait), "{wait}");
}
