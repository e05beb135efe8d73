//! Callers that share a gate under the name of a flow, and ask again as soon as they have given back.

use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::conn::Conn;
use super::request::slot;
use super::service::Service;
use super::waiter::Waiter;
use crate::draw::Draw;

/// The gate that all of a scene share.
pub(super) const GATE: &str = "gate";
/// A service takes this long, give or take a quarter.
pub(super) const HOLD: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: String,
    pub(super) weight: usize,
    pub(super) callers: usize,
}

impl Flow {
    /// Lets its callers go on until then. They are served once more, so that the line does not run empty before.
    pub(super) fn start(
        &self,
        socket: &Path,
        slots: usize,
        until: Instant,
    ) -> JoinSet<Vec<Service>> {
        let weight = self.weight.to_string();
        let clause = ["BLOCK", "0", "FLOW", &self.name, "WEIGHT", &weight];
        let mut running = JoinSet::new();
        for caller in 0..self.callers {
            let id = format!("{}-{caller}", self.name);
            let mut draw = Draw::new(caller as u64);
            let request = slot(GATE, slots, id, &clause);
            let mut waiter = Waiter::Blocking(Conn::open(socket));
            running.spawn_local(async move {
                let mut services = Vec::new();
                while Instant::now() < until {
                    let hold = HOLD.mul_f64(0.75 + 0.5 * draw.part());
                    services.push(waiter.pass(&request, hold).await);
                }
                services
            });
        }
        running
    }
}
