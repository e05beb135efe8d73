//! What an account has made for a caller, only that account can continue, and for nobody else.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use harness::http::{Answer, Call};
use harness::{Redis, Speech, Weir, eventually_async};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use crate::upstreams::text;

/// Accounts of OpenAI at one upstream.
async fn weir(accounts: u32) -> Weir {
    let setup = Weir::setup().kinds(&["openai"]).accounts(accounts);
    setup.start().await
}

/// Of a conversation of its own, unless the rest names one: no account knows it.
fn ask(rest: &Value) -> Call {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut whole = json!({"input": format!("hi {count}")});
    let fields = whole.as_object_mut().expect("it is one");
    fields.extend(rest.as_object().expect("the rest is an object").clone());
    Speech::Responses.message("", &whole)
}

fn after(id: &Value) -> Call {
    ask(&json!({"previous_response_id": id, "stream": true}))
}

/// The whole answer to a call, and the account that gave it. The upstream numbers its answers.
async fn answered(weir: &Weir, call: Call) -> (Value, String) {
    let answer = weir.ask(call).await;
    assert_eq!(answer.status, 200);
    let request = answer.header("x-weir-request-id").map(str::to_owned);
    let text = answer.text().await;
    let whole = match text.rsplit_once("data: ") {
        None => serde_json::from_str(&text).expect("it is JSON"),
        Some((_, last)) => {
            let last: Value = serde_json::from_str(last).expect("it is JSON");
            last["response"].clone()
        }
    };
    (whole, account_of(weir, &request.expect("it has one")).await)
}

async fn account_of(weir: &Weir, request: &str) -> String {
    eventually_async("it is recorded", async || {
        let entries = weir.redis.call("XRANGE weir:{default}:records - +");
        let records = entries.items().iter().map(|entry| &entry.items()[1]);
        let mut of_it = records.filter(|record| text(record, "request") == request);
        let account = of_it.next().map(|record| text(record, "account"));
        account.ok_or_else(|| format!("{entries:?}"))
    })
    .await
}

async fn assert_unknown(answer: Answer, code: Value, param: &str, what: &str) {
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (404, Some("weir_unknown_id"))
    );
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    let expected = json!({"error": {"message": format!("{what} not found."),
        "type": "invalid_request_error", "param": param, "code": code}});
    assert_eq!(answer.json().await, expected);
}

#[tokio::test]
async fn what_continues_a_response_goes_to_the_account_that_made_it() {
    let weir = weir(3).await;
    let second = weir.another_relay().await;
    for stream in [false, true] {
        let (first, maker) = answered(&weir, ask(&json!({ "stream": stream }))).await;
        let mut last = first["id"].clone();
        for turn in 0..4 {
            let (next, account) = answered(&weir, after(&last)).await;
            assert_eq!(account, maker, "turn {turn}");
            last = next["id"].clone();
        }
        let elsewhere = weir.with_key(after(&last)).send(second.addr()).await;
        let request = elsewhere.header("x-weir-request-id").map(str::to_owned);
        assert_eq!(elsewhere.status, 200);
        elsewhere.text().await;
        let account = account_of(&weir, &request.expect("it has one")).await;
        assert_eq!(account, maker, "another relay knows it too");
        for item in [
            json!({"type": "item_reference", "id": first["output"][0]["id"]}),
            json!({"id": first["output"][0]["id"]}),
        ] {
            let input = json!([item, {"role": "user", "content": "go on"}]);
            let (_, account) = answered(&weir, ask(&json!({ "input": input }))).await;
            assert_eq!(account, maker, "{item}");
        }
    }
    let chosen: BTreeSet<String> = weir
        .records(16)
        .await
        .iter()
        .map(|record| text(record, "chosen"))
        .collect();
    assert!(chosen.contains("pinned"), "{chosen:?}");
}

#[tokio::test]
async fn nobody_continues_what_is_unknown_or_was_made_for_another_key() {
    for accounts in [1, 2] {
        let weir = weir(accounts).await;
        let (first, _) = answered(&weir, ask(&json!({}))).await;
        let (id, item) = (first["id"].clone(), first["output"][0]["id"].clone());
        let seen = weir.provider.stats().requests;
        let other = weir.add_key(0).await;
        let other = other.secret.reveal();
        let as_other = async |rest: Value| {
            let call = ask(&rest).header("x-api-key", other);
            call.send(weir.addr()).await
        };
        let id = id.as_str().expect("it is text");
        let what = format!("Previous response with id '{id}'");
        let answer = as_other(json!({"previous_response_id": id, "stream": true})).await;
        let code = json!("previous_response_not_found");
        assert_unknown(answer, code, "previous_response_id", &what).await;
        let answer = as_other(json!({"conversation": {"id": "conv_1"}})).await;
        let what = "Conversation with id 'conv_1'";
        assert_unknown(answer, Value::Null, "conversation", what).await;
        let item = item.as_str().expect("it is text");
        let reference = json!({"type": "item_reference", "id": item});
        let what = format!("Item with id '{item}'");
        let answer = as_other(json!({ "input": [reference] })).await;
        assert_unknown(answer, Value::Null, "input", &what).await;
        let own = json!({"previous_response_id": id, "input": [{"type": "item_reference", "id": "rs_x"}]});
        assert_unknown(
            weir.ask(ask(&own)).await,
            Value::Null,
            "input",
            "Item with id 'rs_x'",
        )
        .await;
        assert_eq!(weir.provider.stats().requests, seen, "none of it went up");
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn what_is_not_stored_cannot_be_continued() {
    let weir = weir(2).await;
    for stream in [false, true] {
        let (first, _) = answered(&weir, ask(&json!({"store": false, "stream": stream}))).await;
        let answer = weir.ask(after(&first["id"])).await;
        assert_eq!(answer.header("x-weir-error"), Some("weir_unknown_id"));
    }
    assert_eq!(
        weir.redis.call("KEYS weir:{default}:pins:*").items().len(),
        0
    );
}

/// What Codex sends: all that was said, with reasoning that only its account can read.
fn reasoned(stream: bool, reasoning: &[&Value], said: &str) -> Call {
    let mut input: Vec<Value> = reasoning.iter().map(|item| (*item).clone()).collect();
    input.push(json!({"role": "user", "content": said}));
    ask(&json!({"store": false, "stream": stream, "input": input,
        "include": ["reasoning.encrypted_content"]}))
}

#[tokio::test]
async fn reasoning_goes_back_to_the_account_that_encrypted_it() {
    let weir = weir(3).await;
    for stream in [false, true] {
        let (first, maker) = answered(&weir, reasoned(stream, &[], "hi")).await;
        let mut reasoning = first["output"][0].clone();
        assert_eq!(reasoning["type"], "reasoning");
        reasoning.as_object_mut().expect("it is one").remove("id");
        for turn in 0..4 {
            let call = reasoned(true, &[&reasoning], &format!("{stream} {turn}"));
            assert_eq!(answered(&weir, call).await.1, maker);
        }
    }
    let unknown = json!({"type": "reasoning", "summary": [], "encrypted_content": "gAAAA_of_yore"});
    let served = weir.ask(reasoned(true, &[&unknown], "hi")).await;
    assert_eq!(served.status, 200, "its provider is to judge");
}

#[tokio::test]
async fn what_different_accounts_have_is_continued_by_none() {
    let weir = weir(2).await;
    let mut made: Vec<(Value, String)> = Vec::new();
    for _ in 0..2 {
        made.push(answered(&weir, ask(&json!({}))).await);
    }
    assert_ne!(made[0].1, made[1].1);
    let item = json!({"type": "item_reference", "id": made[1].0["output"][0]["id"]});
    let both = json!({"previous_response_id": made[0].0["id"], "input": [item]});
    let answer = weir.ask(ask(&both)).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (400, Some("weir_accounts_differ"))
    );
}

#[tokio::test]
async fn the_account_that_has_it_is_waited_for_although_another_is_free() {
    let weir = Weir::setup()
        .kinds(&["openai"])
        .accounts(2)
        .max_concurrent(1)
        .start()
        .await;
    let (first, maker) = answered(&weir, ask(&json!({}))).await;
    let held = Speech::Responses.message(
        "chunks=9;stall_after=4",
        &json!({"previous_response_id": first["id"], "stream": true}),
    );
    let held = weir.ask(held).await;
    let next = weir.spawn(after(&first["id"]));
    let place = maker
        .trim_start_matches('a')
        .parse()
        .expect("it has a number");
    eventually_async("it stands in line", async || match weir.waiting(place) {
        1 => Ok(()),
        seen => Err(format!("{seen} wait")),
    })
    .await;
    let impatient = weir.add_key_without_queue().await;
    let others = ask(&json!({})).header("x-api-key", impatient.secret.reveal());
    let others = others.send(weir.addr()).await;
    assert_eq!(others.status, 200, "another account is free");
    drop(held);
    assert_eq!(next.await.expect("it is served").status, 200);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn while_the_account_that_has_it_rests_nobody_else_is_asked() {
    let weir = weir(2).await;
    let (first, _) = answered(&weir, ask(&json!({}))).await;
    weir.provider.set_behaviour(Behaviour {
        status: Some(429),
        retry_after: Some(600),
        ..Behaviour::default()
    });
    let before = weir.provider.stats().requests["POST /v1/responses"];
    let refused = weir.ask(after(&first["id"])).await;
    assert_eq!(
        (refused.status, refused.header("x-weir-error")),
        (429, None)
    );
    weir.provider.set_behaviour(Behaviour::default());
    let answer = weir.ask(after(&first["id"])).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (429, Some("weir_accounts_rest"))
    );
    let body = answer.json().await;
    let message = body["error"]["message"].as_str().expect("it has one");
    assert!(
        message.starts_with("the account that has what this request continues is resting (rate)"),
        "{message}"
    );
    let after = weir.provider.stats().requests["POST /v1/responses"];
    assert_eq!(after - before, 1);
}

#[tokio::test]
async fn what_an_account_had_that_is_gone_is_told() {
    let weir = weir(1).await;
    let (first, _) = answered(&weir, ask(&json!({}))).await;
    let move_away = "for _, mark in ipairs(redis.call('HKEYS', KEYS[1])) do if mark ~= 'seed' then \
         local maker = string.gsub(redis.call('HGET', KEYS[1], mark), ':a1$', ':gone') \
         redis.call('HSET', KEYS[1], mark, maker) end end";
    let trie = format!("weir:{{default}}:pins:{}", weir.key_id);
    weir.redis.call(["EVAL", move_away, "1", &trie]);
    let answer = weir.ask(after(&first["id"])).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (410, Some("weir_account_gone"))
    );
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn what_was_made_while_redis_was_away_is_known_when_it_is_back() {
    let durable = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always");
    let setup = Weir::setup().kinds(&["openai"]).accounts(2).redis(durable);
    let mut weir = setup.start().await;
    let whole = Speech::Responses.message("chunks=9;pause_after=6", &json!({"stream": true}));
    let mut running = weir.ask(whole).await;
    running.until("output_text.delta").await;
    weir.redis.kill();
    weir.until_status_of(ask(&json!({})), 503).await;
    weir.provider.resume();
    let text = running.text().await;
    let (_, last) = text.rsplit_once("data: ").expect("there are events");
    let last: Value = serde_json::from_str(last).expect("it is JSON");
    weir.redis.start_again();
    weir.until_status_of(ask(&json!({})), 200).await;
    let item = &last["response"]["output"][0]["id"];
    let input = json!([{"type": "item_reference", "id": item}]);
    eventually_async("it is known", async || {
        match weir.ask(ask(&json!({ "input": input }))).await.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_made_when_the_connection_broke_is_known_all_the_same() {
    let setup = Weir::setup().kinds(&["openai"]).accounts(2).lossy();
    let weir = setup.start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    for stream in [false, true] {
        let lost = lossy.lost();
        lossy.lose_commands_with(":pins:");
        let made = weir.ask(ask(&json!({ "stream": stream }))).await;
        let text = made.text().await;
        eventually_async("it is not told", async || match lossy.lost() - lost {
            1 => Ok(()),
            seen => Err(seen.to_string()),
        })
        .await;
        let (_, id) = text.split_once("\"resp_").expect("it has an id");
        let (id, _) = id.split_once('"').expect("it is text");
        let id = json!(format!("resp_{id}"));
        weir.until_status_of(after(&id), 200).await;
        weir.until_nothing_is_held().await;
    }
}
