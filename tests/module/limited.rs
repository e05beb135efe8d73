//! A client that may do only what some rules allow.

use harness::{Client, Redis};

/// A connection of somebody with these rules.
#[track_caller]
pub(crate) fn limited(redis: &Redis, rules: &str) -> Client {
    let set = redis.call(format!("ACL SETUSER limited reset on nopass +@all {rules}"));
    assert_eq!(set, "OK", "{rules}");
    let mut client = redis.connect();
    assert_eq!(client.call("AUTH limited x"), "OK");
    client
}
