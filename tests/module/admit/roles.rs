//! A server that serves no more: waiters are sent away, holders stay holders at its successor, rates stay as they are.

use harness::Redis;

use super::{admit, granted, held, hold, refused};
use crate::aof::appending;
use crate::waiting::asker::Asker;
use crate::waiting::line::{assert_sound, members, until_waiters_are};
use crate::waiting::listener::Listener;
use crate::waiting::roles::{assert_unblocked, pair, until_role_is};

const WHOLE: &str = "ALL 1 u 1 ANY 2 a 1 b 1 RATES 1 r 10 1 100000000 3";

fn waiting(redis: &Redis, member: &str) -> Asker {
    Asker::ask(redis, admit(member, &format!("{WHOLE} BLOCK 0")))
}

#[test]
fn a_server_that_becomes_a_replica_sends_those_away_who_wait_for_several_gates() {
    let redis = held(&["u", "a", "b"]);
    let mut listener = Listener::on(&redis, "ch");
    let blocked = [waiting(&redis, "m"), waiting(&redis, "n")];
    redis.call(admit("o", "ANY 2 a 1 b 1 NOTIFY ch 0"));
    redis.call("REPLICAOF 127.0.0.1 1");
    for asker in blocked {
        assert_unblocked(asker);
    }
    assert_eq!(listener.hears(), "moved:0:o");
    for gate in ["u", "a", "b"] {
        until_waiters_are(&redis, &format!("QGATE.WAITERS {gate}"), &[]);
    }
    redis.call("REPLICAOF NO ONE");
    let mut again = Asker::ask(&redis, admit("m", "ALL 1 u 1 ANY 2 a 1 b 1 BLOCK 0"));
    redis.call("QGATE.LEAVE h 2 u b");
    assert_eq!(again.answer(), granted(1, 1));
    assert_sound(&redis);
}

#[test]
fn waiters_of_a_primary_that_hands_over_ask_its_replica() {
    let (redis, replica) = pair(appending);
    hold(&redis, "u", "h");
    assert_eq!(
        redis.call(admit("k", "ALL 1 v 1 ANY 2 a 1 b 1")),
        granted(0, 1)
    );
    let asker = waiting(&redis, "m");
    redis.wait_in_sync(&replica);
    assert_eq!(redis.call("FAILOVER"), "OK");
    assert_unblocked(asker);
    until_role_is(&replica, "master");
    until_role_is(&redis, "slave");
    assert_eq!(members(&replica, "a"), ["k"]);
    assert_eq!(
        replica.call(admit("k", "ALL 1 v 1 ANY 2 a 1 b 1")),
        granted(0, 1)
    );
    assert_eq!(
        replica.call(admit("m", "ALL 1 u 1 ANY 2 a 1 b 1")),
        refused(1, 0, "u")
    );
    let ask = "ALL 1 u 1 ANY 2 a 1 b 1 WAITED 5000 BLOCK 0";
    let mut asker = Asker::ask(&replica, admit("m", ask));
    replica.call("QGATE.RELEASE u h");
    assert_eq!(asker.answer(), granted(1, 1));
    replica.wait_in_sync(&redis);
    assert_eq!(redis.digest(), replica.digest());
    assert_sound(&redis);
    assert_sound(&replica);
}

#[test]
fn a_grant_that_was_not_heard_of_is_had_again_at_the_successor() {
    let (mut redis, replica) = pair(appending);
    hold(&redis, "u", "h");
    let asker = waiting(&redis, "m");
    redis.call("QGATE.RELEASE u h");
    let digest = redis.digest();
    redis.wait_in_sync(&replica);
    redis.kill();
    drop(asker);
    replica.call("REPLICAOF NO ONE");
    assert_eq!(replica.digest(), digest);
    let before = replica.call("GET r");
    assert_eq!(
        replica.call(admit("m", &format!("{WHOLE} BLOCK 0"))),
        granted(0, 1)
    );
    assert_eq!(replica.call("GET r"), before, "asking again is not charged");
    assert_eq!(replica.call("QGATE.COUNT u a b"), [[1, 0], [1, 0], [0, 0]]);
}
