//! Replicas that lose and find their primary while it hands turns and slots over: they end identical, however they load.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, holder, members, served, until_waiters_are};
use super::roles::assert_unblocked;
use crate::umq::granted;

/// A server with `t` and `g` held by `a`, whose replication stream carries nothing but changes.
fn held() -> Redis {
    let redis = Redis::builder()
        .arg("repl-ping-replica-period", "3600")
        .start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

/// Hands the turn and the slot over while the replica's connection is cut, and waits until it has caught up.
#[track_caller]
fn hand_over_while_cut_off(redis: &Redis, replica: &Redis, before_the_cut: &str) {
    let turns = ask_one_by_one(redis, 5, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    let slots = ask_one_by_one(redis, 5, "QGATE.ACQUIRE g w{} LIMIT 1 PX 500000 BLOCK 0");
    redis.call(before_the_cut);
    assert_eq!(redis.call("CLIENT KILL TYPE replica"), 1);
    assert_eq!(served(redis, "t").len(), 6);
    for number in 0..5 {
        let before = members(redis, "g").remove(0);
        assert_eq!(redis.call(["QGATE.RELEASE", "g", &before]), 1);
        assert_eq!(members(redis, "g"), [format!("w{number}")]);
    }
    for mut asker in turns.into_iter().chain(slots) {
        assert_eq!(asker.answer().items()[0], 1);
    }
    redis.wait_in_sync(replica);
    assert_eq!(replica.digest(), redis.digest());
    assert_sound(redis);
}

#[test]
fn a_replica_that_was_cut_off_catches_up_on_the_hand_offs_it_missed() {
    let mut redis = held();
    let replica = redis.plain_replica();
    hand_over_while_cut_off(&redis, &replica, "PING");
    let syncs = ["sync_full", "sync_partial_ok"].map(|field| redis.info(field));
    assert_eq!(syncs, ["1", "1"]);
}

#[test]
fn a_replica_that_must_load_everything_anew_has_the_hand_offs_it_missed() {
    let mut redis = held();
    let replica = redis.plain_replica();
    hand_over_while_cut_off(&redis, &replica, "DEBUG CHANGE-REPL-ID");
    assert_eq!(redis.info("sync_full"), "2");
}

#[test]
fn a_replica_serves_its_own_line_after_it_has_loaded_in_any_way_and_was_promoted() {
    for way in ["disabled", "on-empty-db", "swapdb"] {
        let mut redis = held();
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
        let loads = Redis::builder().arg("repl-diskless-load", way);
        let replica = redis.replica(loads);
        assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
        granted(&b.answer());
        redis.wait_in_sync(&replica);
        assert_eq!(replica.digest(), redis.digest(), "{way}");
        assert_eq!(replica.call("REPLICAOF NO ONE"), "OK");
        assert_eq!(holder(&replica, "t").as_deref(), Some("b"));
        let mut c = Asker::ask(&replica, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
        assert_eq!(replica.call("UMQ.RELEASE t b"), 1);
        granted(&c.answer());
        assert_sound(&replica);
    }
}

#[test]
fn waiters_of_a_server_that_loads_the_data_of_another_are_sent_away_and_their_lines_are_empty() {
    for way in ["disabled", "swapdb"] {
        let mut redis = held();
        let port = redis.port();
        let other = Redis::builder().arg("repl-diskless-load", way).start();
        other.call("UMQ.ACQUIRE t z PX 500000");
        other.call("QGATE.ACQUIRE own z LIMIT 1 PX 500000");
        let sent_away = [
            "UMQ.ACQUIRE t y PX 500000 BLOCK 0",
            "QGATE.ACQUIRE own y LIMIT 1 PX 500000 BLOCK 0",
        ]
        .map(|line| Asker::ask(&other, line));
        other.call(format!("REPLICAOF 127.0.0.1 {port}"));
        for asker in sent_away {
            assert_unblocked(asker);
        }
        redis.wait_in_sync(&other);
        until_waiters_are(&other, "UMQ.WAITERS t", &[]);
        assert_eq!(other.digest(), redis.digest(), "{way}");
        assert_eq!(holder(&other, "t").as_deref(), Some("a"));
        assert_sound(&other);
    }
}
