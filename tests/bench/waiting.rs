//! Waiting: how a turn or slot that is given back comes to the next one in line, what that costs, and how flows
//! share it; beside pollers and beside a plain list of tokens.

pub(crate) mod conn;
mod crowd;
mod flow;
pub(crate) mod hand_off;
mod memory;
mod newcomer;
mod one_turn;
mod pipeline;
mod request;
pub(crate) mod service;
pub(crate) mod share;
pub(crate) mod tickets;
mod waiter;
mod way;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::race::Pace;
use crate::{report, room};

pub(crate) fn run(pace: &Pace) {
    if !room::make() {
        report::title("Waiting");
        println!(
            "Left out: {} connections need more open files than `ulimit -Hn` allows.",
            room::CONNECTIONS
        );
        return;
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    LocalSet::new().block_on(&runtime, async {
        one_turn::run(pace).await;
        crowd::run(pace).await;
        hand_off::run(pace).await;
        memory::run();
        fairness(pace).await;
    });
}

async fn fairness(pace: &Pace) {
    report::title("Flows share what they wait for");
    println!(
        "For {} s, services of {} ms ± 25 %; who has given back asks again at once.\n",
        pace.shared.as_secs(),
        flow::HOLD.as_millis()
    );
    let (shares, waits) = tokio::join!(share::measure(pace.shared), newcomer::measure(pace.shared));
    shares.print();
    waits.print();
}
