//! Accounts that behave differently, each at a simulated upstream of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use harness::http::Call;
use harness::weir::message;
use harness::{Reply, Weir};
use serde_json::json;
use weir_relay::mock::{Behaviour, MockProvider, Options};

/// Account 1 comes first; account 2, at an upstream of its own, is there for when it fails.
pub(crate) async fn two(first: Behaviour, second: Behaviour) -> (Weir, MockProvider) {
    let other = upstream(second);
    let setup = Weir::setup()
        .behaviour(first)
        .account_at(&other, "priority = 1");
    (setup.start().await, other)
}

/// A stream that begins a conversation of its own, which no account knows.
pub(crate) fn fresh() -> Call {
    begin("")
}

/// The same, of which the upstream falls silent in the middle.
pub(crate) fn fresh_stalling() -> Call {
    begin("stall_after=2")
}

fn begin(mock: &str) -> Call {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let said = [json!({"role": "user", "content": format!("hi {count}")})];
    message(mock, &json!({"stream": true, "messages": said}))
}

pub(crate) fn upstream(behaviour: Behaviour) -> MockProvider {
    let options = Options {
        behaviour,
        ..Options::default()
    };
    MockProvider::start(options).expect("a loopback port is free")
}

pub(crate) fn refusing(status: u16) -> Behaviour {
    Behaviour {
        status: Some(status),
        ..Behaviour::default()
    }
}

pub(crate) fn generations(provider: &MockProvider) -> u64 {
    let stats = provider.stats();
    stats.keys.values().map(|key| key.generations).sum()
}

/// How many generations the upstreams of both accounts have seen.
pub(crate) fn seen(weir: &Weir, other: &MockProvider) -> (u64, u64) {
    (generations(&weir.provider), generations(other))
}

pub(crate) fn text(record: &Reply, field: &str) -> String {
    record.field(field).text()
}
