//! The hand-off of slots: on release, on leaving, at the end of a lease, when a gate opens again.

use harness::{Redis, Reply};

use super::asker::{Asker, ask_one_by_one, in_transaction};
use super::line::{
    assert_served, assert_sound, assert_to_the_millisecond, members, until_waiters_are,
};
use crate::aof::{appended, appending};
use crate::moment::moment;
use crate::qgate::lease_end;

#[test]
fn a_slot_given_back_goes_to_the_oldest_waiter_in_the_same_execution() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 50000 BLOCK 9000");
    let answers = in_transaction(&redis, &["QGATE.RELEASE g a", "QGATE.COUNT g"]);
    assert_eq!(answers[0], 1);
    assert_eq!(answers[1], [[1, 1]]);
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(members(&redis, "g"), ["b"]);
    assert_eq!(redis.call("QGATE.RELEASE g b"), 1);
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    assert_sound(&redis);
}

#[test]
fn the_lease_of_a_slot_begins_with_the_grant() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 EX 900 BLOCK 0");
    let released = moment(&redis, "QGATE.RELEASE g a");
    assert_eq!(b.answer(), [1, 1, 0]);
    let end = lease_end(&redis, "g", "b");
    assert!(released.plus(900_000).contains(&end));
    assert!(redis.call("PEXPIRETIME g").int() >= end);
}

#[test]
fn five_hundred_waiters_are_served_by_one_release() {
    let redis = Redis::start();
    let held: Vec<_> = (0..500).map(|number| format!("h{number}")).collect();
    for name in &held {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 500 PX 500000"));
    }
    let lines = "QGATE.ACQUIRE g w{} LIMIT 500 PX 500000 BLOCK 0";
    let askers = ask_one_by_one(&redis, 500, lines);
    assert_eq!(redis.call("QGATE.COUNT g"), [[500, 500]]);
    let released = redis.call(format!("QGATE.RELEASE g {}", held.join(" ")));
    assert_eq!(released, 500);
    assert_eq!(redis.call("QGATE.COUNT g"), [[500, 0]]);
    for (number, mut asker) in (1..).zip(askers) {
        assert_eq!(asker.answer(), [1, number, 0]);
    }
    assert!(
        members(&redis, "g")
            .iter()
            .all(|name| name.starts_with('w'))
    );
    assert_sound(&redis);
}

#[test]
fn as_many_are_served_as_slots_were_given_back() {
    let redis = Redis::start();
    for name in ["a", "b", "c"] {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 3 PX 50000"));
    }
    let mut askers = ask_one_by_one(&redis, 4, "QGATE.ACQUIRE g w{} LIMIT 3 PX 50000 BLOCK 0");
    assert_eq!(redis.call("QGATE.RELEASE g c x a a"), 2);
    assert_eq!(members(&redis, "g"), ["b", "w0", "w1"]);
    assert_eq!(askers[0].answer(), [1, 2, 0]);
    assert_eq!(askers[1].answer(), [1, 3, 0]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["w2", "w3"]);
}

#[test]
fn leaving_serves_the_waiters_of_every_gate_left() {
    let redis = Redis::start();
    let keys = ["g1", "g2", "g3"];
    for key in keys {
        redis.call(format!("QGATE.ACQUIRE {key} a LIMIT 1 PX 50000"));
    }
    let ask = |key| {
        Asker::ask(
            &redis,
            format!("QGATE.ACQUIRE {key} b LIMIT 1 PX 50000 BLOCK 0"),
        )
    };
    let askers = keys.map(ask);
    let lines = ["QGATE.LEAVE a 4 g3 missing g1 g2", "QGATE.COUNT g1 g2 g3"];
    let answers = in_transaction(&redis, &lines);
    assert_eq!(answers[0], 3);
    assert_eq!(answers[1], [[1, 0], [1, 0], [1, 0]]);
    for mut asker in askers {
        assert_eq!(asker.answer(), [1, 1, 0]);
    }
    assert_sound(&redis);
}

#[test]
fn a_lease_that_ends_hands_its_slot_over_at_that_millisecond() {
    let redis = appending().arg("appendfsync", "no").start();
    redis.call("QGATE.ACQUIRE g x LIMIT 1 PX 150");
    for mut asker in ask_one_by_one(&redis, 25, "QGATE.ACQUIRE g w{} LIMIT 1 PX 20 BLOCK 0") {
        assert_eq!(asker.answer(), [1, 1, 0]);
    }
    let ends: Vec<i64> = appended(&redis)
        .iter()
        .filter_map(|line| {
            line.strip_prefix("ZADD g ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    assert_eq!(ends.len(), 26);
    let late = ends.windows(2).map(|pair| pair[1] - 20 - pair[0]).collect();
    assert_to_the_millisecond(late);
    assert_sound(&redis);
}

#[test]
fn the_first_of_several_leases_to_end_makes_room() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g long LIMIT 2 PX 500000");
    redis.call("QGATE.ACQUIRE g short LIMIT 2 PX 100");
    let end = lease_end(&redis, "g", "short");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 2 PX 50000 BLOCK 0");
    assert_eq!(b.answer(), [1, 2, 0]);
    let at = lease_end(&redis, "g", "b") - 50_000;
    assert_served(end, at);
    assert_eq!(members(&redis, "g"), ["b", "long"]);
}

#[test]
fn a_lease_made_shorter_hands_its_slot_over_at_its_new_end() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    redis.call("QGATE.RENEW g PX 40 a");
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(members(&redis, "g"), ["b"]);
}

#[test]
fn a_closed_gate_serves_its_waiters_when_it_is_opened() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    redis.call("QGATE.CLOSE g PX 500000");
    let mut askers = ask_one_by_one(&redis, 3, "QGATE.ACQUIRE g w{} LIMIT 2 PX 50000 BLOCK 0");
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 3]]);
    let answers = in_transaction(&redis, &["QGATE.OPEN g", "QGATE.COUNT g"]);
    assert_eq!(answers[0], 1);
    assert_eq!(answers[1], [[2, 1]]);
    assert_eq!(askers[0].answer(), [1, 1, 0]);
    assert_eq!(askers[1].answer(), [1, 2, 0]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &["w2"]);
}

#[test]
fn a_closed_gate_serves_its_waiters_at_the_millisecond_at_which_it_opens() {
    let redis = Redis::start();
    let mut late = Vec::new();
    for round in 0..9 {
        let key = format!("g{round}");
        let closed = moment(&redis, format!("QGATE.CLOSE {key} PX 40"));
        let line = format!("QGATE.ACQUIRE {key} a LIMIT 1 PX 50000 BLOCK 0");
        assert_eq!(redis.call(line), [1, 1, 0]);
        let at = lease_end(&redis, &key, "a") - 50_000;
        assert!(at >= closed.from + 40);
        late.push((at - closed.until - 40).max(0));
    }
    assert_to_the_millisecond(late);
    assert_sound(&redis);
}

#[test]
fn a_gate_closed_again_for_less_opens_for_its_waiters_then() {
    let redis = Redis::start();
    redis.call("QGATE.CLOSE g PX 500000");
    let mut a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 1 PX 50000 BLOCK 0");
    let closed = moment(&redis, "QGATE.CLOSE g PX 50");
    assert_eq!(a.answer(), [1, 1, 0]);
    let at = lease_end(&redis, "g", "a") - 50_000;
    assert_served(closed.from + 50, at);
}

#[test]
fn closing_a_gate_holds_its_waiters_and_leaves_its_holders() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let _b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    let closed = moment(&redis, "QGATE.CLOSE g EX 700");
    assert_eq!(closed.reply, "OK");
    let info = redis.call("QGATE.INFO g");
    let left = info.field("closed-ms").int();
    assert!((690_000..=700_000).contains(&left), "{left}");
    assert_eq!(redis.call("QGATE.RENEW g PX 60000 a"), [1]);
    assert_eq!(
        redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 70000 BLOCK 0"),
        [1, 1, 0]
    );
    assert_eq!(redis.call("QGATE.ACQUIRE g c LIMIT 9 PX 70000"), [0, 1, 1]);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 1]]);
    assert_eq!(redis.call("TYPE g"), "zset");
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b"]);
}

#[test]
fn an_empty_gate_can_be_closed_and_exists_no_more_when_it_is_opened() {
    let redis = Redis::start();
    assert_eq!(redis.call("QGATE.CLOSE g PX 500000"), "OK");
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
    assert_eq!(redis.call("QGATE.MEMBERS g"), Reply::Array(Vec::new()));
    assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000"), [0, 0, 0]);
    assert!(redis.call("PTTL g").int() > 400_000);
    assert_eq!(redis.call("QGATE.OPEN g"), 1);
    assert_eq!(redis.call("EXISTS g"), 0);
    assert_eq!(redis.call("QGATE.OPEN g"), 0);
    assert_eq!(redis.call("EXISTS g"), 0);
    assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000"), [1, 1, 0]);
}

#[test]
fn a_full_server_still_hands_slots_over_and_opens_gates() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0");
    redis.call("QGATE.CLOSE g2 PX 50000");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g2 c LIMIT 1 PX 50000 BLOCK 0");
    redis.call("CONFIG SET maxmemory 1");
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(redis.call("QGATE.OPEN g2"), 1);
    assert_eq!(c.answer(), [1, 1, 0]);
}
