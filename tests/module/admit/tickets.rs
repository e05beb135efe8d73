//! Waiting by a ticket: answered at once, told once.

use harness::Redis;

use super::{admit, granted, held, hold, queued};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::waiting::asker::{in_transaction, in_transaction_over};
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::Listener;

#[test]
fn a_ticket_is_told_the_index_that_it_was_granted() {
    let redis = held(&["u", "a", "b"]);
    let mut listener = Listener::on(&redis, "ch");
    let ask = |id, gates: &str| redis.call(admit(id, &format!("{gates} NOTIFY ch 0")));
    assert_eq!(ask("m", "ALL 1 u 1 ANY 2 a 1 b 1"), queued(1, 0, "u"));
    assert_eq!(ask("n", "ALL 1 v 1 ANY 2 a 1 b 1"), queued(1, 1, "a"));
    redis.call("QGATE.RELEASE b h");
    assert_eq!(listener.hears(), "granted:1:n");
    redis.call("QGATE.LEAVE h 2 u a");
    assert_eq!(listener.hears(), "granted:0:m");
    assert!(lease_end(&redis, "a", "m") > server_ms(&redis) + 490_000);
    assert_eq!(
        redis.call(admit("p", "ALL 1 u 1 NOTIFY ch 0")),
        queued(1, 0, "u")
    );
    redis.call("QGATE.RELEASE u m");
    assert_eq!(listener.hears(), "granted:-1:p");
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn what_is_had_at_once_is_not_told() {
    let redis = Redis::start();
    let mut listener = Listener::on(&redis, "ch");
    assert_eq!(
        redis.call(admit("m", "ALL 1 u 1 ANY 1 a 1 NOTIFY ch 0")),
        granted(0, 1)
    );
    listener.assert_silent();
}

#[test]
fn a_ticket_that_ends_or_is_cancelled_is_told() {
    let redis = held(&["u", "a"]);
    let mut listener = Listener::on(&redis, "ch");
    let ask = |id, ms| redis.call(admit(id, &format!("ALL 1 u 1 ANY 1 a 1 NOTIFY ch {ms}")));
    ask("m", 60);
    assert_eq!(listener.hears(), "timeout:0:m");
    for gate in ["u", "a"] {
        ask("n", 0);
        assert_eq!(redis.call(["QGATE.CANCEL", gate, "n"]), 1);
        assert_eq!(listener.hears(), "cancelled:0:n");
    }
    assert_eq!(redis.call("QGATE.COUNT u a"), [[1, 0], [1, 0]]);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_member_of_any_bytes_is_told_as_it_is() {
    let redis = held(&["a"]);
    let mut listener = Listener::on(&redis, "ch");
    let line = [
        "QGATE.ADMIT",
        "a:1:%s",
        "PX",
        "5000",
        "ANY",
        "1",
        "a",
        "1",
        "NOTIFY",
        "ch",
        "0",
    ];
    redis.call(line);
    redis.call("QGATE.RELEASE a h");
    assert_eq!(listener.hears(), "granted:0:a:1:%s");
}

#[test]
fn a_grant_that_nobody_would_hear_of_is_not_made() {
    let redis = held(&["u", "a"]);
    let mut client = redis.connect();
    let listener = Listener::on(&redis, "here");
    let mut heard = Listener::on(&redis, "there");
    client.call(admit("m", "ALL 1 u 1 ANY 1 a 1 NOTIFY here 0"));
    client.call(admit("n", "ALL 1 u 1 ANY 1 a 1 NOTIFY there 0"));
    drop(listener);
    crate::waiting::listener::until_listeners_are(&redis, "here", 0);
    redis.call("QGATE.LEAVE h 2 u a");
    assert_eq!(heard.hears(), "granted:0:n");
    assert_eq!(members(&redis, "u"), ["n"]);
    assert_eq!(members(&redis, "a"), ["n"]);
    assert_eq!(redis.info("weir_qgate_unheard"), "1");
    assert_sound(&redis);
}

#[test]
fn tickets_leave_with_their_connection() {
    let redis = held(&["u", "a"]);
    let mut listener = Listener::on(&redis, "ch");
    let mut client = redis.connect();
    client.call(admit("m", "ALL 1 u 1 ANY 1 a 1 NOTIFY ch 0"));
    client.call(admit("n", "ANY 1 a 1 NOTIFY ch 0"));
    redis.call(admit("o", "ANY 1 a 1 NOTIFY ch 0"));
    drop(client);
    until_waiters_are(&redis, "QGATE.WAITERS a", &["o"]);
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
    redis.call("QGATE.LEAVE h 2 u a");
    assert_eq!(listener.hears(), "granted:0:o");
    listener.assert_silent();
}

#[test]
fn a_transaction_takes_tickets_and_messages_follow_it() {
    let redis = held(&["u", "a"]);
    let mut listener = Listener::on(&redis, "ch");
    let mut client = redis.connect();
    let lines = [
        "QGATE.ADMIT m PX 500000 ALL 1 u 1 ANY 1 a 1 NOTIFY ch 0",
        "QGATE.LEAVE h 2 u a",
        "QGATE.COUNT u a",
    ];
    let answers = in_transaction_over(&mut client, &lines);
    assert_eq!(answers[0], queued(1, 0, "u"));
    assert_eq!(answers[2], [[1, 0], [1, 0]]);
    assert_eq!(listener.hears(), "granted:0:m");
    listener.assert_silent();
}

#[test]
fn a_foreign_gate_moves_the_tickets_that_named_it() {
    let redis = held(&["u", "a"]);
    let mut listener = Listener::on(&redis, "ch");
    redis.call(admit("m", "ALL 1 u 1 ANY 1 b 1 NOTIFY ch 0"));
    redis.call(admit("n", "ANY 1 a 1 NOTIFY ch 0"));
    in_transaction(&redis, &["DEL u", "SET u x"]);
    assert_eq!(listener.hears(), "moved:0:m");
    redis.call("QGATE.RELEASE a h");
    assert_eq!(listener.hears(), "granted:0:n");
    assert_eq!(redis.call("EXISTS b"), 0);
    hold(&redis, "b", "x");
    assert_sound(&redis);
}
