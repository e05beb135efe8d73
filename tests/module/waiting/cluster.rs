//! Waiting in a cluster: served like elsewhere, and sent away when the slot is another server's.

use harness::{Redis, Reply, eventually};

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, until_waiters_are};
use crate::cluster::only_server;
use crate::umq::granted;

#[track_caller]
fn assert_sent_away(mut asker: Asker) {
    let Reply::Error(line) = asker.answer() else {
        panic!("an error was expected");
    };
    assert!(line.starts_with("TRYAGAIN "), "{line}");
}

/// Gives up the slot of `k1`, which then nobody serves, without the cluster's being down.
#[track_caller]
fn give_up_the_slot(redis: &Redis) {
    redis.call("CONFIG SET cluster-require-full-coverage no");
    assert_eq!(redis.call("CLUSTER KEYSLOT k1"), 12_706);
    assert_eq!(redis.call("CLUSTER DELSLOTS 12706"), "OK");
}

#[test]
fn waiters_are_served_in_a_cluster() {
    let redis = only_server();
    redis.call("UMQ.ACQUIRE k1 a PX 500000");
    redis.call("QGATE.ACQUIRE k2 a LIMIT 1 PX 500000");
    let mut turns = ask_one_by_one(&redis, 2, "UMQ.ACQUIRE k1 w{} PX 30 BLOCK 0");
    let mut slots = ask_one_by_one(&redis, 2, "QGATE.ACQUIRE k2 w{} LIMIT 1 PX 30 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE k1 a"), 1);
    assert_eq!(redis.call("QGATE.LEAVE a 1 k2"), 1);
    for asker in &mut turns {
        granted(&asker.answer());
    }
    for asker in &mut slots {
        assert_eq!(asker.answer(), [1, 1, 0]);
    }
    assert_eq!(
        redis.call("UMQ.ACQUIRE k1 b PX 500000 BLOCK 0").items()[0],
        1
    );
    assert_eq!(
        redis.call("UMQ.ACQUIRE k1 c PX 1000 BLOCK 60"),
        [0, -1, 0, 0]
    );
    assert_sound(&redis);
}

#[test]
fn waiters_of_a_slot_that_is_served_elsewhere_are_told_to_try_again() {
    let redis = only_server();
    redis.call("UMQ.ACQUIRE k1 a PX 400");
    redis.call("UMQ.ACQUIRE k2 a PX 500000");
    let askers = ask_one_by_one(&redis, 2, "UMQ.ACQUIRE k1 w{} PX 500000 BLOCK 0");
    let mut elsewhere = Asker::ask(&redis, "UMQ.ACQUIRE k2 b PX 500000 BLOCK 0");
    give_up_the_slot(&redis);
    for asker in askers {
        assert_sent_away(asker);
    }
    until_waiters_are(&redis, "UMQ.WAITERS k2", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE k2 a"), 1);
    granted(&elsewhere.answer());
    assert_eq!(redis.call("CLUSTER ADDSLOTS 12706"), "OK");
    eventually("the lease has ended and nobody was granted", || {
        let info = redis.call("UMQ.INFO k1");
        if info.is_error() || *info.field("holder") == "a" {
            return Err(format!("{info:?}"));
        }
        assert_eq!(*info.field("holder"), Reply::Nil);
        Ok(())
    });
    assert_sound(&redis);
}

#[test]
fn waiters_of_a_cluster_that_goes_down_are_sent_away() {
    let redis = only_server();
    redis.call("UMQ.ACQUIRE k2 a PX 500000");
    redis.call("QGATE.ACQUIRE k1 a LIMIT 1 PX 500000");
    let askers = [
        "UMQ.ACQUIRE k2 b PX 500000 BLOCK 0",
        "QGATE.ACQUIRE k1 b LIMIT 1 PX 500000 BLOCK 0",
    ]
    .map(|line| Asker::ask(&redis, line));
    assert_eq!(redis.call("CLUSTER DELSLOTS 12706"), "OK");
    for mut asker in askers {
        let answer = asker.answer();
        let Reply::Error(line) = &answer else {
            panic!("an error was expected, not {answer:?}");
        };
        let word = line.split(' ').next().unwrap_or_default();
        assert!(["TRYAGAIN", "CLUSTERDOWN"].contains(&word), "{line}");
    }
    assert_sound(&redis);
}

#[test]
fn asking_for_a_key_of_another_server_does_not_wait() {
    let redis = only_server();
    give_up_the_slot(&redis);
    for line in [
        "UMQ.ACQUIRE k1 a PX 1000 BLOCK 0",
        "UMQ.CANCEL k1 a",
        "UMQ.WAITERS k1",
        "QGATE.ACQUIRE k1 a LIMIT 1 PX 1000 BLOCK 0",
        "QGATE.CANCEL k1 a",
        "QGATE.WAITERS k1",
        "QGATE.CLOSE k1 PX 1000",
        "QGATE.OPEN k1",
    ] {
        let refused = redis.call(line);
        let is_down = matches!(&refused, Reply::Error(line) if line.starts_with("CLUSTERDOWN "));
        assert!(is_down, "{line}: {refused:?}");
    }
    assert_sound(&redis);
}
