//! The relay's line as its callers see it: turns of one account handed from caller to caller, and what a swarm costs
//! those who are not of it. The relay runs in this process; waits are what callers measure.

use std::net::SocketAddr;
use std::time::Duration;

use harness::Weir;
use harness::http::Call;
use harness::weir::message;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::race::{Pace, median};
use crate::report;

const CALLERS: u32 = 50;
const SWARM: usize = 100;
const SINGLES: usize = 9;
/// Until the upstream's first byte.
const SERVICE: Duration = Duration::from_millis(200);

pub(crate) fn run(pace: &Pace) {
    report::title("The relay's line");
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    runtime.block_on(async {
        turns(pace.rounds.div_ceil(5)).await;
        swarm(pace.window * 100).await;
    });
}

async fn turns(rounds: usize) {
    let ideal = SERVICE * CALLERS;
    println!(
        "{CALLERS} callers come at once to one account that takes one message at a time and answers after {} ms.\n",
        SERVICE.as_millis()
    );
    let mut took = Vec::new();
    for _ in 0..rounds {
        took.push(one_line().await.as_secs_f64());
    }
    report::table(&[
        "rounds",
        "ideal, s",
        "all have their first byte, s, p50",
        "longest",
    ]);
    let ideal = ideal.as_secs_f64();
    let longest = took.iter().copied().fold(0.0, f64::max);
    report::row(&[
        rounds.to_string(),
        format!("{ideal:.2}"),
        report::at_most(median(took), ideal * 1.03, 3),
        format!("{longest:.3}"),
    ]);
}

async fn one_line() -> Duration {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .start()
        .await;
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let call = weir.with_key(call());
        let addr = weir.addr();
        callers.spawn(async move { call.send(addr).await.status });
    }
    let served = callers.join_all().await;
    assert!(served.iter().all(|status| *status == 200), "{served:?}");
    began.elapsed()
}

fn call() -> Call {
    let ms = SERVICE.as_millis();
    message(&format!("latency_ms={ms};chunks=1"), &json!({}))
}

/// How long the singles waited: with nobody beside them, and beside a swarm of one key.
async fn swarm(lasting: Duration) {
    let alone = singles_beside(1, lasting).await;
    let beside = singles_beside(SWARM, lasting).await;
    println!(
        "\n{SINGLES} keys with one request at a time, each coming again at once, and one key with more of them, share an account with {} slots.\n",
        SINGLES + 1
    );
    report::table(&[
        "the one key has",
        "requests of the others",
        "their wait p50, ms",
        "longest, ms",
        "longest service, ms",
    ]);
    let lone = longest(&alone, |seen| seen.wait);
    let most = lone + longest(&beside, |seen| seen.service);
    let beside_wait = longest(&beside, |seen| seen.wait);
    for (has, seen, shown) in [
        (1, &alone, format!("{lone:.1}")),
        (SWARM, &beside, report::at_most(beside_wait, most, 1)),
    ] {
        let waits = seen.iter().map(|seen| seen.wait).collect();
        report::row(&[
            has.to_string(),
            seen.len().to_string(),
            format!("{:.1}", median(waits)),
            shown,
            format!("{:.1}", longest(seen, |seen| seen.service)),
        ]);
    }
}

/// What one request met, in ms.
#[derive(Clone, Copy)]
struct Seen {
    /// In line, as the relay says it.
    wait: f64,
    /// The rest of its time.
    service: f64,
}

fn longest(seen: &[Seen], of: impl Fn(&Seen) -> f64) -> f64 {
    seen.iter().map(of).fold(0.0, f64::max)
}

async fn singles_beside(many: usize, lasting: Duration) -> Vec<Seen> {
    let slots = u32::try_from(SINGLES + 1).expect("few");
    let weir = Weir::setup().max_concurrent(slots).start().await;
    let until = Instant::now() + lasting;
    let mut others = JoinSet::new();
    for _ in 0..many {
        others.spawn(again(weir.with_key(call()), weir.addr(), until));
    }
    let mut singles = JoinSet::new();
    for _ in 0..SINGLES {
        let key = weir.add_key(0).await;
        let call = call().header("x-api-key", key.secret.reveal());
        singles.spawn(again(call, weir.addr(), until));
    }
    let waits = singles.join_all().await.concat();
    others.join_all().await;
    waits
}

/// Asks again and again.
async fn again(call: Call, to: SocketAddr, until: Instant) -> Vec<Seen> {
    let mut seen = Vec::new();
    while Instant::now() < until {
        let asked = Instant::now();
        let answer = call.clone().send(to).await;
        assert_eq!(answer.status, 200);
        let wait = answer.number("x-weir-wait-ms") as f64;
        answer.whole().await;
        let service = asked.elapsed().as_secs_f64() * 1e3 - wait;
        seen.push(Seen { wait, service });
    }
    seen
}
