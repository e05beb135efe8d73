//! Memory that is short while clients wait: keys that the server evicts, lines that it lets nobody join, and waiters
//! that it evicts themselves.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use harness::command::Command as _;
use harness::{Redis, Reply, eventually, resp};

use super::asker::{Asker, in_one_piece};
use super::line::{assert_sound, holder, members, served, until_waiters_are, waiters};
use crate::umq::granted;

/// More than `maxmemory-clients` of these tests, and nothing to run.
static EMPTY_LINES: [u8; 4 << 20] = [b'\n'; 4 << 20];

#[test]
fn what_is_evicted_for_want_of_memory_goes_to_the_next() {
    let redis = Redis::builder()
        .arg("maxmemory-policy", "allkeys-lru")
        .start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    in_one_piece(
        &redis,
        &["CONFIG SET maxmemory 1", "PING", "CONFIG SET maxmemory 0"],
    );
    assert_eq!(redis.info("evicted_keys"), "2");
    granted(&b.answer());
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
    assert_eq!(members(&redis, "g"), ["c"]);
    assert_sound(&redis);
}

#[test]
fn nobody_joins_a_line_of_a_full_server() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.call("CONFIG SET maxmemory 1");
    for line in [
        "UMQ.ACQUIRE t c PX 1000 BLOCK 0",
        "QGATE.ACQUIRE g c LIMIT 1 PX 1000 BLOCK 0",
    ] {
        let refused = redis.call(line);
        let is_full = matches!(&refused, Reply::Error(line) if line.starts_with("OOM "));
        assert!(is_full, "{line}: {refused:?}");
    }
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    assert_sound(&redis);
}

/// A connection that waits as `id`, then sends more than the server bears for all clients.
#[track_caller]
fn heavy(redis: &Redis, id: &str) -> UnixStream {
    let mut stream = UnixStream::connect(redis.socket()).expect("the server accepts connections");
    let line = format!("UMQ.ACQUIRE t {id} PX 500000 BLOCK 0");
    let command = resp::encode(&line.arguments());
    stream.write_all(&command).expect("the server reads");
    eventually("it stands in line", || {
        let line = waiters(redis, "UMQ.WAITERS t");
        if line.iter().any(|name| name == id) {
            Ok(())
        } else {
            Err(format!("{line:?}"))
        }
    });
    // The server may close the connection amid them.
    let _ = stream.write_all(&EMPTY_LINES);
    stream
}

#[test]
fn a_waiter_that_is_evicted_leaves_the_line_at_once() {
    let redis = Redis::builder().arg("maxmemory-clients", "1mb").start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut first = Asker::ask(&redis, "UMQ.ACQUIRE t first PX 500000 BLOCK 0");
    let _evicted = heavy(&redis, "b");
    let mut last = Asker::ask(&redis, "UMQ.ACQUIRE t last PX 500000 BLOCK 0");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["first", "last"]);
    assert_eq!(redis.info("evicted_clients"), "1");
    assert_eq!(served(&redis, "t"), ["a", "first", "last"]);
    for asker in [&mut first, &mut last] {
        granted(&asker.answer());
    }
    assert_sound(&redis);
}

#[test]
fn a_waiter_evicted_in_the_turn_of_its_grant_leaves_the_turn_to_the_next() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let _evicted = heavy(&redis, "b");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    in_one_piece(
        &redis,
        &["UMQ.RELEASE t a", "CONFIG SET maxmemory-clients 1mb"],
    );
    if holder(&redis, "t").as_deref() == Some("b") {
        assert_eq!(
            redis.call("UMQ.RELEASE t b"),
            1,
            "it was served before it went"
        );
    }
    granted(&c.answer());
    assert_sound(&redis);
}
