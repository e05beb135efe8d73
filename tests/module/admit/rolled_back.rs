//! Grants over several gates to waiters that are gone before the answer reaches them: every slot that is still theirs
//! is given to the next.

use harness::{Redis, eventually};

use super::{admit, granted, held};
use crate::aof::{appended, appending};
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_sound, members, until_waiters_are};

const WHOLE: &str = "ALL 2 u 1 v 1 ANY 2 a 1 b 1 BLOCK 0";
const FREE: &str = "QGATE.LEAVE h 4 u v a b";

fn kill(asker: &Asker) -> String {
    format!("CLIENT KILL ID {}", asker.client_id())
}

#[track_caller]
fn until_counts_are<const N: usize>(redis: &Redis, counts: [[i64; 2]; N]) {
    eventually("so many are in use and wait", || {
        let seen = redis.call("QGATE.COUNT u v a b");
        if seen == counts {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
}

#[test]
fn every_slot_of_a_waiter_killed_after_its_grant_goes_to_the_next() {
    let redis = held(&["u", "v", "a", "b"]);
    let mut m = Asker::ask(&redis, admit("m", WHOLE));
    let mut n = Asker::ask(&redis, admit("n", WHOLE));
    let answers = in_transaction(&redis, &[FREE, "QGATE.COUNT u v a b", &kill(&m)]);
    assert_eq!(answers[1], [[1, 1], [1, 1], [1, 1], [0, 1]]);
    assert_eq!(n.answer().items()[0], 1);
    assert_eq!(members(&redis, "u"), ["n"]);
    assert_eq!(members(&redis, "v"), ["n"]);
    until_counts_are(&redis, [[1, 0], [1, 0], [0, 0], [1, 0]]);
    m.assert_closed();
    assert_eq!(redis.info("weir_qgate_roll_backs"), "1");
    assert_sound(&redis);
}

#[test]
fn slots_rolled_back_go_to_whoever_waits_for_one_of_them() {
    let redis = held(&["u", "v", "a", "b"]);
    let m = Asker::ask(&redis, admit("m", WHOLE));
    let mut plain = Asker::ask(&redis, "QGATE.ACQUIRE a p LIMIT 1 PX 500000 BLOCK 0");
    let mut own = Asker::ask(&redis, admit("o", "ALL 1 u 1 BLOCK 0"));
    in_transaction(&redis, &["QGATE.LEAVE h 3 u v a", &kill(&m)]);
    assert_eq!(plain.answer(), [1, 1, 0]);
    assert_eq!(own.answer(), granted(-1, 1));
    until_counts_are(&redis, [[1, 0], [0, 0], [1, 0], [1, 0]]);
    assert_sound(&redis);
}

#[test]
fn slots_rolled_back_with_nobody_next_are_free_and_empty_gates_exist_no_more() {
    let redis = held(&["u", "v", "a", "b"]);
    let m = Asker::ask(&redis, admit("m", WHOLE));
    in_transaction(&redis, &[FREE, &kill(&m)]);
    until_counts_are(&redis, [[0, 0], [0, 0], [0, 0], [0, 0]]);
    assert_eq!(redis.call("DBSIZE"), 0);
    assert_sound(&redis);
}

#[test]
fn only_the_slots_that_are_still_the_same_are_rolled_back() {
    let redis = held(&["u", "v", "a"]);
    let m = Asker::ask(&redis, admit("m", "ALL 2 u 1 v 1 ANY 1 a 1 BLOCK 0"));
    let lines = [
        "QGATE.LEAVE h 3 u v a",
        "ZADD u 99999999999999 m",
        "DEL v",
        "RPUSH v x",
        &kill(&m),
    ];
    in_transaction(&redis, &lines);
    eventually("the account is free", || {
        let seen = redis.call("QGATE.COUNT a");
        if seen == [[0, 0]] {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_eq!(members(&redis, "u"), ["m"]);
    assert_eq!(redis.call("LRANGE v 0 -1"), ["x"]);
    assert_sound(&redis);
}

#[test]
fn slots_that_the_waiter_had_before_are_not_rolled_back() {
    let redis = held(&["u"]);
    redis.call("QGATE.ACQUIRE v m LIMIT 1 PX 400000");
    let m = Asker::ask(&redis, admit("m", "ALL 2 v 1 u 1 ANY 1 a 1 BLOCK 0"));
    in_transaction(&redis, &["QGATE.RELEASE u h", &kill(&m)]);
    eventually("what was new is given back", || {
        let seen = redis.call("QGATE.COUNT u a v");
        if seen == [[0, 0], [0, 0], [1, 0]] {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_eq!(members(&redis, "v"), ["m"]);
}

#[test]
fn a_member_that_was_told_over_another_connection_keeps_its_slots() {
    let redis = held(&["u", "v", "a", "b"]);
    let m = Asker::ask(&redis, admit("m", WHOLE));
    let again = WHOLE.replace("BLOCK 0", "");
    let lines = [FREE, &admit("m", &again), &kill(&m)];
    let answers = in_transaction(&redis, &lines);
    assert_eq!(answers[1].items()[0], 1);
    redis.call("DEBUG SLEEP 0.01");
    assert_sound(&redis);
    assert_eq!(members(&redis, "u"), ["m"]);
    assert_eq!(members(&redis, "v"), ["m"]);
    assert_eq!(redis.info("weir_qgate_roll_backs"), "0");
}

#[test]
fn a_roll_back_over_several_gates_is_one_transaction_in_the_file() {
    let mut redis = appending().start();
    for gate in ["u", "v", "a", "b"] {
        super::hold(&redis, gate, "h");
    }
    let m = Asker::ask(&redis, admit("m", WHOLE));
    let mut n = Asker::ask(&redis, admit("n", WHOLE));
    in_transaction(&redis, &[FREE, &kill(&m)]);
    assert_eq!(n.answer().items()[0], 1);
    let lines = appended(&redis);
    let back = lines
        .iter()
        .position(|line| line == "ZREM u m")
        .expect("given back");
    let begin = lines[..back]
        .iter()
        .rposition(|line| line == "MULTI")
        .expect("a transaction");
    let end = lines[back..]
        .iter()
        .position(|line| line == "EXEC")
        .expect("a transaction")
        + back;
    let between = &lines[begin..end];
    for line in ["ZREM u m", "ZREM v m"] {
        assert!(
            between.iter().any(|seen| seen == line),
            "{line} in {lines:#?}"
        );
    }
    let entered = |gate: &str| {
        let begins = format!("ZADD {gate} ");
        between
            .iter()
            .any(|line| line.starts_with(&begins) && line.ends_with(" n"))
    };
    assert!(entered("u") && entered("v"), "{lines:#?}");
    let digest = redis.digest();
    redis.kill();
    redis.start_again();
    assert_eq!(redis.digest(), digest);
    until_waiters_are(&redis, "QGATE.WAITERS u", &[]);
}

#[test]
fn a_roll_back_over_several_gates_waits_until_a_pause_is_over() {
    let redis = held(&["u", "v", "a", "b"]);
    let m = Asker::ask(&redis, admit("m", WHOLE));
    let mut n = Asker::ask(&redis, admit("n", WHOLE));
    in_transaction(&redis, &[FREE, "CLIENT PAUSE 200 WRITE", &kill(&m)]);
    assert_eq!(members(&redis, "u"), ["m"], "nothing is written in a pause");
    assert_eq!(n.answer().items()[0], 1);
    assert_eq!(members(&redis, "v"), ["n"]);
    assert_sound(&redis);
}
