//! Moments by the server's own clock, since leases end by it: a command with the clock read on both sides.

use std::ops::RangeInclusive;

use harness::command::Command;
use harness::{Client, Redis, Reply};

/// A reply, and the milliseconds of the server's clock between which its command ran.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) reply: Reply,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Moment {
    /// The times that lie `span` ms after the command ran.
    pub(crate) fn plus(&self, span: i64) -> RangeInclusive<i64> {
        self.from + span..=self.until + span
    }

    /// How long it is, from when the command ran, to a time.
    pub(crate) fn left_until(&self, time: i64) -> RangeInclusive<i64> {
        time - self.until..=time - self.from
    }

    /// How long it was, when the command ran, since a time.
    pub(crate) fn spent_since(&self, time: i64) -> RangeInclusive<i64> {
        self.from - time..=self.until - time
    }
}

/// Runs a command and says when.
#[track_caller]
pub(crate) fn moment(redis: &Redis, command: impl Command) -> Moment {
    moment_of(&mut redis.connect(), command)
}

/// [`moment`] on a connection that is there already.
#[track_caller]
pub(crate) fn moment_of(client: &mut Client, command: impl Command) -> Moment {
    client.send("TIME");
    client.send(command);
    client.send("TIME");
    let from = milliseconds(&client.receive());
    let reply = client.receive();
    let until = milliseconds(&client.receive());
    Moment { reply, from, until }
}

/// The server's clock.
#[track_caller]
pub(crate) fn server_ms(redis: &Redis) -> i64 {
    milliseconds(&redis.call("TIME"))
}

#[track_caller]
pub(crate) fn milliseconds(time: &Reply) -> i64 {
    let part = |index: usize| -> i64 {
        let text = time.items()[index].text();
        text.parse().expect("TIME answers two numbers")
    };
    part(0) * 1_000 + part(1) / 1_000
}
