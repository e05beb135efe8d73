//! The hand-off of a turn: on release, by force, at the end of a lease.

use harness::{Redis, Reply, eventually};

use super::asker::{Asker, ask_one_by_one, in_transaction};
use super::line::{
    assert_served, assert_sound, assert_to_the_millisecond, granted_at, holder, served,
    until_waiters_are,
};
use crate::moment::{moment, server_ms};
use crate::typed::typed;
use crate::umq::{granted, stored};

#[test]
fn a_free_turn_is_granted_at_once_to_who_would_have_waited() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000 BLOCK 0 QUEUE 0"));
    let again = redis.call("UMQ.ACQUIRE t a PX 50000 BLOCK 5000");
    assert_eq!(granted(&again), token);
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    assert_sound(&redis);
}

#[test]
fn a_released_turn_goes_to_the_oldest_waiter_in_the_same_execution() {
    let redis = Redis::start();
    let first = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 40000 DELAY 0 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 30000 BLOCK 20000");
    let answers = in_transaction(&redis, &["UMQ.RELEASE t a", "UMQ.INFO t"]);
    assert_eq!(answers[0], 1);
    assert_eq!(*answers[1].field("holder"), "b");
    let second = granted(&b.answer());
    assert_eq!(*answers[1].field("token"), second);
    assert!(second > first);

    assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
    let third = granted(&c.answer());
    assert!(third > second);
    assert_eq!(redis.call("UMQ.RELEASE t c"), 1);
    assert_eq!(holder(&redis, "t"), None);
    assert_sound(&redis);
}

#[test]
fn the_lease_begins_with_the_grant_and_not_with_the_wait() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b EX 7 BLOCK 0 DELAY 5");
    let released = moment(&redis, "UMQ.RELEASE t a NOSTAMP");
    granted(&b.answer());
    let [lease_end, ..] = stored(&redis, "t");
    assert!(released.plus(7_000).contains(&lease_end));
    assert_eq!(redis.call("PEXPIRETIME t"), lease_end + 60_000);
}

#[test]
fn a_turn_released_without_a_stamp_goes_on_with_the_former_one() {
    let redis = Redis::start();
    let stamp = server_ms(&redis) - 5_000;
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 60000 ""#)));
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 1000 BLOCK 0");
    redis.call("UMQ.RELEASE t a NOSTAMP");
    granted(&b.answer());
    assert_eq!(stored(&redis, "t")[2], stamp);
}

#[test]
fn a_turn_taken_by_force_goes_to_the_oldest_waiter() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let answers = in_transaction(&redis, &["UMQ.FORCE t", "UMQ.INFO t", "UMQ.RELEASE t a"]);
    assert_eq!(*answers[1].field("holder"), "b");
    assert_eq!((&answers[0], &answers[2]), (&Reply::Int(1), &Reply::Int(0)));
    granted(&b.answer());
    assert_sound(&redis);
}

#[test]
fn a_release_by_another_than_the_holder_moves_nobody() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    for line in ["UMQ.RELEASE t b", "UMQ.RELEASE t x", "UMQ.RENEW t b PX 5"] {
        assert_eq!(redis.call(line), 0, "{line}");
    }
    assert_eq!(redis.call("UMQ.ACQUIRE t a PX 60000"), [1, 0, token, 0]);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
}

#[test]
fn a_second_release_by_who_had_the_turn_does_not_take_it_from_the_next() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let answers = in_transaction(&redis, &["UMQ.RELEASE t a", "UMQ.RELEASE t a"]);
    assert_eq!(answers, [Reply::Int(1), Reply::Int(0)]);
    granted(&b.answer());
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
}

#[test]
fn a_lease_that_ends_hands_the_turn_over_at_that_millisecond() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 150");
    let [mut lease_end, ..] = stored(&redis, "t");
    let lines = "UMQ.ACQUIRE t w{} PX 20 BLOCK 0";
    let askers = ask_one_by_one(&redis, 25, lines);
    let mut late = Vec::new();
    for mut asker in askers {
        let at = granted_at(granted(&asker.answer()));
        late.push(at - lease_end);
        lease_end = at + 20;
    }
    assert_to_the_millisecond(late);
    assert_sound(&redis);
}

#[test]
fn a_lease_made_shorter_hands_the_turn_over_at_its_new_end() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    redis.call("UMQ.RENEW t a PX 40");
    let [lease_end, ..] = stored(&redis, "t");
    let at = granted_at(granted(&b.answer()));
    assert_served(lease_end, at);
}

#[test]
fn a_lease_made_longer_keeps_the_turn_beyond_its_former_end() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 300");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    assert_eq!(redis.call("UMQ.RENEW t a PX 600"), 1);
    let [lease_end, ..] = stored(&redis, "t");
    let at = granted_at(granted(&b.answer()));
    assert_served(lease_end, at);
    assert_eq!(stored(&redis, "t")[2], lease_end);
}

#[test]
fn a_waiter_has_a_turn_of_each_key_it_asked_for() {
    let redis = Redis::start();
    let keys = ["", "t1", "t2", "\u{0}"];
    for key in keys {
        redis.call(["UMQ.ACQUIRE", key, "a", "PX", "50000"]);
    }
    let ask = |key| {
        Asker::ask(
            &redis,
            ["UMQ.ACQUIRE", key, "b", "PX", "50000", "BLOCK", "0"],
        )
    };
    let askers = keys.map(ask);
    for (key, mut asker) in keys.into_iter().zip(askers) {
        assert_eq!(redis.call(["UMQ.RELEASE", key, "a"]), 1);
        granted(&asker.answer());
    }
    assert_sound(&redis);
}

#[test]
fn what_is_sent_behind_a_request_that_waits_is_run_when_it_is_served() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut clients: Vec<_> = (0..40).map(|_| redis.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("UMQ.ACQUIRE t w{number} PX 500000 BLOCK 0"));
        client.send(format!("UMQ.RELEASE t w{number}"));
        client.send("PING");
    }
    eventually("all stand in line", || {
        let waiting = redis.call("UMQ.INFO t").field("waiting").int();
        if waiting == 40 {
            Ok(())
        } else {
            Err(format!("{waiting}"))
        }
    });
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    for client in &mut clients {
        granted(&client.receive());
        assert_eq!(client.receive(), 1);
        assert_eq!(client.receive(), "PONG");
    }
    assert_eq!(holder(&redis, "t"), None);
    assert_sound(&redis);
}

#[test]
fn a_full_server_still_hands_turns_over() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    redis.call("CONFIG SET maxmemory 1");
    assert!(redis.call("SET k v").is_error());
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    granted(&b.answer());
    redis.call("UMQ.RENEW t b PX 20");
    granted(&c.answer());
    assert_eq!(served(&redis, "t"), ["c"]);
}
