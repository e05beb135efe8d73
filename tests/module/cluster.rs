//! Cluster: commands declare all their keys, so that several must share a slot and each goes to its server.

use std::net::TcpListener;

use harness::{Redis, Reply, error, eventually};

const PORTS_TRIED: usize = 20;

/// A server that has every slot.
pub(crate) fn only_server() -> Redis {
    let free_port = || {
        Some(
            TcpListener::bind("127.0.0.1:0")
                .ok()?
                .local_addr()
                .ok()?
                .port(),
        )
    };
    let start = |_| {
        let redis = Redis::builder()
            .arg("cluster-enabled", "yes")
            .arg("cluster-port", &free_port()?.to_string());
        redis.try_start().ok()
    };
    let redis = (0..PORTS_TRIED)
        .find_map(start)
        .expect("one of many ports is free");
    redis.call("CLUSTER ADDSLOTSRANGE 0 16383");
    eventually("the cluster is up", || {
        let info = redis.call("CLUSTER INFO").text();
        if info.contains("cluster_state:ok") {
            Ok(())
        } else {
            Err(info)
        }
    });
    redis
}

#[test]
fn several_keys_must_share_a_slot() {
    let redis = only_server();
    let refusal = error("CROSSSLOT Keys in request don't hash to the same slot");
    for line in ["QGATE.COUNT k1 k2", "QGATE.LEAVE a 2 k1 k2"] {
        assert_eq!(redis.call(line), refusal, "{line}");
    }
    redis.call("QGATE.ACQUIRE {x}1 a LIMIT 1 PX 50000");
    redis.call("QGATE.ACQUIRE {x}2 a LIMIT 1 PX 50000");
    assert_eq!(redis.call("QGATE.COUNT {x}1 {x}2"), [[1, 0], [1, 0]]);
    assert_eq!(redis.call("QGATE.LEAVE a 2 {x}1 {x}2"), 2);
}

#[test]
fn a_key_of_another_server_is_not_touched() {
    let redis = only_server();
    redis.call("CLUSTER DELSLOTS 12706");
    redis.call("CONFIG SET cluster-require-full-coverage no");
    eventually("the other slots are served", || {
        let set = redis.call("SET other v");
        if set.is_error() {
            Err(format!("{set:?}"))
        } else {
            Ok(())
        }
    });
    assert_eq!(redis.call("CLUSTER KEYSLOT k1"), 12_706);
    for line in [
        "UMQ.ACQUIRE k1 a PX 1000",
        "UMQ.RENEW k1 a PX 1000",
        "UMQ.RELEASE k1 a",
        "UMQ.FORCE k1",
        "UMQ.INFO k1",
        "QGATE.ACQUIRE k1 a LIMIT 1 PX 1000",
        "QGATE.RENEW k1 PX 1000 a",
        "QGATE.RELEASE k1 a",
        "QGATE.LEAVE a 1 k1",
        "QGATE.COUNT k1",
        "QGATE.MEMBERS k1",
        "QGATE.INFO k1",
        "TRIE.SAVE k1 a v PX 1000",
        "TRIE.FIND k1 a",
        "TRIE.FIND_RO k1 a",
        "TRIE.DEL k1 a",
        "TRIE.INFO k1",
        "BUDGET.RESERVE k1 a COST 1 PX 1000 LIMIT 5",
        "BUDGET.RENEW k1 PX 1000 a",
        "BUDGET.SETTLE k1 a 1",
        "BUDGET.INFO k1",
    ] {
        let refused = redis.call(line);
        let is_down = matches!(&refused, Reply::Error(line) if line.starts_with("CLUSTERDOWN "));
        assert!(is_down, "{line}: {refused:?}");
    }
}
