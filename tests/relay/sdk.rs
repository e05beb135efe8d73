//! The providers' own Python SDKs, pointed at the relay as their users point them. The scripts are in `tests/sdk`.

use std::path::Path;
use std::process::Command;

use harness::Weir;
use harness::weir::Setup;
use weir_relay::mock::Behaviour;

fn behaviour() -> Behaviour {
    Behaviour {
        chunks: 4,
        input_tokens: Some(11),
        cache_read_tokens: 7,
        ..Behaviour::default()
    }
}

async fn run(script: &str) -> Weir {
    run_with(script, Weir::setup().behaviour(behaviour())).await
}

/// Runs a script of `tests/sdk` against a relay, and checks that nothing is held afterwards.
async fn run_with(script: &str, setup: Setup) -> Weir {
    let setup = setup
        .accounts(6)
        .kinds(&["anthropic", "anthropic", "openai", "gemini"]);
    let weir = setup.max_concurrent(10).start().await;
    let mut command = python(script);
    command
        .env("ANTHROPIC_BASE_URL", weir.relay.url())
        .env("ANTHROPIC_API_KEY", &weir.key)
        .env("OPENAI_BASE_URL", format!("{}/v1", weir.relay.url()))
        .env("OPENAI_API_KEY", &weir.key)
        .env("GOOGLE_GEMINI_BASE_URL", weir.relay.url())
        .env("GEMINI_API_KEY", &weir.key)
        .env("MOCK_URL", weir.provider.url());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("it does not panic");
    let output =
        output.expect("Python starts: `tests/setup.sh test` installs the SDKs into target/venv");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}: {said}");
    weir.until_nothing_is_held().await;
    weir
}

fn python(script: &str) -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(tests.join("../target/venv/bin/python"));
    // No settings of whoever runs the tests, and no files beside the scripts.
    command
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("-W")
        .arg("error");
    command.arg(tests.join("sdk").join(script));
    command
}

#[tokio::test]
async fn the_sdk_gets_a_message_in_one_piece() {
    run("plain.py").await;
}

#[tokio::test]
async fn the_sdk_gets_a_stream() {
    run("streaming.py").await;
}

#[tokio::test]
async fn the_sdk_calls_tools() {
    run("tools.py").await;
}

#[tokio::test]
async fn the_sdk_counts_tokens() {
    run("counting.py").await;
}

#[tokio::test]
async fn the_sdk_lists_models() {
    run("models.py").await;
}

#[tokio::test]
async fn the_sdk_turns_refusals_into_its_own_exceptions() {
    run("refusals.py").await;
}

#[tokio::test]
async fn the_sdk_cancels_a_stream() {
    let weir = run("cancelled.py").await;
    assert_eq!(weir.provider.stats().aborted, 1);
}

#[tokio::test]
async fn the_sdk_runs_twenty_streams_at_once() {
    let weir = run("asynchronous.py").await;
    let stats = weir.provider.stats();
    assert_eq!((stats.streams, stats.violations), (20, 0));
}

#[tokio::test]
async fn openai_s_sdk_completes_chats() {
    run("openai_chat.py").await;
}

#[tokio::test]
async fn openai_s_sdk_gets_responses() {
    run("openai_responses.py").await;
}

#[tokio::test]
async fn openai_s_sdk_embeds_and_lists_models() {
    run("openai_others.py").await;
}

#[tokio::test]
async fn openai_s_sdk_turns_refusals_into_its_own_exceptions() {
    run("openai_refusals.py").await;
}

#[tokio::test]
async fn google_s_sdk_gets_answers_and_streams() {
    run("gemini.py").await;
}

#[tokio::test]
async fn google_s_sdk_turns_refusals_into_its_own_exceptions() {
    run("gemini_refusals.py").await;
}

#[tokio::test]
async fn every_sdk_passes_over_heartbeats() {
    let slow = Behaviour {
        latency_ms: 700,
        delay_ms: 300,
        ..behaviour()
    };
    let often = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100\nsilence_ms = 100";
    run_with("heartbeats.py", Weir::setup().behaviour(slow).head(often)).await;
}
