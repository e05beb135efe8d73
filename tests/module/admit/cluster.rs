//! In a cluster: all keys and the channel share a slot, and waiters are sent away when it moves.

use harness::{Cluster, Redis, Reply, error};

use super::{admit, granted, hold, queued};
use crate::cluster::only_server;
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::Listener;
use crate::waiting::several::refusal;

const WHOLE: &str = "ALL 1 {k}u 1 ANY 2 {k}a 1 {k}b 1";

#[test]
fn any_two_keys_of_two_slots_are_refused() {
    let redis = only_server();
    let line = admit(
        "m",
        "ALL 2 {x}1 5 {x}2 5 ANY 2 {x}3 5 {x}4 5 RATES 2 {x}5 5 5 5 1 {x}6 5 5 5 1 AFFINITY {x}7 c",
    );
    assert_eq!(redis.call(&line), granted(0, 1));
    let across = error("CROSSSLOT Keys in request don't hash to the same slot");
    for number in 1..=7 {
        let foreign = line.replace(&format!("{{x}}{number}"), "{y}");
        assert_eq!(redis.call(&foreign), across, "{foreign}");
    }
}

#[test]
fn the_member_needs_no_slot_and_the_channel_that_of_the_keys() {
    let redis = only_server();
    hold(&redis, "{k}u", "h");
    let ask = |channel: &str| redis.call(admit("{other}m", &format!("{WHOLE} NOTIFY {channel} 0")));
    let across = error("CROSSSLOT Key and channel in request don't hash to the same slot");
    assert_eq!(ask("{other}ch"), across);
    until_waiters_are(&redis, "QGATE.WAITERS {k}u", &[]);
    let mut listener = Listener::on(&redis, "{k}ch");
    assert_eq!(ask("{k}ch"), queued(1, 0, "{k}u"));
    redis.call("QGATE.RELEASE {k}u h");
    assert_eq!(listener.hears(), "granted:0:{other}m");
}

#[test]
fn a_call_goes_to_the_server_of_its_keys() {
    let cluster = Cluster::start();
    let owner = cluster.server_of("k");
    for redis in cluster.servers() {
        let answer = redis.call(admit("m", WHOLE));
        if std::ptr::eq(redis, owner) {
            assert_eq!(answer, granted(0, 1));
        } else {
            assert_eq!(refusal(&answer), "MOVED");
        }
    }
}

/// Every key of `k` that a waiter of the whole names is held by `h`.
#[track_caller]
fn held() -> Cluster {
    let cluster = Cluster::start();
    for gate in ["{k}u", "{k}a", "{k}b"] {
        hold(cluster.server_of("k"), gate, "h");
    }
    cluster
}

#[track_caller]
fn assert_sent_away(mut asker: Asker) {
    let answer = asker.answer();
    let word = refusal(&answer);
    assert!(["TRYAGAIN", "MOVED"].contains(&word.as_str()), "{answer:?}");
}

fn waiting(redis: &Redis, member: &str, rest: &str) -> Asker {
    Asker::ask(redis, admit(member, &format!("{rest} BLOCK 0")))
}

#[test]
fn waiters_are_sent_away_when_their_slot_has_moved_and_ask_where_it_is() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let askers = [
        waiting(redis, "m", WHOLE),
        waiting(redis, "n", "ANY 2 {k}a 1 {k}b 1"),
        waiting(redis, "o", "ALL 1 {k}u 1"),
        waiting(redis, "p", &format!("{WHOLE} PREFER {{k}}b PATIENCE 90000")),
    ];
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    for asker in askers {
        assert_sent_away(asker);
    }
    moving.end();
    let there = cluster.server_of("k");
    let mut m = waiting(there, "m", WHOLE);
    there.call("QGATE.LEAVE h 2 {k}u {k}b");
    assert_eq!(m.answer(), granted(1, 1));
    assert_eq!(members(there, "{k}u"), ["m"]);
    assert_eq!(redis.call("DBSIZE"), 0);
    cluster.servers().for_each(assert_sound);
}

#[test]
fn tickets_are_told_when_their_slot_has_moved_or_lose_their_subscription() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let mut subscribed = redis.connect();
    subscribed.call("SSUBSCRIBE {k}ch");
    redis.call(admit("m", &format!("{WHOLE} NOTIFY {{k}}ch 0")));
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    let told = subscribed.receive();
    let told: Vec<_> = told.items().iter().map(Reply::text).collect();
    assert_eq!(told, ["smessage", "{k}ch", "moved:0:m"]);
    moving.end();
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_slot_on_its_way_with_one_of_the_gates_missing_sends_waiters_away() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let asker = waiting(redis, "m", WHOLE);
    let moving = cluster.begin_move("k");
    redis.call("QGATE.RELEASE {k}b h");
    assert_sent_away(asker);
    assert_eq!(redis.call("DBSIZE"), 2, "nothing was granted");
    moving.carry_keys();
    moving.end();
    let there = cluster.server_of("k");
    assert_eq!(members(there, "{k}u"), ["h"]);
    cluster.servers().for_each(assert_sound);
}
