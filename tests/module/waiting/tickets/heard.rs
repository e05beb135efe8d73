//! Who hears of a ticket, and when: after the execution that decided, and a grant that nobody would hear of is not made.

use harness::{Redis, Reply};

use super::held;
use crate::umq::granted;
use crate::waiting::asker::{Asker, in_transaction_over};
use crate::waiting::compiled::shared_object;
use crate::waiting::line::{assert_sound, holder, members, until_waiters_are, waiters};
use crate::waiting::listener::{Listener, text, until_listeners_are};

#[test]
fn each_listener_hears_its_channel_alone() {
    let redis = held();
    let mut listeners = [
        Listener::on(&redis, "c"),
        Listener::on(&redis, "c"),
        Listener::over(redis.connect_resp3(), "c"),
    ];
    let mut other = Listener::on(&redis, "other");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    redis.call("UMQ.ACQUIRE t d PX 500000 NOTIFY other 0");
    redis.call("UMQ.RELEASE t a");
    for listener in &mut listeners {
        listener.hears_of_turn("b");
    }
    redis.call("UMQ.RELEASE t b");
    other.hears_of_turn("d");
    for listener in listeners.iter_mut().chain([&mut other]) {
        listener.assert_silent();
    }
}

#[test]
fn the_answer_to_a_request_precedes_its_message_on_the_same_connection() {
    let redis = held();
    let mut client = redis.connect_resp3();
    client.call("SSUBSCRIBE c");
    for round in 0..50 {
        let (before, id) = (["a", "b"][round % 2], ["b", "a"][round % 2]);
        client.send(format!("UMQ.ACQUIRE t {id} PX 500000 NOTIFY c 0"));
        client.send(format!("UMQ.RELEASE t {before}"));
        assert_eq!(client.receive(), [2, -1, 0, 0]);
        assert_eq!(client.receive(), 1);
        let message = client.receive();
        assert!(matches!(message, Reply::Push(_)), "{message:?}");
        assert!(text(&message).starts_with("granted:"));
    }
}

#[test]
fn a_transaction_takes_tickets_and_its_messages_follow_its_answer() {
    let redis = held();
    let mut client = redis.connect_resp3();
    client.call("SSUBSCRIBE c");
    let lines = [
        "UMQ.ACQUIRE t b PX 500000 NOTIFY c 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY c 0",
        "UMQ.RELEASE t a",
        "QGATE.CANCEL g b",
    ];
    let answers = in_transaction_over(&mut client, &lines);
    let queued: [Reply; 2] = [[2, -1, 0, 0].into(), [2, 1, 0].into()];
    assert_eq!(answers[..2], queued);
    assert_eq!(answers[2..], [1, 1].map(Reply::Int));
    assert!(text(&client.receive()).starts_with("granted:"));
    assert_eq!(text(&client.receive()), "cancelled:0:b");
    assert_eq!(client.call("PING"), "PONG");
}

#[test]
fn who_is_no_live_client_is_answered_as_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let caller = shared_object(dir.path(), "caller", include_str!("../caller.c"));
    let redis = Redis::builder()
        .arg("loadmodule", &caller.to_string_lossy())
        .start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut listener = Listener::on(&redis, "c");
    let script = |command: &str| {
        let words: Vec<_> = command.split(' ').map(|word| format!("'{word}'")).collect();
        format!("return redis.call({})", words.join(","))
    };
    for (command, key, refusal) in [
        (
            "UMQ.ACQUIRE t b PX 1000 NOTIFY c 0",
            "t",
            Reply::from([0, -1, 0, 0]),
        ),
        (
            "QGATE.ACQUIRE g b LIMIT 1 PX 1000 NOTIFY c 0",
            "g",
            [0, 1, 0].into(),
        ),
    ] {
        assert_eq!(redis.call(["EVAL", &script(command), "1", key]), refusal);
        assert_eq!(redis.call(format!("CALLER.CALL {command}")), refusal);
        let library = format!(
            "#!lua name=l\nredis.register_function('f', function() {} end)",
            script(command)
        );
        redis.call(["FUNCTION", "LOAD", "REPLACE", &library]);
        assert_eq!(redis.call(["FCALL", "f", "1", key]), refusal);
    }
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), [""; 0]);
    assert_eq!(waiters(&redis, "QGATE.WAITERS g"), [""; 0]);
    listener.assert_silent();
    assert_sound(&redis);
}

#[test]
fn a_script_that_gives_back_tells_the_ticket_that_it_serves() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    let release = "return redis.call('UMQ.RELEASE', KEYS[1], 'a')";
    assert_eq!(redis.call(["EVAL", release, "1", "t"]), 1);
    listener.hears_of_turn("b");
    listener.assert_silent();
}

#[test]
fn a_ticket_that_nobody_would_hear_of_is_dropped_and_the_next_is_served() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut monitor = redis.connect();
    monitor.call("PSUBSCRIBE *");
    let mut subscriber = redis.connect();
    subscriber.call("SUBSCRIBE unheard");
    for number in 0..3 {
        redis.call(format!(
            "UMQ.ACQUIRE t u{number} PX 500000 NOTIFY unheard 0"
        ));
        redis.call(format!(
            "QGATE.ACQUIRE g u{number} LIMIT 1 PX 500000 NOTIFY unheard 0"
        ));
    }
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY c 0");
    let mut blocked = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    redis.call("QGATE.ACQUIRE g u3 LIMIT 1 PX 500000 NOTIFY unheard 0");
    redis.call("UMQ.RELEASE t a");
    redis.call("QGATE.RELEASE g a");
    listener.hears_of_turn("b");
    assert_eq!(blocked.answer(), [1, 1, 0]);
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), [""; 0]);
    redis.call("QGATE.RELEASE g b");
    assert_eq!(redis.call("QGATE.COUNT g"), [[0, 0]]);
    assert_eq!(redis.call("EXISTS g"), 0);
    assert_sound(&redis);
}

#[test]
fn who_stops_listening_before_the_message_leaves_does_not_keep_its_grant() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut deaf = redis.connect_resp3();
    deaf.call("SSUBSCRIBE deaf");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY deaf 0");
    redis.call("QGATE.ACQUIRE g b LIMIT 1 PX 500000 NOTIFY deaf 0");
    redis.call("UMQ.ACQUIRE t next PX 500000 NOTIFY c 0");
    deaf.call("MULTI");
    for line in ["UMQ.RELEASE t a", "QGATE.RELEASE g a", "SUNSUBSCRIBE deaf"] {
        deaf.call(line);
    }
    deaf.send("EXEC");
    listener.hears_of_turn("next");
    assert_eq!(holder(&redis, "t").as_deref(), Some("next"));
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_sound(&redis);
    harness::eventually("the slot is free again", || {
        let in_use = members(&redis, "g");
        if in_use.is_empty() {
            Ok(())
        } else {
            Err(format!("{in_use:?}"))
        }
    });
}

#[test]
fn an_unheard_grant_that_its_id_was_told_of_otherwise_stays() {
    let redis = held();
    let mut deaf = redis.connect_resp3();
    deaf.call("SSUBSCRIBE deaf");
    redis.call("UMQ.ACQUIRE t b PX 500000 NOTIFY deaf 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    deaf.call("MULTI");
    for line in [
        "UMQ.RELEASE t a",
        "UMQ.ACQUIRE t b PX 500000",
        "SUNSUBSCRIBE deaf",
    ] {
        deaf.call(line);
    }
    deaf.send("EXEC");
    until_listeners_are(&redis, "deaf", 0);
    assert_sound_with_one_blocked(&redis);
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
    assert_eq!(redis.call("UMQ.RELEASE t b"), 1);
    granted(&c.answer());
}

/// What was due after the execution has happened by then: the timer has rung for all that.
#[track_caller]
fn assert_sound_with_one_blocked(redis: &Redis) {
    assert_eq!(
        redis.call("UMQ.ACQUIRE t z PX 1000 BLOCK 150"),
        [0, -1, 0, 0]
    );
    assert_eq!(redis.info("blocked_clients"), "1");
    assert_eq!(redis.info("weir_panics"), "0");
}

#[test]
fn a_message_may_hold_any_id_and_a_channel_any_1_to_512_bytes() {
    let redis = held();
    let every_byte: Vec<u8> = (0..=255).chain(0..=255).collect();
    for name in [
        b"\0".as_slice(),
        b" ",
        b"a:b:1",
        b"\r\n%s%n",
        b"\xff\xfe",
        &every_byte,
    ] {
        let mut client = redis.connect();
        assert!(!client.call([b"SSUBSCRIBE", name]).is_error());
        let asks = [
            b"UMQ.ACQUIRE",
            b"t".as_slice(),
            name,
            b"PX",
            b"9",
            b"NOTIFY",
            name,
            b"0",
        ];
        assert_eq!(redis.call(asks), [2, -1, 0, 0]);
        assert_eq!(redis.call([b"UMQ.CANCEL".as_slice(), b"t", name]), 1);
        let message = client.receive();
        let expected = [b"cancelled:0:".as_slice(), name].concat();
        assert_eq!(message.items()[1], Reply::from(name));
        assert_eq!(message.items()[2], Reply::from(expected.as_slice()));
    }
    let long = vec![b'c'; 513];
    for name in [b"".as_slice(), &long] {
        let asks = [
            b"UMQ.ACQUIRE",
            b"t".as_slice(),
            b"b",
            b"PX",
            b"9",
            b"NOTIFY",
            name,
            b"0",
        ];
        assert!(redis.call(asks).is_error());
    }
}
