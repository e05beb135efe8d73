//! MULTI, WATCH and scripts: commands are whole in them, and seen by them.

use harness::{Client, Redis, Reply, error};

use crate::aof::{appended, appending};

#[track_caller]
fn queue(client: &mut Client, line: &str) {
    assert_eq!(client.call(line), "QUEUED", "{line}");
}

#[test]
fn commands_run_in_a_transaction_as_outside() {
    let redis = Redis::start();
    let mut client = redis.connect();
    client.call("MULTI");
    for line in [
        "UMQ.ACQUIRE t a PX 50000",
        "UMQ.ACQUIRE t b PX 50000",
        "UMQ.RELEASE t a",
        "QGATE.ACQUIRE g a LIMIT 1 PX 50000",
        "QGATE.ACQUIRE g b LIMIT 1 PX 50000",
        "QGATE.LEAVE a 1 g",
        "TRIE.SAVE k a v EX 60",
        "TRIE.FIND k a-b",
        "QGATE.ACQUIRE g a LIMIT 1 PX 0",
        "EXISTS g",
    ] {
        queue(&mut client, line);
    }
    let replies = client.call("EXEC");
    let [
        acquired,
        refused,
        released,
        entered,
        full,
        left,
        saved,
        found,
        wrong,
        exists,
    ] = replies.items()
    else {
        panic!("ten replies were expected, not {replies:?}");
    };
    assert_eq!(acquired.items()[0], 1);
    assert_eq!(*refused, [0, -1, 0, 0]);
    assert_eq!(*released, 1);
    assert_eq!(*entered, [1, 1, 0]);
    assert_eq!(*full, [0, 1, 0]);
    assert_eq!(*left, 1);
    assert_eq!(*saved, "OK");
    assert_eq!(*found, "v");
    assert!(wrong.is_error());
    assert_eq!(*exists, 0);
}

#[test]
fn a_wrong_number_of_words_spoils_the_transaction() {
    let redis = Redis::start();
    let mut client = redis.connect();
    client.call("MULTI");
    queue(&mut client, "UMQ.ACQUIRE t a PX 50000");
    assert!(client.call("UMQ.ACQUIRE t a").is_error());
    assert_eq!(
        client.call("EXEC"),
        error("EXECABORT Transaction discarded because of previous errors.")
    );
    assert_eq!(redis.call("EXISTS t"), 0);
}

#[test]
fn a_transaction_or_a_script_is_one_transaction_in_the_file() {
    let redis = appending().start();
    let mut client = redis.connect();
    client.call("MULTI");
    queue(&mut client, "QGATE.ACQUIRE g a LIMIT 2 PX 50000");
    queue(&mut client, "SET plain v");
    queue(&mut client, "UMQ.ACQUIRE t a PX 50000");
    client.call("EXEC");
    redis.call([
        "EVAL",
        "redis.call('UMQ.ACQUIRE', KEYS[1], 'a', 'PX', 50000) redis.call('QGATE.ACQUIRE', KEYS[2], 'a', 'LIMIT', 1, 'PX', 50000)",
        "2",
        "t2",
        "g2",
    ]);
    let lines = appended(&redis);
    let verbs: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(
        verbs.join(" "),
        "MULTI ZADD PEXPIREAT SET SET EXEC MULTI SET ZADD PEXPIREAT EXEC"
    );
}

#[test]
fn a_transaction_that_changed_nothing_leaves_nothing_in_the_file() {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let before = appended(&redis);
    let mut client = redis.connect();
    client.call("MULTI");
    queue(&mut client, "UMQ.ACQUIRE t b PX 50000");
    queue(&mut client, "QGATE.RELEASE g a");
    client.call("EXEC");
    assert_eq!(appended(&redis), before);
}

/// Whether a transaction that watches the key is called off by what another connection does.
#[track_caller]
fn disturbs(redis: &Redis, key: &str, line: &str) -> bool {
    let mut watcher = redis.connect();
    watcher.call(["WATCH", key]);
    let reply = redis.call(line);
    assert!(!reply.is_error(), "{line}: {reply:?}");
    watcher.call("MULTI");
    queue(&mut watcher, "PING");
    watcher.call("EXEC") == Reply::Nil
}

#[test]
fn watch_sees_what_the_commands_write() {
    let redis = Redis::start();
    for (key, line) in [
        ("t", "UMQ.ACQUIRE t a PX 50000"),
        ("t", "UMQ.ACQUIRE t a PX 60000"),
        ("t", "UMQ.RENEW t a PX 70000"),
        ("t", "UMQ.RELEASE t a"),
        ("t2", "UMQ.ACQUIRE t2 a PX 50000"),
        ("t2", "UMQ.FORCE t2"),
        ("g", "QGATE.ACQUIRE g a LIMIT 2 PX 50000"),
        ("g", "QGATE.ACQUIRE g b LIMIT 2 PX 50000"),
        ("g", "QGATE.RENEW g PX 60000 a"),
        ("g", "QGATE.RELEASE g a"),
        ("g", "QGATE.LEAVE b 2 other g"),
        ("k", "TRIE.SAVE k a v EX 60"),
        ("k", "TRIE.SAVE k a-b v EX 60 REPLACE a"),
        ("k", "TRIE.FIND k a-b EX 600"),
        ("k", "TRIE.DEL k a-b"),
        ("r", "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 2"),
        ("r", "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1"),
        ("r", "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1"),
        ("b", "BUDGET.RESERVE b a COST 1 PX 50000 LIMIT 5"),
        ("b", "BUDGET.RENEW b PX 90000 a"),
        ("b", "BUDGET.SETTLE b a 1"),
        ("ids", "TALLY.ADD ids a PX 50000 1 hour f 1"),
        ("hour", "TALLY.ADD ids b PX 50000 1 hour f 1"),
        ("s", "TALLY.ADD ids c PX 50000 0 RECORD s MAXLEN 5 f v"),
    ] {
        assert!(disturbs(&redis, key, line), "{line}");
    }
}

#[test]
fn watch_is_not_disturbed_by_commands_that_change_nothing() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v PX 500000");
    redis.call("BUDGET.RESERVE b a COST 4 PX 500000 LIMIT 5");
    redis.call("BUDGET.SETTLE b c 0");
    redis.call("TALLY.ADD ids a PX 500000 1 hour f 1");
    for (key, line) in [
        ("t", "UMQ.ACQUIRE t b PX 1000"),
        ("t", "UMQ.ACQUIRE t a PX 1000"),
        ("t", "UMQ.RENEW t b PX 1000"),
        ("t", "UMQ.RELEASE t b"),
        ("t", "UMQ.INFO t"),
        ("missing", "UMQ.FORCE missing"),
        ("missing", "UMQ.RENEW missing a PX 1000"),
        ("g", "QGATE.ACQUIRE g b LIMIT 1 PX 1000"),
        ("g", "QGATE.ACQUIRE g a LIMIT 1 PX 1000"),
        ("g", "QGATE.RENEW g PX 1000 b"),
        ("g", "QGATE.RELEASE g b"),
        ("g", "QGATE.LEAVE b 1 g"),
        ("g", "QGATE.COUNT g"),
        ("k", "TRIE.FIND k a EX 60"),
        ("k", "TRIE.FIND_RO k a"),
        ("k", "TRIE.DEL k b"),
        ("k", "TRIE.INFO k"),
        ("r", "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0"),
        ("r", "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 6"),
        ("r", "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1"),
        ("ids", "TALLY.ADD ids a PX 50000 1 hour f 1"),
        ("hour", "TALLY.ADD ids a PX 50000 1 hour f 1"),
        ("b", "BUDGET.RESERVE b a COST 4 PX 1000 LIMIT 5"),
        ("b", "BUDGET.RESERVE b b COST 4 PX 1000 LIMIT 5"),
        ("b", "BUDGET.RENEW b PX 1000 b c"),
        ("b", "BUDGET.SETTLE b c 7"),
        ("b", "BUDGET.INFO b"),
        ("hour", "TALLY.ADD ids b PX 50000 1 day f 1"),
        ("s", "TALLY.ADD ids b PX 50000 0 RECORD s MAXLEN 5 f v"),
    ] {
        assert!(!disturbs(&redis, key, line), "{line}");
    }
}

#[test]
fn scripts_call_the_commands_and_get_their_replies() {
    let redis = Redis::start();
    let acquired = redis.call([
        "EVAL",
        "return redis.call('UMQ.ACQUIRE', KEYS[1], ARGV[1], 'PX', 50000, 'DELAY', 5)",
        "1",
        "t",
        "a",
    ]);
    assert_eq!(acquired.items()[0], 1);
    let holder = redis.call([
        "EVAL",
        "return redis.call('UMQ.INFO', KEYS[1])[2]",
        "1",
        "t",
    ]);
    assert_eq!(holder, "a");
    let text = "return redis.call('QGATE.ACQUIRE', KEYS[1], ARGV[1], 'LIMIT', 1, 'EX', 50)";
    assert_eq!(redis.call(["EVAL", text, "1", "g", "a"]), [1, 1, 0]);
    assert_eq!(redis.call(["EVAL", text, "1", "g", "b"]), [0, 1, 0]);
    let text = "redis.call('TRIE.SAVE', KEYS[1], 'a', 'v', 'EX', 60) return redis.call('TRIE.FIND', KEYS[1], 'a-b', 'WITHMATCH')";
    let found = redis.call(["EVAL", text, "1", "k"]);
    assert_eq!(found, [Reply::from("v"), 1.into(), 2.into()]);
    let text = "redis.setresp(3) return redis.call('UMQ.INFO', KEYS[1])['map']['holder']";
    assert_eq!(redis.call(["EVAL", text, "1", "t"]), "a");
}

#[test]
fn a_script_sees_an_error_as_it_is_and_may_go_on() {
    let redis = Redis::start();
    let text = "return redis.pcall('UMQ.ACQUIRE', KEYS[1], 'a', 'PX', 0)['err']";
    assert_eq!(
        redis.call(["EVAL", text, "1", "t"]),
        "ERR invalid expire time in 'umq.acquire' command: PX must be 1 to 2592000000"
    );
    assert_eq!(redis.call("EXISTS t"), 0);
}

#[test]
fn a_read_only_script_may_read_but_not_write() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("TRIE.SAVE k a v EX 60");
    for write in [
        "'UMQ.ACQUIRE', KEYS[1], 'b', 'PX', 50",
        "'UMQ.RENEW', KEYS[1], 'b', 'PX', 50",
        "'UMQ.RELEASE', KEYS[1], 'b'",
        "'UMQ.FORCE', KEYS[1]",
        "'QGATE.ACQUIRE', KEYS[1], 'b', 'LIMIT', 1, 'PX', 50",
        "'QGATE.RENEW', KEYS[1], 'PX', 50, 'b'",
        "'QGATE.RELEASE', KEYS[1], 'b'",
        "'QGATE.LEAVE', 'b', 1, KEYS[1]",
        "'TRIE.SAVE', KEYS[1], 'b', 'v', 'PX', 50",
        "'TRIE.FIND', KEYS[1], 'b'",
        "'TRIE.DEL', KEYS[1], 'b'",
        "'RATE.TAKE', KEYS[1], 'BURST', 5, 'RATE', 5, 'PER', 5",
        "'RATE.GIVE', KEYS[1], 'BURST', 5, 'RATE', 5, 'PER', 5, 'COST', 5",
        "'BUDGET.RESERVE', KEYS[1], 'b', 'COST', 5, 'PX', 50, 'LIMIT', 5",
        "'BUDGET.RENEW', KEYS[1], 'PX', 50, 'b'",
        "'BUDGET.SETTLE', KEYS[1], 'b', 5",
        "'TALLY.ADD', KEYS[1], 'b', 'PX', 50, 1, 'hour', 'f', 1",
    ] {
        let text = format!("return redis.call({write})");
        let refused = redis.call(["EVAL_RO", &text, "1", "x"]);
        let Reply::Error(line) = refused else {
            panic!("{write}: {refused:?}");
        };
        let why = "Write commands are not allowed from read-only scripts";
        assert!(line.contains(why), "{write}: {line}");
    }
    let holder = redis.call([
        "EVAL_RO",
        "return redis.call('UMQ.INFO', KEYS[1])[2]",
        "1",
        "t",
    ]);
    assert_eq!(holder, "a");
    let text = "#!lua flags=no-writes\nreturn redis.call('TRIE.FIND_RO', KEYS[1], 'a-b')";
    assert_eq!(redis.call(["EVAL", text, "1", "k"]), "v");
}
