//! A grant that did not reach its waiter, but that the same id was told of in another way: nobody takes it back.

use harness::Redis;

use super::asker::{Asker, in_transaction};
use super::line::{assert_sound, holder, members};
use crate::umq::granted;

fn kill(asker: &Asker) -> String {
    format!("CLIENT KILL ID {}", asker.client_id())
}

#[test]
fn a_turn_that_its_id_asked_for_again_stays_with_it() {
    for again in ["UMQ.ACQUIRE t a PX 60000", "UMQ.RENEW t a PX 60000"] {
        let redis = Redis::start();
        redis.call("UMQ.ACQUIRE t h PX 60000");
        let a = Asker::ask(&redis, "UMQ.ACQUIRE t a PX 60000 BLOCK 0");
        let mut b = Asker::ask(&redis, "UMQ.ACQUIRE t b PX 60000 BLOCK 0");
        let answers = in_transaction(&redis, &["UMQ.RELEASE t h", &kill(&a), again]);
        assert!(!answers[2].is_error(), "{again}: {:?}", answers[2]);
        assert_eq!(holder(&redis, "t").as_deref(), Some("a"), "{again}");
        assert_eq!(redis.call("UMQ.RELEASE t a"), 1);
        granted(&b.answer());
        assert_sound(&redis);
    }
}

#[test]
fn a_slot_that_its_id_asked_for_again_stays_with_it() {
    for again in [
        "QGATE.ACQUIRE g a LIMIT 1 PX 30000",
        "QGATE.RENEW g PX 60000 a",
    ] {
        let redis = Redis::start();
        redis.call("QGATE.ACQUIRE g h LIMIT 1 PX 60000");
        let a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 1 PX 60000 BLOCK 0");
        let mut b = Asker::ask(&redis, "QGATE.ACQUIRE g b LIMIT 1 PX 60000 BLOCK 0");
        in_transaction(&redis, &["QGATE.RELEASE g h", &kill(&a), again]);
        assert_eq!(members(&redis, "g"), ["a"], "{again}");
        assert_eq!(redis.call("QGATE.RELEASE g a"), 1);
        assert_eq!(b.answer(), [1, 1, 0]);
        assert_sound(&redis);
    }
}

#[test]
fn a_slot_that_was_held_before_the_wait_ended_is_not_taken_back_with_it() {
    let redis = Redis::start();
    redis.call("QGATE.ACQUIRE g h LIMIT 1 PX 60000");
    let mut a = Asker::ask(&redis, "QGATE.ACQUIRE g a LIMIT 1 PX 1000 BLOCK 0");
    assert_eq!(redis.call("QGATE.ACQUIRE g a LIMIT 0 PX 60000"), [1, 2, 0]);
    in_transaction(
        &redis,
        &[
            "QGATE.RELEASE g h",
            "QGATE.ACQUIRE g z LIMIT 2 PX 1",
            &kill(&a),
        ],
    );
    a.assert_closed();
    assert_sound(&redis);
    redis.call("QGATE.RELEASE g z");
    assert_eq!(members(&redis, "g"), ["a"]);
}
