//! `INFO weir`: what the commands have done, counted.

use std::collections::BTreeMap;

use harness::{Redis, eventually};

use crate::moment::server_ms;

/// The counters that are not zero.
#[track_caller]
fn counted(redis: &Redis) -> BTreeMap<String, u64> {
    let info = redis.call("INFO weir").text();
    let pairs = info.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, count)| {
            (
                name.to_owned(),
                count.parse().expect("counters are numbers"),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[track_caller]
fn assert_counted<const N: usize>(redis: &Redis, expected: [(&str, u64); N]) {
    let expected = expected.map(|(name, count)| (format!("weir_{name}"), count));
    assert_eq!(counted(redis), BTreeMap::from(expected));
}

#[test]
fn a_new_server_has_counted_nothing() {
    let redis = Redis::start();
    assert_counted(&redis, []);
    let info = redis.call("INFO weir").text();
    for family in ["module", "umq", "qgate", "trie", "rate", "budget", "tally"] {
        let section = format!("# weir_{family}");
        assert!(info.contains(&section), "{section} in {info}");
    }
}

#[test]
fn sections_can_be_asked_for_one_by_one_and_are_in_everything() {
    let redis = Redis::start();
    let one = redis.call("INFO weir_umq").text();
    assert!(one.contains("weir_umq_grants:0"), "{one}");
    assert!(!one.contains("weir_qgate"), "{one}");
    assert!(
        redis
            .call("INFO everything")
            .text()
            .contains("weir_qgate_grants:0")
    );
    assert!(!redis.call("INFO").text().contains("weir_qgate_grants"));
}

#[test]
fn turns_are_counted() {
    let redis = Redis::start();
    for line in [
        "UMQ.ACQUIRE t a PX 50000",
        "UMQ.ACQUIRE t a PX 60000",
        "UMQ.ACQUIRE t a PX 1000",
        "UMQ.ACQUIRE t b PX 50000",
        "UMQ.RENEW t a PX 70000",
        "UMQ.RENEW t b PX 70000",
        "UMQ.RELEASE t b",
        "UMQ.RELEASE t a",
        "UMQ.ACQUIRE t b PX 1000 DELAY 50000",
        "UMQ.ACQUIRE t b PX 50000",
        "UMQ.FORCE t",
        "UMQ.FORCE t",
        "UMQ.ACQUIRE t b PX 0",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [
            ("umq_grants", 2),
            ("umq_extensions", 2),
            ("umq_renewals", 1),
            ("umq_releases", 1),
            ("umq_forced", 1),
            ("umq_refused_held", 1),
            ("umq_refused_early", 1),
        ],
    );
}

#[test]
fn slots_are_counted() {
    let redis = Redis::start();
    for line in [
        "QGATE.ACQUIRE g a LIMIT 2 PX 50000",
        "QGATE.ACQUIRE g a LIMIT 2 PX 60000",
        "QGATE.ACQUIRE g b LIMIT 2 PX 50000",
        "QGATE.ACQUIRE g c LIMIT 2 PX 50000",
        "QGATE.RENEW g PX 50000 a b c",
        "QGATE.RELEASE g a x",
        "QGATE.ACQUIRE g2 b LIMIT 2 PX 50000",
        "QGATE.LEAVE b 3 g g2 g3",
        "QGATE.ACQUIRE g a LIMIT -1 PX 50000",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [
            ("qgate_grants", 3),
            ("qgate_extensions", 1),
            ("qgate_renewals", 2),
            ("qgate_releases", 3),
            ("qgate_refused_full", 1),
        ],
    );
}

#[test]
fn swept_leases_are_counted() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    for member in 0..20 {
        redis.call(format!("ZADD g {} m{member}", now - 5));
    }
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 50000");
    assert_counted(&redis, [("qgate_grants", 1), ("qgate_ended_leases", 16)]);
    redis.call("QGATE.RENEW g PX 50000 a");
    let counted = counted(&redis);
    assert_eq!(counted["weir_qgate_ended_leases"], 20);
}

#[test]
fn prefixes_are_counted() {
    let redis = Redis::start();
    for line in [
        "TRIE.SAVE k a v EX 60",
        "TRIE.SAVE k a-b v EX 60",
        "TRIE.FIND k a-b",
        "TRIE.FIND k a-b EX 600",
        "TRIE.FIND_RO k a-b",
        "TRIE.FIND k x",
        "TRIE.FIND_RO k x",
        "TRIE.SAVE k a v EX 0",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [
            ("trie_saves", 2),
            ("trie_hits", 3),
            ("trie_misses", 2),
            ("trie_refreshes", 1),
        ],
    );
}

#[test]
fn rates_are_counted() {
    let redis = Redis::start();
    for line in [
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 3",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 2",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 1",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 6",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 6 FORCE",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 1",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 0",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 20",
        "RATE.GIVE r BURST 5 RATE 5 PER 5000000 COST 20",
        "RATE.TAKE r BURST 5 RATE 5 PER 5000000 COST -1",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [("rate_taken", 3), ("rate_refused", 2), ("rate_given", 2)],
    );
}

#[test]
fn ids_are_counted() {
    let redis = Redis::start();
    let now = server_ms(&redis);
    redis.call(format!("ZADD ids {} over {} over2", now - 1, now - 2));
    for line in [
        "TALLY.ADD ids a PX 500000 2 hour f 1 hour g 1",
        "TALLY.ADD ids a PX 500000 1 hour f 1",
        "TALLY.ADD ids b PX 500000 1 hour f 1",
        "TALLY.ADD ids b PX 500000 1 hour f 1",
        "TALLY.ADD ids b PX 500000 1 day f 1",
        "TALLY.ADD ids c PX 500000 1 hour f x",
        "TALLY.ADD ids c PX 500000 1 ids f 1",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [
            ("tally_counted", 2),
            ("tally_repeated", 3),
            ("tally_ended", 2),
        ],
    );
}

#[test]
fn budgets_count_what_was_reserved_and_what_was_settled() {
    let redis = Redis::start();
    for line in [
        "BUDGET.RESERVE b a COST 4 PX 500000 LIMIT 5 AND c LIMIT 5",
        "BUDGET.RESERVE b a COST 4 PX 400000 LIMIT 5",
        "BUDGET.RESERVE b a COST 3 PX 400000 LIMIT 5",
        "BUDGET.RESERVE b b COST 4 PX 500000 LIMIT 5 AND c LIMIT 5",
        "BUDGET.RENEW b PX 900000 a b",
        "BUDGET.SETTLE b a 5 AND c AND d",
        "BUDGET.SETTLE b a 5 AND c AND e",
        "BUDGET.RESERVE b a COST 4 PX 500000 LIMIT 5",
        "BUDGET.RESERVE b a COST -4 PX 500000 LIMIT 5",
        "BUDGET.INFO b",
    ] {
        redis.call(line);
    }
    assert_counted(
        &redis,
        [
            ("budget_reserved", 2),
            ("budget_changed", 1),
            ("budget_refused", 2),
            ("budget_renewals", 1),
            ("budget_settled", 4),
            ("budget_settled_unreserved", 2),
            ("budget_repeated", 2),
        ],
    );
}

#[test]
fn swept_and_evicted_entries_are_counted() {
    let redis = Redis::start();
    redis.call("TRIE.SAVE k a v EX 60");
    redis.call("TRIE.SAVE k ended v PX 1");
    eventually("the ended entry is swept", || {
        redis.call("TRIE.SAVE k a v EX 60");
        match counted(&redis).get("weir_trie_ended") {
            Some(1) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    redis.call("CONFIG SET weir.trie-max-entries 1");
    redis.call("TRIE.SAVE k b v EX 60");
    eventually("the entry over the bound is evicted", || {
        redis.call("TRIE.SAVE k b v EX 60");
        match counted(&redis).get("weir_trie_evicted") {
            Some(1) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}
