//! Which headers go up and which come back: by lists, so that nobody's credential travels.

use harness::Weir;
use harness::http::Call;
use harness::weir::{message, stream};
use serde_json::json;

const BETA: &str =
    "claude-code-20250219,oauth-2025-04-20, interleaved-thinking-2025-05-14,context-1m-2025-08-07";

#[tokio::test]
async fn only_what_the_provider_knows_goes_up() {
    let weir = Weir::start().await;
    let call = stream("")
        .header("anthropic-beta", BETA)
        .header("anthropic-beta", "second-2026-01-01")
        .header("authorization", "Bearer old-key-of-the-caller")
        .header("cookie", "session=of-the-caller")
        .header("x-forwarded-for", "10.1.2.3")
        .header("x-goog-api-key", "another")
        .header("x-secret-of-the-caller", "1")
        .header("connection", "close, x-stainless-hop")
        .header("x-stainless-hop", "1")
        .header("x-stainless-lang", "python")
        .header("user-agent", "test/1");
    assert_eq!(weir.ask(call).await.status, 200);
    let mut seen = weir.provider.stats().last.unwrap().headers;
    seen.retain(|(name, _)| name != "host" && name != "content-length");
    seen.sort();
    let credential = Weir::account_digest(1);
    let expected = [
        ("accept-encoding", "identity"),
        ("anthropic-beta", BETA),
        ("anthropic-beta", "second-2026-01-01"),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("user-agent", "test/1"),
        ("x-api-key", &credential),
        ("x-stainless-lang", "python"),
    ];
    assert_eq!(
        seen,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn a_key_in_the_query_does_not_go_up() {
    let weir = Weir::start().await;
    for (query, expected) in [
        (format!("key={}", weir.key), None),
        (
            format!("beta=true&key={}&x=%20", weir.key),
            Some("beta=true&x=%20"),
        ),
    ] {
        let body = json!({"model": "claude-mock-1", "max_tokens": 64,
            "messages": [{"role": "user", "content": "hi"}]});
        let call = Call::post(&format!("/v1/messages?{query}"), body.to_string())
            .header("content-type", "application/json")
            .header("anthropic-version", "2023-06-01");
        assert_eq!(weir.ask(call).await.status, 200);
        let seen = weir.provider.stats().last.unwrap().query;
        assert_eq!(seen.as_deref(), expected);
    }
}

#[tokio::test]
async fn what_tells_of_the_account_or_its_server_does_not_come_back() {
    let weir = Weir::start().await;
    for call in [stream(""), message("", &json!({})), stream("status=500")] {
        let answer = weir.ask(call).await;
        for name in ["set-cookie", "anthropic-organization-id", "via", "x-mock"] {
            assert_eq!(answer.header(name), None, "{name}");
        }
        assert!(
            answer
                .header("request-id")
                .unwrap()
                .starts_with("req_mock_")
        );
        assert_eq!(
            answer.header("anthropic-ratelimit-requests-remaining"),
            Some("3999")
        );
        assert!(answer.header("x-weir-request-id").is_some());
    }
}

#[tokio::test]
async fn a_stream_is_not_to_be_buffered_by_anybody() {
    let weir = Weir::start().await;
    let answer = weir.ask(stream("")).await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(
        answer.header("cache-control"),
        Some("no-cache, no-transform")
    );
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(
        (
            answer.header("content-length"),
            answer.header("content-encoding")
        ),
        (None, None)
    );
    let waited: u64 = answer.number("x-weir-wait-ms");
    assert!(waited < 10_000);
}
