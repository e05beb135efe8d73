//! What a killed relay leaves is booked by others: each request that the upstream may have answered counts once.

use std::net::SocketAddr;

use harness::http::{Call, End};
use harness::weir::{Setup, stream};
use harness::{Redis, Weir, eventually_async, time};
use rustix::process::Signal;
use tokio::task::JoinSet;
use weir_relay::key::KeyRules;

use crate::usage::counters;

const USAGE: &str = "input_tokens=101;output_tokens=17";
/// A relay that has said nothing for half of it is gone.
const LEASE_MS: u32 = 6_000;
/// Where no relay is to be taken for gone, also on a machine that stalls for a while.
const LONG_LEASE_MS: u32 = 15_000;

fn setup() -> Setup {
    Weir::setup().lease_ms(LEASE_MS)
}

/// Until nobody is known to be there any more who has said nothing since.
async fn until_the_silent_are_gone() {
    let (since, long) = (time::now(), u128::from(LONG_LEASE_MS) * 3 / 5);
    eventually_async("the time has passed", async || {
        match since.elapsed().as_millis() {
            elapsed if elapsed > long => Ok(()),
            elapsed => Err(format!("{elapsed} ms")),
        }
    })
    .await;
}

/// Whether the answer came, and came whole.
fn ask(weir: &Weir, addr: SocketAddr, mock: &str) -> impl Future<Output = bool> + use<> {
    let call = stream(mock).header("x-api-key", &weir.key);
    async move {
        match call.try_send(addr).await {
            Ok(answer) => answer.whole().await.end == End::Clean,
            Err(_) => false,
        }
    }
}

fn count(weir: &Weir, what: &str) -> u64 {
    counters(weir, "hour").get(what).copied().unwrap_or(0)
}

/// How many generations the upstream has begun, by its own account.
fn begun(weir: &Weir) -> u64 {
    let stats = weir.provider.stats();
    stats.keys.values().map(|key| key.generations).sum()
}

async fn until_no_intent_is_left(weir: &Weir) {
    until_intents_are(weir, 0).await;
}

async fn until_intents_are(weir: &Weir, count: usize) {
    eventually_async("so many are going to be asked", async || {
        match weir.intents() {
            seen if seen.len() == count => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
}

/// A relay says what it asks for before it knows that it has to wait.
async fn until_one_waits(weir: &Weir) {
    eventually_async("an intent says that its request waits", async || {
        let intents = weir.redis.call("HVALS weir:{default}:intents");
        match intents
            .items()
            .iter()
            .any(|intent| intent.text().starts_with("waits "))
        {
            true => Ok(()),
            false => Err(format!("{intents:?}")),
        }
    })
    .await;
}

async fn until_waiting(weir: &Weir, key: &str, count: i64) {
    eventually_async("it waits in line", async || {
        match weir
            .redis
            .call(format!("{key}.INFO weir:{{default}}:{}", line_of(key)))
        {
            info if *info.field("waiting") == count => Ok(()),
            info => Err(format!("{info:?}")),
        }
    })
    .await;
}

fn line_of(family: &str) -> &'static str {
    match family {
        "UMQ" => "turn:a1",
        _ => "gate:account:a1",
    }
}

#[tokio::test]
async fn a_request_of_a_killed_relay_is_booked_as_interrupted() {
    let weir = setup().start().await;
    let of_ann = KeyRules {
        user: Some("ann".into()),
        ..KeyRules::default()
    };
    let key = weir.add_limited_key(0, of_ann).await;
    let mut killed = weir.start_program();
    let asked = stream("latency_ms=600000").header("x-api-key", key.secret.reveal());
    let asked = tokio::spawn(asked.try_send(killed.addr()));
    weir.until_upstream_has(1).await;
    killed.kill();
    assert!(asked.await.unwrap().is_err(), "the relay is gone");
    let record = &weir.records(1).await[0];
    assert_eq!(*record.field("outcome"), "interrupted");
    assert_eq!(*record.field("key"), key.id.as_str());
    assert_eq!(*record.field("user"), "ann");
    assert_eq!(*record.field("account"), "a1");
    assert_eq!(*record.field("model"), "claude-mock-1");
    let estimated: u64 = record.field("estimated").text().parse().expect("tokens");
    let of = |field: &str| -> u64 { record.field(field).text().parse().expect("tokens") };
    assert!((10..100).contains(&of("input")), "{record:?}");
    assert_eq!(of("output"), 64, "the most that it asked for");
    assert_eq!(estimated, of("input") + of("output"));
    assert_eq!(count(&weir, "requests"), 1);
    assert_eq!(count(&weir, "interrupted"), 1);
    assert_eq!(count(&weir, "estimated"), estimated);
    until_no_intent_is_left(&weir).await;
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn two_relays_that_look_at_once_book_it_once() {
    let weir = setup().start().await;
    let other = weir.another_relay().await;
    let mut killed = weir.start_program();
    let addr = killed.addr();
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        asked.spawn(ask(&weir, addr, "latency_ms=600000"));
    }
    weir.until_upstream_has(20).await;
    killed.kill();
    asked.join_all().await;
    until_no_intent_is_left(&weir).await;
    other.shutdown().await;
    assert_eq!(count(&weir, "requests"), 20);
    assert_eq!(count(&weir, "interrupted"), 20);
    weir.records(20).await;
}

#[tokio::test]
async fn a_request_of_a_relay_that_lives_is_left_alone_however_long_it_takes() {
    let setup = Weir::setup().lease_ms(LONG_LEASE_MS);
    let weir = setup.start().await;
    let lives = weir.start_program();
    let addr = lives.addr();
    let mock = format!("{USAGE};chunks=9;pause_after=4");
    let running = tokio::spawn(ask(&weir, addr, &mock));
    weir.until_upstream_has(1).await;
    until_the_silent_are_gone().await;
    weir.provider.resume();
    assert!(running.await.unwrap(), "the stream ends");
    let record = &weir.records(1).await[0];
    assert_eq!(*record.field("outcome"), "done");
    assert_eq!(
        ["requests", "interrupted", "input", "output"].map(|what| count(&weir, what)),
        [1, 0, 101, 17]
    );
}

#[tokio::test]
async fn an_outage_of_redis_makes_no_relay_look_dead() {
    // It has written what it has answered.
    let redis = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always");
    let setup = Weir::setup().lease_ms(LONG_LEASE_MS);
    let mut weir = setup.redis(redis).start().await;
    let lives = weir.start_program();
    let addr = lives.addr();
    let mock = format!("{USAGE};chunks=9;pause_after=4");
    let running = tokio::spawn(ask(&weir, addr, &mock));
    weir.until_upstream_has(1).await;
    weir.redis.kill();
    until_the_silent_are_gone().await;
    weir.redis.start_again();
    weir.provider.resume();
    assert!(running.await.unwrap(), "the stream ends");
    let record = &weir.records(1).await[0];
    assert_eq!(*record.field("outcome"), "done");
    assert_eq!(
        ["requests", "interrupted", "output"].map(|what| count(&weir, what)),
        [1, 0, 17]
    );
}

#[tokio::test]
async fn relays_killed_at_any_moment_leave_no_answer_uncounted() {
    let weir = setup().start().await;
    for round in 0..4_u64 {
        let mut killed = weir.start_program();
        let addr = killed.addr();
        let mut asked = JoinSet::new();
        for at in 0..16 {
            let mock = format!("{USAGE};latency_ms={};chunks=3;delay_ms=15", at * 17);
            asked.spawn(ask(&weir, addr, &mock));
        }
        // At another moment in each round.
        for _ in 0..3 * round {
            asked.join_next().await;
        }
        killed.kill();
        asked.join_all().await;
    }
    until_no_intent_is_left(&weir).await;
    let (requests, interrupted) = (count(&weir, "requests"), count(&weir, "interrupted"));
    // A relay may die between what it says and what it does.
    assert!(
        (begun(&weir)..=64).contains(&requests),
        "{requests} of {}",
        begun(&weir)
    );
    let records = weir.records(usize::try_from(requests).unwrap()).await;
    let whole = records
        .iter()
        .filter(|record| *record.field("outcome") != "interrupted");
    let told: Vec<String> = whole.map(|record| record.field("input").text()).collect();
    assert_eq!(told, vec!["101"; told.len()]);
    assert_eq!(told.len() as u64, requests - interrupted);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_relay_that_is_told_to_stop_finishes_and_leaves_nothing() {
    let weir = setup().start().await;
    let mut stopped = weir.start_program();
    let addr = stopped.addr();
    let mut asked = JoinSet::new();
    for at in 0..8 {
        let mock = format!("{USAGE};chunks=5;delay_ms={};pause_after=4", 20 * at);
        asked.spawn(ask(&weir, addr, &mock));
    }
    weir.until_upstream_has(8).await;
    stopped.signal(Signal::TERM);
    eventually_async("nobody is let in any more", async || {
        match Call::get("/healthz").try_send(addr).await {
            Ok(answer) if answer.status == 200 => Err("it is well".to_owned()),
            Ok(_) | Err(_) => Ok(()),
        }
    })
    .await;
    weir.provider.resume();
    assert!(asked.join_all().await.into_iter().all(|whole| whole));
    weir.records(8).await;
    weir.until_nothing_is_held().await;
    until_no_intent_is_left(&weir).await;
    assert_eq!(count(&weir, "requests"), 8);
    assert_eq!(count(&weir, "output"), 8 * 17);
    assert_eq!(count(&weir, "interrupted"), 0);
}

/// An answer that takes until the end of the test, and its turn or slot with it.
const ENDLESS: &str = "latency_ms=600000";

/// The program is waited for on this thread, while the relay goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_waited_for_a_slot_is_not_booked() {
    what_only_waited_is_not_booked("QGATE", setup().max_concurrent(1)).await;
}

/// As above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_waited_for_a_turn_is_not_booked() {
    what_only_waited_is_not_booked("UMQ", setup().account_line("serial_turns = true")).await;
}

async fn what_only_waited_is_not_booked(family: &str, setup: Setup) {
    let weir = setup.start().await;
    let holder = tokio::spawn(ask(&weir, weir.addr(), ENDLESS));
    weir.until_upstream_has(1).await;
    let mut killed = weir.start_program();
    let addr = killed.addr();
    let waiting = tokio::spawn(ask(&weir, addr, ENDLESS));
    until_waiting(&weir, family, 1).await;
    until_intents_are(&weir, 2).await;
    until_one_waits(&weir).await;
    killed.kill();
    assert!(!waiting.await.expect("the task has not failed"));
    until_intents_are(&weir, 1).await;
    let mut killed = weir.start_program();
    let addr = killed.addr();
    let waiting = tokio::spawn(ask(&weir, addr, ENDLESS));
    until_waiting(&weir, family, 1).await;
    holder.abort();
    until_intents_are(&weir, 1).await;
    weir.records(1).await;
    weir.until_upstream_has(1).await;
    killed.kill();
    assert!(!waiting.await.expect("the task has not failed"));
    until_no_intent_is_left(&weir).await;
    assert_eq!(count(&weir, "interrupted"), 1);
    assert_eq!(count(&weir, "requests"), 2);
}
