//! What the relay answers itself where no account of a group can: how long a request is likely to be, which models there are.

use harness::http::Call;
use harness::{Speech, Weir};
use serde_json::{Value, json};
use weir_relay::key::KeyRules;

use crate::routes::refusal;
use crate::translate::setup;

const BEDROCK: &str =
    r#"models = { "claude-opus" = "us.anthropic.claude-opus-4-v1:0", "nova-*" = "amazon.nova-*" }"#;

const MESSAGES: &str =
    r#"{"model":"claude-x","messages":[{"role":"user","content":"How long is this?"}]}"#;
const CONTENTS: &str =
    r#"{"contents":[{"role":"user","parts":[{"text":"How long is this, about?"}]}]}"#;

fn counting(path: &str, body: &str) -> Call {
    Call::post(path, body.to_owned()).header("content-type", "application/json")
}

#[tokio::test]
async fn where_no_account_counts_tokens_they_are_estimated_and_that_is_said() {
    for (speech, kinds, path, body, field) in [
        (
            Speech::Messages,
            &["openai"][..],
            "/v1/messages/count_tokens",
            MESSAGES,
            "input_tokens",
        ),
        (
            Speech::Gemini,
            &["anthropic"][..],
            "/v1beta/models/gemini-x:countTokens",
            CONTENTS,
            "totalTokens",
        ),
    ] {
        let weir = setup(speech, kinds).start().await;
        let answer = weir.ask(counting(path, body)).await;
        assert_eq!(
            (answer.status, answer.header("x-weir-estimated")),
            (200, Some("true"))
        );
        let id = answer.header("x-weir-request-id");
        assert!(id.is_some_and(|id| id.starts_with("req_")), "{id:?}");
        assert_eq!(answer.json().await[field], body.len() * 2 / 7, "{path}");
        let rules = KeyRules {
            models: vec!["none-*".into()],
            ..KeyRules::default()
        };
        let key = weir.add_limited_key(0, rules).await;
        let limited = counting(path, body).header("x-api-key", key.secret.reveal());
        refusal(
            speech,
            limited.send(weir.addr()).await,
            403,
            "weir_model_not_allowed",
        )
        .await;
        assert!(
            weir.provider.stats().requests.is_empty(),
            "nobody was asked"
        );
    }
}

#[tokio::test]
async fn an_account_that_counts_is_asked() {
    let setup = Weir::setup().kinds(&["anthropic", "openai"]).accounts(2);
    let weir = setup.account_line("translate = true").start().await;
    let call = counting("/v1/messages/count_tokens?mock=input_tokens=9", MESSAGES);
    let answer = weir
        .ask(call.header("anthropic-version", "2023-06-01"))
        .await;
    assert_eq!(
        (answer.status, answer.header("x-weir-estimated")),
        (200, None)
    );
    assert_eq!(answer.json().await["input_tokens"], 9);
}

fn ids(list: &Value, all: &str, id: &str) -> Vec<Value> {
    let entries = list[all].as_array().expect("it is a list");
    entries.iter().map(|entry| entry[id].clone()).collect()
}

#[tokio::test]
async fn models_that_no_account_lists_are_those_that_are_named() {
    let weir = Weir::setup()
        .kinds(&["bedrock"])
        .account_line(BEDROCK)
        .account_line("translate = true")
        .group_line(r#"aliases = { best = "claude-opus" }"#)
        .start()
        .await;
    for (path, all, id, expected) in [
        (
            "/anthropic/v1/models",
            "data",
            "id",
            ["best", "claude-opus"],
        ),
        ("/openai/v1/models", "data", "id", ["best", "claude-opus"]),
        (
            "/v1beta/models",
            "models",
            "name",
            ["models/best", "models/claude-opus"],
        ),
    ] {
        let told = weir.ask(Call::get(path)).await.json().await;
        assert_eq!(ids(&told, all, id), expected, "{path}: {told}");
    }
    let one = weir
        .ask(Call::get("/anthropic/v1/models/best"))
        .await
        .json()
        .await;
    assert_eq!(
        (&one["type"], &one["id"]),
        (&json!("model"), &json!("best"))
    );
    let unknown = weir.ask(Call::get("/anthropic/v1/models/other")).await;
    refusal(Speech::Messages, unknown, 404, "weir_no_model").await;
    let rules = KeyRules {
        models: vec!["none".into()],
        ..KeyRules::default()
    };
    let key = weir.add_limited_key(0, rules).await;
    let none = Call::get("/anthropic/v1/models").header("x-api-key", key.secret.reveal());
    refusal(
        Speech::Messages,
        none.send(weir.addr()).await,
        404,
        "weir_no_model",
    )
    .await;
}
