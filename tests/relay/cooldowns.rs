//! Accounts that refused rest: as long as they say, in all relays; or for a guess, after which one request goes first.

use harness::weir::message;
use harness::{Reply, Weir, eventually_async, time};
use serde_json::json;
use weir_relay::mock::Behaviour;

use crate::half_open::{ask_all, paused};
use crate::upstreams::{fresh, fresh_stalling, generations, refusing, seen, two, upstream};

fn resting(seconds: u32) -> Behaviour {
    Behaviour {
        retry_after: Some(seconds),
        ..refusing(429)
    }
}

/// Another relay passes the first account over too, since this is written.
async fn until_known_everywhere(weir: &Weir, basis: &str) {
    let second = weir.another_relay().await;
    eventually_async("the other relay knows it too", async || {
        let before = generations(&weir.provider);
        let answer = weir.with_key(fresh()).send(second.addr()).await;
        assert_eq!(answer.status, 200);
        match generations(&weir.provider) - before {
            0 => Ok(()),
            seen => Err(format!("{seen} went to the account that is passed over")),
        }
    })
    .await;
    let written = weir
        .redis
        .call("HGET weir:{default}:cooldowns a1/claude-mock-1");
    let end = format!(" {basis} 0 rate");
    assert!(written.text().ends_with(&end), "{written:?}");
}

#[tokio::test]
async fn a_stated_time_is_kept_by_all_relays() {
    let (weir, other) = two(resting(600), Behaviour::default()).await;
    for _ in 0..3 {
        assert_eq!(weir.ask(fresh()).await.status, 200);
    }
    assert_eq!(seen(&weir, &other), (1, 3));
    until_known_everywhere(&weir, "stated").await;
}

#[tokio::test]
async fn a_limit_of_rate_is_one_models() {
    let (weir, other) = two(resting(600), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    weir.provider.set_behaviour(Behaviour::default());
    let of_another = message("", &json!({"model": "claude-mock-2"}));
    assert_eq!(weir.ask(of_another).await.status, 200);
    assert_eq!(seen(&weir, &other), (2, 1));
}

#[tokio::test]
async fn what_an_operator_takes_out_of_redis_is_over() {
    let (weir, other) = two(resting(600), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    weir.provider.set_behaviour(Behaviour::default());
    eventually_async("the cooldown is written", async || {
        match weir.redis.call("HLEN weir:{default}:cooldowns") {
            Reply::Int(1) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    eventually_async("the account serves again", async || {
        weir.redis.call("DEL weir:{default}:cooldowns");
        assert_eq!(weir.ask(fresh()).await.status, 200);
        match seen(&weir, &other) {
            (2.., _) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn after_a_guess_one_request_goes_first() {
    let (weir, other) = two(refusing(500), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    assert_eq!(seen(&weir, &other), (1, 1));
    weir.provider.set_behaviour(paused());
    eventually_async("the account is tried again", async || {
        ask_all(&weir, &other, &[weir.addr()]).await;
        match generations(&weir.provider) {
            1 => Err("it still rests".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    let key = Weir::account_digest(1);
    assert_eq!(weir.provider.stats().keys[&key].max_in_flight, 1);
    weir.provider.set_behaviour(Behaviour::default());
    let before = generations(&weir.provider);
    assert_eq!(weir.ask(fresh()).await.status, 200);
    assert_eq!(generations(&weir.provider) - before, 1, "it is well again");
}

#[tokio::test]
async fn the_last_account_is_never_taken_out_by_a_guess() {
    let weir = Weir::setup().behaviour(refusing(401)).start().await;
    for _ in 0..3 {
        assert_eq!(weir.ask(fresh()).await.status, 401);
    }
    weir.provider.set_behaviour(Behaviour::default());
    assert_eq!(weir.ask(fresh()).await.status, 200);
}

#[tokio::test]
async fn when_all_rest_for_long_the_caller_is_told_until_when() {
    let weir = Weir::setup().behaviour(resting(600)).start().await;
    assert_eq!(weir.ask(fresh()).await.status, 429);
    let answer = weir.ask(fresh()).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (429, Some("weir_accounts_rest"))
    );
    let seconds: u64 = answer.number("retry-after");
    assert!((590..=600).contains(&seconds), "{seconds}");
    assert_eq!(
        answer.header("x-should-retry"),
        Some("false"),
        "that is far"
    );
    assert_eq!(generations(&weir.provider), 1);
}

#[tokio::test]
async fn a_request_waits_for_an_account_that_rests_shortly() {
    let weir = Weir::setup().behaviour(resting(1)).start().await;
    let began = time::now();
    assert_eq!(weir.ask(fresh()).await.status, 429);
    weir.provider.set_behaviour(Behaviour::default());
    let rested = began.elapsed().as_millis();
    let answer = weir.ask(fresh()).await;
    assert_eq!(answer.status, 200);
    let waited = u128::from(answer.number("x-weir-wait-ms"));
    // Whole milliseconds are counted, here and there.
    assert!(rested + waited + 5 >= 1_000, "{rested} ms and {waited} ms");
}

#[tokio::test]
async fn who_waits_is_served_by_an_account_that_is_back_meanwhile() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup().behaviour(resting(6));
    let setup = setup.account_at(&other, "priority = 1\nmax_concurrent = 1");
    let weir = setup.start().await;
    let held = weir.ask(fresh_stalling()).await;
    assert_eq!(seen(&weir, &other), (1, 1));
    weir.provider.set_behaviour(Behaviour::default());
    let waiting = weir.spawn(fresh());
    eventually_async("it waits for the other account", async || {
        match weir.waiting(2) {
            1 => Ok(()),
            seen => Err(format!("{seen} wait")),
        }
    })
    .await;
    assert_eq!(waiting.await.expect("it is served").status, 200);
    assert_eq!(seen(&weir, &other), (2, 1));
    assert_eq!(weir.waiting(2), 0, "it has left that line");
    drop(held);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn who_waits_for_an_account_that_comes_to_rest_for_long_is_told() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let held = weir.ask(fresh_stalling()).await;
    let waiting = weir.spawn(fresh());
    weir.until_waiting(1).await;
    let seconds: u64 = weir.redis.call("TIME").items()[0]
        .text()
        .parse()
        .expect("it is a number");
    let rest = format!("{}000 stated 0 rate", seconds + 600);
    let field = [
        "HSET",
        "weir:{default}:cooldowns",
        "a1/claude-mock-1",
        &rest,
    ];
    weir.redis.call(field);
    let answer = waiting.await.expect("it is answered");
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (429, Some("weir_accounts_rest"))
    );
    let seconds = answer.number("retry-after");
    assert!((580..=600).contains(&seconds), "{seconds}");
    eventually_async("it has left the line", async || match weir.waiting(1) {
        0 => Ok(()),
        seen => Err(format!("{seen} wait")),
    })
    .await;
    drop(held);
    weir.until_nothing_is_held().await;
}

fn used_up(window_s: u32) -> Behaviour {
    Behaviour {
        requests_left: Some(0),
        window_s,
        ..Behaviour::default()
    }
}

#[tokio::test]
async fn an_account_that_has_nothing_left_is_passed_over_by_all_relays() {
    let (weir, other) = two(used_up(600), Behaviour::default()).await;
    let of_another = || message("", &json!({"model": "claude-mock-2"}));
    for expected in [(1, 0), (1, 1), (1, 2)] {
        assert_eq!(weir.ask(fresh()).await.status, 200);
        assert_eq!(seen(&weir, &other), expected);
    }
    assert_eq!(weir.ask(of_another()).await.status, 200);
    assert_eq!(seen(&weir, &other), (2, 2), "it is one model's");
    until_known_everywhere(&weir, "foreseen").await;
}

#[tokio::test]
async fn where_nobody_has_anything_left_the_upstream_is_to_judge() {
    let (weir, other) = two(used_up(600), used_up(600)).await;
    for _ in 0..4 {
        assert_eq!(weir.ask(fresh()).await.status, 200);
    }
    let (first, second) = seen(&weir, &other);
    assert_eq!((first + second, second), (4, 1), "the first tier again");
}

#[tokio::test]
async fn an_account_whose_window_opens_serves_again() {
    let (weir, other) = two(used_up(1), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    weir.provider.set_behaviour(Behaviour::default());
    eventually_async("it serves again", async || {
        assert_eq!(weir.ask(fresh()).await.status, 200);
        match seen(&weir, &other) {
            (2.., _) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
}
