//! What requests cost: in their records, in the counters of callers, accounts and models, and in what a caller is told of
//! its own.

use std::collections::BTreeMap;

use harness::http::Call;
use harness::weir::{Setup, message, stream};
use harness::{Reply, Weir, program};
use serde_json::{Value, json};

const USAGE: &str = "input_tokens=1000;output_tokens=200;cache_read_tokens=5000;cache_write_tokens=300;cache_write_1h_tokens=100";
/// Millionths of a dollar, by the prices below.
const COST: u64 = 1_000 * 3 + 200 * 15 + 1_500 + 1_125 + 600;

const PRICES: &str = "[prices.\"claude-mock-*\"]\ninput = 3\noutput = 15\ncache_read = 0.3\n\
    cache_write_5m = 3.75\ncache_write_1h = 6";

fn setup() -> Setup {
    Weir::setup().head(PRICES)
}

/// All counters of the hours there are, by who and what.
fn counters(weir: &Weir) -> BTreeMap<(String, String), u64> {
    let keys = weir.redis.call("KEYS weir:{default}:usage:hour:*:*");
    let mut all = BTreeMap::new();
    for key in keys.items() {
        let key = key.text();
        let caller = key.rsplit(':').next().expect("a name").to_owned();
        let fields = weir.redis.call(["HGETALL", &key]);
        for pair in fields.items().chunks_exact(2) {
            let number: u64 = pair[1].text().parse().expect("a counter is a number");
            *all.entry((caller.clone(), pair[0].text())).or_default() += number;
        }
    }
    all
}

fn sum(weir: &Weir, of: impl Fn(&str, &str) -> bool) -> u64 {
    let all = counters(weir);
    let fits = all.iter().filter(|((caller, field), _)| of(caller, field));
    fits.map(|(_, number)| number).sum()
}

async fn own_usage(weir: &Weir, key: &str, query: &str) -> Value {
    let call = Call::get(&format!("/v1/usage{query}")).header("x-api-key", key);
    let answer = call.send(weir.addr()).await;
    assert_eq!(answer.status, 200);
    serde_json::from_str(&answer.text().await).expect("it is JSON")
}

#[tokio::test]
async fn a_record_tells_what_its_request_cost_and_how_it_went() {
    let weir = setup().start().await;
    weir.ask(stream(USAGE)).await.text().await;
    let record = &weir.records(1).await[0];
    assert_eq!(record.field("cost_micro_usd").text(), COST.to_string());
    for (field, expected) in [
        ("group", "main"),
        ("dialect", "messages"),
        ("stream", "1"),
        ("outcome", "done"),
        ("chosen", "only"),
    ] {
        assert_eq!(record.field(field).text(), expected, "{field}");
    }
    let fields = format!("{record:?}");
    assert!(
        !fields.contains("estimated") && !fields.contains("unpriced"),
        "{fields}"
    );
}

#[tokio::test]
async fn a_model_without_a_price_is_counted_as_unpriced() {
    let weir = Weir::start().await;
    weir.ask(stream(USAGE)).await.text().await;
    let record = &weir.records(1).await[0];
    assert_eq!(*record.field("unpriced"), "1");
    assert_eq!(sum(&weir, |_, field| field.starts_with("unpriced:")), 1);
    assert_eq!(
        sum(&weir, |_, field| field.starts_with("cost_micro_usd:")),
        0
    );
}

#[tokio::test]
async fn usage_adds_up_over_keys_accounts_and_models() {
    let weir = setup().accounts(2).start().await;
    let other = weir.add_key(0).await;
    let ask = async |key: &str, model: &str| {
        let call = message(USAGE, &json!({ "model": model })).header("x-api-key", key);
        call.send(weir.addr()).await.text().await;
    };
    for _ in 0..3 {
        ask(&weir.key, "claude-mock-1").await;
        ask(&weir.key, "claude-mock-2").await;
        ask(other.secret.reveal(), "llama").await;
    }
    weir.records(9).await;
    let of = |what: &'static str, part: &'static str| {
        move |_: &str, field: &str| field.starts_with(what) && field.contains(part)
    };
    assert_eq!(sum(&weir, of("requests:", "")), 9);
    assert_eq!(
        sum(&weir, of("requests:", ":a1:")) + sum(&weir, of("requests:", ":a2:")),
        9
    );
    assert_eq!(sum(&weir, of("requests:", ":claude-mock")), 6);
    assert_eq!(
        sum(&weir, of("requests:", ":other")),
        3,
        "the names that callers make up are not counted"
    );
    assert_eq!(sum(&weir, of("cost_micro_usd:", "")), 6 * COST);
    let mine = weir.key_id.clone();
    assert_eq!(
        sum(&weir, |caller, field| caller == mine
            && field.starts_with("input:")),
        6_000
    );
    let total = weir.records(9).await.iter().map(cost).sum::<u64>();
    assert_eq!(total, 6 * COST);
}

fn cost(record: &Reply) -> u64 {
    match format!("{record:?}").contains("cost_micro_usd") {
        true => record
            .field("cost_micro_usd")
            .text()
            .parse()
            .expect("it is a number"),
        false => 0,
    }
}

#[tokio::test]
async fn a_caller_is_told_of_its_own_usage_and_of_nobody_else_s() {
    let weir = setup().start().await;
    let other = weir.add_key(0).await;
    for _ in 0..2 {
        weir.ask(stream(USAGE)).await.text().await;
    }
    weir.records(2).await;
    for query in ["", "?step=hour", "?step=day&from=2020-01-01&to=2020-01-05"] {
        let theirs = own_usage(&weir, other.secret.reveal(), query).await;
        assert_eq!(
            (&theirs["key"], &theirs["usage"]),
            (&json!(other.id), &json!([])),
            "{query}"
        );
        assert_eq!(theirs["total"]["requests"], 0);
    }
    for query in ["", "?step=hour"] {
        let mine = own_usage(&weir, &weir.key, query).await;
        assert_eq!(mine["key"], weir.key_id.as_str());
        let total = &mine["total"];
        assert_eq!(
            (&total["requests"], &total["input"]),
            (&json!(2), &json!(2_000))
        );
        assert_eq!(total["cost_micro_usd"], 2 * COST);
        assert_eq!(mine["usage"][0]["model"], "claude-mock");
    }
}

#[tokio::test]
async fn own_usage_is_told_to_keys_alone_and_within_bounds() {
    let weir = setup().start().await;
    let nobody = Call::get("/v1/usage").send(weir.addr()).await;
    assert_eq!(nobody.status, 401);
    for query in ["?from=1970-01-01", "?step=year", "?from=x"] {
        let call = Call::get(&format!("/v1/usage{query}"));
        assert_eq!(weir.ask(call).await.status, 400, "{query}");
    }
    let posted = weir.ask(Call::post("/v1/usage", "{}")).await;
    assert_eq!(posted.status, 405);
}

#[tokio::test]
async fn what_the_command_line_shows_and_exports_is_what_was_counted() {
    let weir = setup().start().await;
    for _ in 0..3 {
        weir.ask(stream(USAGE)).await.text().await;
    }
    weir.records(3).await;
    let toml = weir.write_toml();
    let says = |words: &str| program::says(&toml, words);
    let by_model: Value =
        serde_json::from_str(&says("usage --by model --json")).expect("it is JSON");
    let row = &by_model["usage"][0];
    assert_eq!(
        (&row["model"], &row["requests"]),
        (&json!("claude-mock"), &json!(3))
    );
    assert_eq!(row["cost_micro_usd"], 3 * COST);
    let csv = says("usage --by account --hour --csv");
    assert!(csv.starts_with("from,account,requests,"), "{csv}");
    assert!(
        csv.contains(&format!(
            ",a1,3,0,0,3000,600,15000,900,300,0,0,0,0,{}",
            3 * COST
        )),
        "{csv}"
    );
    let exported = says("records export");
    let costs = exported.lines().map(|line| {
        let record: Value = serde_json::from_str(line).expect("JSON on each line");
        record["cost_micro_usd"].as_u64().expect("it is a number")
    });
    assert_eq!(costs.collect::<Vec<_>>(), [COST; 3]);
    let csv = says("records export --csv");
    assert_eq!(csv.lines().count(), 4);
}
