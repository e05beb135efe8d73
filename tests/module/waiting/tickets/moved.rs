//! Lines that this server serves no longer: tickets are told `moved`, and their clients ask again where it is served.

use harness::{Cluster, Redis, Reply, eventually};

use super::held;
use crate::aof::appending;
use crate::load::listed;
use crate::umq::granted;
use crate::waiting::asker::in_transaction;
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::{Listener, text};
use crate::waiting::several::refusal;
use crate::waiting::{roles, several};

/// A client with a ticket for `t` and one for `g`, both as `b`, told on `c`.
#[track_caller]
fn two_tickets(redis: &Redis) -> harness::Client {
    let mut client = redis.connect();
    for line in [
        "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY c 60000",
    ] {
        assert_eq!(client.call(line).items()[0], 2);
    }
    client
}

#[test]
fn a_server_that_becomes_a_replica_tells_its_tickets_that_they_moved() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = two_tickets(&redis);
    redis.call("REPLICAOF 127.0.0.1 1");
    listener.hears_all(&["moved:0:b", "moved:0:b"]);
    assert_eq!(
        refusal(&client.call("UMQ.ACQUIRE t b PX 1 NOTIFY c 0")),
        "READONLY"
    );
    redis.call("REPLICAOF NO ONE");
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    assert_eq!(members(&redis, "g"), ["a"]);
    assert_eq!(
        client.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0"),
        [2, -1, 0, 0]
    );
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("b");
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn tickets_of_a_primary_that_hands_over_ask_its_replica() {
    let (redis, replica) = roles::pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut listener = Listener::on(&redis, "c");
    let _client = two_tickets(&redis);
    assert_eq!(redis.call("FAILOVER"), "OK");
    listener.hears_all(&["moved:0:b", "moved:0:b"]);
    roles::until_role_is(&replica, "master");
    let mut there = Listener::on(&replica, "c");
    let _client = two_tickets(&replica);
    replica.call("QGATE.RELEASE g a");
    assert_eq!(there.hears(), "granted:1:b");
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn tickets_of_a_primary_that_is_killed_keep_their_order_at_the_promoted_replica() {
    let (mut redis, replica) = roles::pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    for number in 0..5 {
        client.call(format!("UMQ.ACQUIRE t w{number} PX 500000 NOTIFY c 0"));
    }
    redis.wait_in_sync(&replica);
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    let mut listener = Listener::on(&replica, "c");
    let mut client = replica.connect();
    for number in (0..5).rev() {
        let waited = 5_000 * (5 - number);
        let line = format!("UMQ.ACQUIRE t w{number} PX 500000 NOTIFY c 0 WAITED {waited}");
        assert_eq!(client.call(line).items()[0], 2);
    }
    let mut before = "a".to_owned();
    for number in 0..5 {
        assert_eq!(replica.call(["UMQ.RELEASE", "t", &before]), 1);
        before = format!("w{number}");
        listener.hears_of_turn(&before);
    }
    listener.assert_silent();
    assert_sound(&replica);
}

#[test]
fn no_waiters_at_all_tells_the_tickets_and_lets_the_module_go() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let _client = two_tickets(&redis);
    assert!(redis.call("MODULE UNLOAD weir").is_error());
    assert_eq!(redis.call("CONFIG SET weir.max-waiters 0"), "OK");
    listener.hears_all(&["moved:0:b", "moved:0:b"]);
    assert_eq!(
        redis.call("UMQ.ACQUIRE t d PX 1000 NOTIFY c 0"),
        [-1, -1, 0, 0]
    );
    eventually("the module can be unloaded", || {
        let reply = redis.call("MODULE UNLOAD weir");
        if reply == "OK" {
            Ok(())
        } else {
            Err(format!("{reply:?}"))
        }
    });
    listener.assert_silent();
    assert_eq!(redis.call("PING"), "PONG");
}

#[test]
fn the_module_does_not_go_before_its_messages() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let _client = two_tickets(&redis);
    redis.call("QGATE.CANCEL g b");
    assert_eq!(listener.hears(), "cancelled:0:b");
    in_transaction(&redis, &["UMQ.RELEASE t a", "MODULE UNLOAD weir"]);
    listener.hears_of_turn("b");
    assert_eq!(redis.call("PING"), "PONG");
    eventually("the module can be unloaded", || {
        let reply = redis.call("MODULE UNLOAD weir");
        let gone = reply == "OK" || listed(&redis).is_none();
        if gone {
            Ok(())
        } else {
            Err(format!("{reply:?}"))
        }
    });
}

#[test]
fn tickets_for_a_key_that_is_of_another_type_are_told_that_they_moved() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let _client = two_tickets(&redis);
    in_transaction(&redis, &["DEL t g", "RPUSH t x", "SET g x"]);
    listener.hears_all(&["moved:0:b", "moved:0:b"]);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    listener.assert_silent();
}

/// As [`two_tickets`], for the keys that a server of a cluster has.
#[track_caller]
fn ticket_in(cluster: &Cluster) -> (Listener, harness::Client) {
    let redis = cluster.server_of("k");
    let listener = Listener::on(redis, "{k}c");
    let mut client = redis.connect();
    let queued = client.call("UMQ.ACQUIRE {k}t b PX 500000 NOTIFY {k}c 0");
    assert_eq!(queued, [2, -1, 0, 0]);
    (listener, client)
}

#[test]
fn a_channel_of_another_slot_is_refused_in_a_cluster_and_nowhere_else() {
    let cluster = several::held();
    let redis = cluster.server_of("k");
    for line in [
        "UMQ.ACQUIRE {k}t b PX 1000 NOTIFY c 0",
        "UMQ.ACQUIRE {k}free b PX 1000 NOTIFY c 0",
        "QGATE.ACQUIRE {k}g c LIMIT 2 PX 1000 NOTIFY {other}c 0",
    ] {
        assert_eq!(refusal(&redis.call(line)), "CROSSSLOT", "{line}");
    }
    assert_eq!(redis.call("EXISTS {k}free"), 0);
    until_waiters_are(redis, "UMQ.WAITERS {k}t", &[]);
    let (mut listener, _client) = ticket_in(&cluster);
    redis.call("UMQ.RELEASE {k}t a");
    listener.hears_of_turn("b");
}

#[test]
fn tickets_for_a_key_that_was_carried_away_are_told_that_they_moved() {
    let cluster = several::held();
    let (mut listener, _client) = ticket_in(&cluster);
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    assert_eq!(listener.hears(), "moved:0:b");
    moving.end();
    let (mut there, _client) = ticket_in(&cluster);
    let redis = cluster.server_of("k");
    assert_eq!(redis.call("UMQ.RELEASE {k}t a"), 1);
    there.hears_of_turn("b");
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_slot_that_moves_at_once_leaves_no_ticket_behind_and_its_listeners_hear_of_it() {
    let cluster = several::held();
    let redis = cluster.server_of("k");
    let mut listener = redis.connect();
    listener.call("SSUBSCRIBE {k}c");
    let mut client = redis.connect();
    client.call("UMQ.ACQUIRE {k}t b PX 500000 NOTIFY {k}c 0");
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    moving.end();
    // The server itself ends the subscription; the message may come before that.
    let heard = listener.receive();
    if heard.items()[0] != "sunsubscribe" {
        assert_eq!(text(&heard), "moved:0:b");
    }
    assert_eq!(
        refusal(&client.call("UMQ.ACQUIRE {k}t b PX 1 NOTIFY {k}c 0")),
        "MOVED"
    );
    eventually("nobody waits where the slot was", || {
        let waiting = redis.info("weir_waiters");
        if waiting == "0" { Ok(()) } else { Err(waiting) }
    });
    assert_eq!(redis.call("DBSIZE"), 0);
    let there = cluster.server_of("k");
    assert_eq!(there.call("UMQ.RELEASE {k}t a"), 1);
    granted(&there.call("UMQ.ACQUIRE {k}t z PX 1000"));
    assert!(matches!(there.call("UMQ.CANCEL {k}t b"), Reply::Int(0)));
    cluster.servers().for_each(assert_sound);
}

#[test]
fn tickets_of_a_server_that_has_lost_the_cluster_are_told_that_they_moved() {
    let mut cluster = several::held();
    let (mut listener, mut client) = ticket_in(&cluster);
    cluster
        .server_of("k")
        .call("CONFIG SET cluster-node-timeout 1000");
    let redis = cluster.kill_all_but("k");
    assert_eq!(listener.hears(), "moved:0:b");
    let again = client.call("UMQ.ACQUIRE {k}t b PX 1000 NOTIFY {k}c 0");
    assert_eq!(refusal(&again), "CLUSTERDOWN");
    assert_sound(redis);
}
