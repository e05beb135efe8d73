//! Who may reserve how much.

use std::thread;

use harness::{Redis, Reply};

use super::{DAY_MS, MOST, answer, full, granted, info, reserve};
use crate::typed::typed;
use crate::unchanged::changes_nothing;

#[test]
fn reservations_are_granted_up_to_the_limit_and_no_further() {
    let redis = Redis::start();
    assert_eq!(reserve(&redis, "a", 40, 100), granted(0, 40));
    assert_eq!(reserve(&redis, "b", 60, 100), granted(0, 100));
    let refused = changes_nothing(&redis, || reserve(&redis, "c", 1, 100));
    assert_eq!(refused, full(0, 100));
    assert_eq!(reserve(&redis, "c", 0, 100), granted(0, 100));
    assert_eq!(info(&redis, "b"), [0, 100, 3]);
}

#[test]
fn what_was_spent_counts_beside_what_is_reserved() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b a 30");
    assert_eq!(reserve(&redis, "b", 71, 100), full(30, 0));
    assert_eq!(reserve(&redis, "b", 70, 100), granted(30, 70));
    redis.call("BUDGET.SETTLE b b 100");
    assert_eq!(reserve(&redis, "c", 0, 100), full(130, 0));
    assert_eq!(reserve(&redis, "c", 0, 130), granted(130, 0));
}

#[test]
fn each_call_brings_its_own_limit() {
    let redis = Redis::start();
    assert_eq!(reserve(&redis, "a", 100, 100), granted(0, 100));
    assert_eq!(reserve(&redis, "b", 100, 199), full(0, 100));
    assert_eq!(reserve(&redis, "b", 100, 200), granted(0, 200));
    assert_eq!(reserve(&redis, "c", 0, 0), full(0, 200));
    assert_eq!(info(&redis, "b"), [0, 200, 2]);
}

#[test]
fn a_limit_of_nothing_lets_nothing_be_spent() {
    let redis = Redis::start();
    assert_eq!(reserve(&redis, "a", 1, 0), full(0, 0));
    assert_eq!(reserve(&redis, "a", 0, 0), granted(0, 0));
}

#[test]
fn asking_again_for_the_same_changes_nothing_whatever_the_limit() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b x 5000");
    let line = "BUDGET.RESERVE b a COST 40 PX 400000 LIMIT 0";
    let again = changes_nothing(&redis, || redis.call(line));
    assert_eq!(answer(&again), granted(5000, 40));
    assert_eq!(info(&redis, "b"), [5000, 40, 1]);
}

#[test]
fn asking_for_less_is_granted_whatever_the_limit() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    assert_eq!(reserve(&redis, "a", 25, 0), granted(0, 25));
    assert_eq!(reserve(&redis, "b", 75, 100), granted(0, 100));
}

#[test]
fn asking_for_more_needs_room_and_otherwise_leaves_what_was_held() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    reserve(&redis, "b", 40, 100);
    assert_eq!(reserve(&redis, "a", 60, 100), granted(0, 100));
    let refused = changes_nothing(&redis, || reserve(&redis, "a", 61, 100));
    assert_eq!(refused, full(0, 100));
    assert_eq!(info(&redis, "b"), [0, 100, 2]);
}

#[test]
fn a_settled_member_reserves_nothing() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    redis.call("BUDGET.SETTLE b a 30");
    let refused = changes_nothing(&redis, || reserve(&redis, "a", 1, 1000));
    assert_eq!(refused, (-1, 30, 0, Some("b".to_owned())));
}

#[test]
fn the_greatest_amounts_are_exact() {
    let redis = Redis::start();
    assert_eq!(reserve(&redis, "a", MOST - 1, MOST), granted(0, MOST - 1));
    assert_eq!(reserve(&redis, "b", 2, MOST), full(0, MOST - 1));
    assert_eq!(reserve(&redis, "b", 1, MOST), granted(0, MOST));
    redis.call(format!("BUDGET.SETTLE b a {MOST}"));
    assert_eq!(info(&redis, "b"), [MOST, 1, 1]);
    assert_eq!(reserve(&redis, "c", MOST, MOST), full(MOST, 1));
}

#[test]
fn members_are_any_bytes_and_budgets_apart_by_key_and_database() {
    let redis = Redis::start();
    let huge = "x".repeat(512);
    for (held, member) in (0..).zip(["spent", "reserved", r#""\x00\r\n""#, "@", "@a", &huge]) {
        let line = format!("BUDGET.RESERVE b {member} COST 1 PX 500000 LIMIT 10");
        let reserved = redis.call(typed(&line));
        assert_eq!(answer(&reserved), granted(0, held + 1), "{member}");
        let settled = redis.call(typed(&format!("BUDGET.SETTLE c {member} 1")));
        assert_eq!(settled, 1, "{member}");
    }
    assert_eq!(
        (info(&redis, "b"), info(&redis, "c")),
        ([0, 6, 6], [6, 0, 0])
    );
    redis.call("SELECT 1");
    assert_eq!(info(&redis, "b"), [0, 0, 0]);
}

#[test]
fn of_many_who_reserve_at_once_no_more_are_granted_than_the_limit_holds() {
    let redis = Redis::start();
    let granted = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let redis = &redis;
                scope.spawn(move || {
                    let mut connection = redis.connect();
                    let asks = (0..100).map(|ask| {
                        let member = format!("{client}-{ask}");
                        let line = format!("BUDGET.RESERVE b {member} COST 7 PX 500000 LIMIT 1000");
                        connection.call(line).items()[0].int()
                    });
                    asks.sum::<i64>()
                })
            })
            .collect();
        let sums = clients.into_iter().map(|client| client.join());
        sums.map(|sum| sum.expect("a client has failed"))
            .sum::<i64>()
    });
    assert_eq!(granted, 142);
    assert_eq!(info(&redis, "b"), [0, 994, 142]);
}

#[test]
fn the_replies_are_the_same_in_both_protocols_in_a_transaction_and_in_a_script() {
    let redis = Redis::start();
    let mut client = redis.connect_resp3();
    let line = "BUDGET.RESERVE b a COST 40 PX 500000 LIMIT 100";
    let shown = |key| {
        Reply::Array(
            [1, 0, 40]
                .into_iter()
                .map(Reply::Int)
                .chain([key])
                .collect(),
        )
    };
    assert_eq!(client.call(line), shown(Reply::Nil));
    let expected = [("spent", 0), ("reserved", 40), ("members", 1)];
    let expected = expected.map(|(field, value)| (Reply::from(field), Reply::Int(value)));
    assert_eq!(client.call("BUDGET.INFO b"), Reply::Map(expected.to_vec()));
    client.call("MULTI");
    client.call(line);
    client.call("BUDGET.SETTLE b a 5");
    assert_eq!(
        client.call("EXEC"),
        Reply::Array(vec![shown(Reply::Nil), Reply::Int(1)])
    );
    let text =
        "return redis.call('BUDGET.RESERVE', KEYS[1], 'x', 'COST', 1, 'PX', 5000, 'LIMIT', 6)";
    let scripted = redis.call(["EVAL", text, "1", "b"]);
    assert_eq!(answer(&scripted), granted(5, 1));
}

#[test]
fn ten_thousand_reservations_are_counted_one_by_one() {
    let redis = Redis::start();
    let mut client = redis.connect();
    for member in 0..10_000 {
        let lease = 100_000 + member * 37;
        client.send(format!(
            "BUDGET.RESERVE b m{member} COST {member} PX {lease} LIMIT {MOST}"
        ));
    }
    for _ in 0..10_000 {
        assert_eq!(client.receive().items()[0], 1);
    }
    assert_eq!(info(&redis, "b"), [0, 49_995_000, 10_000]);
    for member in (0..10_000).step_by(2) {
        client.send(format!("BUDGET.SETTLE b m{member} 1 KEEP {DAY_MS}"));
    }
    for _ in 0..5_000 {
        assert_eq!(client.receive(), 1);
    }
    assert_eq!(info(&redis, "b"), [5_000, 25_000_000, 5_000]);
}
