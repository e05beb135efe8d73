//! What a request costs more where its key is limited: the same load with three keys in turns, compared round by round.

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::caller::Ask;
use super::scene::{May, Scene};
use super::{FEW, MANY, PLAIN, Seen, one_window};
use crate::race::{Pace, median};
use crate::report::{self, micros};

/// What the path may cost more with limits.
const MOST: f64 = 1.1;

pub(crate) fn run(pace: &Pace) {
    report::title("Limits");
    println!(
        "Closed loop, 1 KB in and out, one account, no turns; keys with limits that nobody reaches. Medians of {} interleaved \
         rounds, of ratios too. Relay on CPU 0; load, upstream and Redis on CPU 1.\n",
        pace.rounds
    );
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let scene = Scene::start();
    LocalSet::new().block_on(&runtime, async {
        report::table(&[
            "a key may",
            "at once",
            "relay CPU µs",
            "of that without",
            "Redis CPU µs",
            "of that without",
            "both µs",
            "of that without",
            "Redis commands",
        ]);
        for conns in [MANY, FEW] {
            measure(&scene, pace, conns).await;
        }
    });
}

/// Microseconds of a request.
#[derive(Clone, Copy)]
struct Costs {
    relay: f64,
    redis: f64,
    commands: f64,
}

impl Costs {
    fn of(seen: &Seen) -> Self {
        let requests = seen.load.latencies.len() as f64;
        Self {
            relay: seen.meter.relay_us / requests,
            redis: seen.meter.redis_us / requests,
            commands: seen.meter.commands / requests,
        }
    }
}

async fn measure(scene: &Scene, pace: &Pace, conns: usize) {
    let window = pace.window * 3;
    let targets = May::ALL.map(|may| scene.relay_for(may).path(PLAIN));
    for target in &targets {
        one_window(scene, target, Ask::Plain, conns, window).await;
    }
    let mut rounds: Vec<[Costs; 3]> = Vec::new();
    for _ in 0..pace.rounds {
        let mut round = Vec::new();
        for target in &targets {
            let seen = one_window(scene, target, Ask::Plain, conns, window).await;
            round.push(Costs::of(&seen));
        }
        rounds.extend(<[Costs; 3]>::try_from(round).ok());
    }
    for may in May::ALL {
        row(may, conns, &rounds);
    }
}

fn row(may: May, conns: usize, rounds: &[[Costs; 3]]) {
    let of = |value: &dyn Fn(&Costs) -> f64| {
        let values = rounds.iter().map(|round| value(&round[may as usize]));
        micros(median(values.collect()))
    };
    let ratio = |value: &dyn Fn(&Costs) -> f64| {
        let ratios = rounds.iter().map(|round| {
            let without = value(&round[May::Anything as usize]);
            value(&round[may as usize]) / without
        });
        match may {
            May::Anything => "–".into(),
            _ => report::at_most(median(ratios.collect()), MOST, 2),
        }
    };
    let both = |costs: &Costs| costs.relay + costs.redis;
    let name = match may {
        May::Anything => "use anything",
        May::Limited => "do so much at once and per minute",
        May::SpendSoMuch => "and spend so much per day and in total",
    };
    report::row(&[
        name.into(),
        conns.to_string(),
        of(&|costs| costs.relay),
        ratio(&|costs| costs.relay),
        of(&|costs| costs.redis),
        ratio(&|costs| costs.redis),
        of(&both),
        ratio(&both),
        of(&|costs| costs.commands),
    ]);
}
