//! The harness against servers without the module, so that it can be trusted before the module is built.

use super::Redis;
use crate::reply::{Reply, error};

fn plain() -> super::Builder {
    Redis::builder().without_module()
}

#[test]
fn a_started_server_answers_and_is_empty() {
    let redis = plain().start();
    assert_eq!(redis.call("PING"), "PONG");
    assert_eq!(redis.call("DBSIZE"), 0);
    assert_eq!(
        redis.call("GET"),
        error("ERR wrong number of arguments for 'get' command")
    );
}

#[test]
fn a_dropped_server_is_gone_with_its_files() {
    let redis = plain().start();
    let (pid, dir) = (redis.pid(), redis.dir().to_owned());
    drop(redis);
    let process = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    assert!(rustix::process::test_kill_process(process).is_err());
    assert!(!dir.exists());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let refused = plain().arg("maxmemory-policy", "whatever").try_start();
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("maxmemory-policy"), "{text}");
}

#[test]
fn a_restart_keeps_what_the_append_only_file_has() {
    let mut redis = plain().arg("appendonly", "yes").start();
    redis.call("SET k v");
    redis.restart();
    assert_eq!(redis.call("GET k"), "v");
}

#[test]
fn a_restart_keeps_what_was_saved() {
    let mut redis = plain().start();
    redis.call("SET k v");
    redis.call("SAVE");
    redis.call("SET k later");
    redis.restart();
    assert_eq!(redis.call("GET k"), "v");
}

#[test]
fn a_killed_server_is_gone_until_it_is_started_again() {
    let mut redis = plain().start();
    let mut client = redis.connect();
    redis.kill();
    assert!(client.try_call("PING").is_err());
    redis.start_again();
    assert_eq!(redis.call("PING"), "PONG");
}

#[test]
fn a_replica_ends_with_the_same_data() {
    let mut redis = plain().start();
    redis.call("SET before v");
    let replica = redis.plain_replica();
    redis.call("SET after v PX 100000");
    redis.wait_in_sync(&replica);
    assert_eq!(replica.call("DBSIZE"), 2);
    assert_eq!(replica.digest(), redis.digest());
}

#[test]
fn a_replica_finds_its_primary_again_after_a_restart() {
    let mut redis = plain().arg("appendonly", "yes").start();
    let replica = redis.plain_replica();
    redis.restart();
    redis.call("SET k v");
    redis.wait_in_sync(&replica);
    assert_eq!(replica.call("GET k"), "v");
}

#[test]
fn arguments_are_sent_as_exact_bytes() {
    let redis = plain().start();
    let value: &[u8] = b"\x00 \xff\r\n";
    assert_eq!(redis.call([b"SET", b"k".as_slice(), value]), "OK");
    assert_eq!(redis.call("GET k"), Reply::from(value));
}

#[test]
fn commands_can_be_sent_ahead_of_their_answers() {
    let redis = plain().start();
    let mut client = redis.connect();
    client.send("INCR n");
    client.send("INCR n");
    assert_eq!((client.receive(), client.receive()), (1.into(), 2.into()));
}

#[test]
fn maps_stay_maps_in_resp3() {
    let redis = plain().start();
    redis.call("HSET h field value");
    let resp3 = redis.connect_resp3().call("HGETALL h");
    let resp2 = redis.connect().call("HGETALL h");
    assert!(matches!(resp3, Reply::Map(_)), "{resp3:?}");
    assert_eq!(resp3.field("field"), resp2.field("field"));
}
