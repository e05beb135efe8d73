//! That a command has changed nothing: neither data nor times to live, and nothing was replicated or written.

use harness::{Redis, Reply, error};

use crate::typed::typed;

/// All that a command can change.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    digest: String,
    /// `PEXPIRETIME` of each key, which the digest leaves out.
    ends: Vec<(Vec<u8>, i64)>,
    changes: String,
    aof_bytes: u64,
}

impl State {
    #[track_caller]
    pub(crate) fn of(redis: &Redis) -> Self {
        Self {
            digest: redis.digest(),
            ends: ends(redis),
            changes: redis.info("rdb_changes_since_last_save"),
            aof_bytes: aof_bytes(redis),
        }
    }
}

/// When each key ends, by name.
#[track_caller]
pub(crate) fn ends(redis: &Redis) -> Vec<(Vec<u8>, i64)> {
    let keys = redis.call("KEYS *");
    let end_of = |key: &Reply| {
        let Reply::Text(name) = key else {
            panic!("a key is a string, not {key:?}");
        };
        let end = redis.call([b"PEXPIRETIME", name.as_slice()]).int();
        (name.clone(), end)
    };
    let mut ends: Vec<_> = keys.items().iter().map(end_of).collect();
    ends.sort();
    ends
}

/// Runs `act` and demands that the server's data are as before, and that it is alive.
#[track_caller]
pub(crate) fn changes_nothing<T>(redis: &Redis, act: impl FnOnce() -> T) -> T {
    let before = State::of(redis);
    let answer = act();
    assert_eq!(State::of(redis), before, "something changed");
    answer
}

/// Each line, written as for `redis-cli`, is answered by its error and changes nothing.
#[track_caller]
pub(crate) fn refuses<L: AsRef<str>, E: AsRef<str>>(redis: &Redis, table: &[(L, E)]) {
    for (line, refusal) in table {
        let (line, refusal) = (line.as_ref(), refusal.as_ref());
        let before = State::of(redis);
        let reply = redis.call(typed(line));
        assert_eq!(reply, error(refusal), "{line}");
        assert_eq!(State::of(redis), before, "something changed: {line}");
    }
}

fn aof_bytes(redis: &Redis) -> u64 {
    let Ok(files) = redis.dir().join("appendonlydir").read_dir() else {
        return 0;
    };
    files
        .map(|file| {
            file.and_then(|file| file.metadata())
                .map_or(0, |of| of.len())
        })
        .sum()
}
