//! Crowds that ask, give back, lose patience and go away all at once: no limit is passed and nothing is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use harness::Redis;

use super::asker::{Asker, ask_one_by_one, in_one_piece};
use super::line::{assert_sound, members, until_waiters_are};
use crate::aof::appending;

const CALLERS: usize = 24;
const ROUNDS: usize = 25;
const LIMIT: usize = 3;

/// Counts those who have a slot, and fails when they are too many.
#[derive(Default)]
struct Inside(AtomicUsize);

impl Inside {
    #[track_caller]
    fn enter(&self, limit: usize) {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(before < limit, "{} inside", before + 1);
    }

    fn leave(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_crowd_at_a_gate_never_passes_the_limit_and_leaves_nothing_behind() {
    let redis = Redis::start();
    let inside = Inside::default();
    let served = AtomicUsize::new(0);
    let caller = |name: usize| {
        let mut client = redis.connect();
        for round in 0..ROUNDS {
            let patience = [0, 2, 40, 5_000][(name + round) % 4];
            let line = format!(
                "QGATE.ACQUIRE g c{name} LIMIT {LIMIT} PX 500000 BLOCK {patience} FLOW f{}",
                name % 5
            );
            if client.call(line).items()[0] != 1 {
                continue;
            }
            inside.enter(LIMIT);
            client.call("PING");
            inside.leave();
            served.fetch_add(1, Ordering::SeqCst);
            assert_eq!(client.call(format!("QGATE.RELEASE g c{name}")), 1);
        }
    };
    std::thread::scope(|scope| {
        for name in 0..CALLERS {
            let caller = &caller;
            scope.spawn(move || caller(name));
        }
    });
    assert!(served.load(Ordering::SeqCst) >= CALLERS * ROUNDS / 2);
    assert_eq!(redis.call("EXISTS g"), 0);
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
    assert_sound(&redis);
}

#[test]
fn a_crowd_for_a_turn_has_it_one_at_a_time_under_growing_tokens() {
    let redis = Redis::start();
    let inside = Inside::default();
    let last = AtomicUsize::new(0);
    let caller = |name: usize| {
        let mut client = redis.connect();
        for _ in 0..ROUNDS {
            let line = format!("UMQ.ACQUIRE t c{name} PX 500000 BLOCK 0 FLOW f{}", name % 3);
            let token = usize::try_from(crate::umq::granted(&client.call(line))).unwrap();
            inside.enter(1);
            assert!(last.swap(token, Ordering::SeqCst) < token);
            inside.leave();
            assert_eq!(client.call(format!("UMQ.RELEASE t c{name}")), 1);
        }
    };
    std::thread::scope(|scope| {
        for name in 0..CALLERS {
            let caller = &caller;
            scope.spawn(move || caller(name));
        }
    });
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    assert_sound(&redis);
}

#[test]
fn a_crowd_that_hangs_up_keeps_nothing_that_it_was_not_told() {
    let redis = appending().arg("appendfsync", "no").start();
    let caller = |name: usize| {
        for round in 0..ROUNDS {
            let line = format!("QGATE.ACQUIRE g c{name} LIMIT {LIMIT} PX 500000 BLOCK 0");
            let mut asker = Asker::send(&redis, line);
            if (name + round).is_multiple_of(3) {
                drop(asker);
                // It may have been told just before it hung up.
                redis.connect().call(format!("QGATE.RELEASE g c{name}"));
                redis.connect().call(format!("QGATE.CANCEL g c{name}"));
            } else {
                assert_eq!(asker.answer().items()[0], 1);
                assert_eq!(redis.connect().call(format!("QGATE.RELEASE g c{name}")), 1);
            }
        }
    };
    std::thread::scope(|scope| {
        for name in 0..CALLERS {
            let caller = &caller;
            scope.spawn(move || caller(name));
        }
    });
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    for name in members(&redis, "g") {
        redis.call(format!("QGATE.RELEASE g {name}"));
    }
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
    assert_sound(&redis);
}

#[test]
fn every_other_waiter_killed_around_its_grant_leaves_the_slot_to_the_next() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g w0 LIMIT 1 PX 500000");
    let lines = "QGATE.ACQUIRE g w{} LIMIT 1 PX 500000 BLOCK 0";
    let mut askers = ask_one_by_one(&redis, 61, lines).into_iter();
    assert_eq!(
        askers.next().expect("w0 has asked again").answer(),
        [1, 1, 0]
    );
    for number in (0..60).step_by(2) {
        let (mut killed, mut served) = (askers.next().unwrap(), askers.next().unwrap());
        let release = format!("QGATE.RELEASE g w{number}");
        let kill = format!("CLIENT KILL ID {}", killed.client_id());
        if number % 4 == 0 {
            in_one_piece(&redis, &[&release, &kill]);
        } else {
            in_one_piece(&redis, &[&kill, &release]);
        }
        assert_eq!(served.answer(), [1, 1, 0]);
        killed.assert_closed();
        assert_eq!(members(&redis, "g"), [format!("w{}", number + 2)]);
    }
    assert_eq!(redis.call("QGATE.RELEASE g w60"), 1);
    assert_eq!(redis.call("EXISTS g"), 0);
    assert_sound(&redis);
}
