//! What a key, its user and its group may spend: reserved before a request is served, settled once with what it has cost,
//! whoever dies meanwhile.

use harness::http::{Answer, Call};
use harness::weir::{Setup, message};
use harness::{Redis, Speech, Weir, eventually_async};
use serde_json::{Value, json};
use weir_relay::config::{MicroUsd, SpendLimits};
use weir_relay::key::{CreatedKey, KeyRules};

const MANY: usize = 1_000;
const ROOM: u64 = 100;
/// A millionth of a dollar for each token.
const PRICES: &str = "[prices.\"claude-mock-*\"]\ninput = 1\noutput = 1\n\
    [prices.\"gpt-mock-*\"]\ninput = 1\noutput = 1\n[prices.\"gemini-mock-*\"]\ninput = 1\noutput = 1";
/// A relay that has said nothing for half of it is gone.
const LEASE_MS: u32 = 6_000;
/// More than a cent.
const MUCH: &str = "input_tokens=9000;output_tokens=2000";

fn setup() -> Setup {
    Weir::setup().head(PRICES)
}

fn limits(per_day: u64, per_month: u64, total: u64) -> KeyRules {
    KeyRules {
        spend: SpendLimits {
            per_day: MicroUsd(per_day),
            per_month: MicroUsd(per_month),
            total: MicroUsd(total),
        },
        ..KeyRules::default()
    }
}

async fn ask(weir: &Weir, key: &CreatedKey, call: Call) -> Answer {
    let call = call.header("x-api-key", key.secret.reveal());
    call.send(weir.addr()).await
}

/// What a budget has: spent, reserved, by how many.
fn budget(weir: &Weir, name: &str) -> [i64; 3] {
    let name = format!("weir:{{default}}:budget:{name}");
    let info = weir.redis.call(["BUDGET.INFO", &name]);
    ["spent", "reserved", "members"].map(|field| info.field(field).int())
}

async fn until_spent(weir: &Weir, key: &CreatedKey, micro_usd: i64) {
    let total = format!("key:{}:total", key.id);
    eventually_async(
        "so much is spent, and nothing reserved",
        async || match budget(weir, &total) {
            [spent, 0, 0] if spent == micro_usd => Ok(()),
            seen => Err(format!("{seen:?} of {micro_usd}")),
        },
    )
    .await;
}

/// A call that reserves as much as the second is, if its answer takes `times` as much.
fn priced(times: u64) -> (Call, u64) {
    let body =
        r#"{"model":"claude-mock-1","max_tokens":50,"messages":[{"role":"user","content":"a"}]}"#;
    let (input, output) = (body.len() as u64 * 2 / 7, 50);
    let mock = format!(
        "input_tokens={};output_tokens={}",
        input * times,
        output * times
    );
    let call = Call::post(&format!("/v1/messages?mock={mock}"), body);
    let call = call.header("anthropic-version", "2023-06-01");
    (call, input + output)
}

/// Of many of the same at once, how many were served.
async fn served(weir: &Weir, key: &CreatedKey, call: &Call) -> u64 {
    let call = call.clone().header("x-api-key", key.secret.reveal());
    let asked = (0..MANY).map(|_| tokio::spawn(call.clone().send(weir.addr())));
    let asked: Vec<_> = asked.collect();
    let mut served = 0;
    for asked in asked {
        let answer = asked.await.expect("it does not panic");
        let told = (
            answer.status,
            answer.header("x-weir-error").map(str::to_owned),
        );
        answer.text().await;
        match told {
            (200, None) => served += 1,
            refused => assert_eq!(refused, (429, Some("weir_key_spend".into()))),
        }
    }
    served
}

#[tokio::test]
async fn of_many_requests_at_once_none_is_served_beyond_the_limit() {
    let weir = setup().start().await;
    let (call, cost) = priced(1);
    let key = weir.add_limited_key(0, limits(0, 0, ROOM * cost)).await;
    assert_eq!(served(&weir, &key, &call).await, ROOM);
    until_spent(&weir, &key, i64::try_from(ROOM * cost).unwrap()).await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_costs_more_than_was_reserved_goes_beyond_the_limit_by_no_more_than_that() {
    let weir = setup().start().await;
    let (call, cost) = priced(3);
    let key = weir.add_limited_key(0, limits(0, 0, ROOM * cost)).await;
    let served = served(&weir, &key, &call).await;
    // The last was admitted when all before it had at least reserved what they did.
    assert!((ROOM.div_ceil(3)..=ROOM).contains(&served), "{served}");
    until_spent(&weir, &key, i64::try_from(served * cost * 3).unwrap()).await;
    let refused = ask(&weir, &key, call).await;
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    assert_eq!(refused.status, 429);
}

/// Checks the form of a refusal; its message.
async fn refusal(speech: Speech, answer: Answer, code: &str) -> String {
    let seen = (answer.status, answer.header("x-weir-error"));
    assert_eq!(seen, (429, Some(code)), "{speech:?}");
    let body: Value = answer.json().await;
    let error = &body["error"];
    match speech.kind() {
        "anthropic" => assert_eq!(error["type"], "rate_limit_error"),
        "openai" => assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("insufficient_quota"), &json!("insufficient_quota"))
        ),
        _ => assert_eq!(error["status"], "RESOURCE_EXHAUSTED"),
    }
    error["message"].as_str().expect("there is one").to_owned()
}

#[tokio::test]
async fn each_limit_refuses_in_the_dialect_of_the_route() {
    let weir = setup().every_kind().start().await;
    for (rules, span, opens) in [
        (
            limits(10_000, 0, 0),
            "per day",
            "; the next day begins at 2",
        ),
        (
            limits(0, 10_000, 0),
            "per month",
            "; the next month begins at 2",
        ),
        (
            limits(0, 0, 10_000),
            "in total",
            "; this request may cost $0.00",
        ),
    ] {
        for speech in Speech::ALL {
            let key = weir.add_limited_key(0, rules.clone()).await;
            let first = ask(&weir, &key, speech.message(MUCH, &json!({}))).await;
            assert_eq!(first.status, 200, "{speech:?}");
            first.text().await;
            weir.until_nothing_is_held().await;
            let second = ask(&weir, &key, speech.message("", &json!({}))).await;
            match span {
                "in total" => assert_eq!(second.header("retry-after"), None),
                _ => assert!((1..=32 * 86_400).contains(&second.number("retry-after"))),
            }
            let message = refusal(speech, second, "weir_key_spend").await;
            let expected = format!("this key may spend $0.01 {span} and has spent $0.011;");
            assert!(
                message.starts_with(&expected) && message.contains(opens),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn keys_of_one_user_share_what_it_may_spend_and_those_of_a_group_too() {
    let of_user = setup().head("[users.ann]\nspend_per_day = 0.01");
    let of_group = setup().group_line("spend_per_month = \"0.01\"");
    for (setup, owner) in [(of_user, "user"), (of_group, "group")] {
        let weir = setup.start().await;
        let of_ann = KeyRules {
            user: Some("ann".into()),
            ..limits(0, 0, 1_000_000)
        };
        let [first, second] = [
            weir.add_limited_key(0, of_ann.clone()).await,
            weir.add_limited_key(0, of_ann).await,
        ];
        ask(&weir, &first, message(MUCH, &json!({})))
            .await
            .text()
            .await;
        until_spent(&weir, &first, 11_000).await;
        let refused = ask(&weir, &second, message("", &json!({}))).await;
        let told = refusal(Speech::Messages, refused, &format!("weir_{owner}_spend")).await;
        assert!(
            told.contains(owner) && told.contains("has spent $0.011"),
            "{told}"
        );
        until_spent(&weir, &second, 0).await;
    }
}

#[tokio::test]
async fn whoever_may_not_spend_gives_back_what_else_was_granted() {
    let head = "[users.ann]\nmax_concurrent = 1\nrequests_per_minute = 1";
    let weir = setup().head(head).start().await;
    let of_ann = |total| KeyRules {
        user: Some("ann".into()),
        ..limits(0, 0, total)
    };
    let poor = weir.add_limited_key(0, of_ann(1)).await;
    let rich = weir.add_limited_key(0, of_ann(1_000_000)).await;
    // The second time its budget is known to be short.
    for _ in 0..2 {
        let refused = ask(&weir, &poor, message("", &json!({}))).await;
        refusal(Speech::Messages, refused, "weir_key_spend").await;
        weir.until_nothing_is_held().await;
    }
    until_spent(&weir, &poor, 0).await;
    assert_eq!(weir.redis.call(["XLEN", "weir:{default}:records"]).int(), 0);
    let served = ask(&weir, &rich, message("", &json!({}))).await;
    assert_eq!((served.status, served.header("x-weir-error")), (200, None));
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_where_spending_is_limited_unless_allowed() {
    for (lines, status) in [("", 403), ("[spend]\nunpriced = \"allow\"", 200)] {
        let weir = Weir::setup().head(lines).start().await;
        let key = weir.add_limited_key(0, limits(0, 0, 10_000)).await;
        let answer = ask(&weir, &key, message("", &json!({}))).await;
        let expected = (status == 403).then_some("weir_model_unpriced");
        assert_eq!(
            (answer.status, answer.header("x-weir-error")),
            (status, expected)
        );
        let unlimited = weir.ask(message("", &json!({}))).await;
        assert_eq!(unlimited.status, 200);
    }
}

#[tokio::test]
async fn what_nobody_limits_costs_no_command() {
    let weir = setup().start().await;
    weir.ask(message("", &json!({}))).await.text().await;
    weir.until_nothing_is_held().await;
    let stats = weir.redis.call("INFO commandstats").text().to_lowercase();
    assert!(
        stats.contains("tally.add") && !stats.contains("budget."),
        "{stats}"
    );
}

#[tokio::test]
async fn a_request_that_fails_spends_nothing() {
    let setup = setup().behaviour(crate::upstreams::refusing(500));
    let weir = setup.start().await;
    let key = weir.add_limited_key(0, limits(0, 0, 10_000)).await;
    let failed = ask(&weir, &key, message("", &json!({}))).await;
    assert_eq!(failed.status, 500);
    failed.text().await;
    until_spent(&weir, &key, 0).await;
}

#[tokio::test]
async fn a_request_whose_caller_leaves_spends_what_it_is_booked_at() {
    let weir = setup().start().await;
    let key = weir.add_limited_key(0, limits(0, 0, 10_000)).await;
    let call = harness::weir::stream("input_tokens=101;output_tokens=60;chunks=20;stall_after=4");
    let mut answer = ask(&weir, &key, call).await;
    answer.until("text_delta").await;
    drop(answer);
    let record = &weir.records(1).await[0];
    let cost: i64 = record.field("cost_micro_usd").text().parse().unwrap();
    assert!(cost > 100, "{record:?}");
    until_spent(&weir, &key, cost).await;
}

#[tokio::test]
async fn a_settlement_whose_answer_is_lost_spends_once() {
    let weir = setup().lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    let key = weir
        .add_limited_key(0, limits(1_000_000, 0, 1_000_000))
        .await;
    let call = harness::weir::stream("input_tokens=101;output_tokens=17;chunks=3;pause_after=4");
    let mut answer = ask(&weir, &key, call).await;
    answer.until("text_delta").await;
    lossy.lose_answer_to("TALLY.ADD");
    weir.provider.resume();
    answer.text().await;
    eventually_async("the answer was lost", async || match lossy.lost() {
        1 => Ok(()),
        lost => Err(lost.to_string()),
    })
    .await;
    weir.until_nothing_is_held().await;
    until_spent(&weir, &key, 118).await;
}

#[tokio::test]
async fn what_a_killed_relay_has_reserved_is_spent_once_at_the_estimate() {
    let weir = setup().lease_ms(LEASE_MS).start().await;
    let key = weir
        .add_limited_key(0, limits(1_000_000, 0, 1_000_000))
        .await;
    let mut killed = weir.start_program();
    let addr = killed.addr();
    let call = message("latency_ms=600000", &json!({}));
    let call = call.header("x-api-key", key.secret.reveal());
    let asked = tokio::spawn(async move { call.try_send(addr).await.is_ok() });
    weir.until_upstream_has(1).await;
    let total = format!("key:{}:total", key.id);
    let [_, reserved, members] = budget(&weir, &total);
    assert!(reserved > 64 && members == 1, "{reserved} by {members}");
    killed.kill();
    assert!(!asked.await.unwrap(), "the relay is gone");
    until_spent(&weir, &key, reserved).await;
    let cost = weir.records(1).await[0].field("cost_micro_usd").text();
    assert_eq!(cost, reserved.to_string());
}

#[tokio::test]
async fn a_restart_of_redis_changes_nothing_of_what_is_spent() {
    let redis = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always");
    let mut weir = setup().redis(redis).start().await;
    let key = weir
        .add_limited_key(0, limits(0, 1_000_000, 1_000_000))
        .await;
    ask(&weir, &key, message(MUCH, &json!({})))
        .await
        .text()
        .await;
    until_spent(&weir, &key, 11_000).await;
    let call = harness::weir::stream("input_tokens=101;output_tokens=17;chunks=10;pause_after=4");
    let mut answer = ask(&weir, &key, call).await;
    answer.until("text_delta").await;
    weir.redis.kill();
    weir.redis.start_again();
    weir.provider.resume();
    answer.text().await;
    until_spent(&weir, &key, 11_118).await;
}
