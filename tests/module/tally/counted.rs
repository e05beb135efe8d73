//! What is counted, and that it is counted once.

use std::thread;

use harness::{Redis, Reply, eventually};

use super::{add, ask, assert_counters};
use crate::unchanged::changes_nothing;

#[test]
fn an_id_is_counted_once() {
    let redis = Redis::start();
    let line = add("r1", "3 hour requests 1 hour tokens 500 day requests 1");
    assert_eq!(redis.call(&line), 1);
    for _ in 0..3 {
        assert_eq!(changes_nothing(&redis, || redis.call(&line)), 0);
    }
    assert_counters(&redis, "hour", &[("requests", "1"), ("tokens", "500")]);
    assert_counters(&redis, "day", &[("requests", "1")]);
}

#[test]
fn a_known_id_is_not_counted_whatever_else_it_comes_with() {
    let redis = Redis::start();
    redis.call(add("r1", "1 hour requests 1"));
    redis.call("SET text v");
    redis.call("HSET hour words some full 9223372036854775807");
    for rest in [
        "1 other requests 1",
        "1 text requests 1",
        "1 hour words 1",
        "1 hour full 1",
        "2 hour requests 5 text requests 1",
    ] {
        let repeated = changes_nothing(&redis, || redis.call(add("r1", rest)));
        assert_eq!(repeated, 0, "{rest}");
    }
}

#[test]
fn other_ids_are_counted_beside_it() {
    let redis = Redis::start();
    let huge = "x".repeat(512);
    for id in ["r1", "r2", "R1", r#""r1 ""#, r#""\x00""#, "0", &huge] {
        let line = add(id, "1 hour requests 1");
        assert_eq!(ask(&redis, &line), 1, "{id}");
        assert_eq!(ask(&redis, &line), 0, "{id}");
    }
    assert_counters(&redis, "hour", &[("requests", "7")]);
}

#[test]
fn ids_are_apart_by_key_and_by_database() {
    let redis = Redis::start();
    assert_eq!(redis.call("TALLY.ADD ids a EX 500 1 hour requests 1"), 1);
    assert_eq!(redis.call("TALLY.ADD ids2 a EX 500 1 hour requests 1"), 1);
    redis.call("SELECT 1");
    assert_eq!(redis.call("TALLY.ADD ids a EX 500 1 hour requests 1"), 1);
    assert_counters(&redis, "hour", &[("requests", "1")]);
    redis.call("SELECT 0");
    assert_counters(&redis, "hour", &[("requests", "2")]);
}

#[test]
fn increments_of_one_counter_add_up_wherever_they_stand() {
    let redis = Redis::start();
    redis.call("HSET hour a 10");
    let line = add(
        "r1",
        "6 hour a 1 day a 5 hour b -3 hour a 20 day a -7 hour b 0",
    );
    assert_eq!(redis.call(line), 1);
    assert_counters(&redis, "hour", &[("a", "31"), ("b", "-3")]);
    assert_counters(&redis, "day", &[("a", "-2")]);
}

#[test]
fn an_increment_of_nothing_makes_the_counter() {
    let redis = Redis::start();
    redis.call(add("r1", "1 hour requests 0"));
    assert_counters(&redis, "hour", &[("requests", "0")]);
}

#[test]
fn counters_are_those_of_hincrby_to_the_ends_of_their_range() {
    let redis = Redis::start();
    redis.call("HINCRBY hour up 1");
    redis.call(add("r1", "1 hour up 9223372036854775806"));
    redis.call(add("r2", "1 hour down -9223372036854775808"));
    let (up, down) = ("9223372036854775807", "-9223372036854775808");
    assert_counters(&redis, "hour", &[("down", down), ("up", up)]);
    assert_eq!(redis.call("HINCRBY hour up -7"), 9_223_372_036_854_775_800);
}

#[test]
fn as_many_counters_as_can_be_named_are_counted_together() {
    let redis = Redis::start();
    redis.call("CONFIG SET hash-max-listpack-entries 10");
    let names: Vec<_> = (0..64)
        .map(|at| format!("h{} f{at} {at}", at % 3))
        .collect();
    assert_eq!(redis.call(add("r1", &format!("64 {}", names.join(" ")))), 1);
    let lens = ["h0", "h1", "h2"].map(|hash| redis.call(["HLEN", hash]).int());
    assert_eq!(lens, [22, 21, 21]);
    assert_eq!(redis.call("HGET h0 f63"), "63");
}

#[test]
fn an_id_whose_time_is_over_is_counted_anew() {
    let redis = Redis::start();
    assert_eq!(redis.call("TALLY.ADD ids a PX 30 1 hour requests 1"), 1);
    // The key outlives it: the id alone is over.
    redis.call("TALLY.ADD ids b PX 500000 1 hour requests 1");
    eventually("its time is over", || {
        match redis
            .call("TALLY.ADD ids a PX 500000 1 hour requests 1")
            .int()
        {
            1 => Ok(()),
            other => Err(other.to_string()),
        }
    });
    assert_counters(&redis, "hour", &[("requests", "3")]);
    assert_eq!(redis.call("TALLY.ADD ids a PX 500000 1 hour requests 1"), 0);
}

#[test]
fn a_repeat_does_not_prolong_what_is_known() {
    let redis = Redis::start();
    redis.call("TALLY.ADD ids a PX 400000 1 hour requests 1");
    let end = redis.call("ZSCORE ids a");
    redis.call("TALLY.ADD ids a PX 500000 1 hour requests 1");
    assert_eq!(redis.call("ZSCORE ids a"), end);
}

#[test]
fn of_many_who_count_one_thing_one_is_told_that_it_did() {
    let redis = Redis::start();
    let counted = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = redis.connect();
                    let ids = 0..200;
                    ids.map(|id| client.call(add(&id.to_string(), "1 hour requests 1")).int())
                        .sum::<i64>()
                })
            })
            .collect();
        let sums = clients.into_iter().map(|client| client.join());
        sums.map(|sum| sum.expect("a client has failed"))
            .sum::<i64>()
    });
    assert_eq!(counted, 200);
    assert_counters(&redis, "hour", &[("requests", "200")]);
}

#[test]
fn the_reply_is_an_integer_in_both_protocols_in_a_transaction_and_in_a_script() {
    let redis = Redis::start();
    let mut client = redis.connect_resp3();
    assert_eq!(client.call(add("r1", "1 hour requests 1")), Reply::Int(1));
    client.call("MULTI");
    client.call(add("r1", "1 hour requests 1"));
    client.call(add("r2", "1 hour requests 1"));
    assert_eq!(client.call("EXEC"), [0, 1]);
    let text =
        "return redis.call('TALLY.ADD', KEYS[1], ARGV[1], 'PX', 500000, 1, KEYS[2], 'requests', 1)";
    for (id, counted) in [("r2", 0), ("r3", 1)] {
        assert_eq!(redis.call(["EVAL", text, "2", "ids", "hour", id]), counted);
    }
    assert_counters(&redis, "hour", &[("requests", "3")]);
}
