//! Responses that a provider has stored: read, cancelled and deleted at the account that has them, by the key that they
//! were made for.

use harness::http::{Answer, Call};
use harness::{Reply, Speech, Weir};
use hyper::Method;
use serde_json::{Value, json};

use crate::upstreams::text;

async fn weir() -> Weir {
    let setup = Weir::setup().kinds(&["openai"]).accounts(3);
    setup.start().await
}

/// Makes one; gives its id.
async fn made(weir: &Weir, rest: &Value) -> String {
    let answer = weir.ask(Speech::Responses.message("", rest)).await;
    assert_eq!(answer.status, 200);
    let id = answer.json().await["id"].clone();
    id.as_str().expect("it has one").to_owned()
}

fn of(method: Method, id: &str, below: &str) -> Call {
    Call::get(&format!("/v1/responses/{id}{below}")).method(method)
}

async fn assert_unknown(answer: Answer, id: &str) {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (404, Some("weir_unknown_id"))
    );
    let expected = json!({"error": {"message": format!("Response with id '{id}' not found."),
        "type": "invalid_request_error", "param": null, "code": null}});
    assert_eq!(answer.json().await, expected);
}

#[tokio::test]
async fn a_stored_response_is_told_again_by_the_account_that_has_it() {
    let weir = weir().await;
    for _ in 0..4 {
        let id = made(&weir, &json!({})).await;
        let read = weir.ask(of(Method::GET, &id, "")).await.json().await;
        assert_eq!(
            (&read["id"], &read["status"]),
            (&json!(id), &json!("completed"))
        );
        let items = of(Method::GET, &id, "/input_items?limit=5");
        let items = weir.ask(items).await.json().await;
        assert_eq!(items["data"][0]["role"], "user");
        let item = json!([{"type": "item_reference", "id": items["data"][0]["id"]}]);
        let named = Speech::Responses.message("", &json!({ "input": item }));
        assert_eq!(weir.ask(named).await.status, 200, "its items are known too");
    }
    let records = weir.records(16).await;
    let chosen = records.iter().map(|record| text(record, "chosen"));
    assert_eq!(chosen.filter(|chosen| chosen == "pinned").count(), 12);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn an_answer_in_the_background_is_read_when_it_is_there() {
    let weir = weir().await;
    let id = made(&weir, &json!({"background": true})).await;
    let booked = &weir.records(1).await[0];
    let number = |field: &str| text(booked, field).parse::<u64>().expect("it is a number");
    assert_eq!(number("estimated"), number("input") + number("output"));
    assert!(number("output") > 0, "{booked:?}");
    let read = weir.ask(of(Method::GET, &id, "")).await.json().await;
    assert_eq!(read["status"], "completed");
    let item = json!([{"type": "item_reference", "id": read["output"][0]["id"]}]);
    let after = Speech::Responses.message("", &json!({ "input": item }));
    assert_eq!(weir.ask(after).await.status, 200, "what it made is known");
    let stream = weir.ask(of(Method::GET, &id, "?stream=true")).await;
    assert_eq!(
        stream.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert!(stream.text().await.contains("event: response.completed"));
    let cancelled = weir.ask(of(Method::POST, &id, "/cancel")).await;
    assert_eq!(cancelled.json().await["status"], "cancelled");
}

#[tokio::test]
async fn what_is_deleted_is_forgotten() {
    let weir = weir().await;
    let id = made(&weir, &json!({})).await;
    let deleted = weir.ask(of(Method::DELETE, &id, "")).await;
    assert_eq!(deleted.json().await["deleted"], true);
    let seen = weir.provider.stats().requests.clone();
    for (method, below) in [
        (Method::GET, ""),
        (Method::GET, "/input_items"),
        (Method::POST, "/cancel"),
        (Method::DELETE, ""),
    ] {
        assert_unknown(weir.ask(of(method, &id, below)).await, &id).await;
    }
    let after = json!({"previous_response_id": id});
    let after = weir.ask(Speech::Responses.message("", &after)).await;
    assert_eq!(after.header("x-weir-error"), Some("weir_unknown_id"));
    assert_eq!(weir.provider.stats().requests, seen, "none of it went up");
}

#[tokio::test]
async fn nobody_reads_what_was_made_for_another_key() {
    let weir = weir().await;
    let id = made(&weir, &json!({})).await;
    let other = weir.add_key(0).await;
    for method in [Method::GET, Method::DELETE] {
        let call = of(method, &id, "").header("x-api-key", other.secret.reveal());
        assert_unknown(call.send(weir.addr()).await, &id).await;
    }
    let read = weir.ask(of(Method::GET, &id, "")).await;
    assert_eq!(read.status, 200, "it is still there");
}

#[tokio::test]
async fn reading_takes_the_keys_slot_alone() {
    let weir = Weir::setup()
        .kinds(&["openai"])
        .max_concurrent(1)
        .key_limit(2)
        .impatient()
        .start()
        .await;
    let id = made(&weir, &json!({})).await;
    let stalling = || Speech::Responses.stream("chunks=9;stall_after=4");
    let held = weir.ask(stalling()).await;
    assert_eq!(
        weir.ask(of(Method::GET, &id, "")).await.status,
        200,
        "the account is full"
    );
    let also_held = weir
        .ask(of(Method::GET, &id, "?stream=true&mock=stall_after=2"))
        .await;
    assert_eq!(also_held.status, 200);
    let refused = weir.ask(of(Method::GET, &id, "")).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, Some("weir_key_busy"))
    );
    drop((held, also_held));
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_is_read_again_is_not_counted_again() {
    let weir = weir().await;
    let id = made(&weir, &json!({})).await;
    for _ in 0..2 {
        assert_eq!(weir.ask(of(Method::GET, &id, "")).await.status, 200);
    }
    let records = weir.records(3).await;
    let tells_usage = |record: &&Reply| record.items().iter().any(|field| *field == "output");
    assert_eq!(records.iter().filter(tells_usage).count(), 1, "{records:?}");
}
