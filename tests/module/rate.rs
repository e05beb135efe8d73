//! RATE: what each command answers, in which words it may be asked, and that the rate holds in real time.

use harness::{Redis, Reply, eventually, time};

use crate::moment::{Moment, moment, moment_of};
use crate::unchanged::changes_nothing;

/// One token in 100 s, of three: none comes back while a test runs.
const SLOW: &str = "BURST 3 RATE 1 PER 100000";

#[track_caller]
fn take(redis: &Redis, rest: &str) -> [i64; 4] {
    numbers(&redis.call(format!("RATE.TAKE r {SLOW} {rest}")))
}

#[track_caller]
fn numbers(reply: &Reply) -> [i64; 4] {
    let [allowed, remaining, retry_after, reset] = reply.items() else {
        panic!("four elements were expected, not {reply:?}");
    };
    [allowed, remaining, retry_after, reset].map(Reply::int)
}

#[test]
fn a_burst_is_taken_one_by_one_and_then_refused_until_a_token_has_come() {
    let redis = Redis::start();
    assert_eq!(take(&redis, ""), [1, 2, 0, 100_000]);
    for left in [1, 0] {
        let [allowed, remaining, retry_after, reset] = take(&redis, "");
        assert_eq!([allowed, remaining, retry_after], [1, left, 0]);
        assert!(reset > (2 - left) * 100_000 && reset <= (3 - left) * 100_000);
    }
    let [allowed, remaining, retry_after, reset] = take(&redis, "");
    assert_eq!([allowed, remaining], [0, 0]);
    assert!((1..=100_000).contains(&retry_after), "{retry_after}");
    assert_eq!(reset, retry_after + 200_000);
}

#[test]
fn a_cost_is_taken_whole_or_not_at_all() {
    let redis = Redis::start();
    assert_eq!(take(&redis, "COST 2"), [1, 1, 0, 200_000]);
    let [allowed, remaining, retry_after, _] = changes_nothing(&redis, || take(&redis, "COST 2"));
    assert_eq!([allowed, remaining], [0, 1]);
    assert!((1..=100_000).contains(&retry_after), "{retry_after}");
    assert_eq!(take(&redis, "COST 1")[..2], [1, 0]);
}

#[test]
fn a_cost_above_the_burst_is_never_allowed() {
    let redis = Redis::start();
    let refused = changes_nothing(&redis, || take(&redis, "COST 4"));
    assert_eq!(refused, [0, 3, -1, 0]);
    take(&redis, "COST 3");
    assert_eq!(take(&redis, "COST 1000000000000")[..3], [0, 0, -1]);
}

#[test]
fn a_cost_of_nothing_only_looks() {
    let redis = Redis::start();
    assert_eq!(take(&redis, "COST 0"), [1, 3, 0, 0]);
    assert_eq!(redis.call("EXISTS r"), 0);
    take(&redis, "COST 3");
    let [allowed, remaining, retry_after, reset] =
        changes_nothing(&redis, || take(&redis, "COST 0"));
    assert_eq!([allowed, remaining, retry_after], [1, 0, 0]);
    assert!((200_001..=300_000).contains(&reset), "{reset}");
}

#[test]
fn a_forced_cost_is_a_debt_that_delays_all_who_follow() {
    let redis = Redis::start();
    assert_eq!(take(&redis, "COST 5 FORCE"), [1, 0, 0, 500_000]);
    let [allowed, remaining, retry_after, reset] = take(&redis, "");
    assert_eq!([allowed, remaining], [0, 0]);
    assert!((200_001..=300_000).contains(&retry_after), "{retry_after}");
    assert_eq!(reset, retry_after + 200_000);
    assert_eq!(take(&redis, "COST 1000000000000 FORCE")[3], 315_360_000_000);
}

#[test]
fn what_is_given_back_can_be_taken_again_and_is_never_more_than_full() {
    let redis = Redis::start();
    let give = |cost: i64| redis.call(format!("RATE.GIVE r {SLOW} COST {cost}"));
    take(&redis, "COST 3");
    assert_eq!(give(2), 2);
    assert_eq!(take(&redis, "COST 2")[..2], [1, 0]);
    assert_eq!(give(0), 0);
    assert_eq!(give(1_000_000_000_000), 3);
    assert_eq!(redis.call("EXISTS r"), 0);
    assert_eq!(changes_nothing(&redis, || give(1)), 3);
}

#[test]
fn options_stand_in_any_order_in_any_case() {
    let redis = Redis::start();
    for (line, remaining) in [
        ("RATE.TAKE r cost 1 per 100000 rate 1 burst 3", 2),
        ("rate.take r force PER 100000 cost 1 BURST 3 Rate 1", 1),
    ] {
        assert_eq!(redis.call(line).items()[1], remaining, "{line}");
    }
    let given = redis.call("rate.give r COST 1 per 100000 Burst 3 RATE 1");
    assert_eq!(given, 2);
}

#[test]
fn the_rate_of_the_call_counts_whatever_was_named_before() {
    let redis = Redis::start();
    take(&redis, "COST 3");
    let remaining = |rate: &str| {
        let peeked = redis.call(format!("RATE.TAKE r {rate} COST 0"));
        numbers(&peeked)[1]
    };
    assert_eq!(remaining("BURST 5 RATE 1 PER 100000"), 2);
    assert_eq!(remaining("BURST 1 RATE 1 PER 100000"), 0);
    // The debt of 300 s is that of 30 tokens.
    assert_eq!(remaining("BURST 50 RATE 1 PER 10000"), 20);
}

#[test]
fn buckets_are_apart_by_key_and_by_database() {
    let redis = Redis::start();
    take(&redis, "COST 3");
    assert_eq!(redis.call(format!("RATE.TAKE q {SLOW}")).items()[1], 2);
    redis.call("SELECT 1");
    assert_eq!(take(&redis, "")[..2], [1, 2]);
}

#[test]
fn a_script_and_a_transaction_take_as_any_client_does() {
    let redis = Redis::start();
    let text = "local left = {} for i = 1, 4 do \
                left[i] = redis.call('RATE.TAKE', KEYS[1], 'BURST', 3, 'RATE', 3, 'PER', 1000000)[2] end return left";
    assert_eq!(redis.call(["EVAL", text, "1", "s"]), [2, 1, 0, 0]);
    let mut client = redis.connect();
    client.call("MULTI");
    for _ in 0..4 {
        client.call("RATE.TAKE r BURST 3 RATE 3 PER 1000000");
    }
    let replies = client.call("EXEC");
    let allowed: Vec<_> = replies
        .items()
        .iter()
        .map(|reply| numbers(reply)[0])
        .collect();
    assert_eq!(allowed, [1, 1, 1, 0]);
}

#[test]
fn a_token_comes_when_it_was_promised_and_not_before() {
    const EVERY_MS: i64 = 40;
    let redis = Redis::start();
    let line = format!("RATE.TAKE r BURST 1 RATE 1 PER {EVERY_MS}");
    let mut client = redis.connect();
    let mut last = moment_of(&mut client, &line);
    assert_eq!(last.reply, [1, 0, 0, EVERY_MS]);
    for _ in 0..5 {
        // The clock is shown in whole milliseconds.
        let mut promised = last.until + 1 + EVERY_MS;
        let next = eventually("the next token", || {
            let asked = moment_of(&mut client, &line);
            let [allowed, _, retry_after, _] = numbers(&asked.reply);
            if allowed == 1 {
                return Ok(asked);
            }
            assert!((1..=EVERY_MS).contains(&retry_after), "{asked:?}");
            assert!(
                asked.from < promised,
                "{asked:?} though promised for {promised}"
            );
            promised = promised.min(asked.until + 1 + retry_after);
            Err(format!("{asked:?}"))
        });
        assert!(
            next.until >= last.from + EVERY_MS,
            "{last:?}, then {next:?}"
        );
        last = next;
    }
}

#[test]
fn whoever_asks_without_pause_gets_the_burst_and_the_rate_and_no_more() {
    const BURST: i64 = 10;
    let redis = Redis::start();
    let line = format!("RATE.TAKE r BURST {BURST} RATE 1000 PER 1000");
    let mut client = redis.connect();
    let first: Moment = moment(&redis, "PING");
    let (begun, mut taken) = (time::now(), 0);
    while begun.elapsed().as_millis() < 300 {
        taken += numbers(&client.call(&line))[0];
    }
    let last = moment(&redis, "PING");
    let elapsed = last.until + 1 - first.from;
    assert!(taken <= BURST + elapsed, "{taken} in {elapsed} ms");
    assert!(taken > BURST, "{taken} in {elapsed} ms");
}
