//! Keys that other commands have written: stored data is input too. A shape that is not ours is refused, an
//! absurd time counts as 30 days from now, and the server lives.

mod foreign;
mod gates;
mod rates;
mod tries;
mod turns;

use harness::{Redis, Reply, error};

use crate::moment::Moment;
use crate::unchanged::changes_nothing;

/// 30 days, as which a time that no lease can have counts.
const ABSURD_MS: i64 = 2_592_000_000;

#[track_caller]
fn assert_wrong_type(redis: &Redis, line: &str) {
    let refusal = error("WRONGTYPE Operation against a key holding the wrong kind of value");
    let reply = changes_nothing(redis, || redis.call(line));
    assert_eq!(reply, refusal, "{line}");
    assert_eq!(redis.info("weir_panics"), "0");
}

/// Whether a span shown at this moment is one of 30 days.
#[track_caller]
fn assert_absurd(shown: &Moment, span: &Reply) {
    assert_eq!(span.int(), ABSURD_MS, "{:?}", shown.reply);
}
