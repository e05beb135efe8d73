//! A server of a cluster that loses the others, or its place to its replica, while clients wait.

use harness::{Redis, eventually};

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, holder, members, served};
use super::several::{held, refusal};
use crate::umq::granted;

/// Gates of `{k}` whose leases end while a primary hands over.
const GATES: usize = 40;

#[test]
fn waiters_of_a_server_that_has_lost_the_cluster_are_sent_away_and_its_holders_stay() {
    let mut cluster = held();
    let redis = cluster.server_of("k");
    redis.call("CONFIG SET cluster-node-timeout 1000");
    let before = redis.digest();
    let askers = ask_one_by_one(redis, 2, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    let redis = cluster.kill_all_but("k");
    for mut asker in askers {
        let word = refusal(&asker.answer());
        assert!(
            ["CLUSTERDOWN", "TRYAGAIN"].contains(&word.as_str()),
            "{word}"
        );
    }
    let refused = redis.call("UMQ.ACQUIRE {k}t b PX 1000 BLOCK 0");
    assert_eq!(refusal(&refused), "CLUSTERDOWN");
    assert_eq!(redis.digest(), before);
    assert_sound(redis);
}

#[test]
fn waiters_of_a_primary_that_hands_its_slots_to_its_replica_ask_there() {
    let cluster = held();
    let redis = cluster.server_of("k");
    let replica = cluster.replica_of("k");
    let turns = ask_one_by_one(redis, 3, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    for gate in 0..GATES {
        let lease = 200 + 5 * gate;
        redis.call(format!("QGATE.ACQUIRE {{k}}g{gate} a LIMIT 1 PX {lease}"));
    }
    let slots = ask_one_by_one(
        redis,
        GATES,
        "QGATE.ACQUIRE {k}g{} w LIMIT 1 PX 500000 BLOCK 0",
    );
    assert_eq!(replica.call("CLUSTER FAILOVER"), "OK");
    for asker in turns {
        assert_eq!(refusal(&asker.last_answer()), "UNBLOCKED");
    }
    until_it_serves(&replica, "{k}t");
    assert_eq!(holder(&replica, "{k}t").as_deref(), Some("a"));
    for (gate, mut asker) in slots.into_iter().enumerate() {
        assert_granted_here_or_there(&mut asker, &replica, &format!("{{k}}g{gate}"));
    }
    let mut turns = ask_one_by_one(&replica, 3, "UMQ.ACQUIRE {k}t w{} PX 500000 BLOCK 0");
    assert_eq!(served(&replica, "{k}t"), ["a", "w0", "w1", "w2"]);
    for asker in &mut turns {
        granted(&asker.answer());
    }
    assert_sound(&replica);
    cluster.servers().for_each(assert_sound);
}

#[track_caller]
fn until_it_serves(replica: &Redis, key: &str) {
    eventually("the replica serves the slot", || {
        let turn = replica.call(["UMQ.ACQUIRE", key, "w0", "PX", "1000"]);
        if turn == [0, -1, 0, 0] {
            Ok(())
        } else {
            Err(format!("{turn:?}"))
        }
    });
}

/// A slot granted by the former primary is held at the new one; who was sent away is granted there.
#[track_caller]
fn assert_granted_here_or_there(asker: &mut Asker, there: &Redis, key: &str) {
    let answer = asker.any_answer();
    if answer != [1, 1, 0] {
        assert_eq!(refusal(&answer), "UNBLOCKED");
        let line = format!("QGATE.ACQUIRE {key} w LIMIT 1 PX 500000 BLOCK 0");
        assert_eq!(there.call(line), [1, 1, 0], "{key}");
    }
    assert_eq!(members(there, key), ["w"], "{key}");
}
