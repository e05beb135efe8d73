//! The keys of a call, as the server finds them for ACLs and clusters: by the command's own parser.

use harness::{Redis, Reply, error};

use super::{add, ask, assert_counters};
use crate::cluster::only_server;
use crate::limited::limited;
use crate::typed::typed;
use crate::unchanged::refuses;

#[track_caller]
fn keys(redis: &Redis, line: &str) -> Vec<String> {
    let words = [vec![b"COMMAND".to_vec(), b"GETKEYS".to_vec()], typed(line)].concat();
    let keys = redis.call(words);
    let mut keys: Vec<_> = keys.items().iter().map(Reply::text).collect();
    keys[1..].sort();
    keys
}

#[test]
fn the_ids_each_hash_and_the_stream_are_named_once() {
    let redis = Redis::start();
    for (line, expected) in [
        (add("r1", "1 hour f 1"), &["ids", "hour"][..]),
        (
            add("r1", "4 b f 1 a f 1 b g 1 c f 1"),
            &["ids", "a", "b", "c"],
        ),
        (
            "tally.add ids r1 ex 5 2 a f 1 a f 1".to_owned(),
            &["ids", "a"],
        ),
        (
            add("r1", "2 b f 1 c f 1 record a maxlen 5 f b"),
            &["ids", "a", "b", "c"],
        ),
        (add("r1", "0 RECORD a MAXLEN 5 f v"), &["ids", "a"]),
    ] {
        assert_eq!(keys(&redis, &line), expected, "{line}");
    }
}

#[test]
fn words_that_read_like_others_fool_nobody() {
    let redis = Redis::start();
    for (line, expected) in [
        ("TALLY.ADD PX PX PX 5000 1 EX PX 1", &["PX", "EX"][..]),
        ("TALLY.ADD 1 PX EX 5 2 2 1 1 3 2 2", &["1", "2", "3"]),
        (
            "TALLY.ADD TALLY.ADD 1 PX 5000 1 PX 5000 1",
            &["TALLY.ADD", "PX"],
        ),
        (r#"TALLY.ADD "" a PX 5000 1 " " f 1"#, &["", " "]),
        (
            "TALLY.ADD 0 PX EX 5 1 RECORD s 1 RECORD MAXLEN MAXLEN 1 RECORD s",
            &["0", "MAXLEN", "RECORD"],
        ),
    ] {
        assert_eq!(keys(&redis, line), expected, "{line}");
        assert_eq!(ask(&redis, line), 1, "{line}");
        redis.call("FLUSHALL");
    }
}

#[test]
fn a_call_that_cannot_be_read_names_no_keys_and_does_nothing() {
    let redis = Redis::start();
    for line in [
        add("r1", "2 hour f 1"),
        add("r1", "1 hour f x"),
        add("r1", "1 hour f 1 more"),
        add("r1", "1 ids f 1"),
        "TALLY.ADD ids r1 PX 0 1 hour f 1".to_owned(),
        add("r1", "1 hour f 1 RECORD records MAXLEN 5 f v g"),
        add("r1", "1 hour f 1 RECORD hour MAXLEN 5 f v"),
    ] {
        let named = redis.call(format!("COMMAND GETKEYS {line}"));
        assert!(named.is_error(), "{line}: {named:?}");
        assert!(redis.call(&line).is_error(), "{line}");
    }
    assert_eq!(redis.call("DBSIZE"), 0);
}

#[test]
fn ids_counters_and_records_are_keys_of_their_own() {
    let redis = Redis::start();
    let refusal = "ERR key 'ids' is named twice";
    let record = "RECORD hour MAXLEN 5 f v";
    refuses(
        &redis,
        &[
            (add("r1", "1 ids f 1"), refusal),
            (add("r1", "2 hour f 1 ids f 1"), refusal),
            (add("r1", "0 RECORD ids MAXLEN 5 f v"), refusal),
            (
                add("r1", &format!("2 day f 1 hour f 1 {record}")),
                "ERR key 'hour' is named twice",
            ),
        ],
    );
}

#[test]
fn every_key_needs_the_right_to_read_and_to_write_it() {
    let redis = Redis::start();
    let line = "TALLY.ADD ids PX PX 500000 2 hour day 1 hour EX 1 RECORD day MAXLEN 1 f v";
    for rules in [
        "~ids ~hour",
        "~ids ~day",
        "~hour ~day",
        "%R~ids ~hour ~day",
        "%W~ids ~hour ~day",
        "~ids %R~hour ~day",
        "~ids %W~hour ~day",
        "~ids ~hour %R~day",
        "~ids ~hour %W~day",
        "~PX ~EX ~ids ~hour",
        "~ids ~hour ~day -tally.add",
    ] {
        let answer = limited(&redis, rules).call(line);
        let denied = matches!(&answer, Reply::Error(line) if line.starts_with("NOPERM "));
        assert!(denied, "{rules}: {answer:?}");
    }
    assert_eq!(redis.call("DBSIZE"), 0);
    assert_eq!(limited(&redis, "~ids ~hour ~day").call(line), 1);
    assert_counters(&redis, "hour", &[("EX", "1"), ("day", "1")]);
}

#[test]
fn all_keys_must_share_a_slot() {
    let redis = only_server();
    let refusal = error("CROSSSLOT Keys in request don't hash to the same slot");
    for line in [
        "TALLY.ADD k1 a PX 5000 1 k2 f 1",
        "TALLY.ADD {x}ids a PX 5000 2 {x}hour f 1 {y}day f 1",
        "TALLY.ADD {x}ids a PX 5000 1 {x}hour f 1 RECORD {y}records MAXLEN 1 f v",
    ] {
        assert_eq!(redis.call(line), refusal, "{line}");
    }
    let line = "TALLY.ADD {x}ids a PX 5000 2 {x}hour f 1 {x}day f 1 RECORD {x}records MAXLEN 1 f v";
    assert_eq!(redis.call(line), 1);
}
