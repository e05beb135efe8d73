//! Grants to waiters that are gone before the answer reaches them: what is still theirs is given to the next.

use harness::{Redis, Reply, eventually};

use super::asker::{Asker, in_one_piece, in_transaction};
use super::line::{assert_sound, holder, members, until_waiters_are};
use crate::aof::{appended, appending};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::typed::typed;
use crate::umq::{granted, stored};

fn kill(asker: &Asker) -> String {
    format!("CLIENT KILL ID {}", asker.client_id())
}

#[test]
fn the_turn_of_a_waiter_killed_after_its_grant_goes_to_the_next() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let lines = ["UMQ.RELEASE t a", "UMQ.INFO t", &kill(&b)];
    let answers = in_transaction(&redis, &lines);
    let lost = answers[1].field("token").int();
    assert_eq!(*answers[1].field("holder"), "b");
    assert!(granted(&c.answer()) > lost, "a token is used once");
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    b.assert_closed();
    assert_sound(&redis);
}

#[test]
fn the_slot_of_a_waiter_killed_after_its_grant_goes_to_the_next() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    let lines = ["QGATE.RELEASE g a", "QGATE.COUNT g", &kill(&b)];
    assert_eq!(in_transaction(&redis, &lines)[1], [[1, 1]]);
    assert_eq!(c.answer(), [1, 1, 0]);
    assert_eq!(members(&redis, "g"), ["c"]);
    b.assert_closed();
    assert_sound(&redis);
}

#[test]
fn commands_in_one_piece_are_rolled_back_like_a_transaction() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    in_one_piece(&redis, &["UMQ.RELEASE t a", &kill(&b)]);
    granted(&c.answer());
    assert_eq!(holder(&redis, "t").as_deref(), Some("c"));
    assert_sound(&redis);
}

#[test]
fn a_rolled_back_turn_has_its_former_stamp() {
    let redis = Redis::start();
    let stamp = server_ms(&redis) - 5_000;
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 60000 ""#)));
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 500000 DELAY 4000 BLOCK 0");
    in_transaction(&redis, &["UMQ.RELEASE t a NOSTAMP", &kill(&b)]);
    granted(&c.answer());
    assert_eq!(stored(&redis, "t")[2], stamp);
}

#[test]
fn a_rolled_back_turn_keeps_the_stamp_of_the_release_before() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let answers = in_transaction(&redis, &["UMQ.RELEASE t a", "GET t", &kill(&b)]);
    let text = answers[1].text();
    let words: Vec<_> = text.split(' ').collect();
    let rolled_back = eventually("the turn is free", || {
        let seen = redis.call("GET t").text();
        if seen.ends_with(' ') {
            Ok(seen)
        } else {
            Err(seen)
        }
    });
    let expected = format!("0 {} {} {} ", words[1], words[2], words[3]);
    assert_eq!(rolled_back, expected, "token used, stamp as released");
    assert!(granted(&redis.call("UMQ.ACQUIRE t c PX 1000")) > words[1].parse().unwrap());
}

#[test]
fn a_slot_rolled_back_with_nobody_next_is_free() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    in_transaction(&redis, &["QGATE.RELEASE g a", &kill(&b)]);
    eventually("the gate is empty", || {
        let seen = redis.call("QGATE.COUNT g");
        if seen == [[0, 0]] {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    assert_eq!(redis.call("QGATE.ACQUIRE g c LIMIT 1 PX 1000"), [1, 1, 0]);
    assert_sound(&redis);
}

#[test]
fn a_row_of_killed_waiters_is_passed_over() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let ask = |id| Asker::ask(&redis, format!("UMQ.ACQUIRE t {id} PX 500000 BLOCK 0"));
    let (b, c, d) = (ask("b"), ask("c"), ask("d"));
    let mut e = ask("e");
    in_one_piece(
        &redis,
        &["UMQ.RELEASE t a", &kill(&b), &kill(&c), &kill(&d)],
    );
    granted(&e.answer());
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    assert_sound(&redis);
}

#[test]
fn a_turn_that_is_anothers_by_then_stays() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let lines = [
        "UMQ.RELEASE t a",
        "UMQ.FORCE t",
        "UMQ.ACQUIRE t z PX 500000",
        &kill(&b),
    ];
    let token = granted(&in_transaction(&redis, &lines)[2]);
    assert_sound(&redis);
    let info = redis.call("UMQ.INFO t");
    assert_eq!(
        (info.field("holder"), info.field("token")),
        (&"z".into(), &token.into())
    );
}

#[test]
fn a_turn_granted_again_to_the_same_id_by_then_stays() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let lines = [
        "UMQ.RELEASE t a",
        "UMQ.RELEASE t b",
        "UMQ.ACQUIRE t b PX 500000",
        &kill(&b),
    ];
    let token = granted(&in_transaction(&redis, &lines)[2]);
    assert_sound(&redis);
    assert_eq!(*redis.call("UMQ.INFO t").field("token"), token);
    assert_eq!(holder(&redis, "t").as_deref(), Some("b"));
}

#[test]
fn a_slot_whose_lease_is_another_by_then_stays() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    let lines = ["QGATE.RELEASE g a", "QGATE.RENEW g PX 777000 b", &kill(&b)];
    in_transaction(&redis, &lines);
    assert_sound(&redis);
    assert_eq!(members(&redis, "g"), ["b"]);
    assert!(lease_end(&redis, "g", "b") > server_ms(&redis) + 700_000);
}

#[test]
fn a_key_that_is_another_by_then_stays() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 500000 BLOCK 0");
    let lines = [
        "UMQ.RELEASE t a",
        "QGATE.RELEASE g a",
        "DEL t g",
        "RPUSH t x",
        "SET g x",
        &kill(&b),
        &kill(&d),
    ];
    in_transaction(&redis, &lines);
    assert_sound(&redis);
    assert_eq!(redis.call("LRANGE t 0 -1"), ["x"]);
    assert_eq!(redis.call("GET g"), "x");
}

#[test]
fn a_roll_back_is_a_transaction_of_its_own_in_the_file() {
    let mut redis = appending().start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    let mut c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 500000 BLOCK 0");
    in_transaction(&redis, &["QGATE.RELEASE g a", &kill(&b)]);
    assert_eq!(c.answer(), [1, 1, 0]);
    let lines = appended(&redis);
    let place = |of: &dyn Fn(&str) -> bool| lines.iter().position(|line| of(line)).unwrap();
    let granted = place(&|line| line.starts_with("ZADD g ") && line.ends_with(" b"));
    let taken_back = place(&|line| line == "ZREM g b");
    let next = place(&|line| line.starts_with("ZADD g ") && line.ends_with(" c"));
    assert!(
        lines[granted..taken_back].iter().any(|line| line == "EXEC"),
        "{lines:#?}"
    );
    assert!(
        lines[taken_back..next].iter().all(|line| line != "EXEC"),
        "{lines:#?}"
    );
    let digest = redis.digest();
    redis.kill();
    redis.start_again();
    assert_eq!(redis.digest(), digest);
    assert_eq!(redis.call("QGATE.COUNT g"), [[1, 0]]);
    assert_eq!(redis.call("ZSCORE g b"), Reply::Nil);
}
