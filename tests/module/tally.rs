//! `TALLY.ADD`: counters that count a thing once. First what the tests are written with, then a file per concern.

mod counted;
mod kept;
mod keys;
mod recorded;
mod refused;

use harness::{Redis, Reply};

use crate::typed::typed;

/// A call whose id is known until after every test.
fn add(id: &str, rest: &str) -> String {
    format!("TALLY.ADD ids {id} PX 500000 {rest}")
}

/// What a hash counts, by field.
#[track_caller]
fn counters(redis: &Redis, hash: &str) -> Vec<(String, String)> {
    let all = redis.call(["HGETALL", hash]);
    let pairs = all.items().chunks_exact(2);
    let mut pairs: Vec<_> = pairs.map(|pair| (pair[0].text(), pair[1].text())).collect();
    pairs.sort();
    pairs
}

#[track_caller]
fn assert_counters(redis: &Redis, hash: &str, expected: &[(&str, &str)]) {
    let owned = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    let expected: Vec<_> = expected.iter().map(owned).collect();
    assert_eq!(counters(redis, hash), expected, "{hash}");
}

#[track_caller]
fn ask(redis: &Redis, line: &str) -> Reply {
    redis.call(typed(line))
}
