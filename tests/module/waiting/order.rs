//! Who is next: first come, first served, and nobody is overtaken.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one, in_one_piece, in_transaction};
use super::line::{assert_sound, holder, members, served, until_waiters_are, waiters};
use crate::umq::granted;

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("w{number}")).collect()
}

#[test]
fn fifty_waiters_for_a_turn_are_served_first_come_first() {
    let redis = Redis::start();
    let mut last = granted(&redis.call("UMQ.ACQUIRE t x PX 500000"));
    let askers = ask_one_by_one(&redis, 50, "UMQ.ACQUIRE t w{} PX 500000 BLOCK 0");
    assert_eq!(waiters(&redis, "UMQ.WAITERS t"), ids(50));
    let mut before = "x".to_owned();
    for (id, mut asker) in ids(50).into_iter().zip(askers) {
        assert_eq!(redis.call(["UMQ.RELEASE", "t", &before]), 1);
        let token = granted(&asker.answer());
        assert!(token > last, "tokens grow");
        assert_eq!(holder(&redis, "t"), Some(id.clone()));
        (last, before) = (token, id);
    }
    assert_sound(&redis);
}

#[test]
fn fifty_waiters_for_three_slots_are_served_first_come_first() {
    let redis = Redis::start();
    for name in ["x", "y", "z"] {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 3 PX 500000"));
    }
    let askers = ask_one_by_one(&redis, 50, "QGATE.ACQUIRE g w{} LIMIT 3 PX 500000 BLOCK 0");
    assert_eq!(waiters(&redis, "QGATE.WAITERS g"), ids(50));
    let mut held = vec!["x".to_owned(), "y".into(), "z".into()];
    for (id, mut asker) in ids(50).into_iter().zip(askers) {
        let given_back = held.remove(held.len() / 2);
        assert_eq!(redis.call(["QGATE.RELEASE", "g", &given_back]), 1);
        assert_eq!(asker.answer(), [1, 3, 0], "{id}");
        held.push(id);
        let mut names = held.clone();
        names.sort();
        assert_eq!(members(&redis, "g"), names);
    }
    assert_sound(&redis);
}

#[test]
fn the_order_holds_over_a_hundred_rounds() {
    let redis = Redis::start();
    let mut clients: Vec<_> = (0..4).map(|_| redis.connect()).collect();
    for round in 0..100 {
        redis.call("UMQ.ACQUIRE t x PX 500000");
        let mut order: Vec<usize> = (0..4).collect();
        order.rotate_left(round % 4);
        for (place, number) in order.iter().enumerate() {
            clients[*number].send(format!("UMQ.ACQUIRE t w{number} PX 500000 BLOCK 0"));
            let standing: Vec<_> = order[..=place].iter().map(|n| format!("w{n}")).collect();
            let standing: Vec<_> = standing.iter().map(String::as_str).collect();
            until_waiters_are(&redis, "UMQ.WAITERS t", &standing);
        }
        let expected: Vec<_> = order.iter().map(|number| format!("w{number}")).collect();
        assert_eq!(served(&redis, "t")[1..], expected, "round {round}");
        for client in &mut clients {
            granted(&client.receive());
        }
    }
}

#[test]
fn the_order_of_the_listing_is_the_order_of_the_grants() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let lines = [
        "a1 FLOW a",
        "a2 FLOW a",
        "a3 FLOW a",
        "n1",
        "b1 FLOW b WEIGHT 3",
        "b2 FLOW b WEIGHT 3",
        "b3 FLOW b WEIGHT 3",
        "a4 FLOW a WAITED 90000",
        "n2",
        "b4 FLOW b WEIGHT 3",
        "n3 WAITED 5000",
    ];
    let ask = |words: &str| {
        let (id, clause) = words.split_once(' ').unwrap_or((words, ""));
        Asker::ask(
            &redis,
            format!("UMQ.ACQUIRE t {id} PX 500000 BLOCK 0 {clause}"),
        )
    };
    let _askers = lines.map(ask);
    for left in (0..=lines.len()).rev() {
        let listed = waiters(&redis, "UMQ.WAITERS t");
        assert_eq!(listed.len(), left);
        redis.call(["UMQ.RELEASE", "t", &holder(&redis, "t").unwrap()]);
        assert_eq!(holder(&redis, "t").as_ref(), listed.first());
    }
}

#[test]
fn a_newcomer_that_does_not_wait_overtakes_nobody() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 0");
    let refused = redis.call("UMQ.ACQUIRE t c PX 1000");
    assert_eq!(
        refused,
        [0, -1, 0, 1],
        "the turn is free, but b stands first"
    );
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let _d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 50000 BLOCK 0");
    let _e = Asker::ask(&redis, "QGATE.ACQUIRE g e LIMIT 1 PX 50000 BLOCK 0");
    assert_eq!(redis.call("QGATE.ACQUIRE g f LIMIT 1 PX 1000"), [0, 1, 2]);
}

#[test]
fn a_newcomer_that_waits_overtakes_nobody() {
    let redis = Redis::start();
    in_one_piece(&redis, &["UMQ.ACQUIRE t a PX 50000", "UMQ.RELEASE t a"]);
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 DELAY 80000 BLOCK 0");
    let mut c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 1000 BLOCK 70");
    assert_eq!(c.answer().items()[0], 0);
    until_waiters_are(&redis, "UMQ.WAITERS t", &["b"]);
}

#[test]
fn nobody_barges_in_between_a_release_and_the_hand_off() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let _c = Asker::ask(&redis, "UMQ.ACQUIRE t c PX 50000 BLOCK 0");
    let mut d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 50000 BLOCK 0");
    let lines = [
        "UMQ.RELEASE t a",
        "UMQ.ACQUIRE t a PX 50000",
        "QGATE.RELEASE g a",
        "QGATE.ACQUIRE g a LIMIT 1 PX 50000 BLOCK 0",
    ];
    let answers = in_transaction(&redis, &lines);
    assert_eq!(answers[1], [0, -1, 0, 1]);
    assert_eq!(answers[3], [0, 1, 0]);
    granted(&b.answer());
    assert_eq!(d.answer(), [1, 1, 0]);
    assert_eq!(members(&redis, "g"), ["d"]);
}

#[test]
fn nobody_barges_in_when_a_script_gives_back_and_asks_again() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let text = "redis.call('UMQ.RELEASE', KEYS[1], 'a') \
                return redis.call('UMQ.ACQUIRE', KEYS[1], 'a', 'PX', 50000)";
    assert_eq!(redis.call(["EVAL", text, "1", "t"]), [0, -1, 0, 0]);
    granted(&b.answer());
}

#[test]
fn a_key_that_somebody_deleted_does_not_let_a_newcomer_overtake() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let mut d = Asker::ask(&redis, "QGATE.ACQUIRE g d LIMIT 1 PX 50000 BLOCK 0");
    let lines = [
        "DEL t g",
        "UMQ.ACQUIRE t c PX 50000",
        "QGATE.ACQUIRE g c LIMIT 1 PX 50000",
    ];
    let answers = in_transaction(&redis, &lines);
    assert_eq!(answers[1].items()[0], 0);
    assert_eq!(answers[2].items()[0], 0);
    granted(&b.answer());
    assert_eq!(d.answer(), [1, 1, 0]);
}

#[test]
fn the_holder_asking_again_is_granted_whoever_waits() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let _b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 50000 BLOCK 0");
    let _c = Asker::ask(&redis, "QGATE.ACQUIRE g c LIMIT 1 PX 50000 BLOCK 0");
    for clause in ["", "BLOCK 0", "BLOCK 5000 QUEUE 0 FLOW f"] {
        let turn = redis.call(format!("UMQ.ACQUIRE t a PX 60000 {clause}"));
        assert_eq!(turn, [1, 0, token, 0]);
        let slot = redis.call(format!("QGATE.ACQUIRE g a LIMIT 1 PX 60000 {clause}"));
        assert_eq!(slot, [1, 1, 0]);
    }
}
