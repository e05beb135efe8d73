//! What a call writes, for the file and for replicas: core commands with absolute times, one transaction per execution.

use harness::Redis;

use super::{admit, granted, hold};
use crate::aof::{appended, appending};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::unchanged::ends;
use crate::waiting::asker::Asker;
use crate::waiting::line::assert_sound;

/// What is appended while `act` runs: one transaction, without its bounds.
#[track_caller]
fn transaction<T>(redis: &Redis, act: impl FnOnce() -> T) -> Vec<String> {
    let before = appended(redis).len();
    act();
    let lines = appended(redis).split_off(before);
    let is_bound = |line: &String| line == "MULTI" || line == "EXEC";
    let bounds: Vec<_> = lines.iter().filter(|line| is_bound(line)).collect();
    assert_eq!(bounds, ["MULTI", "EXEC"], "{lines:#?}");
    assert!(
        is_bound(&lines[0]) && is_bound(lines.last().expect("EXEC")),
        "{lines:#?}"
    );
    lines[1..lines.len() - 1].to_vec()
}

#[track_caller]
fn assert_has(lines: &[String], begins: &str, ends: &str) {
    let fits = |line: &&String| line.starts_with(begins) && line.ends_with(ends);
    assert_eq!(
        lines.iter().filter(fits).count(),
        1,
        "{begins} … {ends} in {lines:#?}"
    );
}

#[test]
fn a_grant_is_one_transaction_of_what_was_taken() {
    let redis = appending().start();
    let ask = admit(
        "m",
        "ALL 2 u 1 v 1 ANY 2 a 1 b 1 RATES 2 r 9 9 900000 1 s 9 9 900000 1",
    );
    let lines = transaction(&redis, || assert_eq!(redis.call(&ask), granted(0, 1)));
    let end = lease_end(&redis, "u", "m");
    for gate in ["u", "v", "a"] {
        assert_has(&lines, &format!("ZADD {gate} {end} m"), "");
        assert_has(&lines, &format!("PEXPIREAT {gate} "), "");
    }
    for rate in ["r", "s"] {
        let end = redis.call(["PEXPIRETIME", rate]).int();
        assert_has(&lines, &format!("SET {rate} "), &format!(" PXAT {end}"));
    }
    assert_eq!(lines.len(), 8, "{lines:#?}");
}

#[test]
fn a_hand_off_of_several_gates_is_in_the_transaction_of_the_release() {
    let redis = appending().start();
    for gate in ["u", "a", "b"] {
        hold(&redis, gate, "h");
    }
    let mut m = Asker::ask(&redis, admit("m", "ALL 2 u 1 v 1 ANY 2 a 1 b 1 BLOCK 0"));
    let lines = transaction(&redis, || redis.call("QGATE.LEAVE h 2 u b"));
    assert_eq!(m.answer(), granted(1, 1));
    let end = lease_end(&redis, "u", "m");
    for gate in ["u", "v", "b"] {
        assert_has(&lines, &format!("ZADD {gate} {end} m"), "");
    }
    assert_has(&lines, "ZREM u h", "");
    assert_has(&lines, "ZREM b h", "");
}

#[test]
fn a_hand_off_by_timer_is_one_transaction() {
    let redis = appending().start();
    redis.call("QGATE.ADMIT h PX 200 ALL 1 u 1");
    let mut asker = None;
    let lines = transaction(&redis, || {
        let m = asker.insert(Asker::ask(
            &redis,
            admit("m", "ALL 2 u 1 v 1 ANY 1 a 1 BLOCK 0"),
        ));
        assert_eq!(m.answer(), granted(0, 1));
    });
    for gate in ["u", "v", "a"] {
        assert_has(&lines, &format!("ZADD {gate} "), " m");
    }
}

#[test]
fn what_a_waiter_is_charged_is_written_when_it_joins_and_when_it_leaves() {
    let redis = appending().start();
    hold(&redis, "u", "h");
    let before = appended(&redis).len();
    let ask = "ALL 1 u 1 ANY 1 a 1 RATES 1 r 9 9 900000 1 BLOCK 0";
    let m = Asker::ask(&redis, admit("m", ask));
    let lines = appended(&redis).split_off(before);
    let [charged] = &lines[..] else {
        panic!("{lines:#?}")
    };
    assert!(charged.starts_with("SET r "), "{charged}");
    drop(m);
    harness::eventually("the bucket is full", || {
        let lines = appended(&redis).split_off(before + 1);
        if lines == ["DEL r"] || lines == ["UNLINK r"] {
            Ok(())
        } else {
            Err(format!("{lines:#?}"))
        }
    });
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    let redis = appending().start();
    redis.call(admit("m", "ALL 1 u 1 ANY 1 a 1"));
    let before = appended(&redis);
    redis.call("QGATE.ADMIT m PX 400000 ALL 1 u 1 ANY 1 a 1");
    redis.call("QGATE.ADMIT n PX 400000 ALL 1 u 1 ANY 1 b 1");
    redis.call("QGATE.ADMIT n PX 400000 ALL 1 u 1 ANY 1 b 1 BLOCK 20");
    redis.call("QGATE.ADMIT n PX 400000 ALL 1 v 1 ANY 1 b 1 RATES 1 r 1 1 1 2");
    assert_eq!(appended(&redis), before);
}

#[test]
fn a_replica_and_a_restarted_server_have_the_same_without_the_module() {
    let mut redis = appending().start();
    let replica = redis.plain_replica();
    for gate in ["u", "a"] {
        hold(&redis, gate, "h");
    }
    let waits = "ALL 2 u 1 v 1 ANY 2 a 1 b 1 RATES 1 r 9 9 900000 1 BLOCK 0";
    let mut m = Asker::ask(&redis, admit("m", waits));
    let gone = Asker::ask(&redis, admit("n", waits));
    redis.call("QGATE.RELEASE u h");
    assert_eq!(m.answer(), granted(1, 1));
    redis.call("QGATE.ADMIT o PX 1 ANY 1 c 1");
    drop(gone);
    assert_sound(&redis);
    redis.call("QGATE.LEAVE m 2 u v");
    redis.call(admit("p", "ALL 2 u 1 v 1 ANY 3 a 1 b 1 c 1"));
    redis.wait_in_sync(&replica);
    let (digest, ends_before) = (redis.digest(), ends(&redis));
    assert_eq!(replica.digest(), digest);
    assert_eq!(ends(&replica), ends_before);
    redis.restart_without_module();
    assert_eq!(redis.digest(), digest);
    assert_eq!(ends(&redis), ends_before);
    assert!(ends_before.iter().all(|(_, end)| *end > server_ms(&redis)));
}
