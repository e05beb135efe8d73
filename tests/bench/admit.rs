//! Admission: whole decisions beside the scripts that a relay sends for one, and callers who wait for them.

mod admission;
mod cost;
mod group;
mod hand_off;
mod memory;
mod pool;
mod watch;
mod world;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::race::Pace;

pub(crate) fn run(pace: &Pace) {
    cost::run(pace);
    memory::run();
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    LocalSet::new().block_on(&runtime, async {
        hand_off::run(pace).await;
        pool::run(pace).await;
    });
}
