//! Waiters and the life of the server: role changes, failover, shutdown, reload, restart.

use harness::redis::Builder;
use harness::{Redis, Reply, eventually};
use rustix::process::Signal;

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, holder, members, until_waiters_are};
use crate::aof::appending;
use crate::moment::server_ms;
use crate::umq::granted;

/// What blocked callers hear when the server they wait at serves no more.
#[track_caller]
pub(crate) fn assert_unblocked(asker: Asker) {
    let Reply::Error(line) = asker.last_answer() else {
        panic!("an error was expected");
    };
    assert!(line.starts_with("UNBLOCKED "), "{line}");
}

#[track_caller]
pub(crate) fn until_role_is(redis: &Redis, role: &str) {
    eventually("the role has changed", || {
        let seen = redis.info("role");
        if seen == role { Ok(()) } else { Err(seen) }
    });
}

/// A primary and a replica of it that can take its place.
#[track_caller]
pub(crate) fn pair(builder: fn() -> Builder) -> (Redis, Redis) {
    let mut primary = builder().start();
    let port = primary.port();
    let mut replica = builder().start();
    replica.port();
    replica.call(format!("REPLICAOF 127.0.0.1 {port}"));
    primary.wait_in_sync(&replica);
    (primary, replica)
}

#[test]
fn a_server_that_becomes_a_replica_sends_its_waiters_away_and_keeps_its_holders() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let askers = ask_one_by_one(&redis, 3, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    let slot = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 5000");
    redis.call("REPLICAOF 127.0.0.1 1");
    for asker in askers.into_iter().chain([slot]) {
        assert_unblocked(asker);
    }
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    redis.call("REPLICAOF NO ONE");
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    assert_eq!(members(&redis, "g"), ["a"]);
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn a_replica_whose_leases_end_hands_nothing_over() {
    let (redis, replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 100");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 DELAY 200 BLOCK 0");
    redis.call("REPLICAOF 127.0.0.1 1");
    assert_unblocked(b);
    redis.call("DEBUG SLEEP 0.4");
    assert_eq!(holder(&redis, "t"), None);
    drop(replica);
    assert_sound(&redis);
}

#[test]
fn nobody_waits_at_a_replica() {
    let (redis, replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.wait_in_sync(&replica);
    for line in [
        "UMQ.ACQUIRE t b PX 1000 BLOCK 0",
        "UMQ.CANCEL t b",
        "QGATE.ACQUIRE g b LIMIT 1 PX 1000 BLOCK 0",
        "QGATE.CANCEL g b",
        "QGATE.CLOSE g PX 1000",
        "QGATE.OPEN g",
    ] {
        let refused = replica.call(line);
        let is_refused = matches!(&refused, Reply::Error(line) if line.starts_with("READONLY "));
        assert!(is_refused, "{line}: {refused:?}");
    }
    until_waiters_are(&replica, "UMQ.WAITERS t", &[]);
    until_waiters_are(&replica, "QGATE.WAITERS g", &[]);
}

#[test]
fn waiters_of_a_primary_that_fails_over_ask_the_new_one() {
    let (mut redis, mut replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("UMQ.ACQUIRE u a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let askers = [
        "UMQ.ACQUIRE t b PX 500000 BLOCK 0",
        "UMQ.ACQUIRE u b PX 500000 BLOCK 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0",
    ]
    .map(|line| Asker::ask(&redis, line));
    redis.wait_in_sync(&replica);
    replica.signal(Signal::STOP);
    assert_eq!(redis.call("UMQ.RENEW u a PX 100"), 1);
    let lease_end = server_ms(&redis) + 100;
    assert_eq!(redis.call("FAILOVER"), "OK");
    eventually("a lease has ended while the failover waits", || {
        let now = server_ms(&redis);
        if now > lease_end + 200 {
            Ok(())
        } else {
            Err(format!("{now}"))
        }
    });
    assert_eq!(redis.info("master_failover_state"), "waiting-for-sync");
    replica.signal(Signal::CONT);
    for asker in askers {
        assert_unblocked(asker);
    }
    until_role_is(&redis, "slave");
    until_role_is(&replica, "master");
    assert_eq!(holder(&replica, "t").as_deref(), Some("a"));
    assert_eq!(members(&replica, "g"), ["a"]);
    let mut b = Asker::ask(&replica, "UMQ.ACQUIRE t b PX 500000 BLOCK 0 WAITED 5000");
    granted(&replica.call("UMQ.ACQUIRE u b PX 500000 BLOCK 0"));
    assert_eq!(replica.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&replica);
    assert_sound(&redis);
    redis.port();
}

#[test]
fn a_failover_that_is_given_up_leaves_the_waiters_where_they_are() {
    let (redis, mut replica) = pair(appending);
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.wait_in_sync(&replica);
    replica.signal(Signal::STOP);
    redis.call("UMQ.RENEW t a PX 100");
    assert_eq!(redis.call("FAILOVER TIMEOUT 300"), "OK");
    granted(&b.answer());
    replica.signal(Signal::CONT);
    assert_eq!(redis.info("role"), "master");
    redis.wait_in_sync(&replica);
    assert_eq!(replica.digest(), redis.digest());
    assert_sound(&redis);
}

#[test]
fn a_server_with_waiters_can_be_shut_down_and_its_holders_stay() {
    let mut redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut askers = ask_one_by_one(&redis, 3, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    redis.restart();
    for asker in &mut askers {
        asker.assert_closed();
    }
    assert_sound(&redis);
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
}

#[test]
fn a_lease_that_ends_while_a_shutdown_waits_for_a_replica_harms_nothing() {
    let (mut redis, mut replica) = pair(appending);
    redis.call("CONFIG SET shutdown-timeout 1");
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    replica.signal(Signal::STOP);
    redis.call("UMQ.RENEW t a PX 300");
    redis.restart();
    b.assert_closed();
    replica.signal(Signal::CONT);
    assert_sound(&redis);
    assert_eq!(holder(&redis, "t"), None);
}

#[test]
fn a_reload_of_the_data_leaves_line_and_holder() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    assert_eq!(redis.call("DEBUG RELOAD"), "OK");
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn what_was_handed_over_survives_a_rewrite_and_a_crash() {
    let mut redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let _d = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 500000 BLOCK 0");
    redis.call("BGREWRITEAOF");
    redis.call("UMQ.RENEW t a PX 30");
    granted(&b.answer());
    redis.call("QGATE.RENEW g PX 30 a");
    assert_eq!(c.answer(), [1, 1, 0]);
    eventually("the file is rewritten", || {
        let running = redis.info("aof_rewrite_in_progress");
        if running == "0" { Ok(()) } else { Err(running) }
    });
    let before = (redis.call("GET t"), redis.call("ZRANGE g 0 -1 WITHSCORES"));
    redis.kill();
    redis.start_again();
    let after = (redis.call("GET t"), redis.call("ZRANGE g 0 -1 WITHSCORES"));
    assert_eq!(after, before);
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
}
