//! The alarm by which those who wait are served on time: what it must not do while a script runs, and what it leaves.

use std::fs;

use harness::{Redis, eventually};

use super::asker::Asker;
use super::line::{assert_sound, until_waiters_are};
use crate::moment::server_ms;
use crate::qgate::lease_end;

/// Runs for more than a second, in which the server serves files; the answer is how many wait when it begins and ends.
const SLOW: &str = "local waiting = function() return redis.call('QGATE.COUNT', KEYS[1])[1][2] end \
    local before, begin = waiting(), redis.call('TIME')[1] \
    while redis.call('TIME')[1] - begin < 2 do end \
    return {before, waiting()}";

/// The server's open files that are timers.
#[track_caller]
fn timers(redis: &Redis) -> usize {
    let files = format!("/proc/{}/fd", redis.info("process_id"));
    let files = fs::read_dir(files).expect("Linux shows the files of a process");
    let names = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    names
        .filter(|name| name.ends_with("anon_inode:[timerfd]"))
        .count()
}

#[test]
fn who_is_due_while_a_script_runs_is_served_after_it() {
    let redis = Redis::start();
    redis.call("CONFIG SET busy-reply-threshold 10");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000");
    let end = lease_end(&redis, "g", "a");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    eventually("the lease ends soon, and the alarm is set", || {
        let left = end - server_ms(&redis);
        if left < 80 {
            Ok(())
        } else {
            Err(format!("{left} ms left"))
        }
    });
    let waiting = redis.call(["EVAL", SLOW, "1", "g"]);
    assert_eq!(waiting.items()[0], waiting.items()[1]);
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_sound(&redis);
}

#[test]
fn a_module_that_is_unloaded_leaves_no_timer_behind() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 50 BLOCK 0");
    assert_eq!(b.answer(), [1, 1, 0]);
    assert_eq!(timers(&redis), 1);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    eventually("the module is unloaded", || {
        let reply = redis.call("MODULE UNLOAD weir");
        if reply == "OK" {
            Ok(())
        } else {
            Err(format!("{reply:?}"))
        }
    });
    assert_eq!(timers(&redis), 0);
}
