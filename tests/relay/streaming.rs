//! Bytes in are bytes out, when they come.

use harness::Weir;
use harness::http::{Call, End};
use harness::weir::{message, stream};
use serde_json::json;

/// What the upstream says when it is asked without the relay, with the id of this other answer put in.
async fn said_directly(weir: &Weir, call: Call, relayed: &str) -> String {
    let direct = call
        .header("x-api-key", "sk-direct")
        .send(weir.provider.addr())
        .await;
    let direct = direct.text().await;
    direct.replace(message_id(&direct), message_id(relayed))
}

fn message_id(text: &str) -> &str {
    let start = text.find("msg_mock_").expect("every answer has an id");
    text[start..]
        .split('"')
        .next()
        .expect("split gives at least one part")
}

#[tokio::test]
async fn a_stream_passes_byte_for_byte_wherever_it_is_split() {
    let weir = Weir::start().await;
    for split in [1, 2, 3, 5, 7, 11, 64, 1000] {
        let call = stream(&format!("split={split};echo=true;chunks=3"));
        let relayed = weir.ask(call.clone()).await.text().await;
        let direct = said_directly(&weir, call, &relayed).await;
        assert_eq!(relayed, direct, "split at every {split} bytes");
        assert!(relayed.ends_with("data: {\"type\":\"message_stop\"}\n\n"));
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn an_event_is_passed_on_while_the_upstream_is_silent_after_it() {
    let weir = Weir::start().await;
    for events in 1..6 {
        let mut answer = weir
            .ask(stream(&format!("chunks=9;stall_after={events}")))
            .await;
        let mut seen = 0;
        while seen < events {
            let piece = answer.piece().await.expect("the stream is not over");
            seen += piece.windows(2).filter(|pair| pair == b"\n\n").count();
        }
        assert_eq!(seen, events);
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn half_an_event_is_passed_on_too() {
    let weir = Weir::start().await;
    let first = weir.ask(stream("chunks=1")).await.text().await;
    let mut answer = weir.ask(stream("split=40;delay_ms=600000;chunks=1")).await;
    // The first one is held until it is known not to be an error.
    for expected in [first.find("\n\n").unwrap() + 2, 40] {
        let piece = answer.piece().await;
        assert_eq!(piece.map(|piece| piece.len()), Some(expected));
    }
}

#[tokio::test]
async fn a_long_stream_passes_whole() {
    let weir = Weir::start().await;
    let call = stream("chunks=20000;delta_bytes=200");
    let relayed = weir.ask(call.clone()).await.text().await;
    assert!(relayed.len() > 4_000_000);
    assert!(
        relayed == said_directly(&weir, call, &relayed).await,
        "a byte differs"
    );
}

#[tokio::test]
async fn an_answer_in_one_piece_passes_byte_for_byte() {
    let weir = Weir::start().await;
    let call = message("split=1;cache_read_tokens=5", &json!({}));
    let answer = weir.ask(call.clone()).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    let relayed = answer.text().await;
    assert_eq!(relayed, said_directly(&weir, call, &relayed).await);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn the_body_goes_up_byte_for_byte() {
    let weir = Weir::start().await;
    let body = "{ \"messages\" : [ {\"content\":\"h\\u00e4 \u{1F30A}\",\"role\":\"user\"} ],\n\t\"unknown\": {\"z\":1.0,\"a\":[ ]},\
        \"max_tokens\":1e2 ,\"model\":\"claude-mock-1\"}";
    let body = body.replace("1e2", "100");
    let call = Call::post(
        "/anthropic/v1/messages?beta=true&mock=chunks=1",
        body.clone(),
    );
    let answer = weir
        .ask(call.header("anthropic-version", "2023-06-01"))
        .await;
    assert_eq!(answer.status, 200);
    let last = weir.provider.stats().last.unwrap();
    assert_eq!(
        (last.path.as_str(), last.query.as_deref()),
        ("/v1/messages", Some("beta=true&mock=chunks=1"))
    );
    let direct = Call::post("/v1/messages", body.clone());
    direct
        .header("x-api-key", "sk-direct")
        .send(weir.provider.addr())
        .await;
    let expected = weir.provider.stats().last.unwrap();
    assert_eq!(
        (last.body_bytes, last.body_sha256),
        (body.len(), expected.body_sha256)
    );
}

#[tokio::test]
async fn an_upstream_s_own_refusal_comes_back_unchanged() {
    let weir = Weir::start().await;
    for (status, kind) in [
        (400, "invalid_request_error"),
        (529, "overloaded_error"),
        // The last: the account rests then.
        (429, "rate_limit_error"),
    ] {
        let answer = weir
            .ask(stream(&format!("status={status};retry_after=9")))
            .await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (status, Some("9"))
        );
        assert_eq!(
            answer.header("x-weir-error"),
            None,
            "it is not the relay that refuses"
        );
        let body = answer.whole().await;
        assert_eq!(body.end, End::Clean);
        let body: serde_json::Value = serde_json::from_slice(&body.bytes).unwrap();
        assert_eq!(body["error"]["type"], kind);
        assert!(
            body["request_id"]
                .as_str()
                .unwrap()
                .starts_with("req_mock_")
        );
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn models_are_listed_as_the_upstream_lists_them() {
    let weir = Weir::start().await;
    let page = weir.ask(Call::get("/v1/models?limit=2")).await.json().await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&page["has_more"], &page["first_id"]),
        (&json!(true), &page["data"][0]["id"])
    );
}

#[tokio::test]
async fn a_key_at_its_limit_lists_no_models() {
    let weir = Weir::setup().impatient().key_limit(1).start().await;
    let held = weir.ask(stream("chunks=9;stall_after=4")).await;
    let refused = weir.ask(Call::get("/v1/models")).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, Some("weir_key_busy"))
    );
    drop(held);
    weir.until_nothing_is_held().await;
}
