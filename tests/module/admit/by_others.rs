//! Changes that others make to one of the gates of those who wait, and clients that are paused.

use harness::Redis;

use super::{admit, granted, held};
use crate::moment::moment;
use crate::qgate::lease_end;
use crate::waiting::asker::{Asker, in_one_piece};
use crate::waiting::line::{assert_noticed, assert_sound, members};

/// What makes room in `{g}`, where `h` has the only slot.
const CHANGES: [&str; 9] = [
    "DEL {g}",
    "UNLINK {g}",
    "ZREM {g} h",
    "ZADD {g} 1 h",
    "RENAME {g} other",
    "PEXPIRE {g} 1",
    "FLUSHDB",
    "FLUSHALL",
    "SWAPDB 0 5",
];

#[test]
fn a_gate_of_all_that_others_free_is_noticed_within_100_ms() {
    let mut grants = Vec::new();
    for change in CHANGES {
        let redis = held(&["u"]);
        let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
        let change = moment(&redis, change.replace("{g}", "u"));
        assert!(!change.reply.is_error(), "{:?}", change.reply);
        assert_eq!(m.answer(), granted(0, 1));
        grants.push((change, lease_end(&redis, "u", "m") - 500_000));
        assert_sound(&redis);
    }
    assert_noticed(&grants);
}

#[test]
fn a_gate_of_any_that_others_free_is_noticed_within_100_ms() {
    let mut grants = Vec::new();
    for change in CHANGES {
        let redis = held(&["a", "b", "c"]);
        let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 3 a 1 b 1 c 1 BLOCK 0"));
        let change = moment(&redis, change.replace("{g}", "b"));
        let answer = m.answer();
        assert_eq!(answer.items()[0], 1);
        let gate = ["a", "b", "c"][answer.items()[1].int() as usize];
        grants.push((change, lease_end(&redis, gate, "m") - 500_000));
        assert_eq!(members(&redis, "u"), ["m"]);
        assert_sound(&redis);
    }
    assert_noticed(&grants);
}

#[test]
fn a_gate_that_comes_by_another_name_has_its_holders_and_no_room_for_waiters() {
    let redis = held(&["u", "full"]);
    let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    in_one_piece(&redis, &["COPY full a", "RENAME full u"]);
    redis.call("DEBUG SLEEP 0.15");
    assert_eq!(redis.call("QGATE.COUNT u a"), [[1, 1], [1, 1]]);
    redis.call("QGATE.RELEASE u h");
    assert_eq!(redis.call("QGATE.COUNT u a"), [[0, 1], [1, 1]]);
    redis.call("DEL a");
    assert_eq!(m.answer(), granted(0, 1));
    assert_sound(&redis);
}

#[test]
fn leases_that_end_in_a_pause_serve_waiters_after_it() {
    for mode in ["WRITE", "ALL"] {
        let redis = Redis::start();
        redis.call("QGATE.ADMIT h PX 1000 ALL 1 u 1 ANY 2 a 1 b 1");
        super::hold(&redis, "b", "h");
        let mut m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
        let pause = moment(&redis, format!("CLIENT PAUSE 1250 {mode}"));
        assert_eq!(m.answer(), granted(0, 1));
        let at = lease_end(&redis, "u", "m") - 500_000;
        assert!(at >= pause.from + 1250, "{at} {pause:?}");
        assert_sound(&redis);
    }
}

#[test]
fn patience_that_ends_in_a_pause_takes_another_gate_after_it() {
    let redis = held(&["a"]);
    let ask = "ALL 1 u 1 ANY 2 a 1 b 1 PREFER a PATIENCE 1000 BLOCK 0";
    let mut m = Asker::ask(&redis, admit("m", ask));
    let pause = moment(&redis, "CLIENT PAUSE 1250 WRITE");
    assert_eq!(m.answer(), granted(1, 1));
    let at = lease_end(&redis, "b", "m") - 500_000;
    assert!(at >= pause.from + 1250, "{at} {pause:?}");
    assert_sound(&redis);
}

#[test]
fn a_wait_that_ends_in_a_pause_gives_its_rates_back_after_it() {
    let redis = held(&["u"]);
    let ask = "ALL 1 u 1 ANY 1 a 1 RATES 1 r 10 1 100000000 3 BLOCK 60";
    let mut m = Asker::ask(&redis, admit("m", ask));
    redis.call("CLIENT PAUSE 200 WRITE");
    assert_eq!(m.answer().items()[0], 0);
    assert_eq!(redis.call("EXISTS r"), 1, "nothing is written in a pause");
    harness::eventually("the bucket is full again", || {
        let seen = redis.call("EXISTS r");
        if seen == 0 {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_sound(&redis);
}
