//! What is kept of it, for how long, and what replicas and the append-only file get.

use harness::{Redis, Reply, eventually};

use super::{add, assert_counters};
use crate::aof::{appended, appending};
use crate::moment::{moment, server_ms};

#[test]
fn an_id_is_kept_until_its_end_and_the_key_no_shorter() {
    let redis = Redis::start();
    let added = moment(&redis, "TALLY.ADD ids a EX 50 1 hour f 1");
    let end: i64 = redis.call("ZSCORE ids a").text().parse().expect("an end");
    assert!(added.plus(50_000).contains(&end), "{added:?}");
    assert!(redis.call("PEXPIRETIME ids").int() >= end);
    redis.call("TALLY.ADD ids b EX 5000 1 hour f 1");
    redis.call("TALLY.ADD ids c EX 5 1 hour f 1");
    let last: i64 = redis.call("ZSCORE ids b").text().parse().expect("an end");
    assert!(redis.call("PEXPIRETIME ids").int() >= last);
    assert_eq!(redis.call("PTTL hour"), -1);
}

#[test]
fn a_hash_keeps_the_end_that_it_was_given() {
    let redis = Redis::start();
    redis.call("HSET hour f 5");
    redis.call("PEXPIREAT hour 99999999999999");
    redis.call(add("r1", "1 hour f 1"));
    assert_eq!(redis.call("PEXPIRETIME hour"), 99_999_999_999_999);
}

#[test]
fn ids_without_an_end_of_their_key_get_one_that_outlives_them() {
    let redis = Redis::start();
    let last = server_ms(&redis) + 9_000_000;
    redis.call(format!("ZADD ids {last} a"));
    redis.call(add("r1", "1 hour f 1"));
    assert!(redis.call("PEXPIRETIME ids").int() >= last);
    assert_eq!(redis.call(add("a", "1 hour f 1")), 0);
}

#[test]
fn the_ids_end_by_themselves() {
    let redis = Redis::start();
    redis.call("TALLY.ADD ids a PX 20 1 hour f 1");
    eventually("the key has ended", || {
        match redis.call("EXISTS ids").int() {
            0 => Ok(()),
            there => Err(there.to_string()),
        }
    });
    assert_counters(&redis, "hour", &[("f", "1")]);
}

#[test]
fn a_new_id_sweeps_a_few_whose_time_is_over_and_no_others() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    for at in 0..40 {
        redis.call(format!(
            "ZADD ids {} over{at} {} live{at}",
            now - 1 - at,
            now + 500_000
        ));
    }
    redis.call(add("r1", "1 hour f 1"));
    assert_eq!(redis.call("ZCARD ids"), 40 + 24 + 1);
    redis.call(add("over0", "1 hour f 1"));
    redis.call(add("r2", "1 hour f 1"));
    assert_eq!(redis.call("ZCARD ids"), 40 + 3);
    assert_eq!(redis.call(format!("ZCOUNT ids {now} +inf")), 43);
    assert_eq!(redis.call(add("over0", "1 hour f 1")), 0);
}

#[test]
fn an_absurd_end_is_known_and_costs_nothing_but_itself() {
    let redis = Redis::start();
    redis.call("ZADD ids inf a 9e18 b -inf c nonsense d");
    redis.call("ZADD ids inf a 9e18 b -inf c");
    for (id, counted) in [("a", 0), ("b", 0), ("c", 1)] {
        assert_eq!(redis.call(add(id, "1 hour f 1")), counted, "{id}");
    }
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn the_file_holds_sums_and_ends_in_one_transaction_and_nothing_of_a_repeat() {
    let redis = appending().start();
    redis.call("HSET hour f 40");
    let line = "TALLY.ADD ids a PX 500000 4 hour f 2 day f 1 hour g 7 hour f 0";
    redis.call(line);
    redis.call(line);
    let (end, key_end) = (
        redis.call("ZSCORE ids a").text(),
        redis.call("PEXPIRETIME ids").int(),
    );
    let expected = [
        "HSET hour f 40".to_owned(),
        "MULTI".to_owned(),
        format!("ZADD ids {end} a"),
        format!("PEXPIREAT ids {key_end}"),
        "HSET day f 1".to_owned(),
        "HSET hour f 42 g 7".to_owned(),
        "EXEC".to_owned(),
    ];
    assert_eq!(appended(&redis), expected);
}

#[test]
fn a_crash_forgets_neither_what_was_counted_nor_that_it_was() {
    let mut redis = appending().start();
    for id in 0..20 {
        redis.call(add(&id.to_string(), "2 hour f 1 day f 2"));
    }
    redis.kill();
    redis.restart();
    for id in 0..20 {
        assert_eq!(redis.call(add(&id.to_string(), "2 hour f 1 day f 2")), 0);
    }
    assert_counters(&redis, "hour", &[("f", "20")]);
    assert_counters(&redis, "day", &[("f", "40")]);
}

#[test]
fn a_promoted_replica_counts_on() {
    let mut redis = Redis::start();
    let replica = redis.replica(Redis::builder());
    redis.call(add("r1", "1 hour f 5"));
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    assert_eq!(replica.call(add("r1", "1 hour f 5")), 0);
    assert_eq!(replica.call(add("r2", "1 hour f 5")), 1);
    assert_counters(&replica, "hour", &[("f", "10")]);
}

#[test]
fn dumped_and_restored_ids_are_known() {
    let (from, to) = (Redis::start(), Redis::start());
    from.call(add("r1", "1 hour f 5"));
    for key in ["ids", "hour"] {
        let Reply::Text(dump) = from.call(["DUMP", key]) else {
            panic!("a key can be dumped");
        };
        let restore = [b"RESTORE".as_slice(), key.as_bytes(), b"0", &dump];
        assert_eq!(to.call(restore), "OK");
    }
    assert_eq!(to.call(add("r1", "1 hour f 5")), 0);
    assert_eq!(to.call(add("r2", "1 hour f 5")), 1);
    assert_counters(&to, "hour", &[("f", "10")]);
}
