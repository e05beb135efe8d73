//! A ticket belongs to the connection that asked, and leaves with it, whoever listens.

use harness::{Redis, eventually};

use super::held;
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, holder, members, until_waiters_are};
use crate::waiting::listener::Listener;

/// Takes a ticket over a connection of its own, which has it as long as the value lives.
#[track_caller]
fn ticket(redis: &Redis, line: &str) -> Asker {
    let mut asker = Asker::ask(redis, line);
    assert_eq!(asker.answer().items()[0], 2, "{line}");
    asker
}

fn kill(asker: &Asker) -> String {
    format!("CLIENT KILL ID {}", asker.client_id())
}

#[test]
fn tickets_leave_with_the_connection_that_asked_and_others_stay() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let going = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    let _stays = ticket(&redis, "UMQ.ACQUIRE t c PX 500000 NOTIFY c 0");
    let mut both = redis.connect();
    both.call("UMQ.ACQUIRE t d PX 500000 NOTIFY c 0");
    both.call("QGATE.ACQUIRE g d LIMIT 1 PX 500000 NOTIFY c 0");
    drop((going, both));
    until_waiters_are(&redis, "UMQ.WAITERS t", &["c"]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("c");
    redis.call("UMQ.RELEASE t c");
    listener.assert_silent();
    assert_eq!(holder(&redis, "t"), None);
    assert_sound(&redis);
}

#[test]
fn a_ticket_stays_when_a_listener_goes_and_another_listens() {
    let redis = held();
    let first = Listener::on(&redis, "c");
    let _b = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    drop(first);
    let mut second = Listener::on(&redis, "c");
    redis.call("UMQ.RELEASE t a");
    second.hears_of_turn("b");
}

#[test]
fn a_head_that_goes_with_its_connection_lets_those_behind_through() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "c");
    redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 500000");
    redis.call("UMQ.ACQUIRE t x PX 500000");
    redis.call("UMQ.RELEASE t x");
    let head = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 DELAY 80000 NOTIFY c 0");
    let _next = ticket(&redis, "UMQ.ACQUIRE t c PX 500000 NOTIFY c 0");
    drop(head);
    listener.hears_of_turn("c");
    listener.assert_silent();
}

#[test]
fn the_grant_of_an_asker_killed_before_the_message_leaves_goes_to_the_next() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let b = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    let d = ticket(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 500000 NOTIFY c 0");
    let _c = ticket(&redis, "UMQ.ACQUIRE t c PX 500000 NOTIFY c 0");
    in_transaction(
        &redis,
        &["UMQ.RELEASE t a", "QGATE.RELEASE g a", &kill(&b), &kill(&d)],
    );
    listener.hears_of_turn("c");
    eventually("the slot is free again", || {
        let in_use = members(&redis, "g");
        if in_use.is_empty() {
            Ok(())
        } else {
            Err(format!("{in_use:?}"))
        }
    });
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_grant_whose_message_was_heard_stays_when_the_asker_goes() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let b = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("b");
    drop(b);
    assert_eq!(
        redis.call("UMQ.ACQUIRE t z PX 1000 BLOCK 150"),
        [0, -1, 0, 0]
    );
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
}

#[test]
fn an_asker_that_goes_in_a_pause_is_passed_over_after_it() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let b = ticket(&redis, "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    let _c = ticket(&redis, "UMQ.ACQUIRE t c PX 500000 NOTIFY c 0");
    let lines = ["UMQ.RELEASE t a", "CLIENT PAUSE 300 WRITE", &kill(&b)];
    in_transaction(&redis, &lines);
    listener.hears_of_turn("c");
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn thousands_of_tickets_leave_with_their_connection() {
    let redis = held();
    let _listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    for number in 0..5_000 {
        client.send(format!(
            "UMQ.ACQUIRE t w{number} PX 1000 NOTIFY c 0 FLOW f{}",
            number % 7
        ));
        client.send(format!(
            "QGATE.ACQUIRE g w{number} LIMIT 1 PX 1000 NOTIFY c 60000"
        ));
    }
    for _ in 0..10_000 {
        assert_eq!(client.receive().items()[0], 2);
    }
    drop(client);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_sound(&redis);
}
