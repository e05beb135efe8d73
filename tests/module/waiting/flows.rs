//! Fairness between flows: the line is shared by weight, whatever the backlog of any of them.

use harness::Redis;

use super::asker::{Asker, ask_one_by_one};
use super::line::{assert_sound, assert_to_the_millisecond, granted_at, holder, served, waiters};
use crate::moment::server_ms;
use crate::umq::granted;

/// Asks for a turn that somebody has, in this order: the ids are the flow's name and a number.
#[track_caller]
fn backlog(redis: &Redis, flow: &str, count: usize, clause: &str) -> Vec<Asker> {
    let line = format!("UMQ.ACQUIRE t {flow}{{}} PX 500000 BLOCK 0 FLOW {flow} {clause}");
    ask_one_by_one(redis, count, &line)
}

/// The flow whose waiter each grant went to.
fn flows_of(grants: &[String]) -> String {
    grants.iter().filter_map(|id| id.chars().next()).collect()
}

/// Gives the turn back `count` times: who had it then.
#[track_caller]
fn next(redis: &Redis, count: usize) -> Vec<String> {
    let grant = |_| {
        let before = holder(redis, "t").expect("somebody has the turn");
        redis.call(["UMQ.RELEASE", "t", &before]);
        holder(redis, "t").expect("somebody is next")
    };
    (0..count).map(grant).collect()
}

#[test]
fn flows_of_equal_weight_alternate_whatever_the_backlog() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 30, "");
    let _b = backlog(&redis, "b", 3, "");
    let _c = backlog(&redis, "c", 3, "WEIGHT 1");
    let grants = served(&redis, "t");
    assert_eq!(flows_of(&grants[..10]), "xabcabcabc");
    assert_eq!(grants.len(), 37);
    let of_a: Vec<_> = grants
        .iter()
        .filter(|id| id.starts_with('a'))
        .cloned()
        .collect();
    let in_order: Vec<_> = (0..30).map(|number| format!("a{number}")).collect();
    assert_eq!(of_a, in_order, "first come first served within the flow");
    assert_sound(&redis);
}

#[test]
fn a_newcomer_waits_for_at_most_one_of_another_flows_backlog() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 20, "");
    for round in 0..5 {
        next(&redis, 3);
        let line = format!("UMQ.ACQUIRE t b{round} PX 500000 BLOCK 0 FLOW b");
        let _b = Asker::ask(&redis, line);
        let grants = flows_of(&next(&redis, 2));
        assert!(grants.contains('b'), "{grants} in round {round}");
    }
}

#[test]
fn a_flow_that_was_away_has_saved_nothing_up() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 30, "");
    next(&redis, 15);
    let _b = backlog(&redis, "b", 10, "");
    let grants = flows_of(&next(&redis, 12));
    assert!(!grants.contains("bbb"), "{grants}");
    let of_b = grants.matches('b').count();
    assert!((5..=7).contains(&of_b), "{grants}");
}

#[test]
fn weights_share_the_line_within_rounding() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 14, "WEIGHT 1");
    let _b = backlog(&redis, "b", 25, "WEIGHT 2");
    let _c = backlog(&redis, "c", 46, "WEIGHT 4");
    let grants = flows_of(&next(&redis, 70));
    for seen in (7..=70).step_by(7) {
        for (flow, weight) in [('a', 1), ('b', 2), ('c', 4)] {
            let share = seen / 7 * weight;
            let got = grants[..seen].matches(flow).count();
            assert!(
                got.abs_diff(share) <= 1,
                "{flow} got {got} of {seen}: {grants}"
            );
        }
    }
    assert!(!grants.contains("aa"), "{grants}");
}

#[test]
fn the_last_weight_given_for_a_flow_counts_for_all_of_it() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 20, "");
    let _b = backlog(&redis, "b", 19, "WEIGHT 1");
    let _last = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 9000 BLOCK 0 FLOW b WEIGHT 4");
    let grants = flows_of(&next(&redis, 20));
    let of_b = grants.matches('b').count();
    assert!((15..=17).contains(&of_b), "{grants}");
}

#[test]
fn those_without_a_flow_are_one_flow() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _n = ask_one_by_one(&redis, 6, "UMQ.ACQUIRE t n{} PX 500000 BLOCK 0");
    let _a = backlog(&redis, "a", 3, "");
    assert_eq!(flows_of(&served(&redis, "t")), "xnananannn");
}

#[test]
fn gates_are_shared_in_the_same_way() {
    let redis = Redis::start();
    for name in ["x", "y"] {
        redis.call(format!("QGATE.ACQUIRE g {name} LIMIT 2 PX 500000"));
    }
    let line =
        |flow: &str| format!("QGATE.ACQUIRE g {flow}{{}} LIMIT 2 PX 500000 BLOCK 0 FLOW {flow}");
    let mut a = ask_one_by_one(&redis, 6, &line("a"));
    let mut b = ask_one_by_one(&redis, 2, &line("b"));
    assert_eq!(redis.call("QGATE.RELEASE g x y"), 2);
    assert_eq!(a[0].answer(), [1, 1, 0]);
    assert_eq!(b[0].answer(), [1, 2, 0]);
    assert_eq!(redis.call("QGATE.RELEASE g a0 b0"), 2);
    assert_eq!(a[1].answer(), [1, 1, 0]);
    assert_eq!(b[1].answer(), [1, 2, 0]);
    assert_eq!(flows_of(&waiters(&redis, "QGATE.WAITERS g")), "aaaa");
}

#[test]
fn the_time_already_waited_orders_within_the_flow() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let ask = |clause: &str| Asker::ask(&redis, format!("UMQ.ACQUIRE t {clause} PX 9000 BLOCK 0"));
    let _askers = [
        "n1",
        "n2 WAITED 100000",
        "n3 WAITED 300000",
        "n4 WAITED 200000",
        "n5 WAITED 0",
    ]
    .map(ask);
    assert_eq!(served(&redis, "t"), ["x", "n3", "n4", "n2", "n1", "n5"]);
}

#[test]
fn the_time_already_waited_takes_nothing_from_another_flow() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    let _a = backlog(&redis, "a", 3, "");
    let _b = backlog(&redis, "b", 3, "WAITED 300000");
    assert_eq!(flows_of(&served(&redis, "t")), "xababab");
}

#[test]
fn a_flow_may_be_any_bytes_and_is_a_flow_of_its_line_only() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t x PX 500000");
    redis.call("UMQ.ACQUIRE u x PX 500000");
    let flow = [b"\0\xff ".as_slice(), &[b'f'; 509]].concat();
    let ask = |key: &str, id: &str, flow: &[u8]| {
        let words = ["UMQ.ACQUIRE", key, id, "PX", "9000", "BLOCK", "0", "FLOW"];
        let words = words.map(str::as_bytes);
        Asker::ask(&redis, [words.as_slice(), &[flow]].concat())
    };
    let _askers = [
        ask("t", "a1", &flow),
        ask("t", "a2", &flow),
        ask("u", "a3", &flow),
        ask("u", "a4", &flow),
        ask("t", "b1", &flow[..511]),
        ask("u", "n1", b"n"),
    ];
    assert_eq!(served(&redis, "t"), ["x", "a1", "b1", "a2"]);
    assert_eq!(served(&redis, "u"), ["x", "a3", "n1", "a4"]);
}

#[test]
fn a_newcomer_that_comes_first_is_served_at_once() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t h PX 500000");
    let patient = "UMQ.ACQUIRE t a PX 5000 DELAY 80000 BLOCK 0";
    let _patient = Asker::ask(&redis, patient);
    redis.call("UMQ.RELEASE t h");
    let mut late = Vec::new();
    for round in 0..5 {
        let asked = server_ms(&redis);
        let line = format!("UMQ.ACQUIRE t b{round} PX 5000 WAITED 60000 BLOCK 0");
        late.push(granted_at(granted(&redis.call(line))) - asked);
        redis.call(format!("UMQ.RELEASE t b{round}"));
    }
    assert_to_the_millisecond(late);
}
