//! Tries with fields and values that no command of ours writes.

use harness::{Redis, Reply, eventually};

use super::{ABSURD_MS, assert_wrong_type};
use crate::moment::server_ms;
use crate::typed::typed;

/// A server with a trie `k` that holds one chain, `a-b`, and the field of that chain.
fn with_a_chain() -> (Redis, Vec<u8>) {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a-b v EX 600");
    let fields = redis.call("HKEYS k");
    let field = fields.items().iter().find(|field| **field != "seed");
    let Some(Reply::Text(field)) = field else {
        panic!("no field in {fields:?}");
    };
    let field = field.clone();
    (redis, field)
}

#[test]
fn an_entry_that_is_none_is_refused_where_it_is_met_and_only_there() {
    let (redis, field) = with_a_chain();
    redis.call("TRIE.SAVE k c w EX 600");
    for value in ["", "v", ":", ":v", "x:v", "1.5:v", " 1:v", "-:v", "nan:v"] {
        redis.call([b"HSET", b"k".as_slice(), &field, value.as_bytes()]);
        for line in [
            "TRIE.FIND k a-b",
            "TRIE.FIND k a-b-c EX 60",
            "TRIE.FIND_RO k a-b-c WITHMATCH",
            "TRIE.DEL k a-b",
        ] {
            assert_wrong_type(&redis, line);
        }
        assert_eq!(redis.call("TRIE.FIND k a"), Reply::Nil);
        assert_eq!(redis.call("TRIE.FIND k c"), "w");
    }
    assert_eq!(redis.call("TRIE.SAVE k a-b again EX 600"), "OK");
    assert_eq!(redis.call("TRIE.FIND k a-b"), "again");
}

#[test]
fn an_absurd_end_counts_as_30_days_from_now() {
    let (redis, field) = with_a_chain();
    for end in ["9223372036854775807", "99999999999999999999999999"] {
        let value = format!("{end}:v");
        redis.call([b"HSET", b"k".as_slice(), &field, value.as_bytes()]);
        assert_eq!(redis.call("TRIE.FIND_RO k a-b"), "v");
        assert_eq!(redis.call("TRIE.FIND k a-b EX 2592000"), "v");
        let kept = redis.call([b"HGET".as_slice(), b"k", &field]);
        assert_eq!(kept, value, "30 days are left of 30");

        let life = 2 * ABSURD_MS;
        assert_eq!(redis.call(format!("TRIE.FIND k a-b PX {life}")), "v");
        let written = redis.call([b"HGET".as_slice(), b"k", &field]).text();
        let end: i64 = written.strip_suffix(":v").unwrap().parse().unwrap();
        assert!((end - life - server_ms(&redis)).abs() < 10_000);
    }
}

#[test]
fn an_end_before_1970_has_passed() {
    let (redis, field) = with_a_chain();
    redis.call([b"HSET", b"k".as_slice(), &field, b"-5:v"]);
    assert_eq!(redis.call("TRIE.FIND k a-b EX 60"), Reply::Nil);
    assert_eq!(redis.call("TRIE.DEL k a-b"), 0);
}

#[test]
fn a_trie_that_lost_its_seed_is_refused() {
    let (redis, _) = with_a_chain();
    redis.call("HDEL k seed");
    for line in [
        "TRIE.SAVE k a v EX 60",
        "TRIE.FIND k a-b",
        "TRIE.FIND_RO k a-b",
        "TRIE.DEL k a-b",
        "TRIE.INFO k",
    ] {
        assert_wrong_type(&redis, line);
    }
}

#[test]
fn a_trie_with_another_seed_finds_nothing_of_before() {
    let (redis, _) = with_a_chain();
    redis.call("HSET k seed 5");
    assert_eq!(redis.call("TRIE.FIND k a-b"), Reply::Nil);
    assert_eq!(redis.call("TRIE.SAVE k a-b new EX 60"), "OK");
    assert_eq!(redis.call("TRIE.FIND k a-b"), "new");
    for seed in ["0", "18446744073709551615"] {
        redis.call(["HSET", "k", "seed", seed]);
        assert_eq!(redis.call("TRIE.SAVE k a-b new EX 60"), "OK");
        assert_eq!(redis.call("TRIE.FIND k a-b"), "new");
    }
}

#[test]
fn fields_that_are_no_digests_are_left_alone() {
    let (redis, _) = with_a_chain();
    redis.call(typed(r#"HSET k "" 1:v short 1:v "\x00" garbage"#));
    redis.call(["HSET", "k", &"f".repeat(1_000), "1:v"]);
    redis.call(["HSET", "k", "exactly-16-bytes", "garbage"]);
    for chain in 0..200 {
        redis.call(format!("TRIE.SAVE k c{chain} v EX 600"));
    }
    assert_eq!(redis.call("TRIE.FIND k a-b"), "v");
    assert_eq!(redis.call("HLEN k"), 1 + 1 + 5 + 200);
    assert_eq!(redis.call("TRIE.DEL k c0"), 1);
}

#[test]
fn a_trie_full_of_garbage_is_bounded_without_harm() {
    let redis = Redis::start();
    redis.call("CONFIG SET weir.trie-max-entries 10");
    redis.call("HSET k seed 5");
    for field in 0..100 {
        redis.call(format!(
            "HSET k garbage{field} {field} digest-of-{field:06} x"
        ));
    }
    for chain in 0..100 {
        assert_eq!(redis.call(format!("TRIE.SAVE k c{chain} v EX 60")), "OK");
    }
    assert_eq!(redis.call("TRIE.FIND k c99"), "v");
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_persisted_trie_still_ends_its_entries_and_gets_a_life_back() {
    let (redis, _) = with_a_chain();
    redis.call("PERSIST k");
    redis.call("TRIE.SAVE k c v PX 1");
    eventually("the entry has ended", || {
        match redis.call("TRIE.FIND_RO k c") {
            Reply::Nil => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(redis.call("PTTL k").int() >= 590_000);
    assert_eq!(redis.call("TRIE.FIND k a-b"), "v");
}

#[test]
fn a_trie_whose_life_was_cut_short_gets_it_back_with_the_next_longer_entry() {
    let (redis, _) = with_a_chain();
    redis.call("PEXPIRE k 20000");
    redis.call("TRIE.SAVE k c v EX 700");
    assert!(redis.call("PTTL k").int() >= 690_000);
}
