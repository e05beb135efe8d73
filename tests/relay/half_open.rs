//! After a guessed rest one request goes first: one of all relays. What comes of it all of them know at once.

use std::net::SocketAddr;

use harness::{Weir, eventually_async};
use weir_relay::mock::{Behaviour, MockProvider};

use crate::upstreams::{fresh, generations, refusing, two, upstream};

const FIELD: &str = "weir:{default}:cooldowns a1";

/// It answers nobody until it is told to.
pub(crate) fn paused() -> Behaviour {
    Behaviour {
        pause: true,
        ..Behaviour::default()
    }
}

/// Account 1 has refused, and rests for a guess; account 2 serves.
async fn rested() -> (Weir, MockProvider) {
    let (weir, other) = two(refusing(500), Behaviour::default()).await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    (weir, other)
}

/// Asks these relays, four requests each at once; all are served. The first account, if it pauses, goes on when all of
/// them are somewhere.
pub(crate) async fn ask_all(weir: &Weir, other: &MockProvider, relays: &[SocketAddr]) {
    let asked = || generations(&weir.provider) + generations(other);
    let all = asked() + 4 * relays.len() as u64;
    let asking: Vec<_> = relays
        .iter()
        .flat_map(|relay| [*relay; 4])
        .map(|relay| tokio::spawn(weir.with_key(fresh()).send(relay)))
        .collect();
    eventually_async("all are with an upstream", async || match asked() {
        seen if seen >= all => Ok(()),
        seen => Err(format!("{seen} of {all}")),
    })
    .await;
    weir.provider.resume();
    for asked in asking {
        assert_eq!(asked.await.expect("it does not panic").status, 200);
    }
}

async fn until_tried_again(weir: &Weir, other: &MockProvider, relays: &[SocketAddr]) {
    let before = generations(&weir.provider);
    eventually_async("the account is tried again", async || {
        ask_all(weir, other, relays).await;
        match generations(&weir.provider) - before {
            0 => Err("it still rests".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn of_all_relays_one_request_goes_first() {
    let (weir, other) = rested().await;
    let second = weir.another_relay().await;
    weir.provider.set_behaviour(paused());
    let relays = [weir.addr(), second.addr()];
    until_tried_again(&weir, &other, &relays).await;
    let account = &weir.provider.stats().keys[&Weir::account_digest(1)];
    assert_eq!((account.generations, account.max_in_flight), (2, 1));
    weir.provider.set_behaviour(Behaviour::default());
    for relay in relays {
        eventually_async("it is well", async || {
            let before = generations(&weir.provider);
            assert_eq!(weir.with_key(fresh()).send(relay).await.status, 200);
            match generations(&weir.provider) - before {
                1 => Ok(()),
                _ => Err("it is passed over".to_owned()),
            }
        })
        .await;
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_trial_that_fails_is_one_request_and_makes_all_relays_wait_longer() {
    let (weir, other) = rested().await;
    let second = weir.another_relay().await;
    let relays = [weir.addr(), second.addr()];
    let failures = || {
        let written = weir.redis.call(format!("HGET {FIELD}").as_str()).text();
        let (_, guessed) = written.split_once(" guessed ").expect("it is a guess");
        let (times, _) = guessed.split_once(" fault").expect("it is a fault");
        times.parse::<u64>().expect("it is a number")
    };
    eventually_async("it has failed three times", async || {
        ask_all(&weir, &other, &relays).await;
        match failures() {
            3.. => Ok(()),
            fewer => Err(fewer.to_string()),
        }
    })
    .await;
    ask_all(&weir, &other, &relays).await;
    eventually_async("each of them was one request", async || {
        match (generations(&weir.provider), failures()) {
            (requests, failures) if requests == failures => Ok(()),
            seen => Err(format!("requests, failures: {seen:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_trial_ends_with_the_caller_that_had_it() {
    let (weir, other) = rested().await;
    let second = weir.another_relay().await;
    weir.provider.set_behaviour(paused());
    let held = eventually_async("a request has the trial", async || {
        let mut asked = weir.spawn(fresh());
        tokio::select! {
            served = &mut asked => Err(format!("{served:?}")),
            () = weir.until_upstream_has(1) => Ok(asked),
        }
    })
    .await;
    weir.provider.set_behaviour(Behaviour::default());
    let before = (generations(&weir.provider), generations(&other));
    for _ in 0..4 {
        let call = weir.with_key(fresh());
        assert_eq!(call.send(second.addr()).await.status, 200);
    }
    let after = (before.0, before.1 + 4);
    let seen = (generations(&weir.provider), generations(&other));
    assert_eq!(seen, after, "it is not theirs");
    held.abort();
    until_tried_again(&weir, &other, &[second.addr()]).await;
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
    weir.provider.set_behaviour(paused());
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
    until_tried_again(&weir, &other, &[weir.addr()]).await;
    let account = &weir.provider.stats().keys[&Weir::account_digest(1)];
    assert_eq!(account.max_in_flight, 1);
    weir.until_nothing_is_held().await;
}
