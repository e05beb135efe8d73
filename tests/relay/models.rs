//! Which accounts serve a model, by which names, and which of them come first.

use harness::Weir;
use harness::http::Call;
use harness::weir::message;
use serde_json::json;
use weir_relay::mock::Behaviour;

use crate::upstreams::{fresh, seen, text, upstream};

fn of(model: &str) -> Call {
    message("", &json!({"model": model}))
}

#[tokio::test]
async fn an_account_gets_the_models_that_it_serves_under_their_names_there() {
    let other = upstream(Behaviour::default());
    let weir = Weir::setup()
        .account_line(
            r#"models = { "claude-opus-*" = "claude-vendor-opus-*", "fast" = "claude-haiku-3" }"#,
        )
        .account_at(
            &other,
            r#"models = { "claude-haiku-4-5" = "claude-haiku-4-5" }"#,
        )
        .group_line(r#"aliases = { best = "claude-opus-4-6" }"#)
        .start()
        .await;
    for (asked, told) in [
        ("claude-opus-4-6", "claude-vendor-opus-4-6"),
        ("best", "claude-vendor-opus-4-6"),
        ("fast", "claude-haiku-3"),
        ("claude-haiku-4-5", "claude-haiku-4-5"),
    ] {
        let answer = weir.ask(of(asked)).await.json().await;
        assert_eq!(answer["model"], told, "{asked}");
    }
    assert_eq!(seen(&weir, &other), (3, 1));
    let unknown = weir.ask(of("claude-sonnet-4-5")).await;
    assert_eq!(
        (unknown.status, unknown.header("x-weir-error")),
        (404, Some("weir_no_model"))
    );
    let records = weir.records(4).await;
    let models: Vec<String> = records.iter().map(|record| text(record, "model")).collect();
    assert_eq!(
        models,
        ["claude-opus-4-6", "best", "fast", "claude-haiku-4-5"]
    );
    assert_eq!(text(&records[0], "chosen"), "only");
}

#[tokio::test]
async fn nothing_but_the_models_name_is_changed() {
    let weir = Weir::setup()
        .account_line(r#"models = { "*" = "claude-upstream" }"#)
        .start()
        .await;
    let body = "{ \"max_tokens\" : 64, \"model\":\"asked\" ,\n\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e4\"}], \"x\":{\"model\":\"asked\"}}";
    let call = |body: String| {
        let call = Call::post("/v1/messages", body);
        call.header("anthropic-version", "2023-06-01")
    };
    let answer = weir.ask(call(body.to_owned())).await;
    assert_eq!(answer.status, 200);
    let through = weir.provider.stats().last.expect("it went up");
    let expected = body.replacen("asked", "claude-upstream", 1);
    let direct = call(expected).header("x-api-key", "sk-direct");
    direct.send(weir.provider.addr()).await;
    let direct = weir.provider.stats().last.expect("it went up");
    assert_eq!(
        (through.body_bytes, through.body_sha256),
        (direct.body_bytes, direct.body_sha256)
    );
}

#[tokio::test]
async fn geminis_model_is_renamed_in_the_path() {
    let weir = Weir::setup()
        .every_kind()
        .account_line(r#"models = { "gemini-*" = "gemini-tuned-*" }"#)
        .start()
        .await;
    let gemini = Call::post(
        "/v1beta/models/gemini-mock-1:generateContent",
        r#"{"contents":[{"parts":[{"text":"a"}]}]}"#,
    );
    let answer = weir.ask(gemini).await;
    assert_eq!(answer.status, 200);
    let last = weir.provider.stats().last.expect("it went up");
    assert!(
        last.path.contains("/models/gemini-tuned-mock-1:"),
        "{}",
        last.path
    );
}

#[tokio::test]
async fn geminis_model_is_renamed_in_each_of_several_texts() {
    let weir = Weir::setup()
        .kinds(&["gemini"])
        .account_line(r#"models = { "fast" = "gemini-embedding-001" }"#)
        .start()
        .await;
    let body = r#"{"requests":[{"model":"models/fast","content":{"parts":[{"text":"models/fast"}]}},{"model":"models/fast"}]}"#;
    let path = "/v1beta/models/fast:batchEmbedContents";
    let answer = weir.ask(Call::post(path, body)).await;
    assert_eq!(answer.status, 200);
    let through = weir.provider.stats().last.expect("it went up");
    let renamed = body.replace(
        r#""model":"models/fast""#,
        r#""model":"models/gemini-embedding-001""#,
    );
    let direct = Call::post(&path.replace("fast", "gemini-embedding-001"), renamed);
    let direct = direct.header("x-goog-api-key", "sk-direct");
    direct.send(weir.provider.addr()).await;
    let direct = weir.provider.stats().last.expect("it went up");
    assert_eq!(
        (through.path, through.body_sha256),
        (direct.path, direct.body_sha256)
    );
}

#[tokio::test]
async fn the_first_tier_serves_while_it_has_room() {
    let stalling = Behaviour {
        stall_after: Some(2),
        ..Behaviour::default()
    };
    let other = upstream(stalling.clone());
    let weir = Weir::setup()
        .behaviour(stalling)
        .max_concurrent(2)
        .account_at(&other, "priority = 1")
        .start()
        .await;
    let mut held = Vec::new();
    for expected in [(1, 0), (2, 0), (2, 1)] {
        held.push(weir.ask(fresh()).await);
        assert_eq!(seen(&weir, &other), expected);
    }
    drop(held);
    let records = weir.records(3).await;
    let mut chosen: Vec<String> = records
        .iter()
        .map(|record| text(record, "chosen"))
        .collect();
    chosen.sort();
    assert_eq!(chosen, ["least_loaded", "least_loaded", "tier"]);
}
