//! The relay beside the direct path to a simulated upstream: the same load generator, the same answers.
//! What is started is in `scene`, who calls in `caller`.

mod caller;
mod crowd;
mod held;
mod limited;
mod live;
mod scene;
mod viewer;

pub(crate) use held::run as held;
pub(crate) use limited::run as limited;
pub(crate) use live::run as live;

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::race::{Pace, median};
use crate::report::{self, micros};
use caller::{Ask, Load, Target, closed, streams};
use scene::{Meter, Scene};

/// Callers at once.
const FEW: usize = 1;
const SOME: usize = 16;
const MANY: usize = 64;
const DELTAS: usize = 100;

/// An answer of about 1 KB, and a stream of 100 deltas 10 ms apart.
const PLAIN: &str = "/v1/messages?mock=chunks=1;delta_bytes=700";
const STREAM: &str = "/v1/messages?mock=chunks=100;delay_ms=10;delta_bytes=48";

pub(crate) fn run(pace: &Pace) {
    report::title("Relay beside the direct path");
    println!(
        "Closed loop, 1 KB out, one account, no turns. Relay on CPU 0; load, upstream and Redis on CPU 1.\n"
    );
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let scene = Scene::start();
    let idle = scene.resident_kb();
    LocalSet::new().block_on(&runtime, measure(&scene, pace));
    println!(
        "\nMemory of the relay (resident): {:.1} MB idle, {:.1} MB after.",
        idle as f64 / 1e3,
        scene.resident_kb() as f64 / 1e3
    );
}

async fn measure(scene: &Scene, pace: &Pace) {
    let (direct, relay) = (scene.direct(), scene.relay());
    let rounds = pace.rounds.div_ceil(3);
    let window = pace.window * 5;
    for target in [&relay, &direct] {
        closed(&target.path(PLAIN), Ask::Plain, MANY, window).await;
    }

    report::table(&[
        "path",
        "body",
        "at once",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "relay CPU µs",
        "Redis CPU µs",
        "Redis commands",
        "Redis reads",
    ]);
    for (ask, conns) in [(Ask::Plain, FEW), (Ask::Plain, MANY), (Ask::Long, SOME)] {
        let mut seen = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            for (target, seen) in [&direct, &relay].into_iter().zip(&mut seen) {
                seen.push(one_window(scene, &target.path(PLAIN), ask, conns, window).await);
            }
        }
        for (name, seen) in ["direct", "relay"].iter().zip(&seen) {
            plain_row(name, ask, conns, seen);
        }
    }
    println!(
        "\nRedis commands of one request: {}.\n",
        scene.commands_of_one(&relay.path(PLAIN)).await
    );
    streamed(scene, [&direct, &relay], rounds.div_ceil(2)).await;
}

/// What one window showed, per request.
struct Seen {
    load: Load,
    meter: Meter,
}

async fn one_window(
    scene: &Scene,
    target: &Target,
    ask: Ask,
    conns: usize,
    window: Duration,
) -> Seen {
    let before = scene.meter();
    let load = closed(target, ask, conns, window).await;
    scene.until_quiet().await;
    let meter = scene.meter().since(&before);
    Seen { load, meter }
}

fn plain_row(name: &str, ask: Ask, conns: usize, seen: &[Seen]) {
    let of = |value: &dyn Fn(&Seen) -> f64| median(seen.iter().map(value).collect());
    let per_request = |value: &dyn Fn(&Meter) -> f64| {
        of(&|seen| value(&seen.meter) / seen.load.latencies.len() as f64)
    };
    report::row(&[
        name.into(),
        match ask {
            Ask::Plain | Ask::Streamed => "1 KB".into(),
            Ask::Long => "256 KB".into(),
        },
        conns.to_string(),
        format!("{:.0}", of(&|seen| seen.load.per_second())),
        format!("{:.2}", of(&|seen| seen.load.latency_ms(0.5))),
        format!("{:.2}", of(&|seen| seen.load.latency_ms(0.99))),
        micros(per_request(&|meter| meter.relay_us)),
        micros(per_request(&|meter| meter.redis_us)),
        format!("{:.2}", per_request(&|meter| meter.commands)),
        format!("{:.2}", per_request(&|meter| meter.reads)),
    ]);
}

async fn streamed(scene: &Scene, targets: [&Target; 2], rounds: usize) {
    let mut first = [Vec::new(), Vec::new()];
    let mut per_delta = Vec::new();
    for _ in 0..rounds {
        for (target, first) in targets.into_iter().zip(&mut first) {
            let before = scene.meter();
            first.push(streams(&target.path(STREAM), MANY).await);
            scene.until_quiet().await;
            let relay_us = scene.meter().since(&before).relay_us;
            if target.is_relay() {
                per_delta.push(relay_us / (MANY * DELTAS) as f64);
            }
        }
    }
    let at = |seen: &[Load], quantile| {
        median(seen.iter().map(|load| load.latency_ms(quantile)).collect())
    };
    let [direct, relay] = first;
    report::table(&[
        "64 streams of 100 deltas, 10 ms apart",
        "direct",
        "relay",
        "added",
    ]);
    for (name, quantile) in [("first event, p50 ms", 0.5), ("first event, p99 ms", 0.99)] {
        let (direct, relay) = (at(&direct, quantile), at(&relay, quantile));
        let cells = [direct, relay, relay - direct].map(|ms| format!("{ms:.2}"));
        report::row(&[&[name.to_owned()], &cells[..]].concat());
    }
    let cells = [
        "relay CPU µs per delta",
        "–",
        &micros(median(per_delta)),
        "–",
    ];
    report::row(&cells.map(str::to_owned));
}
