//! Leases that end: what they held counts no more from that millisecond, and their records go in time.

use harness::{Redis, eventually};

use super::{answer, end_of, full, granted, info, reserve};
use crate::moment::{moment, server_ms};
use crate::typed::typed;

#[test]
fn a_reservation_whose_lease_has_ended_counts_no_more() {
    let redis = Redis::start();
    redis.call("BUDGET.RESERVE b short COST 60 PX 30 LIMIT 100");
    reserve(&redis, "long", 40, 100);
    eventually("the lease has ended", || {
        let answered = reserve(&redis, "next", 60, 100);
        if answered == granted(0, 100) {
            return Ok(());
        }
        assert_eq!(answered, full(0, 100));
        Err(format!("{answered:?}"))
    });
    assert_eq!(info(&redis, "b"), [0, 100, 2]);
}

#[test]
fn its_end_is_the_leases_or_at_most_an_eighth_later() {
    let redis = Redis::start();
    for lease in [1, 8, 1_000, 60_000, 500_000, 2_592_000_000] {
        let line = format!("BUDGET.RESERVE b r{lease} COST 1 PX {lease} LIMIT 100");
        let reserved = moment(&redis, line);
        let end = end_of(&redis, "b", &format!("r{lease}"));
        let earliest = *reserved.plus(lease).start();
        let latest = *reserved.plus(lease + lease / 8).end();
        assert!((earliest..=latest).contains(&end), "{lease}");
    }
}

#[test]
fn what_ended_is_settled_all_the_same_and_frees_nothing_of_others() {
    let redis = Redis::start();
    reserve(&redis, "long", 40, 100);
    redis.call("BUDGET.RESERVE b short COST 60 PX 5 LIMIT 100");
    eventually("the lease has ended", || match info(&redis, "b") {
        [0, 40, 1] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(redis.call("BUDGET.SETTLE b short 70"), 1);
    assert_eq!(redis.call("BUDGET.SETTLE b short 70"), 0);
    assert_eq!(info(&redis, "b"), [70, 40, 1]);
}

#[test]
fn a_member_whose_lease_has_ended_reserves_as_if_for_the_first_time() {
    let redis = Redis::start();
    redis.call("BUDGET.RESERVE b a COST 60 PX 5 LIMIT 100");
    eventually("the lease has ended", || match info(&redis, "b") {
        [0, 0, 0] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    reserve(&redis, "b", 50, 100);
    assert_eq!(reserve(&redis, "a", 60, 100), full(0, 50));
    assert_eq!(reserve(&redis, "a", 50, 100), granted(0, 100));
}

#[test]
fn asking_again_never_shortens_a_lease() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    let end = end_of(&redis, "b", "a");
    redis.call("BUDGET.RESERVE b a COST 30 PX 1000 LIMIT 100");
    assert_eq!(end_of(&redis, "b", "a"), end);
    redis.call("BUDGET.RESERVE b a COST 30 PX 900000 LIMIT 100");
    assert!(end_of(&redis, "b", "a") > end);
    assert_eq!(info(&redis, "b"), [0, 30, 1]);
}

#[test]
fn new_members_sweep_records_that_are_over_and_no_others() {
    let redis = Redis::start();
    let over = server_ms(&redis) - 1;
    for record in [format!("\"5 {over}\""), over.to_string()] {
        redis.call("DEL b");
        let line = format!("@stays {} @stays2 \"5 {}\"", over + 500_000, over + 500_000);
        redis.call(typed(&format!("HSET b spent 0 other 1 {line}")));
        for at in 0..200 {
            let line = format!("HSET b @over{at} {record}");
            redis.call(typed(&line));
        }
        for at in 0..400 {
            assert_eq!(redis.call(format!("BUDGET.SETTLE b new{at} 1")), 1);
        }
        let left = redis.call("HLEN b").int() - 400 - 4;
        assert!((0..100).contains(&left), "{left} of 200 are left");
        for field in ["other", "@stays", "@stays2", "@new0", "@new399"] {
            assert_eq!(redis.call(["HEXISTS", "b", field]), 1, "{field}");
        }
        assert_eq!(redis.call("HGET b spent"), "400");
    }
}

#[test]
fn a_budget_that_settles_for_long_keeps_few_records_that_are_over() {
    let redis = Redis::start();
    redis.call("HSET b spent 0");
    let mut client = redis.connect();
    for at in 0..20_000 {
        client.send(format!("BUDGET.SETTLE b r{at} 1 KEEP 1"));
    }
    for _ in 0..20_000 {
        assert_eq!(client.receive(), 1);
    }
    let records = redis.call("HLEN b").int() - 1;
    assert!(records < 2_000, "{records}");
    let swept: i64 = redis.info("weir_budget_ended").parse().expect("a number");
    assert_eq!(records + swept, 20_000);
}

#[test]
fn a_budget_of_ended_leases_has_room_for_all_of_the_limit() {
    let redis = Redis::start();
    let mut client = redis.connect();
    for at in 0..5_000 {
        client.send(format!("BUDGET.RESERVE b r{at} COST 1 PX 50 LIMIT 5000"));
    }
    for _ in 0..5_000 {
        client.receive();
    }
    eventually("all leases have ended", || match info(&redis, "b") {
        [0, 0, 0] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let whole = redis.call("BUDGET.RESERVE b whole COST 5000 PX 500000 LIMIT 5000");
    assert_eq!(answer(&whole), granted(0, 5000));
}
