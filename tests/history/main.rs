//! Many clients at once against a real server, and a checker that judges what they were told: a short run of every
//! scenario. `make history` runs them for long. A violation prints the seed, the invariant and the entries that show it.

mod act;
mod check;
mod meddler;
mod multiplexer;
mod onlooker;
mod plan;
mod record;
mod report;
mod run;
mod scenario;
mod stage;
mod teller;
mod ticket;
mod visitor;
mod whole;
mod wire;

use report::Report;
use run::Size;
use scenario::Scenario;

/// Changed when a run of it has become boring; any number will do.
const SEED: u64 = 20_260_701;

#[track_caller]
fn is_clean(scenario: Scenario, visits: u64) {
    let size = Size {
        visitors: 18,
        multiplexers: 2,
        visits,
    };
    let report = Report::of(scenario, SEED, size);
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

#[test]
fn clients_of_one_server_are_told_the_truth() {
    is_clean(Scenario::Alone, 200);
}

#[test]
fn clients_that_follow_a_failover_are_told_the_truth() {
    is_clean(Scenario::Failover, 100);
}

#[test]
fn clients_that_lose_their_primary_are_told_the_truth_as_far_as_it_was_confirmed() {
    is_clean(Scenario::Promotion, 100);
}

#[test]
fn clients_of_a_server_that_is_killed_and_restarted_are_told_the_truth() {
    is_clean(Scenario::Restart, 100);
}
