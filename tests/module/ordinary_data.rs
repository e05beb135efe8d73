//! Turns, gates and tries are ordinary keys: they live in databases, are renamed, copied, dumped and flushed, and end.

use harness::{Redis, Reply, eventually};

use crate::unchanged::ends;

/// A server with a held turn `t`, a gate `g` with one slot taken, a trie `k` with one chain.
fn with_one_of_each() -> Redis {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v PX 500000");
    redis
}

/// That keys of these names are the ones of `with_one_of_each`.
#[track_caller]
fn assert_held(redis: &Redis, [turn, gate, trie]: [&str; 3]) {
    let other = redis.call(["UMQ.ACQUIRE", turn, "b", "PX", "1000"]);
    assert_eq!(other, [0, -1, 0, 0]);
    assert_eq!(redis.call(["UMQ.RENEW", turn, "a", "PX", "600000"]), 1);
    let other = redis.call(["QGATE.ACQUIRE", gate, "b", "LIMIT", "1", "PX", "1000"]);
    assert_eq!(other, [0, 1, 0]);
    assert_eq!(redis.call(["QGATE.RENEW", gate, "PX", "600000", "a"]), [1]);
    assert_eq!(redis.call(["TRIE.FIND", trie, "a-b", "EX", "900"]), "v");
}

#[test]
fn databases_are_apart() {
    let redis = with_one_of_each();
    redis.call("SELECT 1");
    assert_eq!(redis.call("UMQ.ACQUIRE t b PX 500000").items()[0], 1);
    assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000"), [1, 1, 0]);
    assert_eq!(redis.call("TRIE.FIND k a"), Reply::Nil);
    assert_eq!(*redis.call("QGATE.INFO g").field("limit"), 1);
    redis.call("SELECT 0");
    assert_held(&redis, ["t", "g", "k"]);
    redis.call("SWAPDB 0 1");
    assert_eq!(redis.call("UMQ.RENEW t b PX 1000"), 1);
    assert_eq!(redis.call("QGATE.RENEW g PX 1000 b"), [1]);
}

#[test]
fn a_renamed_or_moved_key_keeps_its_holders() {
    let redis = with_one_of_each();
    for key in ["t", "g", "k"] {
        assert_eq!(redis.call(format!("RENAME {key} {key}2")), "OK");
    }
    assert_held(&redis, ["t2", "g2", "k2"]);
    for key in ["t2", "g2", "k2"] {
        assert_eq!(redis.call(format!("MOVE {key} 3")), 1);
    }
    redis.call("SELECT 3");
    assert_held(&redis, ["t2", "g2", "k2"]);
}

#[test]
fn a_copy_has_holders_of_its_own() {
    let redis = with_one_of_each();
    for key in ["t", "g", "k"] {
        assert_eq!(redis.call(format!("COPY {key} {key}2")), 1);
    }
    assert_held(&redis, ["t2", "g2", "k2"]);
    redis.call("UMQ.RELEASE t2 a");
    redis.call("QGATE.RELEASE g2 a");
    redis.call("TRIE.DEL k2 a");
    assert_held(&redis, ["t", "g", "k"]);
}

#[test]
fn a_dump_can_be_restored_on_another_server() {
    let (from, to) = (with_one_of_each(), Redis::start());
    for (key, end) in ends(&from) {
        let Reply::Text(dump) = from.call([b"DUMP", key.as_slice()]) else {
            panic!("a key can be dumped");
        };
        let at = end.to_string();
        let restore = [b"RESTORE".as_slice(), &key, at.as_bytes(), &dump, b"ABSTTL"];
        assert_eq!(to.call(restore), "OK");
    }
    assert_eq!(to.digest(), from.digest());
    assert_eq!(ends(&to), ends(&from));
    assert_held(&to, ["t", "g", "k"]);
}

#[test]
fn keys_can_be_scanned_measured_and_typed() {
    let redis = with_one_of_each();
    let scanned = redis.call("SCAN 0 COUNT 100");
    assert_eq!(scanned.items()[1].items().len(), 3);
    for (key, kind) in [("t", "string"), ("g", "zset"), ("k", "hash")] {
        assert_eq!(redis.call(["TYPE", key]), kind);
        assert!(redis.call(["MEMORY", "USAGE", key]).int() > 0);
    }
}

#[test]
fn deleted_and_flushed_keys_are_free_again() {
    let redis = with_one_of_each();
    for removal in ["DEL t g k", "UNLINK t g k", "FLUSHALL", "FLUSHALL ASYNC"] {
        redis.call(removal);
        assert_eq!(redis.call("UMQ.ACQUIRE t b PX 500000").items()[0], 1);
        assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000"), [1, 1, 0]);
        assert_eq!(redis.call("TRIE.FIND k a"), Reply::Nil);
        assert_eq!(redis.call("TRIE.SAVE k b v PX 500000"), "OK");
    }
}

#[test]
fn keys_end_by_themselves() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 20");
    redis.call("QGATE.ACQUIRE g b LIMIT 9 PX 30");
    redis.call("TRIE.SAVE k a v PX 20");
    redis.call("TRIE.SAVE k b v PX 30");
    eventually("nothing is left", || {
        let keys = redis.call("KEYS *");
        if keys.items().is_empty() {
            Ok(())
        } else {
            Err(format!("{keys:?}"))
        }
    });
}

#[test]
fn a_full_server_refuses_what_takes_and_does_what_gives_back() {
    let redis = with_one_of_each();
    redis.call("CONFIG SET maxmemory 1");
    for line in [
        "UMQ.ACQUIRE new a PX 1000",
        "QGATE.ACQUIRE g b LIMIT 2 PX 1000",
        "TRIE.SAVE k b v PX 1000",
    ] {
        let refused = redis.call(line);
        let Reply::Error(text) = &refused else {
            panic!("{line}: {refused:?}");
        };
        assert!(text.starts_with("OOM "), "{line}: {text}");
    }
    assert_eq!(redis.call("UMQ.RENEW t a PX 600000"), 1);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    assert_eq!(redis.call("UMQ.FORCE t"), 0);
    assert_eq!(redis.call("QGATE.RENEW g PX 600000 a"), [1]);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("QGATE.LEAVE a 1 g"), 0);
    assert_eq!(redis.call("TRIE.FIND k a EX 900"), "v");
    assert_eq!(redis.call("TRIE.DEL k a"), 1);
}
