//! What is written of a thing when it is counted: once, beside its counters or alone.

use std::thread;

use harness::{Redis, Reply, eventually};

use super::{add, ask, assert_counters};
use crate::aof::{appended, appending};
use crate::unchanged::{changes_nothing, refuses};

/// What has been written, oldest first: the fields of each entry with their values.
#[track_caller]
fn records(redis: &Redis) -> Vec<Vec<String>> {
    let entries = redis.call("XRANGE records - +");
    let fields = |entry: &Reply| entry.items()[1].items().iter().map(Reply::text).collect();
    entries.items().iter().map(fields).collect()
}

#[track_caller]
fn last_id(redis: &Redis) -> String {
    redis.call("XREVRANGE records + - COUNT 1").items()[0].items()[0].text()
}

#[test]
fn a_thing_is_written_of_when_it_is_counted_and_not_again() {
    let redis = appending().start();
    let line = add(
        "r1",
        "2 hour f 1 hour g 7 RECORD records MAXLEN 10 id r1 tokens 7",
    );
    assert_eq!(redis.call(&line), 1);
    for _ in 0..3 {
        assert_eq!(changes_nothing(&redis, || redis.call(&line)), 0);
    }
    let otherwise = add("r1", "1 hour f 1 record other maxlen 1 id r1");
    assert_eq!(changes_nothing(&redis, || redis.call(otherwise)), 0);
    assert_eq!(records(&redis), [["id", "r1", "tokens", "7"]]);
    assert_counters(&redis, "hour", &[("f", "1"), ("g", "7")]);
    assert_eq!(redis.call("TTL records"), -1);
}

#[test]
fn a_thing_can_be_written_of_without_a_counter() {
    let redis = Redis::start();
    let line = add("r1", "0 RECORD records MAXLEN 10 id r1");
    assert_eq!([redis.call(&line), redis.call(&line)], [1, 0]);
    assert_eq!(records(&redis), [["id", "r1"]]);
    assert_eq!(redis.call("DBSIZE"), 2);
}

#[test]
fn a_record_goes_behind_what_others_have_added() {
    let redis = Redis::start();
    let ahead = "18446744073709551615-7";
    redis.call(["XADD", "records", ahead, "by", "others"]);
    redis.call(add("r1", "1 hour f 1 RECORD records MAXLEN 10 id r1"));
    assert_eq!(last_id(&redis), "18446744073709551615-8");
    assert_eq!(records(&redis), [["by", "others"], ["id", "r1"]]);
}

#[test]
fn fields_and_values_are_any_bytes_and_as_many_as_can_be_named() {
    let redis = Redis::start();
    let line = r#"0 RECORD records MAXLEN 10 "\x00\r\n%s" "" RECORD MAXLEN f f f f"#;
    assert_eq!(ask(&redis, &add("r1", line)), 1);
    let expected = ["\0\r\n%s", "", "RECORD", "MAXLEN", "f", "f", "f", "f"];
    assert_eq!(records(&redis), [expected]);
    redis.call("DEL records");
    let (field, value) = ("f".repeat(512), "v".repeat(4_096));
    let pairs = [field, value].join(" ");
    let pairs = [pairs.as_str()].repeat(64).join(" ");
    let line = add("r2", &format!("0 RECORD records MAXLEN 10 {pairs}"));
    assert_eq!(redis.call(line), 1);
    assert_eq!(records(&redis)[0].len(), 128);
}

#[test]
fn about_the_last_so_many_are_kept() {
    let redis = Redis::start();
    redis.call("CONFIG SET stream-node-max-entries 10");
    for at in 0..100 {
        let record = format!("0 RECORD records MAXLEN 25 at {at}");
        redis.call(add(&at.to_string(), &record));
        let kept = records(&redis);
        let most = 25 + 10;
        assert!(kept.len() <= most && kept.len() >= 25.min(at + 1), "{at}");
        assert_eq!(kept.last(), Some(&vec!["at".to_owned(), at.to_string()]));
    }
    // A bound that falls is kept from the next one on.
    redis.call(add("r1", "0 RECORD records MAXLEN 1 at last"));
    assert!(records(&redis).len() <= 10);
    assert_eq!(records(&redis).last().map(Vec::len), Some(2));
}

#[test]
fn the_file_holds_the_entry_under_its_id_and_the_length_that_is_left() {
    let redis = appending().start();
    redis.call("CONFIG SET stream-node-max-entries 2");
    redis.call(add("r1", "0 RECORD records MAXLEN 2 id r1"));
    redis.call(add("r2", "0 RECORD records MAXLEN 2 id r2"));
    let before = appended(&redis).len();
    let line = add("r3", r#"1 hour f 1 RECORD records MAXLEN 1 id r3 other """#);
    ask(&redis, &line);
    let expected = [
        "MULTI".to_owned(),
        format!("XADD records {} id r3 other ", last_id(&redis)),
        "XTRIM records MAXLEN = 1".to_owned(),
        format!("ZADD ids {} r3", redis.call("ZSCORE ids r3").text()),
        "HSET hour f 1".to_owned(),
        "EXEC".to_owned(),
    ];
    assert_eq!(appended(&redis)[before..], expected);
}

#[test]
fn a_replica_has_the_same_records_however_it_cuts_its_streams() {
    let mut redis = Redis::start();
    let replica = redis.replica(Redis::builder());
    redis.call("CONFIG SET stream-node-max-entries 3");
    replica.call("CONFIG SET stream-node-max-entries 50");
    for at in 0..40 {
        let record = format!("1 hour f 1 RECORD records MAXLEN 5 at {at}");
        redis.call(add(&at.to_string(), &record));
    }
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
    let kept = records(&redis);
    assert!(kept.len() < 10, "{}", kept.len());
    redis.kill();
    replica.call("REPLICAOF NO ONE");
    let line = |id: &str| add(id, "1 hour f 1 RECORD records MAXLEN 5 at last");
    assert_eq!([replica.call(line("39")), replica.call(line("40"))], [0, 1]);
    assert_eq!(
        records(&replica).last().map(|last| last[1].clone()),
        Some("last".into())
    );
}

#[test]
fn a_crash_forgets_no_record_and_repeats_none() {
    let mut redis = appending().start();
    let line = |at: i32| {
        let record = format!("1 hour f 1 RECORD records MAXLEN 100 at {at}");
        add(&at.to_string(), &record)
    };
    for at in 0..20 {
        redis.call(line(at));
    }
    let before = records(&redis);
    redis.kill();
    redis.restart();
    for at in 0..20 {
        assert_eq!(redis.call(line(at)), 0);
    }
    assert_eq!(records(&redis), before);
}

#[test]
fn who_waits_for_records_hears_of_them() {
    let redis = Redis::start();
    // Of a stream that is not there yet, and of one that is.
    for id in ["r1", "r2"] {
        thread::scope(|scope| {
            let reader =
                scope.spawn(|| redis.connect().call("XREAD BLOCK 60000 STREAMS records $"));
            eventually("somebody reads", || {
                match redis.info("blocked_clients").as_str() {
                    "1" => Ok(()),
                    seen => Err(seen.to_owned()),
                }
            });
            redis.call(add(id, &format!("0 RECORD records MAXLEN 10 id {id}")));
            let read = reader.join().expect("it was told");
            let entries = &read.items()[0].items()[1];
            assert_eq!(entries.items()[0].items()[1].items()[1], id);
        });
    }
}

#[test]
fn a_record_that_cannot_be_written_leaves_the_thing_uncounted() {
    const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
    let redis = appending().start();
    let line = add("r1", "2 hour f 1 day f 1 RECORD records MAXLEN 10 id r1");
    for written in [
        "SET records v",
        "RPUSH records a",
        "SADD records a",
        "ZADD records 1 a",
        "HSET records f 1",
    ] {
        redis.call("DEL records");
        redis.call(written);
        refuses(&redis, &[(&line, WRONG_TYPE)]);
    }
    redis.call("DEL records");
    let last = "18446744073709551615-18446744073709551615";
    redis.call(["XADD", "records", last, "f", "v"]);
    let refusal = "ERR The stream has exhausted the last possible ID, unable to add more items: key 'records'";
    refuses(&redis, &[(&line, refusal)]);
    redis.call("DEL records");
    redis.call("CONFIG SET maxmemory 1");
    let refused = changes_nothing(&redis, || redis.call(&line));
    assert!(refused.is_error(), "{refused:?}");
    redis.call("CONFIG SET maxmemory 0");
    assert_eq!(redis.call(&line), 1);
}

#[test]
fn what_cannot_be_counted_is_not_written_of() {
    let redis = appending().start();
    redis.call("HSET hour word w full 9223372036854775807");
    let record = "RECORD records MAXLEN 10 id r1";
    for (increment, refusal) in [
        ("word 1", "ERR hash value is not an integer: field 'word'"),
        (
            "full 1",
            "ERR increment or decrement would overflow: field 'full'",
        ),
    ] {
        let line = add("r1", &format!("1 hour {increment} {record}"));
        refuses(&redis, &[(line, refusal)]);
    }
    let record = "RECORD records MAXLEN 10 id r1";
    assert_eq!(redis.call(add("r1", &format!("0 {record}"))), 1);
}

#[test]
fn a_transaction_and_a_script_write_too() {
    let redis = Redis::start();
    let mut client = redis.connect_resp3();
    let line = |id: &str| add(id, "0 RECORD records MAXLEN 10 f v");
    client.call("MULTI");
    for id in ["r1", "r1", "r2"] {
        client.call(line(id));
    }
    assert_eq!(client.call("EXEC"), [1, 0, 1]);
    let text = "return redis.call('TALLY.ADD', KEYS[1], 7, 'PX', 500000, 0, 'RECORD', KEYS[2], 'MAXLEN', 10, 'f', 12)";
    for counted in [1, 0] {
        assert_eq!(redis.call(["EVAL", text, "2", "ids", "records"]), counted);
    }
    assert_eq!(records(&redis), [["f", "v"], ["f", "v"], ["f", "12"]]);
}
