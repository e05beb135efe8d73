//! Restarts: what the commands wrote is there again, with the module and without it.

use harness::Redis;

use crate::aof::{appended, appending};
use crate::load::listed;
use crate::traffic::{data, write_everything};
use crate::unchanged::changes_nothing;

/// What holders see of their turns, slots and entries.
#[track_caller]
fn assert_still_held(redis: &Redis) {
    assert_eq!(redis.call("UMQ.ACQUIRE held b PX 1000"), [0, -1, 0, 0]);
    assert_eq!(redis.call("UMQ.RENEW held a PX 500000"), 1);
    let early = redis.call("UMQ.ACQUIRE stamped b PX 1000 DELAY 80000");
    assert!(early.items()[1].int() > 0);
    assert_eq!(redis.call("QGATE.COUNT gate").items()[0], [2, 0]);
    assert_eq!(redis.call("QGATE.RENEW gate PX 500000 a b"), [1, 1]);
    assert_eq!(redis.call("TRIE.FIND trie s:1-u:2-a:3-u:4"), "v3");
    assert_eq!(redis.call("TRIE.FIND trie s:1-u:2-x"), "v1");
    let info = redis.call("BUDGET.INFO budget");
    assert_eq!(
        [info.field("spent").int(), info.field("reserved").int()],
        [9, 3]
    );
    let short = redis.call("RATE.TAKE rate BURST 5 RATE 5 PER 5000000");
    assert_eq!([short.items()[0].int(), short.items()[1].int()], [0, 0]);
}

#[test]
fn a_restart_on_the_append_only_file_keeps_everything() {
    let mut redis = appending().start();
    write_everything(&redis);
    let before = data(&redis);
    redis.restart();
    assert_eq!(data(&redis), before);
    assert_still_held(&redis);
}

#[test]
fn a_killed_server_that_appends_always_loses_nothing() {
    let mut redis = appending().start();
    write_everything(&redis);
    let before = data(&redis);
    redis.kill();
    redis.start_again();
    assert_eq!(data(&redis), before);
    assert_still_held(&redis);
}

#[test]
fn a_rewritten_append_only_file_keeps_everything() {
    for preamble in ["yes", "no"] {
        let mut redis = appending().arg("aof-use-rdb-preamble", preamble).start();
        write_everything(&redis);
        redis.call("BGREWRITEAOF");
        harness::eventually("the file is rewritten", || {
            let scheduled = redis.info("aof_rewrite_scheduled");
            let running = redis.info("aof_rewrite_in_progress");
            let state = scheduled + &running;
            if state == "00" { Ok(()) } else { Err(state) }
        });
        let before = data(&redis);
        redis.restart();
        assert_eq!(data(&redis), before);
        assert_still_held(&redis);
    }
}

#[test]
fn a_restart_on_a_snapshot_keeps_everything() {
    let mut redis = Redis::start();
    write_everything(&redis);
    let before = data(&redis);
    redis.call("SAVE");
    redis.restart();
    assert_eq!(data(&redis), before);
    assert_still_held(&redis);
}

#[test]
fn debug_reload_keeps_everything() {
    let redis = Redis::start();
    write_everything(&redis);
    let before = data(&redis);
    assert_eq!(redis.call("DEBUG RELOAD"), "OK");
    assert_eq!(data(&redis), before);
    assert_still_held(&redis);
}

#[test]
fn a_server_without_the_module_loads_the_append_only_file() {
    let mut redis = appending().start();
    write_everything(&redis);
    let before = data(&redis);
    redis.restart_without_module();
    assert_eq!(listed(&redis), None);
    assert_eq!(data(&redis), before);
}

#[test]
fn a_server_without_the_module_loads_the_snapshot() {
    let mut redis = Redis::start();
    write_everything(&redis);
    let before = data(&redis);
    redis.call("SAVE");
    redis.restart_without_module();
    assert_eq!(listed(&redis), None);
    assert_eq!(data(&redis), before);
}

#[test]
fn the_append_only_file_holds_core_commands_with_absolute_times_and_nothing_else() {
    let redis = appending().start();
    write_everything(&redis);
    for line in appended(&redis) {
        let words: Vec<_> = line.split(' ').collect();
        let is_ours = match words[0] {
            "MULTI" | "EXEC" => words.len() == 1,
            "SET" => words[words.len() - 2] == "PXAT" && is_unix_ms(words[words.len() - 1]),
            "PEXPIREAT" => words.len() == 3 && is_unix_ms(words[2]),
            "ZADD" => words.len() >= 4 && is_unix_ms(words[2]),
            "ZREM" | "HDEL" | "HSET" => words.len() >= 3,
            "DEL" => words.len() == 2,
            _ => false,
        };
        assert!(is_ours, "{line}");
    }
}

fn is_unix_ms(word: &str) -> bool {
    word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn each_execution_is_one_command_or_one_transaction_in_the_file() {
    let redis = appending().start();
    let mut seen = 0;
    let mut verbs_of = |line: &str| {
        redis.call(line);
        let all = appended(&redis);
        let verbs: Vec<_> = all[seen..]
            .iter()
            .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
            .collect();
        seen = all.len();
        verbs.join(" ")
    };
    for (line, verbs) in [
        ("UMQ.ACQUIRE t a PX 50000", "SET"),
        ("UMQ.RENEW t a PX 60000", "SET"),
        ("UMQ.RELEASE t a", "SET"),
        ("UMQ.ACQUIRE t2 a PX 50000", "SET"),
        ("UMQ.RELEASE t2 a NOSTAMP", "DEL"),
        (
            "QGATE.ACQUIRE g a LIMIT 2 PX 50000",
            "MULTI ZADD PEXPIREAT EXEC",
        ),
        ("QGATE.ACQUIRE g b LIMIT 2 PX 50000", "ZADD"),
        ("QGATE.RENEW g PX 40000 a b", "ZADD"),
        ("QGATE.RENEW g PX 900000 a b", "MULTI ZADD PEXPIREAT EXEC"),
        ("QGATE.RELEASE g a b", "ZREM"),
        (
            "QGATE.ACQUIRE g1 a LIMIT 2 PX 50000",
            "MULTI ZADD PEXPIREAT EXEC",
        ),
        (
            "QGATE.ACQUIRE g2 a LIMIT 2 PX 50000",
            "MULTI ZADD PEXPIREAT EXEC",
        ),
        ("QGATE.LEAVE a 2 g1 g2", "MULTI ZREM ZREM EXEC"),
        ("TRIE.SAVE k a v PX 50000", "MULTI HSET HSET PEXPIREAT EXEC"),
        ("TRIE.SAVE k a-b v PX 50000", "HSET"),
        (
            "TRIE.SAVE k a-b-c v PX 50000 REPLACE a-b",
            "MULTI HSET HDEL EXEC",
        ),
        ("TRIE.FIND k a PX 50000", ""),
        ("TRIE.FIND k a PX 900000", "MULTI HSET PEXPIREAT EXEC"),
        ("TRIE.DEL k a", "HDEL"),
        ("TRIE.DEL k a-b-c", "MULTI HDEL DEL EXEC"),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 2", "SET"),
        ("RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1", "SET"),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 9 FORCE", "SET"),
        ("RATE.TAKE r BURST 5 RATE 5 PER 5000000", ""),
        ("RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 10", "DEL"),
        (
            "TALLY.ADD i a EX 5 1 h f 1",
            "MULTI ZADD PEXPIREAT HSET EXEC",
        ),
        ("TALLY.ADD i b EX 5 1 h f 1", "MULTI ZADD HSET EXEC"),
    ] {
        assert_eq!(verbs_of(line), verbs, "{line}");
    }
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("UMQ.ACQUIRE free a PX 500000");
    redis.call("UMQ.RELEASE free a");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a-b v PX 500000");
    redis.call("RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 4");
    redis.call("TALLY.ADD ids a PX 500000 1 hour f 1");
    for line in [
        "UMQ.ACQUIRE t b PX 1000",
        "UMQ.ACQUIRE t a PX 1000",
        "UMQ.ACQUIRE free b PX 1000 DELAY 50000",
        "UMQ.RENEW t b PX 1000",
        "UMQ.RENEW missing b PX 1000",
        "UMQ.RELEASE t b",
        "UMQ.RELEASE free a",
        "UMQ.RELEASE missing a",
        "UMQ.FORCE free",
        "UMQ.FORCE missing",
        "UMQ.INFO t",
        "QGATE.ACQUIRE g b LIMIT 1 PX 1000",
        "QGATE.ACQUIRE g a LIMIT 1 PX 1000",
        "QGATE.RENEW g PX 1000 b c",
        "QGATE.RENEW missing PX 1000 a",
        "QGATE.RELEASE g b c",
        "QGATE.RELEASE missing a",
        "QGATE.LEAVE b 2 g missing",
        "QGATE.COUNT g missing",
        "QGATE.MEMBERS g",
        "QGATE.INFO g",
        "TRIE.FIND k a-b-c",
        "TRIE.FIND k a-b-c PX 500000",
        "TRIE.FIND k a-b-c PX 1000",
        "TRIE.FIND k x PX 900000",
        "TRIE.FIND missing x PX 900000",
        "TRIE.FIND_RO k a-b",
        "TRIE.DEL k a",
        "TRIE.DEL missing a",
        "TRIE.INFO k",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 2",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 6",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0 FORCE",
        "RATE.TAKE missing BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.TAKE missing BURST 5 RATE 5 PER 5000000 COST 6",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.GIVE missing BURST 5 RATE 5 PER 5000000 COST 5",
        "TALLY.ADD ids a PX 900000 1 hour f 1",
        "TALLY.ADD ids a PX 900000 0 RECORD s MAXLEN 5 f v",
    ] {
        let reply = changes_nothing(&redis, || redis.call(line));
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
}
