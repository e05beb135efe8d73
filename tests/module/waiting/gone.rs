//! Waiters that go away while they wait, and attempts to unblock them.

use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use harness::command::Command as _;
use harness::{Redis, Reply, eventually, resp};

use super::asker::{Asker, ask_one_by_one, in_one_piece, in_transaction};
use super::line::{assert_sound, holder, members, until_waiters_are, waiters};
use crate::umq::granted;

#[test]
fn a_closed_connection_leaves_the_line_at_once() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    drop(b);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["c"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&c.answer());
    assert_sound(&redis);
}

#[test]
fn a_connection_closed_for_sending_leaves_the_line_at_once() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut half = UnixStream::connect(redis.socket()).unwrap();
    let line = "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0";
    half.write_all(&resp::encode(&line.arguments())).unwrap();
    until_waiters_are(&redis, "QGATE.WAITERS g", &["b"]);
    half.shutdown(Shutdown::Write).unwrap();
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
    assert_sound(&redis);
}

#[test]
fn a_head_that_goes_away_lets_those_behind_through() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    drop(b);
    granted(&c.answer());
}

#[test]
fn a_killed_waiter_is_served_no_more() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    let mut d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 50000 BLOCK 0");
    let mut e = Asker::ask(&redis, "QGATE.ACQUIRE g e LIMIT 1 PX 50000 BLOCK 0");
    let answers = in_transaction(
        &redis,
        &[
            &format!("CLIENT KILL ID {}", b.client_id()),
            &format!("CLIENT KILL ID {}", d.client_id()),
            "UMQ.RELEASE t a",
            "QGATE.RELEASE g a",
        ],
    );
    assert_eq!(answers, [1, 1, 1, 1].map(Reply::Int));
    granted(&c.answer());
    assert_eq!(e.answer(), [1, 1, 0]);
    b.assert_closed();
    d.assert_closed();
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    assert_eq!(members(&redis, "g"), ["e"]);
    assert_sound(&redis);
}

#[test]
fn a_whole_line_can_go_away_at_once() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let slots = ask_one_by_one(&redis, 40, "QGATE.ACQUIRE g w{} LIMIT 1 PX 500 BLOCK 0");
    let turns = ask_one_by_one(&redis, 40, "UMQ.ACQUIRE t w{} PX 500 BLOCK 60000 FLOW f{}");
    assert_eq!(redis.call("CLIENT KILL TYPE normal"), 80);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    for mut asker in slots.into_iter().chain(turns) {
        asker.assert_closed();
    }
    assert_sound(&redis);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("EXISTS g"), 0);
}

#[test]
fn waiters_that_go_from_the_middle_leave_the_order_of_the_others() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let askers = ask_one_by_one(&redis, 20, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    let stay = |number: &usize| number.is_multiple_of(3);
    let (mut staying, mut going) = (Vec::new(), Vec::new());
    for (number, asker) in askers.into_iter().enumerate() {
        if stay(&number) {
            staying.push((number, asker));
        } else {
            going.push(asker);
        }
    }
    drop(going);
    let left: Vec<_> = staying
        .iter()
        .map(|(number, _)| format!("w{number}"))
        .collect();
    eventually("those that went are gone", || {
        let seen = waiters(&redis, "UMQ.WAITERS t");
        if seen == left {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    redis.call("UMQ.RELEASE t a");
    for (number, mut asker) in staying {
        granted(&asker.answer());
        assert_eq!(redis.call(format!("UMQ.RELEASE t w{number}")), 1);
    }
}

/// Whether `CLIENT UNBLOCK` reaches a waiter. Before, the server itself is not safe when that races with a grant.
fn can_be_unblocked(redis: &Redis) -> bool {
    let info = redis.call("INFO server").text();
    let version = |name: &str| -> Option<(u32, u32)> {
        let version = info.lines().find_map(|line| line.strip_prefix(name))?;
        let mut parts = version.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    match version("valkey_version:") {
        Some(valkey) => valkey >= (8, 0),
        None => version("redis_version:") >= Some((7, 4)),
    }
}

#[test]
fn unblocking_a_waiter_ends_its_wait_where_the_server_can() {
    let redis = Redis::start();
    let can = can_be_unblocked(&redis);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    for how in ["TIMEOUT", "ERROR"] {
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
        let unblocked = redis.call(format!("CLIENT UNBLOCK {} {how}", b.client_id()));
        assert_eq!(unblocked, i64::from(can), "{how}");
        if !can {
            until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
            assert_eq!(redis.call("UMQ.CANCEL t b"), 1);
        }
        let answer = b.answer();
        if can && how == "ERROR" {
            let line = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
            assert_eq!(answer, harness::error(line));
        } else {
            assert_eq!(answer, [0, -1, 0, 0], "{how}");
        }
        until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    }
    assert_sound(&redis);
}

#[test]
fn unblocking_in_the_turn_of_the_grant_makes_one_answer() {
    let redis = Redis::start();
    for how in ["TIMEOUT", "ERROR"] {
        redis.call("UMQ.ACQUIRE t a PX 500000");
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
        let unblock = format!("CLIENT UNBLOCK {} {how}", b.client_id());
        in_transaction(&redis, &["UMQ.RELEASE t a", &unblock]);
        let answer = b.answer();
        if holder(&redis, "t").is_some() {
            granted(&answer);
            assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
        } else {
            assert!(answer.is_error() || answer.items()[0] == 0, "{answer:?}");
        }
    }
    assert_sound(&redis);
}
