//! Keyspace notifications of hand-offs, of class `d`.

use harness::{Client, Redis, eventually};

use super::asker::{Asker, in_transaction};
use super::line::until_waiters_are;
use crate::events::{heard, listener};
use crate::umq::granted;

/// Waits until `count` events were heard, which may come from the timer.
#[track_caller]
fn hears(listener: &mut Client, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    eventually("so many events were heard", || {
        events.extend(heard(listener));
        if events.len() >= count {
            Ok(())
        } else {
            Err(format!("{events:?}"))
        }
    });
    events
}

#[test]
fn hand_offs_are_heard_as_releases_and_grants() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let mut listener = listener(&redis, "d");
    let _d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 500000 BLOCK 0");
    redis.call("UMQ.CANCEL t x");
    assert_eq!(hears(&mut listener, 0), [""; 0], "waiting is no event");
    redis.call("UMQ.RELEASE t a");
    granted(&b.answer());
    assert_eq!(hears(&mut listener, 2), ["umq.release t", "umq.grant t"]);
    redis.call("QGATE.RELEASE g a");
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_eq!(
        hears(&mut listener, 2),
        ["qgate.release g", "qgate.grant g"]
    );
}

#[test]
fn a_grant_by_the_timer_is_heard() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut listener = listener(&redis, "d");
    redis.call("UMQ.RENEW t a PX 20");
    granted(&b.answer());
    assert_eq!(hears(&mut listener, 1), ["umq.grant t"]);
}

#[test]
fn closing_and_opening_a_gate_is_heard() {
    let redis = Redis::start();
    let mut listener = listener(&redis, "d");
    redis.call("QGATE.CLOSE g PX 500000");
    assert_eq!(hears(&mut listener, 1), ["qgate.close g"]);
    let mut a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 1 PX 500000 BLOCK 0");
    redis.call("QGATE.OPEN g");
    assert_eq!(a.answer(), [1, 1, 0]);
    assert_eq!(hears(&mut listener, 2), ["qgate.open g", "qgate.grant g"]);
    redis.call("QGATE.OPEN g");
    assert_eq!(hears(&mut listener, 0), [""; 0]);
}

#[test]
fn a_roll_back_is_heard_as_a_release() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "c"]);
    let mut listener = listener(&redis, "d");
    let kill = format!("CLIENT KILL ID {}", b.client_id());
    in_transaction(&redis, &["UMQ.RELEASE t a", &kill]);
    granted(&c.answer());
    let expected = [
        "umq.release t",
        "umq.grant t",
        "umq.release t",
        "umq.grant t",
    ];
    assert_eq!(hears(&mut listener, 4), expected);
}
