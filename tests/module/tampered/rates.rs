//! Rates with times that no command of ours writes: numbers of others, and what a step of the clock leaves behind.

use harness::Redis;

use super::ABSURD_MS;
use crate::moment::server_ms;

const NS_PER_MS: i64 = 1_000_000;
const YEARS_MS: i64 = 315_360_000_000;

/// One token in 100 s, of five.
const RATE: &str = "BURST 5 RATE 1 PER 100000";

#[track_caller]
fn peek(redis: &Redis) -> [i64; 4] {
    let peeked = redis.call(format!("RATE.TAKE r {RATE} COST 0"));
    std::array::from_fn(|at| peeked.items()[at].int())
}

#[test]
fn an_absurd_time_counts_as_30_days_from_now() {
    let redis = Redis::start();
    let beyond = (server_ms(&redis) + YEARS_MS + 100_000) * NS_PER_MS;
    for text in [i64::MAX.to_string(), beyond.to_string(), "9".repeat(400)] {
        redis.call(["SET", "r", &text]);
        assert_eq!(peek(&redis), [1, 0, 0, ABSURD_MS]);
        let refused = redis.call(format!("RATE.TAKE r {RATE}"));
        assert_eq!(refused, [0, 0, ABSURD_MS - 400_000, ABSURD_MS]);
        assert_eq!(redis.call("GET r"), text);
    }
    let given = redis.call(format!("RATE.GIVE r {RATE} COST 1000000"));
    assert_eq!((given, redis.call("EXISTS r")), (5.into(), 0.into()));
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_time_gone_by_is_a_full_bucket_and_the_next_take_gives_the_key_an_end() {
    let redis = Redis::start();
    for text in ["-5", "0", "007", "1700000000000000000"] {
        redis.call(["SET", "r", text]);
        assert_eq!(peek(&redis), [1, 5, 0, 0]);
        assert_eq!(redis.call("PTTL r"), -1);
        let taken = redis.call(format!("RATE.TAKE r {RATE}"));
        assert_eq!(taken, [1, 4, 0, 100_000]);
        assert!((1..=100_001).contains(&redis.call("PTTL r").int()));
    }
}

#[test]
fn a_clock_that_was_set_back_delays_by_as_much_and_no_more() {
    let redis = Redis::start();
    let ahead = (server_ms(&redis) + 3_600_000) * NS_PER_MS;
    redis.call(["SET", "r", &ahead.to_string()]);
    let [_, remaining, _, reset] = peek(&redis);
    assert!(remaining == 0 && (3_590_000..=3_600_000).contains(&reset));
    let refused = redis.call(format!("RATE.TAKE r {RATE}"));
    assert!(refused.items()[2].int() <= reset - 400_000);
}

#[test]
fn the_greatest_arguments_are_served_on_any_time() {
    let redis = Redis::start();
    let most = "BURST 1000000000000 RATE 1000000000000 PER 315360000000";
    let slow = "BURST 1 RATE 1 PER 315360000000";
    for text in ["0", "9223372036854775807", "-9223372036854775808"] {
        for rate in [most, slow] {
            redis.call(["SET", "r", text]);
            for line in [
                format!("RATE.TAKE r {rate} COST 1000000000000 FORCE"),
                format!("RATE.TAKE r {rate} COST 1000000000000 FORCE"),
                format!("RATE.TAKE r {rate} COST 1000000000000"),
                format!("RATE.GIVE r {rate} COST 1"),
                format!("RATE.GIVE r {rate} COST 1000000000000"),
            ] {
                let reply = redis.call(&line);
                assert!(!reply.is_error(), "{line}: {reply:?}");
            }
        }
    }
    assert_eq!(redis.info("weir_panics"), "0");
}
