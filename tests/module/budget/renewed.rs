//! Leases that are renewed.

use harness::Redis;

use super::{end_of, info, reserve};
use crate::moment::moment;
use crate::unchanged::changes_nothing;

#[test]
fn a_renewed_lease_ends_a_lease_from_now_sooner_or_later() {
    let redis = Redis::start();
    reserve(&redis, "a", 40, 100);
    for lease in [900_000, 5_000, 60_000] {
        let renewed = moment(&redis, format!("BUDGET.RENEW b PX {lease} a"));
        assert_eq!(renewed.reply, [1]);
        let end = end_of(&redis, "b", "a");
        let latest = *renewed.plus(lease + lease / 8).end();
        assert!((*renewed.plus(lease).start()..=latest).contains(&end));
        assert_eq!(info(&redis, "b"), [0, 40, 1]);
    }
}

#[test]
fn each_member_is_answered_for_itself() {
    let redis = Redis::start();
    for (member, cost) in [("a", 1), ("b", 2), ("c", 4)] {
        reserve(&redis, member, cost, 100);
    }
    redis.call("BUDGET.SETTLE b b 2");
    let renewed = redis.call("BUDGET.RENEW b EX 900 a b x c a");
    assert_eq!(renewed, [1, 0, 0, 1, 1]);
    assert_eq!(info(&redis, "b"), [2, 5, 2]);
    assert_eq!(end_of(&redis, "b", "a"), end_of(&redis, "b", "c"));
}

#[test]
fn whoever_has_no_reservation_is_not_renewed() {
    let redis = Redis::start();
    redis.call("BUDGET.SETTLE b a 2");
    for line in [
        "BUDGET.RENEW b PX 5000 a x",
        "BUDGET.RENEW missing PX 5000 a x",
    ] {
        assert_eq!(changes_nothing(&redis, || redis.call(line)), [0, 0]);
    }
}

#[test]
fn many_are_renewed_in_one_write() {
    let redis = Redis::start();
    let members: Vec<_> = (0..256).map(|at| format!("m{at}")).collect();
    for member in &members {
        reserve(&redis, member, 1, 1000);
    }
    let line = format!("BUDGET.RENEW b PX 900000 {}", members.join(" "));
    let changes = redis.info("rdb_changes_since_last_save");
    let renewed = redis.call(line);
    assert_eq!(renewed, vec![1; 256]);
    assert_eq!(info(&redis, "b"), [0, 256, 256]);
    assert_ne!(redis.info("rdb_changes_since_last_save"), changes);
    let sums = redis.call("HGET b reserved").text();
    assert_eq!(sums.split(' ').count(), 1, "{sums}");
}
