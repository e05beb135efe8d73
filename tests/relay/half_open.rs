//! After a guessed rest one request goes first: one of all relays. What comes of it all of them know at once.

use std::net::SocketAddr;

use harness::{Weir, eventually_async};
use weir_relay::mock::{Behaviour, MockProvider};

use crate::upstreams::{fresh, generations, refusing, two, upstream};

const FIELD: &str = "weir:{default}:cooldowns a1";

fn slow(latency_ms: u64) -> Behaviour {
    Behaviour {
        latency_ms,
        ..Behaviour::default()
    }
}

/// Account 1 has refused, and rests for a guess; account 2 serves.
async fn rested() -> (Weir, MockProvider) {
    let (weir, other) = two(refusing(500), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    (weir, other)
}

/// Asks these relays, four requests each at once; all are served.
async fn ask_all(weir: &Weir, relays: &[SocketAddr]) {
    let asked: Vec<_> = relays
        .iter()
        .flat_map(|relay| [*relay; 4])
        .map(|relay| tokio::spawn(weir.with_key(fresh()).send(relay)))
        .collect();
    for asked in asked {
        assert_eq!(asked.await.expect("it does not panic").status, 200);
    }
}

async fn until_tried_again(weir: &Weir, relays: &[SocketAddr]) {
    let before = generations(&weir.provider);
    eventually_async("the account is tried again", async || {
        ask_all(weir, relays).await;
        match generations(&weir.provider) - before {
            0 => Err("it still rests".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn of_all_relays_one_request_goes_first() {
    let (weir, _other) = rested().await;
    let second = weir.another_relay().await;
    weir.provider.set_behaviour(slow(3_000));
    let relays = [weir.addr(), second.addr()];
    until_tried_again(&weir, &relays).await;
    let account = &weir.provider.stats().keys[&Weir::account_digest(1)];
    assert_eq!((account.generations, account.max_in_flight), (2, 1));
    weir.provider.set_behaviour(Behaviour::default());
    for relay in relays {
        let before = generations(&weir.provider);
        assert_eq!(weir.with_key(fresh()).send(relay).await.status, 200);
        assert_eq!(generations(&weir.provider) - before, 1, "it is well");
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_trial_that_fails_is_one_request_and_makes_all_relays_wait_longer() {
    let (weir, _other) = rested().await;
    let second = weir.another_relay().await;
    let relays = [weir.addr(), second.addr()];
    eventually_async("it has failed three times", async || {
        ask_all(&weir, &relays).await;
        let written = weir.redis.call(format!("HGET {FIELD}").as_str());
        match written.text().ends_with(" guessed 3 fault") {
            true => Ok(()),
            false => Err(format!("{written:?}")),
        }
    })
    .await;
    ask_all(&weir, &relays).await;
    assert_eq!(
        generations(&weir.provider),
        3,
        "each of them was one request"
    );
}

#[tokio::test]
async fn a_trial_ends_with_the_caller_that_had_it() {
    let (weir, _other) = rested().await;
    let second = weir.another_relay().await;
    weir.provider.set_behaviour(slow(60_000));
    let held = eventually_async("a request has the trial", async || {
        let mut asked = weir.spawn(fresh());
        tokio::select! {
            served = &mut asked => Err(format!("{served:?}")),
            () = weir.until_upstream_has(1) => Ok(asked),
        }
    })
    .await;
    weir.provider.set_behaviour(Behaviour::default());
    let before = generations(&weir.provider);
    ask_all(&weir, &[second.addr()]).await;
    assert_eq!(generations(&weir.provider), before, "it is not theirs");
    held.abort();
    until_tried_again(&weir, &[second.addr()]).await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_trial_ends_with_the_relay_that_had_it() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .lease_ms(1_000)
        .behaviour(refusing(500))
        .account_at(&other, "priority = 1");
    let weir = setup.start().await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    weir.provider.set_behaviour(slow(60_000));
    let mut killed = weir.start_program();
    let _held = eventually_async("a request has the trial", async || {
        let mut asked = tokio::spawn(weir.with_key(fresh()).try_send(killed.addr()));
        tokio::select! {
            served = &mut asked => Err(format!("{served:?}")),
            () = weir.until_upstream_has(1) => Ok(asked),
        }
    })
    .await;
    weir.provider.set_behaviour(Behaviour::default());
    killed.kill();
    until_tried_again(&weir, &[weir.addr()]).await;
    let account = &weir.provider.stats().keys[&Weir::account_digest(1)];
    assert_eq!(account.max_in_flight, 1);
    weir.until_nothing_is_held().await;
}
