//! What the relay refuses by itself: in the dialect, with a word of its own, and without going up.

use std::process::Command;

use bytes::Bytes;
use harness::config::program;
use harness::http::{Answer, Call};
use harness::weir::{message, stream};
use harness::{Weir, eventually_async};
use hyper::Method;
use serde_json::{Value, json};

/// Checks status and word, and that the dialect's error object says the same; gives its message.
async fn refusal(answer: Answer, status: u16, code: &str, kind: &str) -> String {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (status, Some(code))
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json().await;
    assert_eq!(
        (&body["type"], &body["error"]["type"]),
        (&json!("error"), &json!(kind))
    );
    let message = body["error"]["message"].as_str();
    message.expect("an error has a message").to_owned()
}

fn nothing_went_up(weir: &Weir) {
    assert_eq!(weir.provider.stats().requests.len(), 0);
    assert_eq!(weir.slots_held(), 0);
}

#[tokio::test]
async fn without_a_good_key_nobody_is_served() {
    let weir = Weir::start().await;
    let nameless = stream("").send(weir.addr()).await;
    refusal(nameless, 401, "weir_invalid_key", "authentication_error").await;
    let wrong = |name: &str, value: &str| stream("").header(name, value).send(weir.addr());
    let unknown = refusal(
        wrong("x-api-key", "weir_default_x").await,
        401,
        "weir_invalid_key",
        "authentication_error",
    );
    let unknown = unknown.await;
    let almost = format!("{}x", weir.key);
    for (name, value) in [
        ("x-api-key", almost.as_str()),
        ("x-api-key", ""),
        ("authorization", "Bearer "),
        ("authorization", "Basic YTpi"),
        ("authorization", &weir.key),
    ] {
        let answer = wrong(name, value).await;
        let told = refusal(answer, 401, "weir_invalid_key", "authentication_error").await;
        assert!(!told.contains(&weir.key), "{told}");
        if name == "x-api-key" {
            assert_eq!(told, unknown);
        }
    }
    nothing_went_up(&weir);
    let bearer = format!("Bearer {}", weir.key);
    assert_eq!(wrong("authorization", &bearer).await.status, 200);
}

#[tokio::test]
async fn a_disabled_key_is_refused_like_an_unknown_one() {
    let weir = Weir::start().await;
    assert_eq!(weir.ask(stream("")).await.status, 200);
    let mut disable = Command::new(program());
    disable
        .args(["key", "disable", &weir.key_id])
        .arg("--config")
        .arg(weir.write_toml());
    let done = disable.output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    eventually_async("the key is refused", async || {
        match weir.ask(stream("")).await.status {
            401 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_bad_body_is_refused_before_it_costs_anything() {
    let weir = Weir::start().await;
    let bodies = [
        "",
        "nonsense",
        "[]",
        "null",
        r#"{"model":"claude-mock-1""#,
        r#"{"model":1,"messages":[]}"#,
        r#"{"model":"claude-mock-1","model":"claude-opus-5-5","messages":[]}"#,
        r#"{"model":"claude-mock-1","messages":[],"messages":[]}"#,
        r#"{"model":"claude-mock-1","messages":[],"stream":true,"stream":false}"#,
        r#"{"model":"claude-mock-1","messages":[],"stream":"yes"}"#,
        r#"{"model":"claude-mock-1","messages":"claude"}"#,
        "{\"model\":\"claude-mock-1\",\"messages\":[]} trailing",
    ];
    for body in bodies {
        let answer = weir.ask(Call::post("/v1/messages", body)).await;
        let told = refusal(answer, 400, "weir_invalid_body", "invalid_request_error").await;
        assert!(
            told.starts_with("the body is not valid: "),
            "{body}: {told}"
        );
        assert!(!told.contains("claude"), "{told}");
        if body.matches("\"model\"").count() > 1 {
            assert!(told.contains("`model` stands twice"), "{told}");
        }
    }
    let deep = format!(r#"{{"messages":{}"#, "[".repeat(1_000_000));
    let answer = weir.ask(Call::post("/v1/messages", deep)).await;
    refusal(answer, 400, "weir_invalid_body", "invalid_request_error").await;
    let not_text = Call::post(
        "/v1/messages",
        Bytes::from_static(b"{\"model\":\"\xff\xfe\"}"),
    );
    refusal(
        weir.ask(not_text).await,
        400,
        "weir_invalid_body",
        "invalid_request_error",
    )
    .await;
    nothing_went_up(&weir);
}

#[tokio::test]
async fn a_body_above_the_limit_is_too_large() {
    let weir = Weir::setup().head("[body]\nmax_bytes = 2048").start().await;
    let fits = message("", &json!({"metadata": {"x": "a".repeat(1500)}}));
    assert_eq!(weir.ask(fits).await.status, 200);
    let large = message("", &json!({"metadata": {"x": "a".repeat(2048)}}));
    let told = refusal(
        weir.ask(large).await,
        413,
        "weir_body_too_large",
        "request_too_large",
    )
    .await;
    assert!(told.contains("2048"), "{told}");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_served_are_refused() {
    let weir = Weir::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/complete",
        "/v1/messages/batches",
        "/v1/messages/",
        "/metrics",
        "/mock/stats",
        "/api/keys",
    ] {
        let answer = weir.ask(Call::post(path, "{}")).await;
        refusal(answer, 404, "weir_no_route", "not_found_error").await;
    }
    for (method, path) in [
        (Method::GET, "/v1/messages"),
        (Method::DELETE, "/v1/messages"),
        (Method::GET, "/v1/messages/count_tokens"),
        (Method::POST, "/v1/models"),
    ] {
        let answer = weir.ask(Call::new(method, path, Bytes::new())).await;
        refusal(answer, 405, "weir_wrong_method", "invalid_request_error").await;
    }
    nothing_went_up(&weir);
}

#[tokio::test]
async fn an_address_that_is_too_long_is_refused() {
    let weir = Weir::start().await;
    let longest = 65_534 - "/v1/messages?".len();
    let path = format!("/v1/messages?{}", "a".repeat(longest));
    let answer = weir.ask(Call::post(&path, "{}")).await;
    refusal(answer, 414, "weir_uri_too_long", "invalid_request_error").await;
    nothing_went_up(&weir);
}

#[tokio::test]
async fn health_needs_no_key_and_tells_nothing() {
    let weir = Weir::start().await;
    let answer = Call::get("/healthz").send(weir.addr()).await;
    assert_eq!((answer.status, answer.text().await.as_str()), (200, "ok"));
}

#[tokio::test]
async fn a_refusal_has_the_id_that_its_header_has() {
    let weir = Weir::start().await;
    let answer = weir.ask(Call::post("/v1/messages", "")).await;
    let id = answer.header("x-weir-request-id").unwrap().to_owned();
    let body: Value = answer.json().await;
    assert_eq!(body["request_id"], id);
}
