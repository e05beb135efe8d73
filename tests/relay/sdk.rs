//! The providers' own SDKs, pointed at the relay as their users point them: each test is a script, once for Python and once
//! for Node.js. The scripts are in `tests/sdk`. What the table in `docs/clients.md` shows is tested in `compatibility`.

use harness::weir::Setup;
use harness::{Runtime, Weir};
use weir_relay::mock::{Behaviour, Stats};

pub(crate) fn behaviour() -> Behaviour {
    Behaviour {
        chunks: 4,
        input_tokens: Some(11),
        cache_read_tokens: 7,
        ..Behaviour::default()
    }
}

async fn run(script: &str) -> Vec<Stats> {
    run_with(script, Weir::setup().behaviour(behaviour())).await
}

/// Runs a script for each runtime against a relay of its own, and checks that nothing is held afterwards.
async fn run_with(script: &str, setup: Setup) -> Vec<Stats> {
    let setup = setup
        .accounts(6)
        .kinds(&["anthropic", "anthropic", "openai", "gemini"])
        .max_concurrent(10);
    let mut stats = Vec::new();
    for runtime in Runtime::ALL {
        let weir = setup.clone().start().await;
        runtime.run(script, &weir, &weir.relay.url()).await;
        weir.until_nothing_is_held().await;
        stats.push(weir.provider.stats());
    }
    stats
}

#[tokio::test]
async fn the_sdk_counts_tokens() {
    run("counting").await;
}

#[tokio::test]
async fn the_sdk_lists_models() {
    run("models").await;
}

#[tokio::test]
async fn the_sdk_cancels_a_stream() {
    for stats in run("cancelled").await {
        assert_eq!(stats.aborted, 1);
    }
}

#[tokio::test]
async fn the_sdk_runs_twenty_streams_at_once() {
    for stats in run("asynchronous").await {
        assert_eq!((stats.streams, stats.violations), (20, 0));
    }
}

#[tokio::test]
async fn openai_s_sdk_embeds_and_lists_models() {
    run("openai_others").await;
}

#[tokio::test]
async fn openai_s_sdk_reads_what_was_stored() {
    run("openai_stored").await;
}

/// A heartbeat each 100 ms, from the first on.
pub(crate) const OFTEN: &str = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100\nsilence_ms = 100";

#[tokio::test]
async fn every_sdk_passes_over_heartbeats() {
    let slow = Behaviour {
        latency_ms: 700,
        delay_ms: 300,
        ..behaviour()
    };
    run_with("heartbeats", Weir::setup().behaviour(slow).head(OFTEN)).await;
}
