//! What once went wrong with whole decisions, each by name.

use harness::{Redis, error};

use super::{admit, granted, held, hold};
use crate::moment::server_ms;
use crate::qgate::lease_end;
use crate::unchanged::changes_nothing;
use crate::waiting::asker::{Asker, in_transaction};
use crate::waiting::line::{assert_to_the_millisecond, members, waiters};

#[test]
fn a_waiter_whose_own_gate_frees_takes_its_preferred_account() {
    let redis = held(&["u"]);
    let ask = "ALL 1 u 1 ANY 3 a 5 b 5 c 5 PREFER c BLOCK 0";
    let mut m = Asker::ask(&redis, admit("m", ask));
    redis.call("QGATE.RELEASE u h");
    assert_eq!(m.answer(), granted(2, 1));
}

#[test]
fn a_waiter_whose_patience_is_over_still_prefers_its_gate_where_several_free_at_once() {
    let redis = held(&["a", "b", "c"]);
    let ask = "ANY 3 a 1 b 1 c 1 PREFER c PATIENCE 10 BLOCK 0";
    let mut m = Asker::ask(&redis, admit("m", ask));
    redis.call("DEBUG SLEEP 0.05");
    redis.call("QGATE.LEAVE h 3 a b c");
    assert_eq!(m.answer(), granted(2, 1));
}

#[test]
fn a_holder_keeps_its_gate_though_it_prefers_another_with_patience() {
    let redis = Redis::start();
    hold(&redis, "b", "m");
    let ask = "ANY 2 a 1 b 1 PREFER a PATIENCE 5000 BLOCK 1000";
    assert_eq!(redis.call(admit("m", ask)), granted(1, 1));
    assert_eq!(redis.call("QGATE.COUNT a b"), [[0, 0], [1, 0]]);
}

#[test]
fn a_waiter_that_asks_again_and_is_granted_at_once_waits_no_more() {
    let redis = held(&["a"]);
    let rate = "RATES 1 r 10 1 100000000 3";
    let mut earlier = Asker::ask(&redis, admit("m", &format!("ANY 1 a 1 {rate} BLOCK 0")));
    assert_eq!(
        redis.call(admit("m", &format!("ANY 2 a 1 c 1 {rate}"))),
        granted(1, 1)
    );
    assert_eq!(
        redis.call("QGATE.COUNT a c"),
        [[1, 0], [1, 0]],
        "m waits no more"
    );
    assert_eq!(earlier.answer().items()[0], 0);
    let left = redis.call("RATE.TAKE r BURST 10 RATE 1 PER 100000000 COST 0");
    assert_eq!(left.items()[1], 7, "charged once");
    redis.call("QGATE.RELEASE a h");
    assert_eq!(
        members(&redis, "a"),
        [""; 0],
        "and has one gate of ANY, not two"
    );
}

#[test]
fn an_id_that_stood_in_two_lines_stands_once_after_it_asked_for_keys_of_both() {
    let redis = held(&["a", "b"]);
    let _one = Asker::ask(&redis, "QGATE.ACQUIRE a m LIMIT 1 PX 500000 BLOCK 0");
    let _other = Asker::ask(&redis, "QGATE.ACQUIRE b m LIMIT 1 PX 500000 BLOCK 0");
    let _both = Asker::ask(&redis, admit("m", "ANY 2 a 1 b 1 BLOCK 0"));
    assert_eq!(redis.call("QGATE.COUNT a b"), [[1, 1], [1, 1]]);
    assert_eq!(waiters(&redis, "QGATE.WAITERS b"), ["m"]);
}

// blocked.rs, seen.rs

#[test]
fn a_patient_waiter_is_found_by_every_key_that_it_named() {
    let redis = held(&["a"]);
    let ask = "ANY 3 a 1 b 1 c 1 PREFER a PATIENCE 60000 BLOCK 0";
    let mut m = Asker::ask(&redis, admit("m", ask));
    assert_eq!(redis.call("QGATE.COUNT a b c"), [[1, 1], [0, 1], [0, 1]]);
    assert_eq!(waiters(&redis, "QGATE.WAITERS b"), ["m"]);
    assert_eq!(redis.call("QGATE.CANCEL c m"), 1);
    assert_eq!(m.answer().items()[0], 0);
}

#[test]
fn a_patient_waiter_that_asks_again_for_the_other_gates_stands_once() {
    let redis = held(&["a", "b", "c"]);
    let patient = "ANY 3 a 1 b 1 c 1 PREFER a PATIENCE 60000 BLOCK 0";
    let mut first = Asker::ask(&redis, admit("m", patient));
    let mut second = Asker::ask(&redis, admit("m", "ANY 2 b 1 c 1 BLOCK 0"));
    assert_eq!(redis.call("QGATE.COUNT a b c"), [[1, 0], [1, 1], [1, 1]]);
    assert_eq!(first.answer().items()[0], 0);
    redis.call("QGATE.LEAVE h 2 a b");
    assert_eq!(second.answer(), granted(0, 1));
    assert_eq!(members(&redis, "a"), [""; 0]);
}

#[test]
fn those_who_want_nothing_but_one_gate_are_served_in_their_order_however_they_ask() {
    let redis = held(&["x"]);
    let mut first = Asker::ask(&redis, admit("w1", "ALL 1 x 1 BLOCK 0"));
    let _second = Asker::ask(&redis, "QGATE.ACQUIRE x w2 LIMIT 1 PX 500000 BLOCK 0");
    assert_eq!(waiters(&redis, "QGATE.WAITERS x"), ["w1", "w2"]);
    redis.call("QGATE.RELEASE x h");
    assert_eq!(members(&redis, "x"), ["w1"]);
    assert_eq!(first.answer(), granted(-1, 1));
}

#[test]
fn a_waiter_that_fills_another_gate_too_leaves_the_rest_of_this_one_to_those_behind() {
    let redis = Redis::start();
    for member in ["h", "i", "j"] {
        hold(&redis, "x", member);
    }
    let _w0 = Asker::ask(&redis, "QGATE.ACQUIRE x w0 LIMIT 3 PX 500000 BLOCK 0");
    let _w1 = Asker::ask(&redis, admit("w1", "ALL 2 x 3 y 1 BLOCK 0"));
    let _w2 = Asker::ask(&redis, "QGATE.ACQUIRE x w2 LIMIT 3 PX 500000 BLOCK 0");
    let answers = in_transaction(&redis, &["QGATE.RELEASE x h i j", "QGATE.COUNT x y"]);
    assert_eq!(answers[1], [[3, 0], [1, 0]], "in the same execution");
}

#[test]
fn a_failed_call_moves_no_line_and_names_no_limit() {
    let redis = held(&["g"]);
    redis.call("SET text x");
    let _w = Asker::ask(&redis, admit("w", "ANY 1 g 1 BLOCK 0"));
    let wrong = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    for ask in [
        "ALL 1 text 1 ANY 1 g 2",
        "ANY 1 g 2 AFFINITY text c",
        "ALL 1 v 1 ANY 1 g 2 RATES 1 text 5 5 5 1",
    ] {
        let answer = changes_nothing(&redis, || redis.call(admit("m", ask)));
        assert_eq!(answer, wrong, "{ask}");
        assert_eq!(*redis.call("QGATE.INFO g").field("limit"), 1, "{ask}");
    }
}

#[test]
fn hundreds_of_equal_gates_take_turns() {
    const GATES: usize = 300;
    let redis = Redis::start();
    let listed: String = (0..GATES)
        .map(|number| format!(" acc:{number} 5"))
        .collect();
    let ask = format!("ANY {GATES}{listed}");
    let mut grants = vec![0; GATES];
    for _ in 0..3 * GATES {
        let index = redis.call(admit("m", &ask)).items()[1].int();
        grants[index as usize] += 1;
        redis.call(format!("QGATE.RELEASE acc:{index} m"));
    }
    assert_eq!(grants, vec![3; GATES]);
}

#[test]
fn who_is_called_back_is_served_when_the_first_lease_ends_though_a_later_one_was_granted_meanwhile()
{
    let redis = held(&["u", "b"]);
    let mut late = Vec::new();
    for round in 0..9 {
        let gate = format!("a{round}");
        redis.call(format!("QGATE.ACQUIRE {gate} short LIMIT 2 PX 80"));
        let end = lease_end(&redis, &gate, "short");
        let ask = format!("ALL 1 u 1 ANY 2 {gate} 2 b 1 BLOCK 0");
        let mut w = Asker::ask(&redis, admit("w", &ask));
        redis.call(format!("QGATE.ACQUIRE {gate} long LIMIT 2 PX 500000"));
        redis.call("QGATE.RELEASE u h");
        let called_back = server_ms(&redis);
        assert_eq!(w.answer(), granted(0, 2));
        late.push(lease_end(&redis, &gate, "w") - 500_000 - end.max(called_back));
        redis.call("QGATE.RELEASE u w");
        hold(&redis, "u", "h");
    }
    assert_to_the_millisecond(late);
}

#[test]
fn a_lease_shorter_than_what_was_seen_before_is_handed_over_when_it_ends() {
    let redis = held(&["u", "a"]);
    let mut late = Vec::new();
    for _ in 0..9 {
        hold(&redis, "d", "h");
        let _aside = Asker::ask(&redis, admit("w", "ALL 1 u 1 ANY 2 a 1 d 1 BLOCK 0"));
        let _looks = Asker::ask(&redis, admit("x", "ANY 2 a 1 d 1 BLOCK 0"));
        redis.call("QGATE.CANCEL d x");
        redis.call("QGATE.RELEASE d h");
        assert_eq!(redis.call("QGATE.ACQUIRE d z LIMIT 1 PX 10"), [1, 1, 0]);
        let end = lease_end(&redis, "d", "z");
        assert_eq!(
            redis.call(admit("y", "ANY 2 a 1 d 1 BLOCK 0")),
            granted(1, 1)
        );
        late.push(lease_end(&redis, "d", "y") - 500_000 - end);
        redis.call("QGATE.RELEASE d y");
        redis.call("QGATE.CANCEL u w");
    }
    assert_to_the_millisecond(late);
}

#[test]
fn a_gate_renewed_for_a_waiter_that_is_gone_keeps_no_other_gate_taken() {
    let redis = held(&["u", "a"]);
    let m = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 1 a 1 BLOCK 0"));
    let kill = format!("CLIENT KILL ID {}", m.client_id());
    in_transaction(
        &redis,
        &["QGATE.LEAVE h 2 u a", "QGATE.RENEW u PX 777000 m", &kill],
    );
    harness::eventually("what is still the same is taken back", || {
        let seen = redis.call("QGATE.COUNT u a");
        if seen == [[1, 0], [0, 0]] {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
}
