//! The form of the API's answers: errors with their fields, lists in pieces.

use harness::Weir;
use harness::http::{Answer, Call};
use hyper::Method;
use serde_json::{Value, json};

async fn refusal(answer: Answer) -> (u16, Value) {
    (answer.status, answer.json().await["error"].clone())
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_form_of_all_errors() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let unknown = refusal(operator.get("/api/nonsense").await).await;
    let expected = json!({"code": "no_route", "message": "there is no such route", "field": null});
    assert_eq!(unknown, (404, expected));
    let call = Call::get("/api/accounts").method(Method::TRACE);
    let (status, error) = refusal(operator.send(call).await).await;
    assert_eq!((status, &error["code"]), (405, &json!("no_method")));
}

#[tokio::test]
async fn a_list_comes_in_pieces() {
    let weir = Weir::setup().accounts(3).operators().start().await;
    let operator = weir.operator().await;
    let ids = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().expect("it is a list").iter();
        items
            .map(|item| item["id"].as_str().expect("it has one").to_owned())
            .collect()
    };
    let first = operator.see("/api/accounts?limit=2").await;
    assert_eq!(ids(&first), ["a1", "a2"]);
    let next = first["next"].as_str().expect("there is more");
    let second = operator
        .see(&format!("/api/accounts?limit=2&cursor={next}"))
        .await;
    assert_eq!(
        (ids(&second), &second["next"]),
        (vec!["a3".into()], &Value::Null)
    );
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_refused_by_its_field() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("colour=red", "colour"),
    ] {
        let answer = operator.get(&format!("/api/accounts?{query}")).await;
        let (status, error) = refusal(answer).await;
        assert_eq!((status, &error["field"]), (422, &json!(field)), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_by_its_field() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    for (body, field) in [
        (json!({"fields": {}}), "id"),
        (json!({"id": 5, "fields": {}}), "id"),
        (json!({"id": "b", "fields": {}, "colour": 1}), "colour"),
        (
            json!({"id": "b", "fields": {}, "secrets": {"api_key": 1}}),
            "secrets.api_key",
        ),
        (
            json!({"id": "b", "fields": {"kind": "anthropic", "max_concurrent": -1}, "secrets": {"api_key": "k"}}),
            "max_concurrent",
        ),
    ] {
        let (status, error) = refusal(operator.post("/api/accounts", &body).await).await;
        assert_eq!((status, &error["field"]), (422, &json!(field)), "{error}");
    }
}

#[tokio::test]
async fn only_json_of_a_bounded_size_is_read() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let of_a_form = Call::post("/api/accounts", "id=b").header("content-type", "text/plain");
    let broken = Call::post("/api/accounts", "{").header("content-type", "application/json");
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let large = Call::post("/api/accounts", large).header("content-type", "application/json");
    for (call, expected) in [(of_a_form, 415), (broken, 400), (large, 413)] {
        let (status, error) = refusal(operator.send(call).await).await;
        assert_eq!(status, expected, "{error}");
    }
}
