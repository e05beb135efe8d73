//! The simulated upstream itself, over HTTP: what the other tests rely on.

use harness::http::{Answer, Call, End};
use harness::{eventually_async, weir};
use serde_json::{Value, json};
use weir_relay::mock::{KeyStats, MockProvider, Options, key_digest};

const KEY: &str = "sk-ant-test-1";

fn provider() -> MockProvider {
    let options = Options {
        limit: Some(1),
        ..Options::default()
    };
    MockProvider::start(options).expect("a loopback port is free")
}

fn message(rest: Value) -> Call {
    weir::message("", &rest).header("x-api-key", KEY)
}

async fn stream(provider: &MockProvider, options: &str) -> Answer {
    let call = message(json!({"stream": true})).header("x-mock", options);
    call.send(provider.addr()).await
}

#[tokio::test]
async fn a_stream_is_one_write_for_each_event() {
    let provider = provider();
    let mut answer = stream(&provider, "chunks=3").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert!(
        answer
            .header("request-id")
            .is_some_and(|id| id.starts_with("req_"))
    );
    assert_eq!(
        answer.header("anthropic-ratelimit-requests-limit"),
        Some("4000")
    );
    let mut events = 0;
    while let Some(piece) = answer.piece().await {
        assert!(
            piece.starts_with(b"event: ") && piece.ends_with(b"\n\n"),
            "{}",
            piece.escape_ascii()
        );
        events += 1;
    }
    assert_eq!(events, 9);
    assert_eq!(provider.stats().streams, 1);
}

#[tokio::test]
async fn split_pieces_arrive_one_by_one_and_join_to_the_same_bytes() {
    let provider = provider();
    let mut answer = stream(&provider, "chunks=2,split=1").await;
    let mut joined = Vec::new();
    while let Some(piece) = answer.piece().await {
        assert_eq!(piece.len(), 1);
        joined.extend(piece);
    }
    let joined = String::from_utf8(joined).unwrap();
    assert!(joined.starts_with("event: message_start\n"), "{joined}");
    assert!(
        joined.ends_with("data: {\"type\":\"message_stop\"}\n\n"),
        "{joined}"
    );
}

#[tokio::test]
async fn a_reset_breaks_the_body_and_a_close_ends_it_early() {
    let provider = provider();
    let body = stream(&provider, "reset_after=700").await.whole().await;
    assert_eq!((body.bytes.len(), body.end), (700, End::Broken));
    let body = stream(&provider, "close_after=2").await.whole().await;
    assert_eq!(body.end, End::Clean);
    assert!(!body.bytes.ends_with(b"message_stop\"}\n\n"));
    assert_eq!(
        provider.stats().aborted,
        0,
        "faults of our own are nobody's hang-up"
    );
}

#[tokio::test]
async fn an_error_event_ends_a_stream() {
    let provider = provider();
    let text = stream(&provider, "error_after=4").await.text().await;
    let (_, last) = text.trim_end().rsplit_once("\n\n").unwrap();
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(last, format!("event: error\ndata: {error}"));
}

#[tokio::test]
async fn a_resume_lets_all_that_have_begun_go_on_and_later_answers_pause_again() {
    let provider = provider();
    let resume = async || {
        let told = Call::post("/mock/resume", "").send(provider.addr()).await;
        assert_eq!(told.status, 200);
    };
    let mut streamed = stream(&provider, "pause_after=2").await;
    streamed.until("content_block_start").await;
    let call = message(json!({})).header("x-mock", "pause=true;status=529");
    let refused = tokio::spawn(call.send(provider.addr()));
    until_in_flight(&provider, 2).await;
    resume().await;
    let streamed = streamed.text().await;
    assert!(streamed.ends_with("message_stop\"}\n\n"), "{streamed}");
    assert_eq!(refused.await.unwrap().status, 529);
    let mut later = stream(&provider, "pause_after=0").await;
    assert_eq!(provider.stats().in_flight, 1);
    provider.resume();
    later.until("message_stop").await;
    assert_eq!(
        (provider.stats().in_flight, provider.stats().aborted),
        (0, 0)
    );
}

async fn until_in_flight(provider: &MockProvider, count: u64) {
    eventually_async("the requests are there", async || {
        match provider.stats().in_flight {
            seen if seen == count => Ok(()),
            other => Err(format!("{other} in flight")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_is_counted_before_and_after_the_first_byte() {
    let provider = provider();
    let mut answer = stream(&provider, "stall_after=2").await;
    answer.until("content_block_start").await;
    assert_eq!(provider.stats().in_flight, 1);
    drop(answer);
    aborted(&provider, 1).await;
    let call = message(json!({"stream": true})).header("x-mock", "latency_ms=3600000");
    let waiting = tokio::spawn(call.send(provider.addr()));
    until_in_flight(&provider, 1).await;
    waiting.abort();
    aborted(&provider, 2).await;
}

async fn aborted(provider: &MockProvider, times: u64) {
    eventually_async("the hang-up is seen", async || {
        let stats = provider.stats();
        match (stats.aborted, stats.in_flight) {
            (aborted, 0) if aborted == times => Ok(()),
            seen => Err(format!("{seen:?} aborted and in flight")),
        }
    })
    .await;
}

#[tokio::test]
async fn generations_at_once_are_counted_by_key_and_beyond_the_limit_as_violations() {
    let provider = provider();
    let first = stream(&provider, "stall_after=1").await;
    let second = stream(&provider, "stall_after=1").await;
    let stats = provider.stats();
    let expected = KeyStats {
        generations: 2,
        in_flight: 2,
        max_in_flight: 2,
        violations: 1,
    };
    assert_eq!(stats.keys[&key_digest(KEY)], expected);
    drop((first, second));
    aborted(&provider, 2).await;
}

#[tokio::test]
async fn failures_speak_the_provider_s_form() {
    let provider = provider();
    let call = message(json!({})).header("x-mock", "status=429,retry_after=7");
    let answer = call.send(provider.addr()).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("7"))
    );
    let body = answer.json().await;
    assert_eq!(body["type"], "error");
    assert_eq!(body["error"]["type"], "rate_limit_error");
    let nameless = Call::post("/v1/messages", "{}").send(provider.addr()).await;
    assert_eq!(nameless.status, 401);
    assert_eq!(
        nameless.json().await["error"]["type"],
        "authentication_error"
    );
    let unknown = message(json!({"model": "gpt-4o"}))
        .send(provider.addr())
        .await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json().await["error"]["message"], "model: gpt-4o");
    let refused = message(json!({}))
        .header("x-mock", "chunk=1")
        .send(provider.addr())
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn behaviour_set_at_run_time_holds_for_everybody() {
    let provider = provider();
    let set = Call::post("/mock/config?chunks=2", r#"{"echo": true}"#);
    let now = set.send(provider.addr()).await.json().await;
    assert_eq!((&now["chunks"], &now["echo"]), (&json!(2), &json!(true)));
    let answer = message(json!({})).send(provider.addr()).await.json().await;
    assert_eq!(answer["content"][0]["text"], "hi");
    let refused = Call::post("/mock/config?chunk=2", "")
        .send(provider.addr())
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn where_somebody_else_listens_it_does_not_start() {
    let provider = provider();
    let another = MockProvider::bind(provider.addr(), Options::default());
    let error = another.expect_err("its address is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn what_was_seen_is_told_without_credentials() {
    let provider = provider();
    message(json!({})).send(provider.addr()).await.text().await;
    let stats = Call::get("/mock/stats")
        .send(provider.addr())
        .await
        .text()
        .await;
    assert!(
        !stats.contains(KEY) && stats.contains(&key_digest(KEY)),
        "{stats}"
    );
    let last = provider.stats().last.unwrap();
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("POST", "/v1/messages")
    );
    provider.shutdown().await;
}
