//! Prefix memory as the scripts before the module answered it, row by row. Where the answer is a better one
//! the name says so.

use harness::{Redis, Reply, error};

use crate::moment::moment;
use crate::unchanged::{changes_nothing, refuses};

#[track_caller]
fn save(redis: &Redis, chain: &str, value: &str) {
    let saved = redis.call(["TRIE.SAVE", "k", chain, value, "EX", "1000"]);
    assert_eq!(saved, "OK");
}

#[track_caller]
fn find(redis: &Redis, chain: &str) -> Reply {
    let found = redis.call(["TRIE.FIND", "k", chain]);
    assert_eq!(redis.call(["TRIE.FIND_RO", "k", chain]), found);
    found
}

#[test]
fn a_saved_chain_is_found_by_itself_its_continuations_and_with_dashes_behind() {
    let redis = Redis::start();
    save(&redis, "u:a-m:b", "v");
    for chain in ["u:a-m:b", "u:a-m:b-u:c-m:d", "u:a-m:b-", "u:a-m:b--"] {
        assert_eq!(find(&redis, chain), "v", "{chain}");
    }
}

#[test]
fn a_chain_that_has_no_stored_prefix_is_not_found() {
    let redis = Redis::start();
    save(&redis, "u:a-m:b", "v");
    for chain in ["u:a", "u:a-m:bx", "", "-", "--", "nodash"] {
        assert_eq!(find(&redis, chain), Reply::Nil, "{chain}");
    }
}

#[test]
fn better_a_chain_saved_with_an_empty_segment_is_found_with_and_without_it() {
    let redis = Redis::start();
    save(&redis, "a--b", "v");
    for chain in ["a-b", "a--b", "a--b-c"] {
        assert_eq!(find(&redis, chain), "v", "{chain}");
    }
}

#[test]
fn better_a_chain_saved_with_dashes_around_is_found_with_and_without_them() {
    let redis = Redis::start();
    save(&redis, "-a-", "v");
    for chain in ["a", "-a", "-a-"] {
        assert_eq!(find(&redis, chain), "v", "{chain}");
    }
}

#[test]
fn better_saving_an_empty_chain_is_an_error() {
    let redis = Redis::start();
    let refusal = "ERR invalid chain: must have 1 to 4096 segments";
    refuses(
        &redis,
        &[
            (r#"TRIE.SAVE k "" v EX 10"#, refusal),
            ("TRIE.SAVE k --- v EX 10", refusal),
        ],
    );
}

#[test]
fn better_saving_an_empty_value_is_an_error() {
    let redis = Redis::start();
    refuses(
        &redis,
        &[(
            r#"TRIE.SAVE k a "" EX 10"#,
            "ERR invalid value: must be 1 to 4096 bytes",
        )],
    );
    assert_eq!(find(&redis, "a"), Reply::Nil);
}

#[test]
fn of_three_nested_prefixes_the_longest_is_found_and_by_a_sibling_the_deepest_shared_one() {
    let redis = Redis::start();
    save(&redis, "s:a", "1");
    save(&redis, "s:a-u:b", "2");
    save(&redis, "s:a-u:b-m:c", "3");
    assert_eq!(find(&redis, "s:a-u:b-m:c-u:d"), "3");
    assert_eq!(find(&redis, "s:a-u:b-m:x-u:d"), "2");
    assert_eq!(find(&redis, "s:a-u:x"), "1");
}

#[test]
fn better_a_find_with_a_short_life_leaves_the_keys_life_alone() {
    let redis = Redis::start();
    let saved = moment(&redis, "TRIE.SAVE k a v EX 1000");
    assert_eq!(redis.call("TRIE.FIND k a EX 10"), "v");
    assert!(redis.call("PEXPIRETIME k").int() >= saved.from + 1_000_000);
}

#[test]
fn better_a_life_of_zero_or_less_is_an_error_and_deletes_nothing() {
    let redis = Redis::start();
    save(&redis, "a", "v");
    for life in ["0", "-1"] {
        for (command, line) in [
            ("trie.find", format!("TRIE.FIND k a EX {life}")),
            ("trie.save", format!("TRIE.SAVE k a v EX {life}")),
        ] {
            let refused = changes_nothing(&redis, || redis.call(line));
            let refusal = format!(
                "ERR invalid expire time in '{command}' command: EX must be 1 to 315360000"
            );
            assert_eq!(refused, error(refusal));
        }
    }
}

#[test]
fn better_a_life_that_is_no_integer_is_an_error_and_writes_nothing() {
    let redis = Redis::start();
    refuses(
        &redis,
        &[(
            "TRIE.SAVE k a v EX x",
            "ERR value is not an integer or out of range: EX must be 1 to 315360000",
        )],
    );
    assert_eq!(redis.call("EXISTS k"), 0);
}

#[test]
fn better_each_turn_of_a_conversation_takes_the_same_memory() {
    let redis = Redis::start();
    let memory = |turns: usize| {
        let key = format!("turns{turns}");
        for turn in 1..=turns {
            let chain = "u:lcar7gpd86af-m:3mzsru4d4ty1l-".repeat(turn);
            redis.call(["TRIE.SAVE", &key, &chain, "account", "EX", "1000"]);
        }
        redis.call(format!("MEMORY USAGE {key} SAMPLES 0")).int()
    };
    let (fifty, five_hundred) = (memory(50), memory(500));
    assert!(five_hundred < 12 * fifty, "{fifty} and {five_hundred}");
    assert!(five_hundred < 100_000, "{five_hundred}");
}
