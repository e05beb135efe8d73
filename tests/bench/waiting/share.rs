//! How flows share the slots of a gate of which they always want more: nine lone callers beside a swarm, and
//! flows of different weights.

use std::time::Duration;

use harness::Redis;
use tokio::time::Instant;

use super::flow::Flow;
use super::service::Service;
use crate::report;
use crate::stand::Stand;

const SLOTS: usize = 4;
const SWARM: usize = 100;
const LONE: usize = 9;
const WEIGHTS: [usize; 3] = [1, 2, 4];
/// More than its slots, for each weight.
const CALLERS: usize = 20;
/// Until all stand in line.
const WARM_UP: Duration = Duration::from_secs(1);

/// The slot time that each flow had, in seconds.
pub(super) struct Shares {
    equal: Vec<f64>,
    weighted: Vec<f64>,
}

pub(super) async fn measure(lasting: Duration) -> Shares {
    let flow = |name: usize, weight, callers| Flow {
        name: format!("flow-{name}"),
        weight,
        callers,
    };
    let equal = [flow(0, 1, SWARM)]
        .into_iter()
        .chain((1..=LONE).map(|name| flow(name, 1, 1)));
    let weighted = WEIGHTS.map(|weight| flow(weight, weight, CALLERS));
    let (equal, weighted) = tokio::join!(
        slot_times(equal.collect(), lasting),
        slot_times(weighted.into(), lasting)
    );
    Shares { equal, weighted }
}

async fn slot_times(flows: Vec<Flow>, lasting: Duration) -> Vec<f64> {
    let stand = Stand::start(Redis::builder());
    let begin = Instant::now() + WARM_UP;
    let end = begin + lasting;
    let running: Vec<_> = flows
        .iter()
        .map(|flow| flow.start(&stand.socket(), SLOTS, end))
        .collect();
    let mut times = Vec::new();
    for callers in running {
        let services = callers.join_all().await.concat();
        let held = services.iter().map(|service| within(service, begin, end));
        times.push(held.sum::<Duration>().as_secs_f64());
    }
    times
}

pub(crate) fn within(service: &Service, begin: Instant, end: Instant) -> Duration {
    let from = service.granted.max(begin);
    service.released.min(end).saturating_duration_since(from)
}

impl Shares {
    pub(super) fn print(&self) {
        println!("{SLOTS} slots; one flow of {SWARM} callers, {LONE} flows of one caller each.\n");
        report::table(&[
            "the swarm's share",
            "least of the others",
            "most",
            "Jain index",
        ]);
        let [swarm, others @ ..] = &parts(&self.equal)[..] else {
            unreachable!("the swarm is a flow");
        };
        let least = others.iter().copied().fold(f64::INFINITY, f64::min);
        let most = others.iter().copied().fold(0.0, f64::max);
        let [swarm, least, most] = [*swarm, least, most].map(percent);
        let jain = report::at_least(jain(&self.equal), 0.95, 4);
        report::row(&[swarm, least, most, jain]);

        println!("\n{SLOTS} slots; {CALLERS} callers of each weight.\n");
        report::table(&["weight", "share", "due", "off by, %"]);
        let due = parts(&WEIGHTS.map(|weight| weight as f64));
        for ((weight, due), share) in WEIGHTS.iter().zip(due).zip(parts(&self.weighted)) {
            let off = (share / due - 1.0).abs() * 100.0;
            report::row(&[
                weight.to_string(),
                percent(share),
                percent(due),
                report::at_most(off, 5.0, 2),
            ]);
        }
    }
}

/// Each as a part of the whole.
fn parts(amounts: &[f64]) -> Vec<f64> {
    let whole: f64 = amounts.iter().sum();
    amounts.iter().map(|amount| amount / whole).collect()
}

fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

/// 1 when all have the same.
pub(crate) fn jain(amounts: &[f64]) -> f64 {
    let sum: f64 = amounts.iter().sum();
    let squares: f64 = amounts.iter().map(|amount| amount * amount).sum();
    sum * sum / (amounts.len() as f64 * squares)
}
