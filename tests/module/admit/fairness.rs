//! Who is next where lines share gates: nobody is held up by another's own gate, and no line starves another.

use harness::Redis;

use super::{admit, granted, held, hold};
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, members, until_waiters_are};

/// Gives the slot of `gate` back for whoever has it, as often: who has had it.
#[track_caller]
fn served(redis: &Redis, gate: &str, times: usize) -> Vec<String> {
    let next = |_| {
        let holder = members(redis, gate).remove(0);
        assert_eq!(redis.call(["QGATE.RELEASE", gate, &holder]), 1);
        members(redis, gate).remove(0)
    };
    (0..times).map(next).collect()
}

/// Whose they are: the first letter of each.
fn owners(ids: &[String]) -> String {
    ids.iter().filter_map(|id| id.chars().next()).collect()
}

/// As many ask with ids of this letter, one after the other.
#[track_caller]
fn ask_many(redis: &Redis, letter: &str, count: usize, words: &str) -> Vec<Asker> {
    let ask = |number| Asker::ask(redis, admit(&format!("{letter}{number}"), words));
    (0..count).map(ask).collect()
}

#[test]
fn a_waiter_whose_own_gate_is_full_holds_up_nobody_of_its_flow_or_of_another() {
    for flow in ["", "FLOW f"] {
        let redis = held(&["u", "a"]);
        let own = format!("ALL 1 u 1 ANY 1 a 1 {flow} BLOCK 0");
        let _aside = ask_many(&redis, "x", 3, &own);
        let mut m = Asker::ask(
            &redis,
            admit("m", &format!("ALL 1 v 1 ANY 1 a 1 {flow} BLOCK 0")),
        );
        let mut n = Asker::ask(&redis, admit("n", "ANY 1 a 1 BLOCK 0"));
        redis.call("QGATE.RELEASE a h");
        assert_eq!(m.answer(), granted(0, 1));
        redis.call("QGATE.RELEASE a m");
        assert_eq!(n.answer(), granted(0, 1));
        until_waiters_are(&redis, "QGATE.WAITERS a", &["x0", "x1", "x2"]);
        let newcomer = redis.call(admit("z", "ANY 2 a 1 b 1"));
        assert_eq!(newcomer, granted(1, 1));
        redis.call("QGATE.RELEASE a n");
        assert_eq!(
            redis.call(admit("y", "ANY 1 a 1")),
            granted(0, 1),
            "nor newcomers"
        );
    }
}

#[test]
fn who_stood_aside_comes_back_with_its_place() {
    let redis = held(&["u", "a"]);
    let mut x = ask_many(&redis, "x", 1, "ALL 1 u 1 ANY 1 a 1 BLOCK 0");
    let mut y = ask_many(&redis, "y", 2, "ALL 1 v 9 ANY 1 a 1 BLOCK 0");
    redis.call("QGATE.RELEASE u h");
    assert_eq!(redis.call("QGATE.COUNT u a"), [[0, 1], [1, 3]]);
    assert_eq!(served(&redis, "a", 3), ["x0", "y0", "y1"]);
    assert_eq!(x[0].answer(), granted(0, 1));
    assert_eq!(y[0].answer(), granted(0, 1));
    assert_eq!(y[1].answer(), granted(0, 1));
}

#[test]
fn who_wants_more_of_its_own_gate_is_served_as_often_as_that_allows() {
    let redis = held(&["a", "b"]);
    let askers = ask_many(&redis, "x", 4, "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0");
    redis.call("QGATE.LEAVE h 2 a b");
    assert_eq!(redis.call("QGATE.COUNT u a b"), [[1, 3], [1, 3], [0, 3]]);
    for (number, mut asker) in askers.into_iter().enumerate() {
        assert_eq!(asker.answer().items()[0], 1);
        let member = format!("x{number}");
        assert_eq!(redis.call(format!("QGATE.LEAVE {member} 3 u a b")), 2);
    }
    assert_eq!(redis.call("QGATE.COUNT u a b"), [[0, 0], [0, 0], [0, 0]]);
    assert_sound(&redis);
}

#[test]
fn flows_share_the_accounts_in_proportion_to_their_weights() {
    let redis = held(&["a"]);
    let _x = ask_many(&redis, "x", 9, "ALL 1 ux 99 ANY 1 a 1 FLOW x BLOCK 0");
    let _y = ask_many(
        &redis,
        "y",
        9,
        "ALL 1 uy 99 ANY 1 a 1 FLOW y WEIGHT 2 BLOCK 0",
    );
    let order = owners(&served(&redis, "a", 9));
    assert_eq!(order.matches('y').count(), 6, "{order}");
    assert_eq!(order[..3].matches('y').count(), 2, "{order}");
}

#[test]
fn two_lines_that_share_a_gate_take_turns_at_it() {
    let redis = held(&["a", "b", "c"]);
    let _x = ask_many(&redis, "x", 9, "ANY 2 a 1 b 1 BLOCK 0");
    let _y = ask_many(&redis, "y", 9, "ANY 2 a 1 c 1 BLOCK 0");
    let order = owners(&served(&redis, "a", 12));
    for pair in order.as_bytes().chunks(2) {
        assert_ne!(pair[0], pair[1], "{order}");
    }
}

#[test]
fn plain_waiters_and_those_of_a_pool_take_turns_at_the_gate_that_they_share() {
    let redis = held(&["a", "b"]);
    let _x = ask_many(&redis, "x", 6, "ANY 2 a 1 b 1 BLOCK 0");
    let plain = |number| {
        let line = format!("QGATE.ACQUIRE a y{number} LIMIT 1 PX 500000 BLOCK 0");
        Asker::ask(&redis, line)
    };
    let _y: Vec<_> = (0..6).map(plain).collect();
    let order = owners(&served(&redis, "a", 12));
    for pair in order.as_bytes().chunks(2) {
        assert_ne!(pair[0], pair[1], "{order}");
    }
    until_waiters_are(&redis, "QGATE.WAITERS a", &[]);
    assert_sound(&redis);
}

#[test]
fn a_line_that_is_served_elsewhere_stands_behind_by_one_service_at_most() {
    let redis = held(&["a", "b"]);
    let _x = ask_many(&redis, "x", 20, "ANY 2 a 1 b 1 BLOCK 0");
    let _y = ask_many(&redis, "y", 8, "ANY 1 a 1 BLOCK 0");
    served(&redis, "b", 8);
    let order = owners(&served(&redis, "a", 8));
    assert!(!order.contains("yyy"), "{order}");
    assert!(!order.contains("xx"), "{order}");
}

#[test]
fn a_pool_of_equal_gates_is_one_line_in_whatever_order_it_is_named() {
    let redis = held(&["a", "b"]);
    let asks = [
        "ANY 2 a 1 b 1",
        "ANY 2 b 1 a 1",
        "ANY 2 a 1 b 1 PRIORITY 2 1",
    ];
    let askers: Vec<_> = asks
        .iter()
        .enumerate()
        .map(|(number, ask)| {
            Asker::ask(
                &redis,
                admit(&format!("w{number}"), &format!("{ask} BLOCK 0")),
            )
        })
        .collect();
    until_waiters_are(&redis, "QGATE.WAITERS a", &["w0", "w1", "w2"]);
    assert_eq!(redis.info("weir_lines"), "1");
    assert_eq!(served(&redis, "b", 3), ["w0", "w1", "w2"]);
    for (mut asker, index) in askers.into_iter().zip([1, 0, 1]) {
        assert_eq!(asker.answer(), granted(index, 1));
    }
}

#[test]
fn waiting_elsewhere_before_orders_within_the_flow() {
    let redis = held(&["a"]);
    let ask = |id: &str, waited: i64| {
        Asker::ask(
            &redis,
            admit(id, &format!("ALL 1 u 9 ANY 1 a 1 WAITED {waited} BLOCK 0")),
        )
    };
    let _askers = [ask("w0", 0), ask("w1", 300_000), ask("w2", 150_000)];
    until_waiters_are(&redis, "QGATE.WAITERS u", &["w1", "w2", "w0"]);
    assert_eq!(served(&redis, "a", 3), ["w1", "w2", "w0"]);
}

#[test]
fn no_slot_stays_free_while_somebody_waits_who_could_have_it() {
    let redis = held(&["a", "b", "c"]);
    hold(&redis, "u", "h");
    let _aside = ask_many(&redis, "x", 2, "ALL 1 u 1 ANY 3 a 1 b 1 c 1 BLOCK 0");
    let _first = ask_many(&redis, "y", 1, "ALL 1 v 1 ANY 1 c 1 BLOCK 0");
    let _behind = ask_many(&redis, "z", 2, "ALL 1 v 1 ANY 2 a 1 b 1 BLOCK 0");
    redis.call("QGATE.LEAVE h 2 a b");
    assert_eq!(
        redis.call("QGATE.COUNT u v a b c"),
        [[1, 2], [1, 2], [1, 3], [0, 3], [1, 3],]
    );
    redis.call("QGATE.RELEASE u h");
    let counts = [[1, 1], [1, 2], [1, 2], [1, 2]];
    assert_eq!(redis.call("QGATE.COUNT u v a b"), counts);
}
