//! That no command stops the server: with 100,000 ended leases in a gate, 100,000 chains in a trie, 100,000 reservations
//! in a budget, and through the end and removal of those keys, `SLOWLOG` stays empty at 2 ms.

use harness::{Client, Redis, eventually};

use crate::moment::server_ms;

const MANY: usize = 100_000;
/// Commands sent ahead of their answers while a key is filled.
const AHEAD: usize = 1_000;
/// Another program may take the processor from the server for longer than the threshold: a command that is slow
/// by itself is slow in every round.
const ROUNDS: usize = 5;

/// A server that frees in the background, as `redis.conf` tells it to.
fn freeing_in_the_background() -> Redis {
    Redis::builder()
        .arg("lazyfree-lazy-expire", "yes")
        .arg("lazyfree-lazy-eviction", "yes")
        .arg("lazyfree-lazy-server-del", "yes")
        .arg("lazyfree-lazy-user-del", "yes")
        .start()
}

/// Fills a key by many commands; they are not what is measured.
#[track_caller]
fn fill(redis: &Redis, command: impl Fn(usize) -> String) {
    let mut client: Client = redis.connect();
    for batch in 0..MANY / AHEAD {
        for number in 0..AHEAD {
            client.send(command(batch * AHEAD + number));
        }
        for _ in 0..AHEAD {
            let reply = client.receive();
            assert!(!reply.is_error(), "{reply:?}");
        }
    }
}

/// Runs `round` on keys that `filled` makes, until `SLOWLOG` has stayed empty in one round.
#[track_caller]
fn assert_never_slow(redis: &Redis, filled: impl Fn(), round: impl Fn()) {
    let mut slow = Vec::new();
    for _ in 0..ROUNDS {
        redis.call("CONFIG SET slowlog-log-slower-than -1");
        filled();
        redis.call("SLOWLOG RESET");
        redis.call("CONFIG SET slowlog-log-slower-than 2000");
        round();
        let entries = redis.call("SLOWLOG GET 100");
        if entries.items().is_empty() {
            return;
        }
        slow.push(entries);
    }
    panic!("slow in each of {ROUNDS} rounds: {slow:?}");
}

#[track_caller]
fn call_all(redis: &Redis, lines: &[&str]) {
    for line in lines {
        let reply = redis.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
}

#[track_caller]
fn until_ended(redis: &Redis, key: &str) {
    redis.call(format!("PEXPIRE {key} 1"));
    // Which touches no key: the server ends it by itself.
    eventually("the key has ended", || match redis.call("DBSIZE") {
        none if none == 0 => Ok(()),
        left => Err(format!("{left:?}")),
    });
}

const ON_GATE: [&str; 9] = [
    "QGATE.COUNT g",
    "QGATE.INFO g",
    "QGATE.MEMBERS g",
    "QGATE.ACQUIRE g a LIMIT 1 PX 50000",
    "QGATE.ACQUIRE g b LIMIT 1 PX 50000",
    "QGATE.ACQUIRE g a LIMIT 1 PX 60000",
    "QGATE.RENEW g PX 50000 a m1 m2",
    "QGATE.RELEASE g a m1",
    "QGATE.LEAVE a 1 g",
];

fn fill_gate(redis: &Redis) {
    let ended = server_ms(redis) - 1_000_000;
    fill(redis, |member| {
        format!("ZADD g {} m{member}", ended + member as i64)
    });
    redis.call("PEXPIRE g 500000");
}

#[test]
fn a_gate_of_100_000_ended_leases_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_gate(&redis),
        || {
            for _ in 0..20 {
                call_all(&redis, &ON_GATE);
            }
            assert_eq!(redis.call("DEL g"), 1);
        },
    );
}

#[test]
fn the_end_of_a_gate_of_100_000_ended_leases_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_gate(&redis),
        || {
            until_ended(&redis, "g");
        },
    );
}

const ON_TRIE: [&str; 9] = [
    "TRIE.INFO k",
    "TRIE.FIND k s:5-u:5-a:5-u:6",
    "TRIE.FIND k s:5-u:5-a:5-u:6 EX 90000",
    "TRIE.FIND_RO k s:5-u:5 WITHMATCH",
    "TRIE.FIND k miss-miss",
    "TRIE.SAVE k s:5-u:7 v EX 60",
    "TRIE.SAVE k s:5-u:7-a:8 v EX 60 REPLACE s:5-u:7",
    "TRIE.DEL k s:5-u:7-a:8",
    "TRIE.DEL k miss",
];

/// Every other entry has ended.
fn fill_trie(redis: &Redis) {
    redis.call("TRIE.SAVE k lasting v EX 9000");
    fill(redis, |entry| {
        let life = if entry % 2 == 0 { 1 } else { 500_000 };
        format!("TRIE.SAVE k s:{entry}-u:{entry} account-{entry} PX {life}")
    });
}

#[test]
fn a_trie_of_100_000_chains_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_trie(&redis),
        || {
            for _ in 0..20 {
                call_all(&redis, &ON_TRIE);
            }
            assert_eq!(redis.call("DEL k"), 1);
        },
    );
}

#[test]
fn the_end_of_a_trie_of_100_000_chains_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_trie(&redis),
        || {
            until_ended(&redis, "k");
        },
    );
}

const ON_BUDGET: [&str; 8] = [
    "BUDGET.INFO b",
    "BUDGET.RESERVE b a COST 5 PX 50000 LIMIT 1000000",
    "BUDGET.RESERVE b b COST 500001 PX 50000 LIMIT 1000000",
    "BUDGET.RESERVE b a COST 4 PX 90000 LIMIT 1000000",
    "BUDGET.RENEW b PX 50000 a m1 m2",
    "BUDGET.SETTLE b m5 7",
    "BUDGET.SETTLE b another 0",
    "BUDGET.SETTLE b a 0 KEEP 1",
];

/// The lease of every other one ends before anything is measured.
fn fill_budget(redis: &Redis) {
    redis.call("DEL b");
    fill(redis, |member| {
        let lease = if member % 2 == 0 { 1 } else { 500_000 };
        format!("BUDGET.RESERVE b m{member} COST 5 PX {lease} LIMIT 1000000")
    });
    redis.call("PEXPIRE b 500000");
}

#[test]
fn a_budget_of_100_000_reservations_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_budget(&redis),
        || {
            for _ in 0..20 {
                call_all(&redis, &ON_BUDGET);
            }
            assert_eq!(redis.call("DEL b"), 1);
        },
    );
}

#[test]
fn the_end_of_a_budget_of_100_000_reservations_is_never_slow() {
    let redis = freeing_in_the_background();
    assert_never_slow(
        &redis,
        || fill_budget(&redis),
        || {
            until_ended(&redis, "b");
        },
    );
}

#[test]
fn the_longest_chain_against_a_full_trie_is_never_slow() {
    let redis = freeing_in_the_background();
    let longest = "s:5-u:5-a:5-u:6-".repeat(1_024);
    assert_never_slow(
        &redis,
        || fill_trie(&redis),
        || {
            for _ in 0..10 {
                let found = redis.call(["TRIE.FIND_RO", "k", &longest]);
                assert!(!found.is_error(), "{found:?}");
            }
            redis.call("DEL k");
        },
    );
}
