//! Callers of OpenAI's API on accounts of Azure's: at the paths with and without versions.

use harness::weir::Setup;
use harness::{Speech, Weir};
use serde_json::json;
use weir_relay::mock::Behaviour;

use crate::upstreams::{generations, refusing, text, upstream};

const VERSION: &str = "api_version = \"2024-10-21\"";
const DEPLOYED: &str = r#"models = { "gpt-mock-1" = "our-gpt" }"#;

fn setup() -> Setup {
    Weir::setup().kinds(&["azure-openai"])
}

#[tokio::test]
async fn a_resource_is_asked_at_the_paths_of_its_api() {
    let weir = setup().start().await;
    for (speech, path) in [
        (Speech::Chat, "/openai/v1/chat/completions"),
        (Speech::Responses, "/openai/v1/responses"),
    ] {
        let answer = weir.ask(speech.message("", &json!({}))).await;
        assert_eq!((answer.status, answer.header("x-ms-region")), (200, None));
        let last = weir.provider.stats().last.expect("there was a request");
        assert_eq!((last.path.as_str(), last.query), (path, None));
    }
}

#[tokio::test]
async fn a_deployment_is_asked_by_the_name_that_the_model_has_there() {
    let weir = setup()
        .account_line(VERSION)
        .account_line(DEPLOYED)
        .start()
        .await;
    let answer = weir.ask(Speech::Chat.message("", &json!({}))).await;
    assert_eq!(answer.json().await["model"], "our-gpt");
    let last = weir.provider.stats().last.expect("there was a request");
    assert_eq!(last.path, "/openai/deployments/our-gpt/chat/completions");
    assert_eq!(last.query.as_deref(), Some("api-version=2024-10-21"));
}

#[tokio::test]
async fn a_stream_passes_with_what_the_filter_says_of_the_prompt() {
    let weir = setup().start().await;
    let body =
        r#"{"model":"gpt-mock-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let told = Speech::Chat
        .stream("chunks=2;input_tokens=9;output_tokens=4")
        .body(body);
    let text = weir.ask(told).await.text().await;
    assert!(text.starts_with("data: {\"choices\":[]") && text.contains("prompt_filter_results"));
    assert!(
        text.ends_with("data: [DONE]\n\n") && !text.contains("prompt_tokens"),
        "{text}"
    );
    let record = &weir.records(1).await[0];
    let used = ["input", "output", "outcome"].map(|field| crate::upstreams::text(record, field));
    assert_eq!(used, ["9", "4", "done"]);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_the_filter_refuses_is_the_callers_own() {
    let other = upstream(Behaviour::default());
    let setup = setup().behaviour(refusing(400));
    let weir = setup.account_at(&other, "priority = 1").start().await;
    let answer = weir.ask(Speech::Chat.message("", &json!({}))).await;
    assert_eq!((answer.status, answer.header("x-weir-error")), (400, None));
    assert_eq!(answer.json().await["error"]["code"], "content_filter");
    assert_eq!(generations(&other), 0);
}

#[tokio::test]
async fn another_account_serves_what_azure_refuses() {
    for (status, cause) in [
        (401, "credential"),
        (404, "model"),
        (429, "rate"),
        (500, "fault"),
    ] {
        let other = upstream(Behaviour::default());
        let setup = Weir::setup()
            .kinds(&["azure-openai", "openai"])
            .behaviour(refusing(status));
        // `account_at` has no version in its address, which an account of OpenAI's may have.
        let weir = setup.account_at(&other, "priority = 1").start().await;
        let answer = weir.ask(Speech::Chat.stream("")).await;
        assert_eq!(answer.status, 200, "{status}");
        assert!(answer.text().await.ends_with("data: [DONE]\n\n"));
        assert_eq!(
            text(&weir.records(1).await[0], "failed"),
            format!("a1:{cause}")
        );
    }
}

#[tokio::test]
async fn an_account_that_says_in_seconds_when_it_has_more_is_passed_over_until_then() {
    let first = Behaviour {
        requests_left: Some(0),
        ..Behaviour::default()
    };
    let other = upstream(Behaviour::default());
    let setup = setup().behaviour(first);
    let weir = setup.account_at(&other, "priority = 1").start().await;
    for _ in 0..3 {
        let answer = weir.ask(Speech::Chat.message("", &json!({}))).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!((generations(&weir.provider), generations(&other)), (1, 2));
}
