//! How long somebody waits for the only slot whose flow has not been seen before: beside a caller who is alone, and
//! beside a swarm that stands in line. That backlog may cost the newcomer one service at most.

use std::time::Duration;

use harness::Redis;
use tokio::time::{Instant, sleep_until};

use super::conn::Conn;
use super::flow::{Flow, GATE};
use super::request::slot;
use super::service::quantile;
use super::waiter::Waiter;
use crate::draw::Draw;
use crate::report;
use crate::stand::Stand;

const SLOTS: usize = 1;
const SWARM: usize = 100;
/// From one newcomer's leaving to the next one's coming, at most.
const PAUSE: Duration = Duration::from_millis(60);

pub(super) struct Waits {
    beside_one: Scene,
    beside_swarm: Scene,
}

/// All in milliseconds.
struct Scene {
    waits: Vec<f64>,
    /// Of those who were there before.
    longest_service: f64,
}

pub(super) async fn measure(lasting: Duration) -> Waits {
    let (beside_one, beside_swarm) = tokio::join!(scene(1, lasting), scene(SWARM, lasting));
    Waits {
        beside_one,
        beside_swarm,
    }
}

async fn scene(callers: usize, lasting: Duration) -> Scene {
    let stand = Stand::start(Redis::builder());
    let until = Instant::now() + lasting;
    let flow = Flow {
        name: "first".into(),
        weight: 1,
        callers,
    };
    let running = flow.start(&stand.socket(), SLOTS, until);
    let waits = newcomers(&stand, until).await;
    let services = running.join_all().await.concat();
    let took = services
        .iter()
        .map(|service| service.ended - service.granted);
    Scene {
        waits,
        longest_service: took.max().map_or(0.0, ms),
    }
}

/// How long each of them waited.
async fn newcomers(stand: &Stand, until: Instant) -> Vec<f64> {
    let mut waiter = Waiter::Blocking(Conn::open(&stand.socket()));
    let mut draw = Draw::new(1);
    let mut waits = Vec::new();
    while Instant::now() < until {
        sleep_until(Instant::now() + PAUSE.mul_f64(draw.part())).await;
        let name = draw.id();
        let request = slot(GATE, SLOTS, name.clone(), &["BLOCK", "0", "FLOW", &name]);
        let service = waiter.pass(&request, Duration::ZERO).await;
        waits.push(ms(service.granted - service.asked));
    }
    waits
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

impl Scene {
    fn longest(&self) -> f64 {
        quantile(self.waits.clone(), 1.0)
    }

    fn row(&self, name: &str, longest: String) {
        report::row(&[
            name.into(),
            self.waits.len().to_string(),
            format!("{:.2}", quantile(self.waits.clone(), 0.5)),
            longest,
            format!("{:.2}", self.longest_service),
        ]);
    }
}

impl Waits {
    pub(super) fn print(&self) {
        println!("\n{SLOTS} slot; who comes to it is of a flow that has not been there before.\n");
        report::table(&[
            "beside",
            "newcomers",
            "wait p50, ms",
            "longest, ms",
            "longest service of the others, ms",
        ]);
        let Self {
            beside_one,
            beside_swarm,
        } = self;
        let lone = beside_one.longest();
        beside_one.row("one caller", format!("{lone:.1}"));
        // As exact as it is shown.
        let most = ((lone + beside_swarm.longest_service) * 10.0).round() / 10.0;
        let longest = report::at_most(beside_swarm.longest(), most, 1);
        beside_swarm.row(&format!("a swarm of {SWARM}"), longest);
    }
}
