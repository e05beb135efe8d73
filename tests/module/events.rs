//! Keyspace notifications: ours, of class `d`, and those of the core commands that the effects are.

use harness::{Client, Redis, eventually};

use crate::moment::server_ms;

/// A connection that hears of every event of the classes.
#[track_caller]
pub(crate) fn listener(redis: &Redis, classes: &str) -> Client {
    redis.call(format!("CONFIG SET notify-keyspace-events E{classes}"));
    let mut listener = redis.connect();
    listener.call("PSUBSCRIBE __keyevent@*__:*");
    listener
}

/// What has happened until now, as `event key`, in order.
#[track_caller]
pub(crate) fn heard(listener: &mut Client) -> Vec<String> {
    listener.send("PING");
    let mut heard = Vec::new();
    loop {
        let message = listener.receive();
        let words: Vec<_> = message.items().iter().map(harness::Reply::text).collect();
        match words.as_slice() {
            [kind, _, channel, key] if kind == "pmessage" => {
                let (_, event) = channel
                    .split_once(':')
                    .expect("the channel names the event");
                heard.push(format!("{event} {key}"));
            }
            _ => return heard,
        }
    }
}

/// Runs the lines and checks what each makes heard.
#[track_caller]
fn hears(redis: &Redis, classes: &str, table: &[(&str, &[&str])]) {
    let mut listener = listener(redis, classes);
    for (line, events) in table {
        redis.call(line);
        assert_eq!(heard(&mut listener), *events, "{line}");
    }
}

#[test]
fn events_of_ours_are_of_class_d() {
    let redis = Redis::start();
    let table: [(&str, &[&str]); 36] = [
        ("UMQ.ACQUIRE t a PX 50000", &["umq.grant t"]),
        ("UMQ.ACQUIRE t b PX 50000", &[]),
        ("UMQ.ACQUIRE t a PX 60000", &[]),
        ("UMQ.RENEW t a PX 60000", &[]),
        ("UMQ.RELEASE t b", &[]),
        ("UMQ.RELEASE t a", &["umq.release t"]),
        ("UMQ.ACQUIRE t a PX 50000", &["umq.grant t"]),
        ("UMQ.FORCE t", &["umq.release t"]),
        ("UMQ.INFO t", &[]),
        ("QGATE.ACQUIRE g a LIMIT 2 PX 50000", &["qgate.grant g"]),
        ("QGATE.ACQUIRE g a LIMIT 2 PX 60000", &[]),
        ("QGATE.ACQUIRE g b LIMIT 2 PX 50000", &["qgate.grant g"]),
        ("QGATE.ACQUIRE g c LIMIT 2 PX 50000", &[]),
        ("QGATE.RENEW g PX 50000 a b", &[]),
        ("QGATE.RELEASE g a x", &["qgate.release g"]),
        ("QGATE.RELEASE g a", &[]),
        ("QGATE.LEAVE b 2 g2 g", &["qgate.release g"]),
        ("QGATE.COUNT g", &[]),
        ("TRIE.SAVE k a v EX 60", &["trie.save k"]),
        ("TRIE.SAVE k a-b v EX 60 REPLACE a", &["trie.save k"]),
        ("TRIE.FIND k a-b", &[]),
        ("TRIE.FIND k a-b EX 6000", &[]),
        ("UMQ.ACQUIRE t a PX 0", &[]),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000", &[]),
        ("RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1", &[]),
        (
            "BUDGET.RESERVE b a COST 1 PX 50000 LIMIT 5 AND c LIMIT 5",
            &["budget.reserve b", "budget.reserve c"],
        ),
        ("BUDGET.RESERVE b a COST 1 PX 50000 LIMIT 5", &[]),
        ("BUDGET.RESERVE b b COST 5 PX 50000 LIMIT 5", &[]),
        (
            "BUDGET.RESERVE b a COST 2 PX 50000 LIMIT 5",
            &["budget.reserve b"],
        ),
        ("BUDGET.RENEW b PX 90000 a", &[]),
        (
            "BUDGET.SETTLE b a 1 AND c",
            &["budget.settle b", "budget.settle c"],
        ),
        ("BUDGET.SETTLE b a 1", &[]),
        ("BUDGET.RESERVE b a COST 1 PX 50000 LIMIT 5", &[]),
        ("BUDGET.INFO b", &[]),
        ("TALLY.ADD ids a PX 50000 1 hour f 1", &["tally.add ids"]),
        ("TALLY.ADD ids a PX 50000 1 hour f 1", &[]),
    ];
    hears(&redis, "d", &table);
}

#[test]
fn sweeping_ended_slots_is_an_event() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    redis.call(format!("ZADD g {} gone {} a", now - 5, now + 50_000));
    hears(
        &redis,
        "d",
        &[
            ("QGATE.COUNT g", &[]),
            ("QGATE.ACQUIRE g c LIMIT 1 PX 1000", &[]),
        ],
    );
    let mut listener = listener(&redis, "d");
    redis.call("QGATE.ACQUIRE g c LIMIT 2 PX 50000");
    let mut events = heard(&mut listener);
    events.sort();
    assert_eq!(events, ["qgate.expired g", "qgate.grant g"]);
}

#[test]
fn effects_are_events_of_the_core_commands() {
    let redis = Redis::start();
    let table: [(&str, &[&str]); 33] = [
        ("UMQ.ACQUIRE t a PX 50000", &["set t"]),
        ("UMQ.ACQUIRE t b PX 50000", &[]),
        ("UMQ.RENEW t a PX 60000", &["set t"]),
        ("UMQ.RELEASE t a", &["set t"]),
        ("UMQ.ACQUIRE t2 a PX 50000", &["set t2"]),
        ("UMQ.FORCE t2", &["del t2"]),
        (
            "QGATE.ACQUIRE g a LIMIT 2 PX 50000",
            &["zadd g", "expire g"],
        ),
        ("QGATE.ACQUIRE g b LIMIT 2 PX 50000", &["zadd g"]),
        ("QGATE.ACQUIRE g c LIMIT 2 PX 50000", &[]),
        ("QGATE.RENEW g PX 40000 a b", &["zadd g"]),
        ("QGATE.RELEASE g a", &["zrem g"]),
        ("QGATE.RELEASE g b", &["zrem g", "del g"]),
        ("QGATE.INFO g", &[]),
        (
            "TRIE.SAVE k a v PX 50000",
            &["hset k", "hset k", "expire k"],
        ),
        ("TRIE.SAVE k a-b v PX 50000", &["hset k"]),
        (
            "TRIE.SAVE k a-b-c v PX 50000 REPLACE a-b",
            &["hset k", "hdel k"],
        ),
        ("TRIE.FIND k a", &[]),
        ("TRIE.FIND k a PX 80000", &["hset k"]),
        ("TRIE.DEL k a", &["hdel k"]),
        ("TRIE.DEL k a-b-c", &["hdel k", "del k"]),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 5", &["set r"]),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000", &[]),
        ("RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1", &["set r"]),
        ("RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 5", &["del r"]),
        (
            "BUDGET.RESERVE b a COST 1 PX 50000 LIMIT 5 UNTIL 5",
            &["hset b", "expire b"],
        ),
        ("BUDGET.RESERVE b a COST 1 PX 40000 LIMIT 5", &[]),
        ("BUDGET.RENEW b PX 60000 a", &["hset b"]),
        ("BUDGET.SETTLE b a 1", &["hset b", "expire b"]),
        ("BUDGET.SETTLE b a 1", &[]),
        (
            "TALLY.ADD ids a PX 50000 3 hour f 1 hour g 1 day f 1",
            &["zadd ids", "expire ids", "hset day", "hset hour"],
        ),
        ("TALLY.ADD ids a PX 50000 1 hour f 1", &[]),
        (
            "TALLY.ADD ids b PX 50000 1 hour f 1 RECORD s MAXLEN 1 f v",
            &["xadd s", "zadd ids", "hset hour"],
        ),
        (
            "TALLY.ADD ids c PX 50000 0 RECORD s MAXLEN 1 f v",
            &["xadd s", "xtrim s", "zadd ids"],
        ),
    ];
    redis.call("CONFIG SET stream-node-max-entries 1");
    hears(&redis, "g$zht", &table);
}

#[test]
fn each_class_can_be_heard_alone() {
    for (class, events) in [
        ("$", vec!["set t"]),
        ("z", vec!["zadd g"]),
        ("h", vec!["hset k", "hset k"]),
        ("g", vec!["expire g", "expire k"]),
        ("d", vec!["umq.grant t", "qgate.grant g", "trie.save k"]),
    ] {
        let redis = Redis::start();
        let mut listener = listener(&redis, class);
        redis.call("UMQ.ACQUIRE t a PX 50000");
        redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 50000");
        redis.call("TRIE.SAVE k a v PX 50000");
        assert_eq!(heard(&mut listener), events, "{class}");
    }
}

#[test]
fn a_client_that_caches_is_told_of_changes() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 50000");
    let mut cache = redis.connect_resp3();
    cache.call("CLIENT TRACKING ON");
    for (read, write, key) in [
        ("UMQ.INFO t", "UMQ.RELEASE t a", "t"),
        ("QGATE.COUNT g", "QGATE.RELEASE g a", "g"),
    ] {
        cache.call(read);
        redis.call(write);
        let push = cache.receive();
        assert_eq!(push.items()[0], "invalidate");
        assert_eq!(push.items()[1], [key]);
    }
}

#[test]
fn the_end_of_a_key_is_the_servers_own_event() {
    let redis = Redis::start();
    let mut listener = listener(&redis, "x");
    redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 5");
    let mut all = Vec::new();
    eventually("the key has ended", || {
        all.extend(heard(&mut listener));
        if all == ["expired g"] {
            Ok(())
        } else {
            Err(format!("{all:?}"))
        }
    });
}
