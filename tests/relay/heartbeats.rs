//! What the caller of a stream hears while nothing has come for it, and while an answer is silent.

use harness::Weir;
use harness::http::{Answer, End};
use harness::weir::{Setup, message, stream};
use serde_json::json;

const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

fn setup(waiting: &str) -> Setup {
    Weir::setup()
        .max_concurrent(1)
        .head(&format!("[waiting]\n{waiting}"))
}

fn assert_open(answer: &Answer) {
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/event-stream; charset=utf-8"));
    assert_eq!(
        answer.header("cache-control"),
        Some("no-cache, no-transform")
    );
}

#[tokio::test]
async fn a_stream_that_waits_is_opened_and_kept_alive_and_goes_on_as_itself() {
    let weir = setup("grace_ms = 200\nheartbeat_ms = 100").start().await;
    let plain = weir.ask(stream("")).await.text().await;
    let held = weir.ask(stream(HELD)).await;
    let mut waiting = weir.ask(stream("")).await;
    assert_open(&waiting);
    waiting.until(&PING.repeat(3)).await;
    assert_eq!(weir.waiting(1), 1, "it still stands in line");
    drop(held);
    let whole = waiting.whole().await;
    assert_eq!(whole.end, End::Clean);
    let text = whole.text();
    let rest = text.trim_start_matches(PING);
    assert!(text.len() >= rest.len() + 3 * PING.len());
    assert_eq!(
        without_ids(rest),
        without_ids(plain.trim_start_matches(PING)),
        "nothing else is added or lost"
    );
}

/// The simulated upstream numbers its answers.
fn without_ids(stream: &str) -> String {
    let is_id = |part: &&str| !part.starts_with("msg_");
    stream.split('"').filter(is_id).collect()
}

#[tokio::test]
async fn an_error_within_the_time_of_grace_keeps_its_status() {
    let weir = setup("grace_ms = 60000\nmax_stream_ms = 100").start().await;
    let _held = weir.ask(stream(HELD)).await;
    let refused = weir.ask(stream("")).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, Some("weir_accounts_busy"))
    );
}

#[tokio::test]
async fn a_wait_in_vain_ends_an_open_stream_with_an_error_event() {
    let weir = setup("grace_ms = 100\nheartbeat_ms = 100\nmax_stream_ms = 5000")
        .start()
        .await;
    let _held = weir.ask(stream(HELD)).await;
    let waiting = weir.ask(stream("")).await;
    assert_open(&waiting);
    let id = waiting
        .header("x-weir-request-id")
        .expect("every answer has it")
        .to_owned();
    let whole = waiting.whole().await;
    assert_eq!(whole.end, End::Clean);
    let text = whole.text();
    let event = text.trim_start_matches(PING);
    let data = event
        .strip_prefix("event: error\ndata: ")
        .expect("an error event")
        .strip_suffix("\n\n")
        .expect("that ends there");
    let error: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(error["error"]["code"], "weir_accounts_busy");
    assert_eq!(error["error"]["type"], "rate_limit_error");
    assert_eq!(error["request_id"], *id);
    weir.until_waiting(0).await;
}

#[tokio::test]
async fn a_refusal_of_the_upstream_is_told_inside_an_open_stream() {
    let weir = setup("grace_ms = 100\nheartbeat_ms = 100").start().await;
    let answer = weir.ask(stream("pause=true;status=400")).await;
    assert_open(&answer);
    weir.provider.resume();
    let text = answer.text().await;
    let event = text.trim_start_matches(PING);
    assert!(
        event.starts_with("event: error\ndata: {\"type\":\"error\""),
        "{event}"
    );
    assert!(
        event.contains("invalid_request_error") && event.ends_with("}\n\n"),
        "{event}"
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn an_answer_that_is_no_stream_gets_no_byte_early() {
    let weir = setup("grace_ms = 100\nheartbeat_ms = 100").start().await;
    let asked = weir.spawn(message("pause=true;status=529", &json!({})));
    weir.until_upstream_has(1).await;
    // Whoever asks after it has heard of the wait by then.
    let mut waiting = weir.ask(stream("")).await;
    waiting.until(&PING.repeat(3)).await;
    weir.provider.resume();
    let answer = asked.await.expect("it is answered");
    assert_eq!(answer.status, 529);
    assert!(!answer.text().await.contains("ping"));
}

#[tokio::test]
async fn who_leaves_an_open_stream_is_out_of_the_line() {
    let weir = setup("grace_ms = 100\nheartbeat_ms = 100").start().await;
    let _held = weir.ask(stream(HELD)).await;
    let mut waiting = weir.ask(stream("")).await;
    waiting.until(PING).await;
    assert_eq!(weir.waiting(1), 1);
    drop(waiting);
    weir.until_waiting(0).await;
}

#[tokio::test]
async fn a_silent_answer_gets_heartbeats_between_its_events() {
    let weir = setup("silence_ms = 100").start().await;
    let mut answer = weir.ask(stream(HELD)).await;
    answer.until(&PING.repeat(3)).await;
}

#[tokio::test]
async fn nothing_is_put_inside_an_event() {
    let weir = setup("silence_ms = 100").start().await;
    let answer = weir.ask(stream("split=7;delay_ms=30;chunks=20")).await;
    let text = answer.text().await;
    let events = text.split("\n\n").filter(|event| !event.is_empty());
    for event in events {
        assert!(
            event.starts_with("event: ") && event.matches("event: ").count() == 1,
            "{event:?}"
        );
    }
}
