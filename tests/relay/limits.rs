//! What a key, its user and its group may use: how much of it, for what, from where and until when. Each refusal names
//! the limit.

use harness::http::{Answer, Call};
use harness::{Speech, Weir};
use serde_json::json;
use weir_relay::key::KeyRules;

use crate::routes::refusal;

const MANY: usize = 1_000;
const ROOM: u64 = 100;

fn rules() -> KeyRules {
    KeyRules::default()
}

fn per_minute(requests: u64, tokens: u64) -> KeyRules {
    KeyRules {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        ..rules()
    }
}

async fn ask_as(weir: &Weir, key: &str, call: Call) -> Answer {
    call.header("x-api-key", key).send(weir.addr()).await
}

/// Sends the same many times at once; how many were served, and for how long it went on.
async fn served(weir: &Weir, key: &str, call: &Call, code: &str) -> (u64, f64) {
    let began = harness::time::now();
    let asked: Vec<_> = (0..MANY)
        .map(|_| tokio::spawn(call.clone().header("x-api-key", key).send(weir.addr())))
        .collect();
    let mut served = 0;
    for asked in asked {
        let answer = asked.await.expect("it does not panic");
        match answer.status {
            200 => {
                answer.text().await;
                served += 1;
            }
            _ => {
                let refused = (answer.status, answer.header("x-weir-error"));
                assert_eq!(refused, (429, Some(code)));
                assert!((1..=60).contains(&answer.number("retry-after")));
            }
        }
    }
    (served, began.elapsed().as_secs_f64())
}

#[tokio::test]
async fn a_limit_that_nobody_can_reach_limits_nobody() {
    let weir = Weir::start().await;
    for tokens in [60_000_000_000, u64::MAX] {
        let key = weir
            .add_limited_key(0, per_minute(1_000_000_000, tokens))
            .await;
        let answer = ask_as(
            &weir,
            key.secret.reveal(),
            Speech::Messages.message("", &json!({})),
        );
        assert_eq!(answer.await.status, 200, "{tokens}");
    }
}

/// What there is room for at once, and what has come in the meantime.
fn room(seconds: f64) -> u64 {
    ROOM + (seconds * ROOM as f64 / 60.0).ceil() as u64
}

#[tokio::test]
async fn of_many_requests_at_once_no_more_than_the_limit_are_served() {
    let weir = Weir::start().await;
    let key = weir.add_limited_key(0, per_minute(ROOM, 0)).await;
    let call = Speech::Messages.message("", &json!({}));
    let (served, seconds) = served(&weir, key.secret.reveal(), &call, "weir_key_requests").await;
    assert!(
        (ROOM..=room(seconds)).contains(&served),
        "{served} in {seconds} s"
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn of_many_tokens_at_once_no_more_than_the_limit_are_served() {
    let weir = Weir::start().await;
    let body =
        r#"{"model":"claude-mock-1","max_tokens":50,"messages":[{"role":"user","content":"a"}]}"#;
    let input = body.len() as u64 * 2 / 7;
    let path = format!("/v1/messages?mock=input_tokens={input};output_tokens=50");
    let call = Call::post(&path, body).header("anthropic-version", "2023-06-01");
    let rules = per_minute(0, ROOM * (input + 50));
    let key = weir.add_limited_key(0, rules).await;
    let (served, seconds) = served(&weir, key.secret.reveal(), &call, "weir_key_tokens").await;
    assert!(
        (ROOM..=room(seconds)).contains(&served),
        "{served} in {seconds} s"
    );
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn what_was_reserved_is_corrected_by_what_was_used() {
    let weir = Weir::start().await;
    let less = weir.add_limited_key(0, per_minute(0, 10_000)).await;
    let call = |mock: &str| Speech::Messages.message(mock, &json!({"max_tokens": 9_000}));
    for _ in 0..3 {
        let little = call("input_tokens=10;output_tokens=10");
        let answer = ask_as(&weir, less.secret.reveal(), little).await;
        assert_eq!(answer.status, 200, "what was not used is given back");
        answer.text().await;
        weir.until_nothing_is_held().await;
    }
    let more = weir.add_limited_key(0, per_minute(0, 1_000)).await;
    let much = call("input_tokens=10;output_tokens=4000");
    let answer = ask_as(&weir, more.secret.reveal(), much).await;
    assert_eq!(answer.status, 200);
    answer.text().await;
    weir.until_nothing_is_held().await;
    let refused = ask_as(&weir, more.secret.reveal(), call("")).await;
    let seconds = refused.number("retry-after");
    assert!(
        (200..=260).contains(&seconds),
        "a debt is paid first: {seconds}"
    );
    assert_eq!(
        refused.header("x-should-retry"),
        Some("false"),
        "that is far"
    );
    refusal(Speech::Messages, refused, 429, "weir_key_tokens").await;
}

#[tokio::test]
async fn a_request_that_goes_from_account_to_account_is_charged_once() {
    let other = crate::upstreams::upstream(weir_relay::mock::Behaviour::default());
    let setup = Weir::setup()
        .behaviour(crate::upstreams::refusing(500))
        .account_at(&other, "priority = 1");
    let weir = setup.start().await;
    let key = weir.add_limited_key(0, per_minute(2, 0)).await;
    for _ in 0..2 {
        let answer = ask_as(&weir, key.secret.reveal(), crate::upstreams::fresh()).await;
        assert_eq!(answer.status, 200);
    }
    let refused = ask_as(&weir, key.secret.reveal(), crate::upstreams::fresh()).await;
    refusal(Speech::Messages, refused, 429, "weir_key_requests").await;
}

/// What a key may not do, and the status, code and words of its refusal.
fn refusals() -> [(KeyRules, u16, &'static str, &'static str); 6] {
    let word = |word: &str| vec![word.to_owned()];
    let expired = KeyRules {
        expires_ms: Some(1_000),
        ..rules()
    };
    let elsewhere = KeyRules {
        ips: vec!["10.0.0.0/8".parse().expect("it is one")],
        ..rules()
    };
    let other_routes = KeyRules {
        routes: word("/v1/models*"),
        ..rules()
    };
    let other_models = KeyRules {
        models: word("other-*"),
        ..rules()
    };
    let gone = "Thu, 01 Jan 1970 00:00:01 GMT";
    let from = "from 127.0.0.1; it may from 10.0.0.0/8";
    let (route, model) = ("it may for /v1/models*", "it may for other-*");
    let requests = "its 1 requests per minute; there is room in";
    let tokens = "its 1 tokens per minute; there is room in";
    [
        (expired, 401, "weir_key_expired", gone),
        (elsewhere, 403, "weir_address_not_allowed", from),
        (other_routes, 403, "weir_route_not_allowed", route),
        (other_models, 403, "weir_model_not_allowed", model),
        (per_minute(1, 0), 429, "weir_key_requests", requests),
        (per_minute(0, 1), 429, "weir_key_tokens", tokens),
    ]
}

#[tokio::test]
async fn each_limit_refuses_in_the_dialect_of_the_route() {
    let weir = Weir::setup().every_kind().start().await;
    for (rules, status, code, named) in refusals() {
        for speech in Speech::ALL {
            let key = weir.add_limited_key(0, rules.clone()).await;
            let call = speech.message("", &json!({}));
            let ask = async || ask_as(&weir, key.secret.reveal(), call.clone()).await;
            if status == 429 {
                let first = ask().await;
                assert_eq!(first.status, 200, "{speech:?} {code}");
                first.text().await;
                weir.until_nothing_is_held().await;
            }
            let message = refusal(speech, ask().await, status, code).await;
            assert!(message.contains(named), "{message}");
        }
    }
}

#[tokio::test]
async fn what_a_key_is_for_is_served() {
    let weir = Weir::setup().every_kind().start().await;
    let all = KeyRules {
        expires_ms: Some(u64::MAX >> 20),
        ips: vec![
            "::1/128".parse().expect("it is one"),
            "127.0.0.0/8".parse().expect("it is one"),
        ],
        routes: vec!["messages".into(), "/v1/models*".into()],
        models: vec!["claude-*".into()],
        ..per_minute(100, 100_000)
    };
    let key = weir.add_limited_key(1, all).await;
    let message = Speech::Messages.message("", &json!({}));
    for call in [message, Call::get("/anthropic/v1/models")] {
        assert_eq!(ask_as(&weir, key.secret.reveal(), call).await.status, 200);
        weir.until_nothing_is_held().await;
    }
    let other = ask_as(
        &weir,
        key.secret.reveal(),
        Speech::Chat.message("", &json!({})),
    )
    .await;
    refusal(Speech::Chat, other, 403, "weir_route_not_allowed").await;
}

#[tokio::test]
async fn keys_of_one_user_share_its_limits_and_those_of_a_group_too() {
    for (lines, owner) in [("[users.ann]\n", "user"), ("", "group")] {
        for (limit, code, text) in [
            ("max_concurrent = 1", "busy", "has 1 requests running"),
            (
                "requests_per_minute = 1",
                "requests",
                "has used its 1 requests per minute",
            ),
            (
                "tokens_per_minute = 1",
                "tokens",
                "has used its 1 tokens per minute",
            ),
        ] {
            let setup = Weir::setup().impatient();
            let setup = match lines {
                "" => setup.group_line(limit),
                section => setup.head(&format!("{section}{limit}")),
            };
            let weir = setup.start().await;
            let of_ann = KeyRules {
                user: Some("ann".into()),
                ..rules()
            };
            let first = weir.add_limited_key(0, of_ann.clone()).await;
            let second = weir.add_limited_key(0, of_ann).await;
            let held = Speech::Messages.stream("stall_after=4");
            let held = ask_as(&weir, first.secret.reveal(), held).await;
            assert_eq!(held.status, 200);
            let refused = ask_as(&weir, second.secret.reveal(), Speech::Messages.stream("")).await;
            let code = format!("weir_{owner}_{code}");
            let message = refusal(Speech::Messages, refused, 429, &code).await;
            assert!(
                message.contains(text) && message.contains(owner),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_where_a_caller_is() {
    for (trusted, status) in [("\"127.0.0.0/8\"", 200), ("", 403)] {
        let setup = Weir::setup().listen_line(&format!("trusted_proxies = [{trusted}]"));
        let weir = setup.start().await;
        let ips = vec!["10.1.0.0/16".parse().expect("it is one")];
        let key = weir.add_limited_key(0, KeyRules { ips, ..rules() }).await;
        let call = Speech::Messages.message("", &json!({}));
        let call = call.header("x-forwarded-for", "10.1.2.3");
        assert_eq!(
            ask_as(&weir, key.secret.reveal(), call).await.status,
            status
        );
    }
}

#[tokio::test]
async fn an_account_that_has_used_its_minute_leaves_requests_to_another_one() {
    for (limit, code) in [
        ("requests_per_minute = 2", "weir_account_requests"),
        ("tokens_per_minute = 2", "weir_account_tokens"),
    ] {
        let setup = Weir::setup().accounts(2).account_line(limit);
        let weir = setup.start().await;
        let (mut served, began) = (0, harness::time::now());
        let refused = loop {
            let answer = weir.ask(crate::upstreams::fresh()).await;
            match answer.status {
                200 => answer.text().await,
                _ => break answer,
            };
            weir.until_nothing_is_held().await;
            served += 1;
        };
        // Each account has room for another one in half a minute.
        let more = 2 + 2 * began.elapsed().as_secs() / 30;
        let expected = if code.ends_with("requests") {
            4..=3 + more
        } else {
            2..=2
        };
        assert!(expected.contains(&served), "{served} with {limit}");
        let stats = weir.provider.stats();
        let of = |account| stats.keys[&Weir::account_digest(account)].generations;
        assert!(of(1) > 0 && of(2) > 0, "both have served");
        let message = refusal(Speech::Messages, refused, 429, code).await;
        assert!(
            message.starts_with("each account that could serve this has used its 2 "),
            "{message}"
        );
    }
}

#[tokio::test]
async fn of_many_requests_at_once_no_account_gets_more_than_its_limit() {
    let weir = Weir::setup()
        .accounts(2)
        .account_line("requests_per_minute = 50")
        .start()
        .await;
    let call = Speech::Messages.message("", &json!({}));
    let (served, seconds) = served(&weir, &weir.key, &call, "weir_account_requests").await;
    assert!(
        (ROOM..=room(seconds)).contains(&served),
        "{served} in {seconds} s"
    );
    let stats = weir.provider.stats();
    for account in [1, 2] {
        let of_it = stats.keys[&Weir::account_digest(account)].generations;
        assert!(of_it <= room(seconds) / 2 + 1, "{of_it} in {seconds} s");
    }
    weir.until_nothing_is_held().await;
}
