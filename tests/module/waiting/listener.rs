//! Those who listen to a shard channel, where tickets are told what became of them.

use harness::{Client, Redis, Reply, eventually};

/// A connection that has subscribed. Stops listening when the value is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    client: Client,
}

impl Listener {
    #[track_caller]
    pub(crate) fn on(redis: &Redis, channel: &str) -> Self {
        Self::over(redis.connect(), channel)
    }

    /// [`on`](Self::on) over a connection that is there already.
    #[track_caller]
    pub(crate) fn over(mut client: Client, channel: &str) -> Self {
        let subscribed = client.call(["SSUBSCRIBE", channel]);
        assert_eq!(subscribed.items()[0], "ssubscribe");
        Self { client }
    }

    /// The next message, which must come.
    #[track_caller]
    pub(crate) fn hears(&mut self) -> String {
        text(&self.client.receive())
    }

    /// As many messages as these, in whatever order they come.
    #[track_caller]
    pub(crate) fn hears_all(&mut self, expected: &[&str]) {
        let mut heard: Vec<_> = expected.iter().map(|_| self.hears()).collect();
        let mut expected = expected.to_vec();
        heard.sort();
        expected.sort_unstable();
        assert_eq!(heard, expected);
    }

    /// The token of a turn that was granted to this id, as the next message says.
    #[track_caller]
    pub(crate) fn hears_of_turn(&mut self, id: &str) -> i64 {
        let message = self.hears();
        let parts: Vec<_> = message.splitn(3, ':').collect();
        assert_eq!((parts[0], parts[2]), ("granted", id), "{message}");
        parts[1].parse().expect("a token is a number")
    }

    /// Nothing more has come. What a command has made known leaves after it, so that one answer is not enough.
    #[track_caller]
    pub(crate) fn assert_silent(&mut self) {
        for _ in 0..2 {
            let answer = self.client.call("PING");
            let is_pong = answer == "PONG" || answer == ["pong", ""];
            assert!(is_pong, "{answer:?}");
        }
    }
}

/// What a message says.
#[track_caller]
pub(crate) fn text(message: &Reply) -> String {
    match message.items() {
        [kind, _channel, text] if *kind == "smessage" => text.text(),
        _ => panic!("a message was expected, not {message:?}"),
    }
}

/// Waits until the server knows that so many listen.
#[track_caller]
pub(crate) fn until_listeners_are(redis: &Redis, channel: &str, count: i64) {
    eventually("so many listen", || {
        let listening = redis.call(["PUBSUB", "SHARDNUMSUB", channel]);
        if listening.items()[1] == count {
            Ok(())
        } else {
            Err(format!("{listening:?}"))
        }
    });
}
