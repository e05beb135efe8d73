//! TRIE: what is remembered, which prefix is found, and when entries and their key end.

use harness::{Redis, Reply, eventually};

use crate::moment::{moment, moment_of, server_ms};
use crate::typed::typed;
use crate::unchanged::changes_nothing;

/// What a find answers that also tells the match.
fn matched(value: impl Into<Reply>, matched: i64, segments: i64) -> Reply {
    Reply::Array(vec![value.into(), matched.into(), segments.into()])
}

/// The fields of a trie's key but its seed, each with its value.
#[track_caller]
fn entries(redis: &Redis, key: &str) -> Vec<(Vec<u8>, String)> {
    let flat = redis.call(["HGETALL", key]);
    let pairs = flat.items().chunks_exact(2);
    let as_bytes = |field: &Reply| match field {
        Reply::Text(bytes) => bytes.clone(),
        other => panic!("a field is a string, not {other:?}"),
    };
    pairs
        .map(|pair| (as_bytes(&pair[0]), pair[1].text()))
        .filter(|(field, _)| field != b"seed")
        .collect()
}

/// The end of a trie's only entry.
#[track_caller]
fn only_end(redis: &Redis, key: &str) -> i64 {
    let entries = entries(redis, key);
    let [(_, text)] = entries.as_slice() else {
        panic!("one entry was expected, not {entries:?}");
    };
    let (end, _) = text.split_once(':').expect("an end, a colon, a value");
    end.parse().expect("an entry ends at a millisecond")
}

#[test]
fn the_longest_stored_prefix_of_whole_segments_is_found() {
    let redis = Redis::start();
    for (chain, value) in [("a", "1"), ("a-b", "2"), ("a-b-c-d", "4")] {
        let line = format!("TRIE.SAVE k {chain} {value} EX 60");
        assert_eq!(redis.call(line), Reply::Status("OK".into()));
    }
    for (chain, value, prefix, segments) in [
        ("a", "1", 1, 1),
        ("a-x", "1", 1, 2),
        ("a-b", "2", 2, 2),
        ("a-b-c", "2", 2, 3),
        ("a-bc-d", "1", 1, 3),
        ("a-b-c-d", "4", 4, 4),
        ("a-b-c-d-e-f", "4", 4, 6),
        ("a-b-c-de", "2", 2, 4),
    ] {
        for command in ["TRIE.FIND", "TRIE.FIND_RO"] {
            let found = format!("{command} k {chain}");
            assert_eq!(redis.call(&found), value, "{chain}");
            let with_match = redis.call(format!("{found} withmatch"));
            assert_eq!(with_match, matched(value, prefix, segments));
        }
    }
}

#[test]
fn a_miss_is_nil_with_the_segments_that_were_asked_for() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a-b v EX 60");
    for (key, chain, segments) in [
        ("k", "a", 1),
        ("k", "b-a", 2),
        ("k", "ab", 1),
        ("k", "-", 0),
        ("missing", "a-b", 2),
    ] {
        for command in ["TRIE.FIND", "TRIE.FIND_RO"] {
            changes_nothing(&redis, || {
                assert_eq!(redis.call([command, key, chain]), Reply::Nil);
                let with_match = redis.call([command, key, chain, "WITHMATCH"]);
                assert_eq!(with_match, matched(Reply::Nil, 0, segments));
            });
        }
    }
}

#[test]
fn empty_segments_are_dropped_by_every_command() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k --a---b- v EX 60");
    assert_eq!(
        redis.call("TRIE.FIND k -a-b-- WITHMATCH"),
        matched("v", 2, 2)
    );
    assert_eq!(redis.call("TRIE.DEL k a--b"), 1);
    assert_eq!(redis.call("EXISTS k"), 0);
}

#[test]
fn a_trie_is_a_hash_of_short_digests_with_a_seed_of_its_own() {
    let redis = Redis::start();
    let long = "segment-".repeat(4_000);
    let saved = moment(&redis, ["TRIE.SAVE", "k", &long, "a:b", "PX", "60000"]);
    let stored = entries(&redis, "k");
    assert_eq!(stored[0].0.len(), 16);
    assert!(stored[0].1.ends_with(":a:b"), "{stored:?}");
    assert!(saved.plus(60_000).contains(&only_end(&redis, "k")));
    assert!(redis.call("MEMORY USAGE k").int() < 1_000);
    let seed = |key: &str| redis.call(["HGET", key, "seed"]).text();
    assert!(seed("k").parse::<u64>().is_ok());
    redis.call(["TRIE.SAVE", "k2", &long, "v", "EX", "60"]);
    assert_ne!(seed("k"), seed("k2"));
    assert_ne!(entries(&redis, "k")[0].0, entries(&redis, "k2")[0].0);
}

#[test]
fn saving_again_replaces_the_value_and_the_end() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a-b first EX 600");
    let saved = moment(&redis, "TRIE.SAVE k a-b second EX 60");
    assert_eq!(redis.call("TRIE.FIND_RO k a-b"), "second");
    assert!(saved.plus(60_000).contains(&only_end(&redis, "k")));
}

#[test]
fn replace_removes_the_prefix_that_the_chain_continues() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 EX 60");
    redis.call("TRIE.SAVE k a-b 2 EX 60");
    assert_eq!(redis.call("TRIE.SAVE k a-b-c 3 EX 60 REPLACE a-b"), "OK");
    assert_eq!(redis.call("TRIE.FIND_RO k a-b"), "1");
    assert_eq!(redis.call("TRIE.FIND_RO k a-b-c"), "3");
    assert_eq!(redis.call("TRIE.SAVE k a-b-c-d 4 replace -a EX 60"), "OK");
    assert_eq!(redis.call("TRIE.FIND_RO k a"), Reply::Nil);
    assert_eq!(entries(&redis, "k").len(), 2);
}

#[test]
fn replacing_a_prefix_that_is_not_stored_changes_nothing_else() {
    let redis = Redis::start();
    assert_eq!(redis.call("TRIE.SAVE k a-b-c 3 EX 60 REPLACE a-b"), "OK");
    assert_eq!(redis.call("TRIE.SAVE k a-b-c-d 4 EX 60 REPLACE a"), "OK");
    assert_eq!(entries(&redis, "k").len(), 2);
}

#[test]
fn a_find_extends_the_matched_entry_alone_and_only_when_less_than_three_quarters_are_left() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 PX 60000");
    let end = only_end(&redis, "k");
    let unchanged = changes_nothing(&redis, || redis.call("TRIE.FIND k a-b PX 70000"));
    assert_eq!(unchanged, "1");
    assert_eq!(only_end(&redis, "k"), end);

    let extended = moment(&redis, "TRIE.FIND k a-b WITHMATCH EX 90");
    assert_eq!(extended.reply, matched("1", 1, 2));
    let end = only_end(&redis, "k");
    assert!(extended.plus(90_000).contains(&end));
    assert!(redis.call("PEXPIRETIME k").int() >= end);
}

#[test]
fn a_find_never_shortens_an_entry() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 EX 600");
    let found = changes_nothing(&redis, || redis.call("TRIE.FIND k a EX 10"));
    assert_eq!(found, "1");
}

#[test]
fn a_find_that_misses_extends_nothing() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a-b 1 EX 10");
    let missed = changes_nothing(&redis, || redis.call("TRIE.FIND k a EX 600"));
    assert_eq!(missed, Reply::Nil);
}

#[test]
fn an_entry_is_invisible_from_the_millisecond_at_which_it_ends() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a long EX 60");
    redis.call("DEL k2");
    redis.call("TRIE.SAVE k2 a-b short PX 60");
    let end = only_end(&redis, "k2");
    redis.call("PERSIST k2");
    let mut client = redis.connect();
    eventually("the entry has ended", || {
        let seen = moment_of(&mut client, "TRIE.FIND_RO k2 a-b");
        let live = seen.reply == "short";
        assert!(if live {
            seen.from < end
        } else {
            seen.until >= end
        });
        if live { Err("live".to_owned()) } else { Ok(()) }
    });
    changes_nothing(&redis, || {
        assert_eq!(redis.call("TRIE.FIND k2 a-b EX 60"), Reply::Nil);
    });
}

#[test]
fn a_shorter_prefix_is_found_once_the_longer_one_has_ended() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a-b short PX 30");
    redis.call("TRIE.SAVE k a long EX 60");
    eventually("the shorter prefix is found", || {
        let found = redis.call("TRIE.FIND_RO k a-b-c").text();
        if found == "long" { Ok(()) } else { Err(found) }
    });
}

#[test]
fn the_key_outlives_its_latest_entry() {
    let redis = Redis::start();
    let mut latest = 0;
    for (chain, life) in [("a", 100_000), ("b", 1_000), ("c", 300_000), ("d", 10)] {
        let saved = moment(&redis, format!("TRIE.SAVE k {chain} v PX {life}"));
        latest = latest.max(saved.until + life);
        let ends = redis.call("PEXPIRETIME k").int();
        assert!(ends >= latest - (saved.until - saved.from), "{chain}");
    }
}

#[test]
fn a_life_may_be_ten_years() {
    let redis = Redis::start();
    for option in ["EX 315360000", "PX 315360000000"] {
        let saved = moment(&redis, format!("TRIE.SAVE k a v {option}"));
        assert_eq!(saved.reply, "OK");
        assert!(saved.plus(315_360_000_000).contains(&only_end(&redis, "k")));
        assert_eq!(redis.call("TRIE.FIND_RO k a"), "v");
        assert_eq!(redis.call(format!("TRIE.FIND k a {option}")), "v");
    }
}

#[test]
fn deleting_forgets_exactly_this_chain() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 EX 60");
    redis.call("TRIE.SAVE k a-b 2 EX 60");
    changes_nothing(&redis, || {
        for chain in ["a-b-c", "b", "", "-"] {
            assert_eq!(redis.call(["TRIE.DEL", "k", chain]), 0);
        }
        assert_eq!(redis.call("TRIE.DEL missing a"), 0);
    });
    assert_eq!(redis.call("TRIE.DEL k a"), 1);
    assert_eq!(redis.call("TRIE.FIND_RO k a-b"), "2");
    assert_eq!(redis.call("TRIE.FIND_RO k a"), Reply::Nil);
}

#[test]
fn a_trie_with_only_its_seed_left_is_deleted() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 EX 60");
    assert_eq!(redis.call("TRIE.DEL k a"), 1);
    assert_eq!(redis.call("EXISTS k"), 0);
}

#[test]
fn writes_sweep_ended_entries_until_few_are_left() {
    let redis = Redis::start();
    for chain in 0..200 {
        redis.call(format!("TRIE.SAVE k ended{chain} v PX 1"));
    }
    redis.call("TRIE.SAVE k a v EX 60");
    eventually("most entries have been swept", || {
        redis.call("TRIE.SAVE k a v EX 60");
        let entries = redis.call("TRIE.INFO k").field("entries").int();
        if entries <= 2 {
            Ok(())
        } else {
            Err(format!("{entries} entries"))
        }
    });
    assert_eq!(redis.call("TRIE.FIND_RO k a"), "v");
}

#[test]
fn a_trie_grows_no_further_than_its_bound_and_the_newest_entry_stays() {
    let redis = Redis::start();
    redis.call("CONFIG SET weir.trie-max-entries 50");
    for chain in 0..400 {
        let life = 60_000 + chain * 1_000;
        redis.call(format!("TRIE.SAVE k c{chain} v{chain} PX {life}"));
        let newest = redis.call(format!("TRIE.FIND_RO k c{chain}"));
        assert_eq!(newest, format!("v{chain}"));
        let entries = redis.call("TRIE.INFO k").field("entries").int();
        assert!(entries <= 55, "{entries} entries");
    }
    let oldest_found = (0..400)
        .find(|chain| redis.call(format!("TRIE.FIND_RO k c{chain}")) != Reply::Nil)
        .expect("some entry is left");
    assert!(oldest_found > 150, "{oldest_found}");
}

#[test]
fn info_shows_entries_and_bytes() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a v EX 60");
    redis.call("TRIE.SAVE k a-b v EX 60");
    let info = changes_nothing(&redis, || redis.call("TRIE.INFO k"));
    let bytes = redis.call("MEMORY USAGE k");
    assert_eq!(info, size(2, bytes.int()));
}

#[test]
fn info_of_a_missing_trie_answers_zeros() {
    let redis = Redis::start();
    assert_eq!(redis.call("TRIE.INFO k"), size(0, 0));
    let map = redis.connect_resp3().call("TRIE.INFO k");
    assert_eq!(
        map,
        Reply::Map(vec![
            ("entries".into(), 0.into()),
            ("bytes".into(), 0.into())
        ])
    );
}

/// What `TRIE.INFO` answers in RESP2.
fn size(entries: i64, bytes: i64) -> Reply {
    let flat = [
        "entries".into(),
        entries.into(),
        "bytes".into(),
        bytes.into(),
    ];
    Reply::Array(flat.to_vec())
}

#[test]
fn segments_and_values_may_hold_any_bytes() {
    let redis = Redis::start();
    let table: [(&str, &str); 4] = [
        (r#""\x00""#, r#""\x00""#),
        (r#""a\r\n-%s%n""#, r#"":\r\n%s%n:""#),
        (r#""\xff-\xfe""#, r#""\xff\x00\xfe""#),
        (r#""a b- -c""#, r#"" ""#),
    ];
    for (chain, value) in table {
        redis.call(typed(&format!("TRIE.SAVE k {chain} {value} EX 60")));
        let found = redis.call(typed(&format!("TRIE.FIND k {chain}")));
        assert_eq!(found, Reply::Text(typed(value).remove(0)));
        assert_eq!(redis.call(typed(&format!("TRIE.DEL k {chain}"))), 1);
    }
}

#[test]
fn chains_and_values_may_be_as_long_as_their_bounds() {
    let redis = Redis::start();
    let (wide, many) = ("a".repeat(65_536), "a-".repeat(4_096));
    let value = "v".repeat(4_096);
    for chain in [&wide, &many] {
        assert_eq!(
            redis.call(["TRIE.SAVE", "k", chain, &value, "EX", "60"]),
            "OK"
        );
        assert_eq!(redis.call(["TRIE.FIND", "k", chain]), value);
        assert_eq!(redis.call(["TRIE.FIND_RO", "k", chain]), value);
        assert_eq!(redis.call(["TRIE.DEL", "k", chain]), 1);
    }
}

#[test]
fn an_ended_entry_was_not_there_to_delete() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a 1 EX 60");
    let field = entries(&redis, "k").remove(0).0;
    let ended = format!("{}:1", server_ms(&redis) - 1);
    redis.call([b"HSET", b"k".as_slice(), &field, ended.as_bytes()]);
    assert_eq!(redis.call("TRIE.DEL k a"), 0);
}
