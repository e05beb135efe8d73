//! Short soaks amid kills, crashes of Redis and a failover; the program `soak` does it for long.

mod books;
mod caller;
mod check;
mod disturb;
mod journal;
mod memory;
mod plan;
mod purse;
mod report;
mod run;
mod world;

use std::time::Duration;

use plan::{Disturbance, Plan};

/// Changed when a run of it has become boring; any number will do.
const SEED: u64 = 20_261_120;

#[track_caller]
fn is_clean(seconds: u64, disturbance: Disturbance) {
    let report = run::run(&Plan {
        span: Duration::from_secs(seconds),
        callers: 40,
        keys: 4,
        key_limit: 7,
        accounts: 4,
        limit: 5,
        lease: Duration::from_secs(6),
        leave_percent: 5,
        disturbance,
        seed: SEED,
    });
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

#[test]
fn relays_that_live_serve_everybody_within_all_limits() {
    is_clean(5, Disturbance::None);
}

#[test]
fn relays_and_a_redis_that_are_killed_break_no_limit_and_count_each_request_once() {
    is_clean(20, Disturbance::Crashes);
}

#[test]
fn relays_that_are_killed_and_a_redis_that_fails_over_break_no_limit_and_count_each_request_once() {
    is_clean(30, Disturbance::Kills);
}
