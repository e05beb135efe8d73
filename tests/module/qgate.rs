//! QGATE: who gets a slot, what is counted, and when slots and their key end.

use harness::{Redis, Reply, eventually};

use crate::moment::{Moment, moment, moment_of, server_ms};
use crate::unchanged::changes_nothing;

/// When a member's lease ends, as stored.
#[track_caller]
pub(crate) fn lease_end(redis: &Redis, key: &str, member: &str) -> i64 {
    let score = redis.call(["ZSCORE", key, member]).text();
    score.parse().expect("a lease ends at a whole millisecond")
}

/// Closes a gate until then, as it is stored: the score of the empty member, negated.
#[track_caller]
pub(crate) fn close(redis: &Redis, key: &str, until: &str) {
    let score = format!("-{}", until.trim_start_matches('+'));
    redis.call(["ZADD", key, &score, ""]);
}

/// How many slots of a gate are in use.
#[track_caller]
fn in_use(redis: &Redis, key: &str) -> i64 {
    let counts = redis.call(["QGATE.COUNT", key]);
    let [count] = counts.items() else {
        panic!("one gate was asked for, not {counts:?}");
    };
    assert_eq!(count.items()[1], 0, "nobody can wait");
    count.items()[0].int()
}

/// The members of a gate, soonest end first.
#[track_caller]
fn members(redis: &Redis, key: &str) -> Vec<String> {
    let rows = redis.call(["QGATE.MEMBERS", key]);
    rows.items()
        .iter()
        .map(|row| row.items()[0].text())
        .collect()
}

#[test]
fn slots_are_granted_up_to_the_limit() {
    let redis = Redis::start();
    assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 2 PX 50000"), [1, 1, 0]);
    assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 2 PX 50000"), [1, 2, 0]);
    let refused = changes_nothing(&redis, || redis.call("QGATE.ACQUIRE g c LIMIT 2 PX 50000"));
    assert_eq!(refused, [0, 2, 0]);
    assert_eq!(in_use(&redis, "g"), 2);
}

#[test]
fn a_gate_is_a_sorted_set_of_lease_ends() {
    let redis = Redis::start();
    let a = moment(&redis, "QGATE.ACQUIRE g a LIMIT 0 PX 50000");
    let b = moment(&redis, "QGATE.ACQUIRE g b LIMIT 0 PX 20000");
    assert_eq!(redis.call("ZRANGE g 0 -1"), ["b", "a"]);
    assert!(a.plus(50_000).contains(&lease_end(&redis, "g", "a")));
    assert!(b.plus(20_000).contains(&lease_end(&redis, "g", "b")));
}

#[test]
fn options_in_any_order_case_and_unit_mean_the_same() {
    let redis = Redis::start();
    for line in [
        "qgate.acquire g a LIMIT 2 EX 7",
        "QGATE.ACQUIRE g a px 7000 limit 2",
        "Qgate.Acquire g a Ex 7 Limit 1000000",
    ] {
        redis.call("DEL g");
        let asked = moment(&redis, line);
        assert_eq!(asked.reply, [1, 1, 0], "{line}");
        assert!(asked.plus(7_000).contains(&lease_end(&redis, "g", "a")));
    }
}

#[test]
fn a_member_may_be_named_like_an_option() {
    let redis = Redis::start();
    assert_eq!(
        redis.call("QGATE.ACQUIRE LIMIT PX LIMIT 1 PX 50000"),
        [1, 1, 0]
    );
    assert_eq!(members(&redis, "LIMIT"), ["PX"]);
    assert_eq!(redis.call("QGATE.RENEW LIMIT PX 40000 PX EX"), [1, 0]);
}

#[test]
fn a_holder_asking_again_is_granted_even_at_the_limit() {
    let redis = Redis::start();
    for member in ["a", "b", "c"] {
        redis.call(format!("QGATE.ACQUIRE g {member} LIMIT 3 PX 50000"));
    }
    for limit in [3, 1] {
        let longer = 60_000 + 10_000 * limit;
        let line = format!("QGATE.ACQUIRE g b LIMIT {limit} PX {longer}");
        let again = moment(&redis, line.as_str());
        assert_eq!(again.reply, [1, 3, 0]);
        if limit == 3 {
            assert!(again.plus(longer).contains(&lease_end(&redis, "g", "b")));
        }
    }
    assert_eq!(redis.call("ZCARD g"), 3);
}

#[test]
fn asking_again_never_shortens_a_lease() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    let again = changes_nothing(&redis, || redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 10"));
    assert_eq!(again, [1, 1, 0]);
}

#[test]
fn lowering_a_limit_evicts_nobody_and_raising_it_makes_room() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 3 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 3 PX 50000");
    assert_eq!(redis.call("QGATE.ACQUIRE g c LIMIT 1 PX 50000"), [0, 2, 0]);
    assert_eq!(in_use(&redis, "g"), 2);
    assert_eq!(redis.call("QGATE.ACQUIRE g c LIMIT 3 PX 50000"), [1, 3, 0]);
}

#[test]
fn a_limit_of_zero_counts_and_refuses_nobody() {
    let redis = Redis::start();
    for count in 1..=40 {
        let line = format!("QGATE.ACQUIRE g m{count} LIMIT 0 PX 50000");
        assert_eq!(redis.call(line), [1, count, 0]);
    }
    assert_eq!(
        redis.call("QGATE.ACQUIRE g m LIMIT 40 PX 50000"),
        [0, 40, 0]
    );
}

#[test]
fn a_slot_is_free_at_the_millisecond_at_which_its_lease_ends() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g long LIMIT 0 PX 50000");
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 60");
    let end = lease_end(&redis, "g", "a");
    let mut client = redis.connect();
    eventually("the slot is free", || {
        let seen = moment_of(&mut client, "QGATE.COUNT g");
        let held = seen.reply == [[2, 0]];
        assert!(if held {
            seen.from < end
        } else {
            seen.until >= end
        });
        if held { Err("held".to_owned()) } else { Ok(()) }
    });
    assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 2 PX 50000"), [1, 2, 0]);
    assert_eq!(redis.call("ZSCORE g a"), Reply::Nil);
}

#[test]
fn a_lease_that_has_ended_neither_counts_nor_can_be_renewed_or_released() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    redis.call(format!("ZADD g {} gone {} a", now - 1, now + 50_000));
    redis.call(format!("PEXPIREAT g {}", now + 90_000));
    changes_nothing(&redis, || {
        assert_eq!(in_use(&redis, "g"), 1);
        assert_eq!(members(&redis, "g"), ["a"]);
        assert_eq!(redis.call("QGATE.RENEW g PX 1000 gone"), [0]);
        assert_eq!(redis.call("QGATE.RELEASE g gone"), 0);
        assert_eq!(redis.call("QGATE.LEAVE gone 1 g"), 0);
    });
    assert_eq!(
        redis.call("QGATE.ACQUIRE g gone LIMIT 2 PX 1000"),
        [1, 2, 0]
    );
}

#[test]
fn a_write_sweeps_at_most_16_ended_members() {
    let redis = Redis::start();
    for line in [
        "QGATE.ACQUIRE g a LIMIT 0 PX 90000",
        "QGATE.RENEW g PX 80000 keeper",
        "QGATE.RELEASE g other",
        "QGATE.LEAVE other 1 g",
    ] {
        let now = server_ms(&redis);
        redis.call("DEL g");
        redis.call(format!("ZADD g {0} keeper {0} other", now + 60_000));
        for ended in 0..40 {
            redis.call(format!("ZADD g {} ended{ended}", now - 1_000 - ended));
        }
        redis.call(format!("PEXPIREAT g {}", now + 90_000));
        let before = redis.call(format!("ZCOUNT g -inf {now}")).int();
        redis.call(line);
        let after = redis.call(format!("ZCOUNT g -inf {now}")).int();
        assert_eq!(before - after, 16, "{line}");
        assert!(in_use(&redis, "g") <= 3, "{line}");
    }
}

#[test]
fn the_key_outlives_its_longest_lease() {
    let redis = Redis::start();
    let mut longest = 0;
    for (member, lease) in [("a", 100_000), ("b", 1_000), ("c", 300_000), ("d", 10)] {
        redis.call(format!("QGATE.ACQUIRE g {member} LIMIT 0 PX {lease}"));
        longest = longest.max(lease_end(&redis, "g", member));
        let ends = redis.call("PEXPIRETIME g").int();
        assert!((longest..=longest + 300_000).contains(&ends), "{member}");
    }
    redis.call("QGATE.RENEW g PX 600000 a");
    let ends = redis.call("PEXPIRETIME g").int();
    longest = lease_end(&redis, "g", "a");
    assert!((longest..=longest + 600_000).contains(&ends));
}

#[test]
fn renewing_sets_the_end_of_each_holder_and_answers_per_member() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 50000");
    redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 50000");
    for lease in [90_000, 20_000] {
        let renewed = moment(&redis, format!("QGATE.RENEW g PX {lease} a x b"));
        assert_eq!(renewed.reply, [1, 0, 1]);
        for member in ["a", "b"] {
            let end = lease_end(&redis, "g", member);
            assert!(renewed.plus(lease).contains(&end));
        }
    }
    assert_eq!(redis.call("QGATE.RENEW g EX 7 b"), [1]);
    assert_eq!(members(&redis, "g"), ["b", "a"]);
    changes_nothing(&redis, || {
        assert_eq!(redis.call("QGATE.RENEW g PX 1000 x y"), [0, 0]);
        assert_eq!(redis.call("QGATE.RENEW missing PX 1000 a"), [0]);
    });
}

#[test]
fn a_release_answers_how_many_were_holders_and_counts_each_once() {
    let redis = Redis::start();
    for member in ["a", "b", "c"] {
        redis.call(format!("QGATE.ACQUIRE g {member} LIMIT 0 PX 50000"));
    }
    assert_eq!(redis.call("QGATE.RELEASE g a x a b"), 2);
    assert_eq!(members(&redis, "g"), ["c"]);
    changes_nothing(&redis, || {
        assert_eq!(redis.call("QGATE.RELEASE g a b"), 0);
        assert_eq!(redis.call("QGATE.RELEASE missing a"), 0);
    });
    assert_eq!(redis.call("QGATE.ACQUIRE g d LIMIT 2 PX 50000"), [1, 2, 0]);
}

#[test]
fn an_empty_gate_does_not_exist() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(redis.call("EXISTS g"), 0);
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    assert_eq!(redis.call("QGATE.LEAVE a 1 g"), 1);
    assert_eq!(redis.call("EXISTS g"), 0);
}

#[test]
fn leaving_gives_back_a_members_slots_in_several_gates() {
    let redis = Redis::start();
    for key in ["g1", "g2", "g3"] {
        redis.call(format!("QGATE.ACQUIRE {key} a LIMIT 0 PX 50000"));
        redis.call(format!("QGATE.ACQUIRE {key} b LIMIT 0 PX 50000"));
    }
    assert_eq!(redis.call("QGATE.LEAVE a 3 g3 missing g1"), 2);
    assert_eq!(members(&redis, "g1"), ["b"]);
    assert_eq!(members(&redis, "g2"), ["a", "b"]);
    assert_eq!(members(&redis, "g3"), ["b"]);
    let again = changes_nothing(&redis, || redis.call("QGATE.LEAVE a 2 g1 g3"));
    assert_eq!(again, 0);
}

#[test]
fn a_closed_gate_grants_nobody_and_its_holders_stay() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 50000");
    let closed_until = server_ms(&redis) + 70_000;
    close(&redis, "g", &closed_until.to_string());
    assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 0 PX 1000"), [0, 1, 0]);
    assert_eq!(redis.call("QGATE.ACQUIRE g b LIMIT 9 PX 1000"), [0, 1, 0]);
    assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 1000"), [1, 1, 0]);
    assert_eq!(redis.call("QGATE.RENEW g PX 60000 a"), [1]);
    assert_eq!(in_use(&redis, "g"), 1);
    assert_eq!(members(&redis, "g"), ["a"]);
    assert_eq!(redis.call("QGATE.MEMBERS g COUNT 1").items().len(), 1);
    let info = moment(&redis, "QGATE.INFO g");
    let closed = info.reply.field("closed-ms").int();
    assert!(info.left_until(closed_until).contains(&closed));
    assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
    assert_eq!(in_use(&redis, "g"), 0);
}

#[test]
fn a_gate_opens_at_the_millisecond_at_which_it_was_closed_until() {
    let redis = Redis::start();
    let opens = server_ms(&redis) + 60;
    close(&redis, "g", &opens.to_string());
    let mut client = redis.connect();
    let granted = eventually("the gate is open", || {
        let asked = moment_of(&mut client, "QGATE.ACQUIRE g a LIMIT 1 PX 50000");
        if asked.reply == [0, 0, 0] {
            assert!(asked.from < opens);
            return Err("closed".to_owned());
        }
        assert!(asked.until >= opens);
        Ok(asked.reply)
    });
    assert_eq!(granted, [1, 1, 0]);
}

#[test]
fn a_member_may_be_any_1_to_512_bytes() {
    let redis = Redis::start();
    let every_byte: Vec<u8> = (0..=255).chain(0..=255).collect();
    let table: [&[u8]; 6] = [b"\0", b" ", b"a b", b"\r\n%s%n", b"\xff\xfe", &every_byte];
    for (count, member) in (1..).zip(table) {
        let acquire = [
            b"QGATE.ACQUIRE",
            b"g".as_slice(),
            member,
            b"LIMIT",
            b"0",
            b"EX",
            b"50",
        ];
        assert_eq!(redis.call(acquire), [1, count, 0]);
        assert_eq!(redis.call(acquire), [1, count, 0]);
        let renew = [b"QGATE.RENEW", b"g".as_slice(), b"PX", b"40000", member];
        assert_eq!(redis.call(renew), [1]);
    }
    let listed = redis.call("QGATE.MEMBERS g");
    let names: Vec<_> = listed.items().iter().map(|row| &row.items()[0]).collect();
    for member in table {
        assert!(names.contains(&&Reply::from(member)));
        let release = [b"QGATE.RELEASE".as_slice(), b"g", member];
        assert_eq!(redis.call(release), 1);
    }
}

#[test]
fn thousands_of_slots_can_be_renewed_given_back_and_left_at_once() {
    let redis = Redis::start();
    let names: Vec<String> = (0..5_000).map(|number| format!("m{number}")).collect();
    for name in &names {
        redis.call(["QGATE.ACQUIRE", "g", name, "LIMIT", "0", "PX", "50000"]);
    }
    let all = names.join(" ");
    let renewed = redis.call(format!("QGATE.RENEW g PX 60000 {all}"));
    assert_eq!(renewed, vec![1; names.len()]);
    assert_eq!(redis.call(format!("QGATE.RELEASE g {all} {all}")), 5_000);
    for key in &names[..500] {
        redis.call(["QGATE.ACQUIRE", key, "a", "LIMIT", "1", "PX", "50000"]);
    }
    assert_eq!(redis.call(format!("QGATE.LEAVE a 5000 {all}")), 500);
    assert_eq!(redis.call("DBSIZE"), 0);
}

#[test]
fn the_longest_lease_is_30_days() {
    let redis = Redis::start();
    let asked: Moment = moment(&redis, "QGATE.ACQUIRE g a LIMIT 1 EX 2592000");
    assert_eq!(asked.reply, [1, 1, 0]);
    assert!(
        asked
            .plus(2_592_000_000)
            .contains(&lease_end(&redis, "g", "a"))
    );
    assert_eq!(redis.call("QGATE.RENEW g PX 2592000000 a"), [1]);
}
