//! A bit of everything: what the tests of persistence and replication let the commands write, and how they compare
//! two servers afterwards.

use harness::{Redis, eventually};

use crate::unchanged::ends;

/// Commands of every family that write in every way they can: grant, extend, renew, give back, sweep, replace.
const LINES: [&str; 53] = [
    "UMQ.ACQUIRE held a PX 500000 DELAY 70000",
    "UMQ.ACQUIRE held a PX 600000",
    "UMQ.RENEW held a PX 400000",
    "UMQ.ACQUIRE stamped a PX 500000",
    "UMQ.RELEASE stamped a",
    "UMQ.ACQUIRE unstamped a PX 500000",
    "UMQ.RELEASE unstamped a NOSTAMP",
    "UMQ.ACQUIRE again a PX 500000",
    "UMQ.RELEASE again a",
    "UMQ.ACQUIRE again b PX 500000",
    "UMQ.RELEASE again b NOSTAMP",
    "UMQ.ACQUIRE forced a PX 500000",
    "UMQ.FORCE forced",
    "QGATE.ACQUIRE gate a LIMIT 3 PX 500000",
    "QGATE.ACQUIRE gate b LIMIT 3 PX 300000",
    "QGATE.ACQUIRE gate c LIMIT 3 PX 1",
    "QGATE.ACQUIRE gate a LIMIT 1 PX 700000",
    "QGATE.RENEW gate PX 200000 a b x",
    "QGATE.ACQUIRE gate d LIMIT 9 PX 500000",
    "QGATE.RELEASE gate d x",
    "QGATE.ACQUIRE gate2 a LIMIT 0 PX 500000",
    "QGATE.ACQUIRE gate2 b LIMIT 0 PX 500000",
    "QGATE.LEAVE a 2 gate2 gate3",
    "QGATE.ACQUIRE emptied a LIMIT 1 PX 500000",
    "QGATE.RELEASE emptied a",
    "TRIE.SAVE trie s:1 v1 EX 500",
    "TRIE.SAVE trie s:1-u:2 v2 EX 500",
    "TRIE.SAVE trie s:1-u:2-a:3 v3 EX 500 REPLACE s:1-u:2",
    "TRIE.SAVE trie ended v PX 1",
    "TRIE.FIND trie s:1-u:2-a:3-u:4 EX 1000",
    "TRIE.FIND trie s:1 PX 5000",
    "TRIE.SAVE trie s:9 v9 EX 2000",
    "TRIE.DEL trie s:9",
    "TRIE.SAVE deleted a v EX 500",
    "TRIE.DEL deleted a",
    "RATE.TAKE rate BURST 5 RATE 5 PER 5000000 COST 3",
    "RATE.TAKE rate BURST 5 RATE 5 PER 5000000 COST 4 FORCE",
    "RATE.GIVE rate BURST 5 RATE 5 PER 5000000 COST 1",
    "RATE.TAKE rate BURST 5 RATE 5 PER 5000000 COST 0",
    "RATE.TAKE full BURST 5 RATE 5 PER 5000000",
    "RATE.GIVE full BURST 5 RATE 5 PER 5000000 COST 1",
    "BUDGET.RESERVE budget a COST 4 PX 500000 LIMIT 50 UNTIL 4102444800000 AND period LIMIT 50 UNTIL 4102444800000",
    "BUDGET.RESERVE budget a COST 3 PX 900000 LIMIT 50",
    "BUDGET.RESERVE budget b COST 4 PX 500000 LIMIT 50",
    "BUDGET.RESERVE budget c COST 44 PX 500000 LIMIT 50",
    "BUDGET.RENEW budget PX 1500000 a b",
    "BUDGET.SETTLE budget b 9 AND period",
    "BUDGET.SETTLE budget b 9",
    "TALLY.ADD ids a PX 500000 3 hour f 1 hour g 2 hour f 3",
    "TALLY.ADD ids a PX 500000 1 hour f 1",
    "PEXPIRE hour 500000",
    "SELECT 1",
    "UMQ.ACQUIRE elsewhere a PX 500000",
];

/// Writes in every way, waits until what is to end has ended, and writes once more so that it is swept.
#[track_caller]
pub(crate) fn write_everything(redis: &Redis) {
    let mut client = redis.connect();
    for line in LINES {
        let reply = client.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
    eventually("the short lease has ended", || {
        let members = redis.call("QGATE.MEMBERS gate");
        match members.items().len() {
            2 => Ok(()),
            _ => Err(format!("{members:?}")),
        }
    });
    redis.call("QGATE.RENEW gate PX 250000 a");
    eventually("the ended entry is swept", || {
        redis.call("TRIE.SAVE trie s:1-u:7 v EX 500");
        let entries = redis.call("TRIE.INFO trie").field("entries").int();
        if entries == 3 {
            Ok(())
        } else {
            Err(format!("{entries} entries"))
        }
    });
}

/// The keys of the first database that `write_everything` leaves.
pub(crate) const KEYS: [&str; 11] = [
    "again", "budget", "gate", "gate2", "held", "hour", "ids", "period", "rate", "stamped", "trie",
];

/// What a server has: `DEBUG DIGEST`, and when each key of the first database ends.
pub(crate) type Data = (String, Vec<(Vec<u8>, i64)>);

#[track_caller]
pub(crate) fn data(redis: &Redis) -> Data {
    let ends = ends(redis);
    let names: Vec<_> = ends.iter().map(|(key, _)| key.as_slice()).collect();
    assert_eq!(names, KEYS.map(str::as_bytes));
    assert!(ends.iter().all(|(_, end)| *end > 0), "{ends:?}");
    (redis.digest(), ends)
}
