//! Gates with members and times that no command of ours writes.

use harness::{Redis, Reply};

use super::{ABSURD_MS, assert_absurd};
use crate::moment::{moment, server_ms};
use crate::qgate::close;

/// Scores of leases that never began or have long ended.
const ENDED: [&str; 5] = ["-inf", "-1", "0", "0.5", "-1e300"];
/// Scores of leases that no command could have given.
const ABSURD: [&str; 4] = ["+inf", "1e300", "9223372036854775807", "1e17"];

#[test]
fn members_with_ended_scores_are_not_counted() {
    let redis = Redis::start();
    for score in ENDED {
        redis.call(format!("ZADD g {score} a"));
        assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
        assert_eq!(redis.call("QGATE.RENEW g PX 1000 a"), [0]);
        assert_eq!(redis.call("QGATE.RELEASE g a"), 0);
        assert_eq!(
            *redis.call("QGATE.INFO g").field("next-expiry-ms"),
            Reply::Nil
        );
        let granted = redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 50000");
        assert_eq!(granted, [1, 1, 0], "{score}");
        assert_eq!(redis.call("ZRANGE g 0 -1"), ["b"]);
        redis.call("DEL g");
    }
}

#[test]
fn an_absurd_lease_counts_as_30_days_and_can_be_renewed_and_released() {
    let redis = Redis::start();
    for score in ABSURD {
        redis.call(format!("ZADD g {score} a"));
        let info = moment(&redis, "QGATE.INFO g");
        assert_absurd(&info, info.reply.field("next-expiry-ms"));
        let members = moment(&redis, "QGATE.MEMBERS g");
        assert_absurd(&members, &members.reply.items()[0].items()[1]);
        assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 1000"), [0, 1, 0]);
        assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000"), [1, 1, 0]);
        assert_eq!(redis.call("QGATE.RENEW g PX 1000 a"), [1]);
        let left = redis.call("QGATE.MEMBERS g").items()[0].items()[1].int();
        assert!(left <= 1_000, "{score}: {left}");
        redis.call(format!("ZADD g {score} a"));
        assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
        assert_eq!(redis.call("EXISTS g"), 0);
    }
}

#[test]
fn an_absurd_score_makes_no_key_that_lives_forever() {
    let redis = Redis::start();
    for score in ABSURD {
        redis.call(format!("ZADD g {score} a"));
        redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 1000");
        let ttl = redis.call("PTTL g").int();
        assert!((ABSURD_MS - 10_000..=ABSURD_MS).contains(&ttl), "{ttl}");
        redis.call("DEL g");
    }
}

#[test]
fn the_empty_member_closes_the_gate_until_minus_its_score_and_is_not_counted() {
    let redis = Redis::start();
    for score in ABSURD {
        close(&redis, "g", score);
        let info = moment(&redis, "QGATE.INFO g");
        assert_absurd(&info, info.reply.field("closed-ms"));
        assert_eq!(*info.reply.field("in-use"), 0);
        assert_eq!(*info.reply.field("next-expiry-ms"), Reply::Nil);
        assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
        assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 1000"), [0, 0, 0]);
        redis.call("DEL g");
    }
    for score in ["0", "0.5", "1", "1000"] {
        close(&redis, "g", score);
        assert_eq!(*redis.call("QGATE.INFO g").field("closed-ms"), 0);
        let granted = redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
        assert_eq!(granted, [1, 1, 0], "{score}");
        redis.call("DEL g");
    }
}

#[test]
fn scores_between_two_milliseconds_are_taken_as_whole_ones() {
    let redis = Redis::start();
    let soon = server_ms(&redis) + 50_000;
    redis.call(format!("ZADD g {soon}.25 a"));
    close(&redis, "g", &format!("{soon}.5"));
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    let info = moment(&redis, "QGATE.INFO g");
    for field in ["closed-ms", "next-expiry-ms"] {
        let left = info.reply.field(field).int();
        assert!(info.left_until(soon).contains(&left), "{field}");
    }
}

#[test]
fn members_longer_than_ours_are_counted_and_listed() {
    let redis = Redis::start();
    let long = "m".repeat(100_000);
    redis.call(["ZADD", "g", "+inf", &long]);
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    assert_eq!(redis.call("QGATE.MEMBERS g").items()[0].items()[0], long);
}

#[test]
fn a_persisted_gate_still_frees_its_slots_and_gets_its_life_back() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 60000");
    redis.call("PERSIST g");
    assert_eq!(redis.call("QGATE.RENEW g PX 40000 a"), [1]);
    let end: i64 = redis.call("ZSCORE g b").text().parse().unwrap();
    assert!(redis.call("PEXPIRETIME g").int() >= end);
}

#[test]
fn a_gate_that_gets_a_life_outlives_its_closure() {
    let redis = Redis::start();
    for closed_for in [100_000, 2 * ABSURD_MS] {
        redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
        let closed_until = server_ms(&redis) + closed_for;
        close(&redis, "g", &closed_until.to_string());
        redis.call("PERSIST g");
        assert_eq!(redis.call("QGATE.RENEW g PX 1000 a"), [1]);
        assert!(redis.call("PEXPIRETIME g").int() >= closed_until);
        redis.call("DEL g");
    }
}

#[test]
fn a_gate_whose_life_was_cut_short_gets_it_back_with_the_next_longer_lease() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 50000");
    redis.call("PEXPIRE g 20000");
    redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 30000");
    let end: i64 = redis.call("ZSCORE g a").text().parse().unwrap();
    assert!(redis.call("PEXPIRETIME g").int() >= end);
}

#[test]
fn members_taken_out_by_others_are_holders_no_more() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 50000");
    redis.call("ZREM g a");
    assert_eq!(redis.call("QGATE.RENEW g PX 1000 a b"), [0, 1]);
    redis.call("ZREM g b");
    assert_eq!(redis.call("QGATE.ACQUIRE g c LIMIT 1 PX 1000"), [1, 1, 0]);
}

#[test]
fn a_gate_of_many_absurd_members_is_read_and_swept() {
    let redis = Redis::start();
    for member in 0..300 {
        let score = ABSURD.iter().chain(&ENDED).nth(member % 9).unwrap();
        redis.call(format!("ZADD g {score} m{member}"));
    }
    let live = redis.call("ZCOUNT g 1 +inf").int();
    assert_eq!(redis.call("QGATE.COUNT g"), [[live, 0]]);
    for turn in 1..=20 {
        redis.call(format!("QGATE.ACQUIRE g n{turn} LIMIT 0 PX 50000"));
    }
    assert_eq!(redis.call("ZCOUNT g -inf 1"), 0);
    assert_eq!(redis.call("QGATE.COUNT g"), [[live + 20, 0]]);
}
