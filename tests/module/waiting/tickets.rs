//! Tickets: `NOTIFY` answers at once, and one message on a shard channel tells what became of the wait.

mod again;
mod bounds;
mod gone;
mod heard;
mod moved;

use harness::{Redis, Reply};

use super::asker::{Asker, in_one_piece, in_transaction_over};
use super::line::{
    assert_served, assert_sound, assert_to_the_millisecond, granted_at, holder, members, waiters,
};
use super::listener::Listener;
use crate::aof::appending;
use crate::moment::{milliseconds, server_ms};
use crate::qgate::lease_end;
use crate::umq::{granted, stored};

/// A turn `t` and a gate `g` with one slot, both held by `a`.
fn held() -> Redis {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis
}

#[test]
fn a_ticket_is_answered_at_once_with_its_place_in_line() {
    let redis = held();
    let _listener = Listener::on(&redis, "c");
    for ahead in 0..3 {
        let turn = redis.call(format!("UMQ.ACQUIRE t w{ahead} PX 1000 NOTIFY c 0"));
        assert_eq!(turn, [2, -1, 0, ahead]);
        let slot = redis.call(format!(
            "QGATE.ACQUIRE g w{ahead} LIMIT 1 PX 1000 NOTIFY c 0"
        ));
        assert_eq!(slot, [2, 1, ahead]);
    }
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), ["w0", "w1", "w2"]);
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 3]]);
    assert_eq!(redis.info("blocked_clients"), "0");
}

#[test]
fn a_ticket_for_a_turn_that_is_free_too_early_is_told_what_remains() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    let lines = [
        "UMQ.ACQUIRE t a PX 9000",
        "UMQ.RELEASE t a",
        "UMQ.ACQUIRE t b PX 9000 DELAY 300 NOTIFY c 0",
    ];
    let answers = in_transaction_over(&mut client, &lines);
    let wait = answers[2].items()[1].int();
    assert_eq!(answers[2], [2, wait, 0, 0]);
    assert!((299..=300).contains(&wait), "{wait}");
    let at = granted_at(listener.hears_of_turn("b"));
    let [_, _, stamp, _] = stored(&redis, "t");
    assert_served(stamp + 300, at);
}

#[test]
fn a_granted_turn_is_told_with_its_token_and_a_slot_with_how_many_are_in_use() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("QGATE.ACQUIRE g x LIMIT 2 PX 500000");
    redis.call("UMQ.ACQUIRE t b PX 700000 NOTIFY c 0");
    redis.call("QGATE.ACQUIRE g b LIMIT 2 PX 700000 NOTIFY c 0");
    assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
    let token = listener.hears_of_turn("b");
    let [lease_ends, stored_token, ..] = stored(&redis, "t");
    assert_eq!(token, stored_token);
    assert!(lease_ends > server_ms(&redis) + 600_000);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(listener.hears(), "granted:2:b");
    assert!(lease_end(&redis, "g", "b") > server_ms(&redis) + 600_000);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn what_is_granted_at_once_is_not_told() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "c");
    granted(&redis.call("UMQ.ACQUIRE t a PX 500000 NOTIFY c 0"));
    granted(&redis.call("UMQ.ACQUIRE t a PX 500000 NOTIFY c 500"));
    assert_eq!(
        redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000 NOTIFY c 0"),
        [1, 1, 0]
    );
    listener.assert_silent();
}

#[test]
fn a_wait_that_ends_with_its_patience_is_told() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let asked = server_ms(&redis);
    redis.call("UMQ.ACQUIRE t b PX 1000 NOTIFY c 80");
    redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 1000 NOTIFY c 160");
    assert_eq!(listener.hears(), "timeout:0:b");
    assert!((80..2_000).contains(&(server_ms(&redis) - asked)));
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), [""; 0]);
    assert_eq!(listener.hears(), "timeout:0:b");
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_cancelled_ticket_is_told_once() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.ACQUIRE t b PX 1000 NOTIFY c 0");
    redis.call("QGATE.ACQUIRE g d LIMIT 1 PX 1000 NOTIFY c 0");
    assert_eq!(redis.call("UMQ.CANCEL t b"), 1);
    assert_eq!(redis.call("UMQ.CANCEL t b"), 0);
    assert_eq!(listener.hears(), "cancelled:0:b");
    assert_eq!(redis.call("QGATE.CANCEL g d"), 1);
    assert_eq!(listener.hears(), "cancelled:0:d");
    listener.assert_silent();
}

#[test]
fn tickets_and_blocked_clients_stand_in_one_line() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.ACQUIRE t w0 PX 500000 NOTIFY c 0");
    let mut blocked = Asker::ask(&redis, "UMQ.ACQUIRE t w1 PX 500000 BLOCK 0");
    redis.call("UMQ.ACQUIRE t w2 PX 500000 NOTIFY c 0");
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), ["w0", "w1", "w2"]);
    redis.call("UMQ.RELEASE t a");
    let first = listener.hears_of_turn("w0");
    redis.call("UMQ.RELEASE t w0");
    let second = granted(&blocked.answer());
    redis.call("UMQ.RELEASE t w1");
    let third = listener.hears_of_turn("w2");
    assert!([first, second, third].is_sorted());
    assert_sound(&redis);
}

#[test]
fn leases_that_end_are_handed_to_tickets_at_that_millisecond() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    let mut late = Vec::new();
    for round in 0..9 {
        let key = format!("t{round}");
        let lines = [
            format!("UMQ.ACQUIRE {key} a PX 30"),
            format!("GET {key}"),
            format!("UMQ.ACQUIRE {key} b PX 500000 NOTIFY c 0"),
        ];
        let answers = in_transaction_over(&mut client, &lines.each_ref().map(String::as_str));
        let text = answers[1].text();
        let lease_end = text
            .split(' ')
            .next()
            .and_then(|word| word.parse::<i64>().ok());
        late.push(granted_at(listener.hears_of_turn("b")) - lease_end.unwrap());
    }
    assert_to_the_millisecond(late);
}

#[test]
fn one_release_may_tell_many() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "c");
    redis.call("QGATE.CLOSE g PX 500000");
    for number in 0..500 {
        let line = format!("QGATE.ACQUIRE g w{number} LIMIT 400 PX 500000 NOTIFY c 0");
        assert_eq!(redis.call(line).items()[0], 2);
    }
    assert_eq!(redis.call("QGATE.OPEN g"), 1);
    for number in 0..400 {
        assert_eq!(
            listener.hears(),
            format!("granted:{}:w{number}", number + 1)
        );
    }
    listener.assert_silent();
    assert_eq!(redis.call("QGATE.COUNT g"), [[400, 100]]);
}

#[test]
fn what_falls_due_in_a_pause_is_granted_and_told_after_it() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    redis.call("QGATE.ACQUIRE g d LIMIT 1 PX 500000 NOTIFY c 150");
    let lines = ["TIME", "UMQ.RENEW t a PX 50", "CLIENT PAUSE 400 WRITE"];
    let answers = in_one_piece(&redis, &lines);
    let pause_ends = milliseconds(&answers[0]) + 400;
    assert_eq!(listener.hears(), "timeout:0:d");
    let at = granted_at(listener.hears_of_turn("b"));
    assert_served(pause_ends, at);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_release_and_the_end_of_patience_in_one_turn_of_the_loop_make_one_message() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 500");
    in_one_piece(&redis, &["DEBUG SLEEP 1", "UMQ.RELEASE t a"]);
    let message = listener.hears();
    match holder(&redis, "t") {
        Some(_) => assert!(message.starts_with("granted:"), "{message}"),
        None => assert_eq!(message, "timeout:0:b"),
    }
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_ticket_outlives_a_reload_and_its_grant_is_in_the_file() {
    let mut redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    client.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY c 0");
    assert_eq!(redis.call("DEBUG RELOAD"), "OK");
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(listener.hears(), "granted:1:b");
    let digest = redis.digest();
    redis.kill();
    redis.start_again();
    assert_eq!(redis.digest(), digest);
    assert_eq!(members(&redis, "g"), ["b"]);
    let none = Reply::Array(Vec::new());
    assert_eq!(redis.call("QGATE.WAITERS g"), none);
}
