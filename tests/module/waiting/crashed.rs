//! SIGKILL of a server that appends always: whatever it had answered is there after the restart, to the millisecond.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::{Client, Redis, Reply, eventually};

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_served, assert_sound, granted_at, holder, members, until_waiters_are};
use crate::aof::appending;
use crate::qgate::lease_end;
use crate::umq::{granted, stored};

const KEYS: usize = 4;
const CALLERS_PER_KEY: usize = 4;
const LIMIT: usize = 2;

/// How often something was granted before the server is killed.
const GRANTS: usize = 300;

/// How long a caller does nothing with what it has, in commands.
const HELD_FOR: usize = 6;

/// One who takes, holds and gives back until its server is gone.
struct Caller {
    client: Client,
    acquire: String,
    /// Reads what is stored of its own grant.
    look: String,
    release: String,
}

/// What a caller knows for certain when its server is gone without having answered its last command.
#[derive(Debug)]
enum Known {
    /// It holds what is stored as this.
    Holds { look: String, stored: Reply },
    /// It does not hold what was stored as this.
    GaveBack { look: String, stored: Reply },
    /// The last command was one that takes or gives back.
    Nothing,
}

impl Caller {
    fn of_turn(redis: &Redis, number: usize) -> Self {
        let key = format!("t{}", number % KEYS);
        Self {
            client: redis.connect(),
            acquire: format!("UMQ.ACQUIRE {key} c{number} PX 500000 BLOCK 0"),
            look: format!("GET {key}"),
            release: format!("UMQ.RELEASE {key} c{number}"),
        }
    }

    fn of_slot(redis: &Redis, number: usize) -> Self {
        let key = format!("g{}", number % KEYS);
        Self {
            client: redis.connect(),
            acquire: format!("QGATE.ACQUIRE {key} c{number} LIMIT {LIMIT} PX 500000 BLOCK 0"),
            look: format!("ZSCORE {key} c{number}"),
            release: format!("QGATE.RELEASE {key} c{number}"),
        }
    }

    fn until_the_server_is_gone(mut self, grants: &AtomicUsize) -> Known {
        loop {
            let Some(stored) = self.take() else {
                return Known::Nothing;
            };
            grants.fetch_add(1, Ordering::Relaxed);
            let look = self.look.clone();
            if !self.does_nothing() {
                return Known::Holds { look, stored };
            }
            if self.client.try_call(&self.release).is_err() {
                return Known::Nothing;
            }
            if !self.does_nothing() {
                return Known::GaveBack { look, stored };
            }
        }
    }

    /// Takes it, and reads what is stored of that.
    fn take(&mut self) -> Option<Reply> {
        let answer = self.client.try_call(&self.acquire).ok()?;
        assert_eq!(answer.items()[0], 1, "{answer:?}");
        self.client.try_call(&self.look).ok()
    }

    /// Whether the server is there all the while.
    fn does_nothing(&mut self) -> bool {
        (0..HELD_FOR).all(|_| self.client.try_call("PING").is_ok())
    }
}

#[test]
fn a_killed_server_has_kept_every_grant_and_every_release_that_it_had_answered() {
    let mut redis = appending().start();
    let grants = AtomicUsize::new(0);
    let callers: Vec<_> = (0..KEYS * CALLERS_PER_KEY)
        .flat_map(|number| {
            [
                Caller::of_turn(&redis, number),
                Caller::of_slot(&redis, number),
            ]
        })
        .collect();
    let known: Vec<_> = std::thread::scope(|scope| {
        let run = |caller: Caller| scope.spawn(|| caller.until_the_server_is_gone(&grants));
        let running: Vec<_> = callers.into_iter().map(run).collect();
        eventually("much was granted", || {
            let seen = grants.load(Ordering::Relaxed);
            if seen >= GRANTS {
                Ok(())
            } else {
                Err(seen.to_string())
            }
        });
        redis.kill();
        let end = |caller: std::thread::ScopedJoinHandle<'_, Known>| caller.join().unwrap();
        running.into_iter().map(end).collect()
    });
    redis.start_again();
    let holds = known
        .iter()
        .filter(|known| matches!(known, Known::Holds { .. }));
    assert!(holds.count() > 0, "{known:?}");
    for one in known {
        match one {
            Known::Holds { look, stored } => assert_eq!(redis.call(&look), stored, "{look}"),
            Known::GaveBack { look, stored } => assert_ne!(redis.call(&look), stored, "{look}"),
            Known::Nothing => {}
        }
    }
    for key in 0..KEYS {
        assert!(members(&redis, &format!("g{key}")).len() <= LIMIT);
    }
    assert_sound(&redis);
}

#[test]
fn leases_spacings_and_closures_end_after_a_crash_when_they_would_have_ended() {
    let mut redis = appending().start();
    redis.call("UMQ.ACQUIRE leased a PX 700");
    redis.call("UMQ.ACQUIRE spaced a PX 500000");
    redis.call("UMQ.RELEASE spaced a");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 700");
    redis.call("QGATE.CLOSE shut PX 700");
    let [lease_ends, ..] = stored(&redis, "leased");
    let [_, _, stamp, _] = stored(&redis, "spaced");
    let slot_ends = lease_end(&redis, "g", "a");
    let shut_until = -lease_end(&redis, "shut", "");
    redis.kill();
    redis.start_again();
    let mut leased = Asker::ask(&redis, "UMQ.ACQUIRE leased b PX 500000 BLOCK 0");
    let mut spaced = Asker::ask(&redis, "UMQ.ACQUIRE spaced b PX 500000 DELAY 900 BLOCK 0");
    let mut slot = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    let mut shut = Asker::ask(&redis, "QGATE.ACQUIRE shut b LIMIT 1 PX 500000 BLOCK 0");
    let leased_at = granted_at(granted(&leased.answer()));
    let spaced_at = granted_at(granted(&spaced.answer()));
    assert_eq!(slot.answer(), [1, 1, 0]);
    assert_eq!(shut.answer(), [1, 1, 0]);
    let slot_at = lease_end(&redis, "g", "b") - 500_000;
    let shut_at = lease_end(&redis, "shut", "b") - 500_000;
    for (at, due) in [
        (leased_at, lease_ends),
        (spaced_at, stamp + 900),
        (slot_at, slot_ends),
        (shut_at, shut_until),
    ] {
        assert_served(due, at);
    }
    assert_sound(&redis);
}

#[test]
fn what_was_handed_over_is_loaded_by_a_server_without_the_module() {
    for save in ["BGREWRITEAOF", "SAVE", "PING"] {
        let mut redis = appending().start();
        redis.call("UMQ.ACQUIRE t a PX 500000");
        redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
        let mut askers = [
            "UMQ.ACQUIRE t b PX 500000 BLOCK 0",
            "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0",
            "UMQ.ACQUIRE t c PX 500000 BLOCK 0",
        ]
        .map(|line| Asker::ask(&redis, line));
        redis.call("UMQ.RELEASE t a");
        redis.call("QGATE.RELEASE g a");
        granted(&askers[0].answer());
        redis.call(save);
        let before = redis.digest();
        redis.restart_without_module();
        assert_eq!(redis.digest(), before, "{save}");
        assert!(redis.call("GET t").text().ends_with(" b"));
        assert_eq!(redis.call("ZRANGE g 0 -1"), ["b"]);
    }
}

#[test]
fn a_hand_off_whose_end_is_missing_in_the_file_is_undone_as_a_whole() {
    let mut redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let before = redis.digest();
    let mut askers = ask_one_by_one(&redis, 3, "QGATE.ACQUIRE g w{} LIMIT 1 PX 500000 BLOCK 0");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let path = file(&redis);
    redis.call("MULTI");
    redis.call("UMQ.RELEASE t a");
    redis.call("QGATE.RELEASE g a");
    redis.call("EXEC");
    granted(&b.answer());
    assert_eq!(askers[0].answer(), [1, 1, 0]);
    redis.kill();
    let appended = fs::metadata(&path).unwrap().len();
    let cut = OpenOptions::new().write(true).open(&path).unwrap();
    cut.set_len(appended - 1).unwrap();
    redis.start_again();
    assert_eq!(redis.digest(), before);
    assert_eq!(holder(&redis, "t").as_deref(), Some("a"));
    assert_eq!(members(&redis, "g"), ["a"]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_sound(&redis);
}

/// What the server appends to.
#[track_caller]
fn file(redis: &Redis) -> PathBuf {
    let files = redis.dir().join("appendonlydir").read_dir();
    let files = files.expect("the server was started with appendonly");
    files
        .map(|file| file.expect("the directory can be read").path())
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .expect("a running server has a file")
}
