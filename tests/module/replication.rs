//! Replicas: they decide nothing, need no module, and end identical.

use harness::redis::Builder;
use harness::{Redis, error, eventually};

use crate::traffic::{data, write_everything};

/// A server whose replication stream carries nothing but changes.
fn silent() -> Builder {
    Redis::builder().arg("repl-ping-replica-period", "3600")
}

#[test]
fn a_replica_without_the_module_ends_identical() {
    let mut redis = silent().start();
    let replica = redis.plain_replica();
    write_everything(&redis);
    redis.wait_in_sync(&replica);
    assert_eq!(data(&replica), data(&redis));
}

#[test]
fn a_replica_without_the_module_that_comes_later_ends_identical() {
    let mut redis = silent().start();
    write_everything(&redis);
    let replica = redis.plain_replica();
    assert_eq!(data(&replica), data(&redis));
}

#[test]
fn a_replica_with_the_module_ends_identical_and_answers_reads() {
    let mut redis = silent().start();
    let replica = redis.replica(Redis::builder());
    write_everything(&redis);
    redis.wait_in_sync(&replica);
    assert_eq!(data(&replica), data(&redis));
    assert_eq!(*replica.call("UMQ.INFO held").field("holder"), "a");
    assert_eq!(replica.call("QGATE.COUNT gate").items()[0], [2, 0]);
    assert_eq!(replica.call("QGATE.MEMBERS gate").items().len(), 2);
    assert_eq!(*replica.call("QGATE.INFO gate").field("in-use"), 2);
    assert_eq!(replica.call("TRIE.FIND_RO trie s:1-u:2-a:3-u:4"), "v3");
    assert_eq!(*replica.call("TRIE.INFO trie").field("entries"), 3);
    assert_eq!(replica.digest(), redis.digest());
}

#[test]
fn commands_that_write_are_refused_on_a_replica() {
    let mut redis = silent().start();
    let replica = redis.replica(Redis::builder());
    for line in [
        "UMQ.ACQUIRE t a PX 1000",
        "UMQ.RENEW t a PX 1000",
        "UMQ.RELEASE t a",
        "UMQ.FORCE t",
        "QGATE.ACQUIRE g a LIMIT 1 PX 1000",
        "QGATE.RENEW g PX 1000 a",
        "QGATE.RELEASE g a",
        "QGATE.LEAVE a 1 g",
        "TRIE.SAVE k a v PX 1000",
        "TRIE.FIND k a",
        "TRIE.DEL k a",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 0",
        "BUDGET.RESERVE b a COST 1 PX 1000 LIMIT 5",
        "BUDGET.RENEW b PX 1000 a",
        "BUDGET.SETTLE b a 1",
        "TALLY.ADD ids a PX 1000 1 hour f 1",
    ] {
        let refusal = error("READONLY You can't write against a read only replica.");
        assert_eq!(replica.call(line), refusal, "{line}");
    }
}

#[test]
fn a_read_on_a_replica_neither_sees_nor_removes_what_has_ended() {
    let mut redis = silent().start();
    let replica = redis.replica(Redis::builder());
    redis.call("QGATE.ACQUIRE g long LIMIT 0 PX 500000");
    redis.call("QGATE.ACQUIRE g short LIMIT 0 PX 1");
    redis.call("UMQ.ACQUIRE t a PX 1");
    redis.call("TRIE.SAVE k a v PX 500000");
    redis.call("TRIE.SAVE k a-b v PX 1");
    redis.wait_in_sync(&replica);
    eventually("all that is short has ended", || {
        let seen = (
            replica.call("QGATE.COUNT g"),
            replica.call("UMQ.INFO t"),
            replica.call("TRIE.FIND_RO k a-b WITHMATCH"),
        );
        let ended = seen.0.items()[0] == [1, 0]
            && *seen.1.field("holder") == harness::Reply::Nil
            && seen.2.items()[1] == 1;
        if ended {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_eq!(replica.call("ZCARD g"), 2);
    assert_eq!(replica.call("HLEN k"), 3);
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
}

#[test]
fn nothing_is_replicated_when_nothing_changed() {
    let mut redis = silent().start();
    let replica = redis.plain_replica();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v PX 500000");
    redis.call("RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 4");
    redis.call("BUDGET.RESERVE b a COST 4 PX 500000 LIMIT 5");
    redis.call("BUDGET.SETTLE b c 0");
    redis.call("TALLY.ADD ids a PX 500000 1 hour f 1");
    redis.wait_in_sync(&replica);
    let offset = redis.info("master_repl_offset");
    for line in [
        "UMQ.ACQUIRE t b PX 1000",
        "UMQ.ACQUIRE t a PX 1000",
        "UMQ.RENEW t b PX 1000",
        "UMQ.RELEASE t b",
        "UMQ.FORCE missing",
        "QGATE.ACQUIRE g b LIMIT 1 PX 1000",
        "QGATE.ACQUIRE g a LIMIT 1 PX 1000",
        "QGATE.RENEW g PX 1000 b",
        "QGATE.RELEASE g b",
        "QGATE.LEAVE b 1 g",
        "TRIE.FIND k a PX 500000",
        "TRIE.FIND k b PX 500000",
        "TRIE.DEL k b",
        "UMQ.ACQUIRE t b PX 0",
        "QGATE.ACQUIRE g b LIMIT -1 PX 1000",
        "TRIE.SAVE k a v PX 1000 REPLACE b",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 2",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.GIVE missing BURST 5 RATE 5 PER 5000000 COST 1",
        "BUDGET.RESERVE b a COST 4 PX 1000 LIMIT 5",
        "BUDGET.RESERVE b b COST 4 PX 1000 LIMIT 5",
        "BUDGET.RESERVE b b COST 1 PX 1000 LIMIT 5 AND c LIMIT 0",
        "BUDGET.RENEW b PX 1000 b c",
        "BUDGET.SETTLE b c 7",
        "TALLY.ADD ids a PX 900000 1 hour f 1",
        "TALLY.ADD ids b PX 900000 2 hour g 1 t f 1",
        "TALLY.ADD ids b PX 900000 1 hour g 1 RECORD t MAXLEN 5 f v",
    ] {
        redis.call(line);
        assert_eq!(redis.info("master_repl_offset"), offset, "{line}");
    }
}

#[test]
fn a_promoted_replica_serves_the_same_holders() {
    let mut redis = silent().start();
    let replica = redis.replica(Redis::builder());
    let token = redis.call("UMQ.ACQUIRE t a PX 500000").items()[2].int();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v PX 500000");
    redis.wait_in_sync(&replica);
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    assert_eq!(replica.call("UMQ.ACQUIRE t b PX 1000"), [0, -1, 0, 0]);
    assert_eq!(replica.call("UMQ.ACQUIRE t a PX 1000"), [1, 0, token, 0]);
    assert_eq!(replica.call("UMQ.RELEASE t a"), 1);
    let next = replica.call("UMQ.ACQUIRE t b PX 1000").items()[2].int();
    assert!(next > token);
    assert_eq!(replica.call("QGATE.ACQUIRE g b LIMIT 1 PX 1000"), [0, 1, 0]);
    assert_eq!(replica.call("QGATE.RELEASE g a"), 1);
    assert_eq!(replica.call("TRIE.FIND k a EX 900"), "v");
}
