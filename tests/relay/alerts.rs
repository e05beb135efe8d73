//! What a webhook is told: once, whichever relay tells it, and again as long as it is not taken.

use std::process::Command;

use harness::collector::Posted;
use harness::config::program;
use harness::weir::{Setup, stream};
use harness::{Collector, Weir, eventually_async};
use serde_json::Value;
use weir_relay::config::{MicroUsd, SpendLimits};
use weir_relay::key::KeyRules;
use weir_relay::mock::Behaviour;

use crate::upstreams::{fresh, refusing};

fn setup(collector: &Collector, more: &str) -> Setup {
    let url = collector.url();
    let lines = format!("[alerts]\nwebhook = \"{url}/hook\"\nsecret = \"a secret\"\n{more}");
    Weir::setup().head(&lines)
}

fn told(posted: &Posted) -> Value {
    serde_json::from_slice(&posted.body).expect("it is JSON")
}

/// All events that were told, and of one of them what it says.
async fn until_told(collector: &Collector, event: &str) -> (Vec<String>, Value) {
    eventually_async(event, async || {
        let all: Vec<Value> = collector.posted().iter().map(told).collect();
        let name = |told: &Value| told["event"].as_str().unwrap_or_default().to_owned();
        let names: Vec<String> = all.iter().map(name).collect();
        match names.iter().position(|name| name == event) {
            Some(at) => Ok((names, all[at].clone())),
            None => Err(format!("{names:?}")),
        }
    })
    .await
}

#[tokio::test]
async fn an_account_that_is_down_is_told_once_and_that_it_is_back() {
    let collector = Collector::start().await;
    let weir = setup(&collector, "account_down_ms = 0").behaviour(refusing(500));
    let weir = weir.start().await;
    let other = weir.another_relay().await;
    assert_eq!(weir.ask(fresh()).await.status, 500);
    let (_, down) = until_told(&collector, "account.down").await;
    assert_eq!(
        (&down["account"], &down["cause"]),
        (&"a1".into(), &"fault".into())
    );
    weir.provider.set_behaviour(Behaviour::default());
    weir.until_status_of(fresh(), 200).await;
    let (names, back) = until_told(&collector, "account.back").await;
    assert_eq!(back["account"], "a1");
    assert_eq!(names, ["account.down", "account.back"]);
    let signed = collector.posted()[0].headers["x-weir-signature"].clone();
    let text = signed.to_str().expect("it is ASCII");
    assert!(
        text.starts_with(&format!("t={},v1=", down["at_ms"])),
        "{text}"
    );
    other.shutdown().await;
}

#[tokio::test]
async fn what_was_told_and_could_not_be_written_down_is_told_once_and_that_it_is_over() {
    let collector = Collector::start().await;
    let setup = setup(&collector, "account_down_ms = 0").behaviour(refusing(500));
    let weir = setup.lossy().start().await;
    let lossy = weir.lossy.as_ref().expect("it was asked for");
    lossy.lose_commands_with(":alerts\r\n$10\r\naccount:a1");
    assert_eq!(weir.ask(fresh()).await.status, 500);
    until_told(&collector, "account.down").await;
    eventually_async("it could not be written down", async || {
        match lossy.lost() {
            1 => Ok(()),
            lost => Err(lost.to_string()),
        }
    })
    .await;
    weir.provider.set_behaviour(Behaviour::default());
    weir.until_status_of(fresh(), 200).await;
    let (names, _) = until_told(&collector, "account.back").await;
    assert_eq!(names, ["account.down", "account.back"]);
}

#[tokio::test]
async fn a_webhook_that_fails_is_told_again() {
    let collector = Collector::start().await;
    collector.answer_with(503);
    let weir = setup(&collector, "").behaviour(refusing(401));
    let weir = weir.start().await;
    assert_eq!(weir.ask(fresh()).await.status, 401);
    // A refused credential waits for nothing.
    until_told(&collector, "account.down").await;
    assert_eq!(weir.redis.call("HLEN weir:{default}:alerts"), 0);
    collector.answer_with(200);
    eventually_async("it is taken", async || {
        match weir.redis.call("HLEN weir:{default}:alerts") {
            known if known == 1 => Ok(()),
            known => Err(format!("{known:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_budget_is_told_at_four_fifths_and_when_it_is_spent() {
    let collector = Collector::start().await;
    let prices = "[prices.\"claude-mock-*\"]\ninput = 1\noutput = 1";
    let weir = setup(&collector, prices).start().await;
    let rules = KeyRules {
        spend: SpendLimits {
            total: MicroUsd(10_000),
            ..SpendLimits::default()
        },
        ..KeyRules::default()
    };
    let key = weir.add_limited_key(0, rules).await;
    let call = stream("input_tokens=8000;output_tokens=500");
    let call = call.header("x-api-key", key.secret.reveal());
    assert!(
        call.send(weir.addr())
            .await
            .text()
            .await
            .contains("message_stop")
    );
    let (names, reached) = until_told(&collector, "budget.reached").await;
    assert_eq!(names, ["budget.reached"]);
    let expected = [
        ("of", "key"),
        ("of_id", key.id.as_str()),
        ("period", "total"),
    ];
    for (field, value) in expected {
        assert_eq!(reached[field], value);
    }
    assert_eq!(
        (&reached["percent"], &reached["spent_micro_usd"]),
        (&80.into(), &8_500.into())
    );
}

#[tokio::test]
async fn a_line_that_is_long_is_told_and_that_it_is_not_any_more() {
    let collector = Collector::start().await;
    let weir = setup(&collector, "waiting_line = 1")
        .max_concurrent(1)
        .start()
        .await;
    let mut first = weir.ask(stream("chunks=3;delay_ms=60000")).await;
    first.until("message_start").await;
    let second = weir.spawn(stream(""));
    let (_, above) = until_told(&collector, "waiting.above").await;
    assert_eq!(
        (&above["account"], &above["waiting"]),
        (&"a1".into(), &1.into())
    );
    drop(first);
    assert!(
        second
            .await
            .expect("it ends")
            .text()
            .await
            .contains("message_stop")
    );
    let (names, _) = until_told(&collector, "waiting.below").await;
    assert_eq!(names, ["waiting.above", "waiting.below"]);
}

#[tokio::test]
async fn a_webhook_can_be_tried() {
    let collector = Collector::start().await;
    let weir = setup(&collector, "").start().await;
    let toml = weir.write_toml();
    let test = move || {
        let mut command = Command::new(program());
        let command = command.args(["alerts", "test", "--config"]).arg(&toml);
        command.output().expect("it starts")
    };
    let run = tokio::task::spawn_blocking(test).await.expect("it ends");
    assert!(run.status.success(), "{run:?}");
    let (names, test) = until_told(&collector, "test").await;
    assert_eq!(
        (names.len(), &test["message"]),
        (1, &"This is a test".into())
    );
}
