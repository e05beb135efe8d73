//! `BLOCK` where nobody may wait: in a transaction, a script, a function and a call by another module it answers as if
//! it were not there.

use harness::{Redis, Reply};

use super::asker::{Asker, in_transaction};
use super::compiled::shared_object;
use super::line::{assert_sound, holder, until_waiters_are};
use crate::umq::granted;

const TURN: &str = "'UMQ.ACQUIRE', KEYS[1], ARGV[1], 'PX', 50000, 'BLOCK', 0";
const SLOT: &str = "'QGATE.ACQUIRE', KEYS[1], ARGV[1], 'LIMIT', 1, 'PX', 50000, 'BLOCK', 0";

#[test]
fn a_transaction_does_not_wait() {
    let redis = Redis::start();
    let lines = [
        "UMQ.ACQUIRE t a PX 50000 BLOCK 0",
        "UMQ.ACQUIRE t b PX 50000 BLOCK 0",
        "UMQ.ACQUIRE t b PX 50000 BLOCK 10 QUEUE 0",
        "QGATE.ACQUIRE g a LIMIT 1 PX 50000 BLOCK 0 FLOW f WEIGHT 2",
        "QGATE.ACQUIRE g b LIMIT 1 PX 50000 BLOCK 0 FLOW f WEIGHT 2",
        "UMQ.WAITERS t",
        "QGATE.COUNT g",
    ];
    let answers = in_transaction(&redis, &lines);
    granted(&answers[0]);
    assert_eq!(answers[1], [0, -1, 0, 0]);
    assert_eq!(answers[2], [0, -1, 0, 0]);
    assert_eq!(answers[3], [1, 1, 0]);
    assert_eq!(answers[4], [0, 1, 0]);
    assert_eq!(answers[5], Reply::Array(Vec::new()));
    assert_eq!(answers[6], [[1, 0]]);
    assert_sound(&redis);
}

#[test]
fn a_script_does_not_wait() {
    let redis = Redis::start();
    for (key, arguments, refusal) in [
        ("t", TURN, Reply::from([0, -1, 0, 0])),
        ("g", SLOT, Reply::from([0, 1, 0])),
    ] {
        let text = format!("return redis.call({arguments})");
        let first = redis.call(["EVAL", &text, "1", key, "a"]);
        assert_eq!(first.items()[0], 1);
        assert_eq!(redis.call(["EVAL", &text, "1", key, "b"]), refusal);
    }
    assert_sound(&redis);
}

#[test]
fn a_function_does_not_wait() {
    let redis = Redis::start();
    let library = format!(
        "#!lua name=waiting\n\
         redis.register_function('turn', function(KEYS, ARGV) return redis.call({TURN}) end)\n\
         redis.register_function('slot', function(KEYS, ARGV) return redis.call({SLOT}) end)"
    );
    assert_eq!(redis.call(["FUNCTION", "LOAD", &library]), "waiting");
    assert_eq!(redis.call("FCALL turn 1 t a").items()[0], 1);
    assert_eq!(redis.call("FCALL turn 1 t b"), [0, -1, 0, 0]);
    assert_eq!(redis.call("FCALL slot 1 g a"), [1, 1, 0]);
    assert_eq!(redis.call("FCALL slot 1 g b"), [0, 1, 0]);
    assert_sound(&redis);
}

#[test]
fn a_call_by_another_module_does_not_wait_and_serves_those_who_do() {
    let dir = tempfile::tempdir().unwrap();
    let caller = shared_object(dir.path(), "caller", include_str!("caller.c"));
    let redis = Redis::builder()
        .arg("loadmodule", &caller.to_string_lossy())
        .start();
    let called = |line: &str| redis.call(format!("CALLER.CALL {line}"));
    granted(&called("UMQ.ACQUIRE t a PX 500000 BLOCK 0"));
    assert_eq!(called("UMQ.ACQUIRE t b PX 500000 BLOCK 0"), [0, -1, 0, 0]);
    assert_eq!(
        called("QGATE.ACQUIRE g a LIMIT 1 PX 500000 BLOCK 0"),
        [1, 1, 0]
    );
    assert_eq!(
        called("QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0"),
        [0, 1, 0]
    );
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    assert_eq!(called("UMQ.RELEASE t a"), 1);
    assert_eq!(called("QGATE.RELEASE g a"), 1);
    granted(&b.answer());
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_sound(&redis);
}

#[test]
fn a_script_that_gives_back_serves_those_who_wait() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let text = "redis.call('QGATE.RELEASE', KEYS[2], 'a') \
                redis.call('UMQ.RELEASE', KEYS[1], 'a') \
                return redis.call('UMQ.INFO', KEYS[1])[2]";
    assert_eq!(redis.call(["EVAL", text, "2", "t", "g"]), "b");
    granted(&b.answer());
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_sound(&redis);
}

#[test]
fn a_transaction_may_serve_several_in_turn() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut askers = ["b", "c", "d"]
        .map(|id| Asker::ask(&redis, format!("UMQ.ACQUIRE t {id} PX 500000 BLOCK 0")));
    let lines = ["UMQ.RELEASE t a", "UMQ.RELEASE t b", "UMQ.RELEASE t c"];
    assert_eq!(in_transaction(&redis, &lines), [1, 1, 1].map(Reply::Int));
    let tokens = askers.each_mut().map(|asker| granted(&asker.answer()));
    assert!(tokens.is_sorted(), "{tokens:?}");
    assert_eq!(holder(&redis, "t").as_deref(), Some("d"));
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
}

#[test]
fn a_transaction_that_watches_the_key_sees_the_hand_off() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut watcher = redis.connect();
    redis.call("UMQ.RENEW t a PX 600");
    watcher.call("WATCH t");
    granted(&b.answer());
    watcher.call("MULTI");
    watcher.call("PING");
    assert_eq!(watcher.call("EXEC"), Reply::Nil, "granted by the timer");
    watcher.call("WATCH t");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    watcher.call("MULTI");
    watcher.call("PING");
    assert_eq!(watcher.call("EXEC"), ["PONG"], "waiting changes nothing");
    watcher.call("WATCH t");
    redis.call("UMQ.RELEASE t b");
    granted(&c.answer());
    watcher.call("MULTI");
    watcher.call("PING");
    assert_eq!(watcher.call("EXEC"), Reply::Nil);
}
