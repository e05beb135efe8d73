//! Changes that others make to a key for which somebody waits: by commands that are not ours.

use harness::{Redis, Reply};

use super::asker::{Asker, in_one_piece};
use super::line::{
    NOTICED_WITHIN_MS, assert_noticed, assert_served, assert_sound, granted_at, holder,
    until_waiters_are,
};
use crate::moment::{moment, server_ms};
use crate::qgate::lease_end;
use crate::typed::typed;
use crate::umq::granted;

#[test]
fn a_turn_freed_by_others_goes_to_the_next_within_100_ms() {
    let redis = Redis::start();
    let mut grants = Vec::new();
    for line in [
        "DEL t",
        "UNLINK t",
        "GETDEL t",
        "RENAME t other",
        "MOVE t 1",
        "PEXPIRE t 1",
        "PEXPIREAT t 1",
        "FLUSHDB",
        "FLUSHALL",
        "FLUSHALL ASYNC",
        "SWAPDB 0 5",
        "COPY free t REPLACE",
        r#"SET t "0 7 0 60000 ""#,
    ] {
        redis.call("FLUSHALL");
        in_one_piece(
            &redis,
            &["UMQ.ACQUIRE free x PX 9000", "UMQ.RELEASE free x"],
        );
        redis.call("UMQ.ACQUIRE t a PX 500000");
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
        let change = moment(&redis, typed(line));
        assert!(!change.reply.is_error(), "{line}: {:?}", change.reply);
        let token = granted(&b.answer());
        grants.push((change, granted_at(token)));
        assert_eq!(holder(&redis, "t").as_deref(), Some("b"), "{line}");
    }
    assert_noticed(&grants);
    assert_sound(&redis);
}

#[test]
fn a_slot_freed_by_others_goes_to_the_next_within_100_ms() {
    let redis = Redis::start();
    let mut grants = Vec::new();
    for line in [
        "DEL g",
        "ZREM g a",
        "ZPOPMIN g",
        "ZADD g 1 a",
        "ZREMRANGEBYSCORE g -inf +inf",
        "RENAME g other",
        "PEXPIRE g 1",
        "FLUSHALL",
        "SWAPDB 0 5",
    ] {
        redis.call("FLUSHALL");
        redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
        let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
        let change = moment(&redis, line);
        assert!(!change.reply.is_error(), "{line}: {:?}", change.reply);
        assert_eq!(b.answer(), [1, 1, 0], "{line}");
        grants.push((change, lease_end(&redis, "g", "b") - 500_000));
    }
    assert_noticed(&grants);
    assert_sound(&redis);
}

#[test]
fn a_gate_opened_by_others_serves_its_line() {
    let redis = Redis::start();
    redis.call("QGATE.CLOSE g PX 500000");
    let mut a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 1 PX 50000 BLOCK 0");
    let change = moment(&redis, ["ZREM", "g", ""]);
    assert_eq!(a.answer(), [1, 1, 0]);
    assert_served(change.from, lease_end(&redis, "g", "a") - 50_000);
}

#[test]
fn a_turn_that_others_gave_to_somebody_is_handed_over_at_the_end_of_that_lease() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let lease_end = server_ms(&redis) + 3_000;
    redis.call(typed(&format!(r#"SET t "{lease_end} 7 0 60000 z""#)));
    assert_eq!(holder(&redis, "t").as_deref(), Some("z"));
    let at = granted_at(granted(&b.answer()));
    assert_served(lease_end, at);
}

#[test]
fn waiters_of_a_key_that_is_of_another_type_are_told_so() {
    let redis = Redis::start();
    let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
    for (asks, change) in [
        ("UMQ.ACQUIRE k {} PX 500000 BLOCK 0", "LPUSH k x"),
        ("UMQ.ACQUIRE k {} PX 500000 BLOCK 0", "SET k garbage"),
        ("UMQ.ACQUIRE k {} PX 500000 BLOCK 0", "ZADD k 1 a"),
        (
            "QGATE.ACQUIRE k {} LIMIT 1 PX 500000 BLOCK 0",
            "SET k garbage",
        ),
        ("QGATE.ACQUIRE k {} LIMIT 1 PX 500000 BLOCK 0", "HSET k a 1"),
    ] {
        redis.call("FLUSHALL");
        redis.call(asks.replace("{}", "a").replace("BLOCK 0", ""));
        let mut askers = ["b", "c"].map(|id| Asker::ask(&redis, asks.replace("{}", id)));
        in_one_piece(&redis, &["MULTI", "DEL k", change, "EXEC"]);
        for asker in &mut askers {
            let Reply::Error(line) = asker.answer() else {
                panic!("{asks} after {change}: an error was expected");
            };
            assert!(line.starts_with("WRONGTYPE "), "{change}: {line}");
        }
        let direct = redis.call(asks.replace("{}", "d"));
        assert!(direct.is_error(), "{direct:?}");
        if change != "SET k garbage" || asks.starts_with("QGATE") {
            assert_eq!(direct, harness::error(wrong));
        }
    }
    assert_sound(&redis);
}

#[test]
fn what_happens_in_another_database_moves_nobody() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut other = redis.connect();
    other.call("SELECT 1");
    other.call("UMQ.ACQUIRE t z PX 500000");
    for line in [
        "UMQ.RELEASE t z",
        "UMQ.FORCE t",
        "UMQ.CANCEL t b",
        "DEL t",
        "FLUSHDB",
    ] {
        other.call(line);
    }
    let noticed = format!("UMQ.ACQUIRE t c PX 1000 BLOCK {NOTICED_WITHIN_MS}");
    assert_eq!(redis.call(noticed), [0, -1, 0, 0]);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
}

#[test]
fn swapped_databases_take_the_data_along_and_leave_the_lines() {
    let redis = Redis::start();
    let mut other = redis.connect();
    other.call("SELECT 1");
    other.call("UMQ.ACQUIRE t z PX 500000");
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.call("SWAPDB 0 1");
    assert_eq!(holder(&redis, "t").as_deref(), Some("z"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t z"), 1);
    granted(&b.answer());
    assert_eq!(*other.call("UMQ.INFO t").field("holder"), "a");
}

#[test]
fn waiters_of_two_swapped_databases_each_wait_for_the_holder_that_came() {
    let redis = Redis::start();
    let mut other = redis.connect();
    other.call("SELECT 1");
    other.call("UMQ.ACQUIRE t z PX 500000");
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut here = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut client = redis.connect();
    client.call("SELECT 1");
    let mut there = Asker::ask_over(&redis, client, "UMQ.ACQUIRE t y PX 500000 BLOCK 0");
    redis.call("SWAPDB 1 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 0, "a has gone to the other");
    assert_eq!(other.call("UMQ.RELEASE t a"), 1);
    granted(&there.answer());
    assert_eq!(*other.call("UMQ.INFO t").field("holder"), "y");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t z"), 1);
    granted(&here.answer());
    assert_sound(&redis);
}

#[test]
fn a_swapped_in_key_of_another_type_sends_the_waiters_away_and_other_databases_do_not() {
    let redis = Redis::start();
    let mut other = redis.connect();
    other.call("SELECT 1");
    other.call("RPUSH t x");
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.call("SWAPDB 2 3");
    redis.call("SWAPDB 1 2");
    redis.call(format!("UMQ.ACQUIRE t c PX 1000 BLOCK {NOTICED_WITHIN_MS}"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    redis.call("SWAPDB 2 0");
    let told = b.answer();
    assert!(
        matches!(&told, Reply::Error(line) if line.starts_with("WRONGTYPE ")),
        "{told:?}"
    );
    assert_sound(&redis);
}

#[test]
fn a_key_whose_time_to_live_was_taken_away_is_handed_over_all_the_same() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 150");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 150");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    redis.call("PERSIST t");
    redis.call("PERSIST g");
    granted(&b.answer());
    assert_eq!(c.answer(), [1, 1, 0]);
    assert!(redis.call("PTTL g").int() > 400_000);
}
