//! The keys and the channel of a call, as the server finds them for ACLs and clusters: by the command's own parser.

use harness::{Redis, Reply};

use super::{admit, granted, held, queued};
use crate::limited::limited;
use crate::typed::typed;
use crate::waiting::line::until_waiters_are;

fn keys(redis: &Redis, line: &str) -> Reply {
    let words = [vec![b"COMMAND".to_vec(), b"GETKEYS".to_vec()], typed(line)].concat();
    redis.call(words)
}

#[test]
fn all_keys_are_named_wherever_they_stand() {
    let redis = Redis::start();
    for (rest, expected) in [
        ("ALL 1 u 5", &["u"][..]),
        ("ANY 2 a 5 b 0", &["a", "b"]),
        ("ANY 2 a 5 b 5 ALL 2 u 5 v 5", &["u", "v", "a", "b"]),
        ("RATES 2 r 5 5 5 1 s 5 5 5 0 ANY 1 a 5", &["a", "r", "s"]),
        ("AFFINITY t x ANY 1 a 5", &["a", "t"]),
        ("ANY 2 a 5 b 5 PREFER b PRIORITY 1 2", &["a", "b"]),
        ("any 1 a 5 all 1 u 5 notify ch 0 flow f", &["u", "a"]),
    ] {
        assert_eq!(keys(&redis, &admit("m", rest)), expected.to_vec(), "{rest}");
    }
}

#[test]
fn words_that_read_like_keywords_fool_nobody() {
    let redis = Redis::start();
    for (line, expected) in [
        ("QGATE.ADMIT ALL PX 5 ANY 1 a 5", &["a"][..]),
        (
            "QGATE.ADMIT ANY PX 5 ALL 1 ANY 5 ANY 1 ALL 5",
            &["ANY", "ALL"],
        ),
        (
            "QGATE.ADMIT m PX 5 ALL 3 PX 5 RATES 5 NOTIFY 5",
            &["PX", "RATES", "NOTIFY"],
        ),
        ("QGATE.ADMIT m PX 5 FLOW ANY ALL 1 u 5", &["u"]),
        ("QGATE.ADMIT m PX 5 NOTIFY ALL 1 ANY 1 a 5", &["a"]),
        ("QGATE.ADMIT m PX 5 ANY 2 1 5 5 1", &["1", "5"]),
        (
            "QGATE.ADMIT m PX 5 RATES 1 ALL 5 5 5 1 ANY 1 RATES 5",
            &["RATES", "ALL"],
        ),
        (
            "QGATE.ADMIT m PX 5 AFFINITY ANY ALL ANY 1 a 5",
            &["a", "ANY"],
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 PREFER 5 PREFER PREFER",
            &["PREFER"],
        ),
        (
            "QGATE.ADMIT m PX 5 FLOW RATES WEIGHT 1 ANY 1 FLOW 5",
            &["FLOW"],
        ),
        (r#"QGATE.ADMIT m PX 5 ANY 2 "" 5 " " 5"#, &["", " "]),
    ] {
        assert_eq!(keys(&redis, line), expected.to_vec(), "{line}");
        assert!(!redis.call(typed(line)).is_error(), "{line}");
        redis.call("FLUSHALL");
    }
}

#[test]
fn a_call_that_cannot_be_read_names_no_keys_and_does_nothing() {
    let redis = Redis::start();
    for rest in [
        "ALL 2 u 5",
        "ALL 1 u 5 ANY 1 u 5",
        "ALL 1 u 5 PREFER u",
        "ANY 1 a 5 ALL 1 u x",
        "ANY 1 a 5 PATIENCE 5",
        "ANY 1 a 5 EX 5",
    ] {
        let line = admit("m", rest);
        let named = keys(&redis, &line);
        assert!(named.is_error(), "{rest}: {named:?}");
        assert!(redis.call(&line).is_error(), "{rest}");
    }
    assert_eq!(redis.call("DBSIZE"), 0);
}

#[test]
fn gates_and_rates_are_changed_and_the_trie_is_only_read() {
    let redis = Redis::start();
    let line = admit(
        "m",
        "ALL 1 u 5 ANY 1 a 5 RATES 1 r 5 5 5 1 AFFINITY t x NOTIFY ch 0",
    );
    let rows = redis.call(format!("COMMAND GETKEYSANDFLAGS {line}"));
    let rows: Vec<(String, Vec<String>)> = rows
        .items()
        .iter()
        .map(|row| {
            let flags = row.items()[1].items().iter().map(Reply::text).collect();
            (row.items()[0].text(), flags)
        })
        .collect();
    let changed = ["RW", "access", "update"].map(str::to_owned).to_vec();
    let read = ["RO", "access"].map(str::to_owned).to_vec();
    let of = |key: &str, flags: &Vec<String>| (key.to_owned(), flags.clone());
    assert_eq!(
        rows,
        [
            of("u", &changed),
            of("a", &changed),
            of("r", &changed),
            of("t", &read)
        ]
    );
}

#[track_caller]
fn assert_denied(answer: &Reply, what: &str) {
    let denied = matches!(answer, Reply::Error(line) if line.starts_with("NOPERM "));
    assert!(denied, "{what}: {answer:?}");
}

#[test]
fn every_key_needs_its_right_wherever_it_stands() {
    let redis = Redis::start();
    let line = admit(
        "m",
        "ALL 2 k1 5 k2 5 ANY 2 k3 5 k4 5 RATES 2 k5 5 5 5 1 k6 5 5 5 1 AFFINITY k7 x",
    );
    let mut client = limited(&redis, "~k*");
    assert_eq!(client.call(&line), granted(0, 1));
    redis.call("FLUSHALL");
    for number in 1..=7 {
        let key = format!("k{number}");
        let foreign = line.replace(&key, "foreign");
        assert_denied(&client.call(&foreign), &foreign);
        let as_keyword = line.replace(&key, "ALL");
        assert_denied(&client.call(&as_keyword), &as_keyword);
    }
    assert_eq!(redis.call("DBSIZE"), 0);
}

#[test]
fn gates_and_rates_need_the_right_to_write_and_to_read_and_the_trie_that_to_read() {
    let redis = Redis::start();
    let line = admit("m", "ALL 1 u 5 ANY 1 a 5 RATES 1 r 5 5 5 1 AFFINITY t x");
    let mut client = limited(&redis, "~u ~a ~r %R~t");
    assert_eq!(client.call(&line), granted(0, 1));
    for rules in [
        "%R~u ~a ~r %R~t",
        "%W~u ~a ~r %R~t",
        "~u %R~a ~r %R~t",
        "~u %W~a ~r %R~t",
        "~u ~a %R~r %R~t",
        "~u ~a %W~r %R~t",
        "~u ~a ~r %W~t",
        "~u ~a ~r",
    ] {
        assert_denied(&limited(&redis, rules).call(&line), rules);
    }
}

#[test]
fn a_ticket_needs_the_right_to_its_channel() {
    let redis = held(&["u"]);
    let mut client = limited(&redis, "~* resetchannels &allowed:*");
    let ask = |channel: &str| admit("m", &format!("NOTIFY {channel} 0 ALL 1 u 1 ANY 1 a 1"));
    assert_denied(&client.call(ask("foreign")), "foreign");
    assert_denied(&client.call(ask("allowed")), "allowed");
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    assert_eq!(client.call(ask("allowed:ch")), queued(1, 0, "u"));
}
