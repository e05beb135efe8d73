//! Thousands of requests for the slots of one gate: how soon all have been served.

use std::time::Duration;

use tokio::task::JoinSet;

use super::request::slot;
use super::service::makespan;
use super::way::Way;
use crate::draw::Draw;
use crate::race::{Pace, median};
use crate::report::{self, micros};
use crate::room;

const REQUESTS: usize = 10_000;
const SLOTS: usize = 1_000;
const HOLD: Duration = Duration::from_millis(200);

/// What one round showed.
struct Seen {
    makespan: f64,
    /// Of the server, per request, in microseconds.
    cpu: f64,
}

pub(super) async fn run(pace: &Pace) {
    let hold = HOLD.as_millis();
    let ideal = HOLD.as_secs_f64() * (REQUESTS / SLOTS) as f64;
    report::title(&format!(
        "{REQUESTS} requests for {SLOTS} slots of {hold} ms"
    ));
    println!("All come at once. With no time lost the last has given back after {ideal} s.\n");
    report::table(&["way", "all served, s", "server CPU µs per request"]);
    let mut seen = Way::ALL.map(|way| (way, Vec::new()));
    for _ in 0..pace.rounds.div_ceil(3) {
        for (way, seen) in &mut seen {
            seen.push(round(*way).await);
        }
    }
    for (way, seen) in seen {
        let of = |value: fn(&Seen) -> f64| median(seen.iter().map(value).collect());
        let most = match way {
            Way::Block => 2.3,
            Way::Notify => 2.6,
        };
        report::row(&[
            way.name().into(),
            report::at_most(of(|seen| seen.makespan), most, 2),
            micros(of(|seen| seen.cpu)),
        ]);
    }
}

async fn round(way: Way) -> Seen {
    let stand = room::stand();
    let mut draw = Draw::new(1);
    let waiters = way.waiters(&stand.socket(), REQUESTS).await;
    let callers: Vec<_> = waiters
        .into_iter()
        .map(|waiter| (waiter, slot("gate", SLOTS, draw.id(), way.clause())))
        .collect();
    let before = stand.cpu();
    let mut running = JoinSet::new();
    for (mut waiter, request) in callers {
        running.spawn_local(async move { waiter.pass(&request, HOLD).await });
    }
    let services = running.join_all().await;
    let cpu = stand.cpu().since(before).ran;
    Seen {
        makespan: makespan(&services).as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / REQUESTS as f64,
    }
}
