//! A slot that moves to another server while clients wait: they are sent away, holders stay holders, and nothing is
//! granted at both ends.

use harness::{Cluster, Redis, Reply, eventually};

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, holder, members, served, until_waiters_are};
use super::several::{held, refusal};
use crate::moment::server_ms;
use crate::umq::granted;

/// Sent away by one of these words; which one is the server's choice.
#[track_caller]
fn assert_sent_away(mut asker: Asker) {
    let answer = asker.answer();
    let word = refusal(&answer);
    assert!(["TRYAGAIN", "MOVED"].contains(&word.as_str()), "{answer:?}");
}

/// A command for a slot that is still being imported.
#[track_caller]
fn asking(redis: &Redis, line: &str) -> Reply {
    let mut client = redis.connect();
    assert_eq!(client.call("ASKING"), "OK");
    client.call(line)
}

/// Moves the slot of `k` with its keys to the next server.
#[track_caller]
fn move_all(cluster: &Cluster) {
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    moving.end();
}

#[test]
fn waiters_of_a_slot_on_its_way_are_served_while_the_key_is_here() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let mut turns = ask_one_by_one(redis, 2, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    let moving = cluster.begin_move("k");
    let mut slot = Asker::ask(redis, "QGATE.ACQUIRE {k}g c LIMIT 2 PX 500000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE {k}t a"), 1);
    granted(&turns[0].answer());
    assert_eq!(redis.call("UMQ.RENEW {k}t w0 PX 150"), 1);
    granted(&turns[1].answer());
    assert_eq!(redis.call("QGATE.RELEASE {k}g b"), 1);
    assert_eq!(slot.answer(), [1, 2, 0]);
    assert_eq!(
        refusal(&redis.call("UMQ.ACQUIRE {k}new a PX 1000 BLOCK 0")),
        "ASK"
    );
    moving.carry_keys();
    assert_eq!(
        *asking(moving.target(), "UMQ.INFO {k}t").field("holder"),
        "w1"
    );
    cluster.servers().for_each(assert_sound);
}

#[test]
fn waiters_of_a_key_that_was_carried_away_ask_again_where_it_is() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let turns = ask_one_by_one(redis, 3, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    let slots = ask_one_by_one(redis, 3, "QGATE.ACQUIRE {k}g w{} LIMIT 2 PX 500000 BLOCK 0");
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    for asker in turns.into_iter().chain(slots) {
        assert_sent_away(asker);
    }
    assert_eq!(
        refusal(&redis.call("UMQ.ACQUIRE {k}t w0 PX 1000 BLOCK 0")),
        "ASK"
    );
    let held_there = asking(moving.target(), "UMQ.ACQUIRE {k}t w0 PX 1000");
    assert_eq!(held_there, [0, -1, 0, 0], "a has it still");
    moving.end();
    assert_eq!(
        refusal(&redis.call("UMQ.ACQUIRE {k}t w0 PX 1000 BLOCK 0")),
        "MOVED"
    );

    let there = cluster.server_of("k");
    assert_eq!(holder(there, "{k}t").as_deref(), Some("a"));
    assert_eq!(members(there, "{k}g"), ["a", "b"]);
    let turns = ask_one_by_one(there, 3, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    let slots = ask_one_by_one(there, 3, "QGATE.ACQUIRE {k}g w{} LIMIT 2 PX 500000 BLOCK 0");
    assert_eq!(served(there, "{k}t"), ["a", "w0", "w1", "w2"]);
    assert_eq!(there.call("QGATE.RELEASE {k}g a b"), 2);
    assert_eq!(members(there, "{k}g"), ["w0", "w1"]);
    assert_eq!(there.call("QGATE.RELEASE {k}g w1"), 1);
    for mut asker in turns.into_iter().chain(slots) {
        assert_eq!(asker.answer().items()[0], 1);
    }
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_lease_that_ends_after_the_key_was_carried_away_is_handed_over_by_its_new_server_alone() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let turn = Asker::ask(redis, "UMQ.ACQUIRE {k}t w PX 500000 BLOCK 0");
    let slot = Asker::ask(redis, "QGATE.ACQUIRE {k}g w LIMIT 2 PX 500000 BLOCK 0");
    let moving = cluster.begin_move("k");
    let lease_end = server_ms(redis) + 1_500;
    redis.call("UMQ.RENEW {k}t a PX 1500");
    redis.call("QGATE.RENEW {k}g PX 1500 a b");
    moving.carry_keys();
    assert_sent_away(turn);
    assert_sent_away(slot);
    moving.end();
    let there = cluster.server_of("k");
    let mut turn = Asker::ask(there, "UMQ.ACQUIRE {k}t w PX 500000 BLOCK 0");
    let mut slot = Asker::ask(there, "QGATE.ACQUIRE {k}g w LIMIT 2 PX 500000 BLOCK 0");
    granted(&turn.answer());
    assert_eq!(slot.answer().items()[0], 1);
    assert!(server_ms(there) >= lease_end);
    assert_eq!(members(there, "{k}g"), ["w"]);
    assert_eq!(
        redis.call("DBSIZE"),
        0,
        "nothing was granted where the slot was"
    );
    cluster.servers().for_each(assert_sound);
}

#[test]
fn who_waits_for_a_key_that_is_missing_in_a_slot_on_its_way_is_sent_away() {
    let cluster = Cluster::start();
    let redis = cluster.server_of("k");
    redis.call("UMQ.ACQUIRE {k}t a PX 500000");
    let b = Asker::ask(redis, "UMQ.ACQUIRE {k}t b PX 500000 BLOCK 0");
    let moving = cluster.begin_move("k");
    redis.call("DEL {k}t");
    assert_sent_away(b);
    assert_eq!(redis.call("DBSIZE"), 0);
    granted(&asking(moving.target(), "UMQ.ACQUIRE {k}t b PX 1000"));
    cluster.servers().for_each(assert_sound);
}

#[test]
fn who_waits_at_the_server_that_imports_the_slot_is_served_or_told_to_try_again() {
    let cluster = held();
    let moving = cluster.begin_move("k");
    moving.carry_keys();
    let there = moving.target();
    assert_eq!(
        refusal(&there.call("UMQ.ACQUIRE {k}t b PX 1000 BLOCK 0")),
        "MOVED"
    );
    let answer = asking(there, "UMQ.ACQUIRE {k}t b PX 1000 BLOCK 60000");
    assert_eq!(refusal(&answer), "TRYAGAIN");
    assert_eq!(asking(there, "UMQ.RELEASE {k}t a"), 1);
    granted(&asking(there, "UMQ.ACQUIRE {k}t b PX 500000 BLOCK 0"));
    moving.end();
    assert_eq!(holder(cluster.server_of("k"), "{k}t").as_deref(), Some("b"));
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_slot_given_away_without_its_keys_grants_nobody_where_it_was() {
    let cluster = Cluster::start();
    let redis = cluster.server_of("k");
    redis.call("QGATE.CLOSE {k}g PX 1500");
    let waits = Asker::ask(redis, "QGATE.ACQUIRE {k}g w LIMIT 1 PX 500000 BLOCK 0");
    let opens = server_ms(redis) + 1_500;
    let moving = cluster.begin_move("k");
    redis.call("DEL {k}g");
    moving.end();
    assert_sent_away(waits);
    eventually("the closure would have ended", || {
        let now = server_ms(redis);
        if now > opens {
            Ok(())
        } else {
            Err(format!("{now}"))
        }
    });
    assert_eq!(redis.call("DBSIZE"), 0);
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_slot_that_comes_back_has_its_holders_and_no_old_waiters() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let away = Asker::ask(redis, "UMQ.ACQUIRE {k}t w PX 500000 BLOCK 0");
    move_all(&cluster);
    assert_sent_away(away);
    move_all(&cluster);
    move_all(&cluster);
    assert_eq!(cluster.server_of("k").pid(), redis.pid());
    until_waiters_are(redis, "UMQ.WAITERS {k}t", &[]);
    assert_eq!(
        served(redis, "{k}t"),
        ["a"],
        "the former waiter is not granted"
    );
    cluster.servers().for_each(assert_sound);
}

#[test]
fn a_move_that_is_given_up_leaves_the_waiters_where_they_are() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let mut askers = ask_one_by_one(redis, 2, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    cluster.begin_move("k").give_up();
    assert_eq!(served(redis, "{k}t"), ["a", "w0", "w1"]);
    for asker in &mut askers {
        granted(&asker.answer());
    }
    cluster.servers().for_each(assert_sound);
}
