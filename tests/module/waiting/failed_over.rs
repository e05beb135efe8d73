//! A primary that is lost or gives its place up while many wait: holders are still holders at the new one, and those
//! who waited ask there and keep their order.

use std::ops::RangeInclusive;

use harness::{Redis, eventually};
use rustix::process::Signal;

use super::asker::{Asker, ask_one_by_one};
use super::line::{
    assert_served, assert_sound, granted_at, holder, members, served, until_waiters_are, waiters,
};
use super::roles::{assert_unblocked, pair, until_role_is};
use crate::aof::appending;
use crate::umq::{granted, stored};

/// Those who wait, by number; `w0` is served before the primary is lost.
const WAITERS: RangeInclusive<usize> = 1..=11;

const TURN: &str = "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0";
const SLOT: &str = "QGATE.ACQUIRE g w{} LIMIT 2 PX 500000 BLOCK 0";

/// A turn that was handed over to `w0`, two slots of `x` and `w0`, and many who wait for both.
#[track_caller]
fn crowded(primary: &Redis) -> Vec<Asker> {
    primary.call("UMQ.ACQUIRE t x PX 500000");
    primary.call("QGATE.ACQUIRE g x LIMIT 2 PX 500000");
    primary.call("QGATE.ACQUIRE g y LIMIT 2 PX 500000");
    let mut turns = ask_one_by_one(primary, WAITERS.end() + 1, TURN);
    let mut slots = ask_one_by_one(primary, WAITERS.end() + 1, SLOT);
    assert_eq!(primary.call("UMQ.RELEASE t x"), 1);
    assert_eq!(primary.call("QGATE.RELEASE g y"), 1);
    granted(&turns.remove(0).answer());
    assert_eq!(slots.remove(0).answer(), [1, 2, 0]);
    turns.append(&mut slots);
    turns
}

/// Those who waited ask again, the last one first, and say how long they have waited.
#[track_caller]
fn asked_again(redis: &Redis) -> Vec<Asker> {
    let again = |words: &str, number: usize| {
        let waited = 5_000 * (WAITERS.end() + 1 - number);
        let line = words.replace("{}", &number.to_string());
        Asker::ask(redis, format!("{line} WAITED {waited}"))
    };
    WAITERS
        .rev()
        .flat_map(|number| [again(TURN, number), again(SLOT, number)])
        .collect()
}

/// The new primary has the holders of the former one, and serves those who waited in their order.
#[track_caller]
fn assert_goes_on(redis: &Redis) {
    assert_eq!(holder(redis, "t").as_deref(), Some("w0"));
    assert_eq!(members(redis, "g"), ["w0", "x"]);
    let mut askers = asked_again(redis);
    let order: Vec<_> = WAITERS.map(|number| format!("w{number}")).collect();
    assert_eq!(waiters(redis, "UMQ.WAITERS t"), order);
    assert_eq!(waiters(redis, "QGATE.WAITERS g"), order);
    assert_eq!(served(redis, "t")[1..], order);
    for next in &order {
        let holders = members(redis, "g");
        assert_eq!(redis.call(["QGATE.RELEASE", "g", &holders[0]]), 1);
        assert_eq!(members(redis, "g").len(), 2);
        assert!(members(redis, "g").contains(next), "{next} is next");
    }
    for asker in &mut askers {
        assert_eq!(asker.answer().items()[0], 1);
    }
    assert_sound(redis);
}

#[test]
fn waiters_of_a_primary_that_is_killed_ask_the_promoted_replica_and_keep_their_order() {
    let (mut redis, replica) = pair(appending);
    let askers = crowded(&redis);
    redis.wait_in_sync(&replica);
    let stored_before = stored(&redis, "t");
    redis.kill();
    for mut asker in askers {
        asker.assert_closed();
    }
    assert_eq!(replica.call("REPLICAOF NO ONE"), "OK");
    until_waiters_are(&replica, "UMQ.WAITERS t", &[]);
    assert_eq!(stored(&replica, "t"), stored_before);
    assert_goes_on(&replica);
}

#[test]
fn waiters_of_a_primary_that_hands_over_ask_its_replica_and_keep_their_order() {
    let (redis, replica) = pair(appending);
    let askers = crowded(&redis);
    assert_eq!(redis.call("FAILOVER"), "OK");
    for asker in askers {
        assert_unblocked(asker);
    }
    until_role_is(&redis, "slave");
    until_role_is(&replica, "master");
    assert_goes_on(&replica);
    replica.wait_in_sync(&redis);
    assert_eq!(redis.digest(), replica.digest());
    assert_sound(&redis);
}

#[test]
fn who_was_granted_but_not_told_has_its_turn_at_the_new_primary() {
    let (mut redis, replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let untold = [
        "UMQ.ACQUIRE t b PX 500000 BLOCK 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0",
    ]
    .map(|line| Asker::ask(&redis, line));
    redis.call("UMQ.RELEASE t a");
    redis.call("QGATE.RELEASE g a");
    let [_, token, ..] = stored(&redis, "t");
    redis.wait_in_sync(&replica);
    redis.kill();
    drop(untold);
    replica.call("REPLICAOF NO ONE");
    let mut c = Asker::ask(&replica, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let again = granted(&replica.call("UMQ.ACQUIRE t b PX 500000 BLOCK 0 WAITED 9000"));
    assert_eq!(again, token, "the turn that b has had all along");
    let slot = replica.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0 WAITED 9000");
    assert_eq!(slot, [1, 1, 0]);
    assert_eq!(replica.call("UMQ.RELEASE t b"), 1);
    assert!(granted(&c.answer()) > token);
    assert_sound(&replica);
}

#[test]
fn leases_of_a_lost_primary_end_at_the_new_one_and_are_handed_over_there() {
    let (mut redis, replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 400");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 400");
    let [lease_end, ..] = stored(&redis, "t");
    let lost = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.wait_in_sync(&replica);
    redis.kill();
    drop(lost);
    replica.call("REPLICAOF NO ONE");
    let mut turn = Asker::ask(&replica, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut slot = Asker::ask(&replica, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    let at = granted_at(granted(&turn.answer()));
    assert_served(lease_end, at);
    assert_eq!(slot.answer(), [1, 1, 0]);
    assert_eq!(members(&replica, "g"), ["b"]);
    assert_sound(&replica);
}

#[test]
fn a_grant_that_its_waiter_has_waited_for_is_at_the_replica() {
    let (redis, mut replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut client = redis.connect();
    client.send("UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    redis.wait_in_sync(&replica);
    replica.signal(Signal::STOP);
    redis.call("UMQ.RELEASE t a");
    granted(&client.receive());
    assert_eq!(client.call("WAIT 1 100"), 0, "the replica hangs");
    replica.signal(Signal::CONT);
    eventually("the replica says that it has the grant", || {
        let replicas = client.call("WAIT 1 1000").int();
        (replicas == 1)
            .then_some(())
            .ok_or_else(|| "not yet".into())
    });
    assert_eq!(holder(&replica, "t").as_deref(), Some("b"));
}
