//! What tickets cost and who may take them: the bounds on lines, the right to a channel, and very many of them.

use harness::{Client, Redis, Reply};

use super::held;
use crate::umq::granted;
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, until_waiters_are};
use crate::waiting::listener::Listener;

const VERY_MANY: usize = 100_000;

/// How many commands are sent ahead of their answers.
const AHEAD: usize = 1_000;

#[test]
fn a_line_as_long_as_the_caller_bears_is_not_joined_by_a_ticket() {
    let redis = held();
    let _listener = Listener::on(&redis, "c");
    let ask = |line: &str| redis.call(line);
    assert_eq!(
        ask("UMQ.ACQUIRE t b PX 1000 NOTIFY c 0 QUEUE 1"),
        [2, -1, 0, 0]
    );
    assert_eq!(
        ask("UMQ.ACQUIRE t c PX 1000 NOTIFY c 0 QUEUE 1"),
        [-1, -1, 0, 1]
    );
    assert_eq!(
        ask("UMQ.ACQUIRE t b PX 1000 NOTIFY c 0 QUEUE 1"),
        [2, -1, 0, 0]
    );
    assert_eq!(
        ask("QGATE.ACQUIRE g b LIMIT 1 PX 1000 NOTIFY c 0 QUEUE 0"),
        [-1, 1, 0]
    );
}

#[test]
fn the_server_bears_so_many_tickets_in_all_and_per_line() {
    let redis = held();
    let _listener = Listener::on(&redis, "c");
    redis.call("CONFIG SET weir.max-waiters 3");
    redis.call("CONFIG SET weir.max-waiters-per-line 2");
    let ask = |line: &str| redis.call(line).items()[0].int();
    assert_eq!(ask("UMQ.ACQUIRE t b PX 1000 NOTIFY c 0"), 2);
    assert_eq!(ask("UMQ.ACQUIRE t c PX 1000 NOTIFY c 0"), 2);
    assert_eq!(ask("UMQ.ACQUIRE t d PX 1000 NOTIFY c 0"), -1);
    assert_eq!(ask("QGATE.ACQUIRE g b LIMIT 1 PX 1000 NOTIFY c 0"), 2);
    assert_eq!(ask("QGATE.ACQUIRE g c LIMIT 1 PX 1000 NOTIFY c 0"), -1);
    assert_eq!(redis.call("QGATE.CANCEL g b"), 1);
    assert_eq!(ask("QGATE.ACQUIRE g c LIMIT 1 PX 1000 NOTIFY c 0"), 2);
}

#[test]
fn tickets_are_not_blocked_clients() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    redis.call("CONFIG SET weir.max-blocked-clients 1");
    for number in 0..5 {
        let line = format!("UMQ.ACQUIRE t w{number} PX 500000 NOTIFY c 0");
        assert_eq!(redis.call(line), [2, -1, 0, number]);
    }
    assert_eq!(redis.info("blocked_clients"), "0");
    let mut blocked = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    assert_eq!(
        redis.call("UMQ.ACQUIRE t z PX 1000 BLOCK 0"),
        [-1, -1, 0, 5]
    );
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("w0");
    redis.call("QGATE.RELEASE g a");
    assert_eq!(blocked.answer(), [1, 1, 0]);
}

#[test]
fn a_ticket_needs_the_right_to_its_channel() {
    let redis = held();
    let rule = "ACL SETUSER limited on nopass ~* resetchannels &allowed:* +@all";
    assert_eq!(redis.call(rule), "OK");
    let mut client = redis.connect();
    client.call("AUTH limited x");
    let ask = |channel: &str| {
        [
            format!("UMQ.ACQUIRE t b PX 1000 NOTIFY {channel} 0"),
            format!("QGATE.ACQUIRE g b LIMIT 1 PX 1000 NOTIFY {channel} 0"),
            format!("UMQ.ACQUIRE t b NOTIFY {channel} 0 PX 1000 FLOW allowed:f"),
        ]
    };
    for line in ask("foreign") {
        let refused = client.call(&line);
        let is_refused = matches!(&refused, Reply::Error(line) if line.starts_with("NOPERM "));
        assert!(is_refused, "{line}: {refused:?}");
    }
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    for line in ask("allowed:c") {
        assert_eq!(client.call(&line).items()[0], 2, "{line}");
    }
    assert_eq!(client.call("UMQ.ACQUIRE t z PX 1000"), [0, -1, 0, 1]);
}

#[test]
fn a_channel_is_no_key() {
    let redis = Redis::start();
    let ask = "UMQ.ACQUIRE t b PX 1000 NOTIFY c 0";
    assert_eq!(redis.call(format!("COMMAND GETKEYS {ask}")), ["t"]);
    let rows = redis.call(format!("COMMAND GETKEYSANDFLAGS {ask}"));
    assert_eq!(rows.items().len(), 1);
    assert_eq!(rows.items()[0].items()[0], "t");
}

/// Sends very many commands, `words` with `{}` for the number, and checks each answer's first element.
#[track_caller]
fn send_all(client: &mut Client, words: &str, status: i64) {
    for begin in (0..VERY_MANY).step_by(AHEAD) {
        for number in begin..begin + AHEAD {
            client.send(words.replace("{}", &number.to_string()));
        }
        for _ in 0..AHEAD {
            assert_eq!(client.receive().items()[0], status);
        }
    }
}

#[test]
fn a_hundred_thousand_tickets_stand_in_line_and_are_granted_by_one_command() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    send_all(
        &mut client,
        "QGATE.ACQUIRE g w{} LIMIT 1 PX 500000 NOTIFY c 0",
        2,
    );
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [1, 100_000]);
    let refused = redis.call("QGATE.ACQUIRE g z LIMIT 1 PX 1000 NOTIFY c 0");
    assert_eq!(refused, [-1, 1, 100_000]);
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(listener.hears(), "granted:1:w0");
    assert_eq!(
        redis.call("QGATE.ACQUIRE g z LIMIT 200000 PX 500000"),
        [1, 100_001, 0]
    );
    for number in 1..VERY_MANY {
        assert_eq!(
            listener.hears(),
            format!("granted:{}:w{number}", number + 1)
        );
    }
    listener.assert_silent();
    assert_eq!(redis.call("QGATE.COUNT g").items()[0], [100_001, 0]);
    assert_sound(&redis);
}

#[test]
fn a_hundred_thousand_tickets_leave_with_their_connection_and_the_line_moves_on() {
    let redis = held();
    let mut listener = Listener::on(&redis, "c");
    let mut client = redis.connect();
    redis.call("CONFIG SET weir.max-waiters 100001");
    redis.call("CONFIG SET weir.max-waiters-per-line 100001");
    send_all(
        &mut client,
        "UMQ.ACQUIRE t w{} PX 500000 NOTIFY c 0 FLOW f{}",
        2,
    );
    let last = redis.call("UMQ.ACQUIRE t last PX 500000 NOTIFY c 0");
    assert_eq!(last.items()[0], 2);
    drop(client);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["last"]);
    redis.call("UMQ.RELEASE t a");
    listener.hears_of_turn("last");
    redis.call("UMQ.RELEASE t last");
    granted(&redis.call("UMQ.ACQUIRE t z PX 1000"));
    assert_sound(&redis);
}
