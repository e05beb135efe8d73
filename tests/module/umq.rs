//! UMQ: what each command answers, what it keeps in its key, and when the key ends.

use harness::{Redis, Reply, eventually};

use crate::moment::{moment, moment_of, server_ms};
use crate::typed::typed;
use crate::unchanged::changes_nothing;

/// The token of a grant.
#[track_caller]
pub(crate) fn granted(reply: &Reply) -> i64 {
    let [status, wait, token, ahead] = reply.items() else {
        panic!("four elements were expected, not {reply:?}");
    };
    assert_eq!(
        [status, wait, ahead].map(Reply::int),
        [1, 0, 0],
        "{reply:?}"
    );
    token.int()
}

/// `<lease_end> <token> <stamp> <keep>` as stored; nothing is held when the lease end is 0.
#[track_caller]
pub(crate) fn stored(redis: &Redis, key: &str) -> [i64; 4] {
    let text = redis.call(["GET", key]).text();
    let mut words = text.splitn(5, ' ').map(str::parse::<i64>);
    std::array::from_fn(|_| match words.next() {
        Some(Ok(number)) => number,
        _ => panic!("four numbers were expected in {text:?}"),
    })
}

#[test]
fn a_free_turn_is_granted_and_stored_as_readable_text() {
    let redis = Redis::start();
    let asked = moment(&redis, "UMQ.ACQUIRE t a PX 1000");
    let token = granted(&asked.reply);
    let [lease_end, ..] = stored(&redis, "t");
    assert!(asked.plus(1_000).contains(&lease_end));
    assert_eq!(
        redis.call("GET t"),
        format!("{lease_end} {token} 0 60000 a")
    );
    assert_eq!(redis.call("TYPE t"), "string");
}

#[test]
fn the_key_lives_a_minute_beyond_the_lease_and_the_stamp() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 1000");
    let [lease_end, ..] = stored(&redis, "t");
    assert_eq!(redis.call("PEXPIRETIME t"), lease_end + 60_000);
    redis.call("UMQ.RELEASE t a");
    let [_, _, stamp, _] = stored(&redis, "t");
    assert_eq!(redis.call("PEXPIRETIME t"), stamp + 60_000);
}

#[test]
fn the_key_lives_as_long_as_the_spacing_asks() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 1000 DELAY 86400000");
    let [lease_end, _, _, keep] = stored(&redis, "t");
    assert_eq!(keep, 86_400_000);
    assert_eq!(redis.call("PEXPIRETIME t"), lease_end + keep);
    redis.call("UMQ.RELEASE t a");
    let [_, _, stamp, _] = stored(&redis, "t");
    assert_eq!(redis.call("PEXPIRETIME t"), stamp + keep);
}

#[test]
fn seconds_and_milliseconds_options_in_any_order_and_case_mean_the_same() {
    let redis = Redis::start();
    for line in [
        "umq.acquire t a EX 7 DELAY 90000",
        "UMQ.ACQUIRE t a delay 90000 ex 7",
        "Umq.Acquire t a Delay 90000 Px 7000",
    ] {
        redis.call("DEL t");
        let asked = moment(&redis, line);
        granted(&asked.reply);
        let [lease_end, _, _, keep] = stored(&redis, "t");
        assert!(asked.plus(7_000).contains(&lease_end), "{line}");
        assert_eq!(keep, 90_000, "{line}");
    }
}

#[test]
fn the_longest_lease_and_spacing_are_30_days_and_24_hours() {
    let redis = Redis::start();
    let asked = moment(&redis, "UMQ.ACQUIRE t a PX 2592000000 DELAY 86400000");
    granted(&asked.reply);
    assert!(asked.plus(2_592_000_000).contains(&stored(&redis, "t")[0]));
    let renewed = moment(&redis, "UMQ.RENEW t a EX 2592000");
    assert_eq!(renewed.reply, 1);
    assert!(
        renewed
            .plus(2_592_000_000)
            .contains(&stored(&redis, "t")[0])
    );
}

#[test]
fn tokens_grow_even_after_the_key_has_gone() {
    let redis = Redis::start();
    let asked = moment(&redis, "UMQ.ACQUIRE t a PX 1000");
    let first = granted(&asked.reply);
    assert!(asked.plus(0).contains(&(first / 1_000)), "{first}");
    redis.call("DEL t");
    let second = granted(&redis.call("UMQ.ACQUIRE t a PX 1000"));
    assert!(second > first);
}

#[test]
fn a_token_is_above_the_last_one_though_the_clock_is_not() {
    let redis = Redis::start();
    redis.call(typed(r#"SET t "0 9000000000000000 0 60000 ""#));
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 1000"));
    assert_eq!(token, 9_000_000_000_000_001);
}

#[test]
fn the_holder_asking_again_keeps_its_token_and_never_loses_time() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let shorter = changes_nothing(&redis, || redis.call("UMQ.ACQUIRE t a PX 100"));
    assert_eq!(granted(&shorter), token);
    let longer = moment(&redis, "UMQ.ACQUIRE t a PX 90000 DELAY 5");
    assert_eq!(granted(&longer.reply), token);
    assert!(longer.plus(90_000).contains(&stored(&redis, "t")[0]));
}

#[test]
fn the_holder_asking_again_is_not_told_to_wait_out_the_spacing() {
    let redis = Redis::start();
    granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    redis.call("UMQ.RELEASE t a");
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let again = redis.call("UMQ.ACQUIRE t a PX 50000 DELAY 40000");
    assert_eq!(granted(&again), token);
}

#[test]
fn a_held_turn_is_refused_without_a_wait() {
    let redis = Redis::start();
    granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let refused = changes_nothing(&redis, || redis.call("UMQ.ACQUIRE t b PX 1000 DELAY 5000"));
    assert_eq!(refused, [0, -1, 0, 0]);
}

#[test]
fn a_free_turn_too_early_answers_the_spacing_that_remains() {
    let redis = Redis::start();
    granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    redis.call("UMQ.RELEASE t a");
    let [_, _, stamp, _] = stored(&redis, "t");
    let early = changes_nothing(&redis, || {
        moment(&redis, "UMQ.ACQUIRE t b PX 1000 DELAY 40000")
    });
    let wait = early.reply.items()[1].int();
    assert!(early.left_until(stamp + 40_000).contains(&wait), "{wait}");
    assert_eq!(early.reply, [0, wait, 0, 0]);
    granted(&redis.call("UMQ.ACQUIRE t b PX 1000"));
}

#[test]
fn a_turn_is_granted_at_the_millisecond_at_which_its_spacing_has_passed() {
    let redis = Redis::start();
    redis.call("UMQ.ACQUIRE t a PX 50000");
    redis.call("UMQ.RELEASE t a");
    let free_at = stored(&redis, "t")[2] + 60;
    let mut client = redis.connect();
    eventually("the spacing has passed", || {
        let asked = moment_of(&mut client, "UMQ.ACQUIRE t b PX 1000 DELAY 60");
        if asked.reply.items()[0] == 1 {
            assert!(asked.until >= free_at);
            return Ok(());
        }
        assert!(asked.from < free_at);
        Err(format!("{:?}", asked.reply))
    });
}

#[test]
fn renewing_sets_the_end_of_the_lease_later_or_earlier() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    for lease in [90_000, 20_000] {
        let renewed = moment(&redis, format!("UMQ.RENEW t a PX {lease}"));
        assert_eq!(renewed.reply, 1);
        let [lease_end, same_token, ..] = stored(&redis, "t");
        assert!(renewed.plus(lease).contains(&lease_end));
        assert_eq!(same_token, token);
        assert_eq!(redis.call("PEXPIRETIME t"), lease_end + 60_000);
    }
}

#[test]
fn only_the_holder_renews_and_releases() {
    let redis = Redis::start();
    granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    changes_nothing(&redis, || {
        assert_eq!(redis.call("UMQ.RENEW t b PX 90000"), 0);
        assert_eq!(redis.call("UMQ.RELEASE t b"), 0);
        assert_eq!(redis.call("UMQ.RELEASE t b NOSTAMP"), 0);
        assert_eq!(redis.call("UMQ.RENEW t2 a PX 90000"), 0);
        assert_eq!(redis.call("UMQ.RELEASE t2 a"), 0);
    });
}

#[test]
fn a_release_stamps_the_time_and_counts_once() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let released = moment(&redis, "UMQ.RELEASE t a");
    assert_eq!(released.reply, 1);
    let [_, _, stamp, _] = stored(&redis, "t");
    assert!(released.plus(0).contains(&stamp));
    assert_eq!(redis.call("GET t"), format!("0 {token} {stamp} 60000 "));
    let again = changes_nothing(&redis, || redis.call("UMQ.RELEASE t a"));
    assert_eq!(again, 0);
}

#[test]
fn a_release_without_a_stamp_keeps_the_former_one() {
    let redis = Redis::start();
    let stamp = server_ms(&redis) - 5_000;
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 60000 ""#)));
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000 DELAY 1000"));
    assert_eq!(redis.call("UMQ.RELEASE t a nostamp"), 1);
    assert_eq!(redis.call("GET t"), format!("0 {token} {stamp} 60000 "));
    assert_eq!(redis.call("PEXPIRETIME t"), stamp + 60_000);
}

#[test]
fn a_turn_that_was_never_stamped_and_that_nobody_holds_does_not_exist() {
    let redis = Redis::start();
    for end in ["UMQ.RELEASE t a NOSTAMP", "UMQ.FORCE t"] {
        granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
        assert_eq!(redis.call(end), 1);
        assert_eq!(redis.call("EXISTS t"), 0, "{end}");
    }
}

#[test]
fn force_takes_the_turn_from_its_holder_without_a_stamp() {
    let redis = Redis::start();
    let stamp = server_ms(&redis) - 5_000;
    redis.call(typed(&format!(r#"SET t "0 7 {stamp} 60000 ""#)));
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    assert_eq!(redis.call("UMQ.FORCE t"), 1);
    assert_eq!(redis.call("GET t"), format!("0 {token} {stamp} 60000 "));
    assert_eq!(redis.call("UMQ.RENEW t a PX 1000"), 0);
    changes_nothing(&redis, || {
        assert_eq!(redis.call("UMQ.FORCE t"), 0);
        assert_eq!(redis.call("UMQ.FORCE missing"), 0);
    });
    assert!(granted(&redis.call("UMQ.ACQUIRE t b PX 1000")) > token);
}

#[test]
fn a_lease_ends_at_its_millisecond_and_counts_as_released_then() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 60"));
    let [lease_end, ..] = stored(&redis, "t");
    let mut client = redis.connect();
    let ended = eventually("the lease has ended", || {
        let seen = moment_of(&mut client, "UMQ.INFO t");
        if *seen.reply.field("holder") == Reply::Nil {
            assert!(seen.until >= lease_end);
            return Ok(seen);
        }
        assert!(seen.from < lease_end);
        Err(format!("{:?}", seen.reply))
    });
    let since = ended.reply.field("since-stamp-ms").int();
    assert!(ended.spent_since(lease_end).contains(&since), "{since}");
    assert_eq!(*ended.reply.field("token"), token);
    assert_eq!(*ended.reply.field("lease-ms"), 0);
    let early = moment(&redis, "UMQ.ACQUIRE t b PX 1000 DELAY 30000");
    let wait = early.reply.items()[1].int();
    assert!(early.left_until(lease_end + 30_000).contains(&wait));
}

#[test]
fn a_holder_whose_lease_has_ended_is_one_no_more() {
    let redis = Redis::start();
    let lease_end = server_ms(&redis) - 1;
    redis.call(typed(&format!(r#"SET t "{lease_end} 7 0 60000 a""#)));
    changes_nothing(&redis, || {
        assert_eq!(redis.call("UMQ.RENEW t a PX 1000"), 0);
        assert_eq!(redis.call("UMQ.RELEASE t a"), 0);
        assert_eq!(redis.call("UMQ.FORCE t"), 0);
        let early = redis.call("UMQ.ACQUIRE t a PX 1000 DELAY 30000");
        assert_eq!(early.items()[0], 0);
    });
    assert!(granted(&redis.call("UMQ.ACQUIRE t a PX 1000")) > 7);
    assert_eq!(stored(&redis, "t")[2], lease_end);
}

#[test]
fn info_shows_a_held_turn_and_a_free_one() {
    let redis = Redis::start();
    let token = granted(&redis.call("UMQ.ACQUIRE t a PX 50000"));
    let [lease_end, ..] = stored(&redis, "t");
    let held = changes_nothing(&redis, || moment(&redis, "UMQ.INFO t"));
    let lease = held.reply.field("lease-ms").int();
    assert!(held.left_until(lease_end).contains(&lease));
    assert_eq!(held.reply, info("a".into(), token, lease, Reply::Nil));

    redis.call("UMQ.RELEASE t a");
    let [_, _, stamp, _] = stored(&redis, "t");
    let free = changes_nothing(&redis, || moment(&redis, "UMQ.INFO t"));
    let since = free.reply.field("since-stamp-ms").int();
    assert!(free.spent_since(stamp).contains(&since));
    assert_eq!(free.reply, info(Reply::Nil, token, 0, since.into()));
}

#[test]
fn info_of_a_missing_turn_answers_zeros_and_nil() {
    let redis = Redis::start();
    let missing = info(Reply::Nil, 0, 0, Reply::Nil);
    assert_eq!(redis.call("UMQ.INFO t"), missing);
    let Reply::Map(pairs) = redis.connect_resp3().call("UMQ.INFO t") else {
        panic!("a map was expected");
    };
    let flat: Vec<_> = pairs
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect();
    assert_eq!(missing, flat);
}

/// What `UMQ.INFO` answers in RESP2 while nobody can wait.
fn info(holder: Reply, token: i64, lease: i64, since: Reply) -> Reply {
    Reply::Array(vec![
        "holder".into(),
        holder,
        "token".into(),
        token.into(),
        "lease-ms".into(),
        lease.into(),
        "since-stamp-ms".into(),
        since,
        "waiting".into(),
        0.into(),
        "flows".into(),
        0.into(),
        "oldest-wait-ms".into(),
        0.into(),
    ])
}

#[test]
fn a_request_id_may_be_any_1_to_512_bytes() {
    let redis = Redis::start();
    let every_byte: Vec<u8> = (0..=255).chain(0..=255).collect();
    let table: [&[u8]; 6] = [
        b"\0",
        b" ",
        b"a b 1 2 ",
        b"\r\n%s%n",
        b"\xff\xfe",
        &every_byte,
    ];
    for id in table {
        let key = [b"t".as_slice(), id].concat();
        let acquire = [b"UMQ.ACQUIRE".as_slice(), &key, id, b"PX", b"50000"];
        let token = granted(&redis.call(acquire));
        let info = redis.call([b"UMQ.INFO".as_slice(), &key]);
        assert_eq!(*info.field("holder"), Reply::from(id));
        assert_eq!(granted(&redis.call(acquire)), token);
        assert_eq!(
            redis.call([b"UMQ.RENEW".as_slice(), &key, id, b"PX", b"40000"]),
            1
        );
        assert_eq!(redis.call([b"UMQ.RELEASE".as_slice(), &key, id]), 1);
    }
}

#[test]
fn keys_are_turns_of_their_own() {
    let redis = Redis::start();
    for key in ["", "t1", "t2", "\u{0}"] {
        granted(&redis.call(["UMQ.ACQUIRE", key, "a", "PX", "50000"]));
    }
    assert_eq!(redis.call("DBSIZE"), 4);
}
