//! What holds of requests in every dialect: whose accounts serve a route, where a key may be, how a refusal is told.

use harness::http::{Answer, Call};
use harness::{Speech, Weir};
use hyper::Method;
use serde_json::{Value, json};

async fn weir() -> Weir {
    Weir::setup().every_kind().start().await
}

#[tokio::test]
async fn embeddings_take_a_slot_and_are_booked() {
    let weir = Weir::setup().every_kind().max_concurrent(1).start().await;
    let openai = Call::post(
        "/openai/v1/embeddings?mock=input_tokens=7;latency_ms=20",
        r#"{"model":"text-embedding-3-small","input":["a","b"]}"#,
    );
    let answer = weir.ask(openai.clone()).await.json().await;
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    let gemini = |method: &str, body: &str| {
        let path = format!("/v1beta/models/gemini-embedding-001:{method}");
        Call::post(&path, body.to_owned())
    };
    let one = gemini("embedContent", r#"{"content":{"parts":[{"text":"a"}]}}"#);
    let one = weir.ask(one).await.json().await;
    assert!(one["embedding"]["values"].is_array(), "{one}");
    let several = gemini("batchEmbedContents", r#"{"requests":[{},{},{}]}"#);
    let several = weir.ask(several).await.json().await;
    assert_eq!(several["embeddings"].as_array().unwrap().len(), 3);
    let records = weir.records(3).await;
    assert_eq!(*records[0].field("input"), "7");
    assert_eq!(*records[0].field("model"), "text-embedding-3-small");
    assert_eq!(*records[1].field("model"), "gemini-embedding-001");
    let many: Vec<_> = (0..5).map(|_| weir.spawn(openai.clone())).collect();
    for one in many {
        let answer = one.await.expect("it does not panic");
        assert_eq!(answer.status, 200);
    }
    assert_eq!(weir.provider.stats().violations, 0);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn tokens_are_counted_and_models_listed_by_accounts_of_the_dialect() {
    let weir = weir().await;
    let count = Call::post(
        "/gemini/v1beta/models/gemini-mock-1:countTokens?mock=input_tokens=9",
        r#"{"contents":[{"parts":[{"text":"a"}]}]}"#,
    );
    assert_eq!(weir.ask(count).await.json().await["totalTokens"], 9);
    let bearer = format!("Bearer {}", weir.key);
    let openai = Call::get("/v1/models").header("authorization", &bearer);
    let openai = openai.send(weir.addr()).await.json().await;
    assert_eq!(openai["object"], "list");
    let anthropic = weir.ask(Call::get("/v1/models").header("anthropic-version", "2023-06-01"));
    assert_eq!(anthropic.await.json().await["has_more"], false);
    let gemini = weir.ask(Call::get("/v1beta/models")).await.json().await;
    assert_eq!(gemini["models"][0]["name"], "models/gemini-2.5-pro");
}

#[tokio::test]
async fn one_model_is_shown_by_an_account_that_serves_it() {
    let setup = Weir::setup().every_kind().group_line(
        r#"aliases = { best = "claude-opus-5-5", fast = "gpt-5", small = "gemini-2.5-pro" }"#,
    );
    let weir = setup.start().await;
    for (path, name, id) in [
        ("/anthropic/v1/models/best", "id", "claude-opus-5-5"),
        ("/openai/v1/models/fast", "id", "gpt-5"),
        ("/v1beta/models/small", "name", "models/gemini-2.5-pro"),
        ("/openai/v1/models/gpt-mock-1", "id", "gpt-mock-1"),
    ] {
        let model = weir.ask(Call::get(path)).await.json().await;
        assert_eq!(model[name], id, "{path}");
    }
    let mapped = r#"models = { "claude-mock-1" = "claude-mock-1" }"#;
    let weir = Weir::setup().account_line(mapped).start().await;
    let unknown = weir.ask(Call::get("/v1/models/claude-opus-5-5")).await;
    refusal(Speech::Messages, unknown, 404, "weir_no_model").await;
}

/// Checks status and word, and that the dialect's error object says the same; gives its message.
pub(crate) async fn refusal(speech: Speech, answer: Answer, status: u16, code: &str) -> String {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (status, Some(code)),
        "{speech:?}"
    );
    let body = answer.json().await;
    let error = &body["error"];
    match speech.kind() {
        "anthropic" => assert_eq!(
            (&body["type"], &error["code"]),
            (&json!("error"), &json!(code))
        ),
        "openai" => assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &Value::Null)
        ),
        _ => {
            assert_eq!(error["code"], status);
            assert_eq!(error["details"][0]["reason"], code);
        }
    }
    error["message"]
        .as_str()
        .expect("an error has a message")
        .to_owned()
}

#[tokio::test]
async fn refusals_are_told_in_the_dialect_of_the_route() {
    let weir = weir().await;
    for speech in Speech::ALL {
        let nameless = speech.stream("").send(weir.addr()).await;
        refusal(speech, nameless, 401, "weir_invalid_key").await;
        let call = speech.message("", &json!({}));
        let torn = weir.ask(call.clone().body("{")).await;
        refusal(speech, torn, 400, "weir_invalid_body").await;
        let got = weir.ask(call.method(Method::PUT)).await;
        assert_eq!(got.header("allow"), Some("POST"));
        refusal(speech, got, 405, "weir_wrong_method").await;
    }
    let unknown = weir.ask(Call::post("/v1beta/files", "{}")).await;
    refusal(Speech::Gemini, unknown, 404, "weir_no_route").await;
    let unknown = weir.ask(Call::post("/openai/v1/files", "{}")).await;
    refusal(Speech::Chat, unknown, 404, "weir_no_route").await;
}

#[tokio::test]
async fn a_group_says_which_account_it_lacks() {
    for (kinds, lacking, name) in [
        (&["anthropic"], Speech::Chat, "OpenAI"),
        (&["openai"], Speech::GeminiArray, "Gemini"),
        (&["gemini"], Speech::Messages, "Anthropic"),
    ] {
        let weir = Weir::setup().kinds(kinds).start().await;
        let answer = weir.ask(lacking.stream("")).await;
        let message = refusal(lacking, answer, 403, "weir_no_account").await;
        assert!(message.contains(name), "{message}");
        assert_eq!(weir.provider.stats().requests.len(), 0);
    }
}

#[tokio::test]
async fn a_field_that_decides_may_not_stand_twice() {
    let weir = weir().await;
    for (speech, body) in [
        (
            Speech::Chat,
            r#"{"model":"gpt-5","messages":[],"model":"gpt-4"}"#,
        ),
        (
            Speech::Responses,
            r#"{"model":"gpt-5","input":"a","input":"b"}"#,
        ),
        (Speech::Gemini, r#"{"contents":[],"contents":[]}"#),
    ] {
        let call = speech.message("", &json!({})).body(body);
        let message = refusal(speech, weir.ask(call).await, 400, "weir_invalid_body").await;
        assert!(message.contains("stands twice"), "{message}");
    }
}

#[tokio::test]
async fn a_key_is_taken_from_where_each_client_puts_it_and_goes_no_further() {
    let weir = weir().await;
    let bearer = format!("Bearer {}", weir.key);
    for (speech, name, value) in [
        (Speech::Chat, "authorization", &bearer),
        (Speech::Responses, "x-api-key", &weir.key),
        (Speech::Gemini, "x-goog-api-key", &weir.key),
        (Speech::GeminiArray, "authorization", &bearer),
    ] {
        let call = speech.message("", &json!({})).header(name, value);
        assert_eq!(call.send(weir.addr()).await.status, 200, "{speech:?}");
        let last = weir.provider.stats().last.unwrap();
        let credential = match speech.kind() {
            "openai" => ("authorization".to_owned(), Weir::account_digest(2)),
            _ => ("x-goog-api-key".to_owned(), Weir::account_digest(3)),
        };
        assert!(last.headers.contains(&credential), "{:?}", last.headers);
        let shown = ["authorization", "x-api-key", "x-goog-api-key"];
        let shown = last
            .headers
            .iter()
            .filter(|(name, _)| shown.contains(&name.as_str()));
        assert_eq!(shown.count(), 1, "{:?}", last.headers);
    }
}

#[tokio::test]
async fn a_key_in_the_query_is_taken_on_gemini_s_routes_alone() {
    let weir = weir().await;
    let with_key = |path: &str| Call::post(&format!("{path}?key={}&x=1", weir.key), "{}");
    let path = "/v1beta/models/gemini-mock-1:countTokens";
    let body = r#"{"contents":[{"parts":[{"text":"a"}]}]}"#;
    let taken = with_key(path).body(body).send(weir.addr()).await;
    assert_eq!(taken.status, 200);
    let last = weir.provider.stats().last.unwrap();
    assert_eq!(
        (last.path.as_str(), last.query.as_deref()),
        (path, Some("x=1"))
    );
    for path in ["/v1/messages", "/v1/responses"] {
        assert_eq!(with_key(path).send(weir.addr()).await.status, 401, "{path}");
    }
}
