//! The providers' own SDKs, pointed at the relay as their users point them: each test is a script, once for Python and once
//! for Node.js. The scripts are in `tests/sdk`.

use std::pin::pin;

use harness::http::Answer;
use harness::tap::Talk;
use harness::weir::Setup;
use harness::{Runtime, Speech, Tap, Weir};
use weir_relay::mock::{Behaviour, Stats};

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

/// Of a wait, one each 100 ms.
const BEATS: usize = 20;

/// The streams that scripts ask for.
const STREAMS: [Speech; 4] = [
    Speech::Messages,
    Speech::Chat,
    Speech::Responses,
    Speech::Gemini,
];

fn behaviour() -> Behaviour {
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
async fn the_sdk_gets_a_message_in_one_piece() {
    run("plain").await;
}

#[tokio::test]
async fn the_sdk_gets_a_stream() {
    run("streaming").await;
}

#[tokio::test]
async fn the_sdk_calls_tools() {
    run("tools").await;
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
async fn the_sdk_turns_refusals_into_its_own_exceptions() {
    run("refusals").await;
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
async fn openai_s_sdk_completes_chats() {
    run("openai_chat").await;
}

#[tokio::test]
async fn openai_s_sdk_gets_responses() {
    run("openai_responses").await;
}

#[tokio::test]
async fn openai_s_sdk_embeds_and_lists_models() {
    run("openai_others").await;
}

#[tokio::test]
async fn openai_s_sdk_reads_what_was_stored() {
    run("openai_stored").await;
}

#[tokio::test]
async fn openai_s_sdk_turns_refusals_into_its_own_exceptions() {
    run("openai_refusals").await;
}

#[tokio::test]
async fn google_s_sdk_gets_answers_and_streams() {
    run("gemini").await;
}

#[tokio::test]
async fn google_s_sdk_turns_refusals_into_its_own_exceptions() {
    run("gemini_refusals").await;
}

/// Runs a script for each runtime on accounts that speak another dialect than its SDK, which answer at once or slowly.
async fn run_translated(script: &str, kinds: &'static [&'static str], models: &str) {
    let talkative = Behaviour {
        thoughts: true,
        calls: 2,
        ..behaviour()
    };
    let slow = Behaviour {
        latency_ms: 500,
        delay_ms: 200,
        ..talkative.clone()
    };
    let setup = Weir::setup().kinds(kinds);
    let setup = setup.account_line(&format!("translate = true\nmodels = {{ {models} }}"));
    for (behaviour, waits) in [(talkative, ""), (slow, OFTEN)] {
        let setup = setup.clone().behaviour(behaviour).head(waits);
        for runtime in Runtime::ALL {
            let weir = setup.clone().start().await;
            runtime.run(script, &weir, &weir.relay.url()).await;
            weir.until_nothing_is_held().await;
        }
    }
}

#[tokio::test]
async fn anthropic_s_sdk_is_served_by_openai_s_models() {
    let models = "\"claude-sonnet-*\" = \"gpt-mock-1\"";
    run_translated("translated_messages", &["openai"], models).await;
}

#[tokio::test]
async fn openai_s_sdk_is_served_by_anthropic_s_models() {
    let models = "\"gpt-mock-*\" = \"claude-mock-1\"";
    run_translated("translated_chat", &["anthropic"], models).await;
}

const OFTEN: &str = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100\nsilence_ms = 100";

#[tokio::test]
async fn every_sdk_passes_over_heartbeats() {
    let slow = Behaviour {
        latency_ms: 700,
        delay_ms: 300,
        ..behaviour()
    };
    run_with("heartbeats", Weir::setup().behaviour(slow).head(OFTEN)).await;
}

/// Each account has room for one, which somebody has.
async fn full() -> (Weir, Tap, Vec<Answer>) {
    let setup = Weir::setup().behaviour(behaviour()).head(OFTEN);
    let kinds = &["anthropic", "openai", "openai", "gemini"];
    let setup = setup.accounts(4).kinds(kinds).max_concurrent(1);
    let weir = setup.start().await;
    let mut held = Vec::new();
    for speech in STREAMS {
        held.push(weir.ask(speech.stream(HELD)).await);
    }
    let tap = Tap::start(weir.addr()).await;
    (weir, tap, held)
}

/// Runs a script for each runtime, which has to wait; there is room when it has `waited`.
async fn run_in_line(script: &str, waited: impl AsyncFn(&Weir, &Tap)) {
    for runtime in Runtime::ALL {
        let (weir, tap, held) = full().await;
        let url = tap.url();
        let mut running = pin!(runtime.run(script, &weir, &url));
        tokio::select! {
            () = &mut running => panic!("{script}, {runtime:?}: it did not wait"),
            () = waited(&weir, &tap) => drop(held),
        }
        running.await;
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn every_sdk_waits_in_line_for_a_stream() {
    let all_were_kept = |talks: &[Talk]| {
        STREAMS.iter().all(|speech| {
            let beats = talks.iter().filter_map(|talk| talk.heartbeats(*speech));
            beats.max() >= Some(BEATS)
        })
    };
    let waited = async |_: &Weir, tap: &Tap| tap.until(all_were_kept).await;
    run_in_line("heartbeats", waited).await;
}

#[tokio::test]
async fn every_sdk_waits_in_line_for_an_answer_in_one_piece() {
    let waited = async |weir: &Weir, tap: &Tap| {
        let asked = |talk: &&Talk| talk.asked.ends_with('}');
        tap.until(|talks| talks.iter().filter(asked).count() == STREAMS.len())
            .await;
        let mut another = weir.ask(Speech::Chat.stream("")).await;
        another.until(&": keep-alive\n\n".repeat(BEATS)).await;
        let talks = tap.talks();
        assert!(
            talks.iter().all(|talk| talk.answered.is_empty()),
            "{talks:?}"
        );
    };
    run_in_line("patience", waited).await;
}
