//! RATE: what is kept of a bucket, for how long, and what replicas and the append-only file get of it.

use harness::{Redis, Reply, eventually};

use crate::aof::{appended, appending};
use crate::moment::moment;

const SLOW: &str = "BURST 3 RATE 1 PER 100000";
const NS_PER_MS: i64 = 1_000_000;

/// When the bucket is full, in ns.
#[track_caller]
fn full_at(redis: &Redis) -> i64 {
    let text = redis.call("GET r").text();
    text.parse().expect("a bucket is one integer")
}

#[test]
fn the_key_holds_when_the_bucket_is_full_and_ends_at_the_next_millisecond() {
    let redis = Redis::start();
    let taken = moment(&redis, format!("RATE.TAKE r {SLOW} COST 2"));
    let full_at = full_at(&redis);
    assert!(taken.plus(200_000).contains(&(full_at / NS_PER_MS)));
    let ends = redis.call("PEXPIRETIME r").int();
    assert_eq!(ends, (full_at + NS_PER_MS - 1) / NS_PER_MS);
    assert_eq!(redis.call("TYPE r"), "string");
}

#[test]
fn each_take_moves_that_time_by_what_it_costs_to_the_nanosecond() {
    let redis = Redis::start();
    let thirds = "BURST 100 RATE 3 PER 100000";
    redis.call(format!("RATE.TAKE r {thirds} COST 1"));
    let first = full_at(&redis);
    for (line, ns) in [
        ("RATE.TAKE r BURST 100 RATE 3 PER 100000", 33_333_333_334),
        (
            "RATE.TAKE r BURST 100 RATE 3 PER 100000 COST 2",
            66_666_666_667,
        ),
        (
            "RATE.TAKE r BURST 100 RATE 3 PER 100000 COST 3 FORCE",
            100_000_000_000,
        ),
        (
            "RATE.TAKE r BURST 1000000 RATE 1000000000 PER 60000 FORCE",
            60,
        ),
        (
            "RATE.TAKE r BURST 365 RATE 1 PER 86400000",
            86_400_000_000_000,
        ),
    ] {
        let before = full_at(&redis);
        redis.call(line);
        assert_eq!(full_at(&redis) - before, ns, "{line}");
    }
    redis.call("RATE.GIVE r BURST 365 RATE 1 PER 86400000 COST 1");
    redis.call("RATE.GIVE r BURST 1000000 RATE 1000000000 PER 60000 COST 1");
    redis.call(format!("RATE.GIVE r {thirds} COST 6"));
    assert_eq!(full_at(&redis) - first, 1, "roundings are not given back");
}

#[test]
fn a_full_bucket_is_not_kept() {
    let redis = Redis::start();
    redis.call("RATE.TAKE r BURST 1 RATE 1 PER 20");
    eventually("the key has ended", || {
        let keys = redis.call("KEYS *");
        if keys.items().is_empty() {
            Ok(())
        } else {
            Err(format!("{keys:?}"))
        }
    });
}

#[test]
fn the_file_holds_when_the_bucket_is_full_and_nothing_of_a_refusal() {
    let redis = appending().start();
    redis.call(format!("RATE.TAKE r {SLOW} COST 3"));
    let (full_at, ends) = (full_at(&redis), redis.call("PEXPIRETIME r").int());
    for rest in ["", "COST 0", "COST 9"] {
        redis.call(format!("RATE.TAKE r {SLOW} {rest}"));
    }
    redis.call(format!("RATE.GIVE r {SLOW} COST 3"));
    let set = format!("SET r {full_at} PXAT {ends}");
    assert_eq!(appended(&redis), [set, "DEL r".to_owned()]);
}

#[test]
fn a_promoted_replica_goes_on_with_the_same_bucket() {
    let mut redis = Redis::start();
    let replica = redis.replica(Redis::builder());
    redis.call(format!("RATE.TAKE r {SLOW} COST 2"));
    redis.wait_in_sync(&replica);
    let full_at = full_at(&redis);
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    let taken = replica.call(format!("RATE.TAKE r {SLOW}"));
    assert_eq!(taken.items()[..2], [Reply::Int(1), Reply::Int(0)]);
    let moved: i64 = replica.call("GET r").text().parse().expect("an integer");
    assert_eq!(moved - full_at, 100_000 * NS_PER_MS);
}

#[test]
fn a_server_without_memory_refuses_to_take_and_lets_give() {
    let redis = Redis::start();
    redis.call(format!("RATE.TAKE r {SLOW} COST 2"));
    redis.call("CONFIG SET maxmemory 1");
    assert!(redis.call(format!("RATE.TAKE r {SLOW}")).is_error());
    assert_eq!(redis.call(format!("RATE.GIVE r {SLOW} COST 1")), 2);
    assert_eq!(redis.call(format!("RATE.GIVE r {SLOW} COST 1")), 3);
}
