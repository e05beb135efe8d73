//! TRIE.FORGET: entries of a value go, all others stay.

use harness::{Redis, error};

use crate::unchanged::changes_nothing;

/// Walks the whole trie: how many were removed, in how many calls.
#[track_caller]
fn forget_all(redis: &Redis, value: &str, count: usize) -> (i64, usize) {
    let (mut cursor, mut removed, mut calls) = ("0".to_owned(), 0, 0);
    loop {
        let reply = redis.call(format!("TRIE.FORGET k {cursor} {value} COUNT {count}"));
        let [next, now_removed] = reply.items() else {
            panic!("a cursor and a number, not {reply:?}");
        };
        cursor = next.text();
        removed += now_removed.int();
        calls += 1;
        if cursor == "0" {
            return (removed, calls);
        }
    }
}

#[test]
fn every_entry_of_the_value_goes_and_all_others_stay() {
    let redis = Redis::start();
    for number in 0..900 {
        let account = number % 3;
        redis.call(format!("TRIE.SAVE k u:{number} account-{account} EX 600"));
    }
    let (removed, calls) = forget_all(&redis, "account-1", 50);
    assert_eq!(removed, 300);
    assert!(calls > 5, "{calls} calls are hardly a walk");
    assert_eq!(*redis.call("TRIE.INFO k").field("entries"), 600);
    for number in 0..900 {
        let found = redis.call(format!("TRIE.FIND_RO k u:{number}"));
        match number % 3 {
            1 => assert_eq!(found, harness::Reply::Nil),
            other => assert_eq!(found, format!("account-{other}").as_str()),
        }
    }
}

#[test]
fn a_value_is_compared_whole() {
    let redis = Redis::start();
    for (chain, value) in [("a", "x"), ("b", "xx"), ("c", "1:x"), ("d", "X")] {
        redis.call(["TRIE.SAVE", "k", chain, value, "EX", "60"]);
    }
    assert_eq!(forget_all(&redis, "x", 100).0, 1);
    assert_eq!(*redis.call("TRIE.INFO k").field("entries"), 3);
    assert_eq!(redis.call("TRIE.FIND k c"), "1:x");
}

#[test]
fn a_trie_whose_last_entry_goes_is_gone() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a v EX 60");
    assert_eq!(forget_all(&redis, "v", 100), (1, 1));
    assert_eq!(redis.call("EXISTS k"), 0);
}

#[test]
fn nothing_changes_where_the_value_is_not() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a v EX 600");
    let answers = changes_nothing(&redis, || {
        ["TRIE.FORGET k 0 w", "TRIE.FORGET missing 0 v"].map(|line| redis.call(line))
    });
    for answer in answers {
        assert_eq!(answer.items()[1], 0);
    }
}

#[test]
fn a_foreign_key_is_refused() {
    let redis = Redis::start();
    redis.call("HSET h field value");
    let refusal = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    assert_eq!(redis.call("TRIE.FORGET h 0 v"), refusal);
    assert_eq!(redis.call("HLEN h"), 1);
}
