//! An id stands once per line, by whatever it waits: asking again takes the place over.

use super::held;
use crate::umq::granted;
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, until_waiters_are, waiters};
use crate::waiting::listener::Listener;

const TICKET: &str = "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0";

#[test]
fn asking_again_from_the_same_connection_keeps_the_place_and_tells_nothing() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    assert_eq!(client.call(TICKET), [2, -1, 0, 0]);
    client.call("UMQ.ACQUIRE t d PX 500000 NOTIFY c 0");
    assert_eq!(
        client.call("UMQ.ACQUIRE t b PX 700000 NOTIFY c 60000"),
        [2, -1, 0, 0]
    );
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), ["b", "d"]);
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("b");
    listener.assert_silent();
    let left = redis.call("UMQ.INFO t").field("lease-ms").int();
    assert!(left > 600_000, "the later request counts");
}

#[test]
fn asking_again_by_another_channel_is_told_there() {
    let redis = held();
    let mut former = Listener::on(&redis, "c");
    let mut latter = Listener::on(&redis, "d");
    let mut client = redis.connect();
    client.call(TICKET);
    client.call("UMQ.ACQUIRE t b PX 500000 NOTIFY d 0");
    redis.call("UMQ.RELEASE t a");
    latter.hears_of_turn("b");
    former.assert_silent();
}

#[test]
fn asking_again_from_another_connection_tells_the_earlier_that_it_moved() {
    let redis = held();
    let mut former = Listener::on(&redis, "c");
    let mut latter = Listener::on(&redis, "d");
    let mut first = redis.connect();
    let mut second = redis.connect();
    first.call(TICKET);
    first.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY c 0");
    second.call("UMQ.ACQUIRE t b PX 500000 NOTIFY d 0");
    second.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY d 0");
    former.hears_all(&["moved:0:b", "moved:0:b"]);
    drop(first);
    redis.call("QGATE.RELEASE g a");
    assert_eq!(latter.hears(), "granted:1:b");
    redis.call("UMQ.RELEASE t a");
    latter.hears_of_turn("b");
    former.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_ticket_takes_the_place_of_a_blocked_client_over() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut blocked = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let _d = Asker::ask(&redis, "UMQ.ACQUIRE t d PX 500000 BLOCK 0");
    let mut client = redis.connect();
    assert_eq!(client.call(TICKET), [2, -1, 0, 0]);
    assert_eq!(blocked.answer().items()[0], 0);
    drop(blocked);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "d"]);
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("b");
    listener.assert_silent();
}

#[test]
fn a_blocked_client_takes_the_place_of_a_ticket_over() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    client.call(TICKET);
    client.call("UMQ.ACQUIRE t d PX 500000 NOTIFY c 0");
    let mut blocked = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    assert_eq!(listener.hears(), "moved:0:b");
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b", "d"]);
    redis.call("UMQ.RELEASE t a");
    granted(&blocked.answer());
    drop(client);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn asking_again_without_a_wait_answers_the_own_place_and_keeps_the_ticket() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    client.call("UMQ.ACQUIRE t x PX 500000 NOTIFY c 0");
    client.call(TICKET);
    assert_eq!(client.call("UMQ.ACQUIRE t b PX 500000"), [0, -1, 0, 1]);
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("x");
    redis.call("UMQ.RELEASE t x");
    listener.hears_of_turn("b");
    listener.assert_silent();
}

#[test]
fn asking_again_for_what_can_be_had_by_now_is_told() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.RELEASE t a");
    let mut client = redis.connect();
    client.call("UMQ.ACQUIRE t b PX 500000 DELAY 80000 NOTIFY c 0");
    let again = client.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    match again.items()[0].int() {
        2 => drop(listener.hears_of_turn("b")),
        _ => drop(granted(&again)),
    }
    listener.assert_silent();
    assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
}

#[test]
fn one_client_may_wait_by_many_tickets_and_a_block_at_once() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    client.call(TICKET);
    client.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY c 0");
    redis.call("UMQ.ACQUIRE u a PX 500000");
    let mut asker = Asker::ask_over(&redis, client, "UMQ.ACQUIRE u b PX 500000 BLOCK 0");
    redis.call("QGATE.RELEASE g a");
    assert_eq!(listener.hears(), "granted:1:b");
    redis.call("UMQ.RELEASE u a");
    granted(&asker.answer());
    drop(asker);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    assert_sound(&redis);
}
#[test]
fn a_block_over_the_connection_of_a_ticket_takes_it_over_and_tells_nothing() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    client.call(TICKET);
    let mut asker = Asker::ask_over(&redis, client, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    redis.call("UMQ.RELEASE t a");
    granted(&asker.answer());
    listener.assert_silent();
}
