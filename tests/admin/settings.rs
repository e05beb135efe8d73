//! Settings over HTTP: in force on all relays at once, unless weir.toml names them.

use harness::Weir;
use harness::eventually::eventually_async;
use harness::weir::{message, stream};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_set_holds_on_all_relays_at_once_and_drops_no_request() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let another = weir.another_relay().await;
    let operator = weir.operator().await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("message_start").await;
    let nobody_waits = json!({"version": 0, "values": {
        "waiting.max_stream_ms": 0, "waiting.max_whole_ms": 0,
    }});
    let set = operator.patch("/api/settings", &nobody_waits).await;
    let shown = set.json().await;
    assert_eq!(
        (&shown["version"], &shown["values"]["waiting.max_whole_ms"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(shown["defaults"]["waiting.max_whole_ms"], 60_000);
    for addr in [weir.addr(), another.addr()] {
        eventually_async("nobody waits", async || {
            let call = weir.with_key(message("", &json!({})));
            let asked = tokio::time::timeout(std::time::Duration::from_secs(1), call.send(addr));
            match asked.await {
                Ok(answer) if answer.status == 429 => Ok(()),
                Ok(answer) => Err(answer.status.to_string()),
                Err(_) => Err("it waits".into()),
            }
        })
        .await;
    }
    assert_eq!(weir.provider.stats().in_flight, 1, "what runs goes on");
    let usual = json!({"values": {"waiting.max_whole_ms": null}});
    let shown = operator.patch("/api/settings", &usual).await.json().await;
    assert_eq!(shown["values"]["waiting.max_whole_ms"], 60_000);
    let entry = &operator.see("/api/audit?limit=1").await["items"][0];
    let changes = json!([{"field": "waiting.max_whole_ms", "from": 0, "to": null}]);
    assert_eq!(
        (&entry["what"], &entry["changes"]),
        (&json!("settings"), &changes)
    );
}

#[tokio::test]
async fn a_price_that_is_set_is_reckoned_with() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let price = json!({"values": {"prices.claude-mock-1": {"input": 1, "output": "2.5"}}});
    let shown = operator.patch("/api/settings", &price).await.json().await;
    assert_eq!(
        shown["values"]["prices.claude-mock-1"],
        json!({"input": 1, "output": "2.5"})
    );
    eventually_async("requests cost something", async || {
        let answer = weir.ask(message("", &json!({}))).await;
        answer.text().await;
        let usage = weir
            .ask(harness::http::Call::get("/v1/usage"))
            .await
            .json()
            .await;
        match usage["total"]["cost_micro_usd"].as_u64() {
            Some(cost) if cost > 0 => Ok(()),
            _ => Err(usage.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_file_names_or_does_not_fit_is_refused_by_its_name() {
    let head = "[waiting]\ngrace_ms = 500\n[prices.\"gpt-4.1\"]\ninput = 1";
    let weir = Weir::setup().head(head).operators().start().await;
    let operator = weir.operator().await;
    let shown = operator.see("/api/settings").await;
    assert_eq!(
        shown["declared"],
        json!(["prices.gpt-4.1", "waiting.grace_ms"])
    );
    assert_eq!(
        (&shown["version"], &shown["values"]["waiting.grace_ms"]),
        (&json!(0), &json!(500))
    );
    for (name, value, status, code) in [
        ("waiting.grace_ms", json!(1), 409, "declared"),
        ("prices.gpt-4.1", Value::Null, 409, "declared"),
        ("waiting.silence_ms", json!(99), 422, "invalid"),
        ("spend.time_zone", json!("Mars"), 422, "invalid"),
        ("prices.m", json!({"input": -1}), 422, "invalid"),
        ("admission.lease_ms", json!(5_000), 422, "invalid"),
    ] {
        let edit = json!({"values": {name: value}});
        let refused = operator.patch("/api/settings", &edit).await;
        assert_eq!(refused.status, status, "{name}");
        let error = &refused.json().await["error"];
        assert_eq!(error["code"], code, "{error}");
        let field = error["field"].as_str();
        assert!(field.is_none_or(|field| field.starts_with(name)), "{error}");
    }
    let stale = json!({"version": 7, "values": {"failover.max_attempts": 2}});
    assert_eq!(operator.patch("/api/settings", &stale).await.status, 409);
    assert_eq!(operator.see("/api/settings").await["version"], 0);
}
